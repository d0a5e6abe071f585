"""Forms of mapper and reducer, found by the names of their parameters and, where these say nothing, by trying."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .errors import UserError
from .keys import shorten, sort_keys

CHUNK_NAMES = {"chunk", "block", "text", "data", "lines", "records", "content", "contents"}
RECORD_NAMES = {"line", "record", "row", "rec", "obj", "item", "doc", "entry", "fields"}
PAIRS_NAMES = {"pairs", "Pairs", "rows", "items"}


def parameters(function: Callable[..., Any], what: str) -> list[str]:
    """Names of the parameters without a default that a call by place fills."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return ["_"]
    places = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    found = list(signature.parameters.values())
    for one in found:
        if one.kind is inspect.Parameter.KEYWORD_ONLY and one.default is one.empty:
            raise UserError(f"`{what}` has a parameter `{one.name}` that must be given by name; nobody does.")
    return [one.name for one in found if one.kind in places and one.default is one.empty] or [
        one.name for one in found if one.kind in places
    ][:1]


def mapper_form(function: Callable[..., Any], format: str) -> str | None:
    """``chunk``, ``record`` or ``key-value``; None: the sample decides. Raises UserError for another number of parameters."""
    names = parameters(function, "mapper")
    if len(names) == 2:
        return "key-value"
    if len(names) != 1:
        raise UserError(
            f"`mapper` takes {len(names)} parameters ({', '.join(names)}). Write mapper(chunk), mapper(line) or mapper(key, value)."
        )
    if names[0] in CHUNK_NAMES:
        return "chunk"
    if names[0] in RECORD_NAMES:
        return "record"
    # A whole file or a row of a table has one natural form; of text, both are possible.
    return {"file": "record", "bytes": "chunk", "text": None}.get(format, "record")


def reducer_form(function: Callable[..., Any], what: str = "reducer") -> str:
    """``pairs`` or ``key-values``."""
    names = parameters(function, what)
    if len(names) == 1:
        return "pairs"
    if len(names) == 2:
        return "key-values"
    raise UserError(
        f"`{what}` takes {len(names)} parameters ({', '.join(names)}). Write {what}(pairs) or {what}(key, values)."
    )


def pair_batches(result: Any, single: bool, size: int = 8192) -> Iterator[list[Any]]:
    """What a mapper answered, as lists of pairs.

    Parameters
    ----------
    result
        A list or generator of pairs, a dict, None, or one pair as a tuple.
    single
        A tuple is one pair; else it is one only when its members are not pairs.
    """
    if result is None:
        return
    if isinstance(result, tuple) and len(result) == 2 and (single or not all(map(_is_pair, result))):
        yield [result]
        return
    if hasattr(result, "items") and hasattr(result, "keys"):
        yield list(result.items())
        return
    if isinstance(result, (str, bytes)) or not hasattr(result, "__iter__"):
        raise UserError(
            f"`mapper` answered {shorten(result)}. Return a list of (key, value) pairs, a dict, or use yield."
        )
    if isinstance(result, list):
        for first in range(0, len(result), size):
            batch = result[first : first + size] if len(result) > size else result
            check_pairs(batch, "mapper")
            yield batch
        return
    batch = []
    for pair in result:
        batch.append(pair)
        if len(batch) == size:
            check_pairs(batch, "mapper")
            yield batch
            batch = []
    check_pairs(batch, "mapper")
    if batch:
        yield batch


_TUPLES = ({tuple}, {list}, {tuple, list}, set())


def check_pairs(pairs: list[Any], what: str) -> None:
    """Raise UserError unless all are pairs."""
    wrong = first_wrong(pairs)
    if wrong is not None:
        raise not_a_pair(pairs[wrong], what)


def first_wrong(pairs: list[Any]) -> int | None:
    """Where the first one is that is no pair: a text of two characters would pass for one."""
    if set(map(type, pairs)) in _TUPLES and set(map(len, pairs)) <= {2}:
        return None
    return next((at for at, pair in enumerate(pairs) if not _is_pair(pair)), None)


