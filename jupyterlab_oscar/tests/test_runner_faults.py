"""What user code can do to a worker, and what files can: a clear error, and a worker that goes on or is seen to be gone."""

from __future__ import annotations

import base64
import os
import pickle
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .runner_driver import COUNT_WORDS, Worker, text, whole


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    made = Worker(tmp_path / "store")
    yield made
    made.close()


def htc(worker: Worker, source: str, count: int = 1, **more: Any) -> dict[str, Any]:
    """One range of a task."""
    answer = worker.job(source)
    assert "error" not in answer, answer
    return worker.task(**range_of(count), **more)


def range_of(count: int) -> dict[str, Any]:
    return {"phase": "htc", "first": 0, "count": count, "seed": 1, "total": count, "shell": False, "divisible": True}


def test_it_says_who_it_is(worker: Worker) -> None:
    assert worker.ready["type"] == "ready"
    assert worker.ready["nonce"] == "nonce"
    assert worker.ready["pid"] == worker.process.pid


def test_sys_exit_is_an_error_of_the_user(worker: Worker) -> None:
    error = htc(worker, "import sys\ndef task(n):\n    sys.exit(3)\n")["error"]
    assert (error["class"], error["type"], error["line"]) == ("user", "SystemExit", 3)
    assert "sys.exit" in error["message"]
    assert htc(worker, "def task(n):\n    return n\n", 2)["done"] == 2


@pytest.mark.parametrize("end", ["return 0", "raise ValueError(1)", "sys.exit(1)", "print('child')"])
def test_a_fork_that_comes_back_does_not_answer(worker: Worker, end: str) -> None:
    source = (
        "import os, sys\ndef task(n):\n    child = os.fork()\n    if child == 0:\n"
        f"        {end}\n        return 'child'\n    os.waitpid(child, 0)\n    return 'parent'\n"
    )
    answer = htc(worker, source, 3)
    assert [one["value"] for one in answer["values"]] == ["parent"] * 3
    assert htc(worker, "def task(n):\n    return n\n", 2)["done"] == 2


def test_a_pool_of_processes_in_user_code(worker: Worker) -> None:
    source = (
        "import multiprocessing, math\ndef task(n):\n    with multiprocessing.get_context('fork').Pool(2) as pool:\n"
        "        return pool.map(math.sqrt, [1.0, 4.0])\n"
    )
    assert htc(worker, source)["values"][0]["value"] == [1.0, 2.0]


def test_frames_are_not_for_programs_that_the_code_starts(worker: Worker) -> None:
    source = "import subprocess\ndef task(n):\n    return subprocess.run('echo x >&4', shell=True, close_fds=False, capture_output=True).returncode\n"
    assert htc(worker, source)["values"][0]["value"] != 0


def test_much_output_does_not_block_the_frames(worker: Worker) -> None:
    source = "def task(n):\n    for _ in range(300):\n        print('x' * (1 << 20))\n    return n\n"
    assert htc(worker, source, limits={"skipRecords": 0})["done"] == 1


def test_what_was_printed_comes_before_the_answer(worker: Worker) -> None:
    htc(worker, "def task(n):\n    print('here it is', end='')\n")
    deadline = time.monotonic() + 5
    while b"here it is" not in worker.printed and time.monotonic() < deadline:
        time.sleep(0.01)
    assert b"here it is" in worker.printed


def test_too_much_memory(worker: Worker) -> None:
    worker.job("def task(n):\n    x = []\n    while True:\n        x.append(bytearray(b'x') * (1 << 20))\n")
    answer = worker.task(**range_of(1), limits={"memory": 200 << 20, "skipRecords": 0})
    assert answer["error"]["class"] == "memory"
    assert "200 MiB" in answer["error"]["message"]


def test_too_much_memory_while_no_python_runs(worker: Worker) -> None:
    worker.job("import time\ndef task(n):\n    x = b'x' * (600 << 20)\n    time.sleep(60)\n")
    answer = worker.task(**range_of(1), limits={"memory": 200 << 20, "skipRecords": 0})
    assert answer["error"]["class"] == "memory"
    assert worker.process.wait(10) == 137


def test_a_part_that_takes_too_long(worker: Worker) -> None:
    worker.job("import time\ndef task(n):\n    while True:\n        time.sleep(0.01)\n")
    error = worker.task(**range_of(1), limits={"seconds": 0.5, "skipRecords": 0})["error"]
    assert (error["class"], error["line"]) == ("timeout", 4)
    assert htc(worker, "def task(n):\n    return n\n", 2)["done"] == 2


def test_code_that_catches_everything_is_ended_with_the_worker(worker: Worker) -> None:
    worker.job(
        "import time\ndef task(n):\n    while True:\n        try:\n            time.sleep(0.01)\n        except BaseException:\n            pass\n"
    )
    assert worker.task(**range_of(1), limits={"seconds": 0.3, "skipRecords": 0})["error"]["class"] == "timeout"
    assert worker.process.wait(10) == 124


