"""The map side: pairs are grouped in a dict, combined, and written in sections; spilled when they take too much memory."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable
from typing import Any
from zlib import crc32

from . import guard
from .keys import encode, order, unhashable
from .shuffle import ShuffleWriter
from .size import size_of
from .state import State

#: Of one dict entry with its list, bytes.
ENTRY = 160
#: Pairs for each key, at least, for a combiner to be worth its time: calling it costs more than a few pairs more in the shuffle.
WORTH = 1.5


class Collector:
    """Takes pairs, writes sections.

    Parameters
    ----------
    combine
        Makes fewer pairs of groups, or None.
    bounds
        Upper bounds of all sections but the last, for output that is sorted over sections; None: by hash.
    """

    def __init__(
        self,
        writer: ShuffleWriter,
        sections: int,
        combine: Callable[[dict[Any, list[Any]]], dict[Any, list[Any]]] | None,
        bounds: list[Any] | None,
        state: State,
    ) -> None:
        self._writer = writer
        self._sections = sections
        self._combine = combine
        self._bounds = None if bounds is None else [order(bound) for bound in bounds]
        self._state = state
        self._groups: dict[Any, list[Any]] = defaultdict(list)
        self._single: dict[Any, Any] | None = None
        self._bytes = 0
        self._budget = state.budget(0.3, 256 << 20)

    def add_dict(self, pairs: dict[Any, Any]) -> None:
        """All items of a dict; the first ones need no lists around their values."""
        if self._single is None and not self._groups:
            self._single = pairs
            return
        self.add(list(pairs.items()))

    def add(self, pairs: list[Any]) -> None:
        """Pairs that were checked to be pairs."""
        if not pairs:
            return
        self._unfold()
        groups = self._groups
        before = len(groups)
        try:
            for key, value in pairs:
                groups[key].append(value)
        except TypeError as error:
            raise unhashable(pairs, error) from None
        self._count(pairs, len(groups) - before)

    def _count(self, pairs: list[Any], new: int) -> None:
        step = max(1, len(pairs) // 4)
        some = pairs[::step]
        keys = sum(size_of(key) for key, _ in some) / len(some)
        values = sum(size_of(value) for _, value in some) / len(some)
        self._bytes += int(new * (keys + ENTRY) + len(pairs) * (values + 8))
        if self._bytes > self._budget:
            self.reduce_memory()

    def _unfold(self) -> None:
        if self._single is not None:
            single, self._single = self._single, None
            self.add(list(single.items()))

    def reduce_memory(self) -> None:
        """Combine what is there; when that is not enough, write it out."""
        guard.check()
        if self._worth():
            before = self._bytes
            pairs = sum(map(len, self._groups.values()))
            self._combined()
            left = sum(map(len, self._groups.values()))
            self._bytes = int(before * left / max(1, pairs))
            if self._bytes < self._budget // 2:
                return
        self._state.counters.spills += 1
        self._write(list(self._groups), list(self._groups.values()), True)
        self._groups = defaultdict(list)
        self._bytes = 0

    def _worth(self) -> bool:
        """Whether there is a combiner, and something to combine: the reducer gets all of it in any case."""
        return self._combine is not None and sum(map(len, self._groups.values())) >= WORTH * len(self._groups)

    def _combined(self) -> None:
        assert self._combine is not None
        self._state.counters.combineIn += sum(map(len, self._groups.values()))
        combined = self._combine(self._groups)
        self._state.counters.combineOut += sum(map(len, combined.values()))
        fresh: dict[Any, list[Any]] = defaultdict(list)
        fresh.update(combined)
        self._groups = fresh

    def finish(self) -> None:
        """Write the rest."""
        guard.check()
        if self._single is not None:
            # Each key is there once: there is nothing to combine.
            if self._combine is not None:
                self._state.counters.combineIn += len(self._single)
                self._state.counters.combineOut += len(self._single)
            self._write(list(self._single), list(self._single.values()), False)
            self._single = None
            return
        if self._groups and self._worth():
            self._combined()
        elif self._combine is not None:
            pairs = sum(map(len, self._groups.values()))
            self._state.counters.combineIn += pairs
            self._state.counters.combineOut += pairs
        # Most keys are there once, often: lists around their values would cost more than the values.
        alone = {key: values[0] for key, values in self._groups.items() if len(values) == 1}
        self._write(list(alone), list(alone.values()), False)
        if len(alone) < len(self._groups):
            more = {key: values for key, values in self._groups.items() if len(values) > 1}
            self._write(list(more), list(more.values()), True)
        self._groups = defaultdict(list)

    def _write(self, keys: list[Any], values: list[Any], grouped: bool) -> None:
        if self._sections == 1:
            self._writer.write(0, keys, values, grouped)
            return
        parts: list[tuple[list[Any], list[Any]]] = [([], []) for _ in range(self._sections)]
        for key, value, place in zip(keys, values, self._places(keys)):  # noqa: B905
            part = parts[place]
            part[0].append(key)
            part[1].append(value)
        for section, (some, theirs) in enumerate(parts):
            self._writer.write(section, some, theirs, grouped)

    def _places(self, keys: list[Any]) -> list[int]:
        if self._bounds is not None:
            bounds = self._bounds
            return [bisect_left(bounds, order(key)) for key in keys]
        sections = self._sections
        if set(map(type, keys)) == {str}:
            return [crc32(key.encode("utf-8", "surrogatepass")) % sections for key in keys]
        return [crc32(encode(key)) % sections for key in keys]
