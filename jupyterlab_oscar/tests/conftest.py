"""Fixtures: every test has its own Jupyter folders and its own data folder of the bridge."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyterlab_oscar import _meta

FAKE = Path(__file__).parent / "fake-bridge.cjs"


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point Jupyter, the bridge and the home folder into the test's folder."""
    home = tmp_path / "home"
    for name, folder in {
        "HOME": home,
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTERLAB_OSCAR_DATA": home / "oscar",
        "IPYTHONDIR": home / "ipython",
    }.items():
        folder.mkdir(parents=True, exist_ok=True)
        monkeypatch.setenv(name, str(folder))
    monkeypatch.delenv("JUPYTERLAB_OSCAR_BRIDGE_FILE", raising=False)
    monkeypatch.delenv("JUPYTERLAB_OSCAR_NODE", raising=False)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(_meta.PACKAGE.parent), os.environ.get("PYTHONPATH", "")]))
    return home
