"""The mapper over inputs, in whichever form it has; records that fail are named, and left out when that is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from time import perf_counter
from types import GeneratorType
from typing import Any, Protocol

from .errors import UserError
from .functions import first_wrong, not_a_pair, pair_batches
from .inputs import Input
from .job import Job
from .keys import shorten
from .readers import reader_of
from .state import State

#: Records whose pairs are put into the collector together.
BATCH = 4096
#: Bytes of a chunk of the sample.
SMALL = 64 << 10


class Sink(Protocol):
    """Takes pairs: the collector, or the sample."""

    def add(self, pairs: list[Any]) -> None: ...

    def add_dict(self, pairs: dict[Any, Any]) -> None: ...


class Mapper:
    """Feeds the user's mapper.

    Parameters
    ----------
    form
        ``chunk``, ``record``, ``key-value`` or ``reader`` (the code has a ``record_reader``).
    """

    def __init__(self, job: Job, form: str, format: dict[str, Any], sink: Sink, state: State) -> None:
        self._function = job.require("mapper")
        self._own_reader = job.function("record_reader")
        self._form = form
        self._reader = reader_of(format, state)
        self._sink = sink
        self._state = state

    def small(self) -> None:
        """Read in small pieces: for the sample."""
        self._reader.piece = SMALL

    def run(self, source: Input, limit: int | None = None) -> int:
        """All records that start in a split, or enough of them for ``limit`` bytes; answers how many bytes were mapped."""
        base = self._state.done
        feed: Callable[[Input], Iterable[int]]
        if self._own_reader is not None:
            feed = self._feed_own
        else:
            feed = {"chunk": self._feed_chunks, "record": self._feed_records, "key-value": self._feed_placed}[
                self._form
            ]
        mapped = 0
        for after in feed(source):
            mapped = max(0, after - source.start)
            self._state.done = base + min(mapped, source.length)
            if limit is not None and mapped >= limit:
                break
        self._state.record = None
        return mapped

    def _feed_chunks(self, source: Input) -> Iterable[int]:
        counters = self._state.counters
        for place, after, chunk, records in self._reader.chunks(source):
            self._state.record = f"{source.uri}:{place} {shorten(chunk[:200], 300)}"
            counters.recordsIn += records
            started = perf_counter()
            try:
                self._chunk(source, place, chunk)
            finally:
                counters.userSeconds += perf_counter() - started
            yield after

    def _chunk(self, source: Input, place: int, chunk: Any) -> None:
        if not self._state.skip_records:
            try:
                result = self._function(chunk)
                if isinstance(result, dict):
                    self._state.counters.recordsOut += len(result)
                    self._sink.add_dict(result)
                    return
                self._add(result, False)
            except MemoryError:
                raise
            except Exception:
                self._locate(source, chunk)
                raise
            return
        self._chunk_or_less(source, [chunk], None)

    def _chunk_or_less(self, source: Input, chunks: list[Any], pieces: list[Any] | None) -> None:
        # Pairs of a call that fails are not kept: it is made again with fewer records.
        todo = [chunks]
        while todo:
            some = todo.pop()
            chunk = _joined(some)
            try:
                batches = list(pair_batches(self._function(chunk), False))
            except MemoryError:
                raise
            except Exception as error:
                if len(some) == 1 and pieces is None:
                    pieces = self._reader.divide(chunk)
                    some = pieces
                    if len(some) == 1:
                        self._skip(source, (some[0],), error)
                        continue
                elif len(some) == 1:
                    self._skip(source, (some[0],), error)
                    continue
                middle = len(some) // 2
                todo.append(some[middle:])
                todo.append(some[:middle])
                continue
            for batch in batches:
                self._state.counters.recordsOut += len(batch)
                self._sink.add(batch)

    def _locate(self, source: Input, chunk: Any) -> None:
        """Find the record that a chunk fails with, by halves; what is known stays when it does not fail again."""
        some = self._reader.divide(chunk)
        while len(some) > 1:
            middle = len(some) // 2
            if self._fails(some[:middle]):
                some = some[:middle]
            elif self._fails(some[middle:]):
                some = some[middle:]
            else:
                return
        if some:
            self._state.record = f"{source.uri} {shorten(some[0], 300)}"

    def _fails(self, some: list[Any]) -> bool:
        chunk = _joined(some)
        try:
            for _ in pair_batches(self._function(chunk), False):
                continue
        except Exception:
            return True
        return False

    def _feed_records(self, source: Input) -> Iterable[int]:
        for place, after, records in self._reader.records(source):
            self._state.record = f"{source.uri}:{place}"
            started = perf_counter()
            try:
                self._records(source, [(record,) for record in records])
            finally:
                self._state.counters.userSeconds += perf_counter() - started
            yield after

    def _feed_placed(self, source: Input) -> Iterable[int]:
        for place, after, placed in self._reader.placed(source):
            self._state.record = f"{source.uri}:{place}"
            started = perf_counter()
            try:
                self._records(source, ((f"{source.uri}:{where}", record) for where, record in placed))
            finally:
                self._state.counters.userSeconds += perf_counter() - started
            yield after

    def _feed_own(self, source: Input) -> Iterable[int]:
        if source.start:
            # A reader of the user starts at the start of a file: the first split has all of it.
            return
        assert self._own_reader is not None
        from .compression import opened
        from .inputs import seekable

        with opened(source, 0, self._reader.compression) as raw:
            file = raw if self._reader.compression else seekable(raw)
            records = self._own_reader(file)
            if not hasattr(records, "__iter__"):
                raise UserError(f"`record_reader` answered {shorten(records)}. Yield the records.")
            if self._form == "key-value":
                self._records(source, ((f"{source.uri}:{at}", record) for at, record in enumerate(records)))
            else:
                self._records(source, ((record,) for record in records))
        source.check()
        yield source.end

    def _records(self, source: Input, calls: Iterable[tuple[Any, ...]]) -> None:
        function, sink, counters, state = self._function, self._sink, self._state.counters, self._state
        pairs: list[Any] = []
        # Which call made the pairs up to here: they are checked many at a time, and the record of a wrong one is named.
        marks: list[tuple[int, tuple[Any, ...]]] = []
        count = 0
        call: tuple[Any, ...] = ()
        try:
            for call in calls:
                count += 1
                try:
                    result = function(*call)
                    if result is None:
                        continue
                    kind = type(result)
                    if kind is GeneratorType and not state.skip_records:
                        pairs.extend(islice(result, BATCH))
                        while len(pairs) >= BATCH:
                            marks.append((len(pairs), call))
                            self._flush(source, pairs, marks)
                            pairs, marks = list(islice(result, BATCH)), []
                    elif kind is tuple and len(result) == 2:
                        pairs.append(result)
                    elif kind is list and not state.skip_records:
                        pairs.extend(result)
                    else:
                        # Of one that fails while it runs nothing is kept, where it is left out for that.
                        made: list[Any] = []
                        for batch in pair_batches(result, True):
                            if not state.skip_records and len(made) > BATCH:
                                sink.add(made)
                                counters.recordsOut += len(made)
                                made = []
                            made.extend(batch)
                        pairs.extend(made)
                except Exception as error:
                    if not state.skip_records or isinstance(error, MemoryError):
                        state.record = _place_of(source, call)
                        raise
                    self._skip(source, call, error)
                marks.append((len(pairs), call))
                if len(pairs) >= BATCH:
                    self._flush(source, pairs, marks)
                    pairs, marks = [], []
            self._flush(source, pairs, marks)
        except UserError as error:
            if error.record is None:
                error.record = _place_of(source, call)
            raise
        finally:
            counters.recordsIn += count

    def _flush(self, source: Input, pairs: list[Any], marks: list[tuple[int, tuple[Any, ...]]]) -> None:
        if pairs:
            wrong = first_wrong(pairs)
            if wrong is not None:
                call = next(call for end, call in marks if end > wrong)
                self._state.record = _place_of(source, call)
                error = not_a_pair(pairs[wrong], "mapper")
                error.record = self._state.record
                raise error
            self._state.counters.recordsOut += len(pairs)
            self._sink.add(pairs)

    def _add(self, result: Any, single: bool) -> None:
        for batch in pair_batches(result, single):
            self._state.counters.recordsOut += len(batch)
            self._sink.add(batch)

    def _skip(self, source: Input, call: tuple[Any, ...], error: Exception) -> None:
        self._state.skip(error, _place_of(source, call))


def _joined(chunks: list[Any]) -> Any:
    """Chunks as one: texts, bytes, or lists of rows."""
    if len(chunks) == 1:
        return chunks[0]
    return [row for chunk in chunks for row in chunk] if isinstance(chunks[0], list) else chunks[0][:0].join(chunks)


def _place_of(source: Input, call: tuple[Any, ...]) -> str:
    if len(call) == 2:
        return f"{call[0]} {shorten(call[1], 300)}"
    return f"{source.uri} {shorten(call[0], 300)}" if call else source.uri
