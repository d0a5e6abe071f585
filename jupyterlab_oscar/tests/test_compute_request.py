"""Options become a request; jobs, results and charts show themselves."""

from __future__ import annotations

import base64
import datetime
import pickle
from pathlib import Path
from typing import Any

import pytest

from jupyterlab_oscar.argument_parser import Parser, UsageMistake
from jupyterlab_oscar.compute import show
from jupyterlab_oscar.compute.chart import Chart
from jupyterlab_oscar.compute.request import build, input_of, size_of
from jupyterlab_oscar.compute.values import Shown, python_value
from jupyterlab_oscar.compute.words import add_cell_options, add_options, options_of
from jupyterlab_oscar.errors import InvalidError

CODE = {"language": "python", "source": "def mapper(line): return []\n"}


@pytest.mark.parametrize(
    ("text", "bytes_"),
    [("512M", 512 * 1024**2), ("1.5GiB", 1536 * 1024**2), ("10k", 10240), ("7", 7), (9, 9), ("2 MB", 2 * 1024**2)],
)
def test_sizes(text: Any, bytes_: int) -> None:
    assert size_of(text) == bytes_


@pytest.mark.parametrize("text", ["", "much", "5X", "-3M", "1..2M"])
def test_what_is_no_size_is_told(text: str) -> None:
    with pytest.raises(InvalidError, match="no size"):
        size_of(text)


def test_inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a[1].txt").write_text("x")
    assert input_of("data/b.txt") == {"file": {"path": str(tmp_path / "data/b.txt")}}
    assert input_of("a[1].txt") == {"file": {"path": str(tmp_path / "a[1].txt")}}
    assert input_of("data/**/*.csv") == {"file": {"path": str(tmp_path / "data")}, "glob": "**/*.csv"}
    assert input_of("s3://words/in/") == {"bucket": "words", "prefix": "in/"}
    assert input_of("s3://words/in/part-*.txt") == {"bucket": "words", "prefix": "in/", "glob": "part-*.txt"}
    assert input_of("oscar://mine/words") == {"cluster": "mine", "bucket": "words"}
    for bad in ("s3://", "oscar://mine", "oscar:///x/y"):
        with pytest.raises(InvalidError, match="bucket"):
            input_of(bad)


def test_words_become_a_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    parser = Parser(prog="%%mapreduce")
    parser.add_argument("inputs", nargs="*")
    add_options(parser, "mapreduce")
    add_cell_options(parser)
    words = "a.csv -r 4 --block 1M:64M --sort key --top 5 --separator \\t --no-header --memory 1G --output out --fresh"
    args = parser.parse_args(words.split())
    request = build("mapreduce", CODE, args.inputs, options_of(args))
    key = request.pop("idempotencyKey")
    assert len(key) >= 8
    assert request.pop("python")
    assert request == {
        "kind": "mapreduce",
        "code": CODE,
        "engine": "local",
        "cwd": str(tmp_path),
        "input": [{"file": {"path": str(tmp_path / "a.csv")}}],
        "output": {"file": {"path": str(tmp_path / "out")}},
        "mapreduce": {"reducers": 4, "minBlock": 1024**2, "maxBlock": 64 * 1024**2, "sort": "key", "top": 5},
        "format": {"separator": "\t", "header": False},
        "memory": 1024**3,
        "fresh": True,
    }


@pytest.mark.parametrize(("kind", "format_"), [("mapreduce", "marla"), ("htc", "tascaas")])
def test_job_files_of_marla_and_tascaas(kind: str, format_: str, tmp_path: Path) -> None:
    text = '{"iterations": 20, "time": -1, "inputFile": "data/in.txt"}'
    (tmp_path / "job.config").write_text(text)
    options = {"config": str(tmp_path / "job.config")}
    request = build(kind, CODE, [], options)
    assert request["config"] == {"format": format_, "text": text}
    assert "input" not in request
    (tmp_path / "data").mkdir()
    (tmp_path / "data/in.txt").write_text("x")
    # What it names lies beside it, wherever the notebook is.
    beside = [{"file": {"path": str(tmp_path / "data/in.txt")}}]
    assert build(kind, CODE, [], options).get("input") == (beside if kind == "htc" else None)
    with pytest.raises(FileNotFoundError):
        build(kind, CODE, [], {"config": str(tmp_path / "none")})


