/** Python that runs `notebook.ipynb` beside it with nbclient: values injected as papermill does, the executed notebook kept, also when it fails. */
export const NOTEBOOK_RUNNER = String.raw`import os
import sys
from pathlib import Path

folder = Path(__file__).resolve().parent
given = os.environ.get("INPUT_FILE_PATH")
kept = os.environ.get("TMP_OUTPUT_DIR")
if not given or not kept:
    sys.exit("This script is the script of an OSCAR service: it needs INPUT_FILE_PATH and TMP_OUTPUT_DIR.")
# The home folder of a container may not be there, or may not be written.
for name in ("JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
    os.environ[name] = str(folder / name.lower())
try:
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, DeadKernelError
except ImportError as error:
    sys.exit(f"A notebook needs the packages nbclient and ipykernel: {error}")


class Client(NotebookClient):
    """Tells what the cells print as they print it."""

    def process_message(self, msg, cell, cell_index):
        if msg["header"]["msg_type"] == "stream":
            print(msg["content"]["text"], end="", flush=True)
        return super().process_message(msg, cell, cell_index)


notebook = nbformat.read(folder / "notebook.ipynb", as_version=4)
values = nbformat.v4.new_code_cell(
    "from pathlib import Path\n\n"
    f"input_path = Path({given!r})\n"
    f"output_dir = Path({kept!r})\n",
    metadata={"tags": ["injected-parameters"]},
)
marked = [i for i, cell in enumerate(notebook.cells) if "parameters" in cell.get("metadata", {}).get("tags", [])]
notebook.cells.insert(marked[0] + 1 if marked else 0, values)
out = Path(kept) / os.environ["OSCAR_NOTEBOOK"]
here = folder / "here"
here.mkdir()
sys.path.insert(0, str(folder))
os.environ["PYTHONPATH"] = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
client = Client(notebook, timeout=None, kernel_name="python3", resources={"metadata": {"path": str(here)}})
failed = None
try:
    client.execute()
except (CellExecutionError, DeadKernelError) as error:
    failed = error
finally:
    out.write_text(nbformat.writes(notebook), encoding="utf-8")
if failed is not None:
    print(str(failed).strip(), file=sys.stderr)
    sys.exit(1)
`;
