"""The words of the command line; ``%oscar`` takes the same ones."""

from __future__ import annotations

import argparse

from .argument_parser import Actions, Parser, Verb
from .aws_words import add_words as add_scar
from .infrastructure_words import add_words as add_infrastructure


def build_parser(prog: str = "jupyter oscar") -> Parser:
    """Make the parser.

    Parameters
    ----------
    prog
        What the user types before the verb.
    """
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    group = common.add_argument_group("everywhere")
    group.add_argument("--json", action="store_true", help="machine-readable output")
    group.add_argument("--cluster", metavar="ID", help="cluster to use (default: the current one)")

    parser = Parser(
        prog=prog,
        parents=[common],
        description="Deploy and call OSCAR services, on this machine's own cluster or on a real one.",
        epilog="Exit status: 0 done, 1 it failed, 2 wrong usage, 3 cluster or bridge unreachable.",
    )
    parser.add_argument("--version", action="store_true", help="print the version and end")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", parser_class=Parser)

    def verb(name: str, text: str, within: Actions[Parser] = verbs) -> Parser:
        return within.add_parser(name, help=text, description=text, parents=[common])

    verb("status", "State of the bridge and of the clusters.")

    clusters = verb("clusters", "The clusters that can be used.")
    kinds = clusters.actions(required=False)
    verb("list", "List them.", kinds)
    add = verb("add", "Add a cluster.", kinds)
    add.add_argument("id", metavar="ID", help="short name: lower case, digits, dashes")
    add.add_argument("url", metavar="URL", help="http(s)://host[:port][/path]")
    add.add_argument("--user", metavar="U")
    secret = add.add_mutually_exclusive_group()
    secret.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    secret.add_argument("--token-stdin", action="store_true", help="read an OIDC access token from standard input")
    secret.add_argument("--token-file", metavar="F", help="file with the token, read anew on each use")
    trust = add.add_mutually_exclusive_group()
    trust.add_argument("--ca", metavar="FILE", help="certificate (PEM) of the authority that signed the cluster's")
    trust.add_argument("--insecure", action="store_true", help="do not check the cluster's certificate")
    for name, text in (
        ("remove", "Forget a cluster."),
        ("use", "Make it the one that is used when none is named."),
    ):
        verb(name, text, kinds).add_argument("id", metavar="ID")
    serve = verb("serve", "Run the embedded cluster alone, in the foreground.", kinds)
    serve.add_argument("--port", type=int, metavar="P", help="port of the OSCAR API (default: a free one)")
    serve.add_argument("--s3-port", type=int, metavar="P", help="port of S3 (default: a free one)")
    serve.add_argument("--data", metavar="DIR", help="where it keeps everything")
    serve.add_argument("--user", metavar="U", help="name to log in with (default: oscar)")
    serve.add_argument("--password-file", metavar="F", help="file with the password (default: one is made)")
    serve.add_argument("--runtime", choices=["auto", "container", "process"], default="auto")
    serve.add_argument("--strict", action="store_true", help="behave as OSCAR 4.1 does, warts included")
    serve.add_argument("--cpus", type=float, metavar="N", help="cores that jobs may use")
    serve.add_argument("--memory", metavar="Q", help="memory that jobs may use, for instance 4Gi")
    serve.add_argument("--oidc-issuer", metavar="URL", action="append", help="accept tokens of this issuer")

    verb("check", "Look for mistakes in an FDL file.").add_argument("fdl", metavar="FDL.yaml")
    for name, text in (("plan", "Show what an apply would do."), ("apply", "Deploy an FDL file.")):
        sub = verb(name, text)
        sub.add_argument("fdl", metavar="FDL.yaml")
        sub.add_argument("--raw-script", action="store_true", help="leave scripts as they are")
    verb("services", "List the services, or show one.").add_argument("name", metavar="NAME", nargs="?")
    delete = verb("delete", "Delete services; their buckets stay unless --with-data.")
    delete.add_argument("names", metavar="NAME", nargs="+")
    fate = delete.add_mutually_exclusive_group()
    fate.add_argument("--with-data", action="store_true", help="delete the buckets with all that is in them")
    fate.add_argument("--save-data", metavar="DIR", help="copy the buckets to DIR first, then delete them")

    _packing(verb)
    _pipelines(verb)
    schemas = verb("fdl", "The language of FDL files.").actions()
    schema = verb("schema", "Its JSON Schema, for editors.", schemas)
    schema.add_argument("-o", "--output", metavar="FILE", help="where it goes (default: standard output)")

    invoke = verb("invoke", "Call a service with one input and wait for the result.")
    invoke.add_argument("name", metavar="NAME")
    invoke.add_argument("file", metavar="FILE", nargs="?", help="input; - for standard input")
    invoke.add_argument("-o", "--output", metavar="FILE|DIR/", help="where the result goes")
    invoke.add_argument("--path", metavar="PATH", help="exposed services: the path to call, for instance /embed")
    invoke.add_argument("--method", metavar="METHOD", help="exposed services: how to call it (default: POST)")
    submit = verb("submit", "Start one job a file.")
    submit.add_argument("name", metavar="NAME")
    submit.add_argument("files", metavar="FILE", nargs="+", help="files, or folders with files")
    submit.add_argument("--wait", action="store_true", help="wait until all are done")
    submit.add_argument("-o", "--output", metavar="DIR", help="wait, and write DIR/<input name>/<output name>")

    _compute(verb)
    add_scar(verb)
    add_infrastructure(verb)
    jobs = verb("jobs", "List jobs of every kind, newest first, or those of a service.")
    jobs.add_argument("service", metavar="SERVICE", nargs="?")
    jobs.add_argument("--page", metavar="P", help="the `next` of the page before")
    job = verb("job", "One job.")
    actions = job.actions()
    verb("show", "Its record.", actions).add_argument("id", metavar="ID")
    job_logs = verb("logs", "Its log.", actions)
    job_logs.add_argument("id", metavar="ID")
    job_logs.add_argument("-f", "--follow", action="store_true", help="until it ends")
    verb("cancel", "End it now.", actions).add_argument("id", metavar="ID")
    retry = verb("retry", "Run it again with the same input.", actions)
    retry.add_argument("id", metavar="ID")
    retry.add_argument("--wait", action="store_true", help="wait until it is done")
    result = verb("result", "What it gave back.", actions)
    result.add_argument("id", metavar="ID")
    result.add_argument("-o", "--output", metavar="FILE|DIR/", help="where the result goes")
    logs = verb("logs", "Log of a service's newest job, of one of its jobs, or of an exposed service.")
    logs.add_argument("service", metavar="SERVICE")
    logs.add_argument("job", metavar="JOB", nargs="?")
    logs.add_argument("-f", "--follow", action="store_true", help="until it ends")

    ls = verb("ls", "List buckets, or the objects of one.")
    ls.add_argument("place", metavar="BUCKET[/PREFIX]", nargs="?")
    ls.add_argument("-r", "--recursive", action="store_true", help="everything below it")
    put = verb("put", "Store a file as an object.")
    put.add_argument("file", metavar="FILE", help="- for standard input")
    put.add_argument("place", metavar="BUCKET/KEY", help="a key that ends with / gets the file's name")
    get = verb("get", "Fetch an object.")
    get.add_argument("place", metavar="BUCKET/KEY")
    get.add_argument("file", metavar="FILE", nargs="?", help="default: the key's last part; - for standard output")
    verb("rm", "Delete an object.").add_argument("place", metavar="BUCKET/KEY")
    return parser


