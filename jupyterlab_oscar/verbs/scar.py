"""``scar``: functions of AWS, with SCAR's own words."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..aws_api import FUNCTION_COLUMNS, Aws, Function, Invocation, local_files
from ..errors import invalid
from ..results import Items, safe_name
from .calls import print_result, save_result
from .context import Context, Outcome, Record, fields, listing, read_text, save
from .fdl import STEP_COLUMNS, follow, show_plan, step_line
from .jobs import stream_log
from .objects import place
from .scar_fdl import names_of, source_of
from .values import json_value


def scar(context: Context) -> Outcome:
    """Do what the words after ``scar`` say."""
    return _ACTIONS[context.args.action](context)


def _aws(context: Context) -> Aws:
    return context.bridge.aws(context.args.profile, context.args.region)


# -- deploy and delete --


def _plan(context: Context) -> Outcome:
    source = source_of(context.args, _cell(context))
    return show_plan(_aws(context).plan(source, getattr(context.args, "cluster", None)))


def _cell(context: Context) -> str | None:
    """FDL that is no file: of a cell, or of standard input."""
    if context.args.conf_file != "-":
        return None
    cell: str | None = getattr(context.args, "cell", None)
    if cell is None and context.console.stdin is not None:
        cell = context.console.stdin.read()
    return cell


def _init(context: Context) -> Outcome:
    source = source_of(context.args, _cell(context))
    operation = _aws(context).apply(source, getattr(context.args, "cluster", None), follow(context.console))
    return Outcome(Items(operation["steps"], STEP_COLUMNS), operation, "Done.")


def _rm(context: Context) -> Outcome:
    args, console, aws = context.args, context.console, _aws(context)
    services: list[tuple[str, str]] = []
    if args.all:
        names = [item["name"] for item in aws.functions()]
    elif args.conf_file:
        names, services = names_of(Path(args.conf_file).expanduser())
    else:
        names = args.name
    previews = [aws.function(name).deletion() for name in names]
    for preview in previews:
        for what, sign in (("goes", "-"), ("stays", "=")):
            for item in preview[what]:
                reason = f" ({item['reason']})" if item.get("reason") else ""
                word = "delete" if what == "goes" else "keep"
                console.say(f"{sign} {word} {item['kind']} {item['name']}{reason}")
    if names and not args.yes and not _sure(context, names):
        return Outcome(None, {"deleted": []}, "Nothing was deleted.", 1)
    for name in names:
        aws.function(name).delete(follow(console))
    clusters = {item["id"] for item in context.bridge.clusters()} if services else set()
    for cluster, service in services:
        # Of another name than ours: the service went to the cluster that was current, as apply does.
        where = context.bridge.cluster(cluster) if cluster in clusters else context.cluster
        where.service(service).delete()
    deleted = [*names, *(service for _, service in services)]
    text = f"Deleted {', '.join(deleted)}." if deleted else "There is nothing to delete."
    return Outcome(None, {"deleted": deleted, "previews": previews}, text)


def _sure(context: Context, names: list[str]) -> bool:
    stdin = context.console.stdin
    if stdin is None or not stdin.isatty():
        if context.args.all:
            raise invalid("Not asked", "rm --all deletes every function with SCAR's tags.", "Add -y to do so.")
        return True  # as SCAR: scripts name what they delete
    context.console.say(f"Delete {', '.join(names)}? [y/N] ")
    return stdin.readline().strip().lower() in ("y", "yes")


# -- look --


def _ls(context: Context) -> Outcome:
    aws = _aws(context)
    if context.args.apis:
        return listing(aws.apis())
    if context.args.bucket:
        bucket, prefix = place(context.args.bucket)
        found = [item for item in aws.all_objects(bucket, prefix) if not item["key"].endswith("/")]
        return listing(Items(found, ("key", "size", "modified")))
    functions = aws.functions()
    shown = [{**item, "api": (item.get("api") or {}).get("endpoint")} for item in functions]
    text = repr(Items(shown, FUNCTION_COLUMNS))
    return Outcome(Items(shown, FUNCTION_COLUMNS), {"items": list(functions)}, text)


def _log(context: Context) -> Outcome:
    args, aws = context.args, _aws(context)
    function = _function(context, aws)
    follows = args.follow
    pieces = function.log(request=args.request_id, stream=args.log_stream_name, since=args.since, follow=follows)
    return stream_log(context, pieces)


def _jobs(context: Context) -> Outcome:
    args, aws = context.args, _aws(context)
    if args.id is None:
        if args.log or args.follow or args.cancel:
            raise invalid("No job", "--log, --follow and --cancel are about one job.", "Give its id.")
        return listing(aws.batch_jobs(args.name))
    if args.log or args.follow:
        return stream_log(context, aws.batch_log(args.id, follow=args.follow))
    if args.cancel:
        job = aws.cancel_batch_job(args.id)
        context.console.say(f"{args.id} is {job['state']}.")
    else:
        job = aws.batch_job(args.id)
    return Outcome(Record(job, fields(job)), job, fields(job))


def _orphans(context: Context) -> Outcome:
    aws = _aws(context)
    found = aws.orphans()
    if not context.args.remove or not found:
        return listing(found)
    operation = aws.remove_orphans([item["id"] for item in found], follow(context.console))
    return Outcome(Items(operation["steps"], STEP_COLUMNS), operation, f"Deleted {len(found)}.")


def _config(context: Context) -> Outcome:
    args, aws = context.args, _aws(context)
    if args.profiles:
        return listing(aws.profiles())
    given = {
        "profile": args.profile,
        "region": args.region,
        "endpoint": args.endpoint_url,
        "role": args.role,
        "emulator": args.emulator,
    }
    change = {name: value for name, value in given.items() if value is not None}
    now = aws.use(**change) if change else context.bridge.aws().context()
    lines = fields({name: value for name, value in now.items() if name != "problem"})
    if now["emulator"]:
        missing = "; ".join(item.partition(":")[0] for item in aws.emulator()["notCovered"])
        lines += f"\nThe local emulator: for trying and for tests. Not covered: {missing}."
    if now.get("problem"):
        lines += f"\n{now['problem']['detail']} {now['problem'].get('action') or ''}".rstrip()
    return Outcome(Record(now, lines), now, lines)


def _emulator(context: Context) -> Outcome:
    """``--env``: what other clients need for the emulator that runs."""
    variables = context.bridge.aws().emulator_environment()
    lines = "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())
    return Outcome(variables, dict(variables), lines)


# -- call --


def _invoke(context: Context) -> Outcome:
    args = context.args
    parameters = None
    if args.parameters:
        value = json_value(args.parameters, "-p")
        if not isinstance(value, dict):
            raise invalid("No object", "-p takes a JSON object.", 'For instance -p \'{"size": "3"}\'.')
        parameters = {str(name): str(item) for name, item in value.items()}
    body: dict[str, Any] = {}
    if args.data_binary:
        body["file"] = args.data_binary
    elif args.json_data:
        body["json"] = json_value(args.json_data, "-jd")
    function = _function(context, _aws(context))
    return _show(
        context,
        function.invoke(via="api", parameters=parameters, wait=not args.asynchronous, check=False, **body),
    )


def _run(context: Context) -> Outcome:
    args = context.args
    cell = getattr(args, "cell", None)
    script = read_text(Path(args.run_script).expanduser()) if args.run_script else cell
    ways = {
        "-s": script is not None,
        "-db": bool(args.data_binary),
        "-jd": bool(args.json_data),
        "arguments": bool(args.c_args),
        "--files and -ib": args.files or bool(args.input_bucket),
    }
    used = [name for name, given in ways.items() if given]
    if len(used) > 1:
        raise invalid("Too much", f"{' and '.join(used)} do not go together.", "Give one of them.")
    function = _function(context, _aws(context))
    if args.files or args.input_bucket:
        return _process(context, function)
    body: dict[str, Any] = {}
    if script is not None:
        body["script"] = script
    elif args.data_binary:
        body["file"] = args.data_binary
    elif args.json_data:
        body["json"] = json_value(args.json_data, "-jd")
    elif args.c_args:
        body["arguments"] = args.c_args
    return _show(context, function.invoke(wait=not args.asynchronous, check=False, **body))


def _process(context: Context, function: Function) -> Outcome:
    args = context.args
    bucket, prefix = place(args.input_bucket) if args.input_bucket else (None, None)
    operation = function.process(
        bucket,
        prefix,
        suffix=args.suffix,
        concurrency=args.concurrency,
        wait=args.wait,
        progress=follow(context.console),
    )
    steps = Items(operation["steps"], STEP_COLUMNS)
    return Outcome(
        steps, operation, "\n".join(step_line(step) for step in operation["steps"]) or "There are no objects."
    )


def _show(context: Context, invocation: Invocation) -> Outcome:
    args, console = context.args, context.console
    if invocation.state == "failed" and not context.as_json and invocation.text:
        console.say(invocation.text.rstrip("\n"))
    invocation.raise_for_state()
    record = dict(invocation.record)
    if invocation.state == "accepted":
        console.say(f"{invocation.function} was called; request {invocation.request_id or '(without an id)'}.")
        return Outcome(invocation, record)
    if invocation.batch_job:
        console.say(f"Batch does the work: jupyter oscar scar jobs {invocation.batch_job} --follow")
    if args.output_file:
        saved = save_result(invocation, args.output_file)
        for target in saved.values():
            console.say(f"Saved {target}")
        record["saved"] = [str(target) for target in saved.values()]
    elif not console.quiet:
        print_result(console, invocation)
    return Outcome(invocation, record)


def _function(context: Context, aws: Aws) -> Function:
    args = context.args
    if args.name:
        return aws.function(args.name)
    names, _ = names_of(Path(args.conf_file).expanduser())
    if len(names) != 1:
        found = ", ".join(names) or "none"
        raise invalid("Which function?", f"{args.conf_file} has these functions: {found}.", "Name one with -n.")
    return aws.function(names[0])


# -- files --


def _put(context: Context) -> Outcome:
    args, aws = context.args, _aws(context)
    bucket, prefix = place(args.bucket)
    base = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
    source = Path(args.path).expanduser()
    if source.is_dir():
        files = list(local_files(source))
    elif source.is_file():
        files = [(str(source), source.name)]
    else:
        raise invalid("No such file", f"{source} is not there.", "Check its name.")
    stored = []
    for i, (file, name) in enumerate(files):
        context.console.progress(f"{i}/{len(files)} {name}")
        aws.put(file, bucket, base + name)
        stored.append(base + name)
    context.console.progress("")
    return Outcome(stored, {"bucket": bucket, "keys": stored}, f"Stored {len(stored)} in {bucket}/{base}")


def _get(context: Context) -> Outcome:
    args, aws = context.args, _aws(context)
    bucket, prefix = place(args.bucket)
    target = Path(args.path).expanduser()
    saved = []
    for item in aws.all_objects(bucket, prefix):
        key = item["key"]
        if key.endswith("/"):
            continue
        file = target / safe_name(key)
        context.console.progress(f"{len(saved)} {key}")
        save(aws.get(bucket, key), file)
        saved.append(str(file))
    context.console.progress("")
    return Outcome(saved, {"bucket": bucket, "files": saved}, f"Saved {len(saved)} in {target}")


_ACTIONS: dict[str, Callable[[Context], Outcome]] = {
    "init": _init,
    "plan": _plan,
    "ls": _ls,
    "invoke": _invoke,
    "run": _run,
    "log": _log,
    "put": _put,
    "get": _get,
    "rm": _rm,
    "jobs": _jobs,
    "orphans": _orphans,
    "config": _config,
    "emulator": _emulator,
}
