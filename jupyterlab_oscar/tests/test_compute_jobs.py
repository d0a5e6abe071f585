"""``%%mapreduce``, ``%%htc``, ``%jobs``, their functions and verbs, with the real bridge and real workers."""

from __future__ import annotations

import io
import json
import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

import jupyterlab_oscar as oscar
from jupyterlab_oscar import client
from jupyterlab_oscar.compute import ComputeJob
from jupyterlab_oscar.tests.clusters import CommandLine
from jupyterlab_oscar.tests.notebooks import shell_with_magics, use_folders_of
from jupyterlab_oscar.tests.servers import wait_for

WORDS = ["the", "cat", "ñandú", "世界", "a,b", "dog\u2028", "", "the"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    line = CommandLine(tmp_path_factory.mktemp("home"))
    try:
        yield line
    finally:
        line.end()


@pytest.fixture(autouse=True)
def same_bridge(home: CommandLine, own_folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_folders_of(home, monkeypatch)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    monkeypatch.chdir(tmp_path)
    with shell_with_magics() as shell:
        yield shell


def run(shell: InteractiveShell, cell: str) -> tuple[Any, str]:
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        done = shell.run_cell(cell, store_history=True)
    assert done.success, out.getvalue()
    return done.result, out.getvalue()


def fails(shell: InteractiveShell, cell: str) -> tuple[BaseException, str]:
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        done = shell.run_cell(cell, store_history=True)
    error = done.error_in_exec or done.error_before_exec
    assert error is not None, out.getvalue()
    return error, out.getvalue()


@pytest.fixture
def text(tmp_path: Path) -> tuple[Path, Counter[str]]:
    """A file of words, and how many there are of each."""
    chance = random.Random(7)
    lines = [" ".join(chance.choices(WORDS, k=chance.randrange(9))) for _ in range(4_000)]
    file = tmp_path / "words.txt"
    file.write_text("\n".join(lines))
    return file, Counter(word for line in lines for word in line.split())


def word_pairs(line: str) -> Iterator[tuple[str, int]]:
    for word in line.split():
        yield word, 1


def total(key: str, values: Iterator[int]) -> int:
    return sum(values)


def test_functions_over_a_file(text: tuple[Path, Counter[str]]) -> None:
    file, counts = text
    job = oscar.map_reduce(word_pairs, total, file)
    assert job.status == "succeeded"
    assert job.to_dict() == counts
    assert len(job) == len(counts) == len(job.result())
    assert job.to_pandas().set_index("key")["value"].to_dict() == counts
    assert "succeeded" not in repr(job)
    assert job._repr_mimebundle_()["text/html"].startswith("<div")
    assert "<rect" in job.plot().svg()


def test_the_shapes_of_functions_agree(text: tuple[Path, Counter[str]]) -> None:
    file, counts = text

    def chunk_pairs(chunk: str) -> list[tuple[str, int]]:
        return [(word, 1) for word in chunk.split()]

    def marla(pairs: list[Any]) -> list[Any]:
        sums: dict[str, int] = {}
        for key, value in pairs:
            sums[key] = sums.get(key, 0) + int(value)
        return [[key, value] for key, value in sums.items()]

    for mapper, reducer in ((chunk_pairs, marla), (lambda chunk: Counter(chunk.split()), total), (word_pairs, marla)):
        job = oscar.map_reduce(mapper, reducer, file, reducers=3, mappers=5)
        assert job.to_dict() == counts, mapper


def test_order_and_top(text: tuple[Path, Counter[str]]) -> None:
    file, counts = text
    by_key = oscar.map_reduce(word_pairs, total, file, sort="key", reducers=2).result()
    assert [key for key, _ in by_key] == sorted(counts)
    top = oscar.map_reduce(word_pairs, total, file, top=2).result()
    assert [value for _, value in top] == sorted(counts.values(), reverse=True)[:2]


def test_without_a_reducer_the_pairs_are_the_result(text: tuple[Path, Counter[str]]) -> None:
    file, counts = text
    pairs = oscar.map_reduce(word_pairs, None, file, reducers=2).result()
    assert Counter(key for key, _ in pairs) == counts
    assert {value for _, value in pairs} == {1}


def test_inputs_of_many_kinds(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt", "c.md"):
        (tmp_path / name).write_text(f"{name} x\n")
    (tmp_path / "t.csv").write_text('name,n\n"a\nb",2\nc,3\n')
    assert oscar.map_reduce(word_pairs, total, str(tmp_path / "*.txt")).to_dict() == {"a.txt": 1, "b.txt": 1, "x": 2}
    csv = oscar.map_reduce(lambda line: [(line["name"], int(line["n"]))], total, tmp_path / "t.csv")
    assert csv.to_dict() == {"a\nb": 2, "c": 3}
    (tmp_path / "empty.txt").write_text("")
    assert oscar.map_reduce(word_pairs, total, tmp_path / "empty.txt").to_dict() == {}


def test_results_go_to_a_folder_and_do_not_replace_one(text: tuple[Path, Counter[str]], tmp_path: Path) -> None:
    file, counts = text
    out = tmp_path / "out"
    job = oscar.map_reduce(word_pairs, total, file, output=out)
    assert job.to_dict() == counts
    assert any(out.iterdir())
    with pytest.raises(oscar.OscarError):
        oscar.map_reduce(word_pairs, total, file, output=out)
    saved = job.save(tmp_path / "copy")
    assert saved
    assert all(path.stat().st_size > 0 for path in saved)


def test_iterations_are_each_done_once() -> None:
    def task(first: int, count: int) -> list[int]:
        return list(range(first, first + count))

    job = oscar.htc(task, 10_000)
    assert [number for values in job.result() for number in values] == list(range(10_000))


def test_one_task_a_file(tmp_path: Path) -> None:
    for n in range(5):
        (tmp_path / f"{n}.txt").write_text("x" * n)
    job = oscar.htc(lambda item: len(open(item).read()), files=sorted(tmp_path.glob("*.txt")))  # noqa: SIM115, PTH123
    assert job.result() == [0, 1, 2, 3, 4]


def test_the_users_lines_come_first_when_a_task_fails(shell: InteractiveShell, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("1\n2\nx\n")
    error, shown = fails(
        shell, "%%mapreduce in.txt\ndef mapper(line):\n    yield int(line), 1\ndef reducer(key, values):\n    return 1"
    )
    assert isinstance(error, oscar.ComputeFailed)
    assert error.error is not None
    assert error.error["type"] == "ValueError"
    assert "<cell In[1]>" in shown
    assert "line 3" in shown
    assert "jupyterlab_oscar/" not in shown


def test_a_cell_takes_variables_along_and_binds_the_job(
    shell: InteractiveShell, text: tuple[Path, Counter[str]]
) -> None:
    run(shell, "import re\nSTOP = {'the'}\ndef clean(word):\n    return None if word in STOP else word.upper()")
    cell = """%%mapreduce words.txt -o words --top 3
def mapper(line):
    for word in line.split():
        if clean(word):
            yield clean(word), 1
def reducer(key, values):
    return sum(values)"""
    value, printed = run(shell, cell)
    assert isinstance(value, ComputeJob)
    assert shell.user_ns["words"] is value
    counts = Counter({key.upper(): count for key, count in text[1].items() if key != "the"})
    assert [count for _, count in value.result()] == [count for _, count in counts.most_common(3)]
    assert "Traceback" not in printed


def test_what_functions_print_is_shown(shell: InteractiveShell) -> None:
    value, printed = run(shell, "%%htc --iterations 3\ndef task(item):\n    print('item', item)\n    return item")
    assert value.result() == [0, 1, 2]
    assert printed.count("item") >= 3


def test_a_shell_body(shell: InteractiveShell) -> None:
    value, _ = run(shell, "%%htc --shell --iterations 4 --balance fixed --init-workers 2\necho $((FIRST + COUNT))")
    assert [item["value"] for item in value][-1] == 4


def test_job_files_of_tascaas_and_marla(
    shell: InteractiveShell, home: CommandLine, text: tuple[Path, Counter[str]], tmp_path: Path
) -> None:
    (tmp_path / "pi.config").write_text('{"iterations": 20, "time": -1, "initWorkers": 5, "inputFile": "in.txt"}')
    (tmp_path / "in.txt").write_text("the input")
    shell.user_ns["SCALE"] = 2
    cell = "from __future__ import annotations\ndef task(first: int, count: int, ctx: Unknown):\n    return [ctx.files[0].read_text(), SCALE * count]\n"
    job, _ = run(shell, "%%htc --config pi.config\n" + cell)
    assert [item["value"] for item in job] == [["the input", 8]] * 5
    (tmp_path / "config.in").write_text("ClusterName: words\nMapperNodes: 3\nReducersNumber: 2\nRegion: us-east-1\n")
    script = tmp_path / "count.py"
    script.write_text(
        "def mapper(line):\n    yield len(line.split()), 1\n\ndef reducer(key, values):\n    return sum(values)\n"
    )
    record = home.json("map-reduce", script, text[0], "--config", tmp_path / "config.in")
    assert (record["state"], record["name"]) == ("succeeded", "words")
    assert [phase["parts"]["total"] for phase in record["phases"]] == [3, 2]
    assert any("Region" in note for note in record["notes"])


def test_mistakes_in_the_words_are_usage(shell: InteractiveShell) -> None:
    error, shown = fails(shell, "%%mapreduce x --sort upwards\ndef mapper(line): return []")
    assert "UsageError" in type(error).__name__ or "invalid choice" in shown
    assert "invalid choice" in shown
    _, shown = fails(
        shell, "%%mapreduce missing-file.txt\ndef mapper(line): return []\ndef reducer(k, values): return 1"
    )
    assert "missing-file.txt" in shown


def test_an_interrupt_cancels_the_job(shell: InteractiveShell) -> None:
    cell = "%%htc --iterations 4 -o slow\nimport time\ndef task(item):\n    time.sleep(60)"
    threading.Timer(3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    error, _ = fails(shell, cell)
    assert isinstance(error, KeyboardInterrupt)
    job = shell.user_ns["slow"]
    wait_for(lambda: job.update() or job.status == "cancelled", message="it goes on")


def test_jobs_of_a_kernel_that_is_gone(shell: InteractiveShell, home: CommandLine, tmp_path: Path) -> None:
    job = oscar.htc(lambda item: item * 2, 50, wait=False, name="left behind")
    client._default = None  # what a new kernel knows
    found, _ = run(shell, f"%jobs wait {job.id}")
    assert found.result() == [2 * item for item in range(50)]
    listed, _ = run(shell, "%jobs")
    assert job.id in [item["id"] for item in listed]
    record = home.json("job", "show", job.id)
    assert (record["kind"], record["state"], record["name"]) == ("htc", "succeeded", "left behind")
    assert job.id in [item["id"] for item in home.json("jobs")["items"]]


def test_who_waits_does_not_notice_that_the_bridge_was_killed(home: CommandLine) -> None:
    import time

    def task(item: int) -> int:
        time.sleep(0.1)
        return item

    task.__module__ = "__main__"
    job = oscar.htc(task, 60, wait=False, fresh=True)

    def begun() -> bool:
        job.update()
        return any(phase["done"] > 4 for phase in job.record["phases"])

    wait_for(begun, 60)
    (file,) = (home.home / "runtime").glob("jupyterlab-oscar-bridge-*.json")
    pid = json.loads(file.read_text())["pid"]
    threading.Timer(0.5, lambda: os.kill(pid, signal.SIGKILL)).start()
    assert job.wait().result() == list(range(60))


def test_scripts_from_the_command_line(home: CommandLine, text: tuple[Path, Counter[str]], tmp_path: Path) -> None:
    script = tmp_path / "count.py"
    script.write_text(
        "def mapper(line):\n    for word in line.split():\n        yield word, 1\n\n\ndef reducer(key, values):\n    return sum(values)\n"
    )
    out = tmp_path / "result"
    record = home.json("map-reduce", script, text[0], "-o", out)
    assert record["state"] == "succeeded"
    assert record["results"] == len(text[1])
    done = home("job", "result", record["id"])
    assert done.status == 0
    assert f"cat\t{text[1]['cat']}" in done.out.decode()
    script.write_text(
        "def mapper(line):\n    raise RuntimeError('never')\n\n\ndef reducer(key, values):\n    return 1\n"
    )
    failed = home("map-reduce", script, text[0])
    assert failed.status == 1
    assert "never" in failed.out.decode() + failed.err


def test_the_same_key_is_the_same_job() -> None:
    first = oscar.htc(lambda item: item, 3, idempotency_key="a-key-of-its-own")
    again = oscar.htc(lambda item: item, 3, idempotency_key="a-key-of-its-own")
    assert first.id == again.id
