"""The notebook that shows how a cell becomes a service, executed from top to bottom in a copy of the examples."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from jupyterlab_oscar import _meta
from jupyterlab_oscar.tests.clusters import CommandLine

EXAMPLES = _meta.PACKAGE.parent / "examples"


@pytest.mark.timeout(600)
def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = CommandLine(tmp_path / "home")
    for name, value in line.env.items():
        if name.startswith(("JUPYTER", "HOME", "IPYTHON")):
            Path(value).mkdir(parents=True, exist_ok=True)
            monkeypatch.setenv(name, value)
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    notebook = nbformat.read(EXAMPLES / "notebooks" / "cell-to-service.ipynb", as_version=4)
    folder = tmp_path / "examples" / "notebooks"
    try:
        NotebookClient(notebook, timeout=500, resources={"metadata": {"path": str(folder)}}).execute()
        shown = {
            cell.id: {kind: data for output in cell.outputs for kind, data in output.get("data", {}).items()}
            for cell in notebook.cells
            if cell.cell_type == "code"
        }
        assert "image/jpeg" in shown["c03"]
        assert (tmp_path / "examples" / "thumbnails" / "rocket.jpg" / "rocket-small.jpg").is_file()
        summary = json.loads(shown["c09"]["text/plain"])
        assert summary and all(value["n"] > 0 for value in summary.values())
        assert len(json.loads(shown["c11"]["text/plain"].splitlines()[0])) == 5
        assert len(json.loads(shown["c12"]["text/plain"].splitlines()[0])) == 3
        assert line.json("services")["items"] == []
    finally:
        line.end()
