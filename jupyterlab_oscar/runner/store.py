"""Where shuffle files, results and status go: what a store can do, and the folder."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO
from zlib import crc32

from . import guard
from .errors import TaskError


class Output:
    """A file of one attempt, that is committed under a name of the part when it is complete.

    Parameters
    ----------
    path
        Where it is written.
    name
        What it will be called, relative to the store.
    publish
        Puts it there and answers whether it was the first.
    """

    def __init__(self, path: Path, name: str, publish: Callable[[Path, str], bool]) -> None:
        self.name = name
        self.path = path
        self.size = 0
        self.crc32 = 0
        self._publish = publish
        self._file: BinaryIO = path.open("wb", buffering=0)

    def write(self, data: bytes) -> None:
        """Append. Raises TaskError of class ``output`` when the disk is full."""
        guard.check()
        try:
            piece = memoryview(data)
            while piece:
                piece = piece[self._file.write(piece) :]
        except OSError as error:
            raise output_error(error, self.name) from error
        self.size += len(data)
        self.crc32 = crc32(data, self.crc32)

    def commit(self) -> bool:
        """Make it durable and give it its name; False when another attempt has done so before."""
        guard.check()
        try:
            os.fsync(self._file.fileno())
            self._file.close()
            return self._publish(self.path, self.name)
        except OSError as error:
            raise output_error(error, self.name) from error
        finally:
            self.discard()

    def discard(self) -> None:
        """Remove what was written by this attempt."""
        self._file.close()
        if self.path.exists():
            self.path.unlink()

    def described(self) -> dict[str, Any]:
        """For ``files`` of ITaskDone."""
        return {"name": self.name, "size": self.size, "crc32": self.crc32}


def output_error(error: OSError, name: str) -> TaskError:
    """What a failed write means, with what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return TaskError(
            "output", "DiskFull", f"There is no space left for {name}. Free some, or choose another output folder."
        )
    return TaskError("output", type(error).__name__, f"{name} cannot be written: {error.strerror or error}.")


def missing(name: str) -> TaskError:
    """A file that another part made is gone."""
    return TaskError("lost", "FileNotFoundError", f"{name} is not in the store of the job any more.")


class FolderStore:
    """A folder of this machine, or one that all workers share."""

    remote = False

    def __init__(self, path: str) -> None:
        self.root = Path(path)

    def begin(self, name: str, attempt: int) -> Output:
        """A file for one attempt, next to where it will be."""
        path = self.root / f"{name}.{attempt}.tmp"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            return Output(path, name, self.publish)
        except OSError as error:
            raise output_error(error, name) from error

    def publish(self, path: Path, name: str) -> bool:
        """Give a complete file its name, unless the name is taken."""
        target = self.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(path, target)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK):
                raise
            return _publish_without_links(path, target)
        return True

    def size(self, name: str) -> int:
        """Bytes of a file. Raises TaskError of class ``lost``."""
        try:
            return (self.root / name).stat().st_size
        except FileNotFoundError:
            raise missing(name) from None

    def read(self, name: str, offset: int = 0, length: int | None = None) -> bytes:
        """A piece of a file, or all of it."""
        try:
            with (self.root / name).open("rb") as file:
                file.seek(offset)
                return file.read() if length is None else file.read(length)
        except FileNotFoundError:
            raise missing(name) from None

    def stream(self, name: str, offset: int, length: int) -> BinaryIO:
        """A piece of a file, to be read from its start on; more than ``length`` may come."""
        try:
            file = (self.root / name).open("rb", buffering=1 << 20)
        except FileNotFoundError:
            raise missing(name) from None
        file.seek(offset)
        return file

    def tail(self, name: str, length: int) -> tuple[bytes, int]:
        """The last bytes of a file, and its size."""
        size = self.size(name)
        return self.read(name, max(0, size - length)), size

    def write(self, name: str, data: bytes) -> None:
        """A whole file at once, in the place of one that is there."""
        guard.check()
        path = self.root / name
        temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as error:
            raise output_error(error, name) from error

    def remove(self, names: list[str]) -> None:
        """Take back what was published by an attempt that cannot be completed."""
        for name in names:
            path = self.root / name
            if path.exists():
                path.unlink()

    def scratch(self) -> Path:
        """A folder for spills of a reducer, on the same disk."""
        path = self.root / "scratch"
        path.mkdir(parents=True, exist_ok=True)
        return path

    def described(self, name: str) -> dict[str, Any] | None:
        """Size and checksum of a file that is there."""
        path = self.root / name
        if not path.exists():
            return None
        crc = size = 0
        with path.open("rb") as file:
            while True:
                piece = file.read(1 << 20)
                if not piece:
                    return {"name": name, "size": size, "crc32": crc}
                crc = crc32(piece, crc)
                size += len(piece)


def _publish_without_links(path: Path, target: Path) -> bool:
    # Object mounts and some network disks have no links: an exclusive lock file decides who is first.
    lock = target.with_name(target.name + ".won")
    try:
        os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
    except FileExistsError:
        if target.exists():
            return False
        # The first one died between its lock and its rename: what is here is as good.
    shutil.move(str(path), str(target))
    return True


def open_store(described: dict[str, Any]) -> Any:
    """The store of a task."""
    if described["type"] == "folder":
        return FolderStore(described["path"])
    from .store_s3 import S3Store

    return S3Store(described)
