"""Ranges of iterations and files: every form of a task, files it writes, stops, random numbers, shell bodies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .runner_driver import Worker, whole


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    made = Worker(tmp_path / "store")
    yield made
    made.close()


def task(first: int = 0, count: int = 5, **more: Any) -> dict[str, Any]:
    return {
        "phase": "htc",
        "first": first,
        "count": count,
        "seed": 1,
        "total": 100,
        "shell": False,
        "divisible": True,
        **more,
    }


def values(answer: dict[str, Any]) -> list[Any]:
    assert answer["type"] == "done", answer
    return [one["value"] for one in answer["values"]]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def task(first, count, ctx):\n    return [first, count, ctx.total]", [[3, 4, 100]]),
        ("def task(first, count):\n    return first + count", [7]),
        ("def task(ctx):\n    return [ctx.first, ctx.count]", [[3, 4]]),
        ("def task(item):\n    return item * 2", [6, 8, 10, 12]),
        ("def task(item, ctx):\n    return [item, ctx.first, ctx.count]", [[i, i, 1] for i in range(3, 7)]),
        ("def task():\n    return 'x'", ["x"] * 4),
        ("task = lambda n: n if n == 5 else None", [None, 5, None]),
    ],
)
def test_forms_of_a_task(worker: Worker, source: str, expected: list[Any]) -> None:
    worker.job(source)
    answer = worker.task(**task(3, 4))
    assert values(answer) == expected
    assert answer["done"] == 4
    assert sum(one["count"] for one in answer["values"]) == 4


def test_wrong_arity_is_told_by_the_sample(worker: Worker) -> None:
    worker.job("def task(a, b, c, d):\n    pass")
    sample = {"phase": "sample", "kind": "htc", "input": [], "combiner": "none", "reducers": 1, "sort": "none"}
    assert "takes 4 parameters" in worker.task(**sample)["error"]["message"]
    worker.job("def task(item, ctx):\n    pass")
    assert worker.task(**sample)["sample"]["forms"] == {"task": "item-ctx"}


def test_random_numbers_do_not_depend_on_the_division(worker: Worker) -> None:
    worker.job("def task(item, ctx):\n    return ctx.rng.random()")
    whole_range = values(worker.task(**task(0, 6)))
    halves = values(worker.task(**task(0, 2), part=1)) + values(worker.task(**task(2, 4), part=2))
    assert whole_range == halves
    assert len(set(halves)) == 6
    assert values(worker.task(**{**task(0, 2), "seed": 2}, part=3)) != halves[:2]


@pytest.mark.parametrize(
    "source",
    [
        "import time\ndef task(n):\n    time.sleep(0.005)\n    return n",
        "import time\ndef task(first, count, ctx):\n    for i in ctx.iterations():\n        time.sleep(0.005)",
        "import time\ndef task(first, count, ctx):\n    for i in range(count):\n        if ctx.should_stop:\n            return i\n        time.sleep(0.005)\n        ctx.report(i + 1)",
    ],
)
def test_stop_shortens_a_running_range(worker: Worker, source: str) -> None:
    worker.job(source)
    id = worker.start(**task(1000, 100_000))
    while worker.frame()["type"] != "progress":
        continue
    worker.send({"type": "stop", "id": id, "at": 1600})
    answer = worker.wait(id)
    assert answer["type"] == "done"
    assert answer["done"] == 600
    id = worker.start(**task(0, 100_000), part=1)
    while worker.frame()["type"] != "progress":
        continue
    worker.send({"type": "stop", "id": id})
    assert 0 < worker.wait(id)["done"] < 100_000


def test_a_range_that_may_not_be_shortened(worker: Worker) -> None:
    worker.job("import time\ndef task(n):\n    time.sleep(0.01)")
    id = worker.start(**task(0, 150, divisible=False))
    worker.send({"type": "stop", "id": id, "at": 5})
    assert worker.wait(id)["done"] == 150


def test_many_values_are_a_file(worker: Worker) -> None:
    worker.job("def task(n):\n    return 'v' * 100 + str(n)")
    answer = worker.task(**task(10, 2000))
    assert "values" not in answer
    (file,) = answer["files"]
    lines = [json.loads(line) for line in (worker.folder / file["name"]).read_text().splitlines()]
    assert [line["first"] for line in lines] == list(range(10, 2010))
    assert (worker.folder / file["name"]).stat().st_size == file["size"]
    assert worker.task(**task(10, 2000), attempt=1)["superseded"] is True


def test_files_of_a_task(worker: Worker) -> None:
    worker.job(
        "def task(item, ctx):\n    folder = ctx.out / 'deep'\n    folder.mkdir(exist_ok=True)\n    (folder / f'{item}.txt').write_text('x' * item)\n"
    )
    answer = worker.task(**task(1, 3))
    assert {one["name"]: one["size"] for one in answer["files"] if one["name"].startswith("out/")} == {
        f"out/deep/{i}.txt": i for i in (1, 2, 3)
    }
    assert (worker.folder / "out/deep/3.txt").read_text() == "xxx"
    again = worker.task(**task(1, 3), attempt=1)
    assert again["superseded"] is True
    assert {one["name"] for one in again["files"]} == {one["name"] for one in answer["files"]}
    # Another part that writes a file of the same name takes nothing away, and leaves nothing.
    error = worker.task(**task(0, 2), part=1)["error"]
    assert error["class"] == "output"
    assert "deep/1.txt" in error["message"]
    assert not (worker.folder / "out/deep/0.txt").exists()
    assert not (worker.folder / "manifest/out-1.json").exists()
    assert list((worker.folder / "scratch").iterdir()) == []


def test_an_attempt_that_fails_leaves_nothing(worker: Worker) -> None:
    worker.job(
        "def task(item, ctx):\n    (ctx.out / str(item)).write_text('x')\n    if item == 2:\n        raise ValueError(item)\n"
    )
    error = worker.task(**task(0, 4))["error"]
    assert (error["record"], error["line"]) == ("iteration 2", 4)
    assert [path for path in worker.folder.rglob("*") if path.is_file()] == []
    assert worker.task(**task(0, 4), limits={"skipRecords": 1})["counters"]["skipped"] == 1


def test_files_as_work(worker: Worker, tmp_path: Path) -> None:
    paths = [tmp_path / f"{i}.txt" for i in range(5)]
    for i, path in enumerate(paths):
        path.write_text("x" * i)
    files = [whole(path) for path in paths]
    worker.job("def task(item):\n    return [item.name, len(item.read_text())]")
    assert values(worker.task(**task(1, 2, files=files[1:3]))) == [["1.txt", 1], ["2.txt", 2]]
    manifest = worker.folder / "manifest/files.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text(json.dumps(files))
    assert values(worker.task(**task(3, 2, manifest="manifest/files.json"), part=1)) == [["3.txt", 3], ["4.txt", 4]]
    paths[4].write_text("changed")
    assert worker.task(**task(3, 2, manifest="manifest/files.json"), part=2)["error"]["class"] == "input"
    worker.job("def task(item, ctx):\n    return ctx.files[0].name")
    assert values(worker.task(**task(0, 2, common=files[:1]), part=3)) == ["0.txt", "0.txt"]


def test_shell_bodies(worker: Worker, tmp_path: Path) -> None:
    path = tmp_path / "a b.txt"
    path.write_text("one\ntwo\n")
    worker.job(
        'echo noise; cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/copy-$FIRST"; wc -l < "$INPUT_FILE_PATH"', language="shell"
    )
    answer = worker.task(**task(4, 1, files=[whole(path)], shell=True))
    assert values(answer) == [2]
    assert (worker.folder / "out/copy-4").read_text() == "one\ntwo\n"
    worker.job('echo "{\\"first\\": $FIRST, \\"count\\": $COUNT}"; echo', language="shell")
    assert values(worker.task(**task(4, 6, shell=True), part=1)) == [{"first": 4, "count": 6}]
    worker.job("echo broken >&2; exit 3", language="shell")
    error = worker.task(**task(0, 1, shell=True), part=2)["error"]
    assert error["class"] == "user"
    assert "exit code 3" in error["message"]
    assert "broken" in error["message"]


GRAINS = "def task(first, count, ctx):\n    return [first, count, ctx.rng.random()]"


def test_a_call_for_each_grain_wherever_ranges_are_cut(worker: Worker) -> None:
    worker.job(GRAINS)
    whole_range = values(worker.task(**task(0, 10, grain=4)))
    assert [one[:2] for one in whole_range] == [[0, 4], [4, 4], [8, 2]]
    assert values(worker.task(**task(0, 4, grain=4), part=1)) + values(worker.task(**task(4, 6, grain=4), part=2)) == (
        whole_range
    )


def test_half_a_grain_does_not_count(worker: Worker) -> None:
    worker.job("import time\ndef task(first, count, ctx):\n    for i in ctx.iterations():\n        time.sleep(0.005)")
    id = worker.start(**task(0, 100_000, grain=50))
    while worker.frame()["type"] != "progress":
        continue
    worker.send({"type": "stop", "id": id})
    answer = worker.wait(id)
    assert answer["done"] % 50 == 0
    assert answer["done"] > 0
    # Neighbours without a value are told together, but for those that were told before.
    assert sum(one["count"] for one in answer["values"]) == answer["done"]


def test_what_is_finished_is_told_unless_there_are_files(worker: Worker) -> None:
    worker.job("import time\ndef task(item, ctx):\n    time.sleep(0.01)\n    return item")
    id = worker.start(**task(100, 250))
    told: list[Any] = []
    while True:
        frame = worker.frame()
        if frame["type"] == "done":
            break
        told += frame.get("kept", {}).get("values", [])
        if "kept" in frame:
            assert told[-1]["first"] == 99 + frame["kept"]["count"]
    assert frame["id"] == id
    assert [one["value"] for one in told] == list(range(100, 100 + len(told)))
    assert len(told) > 100
    worker.job(
        "import time\ndef task(item, ctx):\n    time.sleep(0.01)\n    (ctx.out / str(item)).write_text('')\n    return item"
    )
    worker.start(**task(0, 150), part=1)
    while frame["type"] != "done" or frame["id"] == id:
        frame = worker.frame()
        assert "kept" not in frame