def _packing(verb: Verb) -> None:
    service = verb("service", "Make a service of a notebook, a script or (%%oscar) a cell, and deploy it here.")
    service.add_argument("name", metavar="NAME", help="of the service: 3 to 39 lower-case letters, digits, hyphens")
    service.add_argument("file", metavar="FILE", nargs="?", help=".ipynb, .py or .sh; of %%%%oscar: the cell")
    service.add_argument("--image", metavar="I", help="image for clusters that run containers")
    service.add_argument("--input-suffix", metavar=".EXT", action="append", help="take files with this ending only")
    service.add_argument("--requirements", metavar="F", help="requirements.txt (default: made from the imports)")
    mode = service.add_mutually_exclusive_group()
    mode.add_argument("--sync", action="store_true", help="for calls that are answered at once")
    mode.add_argument("--exposed", action="store_true", help="a server: handler(body, path, query), or on $HOST:$PORT")
    service.add_argument("--cpu", metavar="N", help="cores of a job (default: 0.5)")
    service.add_argument("--memory", metavar="Q", help="memory of a job (default: 512Mi)")
    service.add_argument("--language", choices=["python", "shell"], help="of the cell (default: python)")
    service.add_argument("--input", metavar="FILE", help="run it with this file at once, and show the result")
    service.add_argument("-o", "--output", metavar="FILE|DIR/", help="where the result of --input goes")
    service.add_argument("--into", metavar="DIR", help="folder in which the folder NAME is made (default: here)")
    service.add_argument("--overwrite", action="store_true", help="also files that were changed by hand")
    deploy = verb("deploy", "Put a service that works here on another cluster (--cluster), after a report.")
    deploy.add_argument("name", metavar="NAME")
    deploy.add_argument("--from", metavar="ID", dest="source", help="cluster that has it (default: the one here)")
    deploy.add_argument("--image", metavar="I", help="image to use there (default: the same)")
    deploy.add_argument("--check", action="store_true", help="only the report")
    deploy.add_argument("--force", action="store_true", help="also when the report has errors")


