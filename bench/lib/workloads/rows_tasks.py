"""Rows of many small tasks, of workers of different speeds, and of faults."""

# ruff: noqa: RUF001

from __future__ import annotations

import os
import signal
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from .measure import Bench, Measured, Work, emit
from .ranges import WORKERS
from .speeds import iterations
from .systems import Child, Failed

TITLES = {
    "pool": "Pool.imap",
    "executor": "ProcessPoolExecutor",
    "joblib_": "joblib",
    "ray_": "Ray",
    "distributed_": "distributed",
    "ipyparallel_": "ipyparallel",
    "lithops_": "Lithops localhost",
}
#: Tasks that a slow peer is given instead of all: its rate is what counts.
FEWER = {"lithops_": 20, "distributed_": 2000, "ipyparallel_": 2000, "ray_": 10_000, "executor": 20_000}


def _counted(answer: dict[str, Any], count: int) -> dict[str, Any]:
    if answer["sum"] != count * (count - 1) // 2:
        raise Failed(f"the sum is {answer['sum']}")
    return answer


def _tasks(name: str, count: Callable[[str], int]) -> tuple[Callable[[str], Work], Callable[[str], Work]]:
    def run(system: str) -> Work:
        return lambda child, _: _counted(child.ask("tasks", name=name, count=count(system)), count(system))

    def warm(system: str) -> Work:
        return lambda child, _: child.ask("tasks", name=name, count=20)

    return run, warm


def _busy(bench: Bench, title: str, name: str, count: int, seconds: float, most: float) -> None:
    def many(system: str) -> int:
        return min(count, 20) if system == "lithops_" else count

    run, warm = _tasks(name, many)
    ours, others = bench.against("ours", list(TITLES), run, warm)

    def over(measured: Measured, system: str) -> float:
        return measured.median / (many(system) * seconds / WORKERS)

    emit(
        f"{title}, each result durable (s)",
        "the bound",
        ours.median,
        count * seconds / WORKERS,
        over(ours, "ours"),
        runs=len(ours.runs),
        spread=ours.spread,
        aim=f"≤ {most}×",
        met=over(ours, "ours") <= most,
    )
    for peer, measured in others.items():
        emit(
            f"{title}, over the bound",
            TITLES[peer],
            over(ours, "ours"),
            over(measured, peer),
            over(measured, peer) / over(ours, "ours"),
            runs=len(measured.runs),
            spread=measured.spread,
        )


def tasks_10ms(bench: Bench) -> None:
    """1,000 tasks of 10 ms."""
    _busy(bench, "1,000 × 10 ms", "busy_10ms", 100 if bench.quick else 1000, 0.01, 1.03)


def tasks_1ms(bench: Bench) -> None:
    """10,000 tasks of 1 ms."""
    _busy(bench, "10,000 × 1 ms", "busy_1ms", 1000 if bench.quick else 10_000, 0.001, 1.10)


def tasks_nothing(bench: Bench) -> None:
    """Tasks that do nothing, a second."""
    everything = 20_000 if bench.quick else 200_000

    def many(system: str) -> int:
        return min(everything, FEWER.get(system, everything))

    run, warm = _tasks("nothing", many)
    ours, others = bench.against("ours", list(TITLES), run, warm)
    rate = everything / ours.median
    emit(
        "tasks that do nothing (1/s)",
        "aim",
        rate,
        40_000,
        rate / 40_000,
        runs=len(ours.runs),
        spread=ours.spread,
        aim="≥ 40,000",
        met=rate >= 40_000,
    )
    for peer, measured in others.items():
        theirs = many(peer) / measured.median
        emit(
            "tasks that do nothing (1/s)",
            TITLES[peer],
            rate,
            theirs,
            rate / theirs,
            runs=len(measured.runs),
            spread=measured.spread,
            **({"aim": "≥ 10×", "met": rate / theirs >= 10} if peer == "ray_" else {}),
        )


def _speeds(bench: Bench, scenario: str, count: int, length: float, options: dict[str, Any]) -> Work:
    def work(child: Child, _: int) -> dict[str, Any]:
        words = {"folder": bench.fresh(), "scenario": scenario, "count": count, "length": length}
        return _counted(child.ask("speeds", limit=20 * length + 60, **words, **options), count)

    return work


