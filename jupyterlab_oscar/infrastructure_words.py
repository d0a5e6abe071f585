"""Words of ``infrastructure``: clusters on any cloud through the Infrastructure Manager."""

from __future__ import annotations

from typing import Any

from .argument_parser import Actions, Parser, Verb


def add_words(verb: Verb) -> None:
    """Give the parser the verb ``infrastructure``."""
    kinds = verb("infrastructure", "Clusters on any cloud, through the Infrastructure Manager (IM).").actions()

    def action(name: str, text: str, *, infrastructure: bool = True) -> Parser:
        sub = verb(name, text, kinds)
        if infrastructure:
            sub.add_argument("id", metavar="INFRASTRUCTURE", help="its id, or its name where only one has it")
        return sub

    action("list", "List infrastructures.", infrastructure=False)
    templates = action("templates", "List what can be made, or the fields of one.", infrastructure=False)
    templates.add_argument("template", metavar="TEMPLATE", nargs="?")
    templates.add_argument("--file", metavar="FILE.yaml", help="a TOSCA or RADL file of yours")
    templates.add_argument("--addon", metavar="A", action="append", help="add-on whose fields are wanted too")
    for name, text in (
        ("plan", "Show what create would make, whether it fits, and what to mind."),
        ("create", "Make a cluster, follow its steps, register it and deploy on it."),
    ):
        _request(action(name, text, infrastructure=False), name)
    action("show", "State, machines, steps and outputs.")
    logs = action("logs", "Its log; secrets are masked.")
    logs.add_argument("-f", "--follow", action="store_true", help="until it is configured")
    logs.add_argument("--vm", metavar="VM", help="only of this machine")
    action("template", "What it was made of; secrets are masked.")
    action("elasticity", "Workers there are, and how many the waiting jobs would fill (an estimate).")
    scale = action("scale", "Change the number of workers.")
    scale.add_argument("count", metavar="COUNT", type=int)
    scale.add_argument("--role", metavar="R", help="which machines (default: wn)")
    scale.add_argument("--remove", metavar="VM", action="append", help="machine that goes (default: the newest)")
    delete = action("delete", "Delete it with all its machines; asks for its name.")
    delete.add_argument("--yes", metavar="NAME", help="its name, instead of being asked")
    delete.add_argument("--force", action="store_true", help="also when the cloud does not answer; machines may stay")
    for name, text in (
        ("start", "Start its machines, or one."),
        ("stop", "Stop its machines, or one."),
        ("reboot", "Reboot a machine."),
    ):
        sub = action(name, text)
        sub.add_argument("--vm", metavar="VM", required=name == "reboot", help="only this machine")
    for name, text in (
        ("retry", "Go on with the step that failed."),
        ("reconfigure", "Configure it again."),
        ("register", "Add it to the clusters."),
    ):
        action(name, text)
    for name in ("create", "retry"):
        kinds.choices[name].add_argument("--no-wait", action="store_true", help="only start it")
    key = action("ssh-key", "Key of a machine (or its password), to a file that only you can read.")
    key.add_argument("vm", metavar="VM")
    key.add_argument("-o", "--output", metavar="FILE", required=True)
    secrets = action("secrets", "User and password of the cluster, to a file that only you can read.")
    secrets.add_argument("-o", "--output", metavar="FILE", required=True)
    owners = action("owners", "Give it another owner.")
    owners.add_argument(
        "--token-stdin", action="store_true", required=True, help="the other's token, from standard input"
    )
    _existing(action("existing", "Files that help to make a cluster where IM cannot.", infrastructure=False))
    _settings(verb, kinds)


def _request(sub: Any, name: str) -> None:
    add = sub.add_argument
    source = sub.add_mutually_exclusive_group(required=True)
    source.add_argument("template", metavar="TEMPLATE", nargs="?")
    source.add_argument("--file", metavar="FILE.yaml", help="a TOSCA or RADL file of yours")
    add("-n", "--name", metavar="NAME", help="what it is called")
    add("-c", "--credential", metavar="ID", required=True, help="credentials of the cloud")
    add("--input", metavar="K=V", action="append", default=[], help="value of a field; JSON where it is no text")
    add("--inputs", metavar="FILE", help="JSON or YAML file with values of fields")
    add(
        "--secret",
        metavar="FIELD[=VARIABLE]",
        action="append",
        default=[],
        help="value from the environment variable VARIABLE (or FIELD), else asked for; never on the command line",
    )
    add("--addon", metavar="A", action="append", help="add-on of the template")
    add("--image", metavar="URI", help="of the machines, as IM writes it")
    add("--networks", metavar="N", help="provider networks")
    add("--no-register", action="store_true", help="do not add it to the clusters")
    add("--cluster-id", metavar="ID", help="id it is registered as")
    add("--endpoint", metavar="URL", help="of OSCAR, where the template does not tell it")
    add("--deploy", metavar="EXAMPLE", action="append", help="example to deploy on it, for instance ocr")


def _existing(sub: Any) -> None:
    sub.add_argument("way", choices=["k3s", "helm", "kind"])
    sub.add_argument("--host", metavar="[USER@]ADDRESS", action="append", default=[], help="k3s: first the front end")
    sub.add_argument("--domain", metavar="D", help="name under which it will be reached")
    sub.add_argument("--architecture", choices=["amd64", "arm64"])
    sub.add_argument("-o", "--output", metavar="DIR", help="where the files go (default: only tell)")


def _settings(verb: Verb, kinds: Actions[Parser]) -> None:
    server = verb("server", "The IM that is used; with an address: change it.", kinds)
    server.add_argument("url", metavar="URL", nargs="?")
    server.add_argument("--templates", metavar="PLACE", help="address or folder of templates")
    server.add_argument("--user", metavar="U", help="of IM, where it takes no token")
    server.add_argument("--password-stdin", action="store_true", help="read the password from standard input")

    credentials = verb("credentials", "Credentials of clouds: they go in and never come out.", kinds).actions(
        dest="what"
    )
    verb("list", "List them, without secrets.", credentials)
    verb("clouds", "The kinds of clouds and their fields.", credentials).add_argument("type", metavar="TYPE", nargs="?")
    put = verb("set", "Store credentials.", credentials)
    put.add_argument("credential", metavar="CREDENTIAL", help="a short name of your choice")
    put.add_argument("type", metavar="TYPE", help="kind of cloud, as “credentials clouds” lists them")
    put.add_argument("--field", metavar="K=V", action="append", default=[], help="value that is no secret")
    put.add_argument("--field-file", metavar="K=FILE", action="append", default=[], help="value from a file")
    put.add_argument("--values-file", metavar="FILE", help="JSON or YAML file with all values")
    put.add_argument("--stdin", metavar="FIELD", help="read this field from standard input")
    for name, text in (("remove", "Forget them."), ("test", "See whether the cloud takes them.")):
        verb(name, text, credentials).add_argument("credential", metavar="CREDENTIAL")
    images = verb("images", "Images of the cloud.", credentials)
    images.add_argument("credential", metavar="CREDENTIAL")
    images.add_argument("--filter", metavar="TEXT", help="only those with this in their names")

    token = verb("token", "The access token at hand (EGI Check-in or another issuer).", kinds).actions(
        dest="what", required=False
    )
    verb("status", "Who it says you are, and until when.", token)
    give = verb("set", "Give one; it is kept in memory only.", token).add_mutually_exclusive_group(required=True)
    give.add_argument("--stdin", action="store_true", help="from standard input")
    give.add_argument("--file", metavar="F", help="from a file")
    verb("forget", "Forget the one that was given.", token)
