"""Bytes of whole records as text: encodings, what is done with bytes that are none, records with their places."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Any

from .errors import TaskError
from .inputs import Input
from .state import State


class Decoder:
    """Decodes by the policy of the job.

    Parameters
    ----------
    errors
        ``strict``, ``replace``, ``surrogateescape``, or ``skip``: records that are no text are left out and counted.
    """

    def __init__(self, encoding: str, errors: str, delimiter: bytes, state: State) -> None:
        try:
            self.codec = codecs.lookup(encoding).name
        except LookupError:
            raise TaskError("user", "LookupError", f"Python knows no encoding {encoding!r}.") from None
        self.errors = "strict" if errors == "skip" else errors
        self.skip = errors == "skip"
        self.delimiter = delimiter
        self.plain_lines = delimiter == b"\n"
        self._state = state

    @property
    def wide(self) -> bool:
        """Whether a newline is not one byte: UTF-16, UTF-32, EBCDIC. Such files are read from their start."""
        try:
            return "\n".encode(self.codec) != b"\n"
        except UnicodeEncodeError:
            return True

    @property
    def separator(self) -> str:
        """The delimiter as text."""
        return "\n" if self.plain_lines or self.wide else self.delimiter.decode(self.codec, "surrogateescape")

    def text(self, source: Input, position: int, data: bytes) -> str:
        """A chunk of whole records, with newlines as ``\\n`` alone."""
        if position == 0 and self.codec == "utf-8" and data.startswith(codecs.BOM_UTF8):
            data = data[3:]
            position = 3
        try:
            text = data.decode(self.codec, self.errors)
        except UnicodeDecodeError as error:
            if self.skip:
                text = self._skipping(data)
            else:
                raise self._failure(source, position, data, error) from None
        if (self.plain_lines or self.wide) and "\r" in text:
            text = text.replace("\r\n", "\n")
        return text

    def records(self, text: str) -> list[str]:
        """The records of a chunk, without their delimiters."""
        found = text.split(self.separator)
        if found and not found[-1]:
            found.pop()
        return found

    def placed(self, source: Input, position: int, data: bytes) -> Iterator[tuple[int, str]]:
        """(place, record) of each record of a chunk."""
        for record in data.split(self.delimiter)[: None if not data.endswith(self.delimiter) else -1]:
            place = position
            position += len(record) + len(self.delimiter)
            if self.plain_lines and record.endswith(b"\r"):
                record = record[:-1]
            if place == 0 and self.codec == "utf-8" and record.startswith(codecs.BOM_UTF8):
                record = record[3:]
            try:
                yield place, record.decode(self.codec, self.errors)
            except UnicodeDecodeError as error:
                if not self.skip:
                    raise self._failure(source, place, record, error) from None
                self._state.counters.skipped += 1

    def _skipping(self, data: bytes) -> str:
        kept = []
        for record in data.split(self.delimiter):
            try:
                kept.append(record.decode(self.codec))
            except UnicodeDecodeError:
                self._state.counters.skipped += 1
        return self.delimiter.decode(self.codec).join(kept)

    def _failure(self, source: Input, position: int, data: bytes, error: UnicodeDecodeError) -> TaskError:
        start = data.rfind(self.delimiter, 0, error.start) + 1
        around: Any = data[start : start + 120]
        message = (
            f"{source.uri} is not {self.codec} at byte {position + error.start}: {error.reason}. "
            "Name its encoding, or choose what to do with such bytes: errors replace, surrogateescape or skip."
        )
        return TaskError("input", "UnicodeDecodeError", message, f"{source.uri}:{position + start} {around!r}")
