"""CSV by Python's own rules. A part begins and ends where a record does: the planner cuts files with newlines in quotes so."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from .blocks import STEP, chunks
from .compression import opened
from .errors import TaskError
from .inputs import Input
from .readers import TextReader
from .state import State

ROWS = 4096


class CsvReader(TextReader):
    """Records are dicts by the names of the first record, or lists when there is no header.

    As with ``csv.DictReader``, empty lines are left out, missing fields are None, and fields without a name are a list under None.
    """

    def __init__(self, format: dict[str, Any], state: State) -> None:
        super().__init__({**format, "delimiter": None}, state)
        self.separator: str = format.get("separator") or ","
        self.header: bool = format.get("header", True)
        csv.field_size_limit(sys.maxsize)
        self._names: dict[tuple[str, str], list[str]] = {}

    def records(self, source: Input) -> Iterator[tuple[int, int, list[Any]]]:
        """(start, next start, records); the places are those of the bytes they were read from."""
        where = [source.start, source.start]
        rows = self._rows(source, self._lines(source, where))
        names = self._header(source, rows)
        while True:
            some = [row for row in islice(rows, ROWS)]
            if not some:
                return
            yield where[0], where[1], self._named(names, some)

    def placed(self, source: Input) -> Iterator[tuple[int, int, Iterable[tuple[Any, Any]]]]:
        """(place, record)s."""
        where = [source.start]
        rows = self._rows(source, self._single_lines(source, where))
        names = self._header(source, rows)

        def pairs() -> Iterator[tuple[int, Any]]:
            while True:
                place = where[0]
                row = next(rows, None)
                if row is None:
                    return
                for record in self._named(names, [row]):
                    yield place, record

        yield source.start, source.end, pairs()

    def _named(self, names: list[str] | None, rows: list[list[str]]) -> list[Any]:
        if names is None:
            return [row for row in rows if row]
        count = len(names)
        answer: list[Any] = []
        for row in rows:
            if len(row) == count:
                answer.append(dict(zip(names, row)))  # noqa: B905
            elif row:
                record: dict[Any, Any] = dict.fromkeys(names)
                record.update(zip(names, row))  # noqa: B905
                if len(row) > count:
                    record[None] = row[count:]
                answer.append(record)
        return answer

    def _rows(self, source: Input, lines: Iterator[str]) -> Iterator[list[str]]:
        reader = csv.reader(lines, delimiter=self.separator)
        try:
            yield from reader
        except csv.Error as error:
            raise TaskError(
                "input", "csv.Error", f"{source.uri} is no CSV at line {reader.line_num} of the part: {error}."
            ) from error

    def _lines(self, source: Input, where: list[int]) -> Iterator[str]:
        for place, after, data in self.raw(source):
            where[:] = [place, after]
            yield from io.StringIO(self.decoder.text(source, place, data), newline="")

    def _single_lines(self, source: Input, where: list[int]) -> Iterator[str]:
        for place, _, data in self.raw(source):
            for line in io.BytesIO(data):
                text = self.decoder.text(source, place, line)
                place += len(line)
                where[0] = place
                yield text

    def _header(self, source: Input, rows: Iterator[list[str]]) -> list[str] | None:
        if not self.header:
            return None
        if source.start == 0 or self.from_start:
            return next(rows, None)
        known = (source.uri, source.version)
        if known not in self._names:
            self._names[known] = self._first(source)
        return self._names[known]

    def _first(self, source: Input) -> list[str]:
        whole = Input({"uri": source.uri, "size": source.size, "version": source.version})
        with opened(whole, 0, None) as file:

            def lines() -> Iterator[str]:
                for place, data in chunks(file, 0, None, b"\n", STEP):
                    yield from io.StringIO(self.decoder.text(whole, place, data), newline="")

            return next(self._rows(whole, lines()), [])
