"""Starting Node with the bridge: what all who start it need."""

from __future__ import annotations

import contextlib
import os
import select
import time
from pathlib import Path
from typing import IO

from .errors import BridgeUnavailable, Problem, make_problem

#: Seconds that Node may take until it says that it is ready.
START_TIMEOUT = 60.0
#: V8's nursery: at its default size a gigabyte that streams through leaves some 40 MB of garbage standing.
NODE_OPTIONS = ("--max-semi-space-size=1",)
#: Variables of the Jupyter server that the bridge and its jobs have no business with.
_WITHHELD = (
    "JUPYTERHUB_API_TOKEN",
    "JPY_API_TOKEN",
    "JUPYTER_TOKEN",
    "NODE_OPTIONS",
    "JUPYTERLAB_OSCAR_BRIDGE_FILE",
)


def require_bundle(bundle: Path) -> Path:
    """The bridge's file; an error that tells what to do when it is not there."""
    if not bundle.is_file():
        raise BridgeUnavailable(
            make_problem(
                "bridge-failed",
                "The bridge is not built",
                503,
                f"The file {bundle.name} is missing from the package.",
                action="Run `npm run build`, or install the package again.",
            )
        )
    return bundle


def environment() -> dict[str, str]:
    """Variables that the bridge gets."""
    return {name: value for name, value in os.environ.items() if name not in _WITHHELD}


def cannot_start(detail: str, *, cause: str | None = None) -> Problem:
    """Why the bridge cannot be started."""
    return make_problem(
        "bridge-failed",
        "The bridge cannot be started",
        503,
        detail,
        cause=cause,
        action="Try again; the log of the Jupyter server tells more.",
    )


def first_line(stream: IO[bytes], seconds: float) -> bytes:
    """Read one line of a pipe; empty when it ends before.

    Raises
    ------
    TimeoutError
        When it does not come in time.
    """
    deadline = time.monotonic() + seconds
    descriptor = stream.fileno()
    line = b""
    while not line.endswith(b"\n"):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            raise TimeoutError(f"no answer within {seconds:.0f} s")
        # Byte by byte, so that nothing after the line is taken from those who read on.
        byte = os.read(descriptor, 1)
        if not byte:
            break
        line += byte
    return line.strip()


def drain(stream: IO[bytes]) -> None:
    """Read what nobody wants, until its end."""
    with contextlib.suppress(ValueError, OSError):
        while os.read(stream.fileno(), 65536):
            pass
