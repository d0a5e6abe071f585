"""From the bytes of a split to what mappers get: chunks of whole records, records, records with their places."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from .blocks import PIECE, chunks, overlaps_itself
from .compression import opened
from .inputs import Input
from .state import State
from .text import Decoder


class TextReader:
    """Records that end with a delimiter.

    Parameters
    ----------
    format
        As ITaskFormat.
    """

    def __init__(self, format: dict[str, Any], state: State) -> None:
        self.format = format
        self.state = state
        #: Bytes of one chunk, at most, unless one record is longer.
        self.piece = PIECE
        delimiter = format.get("delimiter")
        self.delimiter = base64.b64decode(delimiter) if delimiter else b"\n"
        self.decoder = Decoder(
            format.get("encoding") or "utf-8", format.get("errors") or "strict", self.delimiter, state
        )
        self.compression: str | None = format.get("compression")
        if self.decoder.wide and not delimiter:
            self.delimiter = "\n".encode(self.decoder.codec)

    @property
    def from_start(self) -> bool:
        """Whether records can be found by reading from the start of the file only."""
        return self.compression is not None or self.decoder.wide or overlaps_itself(self.delimiter)

    def raw(self, source: Input) -> Iterator[tuple[int, int, bytes]]:
        """(start, next start, bytes of whole records). Places are those of the uncompressed text."""
        if self.from_start and source.start:
            # The split at the start of the file has all of it.
            return
        back = 0 if source.start == 0 else len(self.delimiter)
        with opened(source, max(0, source.start - back), self.compression) as file:
            for place, data in self.pieces(file, source):
                yield place, place + len(data), data
        source.check()

    def pieces(self, file: BinaryIO, source: Input) -> Iterator[tuple[int, bytes]]:
        """Bytes of whole records."""
        if self.decoder.wide or overlaps_itself(self.delimiter):
            return iter([(0, file.read())])
        return chunks(file, source.start, None if self.from_start else source.end, self.delimiter, self.piece)

    def chunks(self, source: Input) -> Iterator[tuple[int, int, Any, int]]:
        """For ``mapper(chunk)``: (start, next start, chunk, number of records)."""
        for place, after, data in self.raw(source):
            yield (
                place,
                after,
                self.decoder.text(source, place, data),
                data.count(self.delimiter) + (not data.endswith(self.delimiter)),
            )

    def records(self, source: Input) -> Iterator[tuple[int, int, list[Any]]]:
        """For ``mapper(record)``: (start, next start, records)."""
        for place, after, data in self.raw(source):
            yield place, after, self.decoder.records(self.decoder.text(source, place, data))

    def placed(self, source: Input) -> Iterator[tuple[int, int, Iterable[tuple[Any, Any]]]]:
        """For ``mapper(key, value)``: (start, next start, (place, record)s)."""
        for place, after, data in self.raw(source):
            yield place, after, self.decoder.placed(source, place, data)

    def divide(self, chunk: Any) -> list[Any]:
        """A chunk as chunks of one record, to find one that fails."""
        delimiter = self.decoder.separator
        return [record + delimiter for record in self.decoder.records(chunk)]


def reader_of(format: dict[str, Any], state: State) -> Any:
    """The reader of a format."""
    kind = format["type"]
    if kind == "text":
        return TextReader(format, state)
    if kind == "csv":
        from .readers_csv import CsvReader

        return CsvReader(format, state)
    if kind == "parquet":
        from .readers_parquet import ParquetReader

        return ParquetReader(format, state)
    from . import readers_more

    return {
        "jsonl": readers_more.JsonReader,
        "file": readers_more.FileReader,
        "bytes": readers_more.BytesReader,
        "fixed": readers_more.FixedReader,
    }[kind](format, state)
