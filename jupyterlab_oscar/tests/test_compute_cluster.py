"""A job on a cluster that is a process of its own, and a bridge that is killed in the middle."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyterlab_oscar.tests.clusters import CommandLine, served, wait_ready
from jupyterlab_oscar.tests.servers import wait_for

SLOW = """
import time

def task(item):
    time.sleep(0.6)
    return item * item
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[CommandLine]:
    line = CommandLine(tmp_path / "home")
    try:
        yield line
    finally:
        line.end()


def bridge_of(home: CommandLine) -> int:
    (file,) = (home.home / "runtime").glob("jupyterlab-oscar-bridge-*.json")
    return int(json.loads(file.read_text())["pid"])


def add(home: CommandLine, ready: dict[str, Any]) -> None:
    added = home(
        *("clusters", "add", "mine", ready["endpoint"], "--user", ready["user"], "--password-stdin"),
        stdin=ready["password"].encode(),
    )
    assert added.status == 0, added
    wait_ready(home, "mine")


@pytest.mark.parametrize("strict", [pytest.param(False, marks=pytest.mark.thorough), True])
def test_a_job_outlives_the_bridge_that_began_it(home: CommandLine, tmp_path: Path, strict: bool) -> None:
    script = tmp_path / "slow.py"
    script.write_text(SLOW)
    more = ["--strict"] if strict else []
    with served(home, "--data", str(tmp_path / "cluster"), "--runtime", "process", "--cpus", "4", *more) as ready:
        add(home, ready)
        words = ["--iterations", "40", "--balance", "fixed", "--init-workers", "2", "--engine", "oscar:mine"]
        begun = home.json("htc", script, *words, "--no-wait")

        def record() -> dict[str, Any]:
            found: dict[str, Any] = home.json("job", "show", begun["id"])
            assert found["state"] not in ("failed", "cancelled"), found
            return found

        wait_for(lambda: any(phase["parts"]["running"] > 0 for phase in record()["phases"]), 90, message="nothing runs")
        killed = bridge_of(home)
        os.kill(killed, signal.SIGKILL)
        wait_for(lambda: record()["state"] == "succeeded", 120, message="it does not go on")
        assert bridge_of(home) != killed
        result = home.json("job", "result", begun["id"])
        assert [item["value"] for item in result["items"]] == [item * item for item in range(40)]
        # What ran was waited for, not begun anew.
        assert [(phase["parts"]["done"], phase["parts"]["failed"]) for phase in result["phases"]] == [(2, 0)]
