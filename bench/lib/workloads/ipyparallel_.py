"""ipyparallel, its balanced view."""

from __future__ import annotations

import os
from typing import Any

import ipyparallel

from . import functions
from .ranges import WORKERS


class System:
    def __init__(self) -> None:
        self._cluster = ipyparallel.Cluster(n=WORKERS, log_level=50)
        self._client = self._cluster.start_and_connect_sync(activate=False)
        self._view = self._client.load_balanced_view()
        self._begun: Any = None

    def tasks(self, name: str, count: int) -> dict[str, Any]:
        return {"sum": sum(self._view.map_sync(functions.TASKS[name], range(count)))}

    def begin(self, name: str, count: int) -> dict[str, Any]:
        pids = self._client[:].apply_sync(os.getpid)
        self._view.retries = 3
        self._begun = self._view.map_async(functions.TASKS[name], range(count))
        return {"pids": pids}

    def end(self) -> dict[str, Any]:
        return {"sum": sum(self._begun.get())}

    def stop(self) -> None:
        self._cluster.stop_cluster_sync()
