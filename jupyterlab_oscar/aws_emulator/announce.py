"""Where a running emulator is found by other programs of its user: a file (0600) in Jupyter's runtime folder."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .. import paths
from ..endpoint import write_connection_file
from ..errors import NotFoundError, make_problem

_PATTERN = "jupyterlab-oscar-aws-emulator-*.json"


@contextlib.contextmanager
def announced(description: dict[str, Any]) -> Iterator[Path]:
    """Keep the file while the emulator runs.

    Parameters
    ----------
    description
        What it says of itself, with its keys.
    """
    file = paths.runtime_dir() / _PATTERN.replace("*", str(os.getpid()))
    write_connection_file(file, description)
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)


def running() -> dict[str, Any]:
    """The newest emulator that answers, as it describes itself.

    Raises
    ------
    NotFoundError
        When none runs.
    """
    found = [(file.stat().st_mtime, file) for file in paths.runtime_dir().glob(_PATTERN) if _is_mine(file)]
    for _, file in sorted(found, reverse=True):
        try:
            description = json.loads(file.read_text(encoding="utf-8"))
            where = urlsplit(description["endpoint"])
            with socket.create_connection((str(where.hostname), int(where.port or 0)), timeout=2):
                return dict(description)
        except (OSError, ValueError, KeyError):
            continue  # of one that was killed
    raise NotFoundError(
        make_problem(
            "not-found",
            "No emulator runs",
            404,
            "There is no AWS emulator that runs.",
            action="Start it: jupyter oscar scar config --emulator",
        )
    )


class Environment(dict):  # type: ignore[type-arg]
    """Variables with which any client of AWS uses the emulator; shown without their values, since keys are among them."""

    def __init__(self, description: dict[str, Any]) -> None:
        super().__init__(
            {
                "AWS_ENDPOINT_URL": description["endpoint"],
                "AWS_REGION": description["region"],
                "AWS_DEFAULT_REGION": description["region"],
                "AWS_ACCESS_KEY_ID": description["access_key_id"],
                "AWS_SECRET_ACCESS_KEY": description["secret_access_key"],
                "AWS_EC2_METADATA_DISABLED": "true",
            }
        )

    def __repr__(self) -> str:
        return f"<Environment of the AWS emulator at {self['AWS_ENDPOINT_URL']}: {', '.join(self)}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))


def _is_mine(file: Path) -> bool:
    info = file.stat()
    return info.st_uid == os.getuid() and not info.st_mode & 0o077
