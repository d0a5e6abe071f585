"""An HTTP answer of the emulator's own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Answer:
    """Status, headers and all of the body; ``length``: what it would be long, when HEAD was asked."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    length: int | None = None
