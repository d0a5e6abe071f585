"""Buckets and objects."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

from ..console import Console
from ..errors import invalid
from ..results import Items, safe_name, size_text
from .context import Context, Outcome, listing, open_file, save


def ls(context: Context) -> Outcome:
    cluster = context.cluster
    if not context.args.place:
        return listing(cluster.buckets())
    bucket, key = place(context.args.place)
    if context.args.recursive:
        return listing(Items(cluster.all_objects(bucket, key), ("key", "size", "modified")))
    items: list[dict[str, Any]] = []
    page = None
    while True:
        answer = cluster.objects(bucket, key, delimiter="/", page=page)
        items += [{"key": prefix, "folder": True} for prefix in answer["prefixes"]] + answer["items"]
        page = answer.get("next")
        if not page:
            return listing(Items(items, ("key", "size", "modified")))


def put(context: Context) -> Outcome:
    args, console = context.args, context.console
    bucket, key = place(args.place)
    if args.file == "-":
        if console.stdin is None:
            raise invalid("No standard input", "There is no standard input here.", "Give a file.")
        name, source = "stdin", console.stdin.buffer
    else:
        path = Path(args.file).expanduser()
        name, source = path.name, open_file(path)
    if not key or key.endswith("/"):
        key += name
    with source:
        size = context.bridge.transport.file_size(source)
        context.cluster.put(_Counted(source, console, name, size), bucket, key)
    console.say(f"Stored {bucket}/{key}" + (f" ({size_text(size)})" if size is not None else ""))
    stored = {"bucket": bucket, "key": key, **({"size": size} if size is not None else {})}
    return Outcome(None, stored)


def get(context: Context) -> Outcome:
    args, console = context.args, context.console
    bucket, key = place(args.place)
    if not key:
        raise invalid("No key", f"{args.place} names a bucket, not an object.", "Give BUCKET/KEY.")
    pieces = context.cluster.get(bucket, key)
    if args.file == "-":
        if console.binary is None:
            raise invalid("No binary output", "Bytes cannot be written here.", "Give a file.")
        for piece in pieces:
            console.binary.write(piece)
        console.binary.flush()
        return Outcome(None, None)
    target = Path(args.file).expanduser() if args.file else Path(safe_name(key)).name
    target = Path(target)
    if target.is_dir() or (args.file or "").endswith("/"):
        target = target / Path(safe_name(key)).name
    save(console.counted(pieces, target.name), target)
    console.say(f"Saved {target}")
    return Outcome(target, {"path": str(target), "size": target.stat().st_size})


def rm(context: Context) -> Outcome:
    bucket, key = place(context.args.place)
    if not key:
        raise invalid("No key", f"{context.args.place} names a bucket, not an object.", "Give BUCKET/KEY.")
    context.cluster.remove_object(bucket, key)
    context.console.say(f"Deleted {bucket}/{key}")
    return Outcome(None, {"bucket": bucket, "key": key})


class _Counted:
    """A file that tells how far it has been read."""

    def __init__(self, file: IO[bytes], console: Console, name: str, size: int | None) -> None:
        self._file = file
        self._console = console
        self._name = name
        self._size = size
        self._done = 0

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self._done += len(piece)
        of = f" of {size_text(self._size)}" if self._size else ""
        self._console.progress(f"{self._name}: {size_text(self._done)}{of}")
        return piece

    def fileno(self) -> int:
        return self._file.fileno()

    def tell(self) -> int:
        return self._file.tell()


def place(text: str) -> tuple[str, str]:
    bucket, _, key = text.removeprefix("s3://").partition("/")
    if not bucket:
        raise invalid("No bucket", f"{text} does not begin with a bucket.", "Give BUCKET/KEY.")
    return bucket, key
