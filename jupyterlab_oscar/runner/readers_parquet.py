"""Parquet, where pyarrow is: rows as dicts, row groups as splits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

from .errors import TaskError
from .inputs import Input, seekable
from .readers import TextReader

ROWS = 4096


class ParquetReader(TextReader):
    """Chunks are lists of rows."""

    def records(self, source: Input) -> Iterator[tuple[int, int, list[Any]]]:
        if source.start or source.row_groups == []:
            return
        try:
            parquet = import_module("pyarrow.parquet")
        except ImportError:
            raise TaskError(
                "input",
                "ModuleNotFoundError",
                "Parquet files are read by the package pyarrow, which the workers' Python does not have. Install it there.",
            ) from None
        raw = source.open(0)
        try:
            try:
                file = parquet.ParquetFile(seekable(raw))
            except Exception as error:
                raise TaskError("input", type(error).__name__, f"{source.uri} is no Parquet file: {error}") from error
            for batch in file.iter_batches(batch_size=ROWS, row_groups=source.row_groups):
                yield 0, source.end, batch.to_pylist()
        finally:
            raw.close()
        source.check()

    def chunks(self, source: Input) -> Iterator[tuple[int, int, Any, int]]:
        for place, after, rows in self.records(source):
            yield place, after, rows, len(rows)

    def placed(self, source: Input) -> Iterator[tuple[int, int, Iterable[tuple[Any, Any]]]]:
        count = 0
        for place, after, rows in self.records(source):
            groups = ",".join(map(str, source.row_groups or []))
            yield place, after, [(f"{groups}:{count + at}", row) for at, row in enumerate(rows)]
            count += len(rows)

    def divide(self, chunk: Any) -> list[Any]:
        return [[row] for row in chunk]
