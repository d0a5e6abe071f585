"""Whether a reducer may be used as combiner: ``reduce(reduce(a) + reduce(b)) == reduce(a + b)``, tried on the sample."""

from __future__ import annotations

import copy
import math
from typing import Any

from .combine import group
from .functions import KeyReducer, call_pairs, reducer_form, sorted_pairs
from .job import Job

#: Keys of the sample that are tried.
KEYS = 50
#: Values of one key that are tried.
VALUES = 24


def why_not(job: Job, combiner: str, pairs: list[Any]) -> str | None:
    """The reason why ``combiner`` (a function of the code) cannot be used, a sentence; None: it can."""
    job.require(combiner)
    groups = group(pairs)
    tries = _tries(groups)
    if not tries:
        return "The sample has no pairs to try it on."
    for strict, some in tries:
        try:
            reason = _differs(job, combiner, some)
        except Exception as error:
            if not strict:
                # Made-up values need not be accepted.
                continue
            return f"`{combiner}` fails on its own results: {type(error).__name__}: {error}"
        if reason is not None:
            return reason
    return None


def _tries(groups: dict[Any, list[Any]]) -> list[tuple[bool, dict[Any, list[Any]]]]:
    """Groups of the sample as they are, and groups made of values of several keys and of changed numbers.

    In a sample of ones, a mean looks like a sum of them: only other numbers tell.
    """
    some = {key: groups[key][:VALUES] for key in sorted(groups, key=lambda key: -len(groups[key]))[:KEYS]}
    if not some:
        return []
    first = next(iter(some))
    values = [value for one in some.values() for value in one[:4]][:VALUES]
    tries = [(True, some)]
    if len(values) > 2:
        tries.append((True, {first: values}))
    changed = [_changed(value, at) for at, value in enumerate((values * 5)[:5])]
    tries.append((False, {first: changed}))
    return tries


def _changed(value: Any, at: int) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return value + (0, 3, 1, 7, 4)[at % 5]
    if type(value) in (tuple, list):
        return type(value)(_changed(one, at) for one in value)
    return value


def _differs(job: Job, combiner: str, groups: dict[Any, list[Any]]) -> str | None:
    whole = _final(job, groups)
    for cut in (lambda n: n // 2, lambda n: 1):
        left = {key: values[: cut(len(values))] for key, values in groups.items() if values[: cut(len(values))]}
        right = {key: values[cut(len(values)) :] for key, values in groups.items() if values[cut(len(values)) :]}
        joined: dict[Any, list[Any]] = {}
        for half in (left, right):
            for key, values in _partial(job, combiner, half).items():
                joined.setdefault(key, []).extend(values)
        if not same(_final(job, joined), whole):
            return f"`{combiner}` gives another result when it is called on its own results, so pairs are not combined in the map phase."
    return None


def _partial(job: Job, combiner: str, groups: dict[Any, list[Any]]) -> dict[Any, list[Any]]:
    if not groups:
        return {}
    function = job.require(combiner)
    groups = copy.deepcopy(groups)
    if reducer_form(function, combiner) == "pairs":
        return group(call_pairs(function, sorted_pairs(groups), combiner))
    reducer = KeyReducer(function, None, combiner)
    answer: dict[Any, list[Any]] = {}
    for key, value in reducer.pairs((key, iter(values)) for key, values in groups.items()):
        answer.setdefault(key, []).append(value)
    return answer


def _final(job: Job, groups: dict[Any, list[Any]]) -> dict[Any, list[Any]]:
    return _partial(job, "reducer", groups)


def same(one: Any, other: Any) -> bool:
    """Equal, numbers up to rounding, values of a key in any order."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other))  # noqa: B905
    if isinstance(one, float) or isinstance(other, float):
        try:
            return (
                one == other or math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12) or (one != one and other != other)
            )
        except TypeError:
            return False
    answer = one == other
    return bool(answer.all()) if hasattr(answer, "all") else bool(answer)
