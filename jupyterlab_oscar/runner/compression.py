"""Compressed files: read from their start, as one split."""

from __future__ import annotations

import bz2
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, BinaryIO

from .errors import TaskError
from .inputs import Input, seekable

#: Bytes that are decompressed at once.
PIECE = 16 << 10


@contextmanager
def opened(source: Input, offset: int, compression: str | None) -> Iterator[BinaryIO]:
    """The file at ``offset``; of a compressed one, its text from the start on. Damage raises TaskError of class ``input``."""
    raw = source.open(offset, source.end if compression is None else None)
    try:
        yield raw if compression is None else _Guarded(_decompressed(raw, compression), source, compression)  # type: ignore[misc]
    finally:
        raw.close()


class _Guarded:
    """A decompressor whose errors name the file. Only reads are wrapped: errors of the user's code pass by."""

    def __init__(self, file: Any, source: Input, compression: str) -> None:
        self._file = file
        self._source = source
        self._compression = compression

    def read(self, size: int = -1) -> bytes:
        try:
            data: bytes = self._file.read(size)
            return data
        except (EOFError, zlib.error, ValueError) as error:
            raise damaged(self._source, self._compression, error) from error
        except OSError as error:
            if error.errno is not None:
                raise
            raise damaged(self._source, self._compression, error) from error
        except Exception as error:
            if type(error).__name__ in ("ZstdError", "_ZstdError"):
                raise damaged(self._source, self._compression, error) from error
            raise


def damaged(source: Input, compression: str, error: Exception) -> TaskError:
    """The file is cut short or is no such file."""
    return TaskError("input", type(error).__name__, f"{source.uri} is not a whole {compression} file: {error}.")


def _decompressed(raw: BinaryIO, compression: str) -> Any:
    file = seekable(raw)
    if compression == "gzip":
        return gzip.GzipFile(fileobj=file, mode="rb")
    if compression == "bzip2":
        return bz2.BZ2File(file)
    if compression == "zstd":
        return _zstd(file)
    raise TaskError("input", "ValueError", f"There is no reader for {compression} files.")


class Frames:
    """Frames of zstd by the package zstandard, whose own reader takes a file that is cut short for one that ends."""

    def __init__(self, file: Any, decompressor: Any) -> None:
        self._file = file
        self._decompressor = decompressor
        self._frame: Any = None
        self._rest = b""
        self._ready = b""

    def read(self, size: int = -1) -> bytes:
        pieces = [self._ready]
        length = len(self._ready)
        while size < 0 or length < size:
            piece = self._next()
            if piece is None:
                break
            pieces.append(piece)
            length += len(piece)
        data = b"".join(pieces)
        cut = len(data) if size < 0 else size
        self._ready = data[cut:]
        return data[:cut]

    def _next(self) -> bytes | None:
        data = self._rest or self._file.read(PIECE)
        self._rest = b""
        if not data:
            if self._frame is not None:
                raise EOFError("it ends in the middle of a frame")
            return None
        if self._frame is None:
            self._frame = self._decompressor().decompressobj()
        text: bytes = self._frame.decompress(data)
        if self._frame.eof:
            self._rest = self._frame.unused_data
            self._frame = None
        return text


def _zstd(file: Any) -> Any:
    for name, opener in (("compression.zstd", "ZstdFile"), ("backports.zstd", "ZstdFile"), ("pyzstd", "ZstdFile")):
        try:
            return getattr(import_module(name), opener)(file, "rb")
        except ImportError:
            continue
    try:
        return Frames(file, import_module("zstandard").ZstdDecompressor)
    except ImportError:
        raise TaskError(
            "input",
            "ModuleNotFoundError",
            "This Python cannot read zstd files. Install the package zstandard where the workers run, or use Python 3.14.",
        ) from None