def _makespan(bench: Bench, length: float, runs: tuple[int, int] | None = None) -> None:
    own, other = runs or (bench.runs, bench.runs)
    modes: dict[str, tuple[str, dict[str, Any]]] = {
        "pull": ("ours", {"balance": "pull"}),
        "RUPER-LB's policy": ("ours", {"balance": "ruper", "time": length, "init_workers": WORKERS}),
        "a fixed range for each worker": ("ours", {"balance": "fixed", "init_workers": WORKERS}),
        "Pool, 80 chunks": ("pool", {}),
    }
    for scenario in ("equal", "unequal", "slowing", "noisy"):
        count = iterations(scenario, length)
        over: dict[str, Measured] = {}
        for mode, (system, options) in modes.items():
            over[mode] = bench.measure(
                system, _speeds(bench, scenario, count, length, options), runs=own if mode == "pull" else other
            )
        ours = over["pull"].median / length
        emit(
            f"makespan of {length:g} s, {scenario} workers",
            "the bound",
            over["pull"].median,
            length,
            ours,
            runs=len(over["pull"].runs),
            spread=over["pull"].spread,
            aim="≤ 1.06×",
            met=ours <= 1.06,
        )
        for mode in list(modes)[1:]:
            theirs = over[mode].median / length
            emit(
                f"makespan of {length:g} s, {scenario} workers, over the bound",
                mode,
                ours,
                theirs,
                theirs / ours,
                runs=len(over[mode].runs),
                spread=over[mode].spread,
            )


def makespan_10(bench: Bench) -> None:
    """Makespan over the bound, jobs of 10 s: equal, unequal, slowing and noisy workers."""
    _makespan(bench, 3.0 if bench.quick else 10.0)


def makespan_100(bench: Bench) -> None:
    """The same, jobs of 100 s: two runs of ours, one of the others."""
    _makespan(bench, 5.0 if bench.quick else 100.0, (min(2, bench.runs), 1))


#: Tasks of 50 ms: 10 s for two workers.
FAULT_TASKS = 400


def _fault(bench: Bench, title: str, peers: list[str], what: str, at: float, most: float) -> None:
    count = 80 if bench.quick else FAULT_TASKS
    whole = count * 0.05 / WORKERS
    # Who is stopped for ever has done its part until then; what it would have done is left to the other one.
    ideal = whole if what != "stop" else at * whole + (1 - at) * whole * WORKERS / (WORKERS - 1)
    titles = {"ours": "the ideal", **TITLES}
    own_median = 0.0
    for system in ["ours", *peers]:

        def work(child: Child, _: int) -> dict[str, Any]:
            began = time.monotonic()
            told = child.ask("begin", name="sleep_50ms", count=count, limit=60)
            victim = told["driver"] if what == "bridge" else told["pids"][0]
            child.send("end")
            time.sleep(max(0.0, began + at * whole - time.monotonic()))
            os.kill(victim, signal.SIGSTOP if what == "stop" else signal.SIGKILL)
            try:
                answer = _counted(child.wait(8 * ideal + 10), count)
            finally:
                if what == "stop":
                    _end(victim)
            seconds = time.monotonic() - began
            restart = child.ask("restart", limit=60)["seconds"] if what == "bridge" else 0.0
            return {**answer, "seconds": seconds, "restart": restart}

        try:
            measured = bench.measure(system, work)
        except Failed as error:
            if system == "ours":
                raise
            print(f"compute: {title}: {TITLES[system]} did not come to the end: {error}", file=sys.stderr)
            emit(title + " (s)", f"{TITLES[system]}: not finished", own_median, None, None, runs=bench.runs, spread="")
            continue
        # A new bridge takes as long as it takes.
        due = ideal + statistics.median(answer["restart"] for answer in measured.answers)
        ratio = measured.median / due
        own_median = measured.median if system == "ours" else own_median
        own = {"aim": f"≤ {most}×", "met": ratio <= most} if system == "ours" else {}
        emit(
            title + " (s)",
            titles[system] + (" and the start of a bridge" if what == "bridge" else ""),
            measured.median,
            due,
            ratio,
            runs=len(measured.runs),
            spread=measured.spread,
            **own,
        )


def _end(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        # It was found and replaced.
        return


def killed(bench: Bench) -> None:
    """One of two workers is killed after 30 %."""
    _fault(bench, "a worker is killed", ["ray_", "distributed_", "ipyparallel_"], "kill", 0.3, 1.1)


def stopped(bench: Bench) -> None:
    """One of two workers is stopped for ever after 30 %."""
    _fault(bench, "a worker is stopped", ["ray_", "distributed_", "ipyparallel_"], "stop", 0.3, 1.3)


def bridge(bench: Bench) -> None:
    """The bridge is killed at half time; the peers lose all with their driver."""
    _fault(bench, "the bridge is killed", [], "bridge", 0.5, 1.1)


TASK_ROWS: dict[str, Callable[[Bench], None]] = {
    "tasks-10ms": tasks_10ms,
    "tasks-1ms": tasks_1ms,
    "tasks-nothing": tasks_nothing,
    "makespan-10": makespan_10,
    "killed": killed,
    "stopped": stopped,
    "bridge": bridge,
}
