"""The runner as one zip file, for workers on other machines: ``python runner.zip --descriptor FILE``."""

from __future__ import annotations

import zipfile
from pathlib import Path

from .errors import HERE


def build_zip(target: str) -> None:
    """Write the zip file. The same sources give the same bytes, so that it can be named by its hash."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(Path(HERE).glob("*.py")):
            entry = zipfile.ZipInfo(path.name, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