def test_iterations_may_be_written_short() -> None:
    parser = Parser(prog="%%htc")
    add_options(parser, "htc")
    assert parser.parse_args(["--iterations", "1e9"]).iterations == 10**9
    assert parser.parse_args(["--iterations", "12_345_678_901_234_567"]).iterations == 12_345_678_901_234_567
    for bad in ("1.5", "-3", "many"):
        with pytest.raises(UsageMistake):
            parser.parse_args(["--iterations", bad])


class Evil:
    """A pickle that runs a program when it is read."""

    def __reduce__(self) -> Any:
        import os

        return (os.system, ("touch /nonexistent/never",))


@pytest.mark.parametrize(
    "value",
    [{1, 2}, 3 + 4j, datetime.date(2024, 2, 29), b"\x00\xff", frozenset("ab"), (1, datetime.timedelta(hours=1))],
)
def test_values_that_json_lacks(value: Any) -> None:
    packed = {"$py": repr(value), "$pickle": base64.b64encode(pickle.dumps(value, protocol=5)).decode()}
    assert python_value(packed) == value
    assert python_value([packed, "x"], key=True) == (value, "x")


def test_pickles_of_results_run_nothing() -> None:
    packed = {"$py": "<Evil>", "$pickle": base64.b64encode(pickle.dumps(Evil())).decode()}
    found = python_value(packed)
    assert isinstance(found, Shown)
    assert found == "<Evil>"


def record(**more: Any) -> dict[str, Any]:
    phase = {
        "name": "map",
        "total": 4_000_000,
        "done": 1_000_000,
        "doing": 1_000_000,
        "parts": {"total": 4, "running": 2, "done": 1, "failed": 1, "cached": 0},
        "startedAt": "2024-01-01T00:00:00Z",
        "finishedAt": "2024-01-01T00:00:02Z",
    }
    base = {
        "id": "j",
        "kind": "mapreduce",
        "name": "<words>",
        "engine": "oscar:mine",
        "state": "running",
        "phases": [phase],
        "workers": [{"state": "busy"}, {"state": "idle"}, {"state": "gone"}],
        "notes": ["The reducer is no combiner: <b>."],
        "startedAt": "2024-01-01T00:00:00Z",
        "eta": 75,
    }
    return {**base, **more}


def test_a_running_job_shows_bars_workers_and_what_is_left() -> None:
    page = show.html(record(), [])
    assert 'aria-valuenow="50"' in page
    assert "1 of 2 workers busy, about 1 min 15 s left" in page
    assert "1 failed" in page
    assert "&lt;words&gt; runs on mine" in page
    assert "<b>." not in page
    assert "50%" in show.text(record(), [])


def test_a_failed_job_shows_the_traceback_first() -> None:
    error = {
        "class": "user",
        "type": "ValueError",
        "message": "bad <x>",
        "traceback": "  <cell In[3]>, line 2, in mapper\nValueError: bad <x>",
        "phase": "map",
        "part": 3,
        "attempts": 2,
        "record": "books.txt:120: 'abc'",
    }
    text = show.error_text(error)
    assert text.splitlines()[0] == "  <cell In[3]>, line 2, in mapper"
    assert text.splitlines()[-1] == "In map 3, after 2 attempts."
    assert "<x>" not in show.html(record(state="failed", error=error), [])


def test_a_result_shows_its_first_pairs_in_order() -> None:
    page = show.html(record(state="succeeded", results=12, output="/out"), [("a\tb", 1), (("x", 2), "<i>")])
    assert "a⇥b" in page
    assert "<i>" not in page
    assert "… and 2 more. In /out." in page


def test_a_chart_of_many_parts_stays_small() -> None:
    parts = [
        {"phase": "map", "part": n, "attempt": 1, "worker": f"w{n % 4}", "state": "done", "count": 10}
        | {"first": n * 10, "start": n * 0.001, "end": n * 0.001 + 0.003}
        for n in range(100_000)
    ]
    svg = Chart(record(), parts).svg()
    assert svg.count("<rect") < 5_000
    assert len(svg) < 2_000_000
    assert "No part has run yet" in Chart(record(), []).svg()


def test_a_chart_marks_what_failed() -> None:
    part = {"phase": "map", "part": 1, "attempt": 1, "worker": "w", "first": 0, "count": 5, "start": 1.0, "end": 3.0}
    svg = Chart(record(), [{**part, "state": "failed"}, {**part, "state": "done", "start": 3.0, "end": 4.0}]).svg()
    assert svg.count("--jp-error-color1") == 1
    assert "map 1: failed, 2.00 s" in svg
    assert "3.0 s" in svg
