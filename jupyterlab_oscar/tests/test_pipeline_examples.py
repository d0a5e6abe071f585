"""The pipelines of the examples run to their end on embedded clusters, and make what running their files by hand makes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from jupyterlab_oscar import _meta

from .clusters import CommandLine, served, wait_ready

EXAMPLES = _meta.PACKAGE.parent / "examples"


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """The command line with three more clusters: one that behaves as OSCAR does, one at the edge, one in the cloud."""
    home = tmp_path_factory.mktemp("home")
    made = CommandLine(home)
    # Environments of examples are made once for a machine, as for a user.
    made.env["XDG_CACHE_HOME"] = os.environ.get("XDG_CACHE_HOME", str(Path(os.environ["HOME"]) / ".cache"))
    shutil.copytree(EXAMPLES, home / "examples")
    with ExitStack() as stack:
        stack.callback(made.end)
        for name, options in {"strict": ["--strict"], "edge": [], "cloud": []}.items():
            line = stack.enter_context(served(made, "--data", str(home / name), *options))
            words = ("clusters", "add", name, line["endpoint"], "--user", line["user"], "--password-stdin")
            added = made(*words, stdin=line["password"].encode())
            assert added.status == 0, added
        for name in ("local", "strict", "edge", "cloud"):
            wait_ready(made, name)
        yield made


def _run(command: CommandLine, name: str, cluster: str, *words: str) -> dict[str, Any]:
    file = command.home / "examples" / "pipelines" / name / f"{name}.pipeline"
    process = command.start("pipeline", "run", str(file), "--cluster", cluster, *words, "--json")
    out, err = process.communicate(timeout=280)
    assert process.returncode == 0, (out, err)
    run = json.loads(out)
    assert [node["state"] for node in run["nodes"]] == ["done"] * len(run["nodes"]), run
    return run


def _artifact(command: CommandLine, run: dict[str, Any], label: str, name: str) -> bytes:
    node = next(one for one in run["nodes"] if one["label"] == label)
    file = next(one for one in node["artifacts"] if one["name"] == name)
    done = command("get", f"{file['bucket']}/{file['key']}", "-", "--cluster", node["cluster"])
    assert done.status == 0, done
    return done.out


# One process for all: what runs notebooks takes seconds to load. Each has a kernel of its own all the same.
BY_HAND = """
import subprocess, sys
import nbformat
from nbclient import NotebookClient
for file in sys.argv[1:]:
    if file.endswith(".ipynb"):
        notebook = nbformat.read(file, as_version=4)
        NotebookClient(notebook, timeout=None, resources={"metadata": {"path": "."}}).execute()
        nbformat.write(notebook, file)
    else:
        subprocess.run([sys.executable, file], check=True)
"""


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Notebooks and scripts run one after another in one folder, as a person would; each pipeline once."""

    @cache
    def run(name: str) -> Path:
        files, parameters, _ = HAND[name]
        target = tmp_path_factory.mktemp("hand") / name
        shutil.copytree(EXAMPLES / "pipelines" / name, target)
        done = subprocess.run(
            [sys.executable, "-c", BY_HAND, *files],
            cwd=target,
            env={**os.environ, **parameters},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return target

    return run


HAND = {
    "measurements": (
        ["clean.ipynb", "summarise.ipynb", "draw.ipynb"],
        {"limit": "12.5"},
        {"Clean": "clean.csv", "Summarise": "summary.json", "Draw": "chart.svg"},
    ),
    "words": (
        ["prepare.py", "frequent.ipynb", "lengths.ipynb", "report.ipynb"],
        {"top": "4"},
        {"Frequent words": "frequent.json", "Word lengths": "lengths.json", "Report": "report.md"},
    ),
}


@pytest.mark.parametrize("cluster", ["local", pytest.param("strict", marks=pytest.mark.thorough)])
@pytest.mark.parametrize("name", HAND)
def test_as_by_hand(command: CommandLine, by_hand: Callable[[str], Path], name: str, cluster: str) -> None:
    files, parameters, outputs = HAND[name]
    words = [word for key, value in parameters.items() for word in ("--param", f"{key}={value}")]
    run = _run(command, name, cluster, *words)
    hand = by_hand(name)
    for label, file in outputs.items():
        assert _artifact(command, run, label, file) == (hand / file).read_bytes()
    executed = [one["notebook"] for one in run["nodes"] if one["kind"] == "notebook"]
    assert executed == [file for file in files if file.endswith(".ipynb")]


def _packages_of_ocr(command: CommandLine) -> Path:
    """The Python packages that the local cluster has made for ocr."""
    cache = Path(command.env["XDG_CACHE_HOME"]) / "jupyterlab-oscar" / "environments"
    found = [place.parent for place in cache.glob("*/lib/python*/site-packages/rapidocr")]
    assert found, f"no environment with rapidocr below {cache}"
    return max(found, key=lambda place: place.stat().st_mtime)


@pytest.mark.parametrize("cluster", ["local", "strict"])
def test_a_service_among_the_nodes(command: CommandLine, cluster: str) -> None:
    ocr = command.home / "examples" / "services" / "ocr" / "fdl.yaml"
    applied = command("apply", str(ocr), "--cluster", "local")
    assert applied.status == 0, applied
    if cluster == "strict":
        # It makes no environments, as OSCAR makes none: what the image would bring is lent by the local cluster.
        lent = f"environment: {{variables: {{PYTHONPATH: '{_packages_of_ocr(command)}'}}}}"
        text = ocr.read_text()
        assert text.count("      log_level: CRITICAL\n") == 1
        other = ocr.with_name("strict.yaml")
        other.write_text(text.replace("      log_level: CRITICAL\n", f"      log_level: CRITICAL\n      {lent}\n"))
        applied = command("apply", str(other), "--cluster", "strict")
        assert applied.status == 0, applied
    run = _run(command, "read-pages", cluster)
    index = json.loads(_artifact(command, run, "Index", "index.json"))
    assert len(index) > 5
    # What was read bears the name of the page that was sent.
    assert {page for pages in index.values() for page in pages} == {"page"}


def test_edge_and_cloud(command: CommandLine) -> None:
    ocr = str(command.home / "examples" / "services" / "ocr" / "fdl.yaml")
    applied = command("apply", ocr, "--cluster", "cloud")
    assert applied.status == 0, applied
    run = _run(command, "continuum", "cloud")
    assert [node["cluster"] for node in run["nodes"]] == ["edge", "cloud", "cloud"]
    log = _artifact(command, run, "Choose and grey", "filter.log").decode()
    assert "page.png" in log
    assert "rocket.jpg" in log
    texts = _artifact(command, run, "Collect", "texts.md").decode()
    assert texts.startswith("## page")
    assert "rocket" not in texts
