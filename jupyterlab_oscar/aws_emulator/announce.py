"""Where a running emulator is found by other programs of its user: a file (0600) in Jupyter's runtime folder."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .. import paths
from ..endpoint import write_connection_file
from ..errors import NotFoundError, make_problem

#: Of the names of temporary folders.
FOLDER_PREFIX = "aws-emulator-"
_PATTERN = "jupyterlab-oscar-aws-emulator-*.json"


@contextlib.contextmanager
def announced(description: dict[str, Any], folder: Path) -> Iterator[Path]:
    """Keep the file while the emulator runs; what killed ones left behind is removed.

    Parameters
    ----------
    description
        What it says of itself, with its keys.
    folder
        Its temporary folder.
    """
    _sweep()
    file = paths.runtime_dir() / _PATTERN.replace("*", str(os.getpid()))
    write_connection_file(file, {**description, "folder": str(folder)})
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
    for _, description in _files():
        if _answers(description):
            return description
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


def _files() -> list[tuple[Path, dict[str, Any]]]:
    """Files of this user, the newest first."""
    found = []
    for file in paths.runtime_dir().glob(_PATTERN):
        try:
            info = file.stat()
            if info.st_uid == os.getuid() and not info.st_mode & 0o077:
                found.append((info.st_mtime, file, json.loads(file.read_text(encoding="utf-8"))))
        except (OSError, ValueError):
            continue  # it went just now, or is damaged
    return [(file, value) for _, file, value in sorted(found, key=lambda item: item[0], reverse=True)]


def _answers(description: dict[str, Any]) -> bool:
    where = urlsplit(str(description.get("endpoint")))
    try:
        socket.create_connection((str(where.hostname), int(where.port or 0)), timeout=2).close()
    except (OSError, ValueError):
        return False
    return True


def _sweep() -> None:
    for file, description in _files():
        if _answers(description):
            continue
        folder = Path(str(description.get("folder", "")))
        if folder.name.startswith(FOLDER_PREFIX) and folder.is_dir() and folder.stat().st_uid == os.getuid():
            shutil.rmtree(folder, ignore_errors=True)
        file.unlink(missing_ok=True)
