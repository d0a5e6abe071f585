"""What a verb works with, and what comes out of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ..client import Bridge, Cluster
from ..console import Console
from ..errors import invalid
from ..results import Items, cell


@dataclass
class Outcome:
    """What came out of a command.

    Attributes
    ----------
    value
        The value for a notebook; it shows itself.
    json
        What ``--json`` prints.
    text
        What a terminal shows; empty when it has been written already.
    status
        Exit status.
    """

    value: Any
    json: Any
    text: str = ""
    status: int = 0


@dataclass
class Context:
    """What a command works with."""

    bridge: Bridge
    args: Any
    console: Console

    @property
    def cluster(self) -> Cluster:
        """The cluster that was asked for, or the current one."""
        return self.bridge.cluster(getattr(self.args, "cluster", None))

    @property
    def as_json(self) -> bool:
        """True with ``--json``."""
        return bool(getattr(self.args, "json", False))


class Record(dict):  # type: ignore[type-arg]
    """A record that shows itself as lines, and is a plain dictionary."""

    def __init__(self, content: dict[str, Any], text: str | None = None) -> None:
        super().__init__(content)
        self._text = text if text is not None else fields(content)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(self._text)


def listing(items: Items) -> Outcome:
    answer: dict[str, Any] = {"items": list(items)}
    if items.next:
        answer["next"] = items.next
    return Outcome(items, answer, repr(items))


def fields(record: dict[str, Any]) -> str:
    lines = [(name, cell(value)) for name, value in record.items() if value not in (None, "", [], {})]
    width = max((len(name) for name, _ in lines), default=0)
    return "\n".join(f"{name.ljust(width)}  {value}" for name, value in lines)


def save(pieces: Iterator[bytes], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.part")
    try:
        with temporary.open("wb") as file:
            for piece in pieces:
                file.write(piece)
        shutil.move(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def open_file(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise invalid("The file cannot be read", f"{path}: {error.strerror or error}.", "Check its name.") from error


def read_text(path: Path) -> str:
    with open_file(path) as file:
        return file.read().decode("utf-8", "replace")
