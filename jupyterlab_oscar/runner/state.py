"""What the task in hand has done so far: counters, units, stop requests. The heartbeat and the watchdog read it."""

from __future__ import annotations

import resource
import sys
import threading
import time
from pathlib import Path
from typing import Any

from .errors import TaskError

_PAGE = resource.getpagesize()
_STATM = Path("/proc/self/statm")


def resident() -> int:
    """Memory of this process now, bytes; where the system does not say, the highest so far."""
    try:
        with _STATM.open("rb") as file:
            return int(file.read().split()[1]) * _PAGE
    except (OSError, IndexError, ValueError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


class Counters:
    """Sums of one attempt, with the names of ITaskCounters."""

    __slots__ = (
        "bytesIn",
        "bytesOut",
        "combineIn",
        "combineOut",
        "peakMemory",
        "recordsIn",
        "recordsOut",
        "skipped",
        "spills",
        "userSeconds",
    )

    def __init__(self) -> None:
        for name in self.__slots__:
            setattr(self, name, 0)

    def as_json(self) -> dict[str, Any]:
        """All of them."""
        answer = {name: getattr(self, name) for name in self.__slots__}
        answer["userSeconds"] = round(self.userSeconds, 6)
        return answer


class State:
    """One attempt.

    Attributes
    ----------
    done
        Units since its start: bytes of input, iterations.
    record
        Where the record in hand is; said when the user's code fails.
    """

    def __init__(self, id: str = "", limits: dict[str, Any] | None = None) -> None:
        limits = limits or {}
        self.id = id
        self.done = 0
        self.counters = Counters()
        self.record: str | None = None
        self.memory_limit: int | None = limits.get("memory")
        self.seconds: float | None = limits.get("seconds")
        self.skip_records = int(limits.get("skipRecords") or 0)
        self.started = time.monotonic()
        self.stopped = threading.Event()
        self.stop_at: int | None = None
        self.over: tuple[str, str, str] | None = None
        self.finished = False
        self._bad = 0
        self._lock = threading.Lock()
        self._kept: dict[str, Any] | None = None

    def keep(self, count: int, values: list[dict[str, Any]]) -> None:
        """So many units from the start are done for good; `values` are those since the last time."""
        with self._lock:
            before = [] if self._kept is None else self._kept["values"]
            self._kept = {"count": count, "values": [*before, *values]}

    def take_kept(self) -> dict[str, Any] | None:
        """What was kept since this was asked last: ``{count, values}``."""
        with self._lock:
            kept, self._kept = self._kept, None
            return kept

    def stop(self, at: int | None) -> None:
        """End at this unit, or as soon as possible. An earlier place that was asked for stays."""
        at = -1 if at is None else at
        self.stop_at = at if self.stop_at is None else min(at, self.stop_at)
        self.stopped.set()

    def budget(self, share: float, default: int) -> int:
        """Bytes that one thing may take of the memory of the worker."""
        if self.memory_limit is None:
            return default
        return max(1 << 20, min(default, int(self.memory_limit * share)))

    def skip(self, error: Exception, place: str) -> None:
        """Leave a record out. Raises TaskError when there were more of them than allowed."""
        self.counters.skipped += 1
        self._bad += 1
        if self._bad > self.skip_records:
            if not self.skip_records:
                raise error
            message = f"More than {self.skip_records} records fail; the last one with {type(error).__name__}: {error}"
            kind = error.kind if isinstance(error, TaskError) else "user"
            raise TaskError(kind, type(error).__name__, message, place) from error

    def sample_memory(self) -> int:
        """Look, and remember the highest."""
        now = resident()
        self.counters.peakMemory = max(self.counters.peakMemory, now)
        return now
