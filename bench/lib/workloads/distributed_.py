"""dask.distributed on this machine."""

from __future__ import annotations

from typing import Any

from distributed import Client, LocalCluster

from . import functions
from .ranges import WORKERS


class System:
    def __init__(self) -> None:
        self._cluster = LocalCluster(n_workers=WORKERS, threads_per_worker=1, dashboard_address=None, silence_logs=50)
        self._client = Client(self._cluster)
        self._begun: list[Any] = []

    def tasks(self, name: str, count: int) -> dict[str, Any]:
        futures = self._client.map(functions.TASKS[name], range(count), pure=False)
        return {"sum": sum(self._client.gather(futures))}

    def begin(self, name: str, count: int) -> dict[str, Any]:
        import os

        pids = list(self._client.run(os.getpid).values())
        self._begun = self._client.map(functions.TASKS[name], range(count), pure=False)
        return {"pids": pids}

    def end(self) -> dict[str, Any]:
        return {"sum": sum(self._client.gather(self._begun))}

    def stop(self) -> None:
        self._client.close()
        self._cluster.close()
