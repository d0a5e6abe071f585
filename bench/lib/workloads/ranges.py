"""What the peers that have no shuffle need by hand, written as one would write it: ranges of whole lines, and a result on disk."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

WORKERS = 2
#: Ranges of a file; the best of those tried for 100 MB.
RANGES = 16


def ranges_of(path: str, count: int = RANGES) -> list[tuple[str, int, int]]:
    """(path, start, end) that begin and end at lines."""
    size = Path(path).stat().st_size
    cuts = [0]
    with Path(path).open("rb") as file:
        for index in range(1, count):
            file.seek(max(cuts[-1], index * size // count))
            file.readline()
            cuts.append(file.tell())
    cuts.append(size)
    return [(path, first, last) for first, last in pairwise(cuts) if last > first]


def read_range(one: tuple[str, int, int]) -> str:
    path, start, end = one
    with Path(path).open("rb") as file:
        file.seek(start)
        return file.read(end - start).decode()


def mapped(work: tuple[tuple[str, int, int], str]) -> Any:
    """One range through the user's mapper, combined: a dict, or MARLA's list of pairs."""
    from .functions import MAPS

    one, name = work
    mapper, reducer = MAPS[name]
    result = mapper(read_range(one))
    if name == "marla":
        result.sort()
        return reducer(result)
    return dict(result)


def merged(parts: Iterable[Any], name: str) -> Iterable[tuple[Any, Any]]:
    """Parts through the user's reducer; parts may be an iterator, so that no more than one of them is held."""
    from .functions import MAPS

    reducer = MAPS[name][1]
    if name == "marla":
        everything: list[Any] = []
        for part in parts:
            everything += part
        everything.sort()
        return reducer(everything)
    if name in ("counter", "line"):
        total: dict[Any, Any] = {}
        get = total.get
        for part in parts:
            for key, value in part.items():
                total[key] = get(key, 0) + value
        return total.items()
    groups: dict[Any, list[Any]] = {}
    for part in parts:
        for key, value in part.items():
            groups.setdefault(key, []).append(value)
    return ((key, reducer(key, values)) for key, values in groups.items())


def save(pairs: Iterable[tuple[Any, Any]], path: str) -> None:
    """Lines of JSON, on the disk when it returns."""
    write(path, (json.dumps([key, value], separators=(",", ":")) + "\n" for key, value in pairs))


def write(path: str, lines: Iterable[str]) -> None:
    with Path(path).open("w", encoding="utf-8", buffering=1 << 20) as out:
        out.writelines(lines)
        out.flush()
        os.fsync(out.fileno())


def peak(pids: Iterable[int] = ()) -> int:
    """Highest memory of this process and of others, bytes; those that are gone do not count."""
    total = 0
    for pid in ["self", *pids]:
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        line = next((item for item in status.splitlines() if item.startswith("VmHWM")), "VmHWM 0 kB")
        total += int(line.split()[1]) * 1024
    return total


Runner = Callable[[], Any]
