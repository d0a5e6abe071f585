"""Workers of given speeds: iterations that sleep, as long as the speed of their worker at this time says.

Speeds are iterations a second of two workers; time counts from the moment the work was handed over, so everything that a system
needs for itself makes its makespan longer.
"""

from __future__ import annotations

import os
import random
import time
from pathlib import Path
from typing import Any

SLOTS = 2
#: Between two calls a worker may lose so much and still be on time, s: sleeping is not exact.
SLACK = 0.003

_state: dict[str, Any] = {}


def speed(scenario: str, slot: int, at: float, length: float) -> float:
    """Iterations a second at a time, of a job that takes ``length`` seconds at best."""
    slot %= SLOTS
    if scenario == "unequal":
        return (160.0, 20.0)[slot]
    if scenario == "slowing":
        return 12.5 if slot == 0 and at > length / 3 else 100.0
    if scenario == "noisy":
        window = int(at / (0.15 * length))
        return 100.0 * random.Random(f"{slot}/{window}").uniform(0.3, 1.0)
    return 100.0


def iterations(scenario: str, length: float) -> int:
    """As many as both workers together can do in this time."""
    step = length / 100_000
    total = sum(speed(scenario, slot, index * step, length) for slot in range(SLOTS) for index in range(100_000))
    return int(total * step)


def start(folder: str, scenario: str, length: float) -> None:
    """The clock of a job begins, and nobody has a place yet."""
    place = Path(folder)
    place.mkdir(parents=True)
    (place / "job").write_text(f"{scenario} {length} {time.time()}")


def claim(folder: str) -> None:
    """A worker takes the next place."""
    scenario, length, began = (Path(folder) / "job").read_text().split()
    slot = 0
    while True:
        try:
            os.close(os.open(f"{folder}/{slot}", os.O_CREAT | os.O_EXCL))
            break
        except FileExistsError:
            slot += 1
    _state.update(scenario=scenario, length=float(length), began=float(began), slot=slot, due=0.0)


def work(item: int) -> int:
    """One iteration."""
    state = _state
    now = time.time()
    due = max(state["due"], now - SLACK)
    due += 1 / speed(state["scenario"], state["slot"], due - state["began"], state["length"])
    state["due"] = due
    time.sleep(max(0.0, due - now))
    return item
