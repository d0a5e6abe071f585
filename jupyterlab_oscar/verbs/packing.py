"""A cell, a notebook or a script becomes a service; a service goes to another cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import OscarError, invalid, make_problem
from ..inputs import file_reference
from ..results import Items
from .calls import show_result
from .context import Context, Outcome, Record
from .fdl import follow

_READINESS_COLUMNS = ("topic", "state", "message")


def service(context: Context) -> Outcome:
    """Pack, deploy here, and run with the sample."""
    args, console = context.args, context.console
    if args.input:
        file_reference(args.input)
    into = Path(args.into or ".").expanduser().absolute()
    if not into.is_dir():
        raise invalid("No such folder", f"The folder {into} is not there.", "Make it, or name another with --into.")
    packed = context.bridge.pack(_request(context, into))
    for note in packed["notes"]:
        console.say(note)
    cluster = context.cluster if getattr(args, "cluster", None) else context.bridge.here()
    folder = Path(packed["folder"])
    operation = cluster.apply(folder / "fdl.yaml", progress=follow(console))
    record: dict[str, Any] = {
        "service": args.name,
        "cluster": cluster.id,
        "folder": str(folder),
        "files": [item["path"] for item in packed["files"]],
        "notes": packed["notes"],
        "steps": operation["steps"],
    }
    if args.input:
        path = "/" if args.exposed else None
        result = cluster.service(args.name).invoke(args.input, path=path, check=False)
        shown = show_result(context, result)
        return Outcome(shown.value, {**record, "result": shown.json}, shown.text, shown.status)
    magic = console.stdin is None
    text = f"{args.name} is ready on {cluster.id}; its files are in {folder}.\nTry it: {_how_to(args, magic)}"
    return Outcome(Record(record, text), record, text)


def _request(context: Context, into: Path) -> dict[str, Any]:
    args = context.args
    cell: str | None = getattr(args, "cell", None)
    if (cell is None) == (args.file is None):
        if cell is None:
            raise invalid("No code", "There is no code to make a service of.", "Name a notebook or a script.")
        raise invalid("Two codes", "The cell is the code: it takes no file besides.", "Take the file out.")
    request: dict[str, Any] = {"name": args.name, "into": {"path": str(into)}}
    if cell is None:
        if args.language:
            raise invalid("No cell", "--language is for cells; a file has it in its name.", "Take --language out.")
        request["code"] = {"file": file_reference(args.file)}
    else:
        shell = args.language == "shell" or (args.language is None and cell.lstrip().startswith("#!"))
        # Line 1 is the magic's own.
        request["code"] = {"text": cell, "language": "shell" if shell else "python", "firstLine": 2}
        request["base"] = {"path": str(Path.cwd())}
    if args.requirements:
        request["requirements"] = {"file": file_reference(args.requirements)}
    for name, value in (
        ("image", args.image),
        ("inputSuffix", args.input_suffix),
        ("mode", "sync" if args.sync else "exposed" if args.exposed else None),
        ("cpu", args.cpu),
        ("memory", args.memory),
        ("overwrite", args.overwrite or None),
    ):
        if value is not None:
            request[name] = value
    return request


def _how_to(args: Any, magic: bool) -> str:
    prefix = "%oscar" if magic else "jupyter oscar"
    example = f"FILE{args.input_suffix[0]}" if args.input_suffix else "FILE"
    return f"{prefix} invoke {args.name} {example}{' --path /' if args.exposed else ''}"


def deploy(context: Context) -> Outcome:
    """The report, then the same bytes on another cluster."""
    args, console = context.args, context.console
    bridge = context.bridge
    source = bridge.cluster(args.source) if args.source else bridge.here()
    target = context.cluster
    if target.id == source.id:
        raise invalid(
            "The same cluster",
            f"{args.name} would go from {source.id} to {target.id}, where it is.",
            "Name another cluster with --cluster.",
        )
    report = target.readiness(args.name, source, image=args.image)
    table = Items(report["items"], _READINESS_COLUMNS)
    if args.check:
        return Outcome(table, report, repr(table), int(not report["ready"]))
    if not context.as_json:
        console.show(table)
    if not report["ready"] and not args.force:
        errors = [item["message"] for item in report["items"] if item["state"] == "error"]
        problem = make_problem(
            "not-ready",
            f"{target.id} is not ready for {args.name}",
            409,
            " ".join(errors),
            action="Mend that, or deploy it all the same with --force.",
        )
        raise OscarError({**problem, "readiness": report})
    operation = target.deploy(args.name, source, image=args.image, force=args.force, progress=follow(console))
    text = f"{args.name} is on {target.id}: call it with --cluster {target.id}."
    value = {"readiness": report, "steps": operation["steps"], "service": args.name, "cluster": target.id}
    return Outcome(Record(value, text), value, text)
