"""The functions of the users: the same ones for us and for the peers. Standard library only."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any


def count_words(chunk: str) -> Counter[str]:
    """The fastest mapper that plain Python has."""
    return Counter(chunk.split())


def add_up(key: Any, values: Any) -> Any:
    return sum(values)


def marla_mapper(chunk: str) -> list[tuple[str, int]]:
    """MARLA's contract: a list of pairs."""
    return [(word, 1) for word in chunk.split()]


def marla_reducer(pairs: list[Any]) -> list[Any]:
    """MARLA's contract: pairs sorted by name, in and out."""
    results: list[Any] = []
    name, total = None, 0
    for key, value in pairs:
        if key == name:
            total += value
        else:
            if name is not None:
                results.append([name, total])
            name, total = key, value
    if name is not None:
        results.append([name, total])
    return results


def each_word(line: str) -> Any:
    """mrjob's way: a line at a time."""
    for word in line.split():
        yield word, 1


def delays(chunk: str) -> dict[tuple[str, str], tuple[int, int]]:
    """Of lines ``year,month,day,dep_delay,carrier,…``: sum and number of delays by carrier and day; NA is left out."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for line in chunk.splitlines():
        fields = line.split(",", 5)
        delay = fields[3]
        if delay == "NA":
            continue
        key = (fields[4], fields[0] + "-" + fields[1] + "-" + fields[2])
        total, number = found.get(key, (0, 0))
        found[key] = (total + int(delay), number + 1)
    return found


def add_delays(key: Any, values: Any) -> tuple[int, int]:
    total = number = 0
    for one, count in values:
        total += one
        number += count
    return total, number


def nothing(item: int) -> int:
    return item


def busy_10ms(item: int) -> int:
    end = time.perf_counter() + 0.01
    while time.perf_counter() < end:
        pass
    return item


def busy_1ms(item: int) -> int:
    end = time.perf_counter() + 0.001
    while time.perf_counter() < end:
        pass
    return item


def sleep_50ms(item: int) -> int:
    time.sleep(0.05)
    return item


#: By the names that rows use.
TASKS = {"nothing": nothing, "busy_10ms": busy_10ms, "busy_1ms": busy_1ms, "sleep_50ms": sleep_50ms}
MAPS = {
    "counter": (count_words, add_up),
    "marla": (marla_mapper, marla_reducer),
    "line": (each_word, add_up),
    "delays": (delays, add_delays),
}
