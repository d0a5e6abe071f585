"""What a range of a high-throughput job leaves: values, and files of ``ctx.out``; all of it or nothing."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from time import monotonic
from typing import Any
from zlib import crc32

from . import guard
from .errors import TaskError
from .state import State
from .store import Output, output_error
from .values import as_json

#: Between two prefixes that are told, s.
KEEP = 0.5
#: Values are told in the answer as long as they are shorter than this, characters of JSON; else they are in a file.
INLINE = 60_000


class HtcOutput:
    """Of one attempt.

    Values are a file `values/…` when they are long. When there are files, a marker says which: whoever writes it first has the part.
    """

    def __init__(self, store: Any, part: int, attempt: int) -> None:
        self._store = store
        self._part = part
        self._attempt = attempt
        self._values: list[dict[str, Any]] = []
        self._length = 0
        self._nothing: tuple[int, int] | None = None
        self._file: Output | None = None
        self._folder: Path | None = None
        self._kept = 0
        self._kept_at = monotonic()
        #: Values so far.
        self.count = 0

    def add(self, first: int, count: int, value: Any) -> None:
        """A value of some iterations. Neighbours that answer nothing are told together."""
        if value is None:
            if self._nothing is not None and self._nothing[0] + self._nothing[1] == first:
                self._nothing = (self._nothing[0], self._nothing[1] + count)
                return
            self._flush()
            self._nothing = (first, count)
            return
        self._flush()
        self._put({"first": first, "count": count, "value": as_json(value)})

    def keep(self, state: State) -> None:
        """What is done so far will count even when this process does not come to its end; told now and then.

        As long as there are only short values: files count as a whole.
        """
        now = monotonic()
        if now - self._kept_at < KEEP or self._file is not None or self._folder is not None:
            return
        self._kept_at = now
        self._flush()
        if self._file is None:
            state.keep(state.done, self._values[self._kept :])
            self._kept = len(self._values)

    def _flush(self) -> None:
        if self._nothing is not None:
            (first, count), self._nothing = self._nothing, None
            self._put({"first": first, "count": count, "value": None})

    def _put(self, entry: dict[str, Any]) -> None:
        self.count += 1
        line = json.dumps(entry, separators=(",", ":")) + "\n"
        self._length += len(line)
        if self._file is None and self._length <= INLINE:
            self._values.append(entry)
            return
        if self._file is None:
            self._file = self._store.begin(f"values/values-{self._part}.jsonl", self._attempt)
            before = "".join(json.dumps(one, separators=(",", ":")) + "\n" for one in self._values)
            self._file.write(before.encode())
            self._values = []
        self._file.write(line.encode())

    @property
    def folder(self) -> Path:
        """For files of the user's code."""
        if self._folder is None:
            base = self._store.scratch()
            self._folder = Path(tempfile.mkdtemp(prefix=f"out-{self._part}.{self._attempt}-", dir=base))
        return self._folder

    def commit(self) -> dict[str, Any]:
        """Publish; answers ``files``, ``values`` and ``superseded`` of ITaskDone."""
        guard.check()
        self._flush()
        found = [] if self._folder is None else sorted(path for path in self._folder.rglob("*") if path.is_file())
        try:
            if found:
                return self._with_files(found)
            if self._file is not None:
                return self._answer(self._file.commit(), self._file)
            return {"files": [], "values": self._values}
        finally:
            self._remove_folder()

    def _answer(self, won: bool, file: Output) -> dict[str, Any]:
        if won:
            return {"files": [file.described()]}
        there = self._store.described(file.name)
        return {"files": [there] if there else [], "superseded": True}

    def _with_files(self, found: list[Path]) -> dict[str, Any]:
        assert self._folder is not None
        files = [_described(path, "out/" + path.relative_to(self._folder).as_posix()) for path in found]
        marker: Output = self._store.begin(f"manifest/out-{self._part}.json", self._attempt)
        listed = json.dumps({"attempt": self._attempt, "files": files, "values": self._file is not None}).encode()
        marker.write(listed)
        if not marker.commit():
            there = json.loads(self._store.read(marker.name))
            names = [f"values/values-{self._part}.jsonl"] if there["values"] else []
            more = [self._store.described(name) for name in [marker.name, *names]]
            return {"files": [*there["files"], *(one for one in more if one)], "superseded": True}
        published: list[str] = [marker.name]
        try:
            for path, one in zip(found, files):  # noqa: B905
                if not self._store.publish(path, one["name"]):
                    name = one["name"][len("out/") :]
                    message = f"Two tasks wrote a file {name}. Make the names differ, for instance by ctx.first."
                    raise TaskError("output", "FileExistsError", message)
                published.append(one["name"])
            if self._file is not None and not self._file.commit():
                raise TaskError("lost", "FileExistsError", f"{self._file.name} is there already.")
        except OSError as error:
            self._store.remove(published)
            raise output_error(error, "a file of ctx.out") from error
        except TaskError:
            self._store.remove(published)
            raise
        files.append(marker.described())
        if self._file is not None:
            return {"files": [*files, self._file.described()]}
        return {"files": files, "values": self._values}

    def discard(self) -> None:
        """Leave nothing."""
        if self._file is not None:
            self._file.discard()
        self._remove_folder()

    def _remove_folder(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def _described(path: Path, name: str) -> dict[str, Any]:
    crc = size = 0
    with path.open("rb") as file:
        while True:
            piece = file.read(1 << 20)
            if not piece:
                break
            crc = crc32(piece, crc)
            size += len(piece)
        os.fsync(file.fileno())
    return {"name": name, "size": size, "crc32": crc}
