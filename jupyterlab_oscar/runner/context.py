"""``ctx``: what a task of a high-throughput job knows and says."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from pathlib import Path

from .state import State


class Context:
    """Given to ``task(first, count, ctx)``, ``task(item, ctx)`` and ``task(ctx)``.

    Attributes
    ----------
    first, count, total
        The iterations of this call, and those of the whole job. Where calls begin and end depends on the number of iterations alone.
    files
        Whole files that go with every iteration.
    """

    def __init__(
        self, state: State, first: int, count: int, total: int, seed: int, divisible: bool, out: Callable[[], Path]
    ) -> None:
        self.first = first
        self.count = count
        self.total = total
        self.seed = seed
        self.files: list[Path] = []
        self._state = state
        self._base = first
        self._divisible = divisible
        self._open = out
        self._rng: random.Random | None = None
        #: Whether the code was told to stop.
        self.told = False

    def report(self, done: int) -> None:
        """Say how many iterations of this call are done."""
        self._state.done = self.first - self._base + max(0, min(int(done), self.count))

    @property
    def should_stop(self) -> bool:
        """Whether to return now. What was reported last counts as done, the rest goes to others."""
        stop = self._state.stop_at
        if not self._divisible or stop is None:
            return False
        if self._base + self._state.done >= stop:
            self.told = True
            return True
        return False

    def iterations(self) -> Iterator[int]:
        """The numbers of the iterations, reported one by one, until it is time to stop."""
        for done in range(self.count):
            if self.should_stop:
                return
            yield self.first + done
            self.report(done + 1)

    @property
    def rng(self) -> random.Random:
        """Random numbers that depend on the seed of the job and on ``first`` alone, not on the worker."""
        if self._rng is None:
            self._rng = self.rng_of(self.first)
        return self._rng

    def rng_of(self, iteration: int) -> random.Random:
        """Random numbers of one iteration: the same however the work is divided."""
        digest = hashlib.sha256(f"{self.seed}:{iteration}".encode()).digest()
        return random.Random(int.from_bytes(digest, "big"))

    @property
    def out(self) -> Path:
        """A folder for files. They are in the output of the job once the task has returned; names must differ between tasks."""
        return self._open()

    def move_to(self, first: int, count: int = 1) -> None:
        """The next call."""
        self.first = first
        self.count = count
        self._rng = None
