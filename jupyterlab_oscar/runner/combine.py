"""The combiner: fewer pairs out of groups, by the user's reducer or combiner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .functions import KeyReducer, call_pairs, reducer_form, sorted_pairs
from .job import Job
from .keys import unhashable


def combiner_of(
    job: Job, which: str, form: str | None = None
) -> Callable[[dict[Any, list[Any]]], dict[Any, list[Any]]] | None:
    """The combiner of a map part.

    Parameters
    ----------
    which
        ``reducer``, ``function`` or ``none``.
    form
        Of a reducer of key and values: what it answers, when the sample has found it.
    """
    if which == "none":
        return None
    name = "reducer" if which == "reducer" else "combiner"
    function = job.require(name)
    if reducer_form(function, name) == "pairs":
        return lambda groups: group(call_pairs(function, sorted_pairs(groups), name))
    reducer = KeyReducer(function, form, name)

    def combine(groups: dict[Any, list[Any]]) -> dict[Any, list[Any]]:
        # A group of one value is as small as it can be.
        alone = {key: values for key, values in groups.items() if len(values) == 1}
        more = ((key, iter(values)) for key, values in groups.items() if len(values) > 1)
        if reducer.form == "value":
            for key, values in more:
                alone[key] = [function(key, values)]
            return alone
        for key, value in reducer.pairs(more):
            alone.setdefault(key, []).append(value)
        return alone

    return combine


def group(pairs: list[Any]) -> dict[Any, list[Any]]:
    """Pairs as groups."""
    groups: dict[Any, list[Any]] = {}
    try:
        for key, value in pairs:
            found = groups.get(key)
            if found is None:
                groups[key] = [value]
            else:
                found.append(value)
    except TypeError as error:
        raise unhashable(pairs, error) from None
    return groups
