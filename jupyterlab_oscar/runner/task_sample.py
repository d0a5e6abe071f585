"""The first 64 kB: most mistakes show here within a second, and the planner learns speed, sizes and what combines."""

from __future__ import annotations

import base64
import pickle
from time import perf_counter
from typing import Any

from .closure import why_not
from .combine import combiner_of, group
from .errors import TaskError, UserError
from .functions import KeyReducer, call_pairs, reducer_form, sorted_pairs
from .inputs import Input
from .job import Job
from .keys import encode, sort_keys
from .mapping import Mapper
from .size import size_of
from .state import State
from .task_htc import task_form
from .task_map import TRIAL, form_of
from .trial import Trial
from .values import as_json

#: Pairs that are shown.
SHOWN = 20
#: Of a dict entry with its list.
ENTRY = 160


def run_sample(job: Job, task: dict[str, Any], state: State) -> dict[str, Any]:
    """Answer as ITaskDone with ``sample``."""
    if task["kind"] == "htc":
        form = task_form(job)
        none: dict[str, Any] = {
            "combiner": "none",
            "forms": {"task": form},
            "speed": 0,
            "expansion": 1,
            "shuffle": 0,
            "pairs": [],
        }
        return {"done": 0, "files": [], "sample": none}
    answer, size = _mapreduce(job, task, state)
    state.counters.bytesIn = size
    return {"done": size, "files": [], "sample": answer}


def _mapreduce(job: Job, task: dict[str, Any], state: State) -> tuple[dict[str, Any], int]:
    job.require("mapper")
    reducer = reducer_form(job.require("reducer"))
    form = form_of(job, task)
    trial = Trial()
    mapper = Mapper(job, form, task["format"], trial, state)
    mapper.small()
    started = perf_counter()
    size = 0
    for described in task["input"]:
        if size >= TRIAL:
            break
        source = Input(described)
        size += mapper.run(source.cut(TRIAL - size), TRIAL - size)
    size = max(1, size)
    groups = group(trial.pairs)
    for key in groups:
        encode(key)
    seconds = perf_counter() - started
    combiner, note = _combiner(job, task["combiner"], trial.pairs)
    combine = combiner_of(job, combiner)
    combined = groups
    if combine is not None and groups:
        started = perf_counter()
        combined = combine({key: list(values) for key, values in groups.items()})
        seconds += perf_counter() - started
    shuffle = _pickled(combined)
    # A key that is there once reaches its reducer as it is.
    _pickled(group(trial.pairs[:SHOWN]))
    state.record = None
    pairs, answers = _reduced(job, reducer, combined)
    memory = sum(size_of(key) + ENTRY + sum(size_of(value) + 8 for value in values) for key, values in groups.items())
    sample: dict[str, Any] = {
        "combiner": combiner,
        "forms": {"mapper": form, "reducer": answers},
        "speed": round(size / max(1e-6, seconds)),
        "expansion": round(max(1.0, memory / size), 2),
        "shuffle": round(shuffle / size, 4),
        "pairs": [[as_json(key), as_json(value)] for key, value in pairs[:SHOWN]],
    }
    if note is not None:
        sample["note"] = note
    if task["sort"] == "key" and task["reducers"] > 1:
        sample["bounds"] = _bounds(list(groups), task["reducers"])
    return sample, size


def _combiner(job: Job, wanted: str, pairs: list[Any]) -> tuple[str, str | None]:
    """Which one is used, and why not another."""
    if wanted == "none" or (job.function("combiner") is None and job.function("reducer") is None):
        return "none", None
    declared = "function" if job.function("combiner") is not None else "reducer"
    which = declared if wanted == "auto" else wanted
    reason = why_not(job, "combiner" if which == "function" else "reducer", pairs)
    if reason is None:
        return which, None
    if not pairs:
        return "none", reason
    if wanted != "auto" or which == "function":
        raise UserError(reason + " Use the combiner `none`, or mend it.", "NotClosed")
    return "none", reason


def _pickled(groups: dict[Any, list[Any]]) -> int:
    try:
        return len(pickle.dumps((list(groups), list(groups.values())), 5))
    except Exception as error:
        text = f"The pairs of `mapper` cannot be sent to a reducer: {error}. Emit plain data: numbers, texts, tuples, lists, dicts."
        raise UserError(text, type(error).__name__) from error


def _reduced(job: Job, form: str, groups: dict[Any, list[Any]]) -> tuple[list[Any], str]:
    function = job.require("reducer")
    if form == "pairs":
        return (call_pairs(function, sorted_pairs(groups)) if groups else []), "pairs"
    reducer = KeyReducer(function)
    pairs = list(reducer.pairs((key, iter(values)) for key, values in groups.items()))
    return pairs, "key-values" if reducer.form is None else f"key-values-{reducer.form}"


def _bounds(keys: list[Any], sections: int) -> list[str]:
    """Keys that divide those of the sample into equal parts."""
    ordered = sort_keys(keys)
    places = sorted({len(ordered) * part // sections for part in range(1, sections)} - {0}) if ordered else []
    chosen = [ordered[place - 1] for place in places]
    try:
        return [base64.b64encode(pickle.dumps(key, 4)).decode() for key in chosen]
    except Exception as error:
        raise TaskError("user", type(error).__name__, f"A key cannot be sent to another process: {error}") from error
