"""The notebook that shows how a cell becomes a service, executed from top to bottom in a copy of the examples."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nbformat
import pytest

from jupyterlab_oscar.tests.clusters import CommandLine
from jupyterlab_oscar.tests.notebooks import EXAMPLES, execute, use_folders_of


@pytest.mark.timeout(600)
def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = CommandLine(tmp_path / "home")
    use_folders_of(line, monkeypatch)
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    notebook = nbformat.read(EXAMPLES / "notebooks" / "cell-to-service.ipynb", as_version=4)
    folder = tmp_path / "examples" / "notebooks"
    try:
        execute(notebook, folder, timeout=500)
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
