"""``clusters serve``: the embedded cluster alone, in the foreground."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from . import _meta, paths
from .errors import BridgeUnavailable, InvalidError, make_problem
from .node import find_node


def serve(args: Any) -> int:
    """Run it until SIGINT or SIGTERM; returns the exit status.

    The line with endpoint and credentials is printed by the cluster itself, to standard output, when it is
    ready.
    """
    node = find_node()
    bundle = _meta.bundle()
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
    data = Path(args.data).expanduser().absolute() if args.data else paths.data_dir() / "served-cluster"
    options: dict[str, Any] = {
        "port": args.port,
        "s3Port": args.s3_port,
        "data": str(data),
        "user": args.user,
        "password": _password(args.password_file),
        "runtime": args.runtime,
        "strict": args.strict,
        "cpus": args.cpus,
        "memory": args.memory,
        "oidcIssuers": args.oidc_issuer,
        "python": sys.executable,
    }
    given = {name: value for name, value in options.items() if value is not None}
    # A session of its own: Ctrl-C reaches it once, from us, and not a second time from the terminal.
    process = subprocess.Popen(
        [node.path, str(bundle), "serve"], stdin=subprocess.PIPE, start_new_session=True
    )

    def forward(number: int, _: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)

    before = {number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps(given).encode() + b"\n")
            process.stdin.flush()
        # The pipe stays open: when this process is killed, its end tells the cluster.
        status = process.wait()
        return status if status >= 0 else 128 - status
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _password(file: str | None) -> str | None:
    if file is None:
        return None
    try:
        password = Path(file).expanduser().read_text(encoding="utf-8").strip()
    except OSError as error:
        raise InvalidError(
            make_problem(
                "invalid", "The password file cannot be read", 400, f"{file}: {error.strerror or error}."
            )
        ) from error
    if not password:
        raise InvalidError(
            make_problem("invalid", "The password file is empty", 400, f"{file} holds no password.")
        )
    return password
