"""Lithops on this machine."""

from __future__ import annotations

from typing import Any

import lithops

from . import functions
from .ranges import WORKERS, mapped, merged, peak, ranges_of, save

CONFIG = {
    "lithops": {"backend": "localhost", "storage": "localhost", "monitoring_interval": 0.1, "log_level": "ERROR"},
    "localhost": {"worker_processes": WORKERS},
}


class System:
    def __init__(self) -> None:
        self._executor = lithops.FunctionExecutor(config=CONFIG)

    def map(self, name: str, path: str, out: str, ranges: int = 8) -> dict[str, Any]:
        futures = self._executor.map(mapped, [((one, name),) for one in ranges_of(path, ranges)])
        save(merged(self._executor.get_result(futures), name), out)
        return {"peak": peak()}

    def tasks(self, name: str, count: int) -> dict[str, Any]:
        futures = self._executor.map(functions.TASKS[name], range(count))
        return {"sum": sum(self._executor.get_result(futures))}

    def stop(self) -> None:
        self._executor.clean()
