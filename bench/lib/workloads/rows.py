"""The rows of the benchmark, by name."""

# ruff: noqa: RUF001

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .inputs import path_of
from .measure import Bench, Measured, Work, digest, emit, same
from .rows_tasks import TASK_ROWS, makespan_100
from .systems import Child

TITLES = {
    "pool": "multiprocessing.Pool",
    "lithops_": "Lithops localhost",
    "dask_": "Dask bag, processes",
    "ray_": "Ray",
    "mrjob_": "mrjob -r local",
    "duckdb_": "DuckDB, SQL (ceiling)",
}


def maps(
    bench: Bench,
    title: str,
    function: str,
    kind: str,
    megabytes: int,
    peers: dict[str, tuple[str, float] | None],
    **options: Any,
) -> tuple[Measured, dict[str, Measured]]:
    """A map-reduce job over one input.

    Parameters
    ----------
    peers
        By system: (``<=``, the most that ours may take of its time), (``>=``, how much faster ours is to be), None.
    options
        Of ours.
    """
    path = str(path_of(bench.data, kind, megabytes))
    small = str(path_of(bench.data, kind, 1))
    digests: dict[str, str] = {}

    def run(system: str) -> Work:
        def work(child: Child, number: int) -> dict[str, Any]:
            out = bench.fresh()
            answer = child.ask("map", name=function, path=path, out=out, **(options if system == "ours" else {}))
            found = digest(out)
            same(title, {**digests, f"{system} {number}": found})
            digests[system] = found
            return answer

        return work

    def warm(system: str) -> Work:
        def work(child: Child, number: int) -> dict[str, Any]:
            out = bench.fresh()
            answer = child.ask("map", name=function, path=small, out=out)
            digest(out)
            return answer

        return work

    ours, others = bench.against("ours", list(peers), run, warm)
    for peer, measured in others.items():
        aim = peers[peer]
        less = aim is None or aim[0] == "<="
        ratio = ours.median / measured.median if less else measured.median / ours.median
        emit(
            f"{title}, {megabytes} MB (s)",
            TITLES[peer],
            ours.median,
            measured.median,
            ratio,
            runs=len(ours.runs),
            spread=f"{ours.spread} | {measured.spread}",
            aim="printed" if aim is None else f"{'≤' if less else '≥'} {aim[1]}×",
            met=None if aim is None else (ratio <= aim[1] if less else ratio >= aim[1]),
        )
    return ours, others


def words(bench: Bench) -> None:
    """Word count, a mapper that answers a Counter, 187,000 words."""
    peers = {"pool": ("<=", 1.1), "lithops_": (">=", 1.4), "dask_": (">=", 1.7), "ray_": None, "duckdb_": None}
    maps(bench, "words, Counter", "counter", "zipf", 8 if bench.quick else 100, peers)


def words_many(bench: Bench) -> None:
    """The same with ten times the words."""
    peers = {"pool": ("<=", 1.1), "lithops_": (">=", 1.4), "dask_": (">=", 1.7), "ray_": None, "duckdb_": None}
    maps(bench, "words × 10, Counter", "counter", "many", 8 if bench.quick else 100, peers)


def words_marla(bench: Bench) -> None:
    """Word count with MARLA's contract: lists of pairs, sorted."""
    maps(bench, "words, MARLA's contract", "marla", "zipf", 8 if bench.quick else 100, {"pool": ("<=", 1.0)})


def words_marla_many(bench: Bench) -> None:
    """The same with ten times the words."""
    maps(bench, "words × 10, MARLA's contract", "marla", "many", 8 if bench.quick else 100, {"pool": ("<=", 1.0)})


def words_line(bench: Bench) -> None:
    """Word count a line at a time, against mrjob."""
    maps(bench, "words, a line at a time", "line", "zipf", 2 if bench.quick else 20, {"mrjob_": (">=", 20)})


def _large(bench: Bench, title: str, kind: str) -> None:
    peers = {"pool": ("<=", 1.1), "lithops_": (">=", 1.4), "ray_": None}
    memory = 1 << 30
    ours, _ = maps(bench, title, "counter", kind, 20 if bench.quick else 1000, peers, memory=memory)
    # Each worker, and the bridge's Python client beside them.
    emit(
        f"{title}: peak memory of a worker (MB)",
        "its limit",
        ours.peak / 1e6,
        memory / 1e6,
        ours.peak / memory,
        runs=len(ours.runs),
        spread="",
        aim="≤ 1×",
        met=ours.peak <= memory,
    )


def large(bench: Bench) -> None:
    """Word count of 1 GB, with 1 GiB for a worker."""
    _large(bench, "words, 1 GB", "zipf")


def large_many(bench: Bench) -> None:
    """The same with ten times the words."""
    _large(bench, "words × 10, 1 GB", "many")


def flights(bench: Bench) -> None:
    """Mean delay by carrier and day of 500 MB of flights."""
    peers = {"pool": ("<=", 1.1), "lithops_": (">=", 1.4), "dask_": (">=", 1.7), "ray_": None, "duckdb_": None}
    maps(bench, "flights, delay by carrier and day", "delays", "flights", 10 if bench.quick else 500, peers)


ROWS: dict[str, Callable[[Bench], None]] = {
    "words": words,
    "words-many": words_many,
    "words-marla": words_marla,
    "words-marla-many": words_marla_many,
    "words-line": words_line,
    "flights": flights,
    **TASK_ROWS,
    # What takes long comes last: a budget leaves it out.
    "large": large,
    "large-many": large_many,
    "makespan-100": makespan_100,
}
