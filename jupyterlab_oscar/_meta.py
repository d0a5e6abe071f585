"""Facts about the installed package, without importing anything heavy."""

from __future__ import annotations

import json
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def version() -> str:
    """Version of the package: of the installed distribution, or of the source tree it runs from."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("jupyterlab-oscar")
    except PackageNotFoundError:
        manifest = PACKAGE.parent / "package.json"
        if manifest.is_file():
            return str(json.loads(manifest.read_text(encoding="utf-8"))["version"])
        return "0.0.0"


def bundle() -> Path:
    """The bridge: one file for Node."""
    return PACKAGE / "bridge" / "bridge.cjs"


def examples() -> Path:
    """The examples that come with the package; in a source tree that is not built, its own."""
    packaged = PACKAGE / "examples"
    source = PACKAGE.parent / "examples"
    return source if not packaged.is_dir() and (source / "services").is_dir() else packaged
