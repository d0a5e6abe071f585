"""The example notebooks of MapReduce and high-throughput jobs, executed as they are."""

from __future__ import annotations

import ast
import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyterlab_oscar.tests.clusters import CommandLine
from jupyterlab_oscar.tests.notebooks import EXAMPLES, ExecutedNotebook


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    line = CommandLine(tmp_path_factory.mktemp("home"))
    try:
        yield line
    finally:
        line.end()


@pytest.fixture
def run(home: CommandLine, tmp_path: Path) -> Any:
    return lambda name: ExecutedNotebook(name, tmp_path / "examples", home)


def test_count_words(run: Any) -> None:
    done = run("count-words")
    text = (EXAMPLES / "data" / "texts" / "genesis.txt").read_text()
    counts = Counter(re.findall(r"[a-z]+", text.lower()))
    assert "<svg" in done.html
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
    found = re.search(r"fixed shares: ([\d.]+) s, sized by time: ([\d.]+) s", done.printed)
    assert found is not None, done.printed
    assert done.html.count("<svg") == 2
