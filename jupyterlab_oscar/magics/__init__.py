"""Magics for notebooks: ``%oscar`` takes the command line's words, ``%scar`` those of SCAR, ``%%oscar service`` a cell's code; ``%%mapreduce`` and
``%%htc`` run a cell over much data, ``%jobs`` tells how it goes.

Loaded by itself where the package is installed in the kernel's environment, else with ``%load_ext
jupyterlab_oscar``. Registering costs next to nothing: the client is imported with the first call.
"""

from __future__ import annotations

import re
from typing import Any

from .compute import ComputeMagics
from .oscar import OscarMagics

__all__ = ["ComputeMagics", "OscarMagics", "load_ipython_extension", "unload_ipython_extension"]

#: A line that begins with the magic, or assigns what it returns.
_LINE = re.compile(r"\s*([\w.\[\]'\"]+\s*=\s*)?%?%o?scar\s")
#: The same for jobs and the cells that start them.
_COMPUTE = re.compile(r"\s*([\w.\[\]'\"]+\s*=\s*)?(%%(mapreduce|htc|tascaas)|%jobs)\s")


def load_ipython_extension(ipython: Any) -> None:
    """Register the magics and their completion."""
    magics = OscarMagics(ipython)
    ipython.register_magics(magics)
    ipython.set_hook("complete_command", OscarMagics.complete_hook, re_key=_LINE.pattern)
    ipython.register_magics(ComputeMagics(ipython))
    ipython.set_hook("complete_command", ComputeMagics.complete_hook, re_key=_COMPUTE.pattern)


def unload_ipython_extension(ipython: Any) -> None:
    """Take the magics out again."""
    for kind in ("line", "cell"):
        for name in ("oscar", "scar", "mapreduce", "htc", "tascaas", "jobs"):
            ipython.magics_manager.magics[kind].pop(name, None)
    dispatcher = ipython.strdispatchers.get("complete_command")
    if dispatcher is not None:
        dispatcher.regexs.pop(_LINE, None)
        dispatcher.regexs.pop(_COMPUTE, None)
