"""Services: list, show, delete."""

from __future__ import annotations

from pathlib import Path

from ..errors import invalid
from ..results import Items, safe_name
from .context import Context, Outcome, Record, fields, listing, save


def services(context: Context) -> Outcome:
    if not context.args.name:
        return listing(context.cluster.services())
    info = context.cluster.service(context.args.name).info
    shown = {name: value for name, value in info.items() if name != "definition"}
    return Outcome(Record(info, fields(shown)), info, fields(shown))


def delete(context: Context) -> Outcome:
    args, console = context.args, context.console
    done = []
    for name in args.names:
        service = context.cluster.service(name)
        if args.save_data:
            for bucket in service.deletion()["buckets"]:
                _save_bucket(context, bucket["name"], Path(args.save_data).expanduser())
        result = service.delete(with_data=bool(args.with_data or args.save_data))
        done.append(result)
        kept = f" Kept with their data: {', '.join(result['kept'])}." if result["kept"] else ""
        gone = f" Deleted buckets: {', '.join(result['deleted'])}." if result["deleted"] else ""
        console.say(f"Deleted {name}.{kept}{gone}")
    return Outcome(Items(done, ("service", "kept", "deleted")), {"items": done})


def _save_bucket(context: Context, bucket: str, folder: Path) -> None:
    root = folder / safe_name(bucket)
    count = 0
    taken: dict[str, str] = {}
    for item in context.cluster.all_objects(bucket):
        key = item["key"]
        if key.endswith("/") and not item["size"]:
            continue
        name = safe_name(key)
        # Keys such as a//b and a/b are two objects and one file: the bucket is deleted next, so neither may get lost.
        if taken.setdefault(name, key) != key:
            raise invalid(
                "Two objects would become one file",
                f"{bucket} holds {taken[name]} and {key}, which are the same path on a disk; nothing was deleted.",
                f"Fetch one of them with `get {bucket}/KEY FILE`, remove it with `rm`, and try again.",
            )
        save(context.cluster.get(bucket, key), root / name)
        count += 1
        context.console.progress(f"{bucket}: {count} objects saved")
    context.console.say(f"Saved {count} objects of {bucket} to {root}.")
