"""Results of a reducer in the order that was asked for: by key, by value (largest first), the top ones."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from typing import Any

from .external import Run
from .keys import PLAIN, order
from .size import size_of
from .state import State


class _Down:
    """Turns an order round."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: _Down) -> bool:
        return bool(other.value < self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Down) and bool(self.value == other.value)

    __hash__ = None  # type: ignore[assignment]


def by_key(pair: Any) -> Any:
    """Smallest key first."""
    return order(pair[0])


def by_value(pair: Any) -> Any:
    """Largest value first; equal ones by key."""
    value = pair[1]
    if isinstance(value, (int, float)) and value == value:
        # Same order as below, and faster.
        return (_NUMBER, -value, order(pair[0]))
    return (_Down(order(value)), 0, order(pair[0]))


#: Where numbers are in the order that is turned round; compared with other types only.
_NUMBER = _Down((1, 0))


class Sorted:
    """Takes all pairs, gives them back in order. Sorts on disk when they are too many.

    Parameters
    ----------
    sort
        ``key``, ``value`` or ``none``.
    top
        Only so many; without an order, those of the largest values.
    """

    def __init__(self, sort: str, top: int | None, state: State, store: Any) -> None:
        self._key = {"key": by_key, "value": by_value}.get(sort) or (by_value if top else None)
        self._top = top
        self._state = state
        self._store = store
        self._pairs: list[Any] = []
        self._runs: list[Run] = []
        self._budget = state.budget(0.2, 256 << 20)

    @property
    def streaming(self) -> bool:
        """Whether pairs may be written as they come."""
        return self._key is None

    def take(self, pairs: Iterable[Any]) -> None:
        """All of them."""
        if self._top:
            self._pairs = heapq.nsmallest(self._top, pairs, key=self._key)
            return
        used = 0
        for count, pair in enumerate(pairs):
            if count % 64 == 0:
                used += 64 * (size_of(pair[0]) + size_of(pair[1]) + 120)
            self._pairs.append(pair)
            if used > self._budget:
                self._spill()
                used = 0
        self._sort()

    def _sort(self) -> None:
        if self._key is by_key and set(map(type, (pair[0] for pair in self._pairs))) in PLAIN:
            self._pairs.sort(key=lambda pair: pair[0])
        else:
            self._pairs.sort(key=self._key)

    def _spill(self) -> None:
        self._state.counters.spills += 1
        self._sort()
        run = Run(self._store)
        self._runs.append(run)
        run.write(iter(self._pairs))
        self._pairs = []

    def pairs(self) -> Iterator[Any]:
        """In order."""
        if not self._runs:
            return iter(self._pairs)
        return heapq.merge(*(run.read() for run in self._runs), self._pairs, key=self._key)

    def close(self) -> None:
        """Remove what is on disk."""
        for run in self._runs:
            run.close()
