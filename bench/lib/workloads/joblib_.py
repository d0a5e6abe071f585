"""joblib, its batches sized by itself."""

from __future__ import annotations

from typing import Any

import joblib

from . import functions
from .ranges import WORKERS


class System:
    def tasks(self, name: str, count: int) -> dict[str, Any]:
        work = joblib.delayed(functions.TASKS[name])
        return {"sum": sum(joblib.Parallel(n_jobs=WORKERS)(work(item) for item in range(count)))}

    def stop(self) -> None:
        pass
