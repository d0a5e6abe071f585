"""How much memory keys and values take, roughly: enough to know when to spill."""

from __future__ import annotations

from sys import getsizeof
from typing import Any


def size_of(value: Any, depth: int = 2) -> int:
    """Bytes of a value and of what is in it, down to ``depth``; long lists by their first members."""
    total = getsizeof(value, 64)
    if depth and isinstance(value, (list, tuple, set, frozenset)):
        count = len(value)
        if count:
            some = list(value)[:8] if isinstance(value, (set, frozenset)) else value[:8]
            total += sum(size_of(one, depth - 1) for one in some) * count // len(some)
    elif depth and isinstance(value, dict):
        count = len(value)
        some = [pair for pair, _ in zip(value.items(), range(8))]  # noqa: B905
        if some:
            total += sum(size_of(k, depth - 1) + size_of(v, depth - 1) for k, v in some) * count // len(some)
    elif depth and hasattr(value, "__dict__"):
        total += size_of(vars(value), depth - 1)
    elif hasattr(value, "nbytes"):
        total += int(value.nbytes)
    return total
