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

from .announce import announced
from .server import Emulator, EmulatorUnavailable


def main(argv: Sequence[str] | None = None) -> int:
    """Run it until SIGINT, SIGTERM or the end of the lifeline; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m jupyterlab_oscar.aws_emulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, metavar="P", help="port of 127.0.0.1 (default: a free one)")
    parser.add_argument("--data", metavar="DIR", help="folder with images/<repository>/: what images hold in /var/task")
    parser.add_argument("--lifeline", action="store_true", help="end when standard input ends")
    args = parser.parse_args(argv)
    try:
        run(args.port, args.data, lifeline=args.lifeline)
    except EmulatorUnavailable as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def run(port: int, data: str | None, *, lifeline: bool) -> None:
    """Run it until SIGINT, SIGTERM or the end of the lifeline.

    Parameters
    ----------
    port
        Of 127.0.0.1; 0: a free one.
    data
        Folder with ``images/``.
    lifeline
        End when standard input ends.

    Raises
    ------
    EmulatorUnavailable
        When it cannot start.
    """
    over = threading.Event()

    def end(*_: Any) -> None:
        over.set()

    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, end)
    emulator = Emulator(port, Path(data).expanduser().absolute() if data else None)
    try:
        with announced(emulator.description(), emulator.folder):
            print(json.dumps(emulator.description()), flush=True)
            print(
                f"AWS emulator at {emulator.endpoint}: for trying and for tests. Everything is in memory and gone when it ends.",
                file=sys.stderr,
            )
            if lifeline:
                threading.Thread(target=_wait_for_end, args=(over,), daemon=True).start()
            # A short wait again and again: signals reach Python between them on every platform.
            while not over.wait(0.5):
                pass
    finally:
        emulator.close()


def _wait_for_end(over: threading.Event) -> None:
    while sys.stdin.buffer.read(65536):
        pass
    over.set()


if __name__ == "__main__":
    sys.exit(main())
