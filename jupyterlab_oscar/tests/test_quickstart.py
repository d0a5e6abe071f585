"""The notebook that tells the story, executed as a user would: in a copy of the examples, from top to bottom."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from jupyterlab_oscar.tests.clusters import CommandLine
from jupyterlab_oscar.tests.notebooks import EXAMPLES, execute, use_folders_of

NOTEBOOK = EXAMPLES / "notebooks" / "quickstart.ipynb"

pytestmark = pytest.mark.skipif(not NOTEBOOK.is_file(), reason=f"{NOTEBOOK} is not there")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandLine]:
    line = CommandLine(tmp_path / "home")
    use_folders_of(line, monkeypatch)
    yield line
    line.end()


@pytest.mark.timeout(600)
def test_the_quickstart_runs(home: CommandLine, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    folder = tmp_path / "examples" / "notebooks"
    # The first deploy makes the Python environment of the service.
    execute(notebook, folder, timeout=500)
    shown = [
        output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs if "data" in output
    ]
    printed = "".join(
        output.get("text", "") for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs
    )
    assert "Region-based segmentation" in printed + "".join(o["data"].get("text/plain", "") for o in shown)
    assert any("data:image/png" in o["data"].get("text/html", "") for o in shown)
    assert "Files in, results out" in printed
    assert any((home.home / "oscar").iterdir())
