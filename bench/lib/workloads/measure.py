"""Runs of systems, and rows of what came out."""

from __future__ import annotations

import ast
import hashlib
import json
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .systems import Child, Failed


class Differs(Exception):
    """Two systems do not have the same result: no time of theirs means anything."""


class OutOfTime(Exception):
    """The budget is used up."""


class Measured:
    """Runs of one system: seconds, and what else it said."""

    def __init__(self) -> None:
        self.runs: list[float] = []
        self.answers: list[dict[str, Any]] = []
        #: Of the result; the same for all systems.
        self.digest: str | None = None
        self.start_seconds = 0.0

    @property
    def median(self) -> float:
        return statistics.median(self.runs)

    @property
    def spread(self) -> str:
        return f"{min(self.runs):.3g}-{max(self.runs):.3g}"

    @property
    def peak(self) -> int:
        return max((answer.get("peak", 0) for answer in self.answers), default=0)


Work = Callable[[Child, int], dict[str, Any]]


class Bench:
    """What rows use.

    Parameters
    ----------
    home
        Folder for all that is written; on a disk.
    data
        Folder of the inputs, kept.
    quick
        Small sizes.
    runs
        Of each system; 0: five, or one.
    budget
        Seconds after which nothing is begun.
    """

    def __init__(self, *, home: Path, data: Path, quick: bool, runs: int, budget: float) -> None:
        self.home = home
        self.data = data
        self.quick = quick
        self.runs = runs or (1 if quick else 5)
        self._end = time.monotonic() + budget
        self._number = 0

    def fresh(self) -> str:
        """A path that is not there."""
        self._number += 1
        return str(self.home / f"out-{self._number}")

    def measure(
        self,
        system: str,
        work: Work,
        *,
        warm: Work | None = None,
        into: Measured | None = None,
        runs: int | None = None,
    ) -> Measured:
        """Run it: once to warm up, then as often as wanted. Adds to ``into``. Raises Failed, Differs, OutOfTime."""
        if time.monotonic() > self._end:
            raise OutOfTime
        found = into or Measured()
        with Child(system, self.home / system) as child:
            found.start_seconds = child.start_seconds
            if warm is not None:
                warm(child, -1)
            for number in range(self.runs if runs is None else runs):
                answer = work(child, number)
                found.runs.append(answer["seconds"])
                found.answers.append(answer)
        return found

    def against(self, ours: str, peers: list[str], work: Callable[[str], Work], warm: Callable[[str], Work]) -> Any:
        """Ours, the peers, ours again: ``(Measured of ours, {peer: Measured})``; a peer that fails is left out, and it is said."""
        own = self.measure(ours, work(ours), warm=warm(ours), runs=(self.runs + 1) // 2)
        others: dict[str, Measured] = {}
        for peer in peers:
            try:
                others[peer] = self.measure(peer, work(peer), warm=warm(peer))
            except Failed as error:
                print(f"compute: {peer} is left out: {error}", file=sys.stderr)
        if self.runs > 1:
            self.measure(ours, work(ours), warm=warm(ours), into=own, runs=self.runs // 2)
        return own, others


def digest(place: str) -> str:
    """Of all pairs of a result, whatever their order and the files they are in; it is removed."""
    path = Path(place)
    files = [path] if path.is_file() else sorted(path.glob("*_results"))
    lines: list[bytes] = []
    for file in files:
        for line in file.read_bytes().splitlines():
            key, value = json.loads(line)
            lines.append(json.dumps([_plain(key), _plain(value)]).encode())
    lines.sort()
    whole = hashlib.sha256()
    for line in lines:
        whole.update(line + b"\n")
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    return f"{len(lines)}:{whole.hexdigest()[:16]}"


def _plain(value: Any) -> Any:
    """Tuples, which JSON has no word for, as lists: that is how the peers write them."""
    if isinstance(value, dict) and "$repr" in value:
        value = ast.literal_eval(value["$repr"])
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def same(name: str, digests: dict[str, str]) -> None:
    """Raise Differs unless all results are the same."""
    if len(set(digests.values())) > 1:
        raise Differs(f"{name}: the results differ: {digests}")


def emit(
    name: str,
    against: str,
    ours: float,
    theirs: float | None,
    ratio: float | None,
    *,
    runs: int,
    spread: str,
    aim: str = "printed",
    met: bool | None = None,
) -> None:
    """One row."""
    row: dict[str, Any] = {"name": name, "against": against, "ours": ours, "runs": runs, "spread": spread, "aim": aim}
    if theirs is not None:
        row["theirs"] = theirs
    if ratio is not None:
        row["ratio"] = ratio
    if met is not None:
        row["met"] = met
    print(json.dumps(row), flush=True)
