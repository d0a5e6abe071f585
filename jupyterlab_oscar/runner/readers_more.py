"""JSON lines, whole files, bytes, records of fixed size."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from .compression import opened
from .errors import TaskError
from .inputs import Input, read_exactly
from .keys import shorten
from .readers import TextReader

#: Endings of files that are no text: a mapper gets their bytes.
BINARY = frozenset(
    [
        "png",
        "jpg",
        "jpeg",
        "gif",
        "bmp",
        "webp",
        "tif",
        "tiff",
        "jp2",
        "pdf",
        "npy",
        "npz",
        "h5",
        "hdf5",
        "nc",
        "fits",
        "zip",
        "tar",
        "wav",
        "mp3",
        "mp4",
        "laz",
        "las",
        "pkl",
        "gz",
        "bz2",
        "zst",
        "bin",
        "dat",
    ]
)
#: Bytes of fixed records that are read at once.
PIECE = 4 << 20


class JsonReader(TextReader):
    """One JSON value a line; empty lines are left out."""

    def records(self, source: Input) -> Iterator[tuple[int, int, list[Any]]]:
        for place, after, data in self.raw(source):
            text = self.decoder.text(source, place, data)
            yield place, after, list(self._parsed(source, place, self.decoder.records(text)))

    def placed(self, source: Input) -> Iterator[tuple[int, int, Iterable[tuple[Any, Any]]]]:
        for place, after, data in self.raw(source):
            yield place, after, self._placed(source, place, data)

    def _placed(self, source: Input, place: int, data: bytes) -> Iterator[tuple[int, Any]]:
        for where, line in self.decoder.placed(source, place, data):
            for value in self._parsed(source, where, [line]):
                yield where, value

    def _parsed(self, source: Input, place: int, lines: list[str]) -> Iterator[Any]:
        for line in lines:
            if not line.strip():
                continue
            try:
                yield json.loads(line)
            except ValueError as error:
                where = f"{source.uri}:{place} {shorten(line, 300)}"
                self.state.skip(
                    TaskError("input", "JSONDecodeError", f"A line of {source.uri} is no JSON: {error}.", where), where
                )


class FileReader(TextReader):
    """A file is one record: text, or bytes when its name says that it is none. The split at its start has it."""

    def raw(self, source: Input) -> Iterator[tuple[int, int, bytes]]:
        if source.start:
            return
        with opened(source, 0, self.compression) as file:
            data = file.read() if self.compression is not None else read_exactly(file, source.size)
        source.check()
        yield 0, source.end, data or b""

    def chunks(self, source: Input) -> Iterator[tuple[int, int, Any, int]]:
        for place, after, data in self.raw(source):
            yield place, after, self._content(source, data), 1

    def records(self, source: Input) -> Iterator[tuple[int, int, list[Any]]]:
        for place, after, content, _ in self.chunks(source):
            yield place, after, [content]

    def placed(self, source: Input) -> Iterator[tuple[int, int, Iterable[tuple[Any, Any]]]]:
        for place, after, content, _ in self.chunks(source):
            yield place, after, [(0, content)]

    def divide(self, chunk: Any) -> list[Any]:
        return [chunk]

    def _content(self, source: Input, data: bytes) -> Any:
        name = source.uri.lower().rpartition("/")[2]
        endings = name.split(".")[1:]
        if self.compression is not None:
            endings = endings[:-1]
        return data if endings and endings[-1] in BINARY else self.decoder.text(source, 0, data)


class BytesReader(FileReader):
    """The bytes of a split as they are."""

    def raw(self, source: Input) -> Iterator[tuple[int, int, bytes]]:
        if self.compression is not None:
            yield from super().raw(source)
            return
        with opened(source, source.start, None) as file:
            data = read_exactly(file, source.length)
        source.check()
        yield source.start, source.end, data

    def placed(self, source: Input) -> Iterator[tuple[int, int, Iterable[tuple[Any, Any]]]]:
        for place, after, content, _ in self.chunks(source):
            yield place, after, [(place, content)]

    def _content(self, source: Input, data: bytes) -> Any:
        return data


class FixedReader(TextReader):
    """Records of so many bytes, as bytes. They are counted from the start of the file."""

    def __init__(self, format: dict[str, Any], state: Any) -> None:
        super().__init__({**format, "encoding": "latin-1", "delimiter": None}, state)
        self.size: int = format["size"]

    def raw(self, source: Input) -> Iterator[tuple[int, int, bytes]]:
        if self.compression is not None and source.start:
            return
        size = self.size
        place = -(-source.start // size) * size
        end = None if self.compression is not None else -(-source.end // size) * size
        step = max(size, PIECE // size * size)
        with opened(source, place if self.compression is None else 0, self.compression) as file:
            while end is None or place < end:
                data = read_exactly(file, step if end is None else min(step, end - place))
                if not data:
                    break
                if len(data) % size:
                    message = f"{source.uri} ends in the middle of a record of {size} bytes."
                    raise TaskError("input", "ValueError", message)
                yield place, place + len(data), data
                place += len(data)
        source.check()

    def chunks(self, source: Input) -> Iterator[tuple[int, int, Any, int]]:
        for place, after, data in self.raw(source):
            yield place, after, data, len(data) // self.size

    def records(self, source: Input) -> Iterator[tuple[int, int, list[Any]]]:
        for place, after, data in self.raw(source):
            yield place, after, self.divide(data)

    def placed(self, source: Input) -> Iterator[tuple[int, int, Iterable[tuple[Any, Any]]]]:
        for place, after, data in self.raw(source):
            yield place, after, ((place + at * self.size, record) for at, record in enumerate(self.divide(data)))

    def divide(self, chunk: Any) -> list[Any]:
        return [chunk[at : at + self.size] for at in range(0, len(chunk), self.size)]