def not_a_pair(value: Any, what: str) -> UserError:
    return UserError(f"`{what}` answered {shorten(value)} where a (key, value) pair is expected.")


def _is_pair(value: Any) -> bool:
    return isinstance(value, (tuple, list)) and len(value) == 2


def sorted_pairs(groups: dict[Any, list[Any]]) -> list[tuple[Any, Any]]:
    """MARLA's input of a reducer: sorted by key, equal keys adjacent. Only the keys are sorted, not all pairs."""
    return [(key, value) for key in sort_keys(groups) for value in groups[key]]


def call_pairs(function: Callable[..., Any], pairs: list[tuple[Any, Any]], what: str = "reducer") -> list[Any]:
    """``reducer(pairs)``: a list of pairs. Raises UserError."""
    result = function(pairs)
    if result is None:
        raise UserError(f"`{what}` answered nothing. Return the list of (key, value) pairs.")
    if isinstance(result, (str, bytes)) or not hasattr(result, "__iter__"):
        raise UserError(f"`{what}` answered {shorten(result)}. Return a list of (key, value) pairs.")
    answer = list(result.items()) if hasattr(result, "items") else list(result)
    check_pairs(answer, what)
    return answer


class KeyReducer:
    """``reducer(key, values)``, with what it answers made into pairs.

    A generator yields pairs. A tuple is a pair when its first member is the key, and a list is a list of pairs when all its members
    are such; whether the function means it so is settled by ``form``, or by the first answers.

    Parameters
    ----------
    form
        ``value``, ``pair``, ``pairs`` or ``generator`` of the sample; None: not known yet.
    """

    def __init__(self, function: Callable[..., Any], form: str | None = None, what: str = "reducer") -> None:
        self.function = function
        self.what = what
        self.form = "generator" if inspect.isgeneratorfunction(function) else form

    def settle(self, answers: list[tuple[Any, Any]]) -> None:
        """Decide by (key, answer)s of the first calls."""
        if self.form is None and answers:
            if all(_is_own_pair(key, answer) for key, answer in answers):
                self.form = "pair"
            elif all(
                isinstance(answer, list) and answer and all(_is_own_pair(key, one) for one in answer)
                for key, answer in answers
            ):
                self.form = "pairs"
            elif all(inspect.isgenerator(answer) for _, answer in answers):
                self.form = "generator"
            else:
                self.form = "value"

    def pairs(self, groups: Iterable[tuple[Any, Iterator[Any]]]) -> Iterator[tuple[Any, Any]]:
        """Results of all groups."""
        function = self.function
        source = iter(groups)
        if self.form is None:
            first = []
            for key, values in source:
                first.append((key, function(key, values)))
                if len(first) == 100:
                    break
            self.settle(first)
            for key, answer in first:
                yield from self._answer(key, answer)
        if self.form == "value":
            for key, values in source:
                yield key, function(key, values)
        else:
            for key, values in source:
                yield from self._answer(key, function(key, values))

    def _answer(self, key: Any, answer: Any) -> Iterator[tuple[Any, Any]]:
        if self.form == "value":
            yield key, answer
            return
        if answer is None and self.form != "pair":
            return
        found = [answer] if self.form == "pair" else answer
        if isinstance(found, (str, bytes)) or not hasattr(found, "__iter__"):
            raise UserError(f"`{self.what}` answered {shorten(found)} for the key {shorten(key)}, and pairs before.")
        for pair in found:
            if not _is_pair(pair):
                raise UserError(
                    f"`{self.what}` answered {shorten(pair)} for the key {shorten(key)}: a (key, value) pair is expected."
                )
            yield pair[0], pair[1]


def _is_own_pair(key: Any, answer: Any) -> bool:
    try:
        return (
            isinstance(answer, tuple) and len(answer) == 2 and type(answer[0]) is type(key) and bool(answer[0] == key)
        )
    except Exception:  # __eq__ of a user's class
        return False
