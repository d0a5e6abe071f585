"""``clusters serve`` and ``scar emulator``: the embedded cluster or the AWS emulator alone, in the foreground."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

from . import _meta, paths
from .bridge_start import NODE_OPTIONS, require_bundle
from .errors import OscarError, invalid, make_problem
from .node import find_node


def serve(args: Any) -> NoReturn:
    """Run it until SIGINT or SIGTERM, in the place of this process.

    The line with endpoint and credentials is printed by the cluster itself, to standard output, when it is
    ready.
    """
    node = find_node()
    bundle = require_bundle(_meta.bundle())
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
    line = json.dumps({name: value for name, value in options.items() if value is not None}).encode() + b"\n"
    # This process becomes the cluster: signals reach it directly, and nothing is left behind whatever
    # happens to it.
    reader, writer = os.pipe()
    os.write(writer, line)  # a line is far smaller than what a pipe holds
    os.close(writer)
    os.dup2(reader, 0)
    os.close(reader)
    sys.stdout.flush()
    os.execv(node.path, [node.path, *NODE_OPTIONS, str(bundle), "serve"])


def serve_emulator(args: Any) -> int:
    """Run the AWS emulator until SIGINT or SIGTERM; returns the exit status.

    Raises
    ------
    OscarError
        When it cannot start: its extra is not installed, or the port is taken.
    """
    try:
        from .aws_emulator.__main__ import run
        from .aws_emulator.server import EmulatorUnavailable
    except ImportError as error:
        raise OscarError(_no_emulator(f"{error.name or error} is missing.")) from error
    try:
        run(args.port, args.data, lifeline=args.lifeline)
    except EmulatorUnavailable as error:
        raise OscarError(_no_emulator(str(error))) from error
    return 0


def _no_emulator(detail: str) -> dict[str, Any]:
    from .aws_emulator import INSTALL

    action = None if INSTALL in detail else f"Where it is not installed: {INSTALL}"
    return make_problem("emulator-failed", "The AWS emulator does not start", 500, detail, action=action)


def _password(file: str | None) -> str | None:
    if file is None:
        return None
    try:
        password = Path(file).expanduser().read_text(encoding="utf-8").strip()
    except OSError as error:
        raise invalid("The password file cannot be read", f"{file}: {error.strerror or error}.") from error
    if not password:
        raise invalid("The password file is empty", f"{file} holds no password.")
    return password
