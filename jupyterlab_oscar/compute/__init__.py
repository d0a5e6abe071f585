"""MapReduce and high-throughput jobs from Python: what a cell, a function or a command line asks for becomes one
request to the bridge, and a :class:`ComputeJob` follows it."""

from __future__ import annotations

from .api import htc, map_reduce
from .job import ComputeJob

__all__ = ["ComputeJob", "htc", "map_reduce"]
