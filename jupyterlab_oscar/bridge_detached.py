"""A bridge for a kernel or a terminal: the one that is there, or a private one that outlives who started it."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import threading
from pathlib import Path

from . import _meta, paths
from .bridge_options import BridgeOptions
from .bridge_start import NODE_OPTIONS, START_TIMEOUT, cannot_start, environment, first_line, require_bundle
from .endpoint import Endpoint, connection_file, discover, write_connection_file
from .errors import BridgeUnavailable, make_problem
from .node import Node, find_node, require_platform


def connect_or_spawn(*, node_path: str | None = None, idle_seconds: float = 60) -> Endpoint:
    """Find the bridge of this user, or start a private one that outlives this process.

    The order: the connection file that ``JUPYTERLAB_OSCAR_BRIDGE_FILE`` names, the newest live one in
    Jupyter's runtime folder, a new bridge. The new one ends by itself when nothing needs it for
    ``idle_seconds``.

    Raises
    ------
    BridgeUnavailable
        When there is none and none can be started.
    """
    require_platform()
    import fcntl  # not on Windows, which has just been refused

    found = discover()
    if found is not None:
        return found
    folder = paths.runtime_dir()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Two notebooks that start together share one bridge instead of fighting for the data.
    with (folder / "jupyterlab-oscar-bridge.lock").open("a+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = discover()
        if found is not None:
            return found
        return _spawn_detached(find_node(node_path), idle_seconds)


def _spawn_detached(node: Node, idle_seconds: float) -> Endpoint:
    bundle = require_bundle(_meta.bundle())
    options = BridgeOptions(idle_seconds=idle_seconds)
    instance = secrets.token_hex(6)
    secret = secrets.token_urlsafe(32)
    path = paths.socket_path(instance)
    file = connection_file(instance)
    log = _detached_log(options.data)
    try:
        with log.open("ab") as stderr:
            process = subprocess.Popen(
                [node.path, *NODE_OPTIONS, str(bundle)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                start_new_session=True,
                cwd="/",
                env=environment(),
            )
    except OSError as error:
        raise BridgeUnavailable(cannot_start(f"Node could not be run: {error}.")) from error
    assert process.stdin is not None and process.stdout is not None
    handshake = options.handshake(secret, socket=str(path), detached=True, connectionFile=str(file))
    try:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(handshake)
            process.stdin.close()
        line = first_line(process.stdout, START_TIMEOUT)
        ready = json.loads(line) if line else {}
    except (ValueError, TimeoutError) as error:
        process.kill()
        process.wait()
        raise BridgeUnavailable(cannot_start(f"It did not say that it is ready: {error}.")) from error
    finally:
        process.stdout.close()
    if not ready.get("ready"):
        status = process.wait()
        problem = ready.get("problem") or cannot_start(f"It ended with exit status {status}.", cause=_tail(log))
        raise BridgeUnavailable(problem)
    write_connection_file(
        file,
        {
            "socket": str(path),
            "secret": secret,
            "pid": process.pid,
            "version": str(ready.get("version", "")),
            "instance": instance,
            "data": str(options.data),
        },
    )
    # It may outlive us or end before: in a long-lived kernel somebody has to take note of its end.
    threading.Thread(target=process.wait, daemon=True).start()
    return Endpoint(str(path), secret, instance, str(ready.get("version", "")), str(options.data), str(file))


def _detached_log(data: Path) -> Path:
    try:
        folder = paths.private_dir(data)
        log = folder / "bridge.log"
        if log.exists() and log.stat().st_size > 4_000_000:
            log.replace(folder / "bridge.log.1")
        os.close(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    except OSError as error:
        raise BridgeUnavailable(
            make_problem(
                "bridge-failed",
                "The data folder cannot be used",
                503,
                f"{data} cannot be written: {error.strerror or error}.",
                action="Set JUPYTERLAB_OSCAR_DATA to a folder of yours.",
            )
        ) from error
    return log


def _tail(path: Path, size: int = 2000) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - size))
            return file.read().decode("utf-8", "replace").strip()
    except OSError:
        return ""
