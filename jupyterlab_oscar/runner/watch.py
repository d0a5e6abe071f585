"""Two looks at the task in hand, from a thread of its own: progress every second, limits of memory and time ten times a second."""

from __future__ import annotations

import ctypes
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from .errors import OverLimit
from .state import State

LOOK = 0.1
BEAT = 1.0
#: How long user code that is over a limit may take to end by itself, s.
GRACE = 2.0
#: Memory at which there is no waiting any more, as a part of the limit.
FAR_OVER = 1.25


class Watch(threading.Thread):
    """Watches one State at a time.

    Parameters
    ----------
    progress
        Called every second with the state and its memory.
    give_up
        Called with an error when the main thread does not react; the process ends after it.
    """

    def __init__(
        self, progress: Callable[[State, int], None], give_up: Callable[[State, dict[str, Any]], None]
    ) -> None:
        super().__init__(name="oscar-watch", daemon=True)
        self._progress = progress
        self._give_up = give_up
        self._main = threading.main_thread().ident
        self._lock = threading.Lock()
        self._state: State | None = None
        self._raised = 0.0
        self._wake = threading.Event()

    def begin(self, state: State) -> None:
        """Watch this one from now on."""
        with self._lock:
            self._state = state
            self._raised = 0.0
        self._wake.set()

    def end(self, state: State) -> None:
        """The task is over. An exception that was raised for it and has not arrived is taken back."""
        while True:
            try:
                with self._lock:
                    state.finished = True
                    self._state = None
                    self._wake.clear()
                    if self._raised:
                        _raise_in(self._main, None)
                return
            except OverLimit:
                continue

    def run(self) -> None:
        beat = time.monotonic()
        while True:
            self._wake.wait()
            time.sleep(LOOK)
            with self._lock:
                state = self._state
                if state is None or state.finished:
                    beat = time.monotonic()
                    continue
                memory = state.sample_memory()
                self._check(state, memory)
            now = time.monotonic()
            if now - beat >= BEAT:
                beat = now
                self._progress(state, memory)

    def _check(self, state: State, memory: int) -> None:
        now = time.monotonic()
        if state.over is None:
            state.over = _over(state, memory, now)
            if state.over is not None:
                self._raised = now
                _raise_in(self._main, OverLimit)
        if state.over is None:
            return
        far = state.over[0] == "memory" and state.memory_limit is not None and memory > FAR_OVER * state.memory_limit
        if far or now - self._raised > GRACE:
            # Code in C, or code that catches everything: the process is the only thing that can be stopped.
            state.finished = True
            kind, name, message = state.over
            self._give_up(state, {"class": kind, "type": name, "message": message})
            os._exit(137 if kind == "memory" else 124)


def _over(state: State, memory: int, now: float) -> tuple[str, str, str] | None:
    if state.memory_limit is not None and memory > state.memory_limit:
        text = f"The part took {memory >> 20} MiB of memory; {state.memory_limit >> 20} MiB are allowed."
        return "memory", "MemoryError", text + " Allow more, make the blocks smaller, or use a generator."
    if state.seconds is not None and now - state.started > state.seconds:
        return "timeout", "TimeoutError", f"The part took more than {state.seconds:g} s."
    return None


def _raise_in(thread: int | None, kind: type[BaseException] | None) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread or 0), ctypes.py_object(kind) if kind else None)
