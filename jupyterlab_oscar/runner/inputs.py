"""Input files: opened at a place, with a check that they are still what the planner saw."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, BinaryIO

from .errors import TaskError


class Input:
    """One ITaskInput: the bytes ``[start, end)`` of a file.

    Attributes
    ----------
    whole
        Whether it is the whole file.
    """

    def __init__(self, described: dict[str, Any]) -> None:
        self.uri: str = described["uri"]
        self.size: int = described["size"]
        self.version: str = str(described["version"])
        self.start: int = described.get("start") or 0
        end = described.get("end")
        self.end: int = self.size if end is None else min(end, self.size)
        self.row_groups: list[int] | None = described.get("rowGroups")

    @property
    def whole(self) -> bool:
        return self.start == 0 and self.end >= self.size

    @property
    def length(self) -> int:
        """Bytes of the part."""
        return max(0, self.end - self.start)

    @property
    def remote(self) -> bool:
        return self.uri.startswith("s3://")

    def cut(self, length: int) -> Input:
        """The first bytes of it, for the sample."""
        answer = Input({"uri": self.uri, "size": self.size, "version": self.version, "start": self.start})
        answer.end = min(self.end, self.start + length)
        answer.row_groups = self.row_groups[:1] if self.row_groups else None
        return answer

    def open(self, offset: int = 0, stop: int | None = None) -> BinaryIO:
        """Unbuffered, at ``offset``; a remote file is asked for up to ``stop`` only, and read on when more is needed."""
        if self.remote:
            from .store_s3 import open_object

            return open_object(self.uri, self.version, self.size, offset, self.size if stop is None else stop)
        self.check()
        try:
            file = Path(self.uri).open("rb", buffering=0)  # noqa: SIM115
        except OSError as error:
            raise _unreadable(self.uri, error) from error
        file.seek(offset)
        return file  # type: ignore[return-value]

    def check(self) -> None:
        """Raise TaskError of class ``input`` when the file has changed. Remote files are checked by each request."""
        if self.remote:
            return
        try:
            status = Path(self.uri).stat()
        except OSError as error:
            raise _unreadable(self.uri, error) from error
        if status.st_size != self.size or (self.version and str(status.st_mtime_ns) != self.version):
            raise changed(self.uri)


def changed(uri: str) -> TaskError:
    """The file is not what the job was planned for."""
    return TaskError(
        "input", "InputChanged", f"{uri} was changed during the job. Start the job again when nobody writes to it."
    )


def _unreadable(uri: str, error: OSError) -> TaskError:
    if isinstance(error, FileNotFoundError):
        return TaskError("input", "FileNotFoundError", f"{uri} was removed during the job.")
    return TaskError("input", type(error).__name__, f"{uri} cannot be read: {error.strerror or error}.")


def read_exactly(file: BinaryIO, length: int) -> bytes:
    """``length`` bytes, or less at the end of the file."""
    data = file.read(length)
    if not data or len(data) == length:
        return data or b""
    pieces = [data]
    length -= len(data)
    while length:
        piece = file.read(length)
        if not piece:
            break
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)


def seekable(file: BinaryIO) -> io.BufferedReader:
    """For readers that jump about."""
    return io.BufferedReader(file, 1 << 20)  # type: ignore[arg-type]
