"""``python -m jupyterlab_oscar.aws_emulator``: the emulator in the foreground."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .server import Emulator, EmulatorUnavailable


def add_options(parser: argparse.ArgumentParser) -> None:
    """Give a parser the emulator's options."""
    parser.add_argument("--port", type=int, default=0, metavar="P", help="port of 127.0.0.1 (default: a free one)")
    parser.add_argument("--data", metavar="DIR", help="folder with images/<repository>/: what images hold in /var/task")
    parser.add_argument("--lifeline", action="store_true", help="end when standard input ends")


def main(argv: Sequence[str] | None = None) -> int:
    """Run it until SIGINT, SIGTERM or the end of the lifeline; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m jupyterlab_oscar.aws_emulator", description=__doc__)
    add_options(parser)
    args = parser.parse_args(argv)
    over = threading.Event()

    def end(*_: Any) -> None:
        over.set()

    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, end)
    try:
        emulator = Emulator(args.port, Path(args.data).expanduser().absolute() if args.data else None)
    except EmulatorUnavailable as problem:
        print(problem, file=sys.stderr)
        return 1
    try:
        print(json.dumps(emulator.description()), flush=True)
        print(
            f"AWS emulator at {emulator.endpoint}: for trying and for tests. Everything is in memory and gone when it ends.",
            file=sys.stderr,
        )
        if args.lifeline:
            threading.Thread(target=_wait_for_end, args=(over,), daemon=True).start()
        # A short wait again and again: signals reach Python between them on every platform.
        while not over.wait(0.5):
            pass
    finally:
        emulator.close()
    return 0


def _wait_for_end(over: threading.Event) -> None:
    while sys.stdin.buffer.read(65536):
        pass
    over.set()


if __name__ == "__main__":
    sys.exit(main())