def test_an_interrupt_ends_the_part_and_not_the_worker(worker: Worker) -> None:
    worker.job("import time\ndef task(n):\n    time.sleep(60)\n")
    id = worker.start(**range_of(1))
    while worker.frame()["type"] != "progress":
        continue
    os.kill(worker.process.pid, signal.SIGINT)
    assert worker.wait(id)["error"]["type"] == "KeyboardInterrupt"
    os.kill(worker.process.pid, signal.SIGINT)
    assert htc(worker, "def task(n):\n    return n\n", 2)["done"] == 2


def test_a_crash_is_the_end_of_the_worker(worker: Worker) -> None:
    worker.job("import ctypes\ndef task(n):\n    ctypes.string_at(0)\n")
    worker.start(**range_of(1))
    with pytest.raises(EOFError):
        while True:
            worker.frame()
    assert worker.process.returncode == -signal.SIGSEGV


def test_progress_comes_every_second(worker: Worker) -> None:
    worker.job("import time\ndef task(first, count, ctx):\n    for i in ctx.iterations():\n        time.sleep(0.01)\n")
    answer = worker.task(**range_of(250))
    assert answer["done"] == 250
    assert len(worker.progress) >= 2
    assert 0 < worker.progress[0]["done"] < 250
    assert worker.progress[0]["memory"] > 1 << 20


def test_the_input_changes_while_it_is_read(worker: Worker, tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_text("a b\n" * 1000)
    source = COUNT_WORDS.replace("return [(word", f"open({str(path)!r}, 'a').write('x')\n    return [(word")
    worker.job(source)
    answer = worker.task(phase="map", input=[whole(path)], format=text(), combiner="none", reducers=1)
    assert answer["error"]["class"] == "input"
    assert not (worker.folder / "shuffle/map-0").exists()


def test_a_store_that_cannot_be_written(worker: Worker, tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_text("a b\n")
    (tmp_path / "store").write_text("a file where a folder should be")
    worker.job(COUNT_WORDS)
    answer = worker.task(phase="map", input=[whole(path)], format=text(), combiner="none", reducers=1)
    assert answer["error"]["class"] == "output"


def test_a_full_disk(worker: Worker, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    path = tmp_path / "in.txt"
    path.write_text("a b\n")
    shuffle = tmp_path / "store/shuffle"
    shuffle.mkdir(parents=True)
    (shuffle / "map-0.0.tmp").symlink_to("/dev/full")
    worker.job(COUNT_WORDS)
    answer = worker.task(phase="map", input=[whole(path)], format=text(), combiner="none", reducers=1)
    assert (answer["error"]["class"], answer["error"]["type"]) == ("output", "DiskFull")


@pytest.mark.parametrize(
    ("source", "kind", "line"),
    [
        ("def mapper(\n", "SyntaxError", 7),
        ("\nimport nothing_of_this_name\n", "ModuleNotFoundError", 8),
        ("def setup():\n    1 / 0\n", "ZeroDivisionError", 8),
    ],
)
def test_code_that_cannot_be_loaded(worker: Worker, source: str, kind: str, line: int) -> None:
    answer = worker.job(source, line=7)
    assert (answer["error"]["class"], answer["error"]["type"], answer["error"]["line"]) == ("user", kind, line)
    assert worker.task(**range_of(1))["error"]["type"] == kind


def test_packages_and_variables(worker: Worker) -> None:
    error = worker.job("", packages=["json", "no_such_package"])["error"]
    assert (error["class"], error["type"]) == ("user", "ModuleNotFoundError")
    assert "no_such_package" in error["message"]
    assert "json" not in error["message"]
    variable = {"factor": base64.b64encode(pickle.dumps(7)).decode()}
    assert "error" not in worker.job(
        "def setup():\n    global more\n    more = factor + 1\ndef task(n):\n    return n * more\n",
        **{"with": variable},
    )
    assert [one["value"] for one in worker.task(**range_of(3))["values"]] == [0, 8, 16]
    error = worker.job("", **{"with": {"broken": base64.b64encode(b"cnowhere\nThing\n.").decode()}})["error"]
    assert "`broken`" in error["message"]


def test_jobs_have_namespaces_of_their_own(worker: Worker) -> None:
    worker.job("x = 1\ndef task(n):\n    return x\n", job="one")
    worker.job("x = 2\ndef task(n):\n    return x\n", job="two")
    assert [worker.task(job=job, **range_of(1))["values"][0]["value"] for job in ("one", "two", "one")] == [1, 2, 1]
    worker.send({"type": "forget", "job": "one"})
    assert worker.task(job="one", **range_of(1))["error"]["class"] == "lost"


def test_a_bridge_that_is_gone_ends_the_worker(tmp_path: Path) -> None:
    worker = Worker(tmp_path)
    worker.job("import time\ndef task(n):\n    time.sleep(60)\n")
    worker.start(**range_of(1))
    os.close(worker._out)
    assert worker.process.wait(10) == 0
    worker._out = os.dup(0)
    worker.close()
