"""The example notebooks of MapReduce and high-throughput jobs, executed as they are."""

from __future__ import annotations

import ast
import csv
import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from jupyterlab_oscar import _meta
from jupyterlab_oscar.tests.clusters import CommandLine

EXAMPLES = _meta.PACKAGE.parent / "examples"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    line = CommandLine(tmp_path_factory.mktemp("home"))
    try:
        yield line
    finally:
        line.end()


class Run:
    """An executed copy of a notebook, in a folder of its own."""

    def __init__(self, name: str, folder: Path, home: CommandLine) -> None:
        self.folder = folder / "notebooks"
        shutil.copytree(EXAMPLES / "data", folder / "data")
        self.folder.mkdir()
        self.notebook = nbformat.read(EXAMPLES / "notebooks" / f"{name}.ipynb", as_version=4)
        # The kernel has %%mapreduce without asking, as where the package is installed.
        load = nbformat.v4.new_code_cell("%load_ext jupyterlab_oscar")
        self.notebook.cells.insert(0, load)
        client = NotebookClient(self.notebook, timeout=120, resources={"metadata": {"path": str(self.folder)}})
        client.execute(env=home.env)

    def value(self, cell: int = -1) -> Any:
        """What a cell gave, as Python."""
        for output in self.notebook.cells[cell].outputs:
            if output.output_type == "execute_result":
                return ast.literal_eval(output.data["text/plain"])
        raise AssertionError(f"cell {cell} gave nothing: {self.notebook.cells[cell].outputs}")

    def html(self) -> str:
        return "".join(
            output.data.get("text/html", "")
            for cell in self.notebook.cells
            if cell.cell_type == "code"
            for output in cell.outputs
            if output.output_type in ("execute_result", "display_data")
        )


@pytest.fixture
def run(home: CommandLine, tmp_path: Path) -> Any:
    return lambda name: Run(name, tmp_path / "examples", home)


def test_count_words(run: Any) -> None:
    done = run("count-words")
    text = (EXAMPLES / "data" / "texts" / "genesis.txt").read_text()
    counts = Counter(re.findall(r"[a-z]+", text.lower()))
    assert "<svg" in done.html()
    found = next(
        ast.literal_eval(output.data["text/plain"])
        for cell in done.notebook.cells
        if cell.source.startswith("words.result()")
        for output in cell.outputs
    )
    assert [count for _, count in found] == [count for _, count in counts.most_common(3)]
    every = "".join(path.read_text().lower() + "\n" for path in sorted((EXAMPLES / "data" / "texts").glob("*.txt")))
    assert done.value() == Counter(every.split())["light"]


def test_delays(run: Any) -> None:
    done = run("delays")
    sums: dict[tuple[str, str], list[float]] = defaultdict(list)
    with (done.folder / "flights.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["delay"]:
                sums[row["carrier"], row["month"]].append(float(row["delay"]))
    means: dict[str, list[float]] = defaultdict(list)
    for (carrier, _), values in sums.items():
        means[carrier].append(sum(values) / len(values))
    assert done.value() == {carrier: pytest.approx(sum(values) / 12, abs=0.051) for carrier, values in means.items()}


def test_estimate_pi(run: Any) -> None:
    assert run("estimate-pi").value() == pytest.approx(3.14159, abs=0.01)


def test_postal_codes(run: Any) -> None:
    done = run("postal-codes")
    lines = (done.folder / "codes.csv").read_text().splitlines()
    counts = Counter(line.split(",")[2] for line in lines)
    assert {tuple(pair) for pair in done.value()} == set(counts.items())
    assert "" in counts


def test_thumbnails(run: Any) -> None:
    done = run("thumbnails")
    assert [tuple(size) for size in done.value()] == [(128, 85), (128, 85), (128, 64)]
    saved = sorted(path.name for path in (done.folder / "thumbnails").rglob("*.jpg"))
    assert saved == ["chelsea.jpg", "page.jpg", "rocket.jpg"]


def test_vegetation(run: Any) -> None:
    cover = run("vegetation").value()
    assert sum(count for _, count in cover.values()) == 16 * 64 * 64
    assert set(cover) <= {"bare", "sparse", "dense"}


def test_balancing(run: Any) -> None:
    """Shares that are sized by time are not slower than fixed ones; how much faster is for the benchmark to say."""
    done = run("balancing")
    text = "".join(
        output.text
        for cell in done.notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.get("text")
    )
    found = re.search(r"fixed shares: ([\d.]+) s, sized by time: ([\d.]+) s", text)
    assert found is not None, text
    assert done.html().count("<svg") == 2
