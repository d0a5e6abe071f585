"""``clusters serve``: the embedded cluster alone, in the foreground."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

from . import _meta, paths
from .bridge_start import NODE_OPTIONS, require_bundle
from .errors import InvalidError, make_problem
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


def _password(file: str | None) -> str | None:
    if file is None:
        return None
    try:
        password = Path(file).expanduser().read_text(encoding="utf-8").strip()
    except OSError as error:
        raise InvalidError(
            make_problem("invalid", "The password file cannot be read", 400, f"{file}: {error.strerror or error}.")
        ) from error
    if not password:
        raise InvalidError(make_problem("invalid", "The password file is empty", 400, f"{file} holds no password."))
    return password
