"""A reduce part: one section of all map outputs, grouped, reduced, written as JSON lines."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice
from time import perf_counter
from typing import Any

from .external import Groups
from .functions import KeyReducer, call_pairs, reducer_form, sorted_pairs
from .job import Job
from .results import Sorted
from .shuffle import ShuffleFile
from .state import State
from .store import open_store
from .task_map import result_form
from .values import pair_line

#: Pairs of one call of ``reducer(pairs)`` when all of them are too many for the memory.
BATCH_PAIRS = 200_000
LINES = 8192


def run_reduce(job: Job, task: dict[str, Any], state: State) -> dict[str, Any]:
    """Answer as ITaskDone."""
    store = open_store(task["store"])
    section = task["section"]
    names = task.get("outputs")
    if names is None:
        names = json.loads(store.read(task["manifest"]))
    files = [ShuffleFile(store, name, job.loads) for name in sorted(names, key=_natural)]
    closed = bool(files) and all(file.combiner == "reducer" for file in files)
    groups = Groups(state, store)
    output = store.begin(f"out/{section}_results", task["attempt"])
    results = Sorted(task["sort"], task.get("top"), state, store)
    try:
        for file in files:
            for grouped, keys, values, size in file.blocks(section):
                state.counters.recordsIn += sum(map(len, values)) if grouped else len(keys)
                groups.add(keys, values, grouped)
                state.done += size
        started = perf_counter()
        pairs = _reduced(job, task, groups, closed)
        if results.streaming:
            written = _write(output, pairs)
        else:
            results.take(pairs)
            written = _write(output, results.pairs())
        state.counters.userSeconds += perf_counter() - started
        state.counters.bytesIn = state.done
        state.counters.bytesOut = output.size
        state.counters.recordsOut = written
        won = output.commit()
    except BaseException:
        output.discard()
        raise
    finally:
        groups.close()
        results.close()
    described = [output.described()] if won else [store.described(output.name)]
    return {"done": state.done, "files": [one for one in described if one], **({} if won else {"superseded": True})}


def _reduced(job: Job, task: dict[str, Any], groups: Groups, closed: bool) -> Iterable[Any]:
    function = job.require("reducer")
    if reducer_form(function) == "key-values":
        reducer = KeyReducer(function, result_form((task.get("forms") or {}).get("reducer")))
        return reducer.pairs(groups.items())
    if not groups:
        return []
    if not groups.spilled:
        return call_pairs(function, sorted_pairs(groups.in_memory))
    return _in_batches(function, groups, closed)


def _in_batches(function: Any, groups: Groups, closed: bool) -> Iterator[Any]:
    """``reducer(pairs)`` for more pairs than there is memory for: whole groups, some at a time.

    A reducer that was found to be closed is called once more on what it answered, as long as this fits.
    """
    made: list[Any] = []
    for batch in groups.batches(BATCH_PAIRS):
        answer = call_pairs(function, sorted_pairs(batch))
        if not closed:
            yield from answer
            continue
        made.extend(answer)
        if len(made) > 5 * BATCH_PAIRS:
            closed = False
            yield from made
            made = []
    if made:
        again: dict[Any, list[Any]] = defaultdict(list)
        for key, value in made:
            again[key].append(value)
        yield from call_pairs(function, sorted_pairs(again))


def _write(output: Any, pairs: Iterable[Any]) -> int:
    count = 0
    source = iter(pairs)
    while True:
        lines = [pair_line(key, value) for key, value in islice(source, LINES)]
        if not lines:
            return count
        count += len(lines)
        output.write("".join(lines).encode())


def _natural(name: str) -> tuple[int, str]:
    """By the number of the part, so that values come in the order of the input."""
    digits = name.rpartition("-")[2]
    return (int(digits), name) if digits.isdigit() else (-1, name)
