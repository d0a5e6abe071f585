"""A pipeline of the examples as functions of AWS: converted, deployed and run on the emulator, with the result of before."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyterlab_oscar import _meta

from .clusters import CommandLine
from .servers import wait_for
from .test_pipeline_examples import BY_HAND, HAND

EXAMPLES = _meta.PACKAGE.parent / "examples" / "pipelines"


@pytest.fixture
def command(tmp_path: Path) -> Iterator[CommandLine]:
    """The command line, and its bridge with the emulator."""
    made = CommandLine(tmp_path / "made")
    shutil.copytree(EXAMPLES / "words", tmp_path / "words")
    try:
        used = made("scar", "config", "--emulator")
        assert used.status == 0, used
        yield made
    finally:
        made.end()


def _keys(command: CommandLine, place: str) -> set[str]:
    listed = command("scar", "ls", "-b", place, "--json")
    assert listed.status == 0, listed
    return {item["key"] for item in json.loads(listed.out)["items"]}


def test_fan_out_and_join(command: CommandLine, tmp_path: Path) -> None:
    pipeline = tmp_path / "words" / "words.pipeline"
    made = command("pipeline", "convert", pipeline, "--target", "scar", "-o", tmp_path / "out")
    assert made.status == 0, made
    deployed = command("scar", "init", "-f", tmp_path / "out" / "fdl.yaml", "--json")
    assert deployed.status == 0, deployed
    # The report's bucket is written to by two functions and read by one: it is made once.
    steps = [(step["kind"], step["name"]) for step in json.loads(deployed.out)["steps"]]
    assert len(steps) == len(set(steps))
    names = [item["name"] for item in json.loads(command("scar", "ls", "--json").out)["items"]]
    assert len(names) == 4
    first, report = (next(name for name in names if f"-{word}-" in name) for word in ("prepare", "report"))

    again = json.loads(command("scar", "plan", "-f", tmp_path / "out" / "fdl.yaml", "--json").out)
    assert {step["action"] for step in again["steps"]} == {"keep"}, again["steps"]

    for run in ("one", "two"):
        (tmp_path / f"{run}.json").write_text(json.dumps({"run": run, "parameters": {}}))
        put = command("scar", "put", "-b", f"{first}/in", "-p", tmp_path / f"{run}.json")
        assert put.status == 0, put
    wanted = {
        f"out/run/{run}/{name}" for run in ("one", "two") for name in ("_status.json", "report.md", "report.ipynb")
    }
    try:
        wait_for(lambda: wanted <= _keys(command, report), 200, "the reports of both runs did not come")
    except AssertionError as error:
        said = [
            f"{name}: {sorted(_keys(command, name))}\n{command('scar', 'log', '-n', name).out.decode()}"
            for name in names
        ]
        raise AssertionError("\n".join([str(error), *said])) from None

    got = command("scar", "get", "-b", f"{report}/out", "-p", tmp_path / "got")
    assert got.status == 0, got
    texts = {path.parent.name: path.read_text() for path in (tmp_path / "got").rglob("report.md")}
    hand = [sys.executable, "-c", BY_HAND, *HAND["words"][0]]
    subprocess.run(hand, cwd=tmp_path / "words", env={**os.environ, "top": "10"}, check=True, capture_output=True)
    assert texts == dict.fromkeys(("one", "two"), (tmp_path / "words" / "report.md").read_text())

    gone = command("scar", "rm", "-f", tmp_path / "out" / "fdl.yaml", "-y")
    assert gone.status == 0, gone
    assert json.loads(command("scar", "ls", "--json").out)["items"] == []
    assert "out/run/one/report.md" in _keys(command, report)
