"""What a worker is started as: a process that gets tasks over pipes, one task of a file, or the maker of the zip file."""

from __future__ import annotations

import faulthandler
import gc
import sys

#: Millions of pairs are made and none of them is garbage: looking for cycles as often as Python does takes a third of the time.
COLLECT = (100_000, 20, 100)
USAGE = "usage: runner [--descriptor FILE|-] [--build-zip FILE]"


def main(arguments: list[str]) -> None:
    """Run until the bridge says ``exit`` or goes away; or the one task of ``--descriptor``."""
    if arguments and arguments[0] == "--build-zip" and len(arguments) == 2:
        from .bundle import build_zip

        build_zip(arguments[1])
        return
    if sys.stderr is not None:
        faulthandler.enable()
    gc.freeze()
    gc.set_threshold(*COLLECT)
    # Where the user's code looks first: the folder it runs in.
    sys.path.insert(0, "")
    if not arguments:
        from .worker import Worker

        Worker.over_pipes().run()
    elif arguments[0] == "--descriptor" and len(arguments) == 2:
        from .descriptor import run_descriptor

        sys.exit(run_descriptor(arguments[1]))
    else:
        sys.exit(USAGE)
