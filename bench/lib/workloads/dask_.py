"""Dask bag with processes, the idiom of its documentation for words; the same functions for all else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dask
import dask.bag

from .ranges import RANGES, WORKERS, mapped, merged, peak, ranges_of, save


class System:
    def __init__(self) -> None:
        dask.config.set(scheduler="processes", num_workers=WORKERS)

    def map(self, name: str, path: str, out: str) -> dict[str, Any]:
        if name == "counter":
            size = max(1 << 20, Path(path).stat().st_size // RANGES)
            words = dask.bag.read_text(path, blocksize=size).str.split().flatten().frequencies()
            save(words.compute(), out)
        else:
            parts = dask.bag.from_sequence([(one, name) for one in ranges_of(path)], npartitions=RANGES).map(mapped)
            save(merged(parts.compute(), name), out)
        return {"peak": peak()}

    def stop(self) -> None:
        pass
