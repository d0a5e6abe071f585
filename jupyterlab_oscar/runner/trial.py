"""A sink that keeps all pairs in order: for the sample."""

from __future__ import annotations

from typing import Any


class Trial:
    """Pairs as they come."""

    def __init__(self) -> None:
        self.pairs: list[Any] = []

    def add(self, pairs: list[Any]) -> None:
        """Keep them."""
        self.pairs.extend(pairs)

    def add_dict(self, pairs: dict[Any, Any]) -> None:
        """Keep its items."""
        self.pairs.extend(pairs.items())
