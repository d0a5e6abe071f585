"""One task, whatever its phase: the answer, or the error, as the bridge gets it."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

from . import guard
from .errors import OverLimit, TaskError, describe
from .job import Job
from .state import State


def run_task(job: Job, task: dict[str, Any], state: State) -> tuple[bool, dict[str, Any]]:
    """(True, fields of ITaskDone) or (False, ``{error, counters}``). Never raises, whatever the user's code does."""
    try:
        job.enter()
        answer = _phase(task["phase"])(job, task, state)
        flush()
        state.sample_memory()
        return True, {**answer, "counters": state.counters.as_json()}
    except BaseException as error:
        # Also sys.exit, and forks that come back with an exception: these must not answer at all.
        guard.check()
        return False, {"error": _described(error, state), "counters": state.counters.as_json()}
    finally:
        flush()


def _phase(name: str) -> Any:
    if name == "map":
        from .task_map import run_map

        return run_map
    if name == "reduce":
        from .task_reduce import run_reduce

        return run_reduce
    if name == "sample":
        from .task_sample import run_sample

        return run_sample
    if name == "htc":
        from .task_htc import run_htc

        return run_htc
    raise TaskError("lost", "ValueError", f"This worker knows no phase {name!r}: it is older than the bridge.")


def _described(error: BaseException, state: State) -> dict[str, Any]:
    record = state.record
    if isinstance(error, OverLimit) and state.over is not None:
        kind, name, message = state.over
        answer = describe(error, record)
        return {**answer, "class": kind, "type": name, "message": message}
    if isinstance(error, MemoryError):
        error = MemoryError(str(error) or "There is not enough memory for this part.").with_traceback(
            error.__traceback__
        )
    return describe(error, record)


def flush() -> None:
    """What the user's code has printed goes out before the answer."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            # Closed or replaced by the user's code: there is nothing to wait for.
            continue
    if _libc is not None:
        _libc.fflush(None)


def _find_libc() -> Any:
    try:
        return ctypes.CDLL(None)
    except OSError:
        return None


_libc = _find_libc()
