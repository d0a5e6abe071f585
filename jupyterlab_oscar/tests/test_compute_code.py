"""Functions and cells become source that another process runs, with what they use and with their own lines."""

from __future__ import annotations

import base64
import math
import pickle
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from jupyterlab_oscar.compute.cell import cell_code
from jupyterlab_oscar.compute.collect import code_of
from jupyterlab_oscar.errors import InvalidError

FACTOR = 3


def scaled(number: float) -> float:
    return math.sqrt(number) * FACTOR


class Point:
    x = 2

    def twice(self) -> int:
        return self.x * 2


def run(code: dict[str, Any]) -> dict[str, Any]:
    """What a worker does: the variables, then the source, in a namespace of its own."""
    space: dict[str, Any] = {name: pickle.loads(base64.b64decode(value)) for name, value in code["with"].items()}
    padded = "\n" * (code["line"] - 1) + code["source"]
    exec(compile(padded, code["name"], "exec"), space)
    return space


def local_copy(thing: Any) -> Any:
    """As a thing of the notebook's own: it cannot be imported elsewhere."""
    thing.__module__ = "__main__"
    return thing


def test_imports_values_functions_and_classes_come_along() -> None:
    local_copy(scaled)
    local_copy(Point)

    def mapper(line: str) -> Any:
        return [(word, scaled(Point.x), Counter(word)) for word in line.split()]

    space = run(code_of({"mapper": local_copy(mapper)}))
    assert space["mapper"]("aa") == [("aa", math.sqrt(2) * 3, Counter("aa"))]
    assert space["FACTOR"] == 3


def test_what_a_function_closes_over_comes_along() -> None:
    def make(limit: int) -> Callable[[str], bool]:
        def mapper(line: str) -> bool:
            return len(line) > limit

        return mapper

    space = run(code_of({"mapper": local_copy(make(3))}))
    assert [space["mapper"](text) for text in ("abc", "abcd")] == [False, True]


def test_a_function_of_another_name_is_found_under_the_one_that_is_called() -> None:
    def count_words(line: str) -> Counter[str]:
        return Counter(line.split())

    assert run(code_of({"mapper": local_copy(count_words)}))["mapper"]("a b a") == {"a": 2, "b": 1}


def test_lambdas_on_one_line_are_told_apart() -> None:
    pair = (lambda line: [(line, FACTOR)], lambda key, values: sum(values))
    space = run(code_of({"mapper": pair[0], "reducer": pair[1]}))
    assert space["mapper"]("x") == [("x", 3)]
    assert space["reducer"]("x", [1, 2]) == 3


def test_a_lambda_within_a_call_over_several_lines() -> None:
    def given(**functions: Any) -> dict[str, Any]:
        return run(code_of(functions))

    space = given(
        mapper=lambda line: [
            (word, 1) for word in line.split()
        ],
        reducer=lambda key, values: max(values),
    )  # fmt: skip
    assert space["mapper"]("a b") == [("a", 1), ("b", 1)]
    assert space["reducer"]("a", [1, 5]) == 5


def test_tracebacks_have_the_lines_of_the_file() -> None:
    def mapper(line: str) -> float:
        return 1 / len(line)

    code = code_of({"mapper": local_copy(mapper)})
    with pytest.raises(ZeroDivisionError) as raised:
        run(code)["mapper"]("")
    last = traceback.extract_tb(raised.value.__traceback__)[-1]
    assert last.filename == __file__
    assert last.lineno == mapper.__code__.co_firstlineno + 1


def test_values_that_cannot_be_sent_are_named() -> None:
    lock = threading.Lock()

    def mapper(line: str) -> bool:
        return lock.locked()

    with pytest.raises(InvalidError, match=r"lock .*cannot be pickled.*setup\(\)"):
        code_of({"mapper": local_copy(mapper)})


def test_functions_without_source_are_refused() -> None:
    space: dict[str, Any] = {}
    exec("def mapper(line): return line", space)
    with pytest.raises(InvalidError, match="could not get source"):
        code_of({"mapper": space["mapper"]})


def test_variables_of_a_megabyte_come_and_of_forty_do_not() -> None:
    def mapper(line: str) -> str:
        return line

    code_of({"mapper": local_copy(mapper)}, {"table": b"x" * 1_000_000})
    with pytest.raises(InvalidError, match="32 MB"):
        code_of({"mapper": local_copy(mapper)}, {"table": b"x" * 40_000_000})


CELL = """def mapper(line):
    for word in re.findall(r"[a-z]+", line):
        yield word, scaled(LIMIT)
def reducer(key, values):
    return sum(values)
"""


def test_a_cell_takes_along_what_it_names() -> None:
    import re

    space = {"re": re, "scaled": local_copy(scaled), "LIMIT": 4, "unused": open, "Point": Point}
    code = cell_code("mapreduce", CELL, space, name="<cell In[3]>")
    assert set(code["with"]) == {"LIMIT", "FACTOR"}
    made = run(code)
    assert list(made["mapper"]("a b")) == [("a", 6.0), ("b", 6.0)]


def test_lines_of_a_cell_count_from_the_magic() -> None:
    code = cell_code("mapreduce", "def mapper(line):\n    return 1 / 0\n", {}, name="<cell In[7]>")
    with pytest.raises(ZeroDivisionError) as raised:
        run(code)["mapper"]("")
    last = traceback.extract_tb(raised.value.__traceback__)[-1]
    assert (last.filename, last.lineno) == ("<cell In[7]>", 3)


@pytest.mark.parametrize(
    ("kind", "cell", "words"),
    [
        ("mapreduce", "def reducer(pairs): return pairs", "defines no function mapper"),
        ("htc", "def tasks(): pass", "defines no function task"),
        ("mapreduce", "def mapper(line):\nreturn 1", "Line 3"),
        ("mapreduce", "%pip install x\ndef mapper(line): return []", "Line 2.*magics"),
    ],
)
def test_cells_that_cannot_work_are_told_at_once(kind: str, cell: str, words: str) -> None:
    with pytest.raises(InvalidError, match=words):
        cell_code(kind, cell, {}, name="<cell In[1]>")


def test_a_variable_that_was_asked_for_must_be_there() -> None:
    with pytest.raises(InvalidError, match="no variable table"):
        cell_code("mapreduce", CELL, {}, name="<cell In[1]>", named=["table"])


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python keeps columns since 3.11")
def test_lambdas_with_the_same_parameters_on_one_line_are_told_apart() -> None:
    limit = 2
    pair = (lambda line: [word for word in line.split() if len(word) > limit], lambda line: line.split())
    assert run(code_of({"mapper": pair[0]}))["mapper"]("a bcd") == ["bcd"]
    assert run(code_of({"mapper": pair[1]}))["mapper"]("a bcd") == ["a", "bcd"]


def test_a_cell_with_from_future_keeps_its_lines() -> None:
    cell = (
        '"""Words."""\nfrom __future__ import (  # ä\n    annotations,\n); TAG = "é"  # later\n'
        "def mapper(line: Unknown) -> list[Unknown]:\n    return [(TAG, math.sqrt(FACTOR))]\n"
    )
    code = cell_code("mapreduce", cell, {"math": math, "FACTOR": 9}, name="cell")
    space = run(code)
    assert space["mapper"]("x") == [("é", 3.0)]
    # Its first line is that of the magic.
    assert space["mapper"].__code__.co_firstlineno == 6
    assert run(cell_code("htc", "from __future__ import annotations\ndef task(i: X):\n    return i\n", {}, name="c"))
