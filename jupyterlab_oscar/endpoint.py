"""Connection files: how kernels, terminals and the command line find a bridge.

A file holds ``{socket, secret, pid, version, instance, data}``, is readable by its user alone (0600) and
lies in Jupyter's runtime folder. A bridge is alive when its socket accepts a connection; a pid would mean
nothing in another container.
"""

from __future__ import annotations

import json
import os
import socket
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import paths

ENVIRONMENT = "JUPYTERLAB_OSCAR_BRIDGE_FILE"
_PATTERN = "jupyterlab-oscar-bridge-*.json"


@dataclass(frozen=True)
class Endpoint:
    """Where a bridge listens, and the secret that each request must carry."""

    socket: str
    secret: str = field(repr=False)
    instance: str = ""
    version: str = ""
    data: str = ""
    file: str = ""


def connection_file(instance: str) -> Path:
    """Path of the connection file of an instance."""
    return paths.runtime_dir() / f"jupyterlab-oscar-bridge-{instance}.json"


def write_connection_file(path: Path, content: dict[str, Any]) -> None:
    """Write a connection file: 0600 from its first byte, and never half of it under its name."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file)
    temporary.replace(path)


def read_connection_file(path: Path) -> Endpoint | None:
    """Read a connection file; None when it is gone, damaged, or could have been written by somebody else."""
    try:
        info = path.stat()
        if info.st_uid != os.getuid() or stat.S_IMODE(info.st_mode) & 0o077:
            return None
        content = json.loads(path.read_text(encoding="utf-8"))
        return Endpoint(
            socket=str(content["socket"]),
            secret=str(content["secret"]),
            instance=str(content.get("instance", "")),
            version=str(content.get("version", "")),
            data=str(content.get("data", "")),
            file=str(path),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def alive(endpoint: Endpoint) -> bool:
    """Tell whether somebody listens on the socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(2)
        try:
            probe.connect(endpoint.socket)
        except (BlockingIOError, TimeoutError):
            return True  # its queue is full: busy, not dead
        except OSError:
            return False
    return True


def discover(*, tidy: bool = True) -> Endpoint | None:
    """Find a live bridge of this user: the one the environment names, else the newest.

    Parameters
    ----------
    tidy
        Remove connection files of bridges that are gone.
    """
    named = os.environ.get(ENVIRONMENT)
    if named:
        endpoint = read_connection_file(Path(named))
        if endpoint is not None and alive(endpoint):
            return endpoint
    wanted = str(paths.data_dir()) if os.environ.get("JUPYTERLAB_OSCAR_DATA") else None
    found: list[tuple[float, Path]] = []
    for path in paths.runtime_dir().glob(_PATTERN):
        try:
            found.append((path.stat().st_mtime, path))
        except OSError:  # removed by its bridge between the two calls
            continue
    for _, path in sorted(found, reverse=True):
        endpoint = read_connection_file(path)
        if endpoint is None:
            continue
        if alive(endpoint):
            # A user who asked for a data folder does not want the bridge of another one.
            if wanted is None or endpoint.data in ("", wanted):
                return endpoint
        elif tidy:
            path.unlink(missing_ok=True)
    return None
