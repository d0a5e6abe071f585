"""Forks of the user's code: a child must not go on with the work of the worker.

``os.fork()`` copies the worker. The copy may run user code, but when it comes back into the runner it would write frames,
spill files and results a second time. It ends there instead.
"""

from __future__ import annotations

import os
from collections.abc import Callable

OWNER = os.getpid()
_in_child: list[Callable[[], None]] = []


def on_fork(callback: Callable[[], None]) -> None:
    """Run ``callback`` in every child, right after the fork."""
    _in_child.append(callback)


def check() -> None:
    """End this process when it is a copy of the worker. Called before everything that others can see."""
    if os.getpid() != OWNER:
        os._exit(0)


def _after_fork() -> None:
    for callback in _in_child:
        callback()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
