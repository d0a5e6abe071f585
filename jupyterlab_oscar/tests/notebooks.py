"""Example notebooks, executed in a kernel of their own, and shells in this process for the magics."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from nbclient import NotebookClient

from jupyterlab_oscar import _meta, client
from jupyterlab_oscar.magics import completion
from jupyterlab_oscar.tests.clusters import CommandLine

EXAMPLES = _meta.PACKAGE.parent / "examples"


class ExecutedNotebook:
    """An executed copy of an example, in a folder of its own beside a copy of the data.

    Parameters
    ----------
    name
        Of the notebook, without its ending.
    folder
        Where ``data/`` and ``notebooks/`` are made.
    home
        Whose bridge its kernel uses.
    timeout
        Seconds for a cell.
    """

    def __init__(self, name: str, folder: Path, home: CommandLine, *, timeout: int = 120) -> None:
        self.folder = folder / "notebooks"
        shutil.copytree(EXAMPLES / "data", folder / "data")
        self.folder.mkdir()
        self.notebook = nbformat.read(EXAMPLES / "notebooks" / f"{name}.ipynb", as_version=4)
        # The kernel has the magics without asking, as where the package is installed.
        load = nbformat.v4.new_code_cell("%load_ext jupyterlab_oscar")
        self.notebook.cells.insert(0, load)
        execute(self.notebook, self.folder, timeout=timeout, env=home.env)

    def value(self, cell: int = -1) -> Any:
        """What a cell gave, as Python."""
        for output in self.notebook.cells[cell].outputs:
            if output.output_type == "execute_result":
                return ast.literal_eval(output.data["text/plain"])
        raise AssertionError(f"cell {cell} gave nothing: {self.notebook.cells[cell].outputs}")

    @property
    def outputs(self) -> list[Any]:
        """The outputs of all cells."""
        return [output for cell in self.notebook.cells if cell.cell_type == "code" for output in cell.outputs]

    @property
    def html(self) -> str:
        """All that it shows as HTML."""
        return "".join(output.get("data", {}).get("text/html", "") for output in self.outputs)

    @property
    def printed(self) -> str:
        """All that it prints."""
        return "".join(output.get("text", "") for output in self.outputs)

    @property
    def shown(self) -> str:
        """All that it prints and shows as text, in its order."""
        return "".join(output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in self.outputs)


def execute(notebook: Any, folder: Path, *, timeout: int, **options: Any) -> None:
    """Execute a notebook from top to bottom, as nbconvert and papermill do."""
    NotebookClient(notebook, timeout=timeout, resources={"metadata": {"path": str(folder)}}).execute(**options)


def use_folders_of(line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process, and the kernels it starts, find the bridge that a command line started."""
    for name, value in line.env.items():
        if name.startswith(("JUPYTER", "HOME", "IPYTHON")):
            Path(value).mkdir(parents=True, exist_ok=True)
            monkeypatch.setenv(name, value)
    monkeypatch.setattr(client, "_default", None)


@contextmanager
def shell_with_magics() -> Iterator[InteractiveShell]:
    """A shell of this process with the magics in it, which knows no names yet."""
    completion._names.clear()
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    try:
        shell.run_line_magic("load_ext", "jupyterlab_oscar")
        yield shell
    finally:
        shell.run_line_magic("unload_ext", "jupyterlab_oscar")
        InteractiveShell.clear_instance()
