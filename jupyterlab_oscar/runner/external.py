"""Groups of the reduce side, in memory as long as they fit, then in sorted runs on disk that are merged."""

from __future__ import annotations

import heapq
import pickle
import struct
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby
from typing import Any, BinaryIO

from . import guard
from .keys import encode
from .size import size_of
from .state import State
from .store import output_error

LENGTH = struct.Struct(">Q")
ENTRY = 160
#: Values of one entry of a run: a group of any length is read in such pieces.
VALUES = 4096
#: Entries of one pickle of a run.
ENTRIES = 256
#: Runs that are merged at once, each with a file and a buffer.
RUNS = 64
NAN = float("nan")


class Groups:
    """Keys with all their values."""

    def __init__(self, state: State, store: Any) -> None:
        self.in_memory: dict[Any, list[Any]] = defaultdict(list)
        self._state = state
        self._store = store
        self._runs: list[Run] = []
        self._bytes = 0
        self._budget = state.budget(0.3, 512 << 20)

    def __bool__(self) -> bool:
        return bool(self.in_memory or self._runs)

    @property
    def spilled(self) -> bool:
        """Whether some of it is on disk."""
        return bool(self._runs)

    def add(self, keys: list[Any], values: list[Any], grouped: bool) -> None:
        """A block of a map output."""
        groups = self.in_memory
        before = len(groups)
        if set(map(type, keys)) != {str}:
            # Numbers that are none are one key; as objects, each of them would be its own.
            keys = [NAN if isinstance(key, float) and key != key else key for key in keys]
        pairs = zip(keys, values)  # noqa: B905
        if grouped:
            for key, some in pairs:
                groups[key].extend(some)
        else:
            for key, value in pairs:
                groups[key].append(value)
        self._count(keys, values, len(groups) - before)
        if self._bytes > self._budget:
            self.spill()

    def _count(self, keys: list[Any], values: list[Any], new: int) -> None:
        step = max(1, len(keys) // 16)
        some = range(0, len(keys), step)
        key_size = sum(size_of(keys[i]) for i in some) / len(some)
        value_size = sum(size_of(values[i]) for i in some) / len(some)
        self._bytes += int(new * (key_size + ENTRY) + len(keys) * (value_size + 8))

    def spill(self) -> None:
        """Write what is in memory as a sorted run."""
        self._state.counters.spills += 1
        entries = sorted(((encode(key), key) for key in self.in_memory), key=_code)
        run = Run(self._store)
        self._runs.append(run)
        groups = self.in_memory

        def pieces() -> Iterator[tuple[bytes, Any, list[Any]]]:
            for code, key in entries:
                values = groups.pop(key)
                for first in range(0, len(values), VALUES):
                    yield code, key, values[first : first + VALUES]

        run.write(pieces())
        self.in_memory = defaultdict(list)
        self._bytes = 0
        if len(self._runs) >= RUNS:
            merged = Run(self._store)
            merged.write(self._merged())
            self._close_runs()
            self._runs = [merged]

    def items(self) -> Iterator[tuple[Any, Iterator[Any]]]:
        """(key, iterator of values); an iterator is good until the next one is asked for."""
        if not self._runs:
            for key, values in self.in_memory.items():
                yield key, iter(values)
            return
        if self.in_memory:
            self.spill()
        for _, entries in groupby(self._merged(), key=_code):
            yield from _of_one_code(entries)

    def batches(self, pairs: int) -> Iterator[dict[Any, list[Any]]]:
        """Whole groups in order, about so many pairs at a time."""
        batch: dict[Any, list[Any]] = {}
        count = 0
        for key, values in self.items():
            batch[key] = list(values)
            count += len(batch[key])
            if count >= pairs:
                yield batch
                batch, count = {}, 0
        if batch:
            yield batch

    def _merged(self) -> Iterator[tuple[bytes, Any, list[Any]]]:
        return heapq.merge(*(run.read() for run in self._runs), key=_code)

    def _close_runs(self) -> None:
        for run in self._runs:
            run.close()
        self._runs = []

    def close(self) -> None:
        """Remove the runs."""
        self._close_runs()
        self.in_memory = defaultdict(list)


def _code(entry: tuple[Any, ...]) -> Any:
    return entry[0]


def _of_one_code(entries: Iterator[tuple[bytes, Any, list[Any]]]) -> Iterator[tuple[Any, Iterator[Any]]]:
    """Groups whose keys have the same encoding: nearly always one; the values of others are kept aside."""
    _, key, values = next(entries)
    others: dict[Any, list[Any]] = {}

    def of_first() -> Iterator[Any]:
        yield from values
        for _, other, more in entries:
            if other == key or (other != other and key != key):
                yield from more
            else:
                others.setdefault(other, []).extend(more)

    found = of_first()
    yield key, found
    # What the reducer did not ask for is read all the same: the next group begins behind it.
    for _ in found:
        continue
    for other, more in others.items():
        yield other, iter(more)


class Run:
    """A file of pickles: lists of entries, in order. It has no name in any folder: it is gone when the process is."""

    def __init__(self, store: Any) -> None:
        self._file: BinaryIO = tempfile.TemporaryFile(dir=str(store.scratch()), buffering=1 << 18)  # noqa: SIM115

    def write(self, entries: Iterator[Any]) -> None:
        """All entries, once."""
        guard.check()
        try:
            batch: list[Any] = []
            size = 0
            for entry in entries:
                batch.append(entry)
                size += len(entry[-1]) if isinstance(entry[-1], list) else 1
                if len(batch) >= ENTRIES or size >= VALUES:
                    self._put(batch)
                    batch, size = [], 0
            if batch:
                self._put(batch)
            self._file.flush()
        except OSError as error:
            raise output_error(error, "a spill file") from error

    def _put(self, batch: list[Any]) -> None:
        data = pickle.dumps(batch, 5)
        self._file.write(LENGTH.pack(len(data)) + data)

    def read(self) -> Iterator[Any]:
        """All entries again. One reader at a time."""
        self._file.seek(0)
        while True:
            head = self._file.read(LENGTH.size)
            if not head:
                return
            yield from pickle.loads(self._file.read(LENGTH.unpack(head)[0]))

    def close(self) -> None:
        """Free the disk."""
        self._file.close()