def _compute(verb: Verb) -> None:
    from .compute.words import add_options

    texts = {
        "map-reduce": "Run mapper and reducer of a script over files, folders, patterns or s3://BUCKET/PREFIX.",
        "htc": "Run task of a script for many iterations or files.",
    }
    for name, text in texts.items():
        sub = verb(name, text)
        sub.add_argument("script", metavar="SCRIPT", help="Python file" + ("" if name == "map-reduce" else ", or .sh"))
        if name == "map-reduce":
            sub.add_argument("inputs", metavar="INPUT", nargs="*", help="needed unless --config names a bucket")
            sub.check_with(_inputs_missing)
        else:
            sub.add_argument("files", metavar="FILE", nargs="*", help="one task each; else --iterations")
        add_options(sub, "mapreduce" if name == "map-reduce" else "htc")
        sub.add_argument("-o", "--output", metavar="PLACE", help="folder, or s3://BUCKET/PREFIX, for the results")
        sub.add_argument("--no-wait", action="store_true", help="only start it")
        sub.add_argument(
            "--dry-run", dest="sample_only", action="store_true", help="only try the functions on a sample"
        )


def _inputs_missing(args: argparse.Namespace) -> str | None:
    if args.inputs or args.config:
        return None
    return "map-reduce needs an INPUT: a file, a folder, a pattern or s3://BUCKET/PREFIX"


def _pipelines(verb: Verb) -> None:
    kinds = verb("pipeline", "Pipelines of notebooks, scripts and services (Elyra's .pipeline files).").actions()

    def action(name: str, text: str, metavar: str | None = "FILE.pipeline") -> Parser:
        sub = verb(name, text, kinds)
        if metavar:
            sub.add_argument("file" if metavar.startswith("FILE") else "run", metavar=metavar)
        return sub

    def secrets(sub: Parser) -> None:
        sub.add_argument(
            "--secret",
            metavar="NAME",
            action="append",
            default=[],
            help="value from the environment variable NAME, else asked for; never on the command line",
        )

    check = action("check", "Look for mistakes.")
    convert = action("convert", "Make FDL and scripts of it.")
    for sub in (check, convert):
        sub.add_argument("--target", choices=["oscar", "scar"], help="default: oscar")
    convert.add_argument("-o", "--output", metavar="DIR", help="folder to write to (default: only tell)")
    convert.add_argument("--overwrite", action="store_true", help="also files that are there")
    deploy = action("deploy", "Deploy its services without running it.")
    secrets(deploy)
    run = action("run", "Deploy what is missing, run it and wait.")
    run.add_argument("--param", metavar="K=V", action="append", default=[], help="value of a parameter")
    secrets(run)
    run.add_argument("--no-wait", action="store_true", help="only start it")
    run.add_argument("-o", "--output", metavar="DIR", help="save what the nodes made to DIR/<node>/")
    runs = action("runs", "List runs, newest first.", None)
    runs.add_argument("file", metavar="FILE.pipeline", nargs="?")
    runs.add_argument("--page", metavar="P", help="the `next` of the page before")
    show = action("show", "How a run goes, or went.", "RUN")
    show.add_argument("-o", "--output", metavar="DIR", help="save what the nodes made to DIR/<node>/")
    logs = action("logs", "Log of a node of a run.", "RUN")
    logs.add_argument("node", metavar="NODE", help="its label or id")
    logs.add_argument("-f", "--follow", action="store_true", help="until it ends")
    rerun = action("rerun", "Run again what failed or was cancelled; what succeeded stays.", "RUN")
    rerun.add_argument("--node", metavar="NODE", help="only this node and what comes after it")
    rerun.add_argument("--keep", action="store_true", help="do not read the pipeline's files again")
    rerun.add_argument("--no-wait", action="store_true", help="only start it")
    secrets(rerun)
    action("cancel", "End a run now.", "RUN")
    leftovers = action("leftovers", "Services of pipelines that no pipeline makes any more.", None)
    leftovers.add_argument("--remove", action="store_true", help="delete them")
