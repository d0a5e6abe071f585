import { NOTEBOOK } from '../script/runner-notebook';

/** Runs `notebook.ipynb` beside it, as pipelines run theirs, with `input_path` and `output_dir`; the executed notebook is an output, also when it fails. */
export const NOTEBOOK_RUNNER = `${String.raw`import json
import os
import re
import shutil
import subprocess
import sys

WORK = os.path.dirname(os.path.abspath(__file__))


def say(text):
    print(text, flush=True)
`}${NOTEBOOK}${String.raw`

def main():
    given, kept = os.environ.get("INPUT_FILE_PATH"), os.environ.get("TMP_OUTPUT_DIR")
    if not given or not kept:
        sys.exit("This script is the script of an OSCAR service: it needs INPUT_FILE_PATH and TMP_OUTPUT_DIR.")
    # The home folder of a container may not be there, or may not be written.
    for name in ("JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        os.environ[name] = os.path.join(WORK, name.lower())
    os.environ["PYTHONPATH"] = os.pathsep.join([WORK] + [item for item in [os.environ.get("PYTHONPATH")] if item])
    with open(os.path.join(WORK, "parameters.json"), "w") as file:
        file.write("{}")
    source = os.path.join(WORK, "notebook.ipynb")
    with open(source, encoding="utf-8") as file:
        notebook = json.load(file)
    cells = notebook["cells"]
    marked = [i for i, item in enumerate(cells) if "parameters" in ((item.get("metadata") or {}).get("tags") or [])]
    cell = {"cell_type": "code", "metadata": {"tags": ["injected-parameters"]}, "execution_count": None, "outputs": [],
            "source": "from pathlib import Path\n\ninput_path = Path(%r)\noutput_dir = Path(%r)" % (given, kept)}
    if (notebook.get("nbformat"), notebook.get("nbformat_minor") or 0) >= (4, 5):
        cell["id"] = "injected-parameters"
    cells.insert(marked[0] + 1 if marked else 0, cell)
    with open(source, "w", encoding="utf-8") as file:
        json.dump(notebook, file)
    here = os.path.join(WORK, "here")
    os.mkdir(here)
    os.chdir(here)
    code = run_notebook({"file": source})
    executed = os.path.join(WORK, "executed.ipynb")
    if os.path.exists(executed):
        shutil.copyfile(executed, os.path.join(kept, os.environ["OSCAR_NOTEBOOK"]))
    sys.exit(code)


main()
`}`;
