"""multiprocessing.Pool of the standard library."""

from __future__ import annotations

from multiprocessing import Pool
from typing import Any

from . import functions, speeds
from .ranges import RANGES, WORKERS, mapped, merged, peak, ranges_of, save


class System:
    """The pool is made for each run: that is what its users do, and it takes some milliseconds."""

    def map(self, name: str, path: str, out: str, ranges: int = RANGES) -> dict[str, Any]:
        with Pool(WORKERS) as pool:
            parts = pool.imap_unordered(mapped, [(one, name) for one in ranges_of(path, ranges)])
            save(merged(parts, name), out)
            return {"peak": peak(one.pid for one in pool._pool)}  # type: ignore[attr-defined]

    def tasks(self, name: str, count: int) -> dict[str, Any]:
        with Pool(WORKERS) as pool:
            return {"sum": sum(pool.imap(functions.TASKS[name], range(count)))}

    def speeds(self, folder: str, scenario: str, count: int, length: float) -> dict[str, Any]:
        speeds.start(folder, scenario, length)
        with Pool(WORKERS, initializer=speeds.claim, initargs=(folder,)) as pool:
            return {"sum": sum(pool.imap_unordered(speeds.work, range(count), chunksize=max(1, count // 80)))}

    def stop(self) -> None:
        pass
