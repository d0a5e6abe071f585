"""jupyterlab-oscar, through its Python functions, with a bridge of its own."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jupyterlab_oscar as oscar
from jupyterlab_oscar.errors import BridgeUnavailable

from . import functions, speeds
from .ranges import peak


class System:
    def __init__(self) -> None:
        oscar.htc(functions.nothing, 4, fresh=True)

    def map(self, name: str, path: str, out: str, **more: Any) -> dict[str, Any]:
        mapper, reducer = functions.MAPS[name]
        options = {"format": "text", "fresh": True, "overwrite": True, **more}
        job = oscar.map_reduce(mapper, reducer, path, output=out, **options)
        return {"peak": job.record["counters"]["peakMemory"] + peak(), "spills": job.record["counters"]["spills"]}

    def tasks(self, name: str, count: int, **more: Any) -> dict[str, Any]:
        job = oscar.htc(functions.TASKS[name], count, fresh=True, **more)
        return {"sum": count * (count - 1) // 2 if job.record["results"] == count else -1, "id": job.id}

    def checked(self, id: str) -> dict[str, Any]:
        """The sum of the values of a job, read back."""
        return {"sum": sum(oscar.client.connect().compute_job(id).result())}

    def speeds(self, folder: str, scenario: str, count: int, length: float, **more: Any) -> dict[str, Any]:
        speeds.start(folder, scenario, length)
        job = oscar.htc(_at_speed, count, setup=_setup_of(folder), fresh=True, **more)
        return {"sum": count * (count - 1) // 2 if job.record["results"] == count else -1, "id": job.id}

    def begin(self, name: str, count: int) -> dict[str, Any]:
        """Start tasks, and say which processes do them."""
        job = oscar.htc(functions.TASKS[name], count, fresh=True, wait=False)
        self._job = job.id
        while True:
            job.update()
            pids = [one["pid"] for one in job.record["workers"] if one.get("pid")]
            if len(pids) >= 2:
                return {"pids": pids, "driver": self._bridge()}

    def end(self) -> dict[str, Any]:
        """Wait for what was begun; answers the sum of its values."""
        job = oscar.client.connect().compute_job(self._job)
        job.wait()
        return {"sum": sum(job.result())}

    def restart(self) -> None:
        """The bridge is killed, and the next one answers."""
        os.kill(self._bridge(), signal.SIGKILL)
        while True:
            try:
                oscar.client.connect().compute_jobs()
                return
            except BridgeUnavailable:
                time.sleep(0.05)

    def _bridge(self) -> int:
        files = Path(os.environ["JUPYTER_RUNTIME_DIR"]).glob("jupyterlab-oscar-bridge-*.json")
        return int(json.loads(max(files, key=lambda file: file.stat().st_mtime).read_text())["pid"])

    def stop(self) -> None:
        os.kill(self._bridge(), signal.SIGTERM)


def _at_speed(item: int) -> int:
    return speeds.work(item)


def _setup_of(folder: str) -> Callable[[], None]:
    def setup() -> None:
        speeds.claim(folder)

    return setup
