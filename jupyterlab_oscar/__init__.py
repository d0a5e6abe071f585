"""Serverless scientific computing from JupyterLab: OSCAR services on a laptop and on real clusters.

>>> import jupyterlab_oscar as oscar
>>> result = oscar.cluster("local").service("ocr").invoke("page.png")
>>> result.text

Importing this package is cheap: what costs time is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_EXPORTS = {
    "Aws": "client",
    "Invocation": "client",
    "aws": "client",
    "infrastructures": "client",
    "Bridge": "client",
    "ComputeJob": "compute",
    "htc": "compute",
    "map_reduce": "compute",
    "Cluster": "client",
    "Job": "client",
    "Pipeline": "client",
    "PipelineRun": "client",
    "Result": "client",
    "ResultFile": "client",
    "Service": "client",
    "Submission": "client",
    "cluster": "client",
    "clusters": "client",
    "connect": "client",
    "pipeline": "client",
    "status": "client",
    "BridgeUnavailable": "errors",
    "ComputeFailed": "errors",
    "ConflictError": "errors",
    "InvalidError": "errors",
    "JobFailed": "errors",
    "NotFoundError": "errors",
    "OscarError": "errors",
    "PipelineFailed": "errors",
    "UnauthorizedError": "errors",
    "UnreachableError": "errors",
}

__all__ = ["__version__", "load_ipython_extension", "unload_ipython_extension", *sorted(_EXPORTS)]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from ._meta import version

        return version()
    module = _EXPORTS.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{module}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(ipython: Any) -> None:
    """Register ``%oscar`` (what ``%load_ext jupyterlab_oscar`` calls)."""
    from .magics import load_ipython_extension as load

    load(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """Take the magics out again."""
    from .magics import unload_ipython_extension as unload

    unload(ipython)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "jupyterlab-oscar"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from .extension import OscarExtension

    return [{"module": "jupyterlab_oscar", "app": OscarExtension}]
