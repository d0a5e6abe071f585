"""``infrastructure server|credentials|token``: which manager, which clouds, and who the user is. Secrets come by stdin or file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import invalid
from ..infrastructure_api import Infrastructures
from ..results import Items
from .context import Context, Outcome, Record, fields, listing, read_text
from .values import assignments, named_values, piped_secret


def server(context: Context) -> Outcome:
    """Show or change the manager."""
    args = context.args
    change: dict[str, Any] = {}
    for name in ("url", "templates", "user"):
        if getattr(args, name) is not None:
            change[name] = getattr(args, name)
    if args.password_stdin:
        change["password"] = piped_secret(context.console, "password")
    server = context.bridge.infrastructures().server(**change)
    text = fields({name: value for name, value in server.items() if name != "problem"})
    if server.get("problem"):
        text += f"\n{server['problem']['detail']}"
    return Outcome(Record(server, text), server, text)


def credentials(context: Context) -> Outcome:
    """Credentials of clouds."""
    args, api = context.args, context.bridge.infrastructures()
    if args.what == "list":
        return listing(api.credentials())
    if args.what == "clouds":
        return _clouds(api, args.type)
    if args.what == "set":
        stored = api.set_credentials(args.credential, args.type, _credential_values(context, api))
        return Outcome(Record(stored), stored, f"Stored {args.credential}.")
    if args.what == "remove":
        api.remove_credentials(args.credential)
        return Outcome(None, {"removed": args.credential}, f"Removed {args.credential}.")
    if args.what == "images":
        return listing(api.images(args.credential, args.filter))
    tested = api.test_credentials(args.credential)
    text = (
        f"Works ({tested['checked']})."
        if tested["works"]
        else f"Does not work: {tested.get('reason')} ({tested['checked']})"
    )
    return Outcome(Record(tested, text), tested, text, int(not tested["works"]))


def _clouds(api: Infrastructures, kind: str | None) -> Outcome:
    clouds = api.clouds()
    if kind is None:
        return listing(clouds)
    rows = _fields_of(clouds, kind)
    return listing(Items(rows, ("name", "title", "type", "required", "description")))


def _fields_of(clouds: Items, kind: str) -> list[dict[str, Any]]:
    for cloud in clouds:
        if cloud["type"].lower() == kind.lower():
            return list(cloud["fields"])
    known = ", ".join(cloud["type"] for cloud in clouds)
    raise invalid("Unknown cloud", f"There is no cloud {kind}.", f"Known are {known}.")


def _credential_values(context: Context, api: Infrastructures) -> dict[str, str]:
    args = context.args
    secret = {field["name"] for field in _fields_of(api.clouds(), args.type) if field["type"] == "password"}
    values: dict[str, str] = {}
    if args.values_file:
        given = named_values(read_text(Path(args.values_file).expanduser()), args.values_file)
        values.update({str(name): str(value) for name, value in given.items()})
    for name, text in assignments(args.field, "--field").items():
        if name in secret:
            raise invalid(
                "A secret on the command line",
                f"{name} is a secret: other users of this machine can see the words of commands.",
                f"Give it with --stdin {name} or --field-file {name}=FILE.",
            )
        values[name] = text
    for name, file in assignments(args.field_file, "--field-file").items():
        values[name] = read_text(Path(file).expanduser()).rstrip("\n")
    if args.stdin:
        values[args.stdin] = piped_secret(context.console, args.stdin, lines=True)
    return values


def token(context: Context) -> Outcome:
    """The access token at hand."""
    args, api = context.args, context.bridge.infrastructures()
    if args.what == "forget":
        api.forget_token()
        return Outcome(None, {"forgotten": True}, "Forgotten.")
    if args.what == "set":
        text = read_text(Path(args.file).expanduser()).strip() if args.file else piped_secret(context.console, "token")
        info = api.set_token(text)
    else:
        info = api.token()
    return Outcome(Record(info), info, fields(info), int(info["state"] in ("expired", "none")))
