/** Runner, fifth part: a notebook in a process of its own, with whatever the image has to run it with. */
export const NOTEBOOK = String.raw`

def run_notebook(node):
    """Executes the notebook of the node. What was executed is kept, also when a cell fails."""
    target = os.path.join(WORK, "executed.ipynb")
    with open(os.path.join(WORK, "parameters.json")) as file:
        parameters = json.load(file)
    try:
        with open(node["file"], encoding="utf-8") as file:
            notebook = json.load(file)
        if not isinstance(notebook.get("cells"), list):
            raise ValueError("it has no cells; save it once more with a newer Jupyter")
    except (ValueError, AttributeError, OSError) as error:
        return fail("%s is not a notebook: %s." % (node["file"], error))
    language = language_of(notebook)
    inject(notebook, parameters, language)
    with open(target, "w", encoding="utf-8") as file:
        json.dump(notebook, file, indent=1)
    try:
        import jupyter_client.kernelspec
        kernel = choose_kernel(notebook, jupyter_client.kernelspec.KernelSpecManager(), language)
    except ImportError:
        kernel = None
    if kernel == "":
        return fail("No Jupyter kernel for %s is there (the notebook asks for %s). The image, or the file requirements.txt, has to "
                    "bring one." % (language, (notebook.get("metadata") or {}).get("kernelspec", {}).get("name") or "none"))
    for way in (with_papermill, with_nbclient, with_nbconvert):
        try:
            return started(way, target, kernel)
        except ImportError as error:
            if getattr(error, "name", "").partition(".")[0] not in ("papermill", "nbclient", "nbformat", "nbconvert"):
                raise
    jupyter = shutil.which("jupyter")
    if not jupyter:
        return fail("Nothing here can run a notebook. The image, or the file requirements.txt, has to bring papermill, or nbclient "
                    "and ipykernel.")
    folder = os.path.dirname(target)
    # It works in the folder of the file that it is given.
    beside = os.path.join(os.getcwd(), ".executing-%s.ipynb" % uuid.uuid4().hex)
    shutil.copyfile(target, beside)
    command = [jupyter, "nbconvert", "--to", "notebook", "--execute", "--ExecutePreprocessor.timeout=-1",
               "--ExecutePreprocessor.store_widget_state=False", "--output-dir", folder, "--output", "done.ipynb", beside]
    # The Jupyter of another Python: what it prints is all that tells how a cell failed.
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    last = ""
    for line in child.stdout:
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
        last = re.sub("\x1b\\[[0-9;]*m", "", line.decode("utf-8", "replace")).strip() or last
    child.wait()
    os.unlink(beside)
    if child.returncode != 0:
        return fail("The notebook failed: %s" % (first_line(last) or "jupyter nbconvert ended with %d" % child.returncode))
    os.rename(os.path.join(folder, "done.ipynb"), target)
    return 0


def language_of(notebook):
    metadata = notebook.get("metadata") or {}
    name = (metadata.get("kernelspec") or {}).get("language") or (metadata.get("language_info") or {}).get("name")
    return str(name or "python").lower()


def choose_kernel(notebook, manager, language):
    """The kernel that the notebook names, else one of its language. Empty when there is none."""
    specs = manager.find_kernel_specs()
    name = ((notebook.get("metadata") or {}).get("kernelspec") or {}).get("name")
    if name in specs:
        return name
    for candidate in ["python3", "ir"] + sorted(specs):
        if candidate in specs:
            try:
                spec = manager.get_kernel_spec(candidate)
            except Exception:
                continue
            if (spec.language or "").lower() == language:
                if name:
                    say("there is no kernel %s; %s is taken, which speaks %s, too" % (name, candidate, language))
                return candidate
    return ""


def inject(notebook, parameters, language):
    """Puts a cell with the parameters behind the one that is tagged so. Without one they are variables of the environment only."""
    at = [index for index, cell in enumerate(notebook["cells"])
          if "parameters" in ((cell.get("metadata") or {}).get("tags") or [])]
    if not parameters or not at:
        return
    if language == "python":
        lines = ["%s = %s" % (name, as_python(value)) for name, value in parameters.items() if name.isidentifier()]
    elif language == "r":
        lines = ["%s <- %s" % (name, as_r(value)) for name, value in parameters.items()
                 if re.match("[A-Za-z][A-Za-z0-9._]*$", name)]
    else:
        say("parameters are variables of the environment here: their form in %s is not known" % language)
        return
    cell = {"cell_type": "code", "metadata": {"tags": ["injected-parameters"]}, "execution_count": None, "outputs": [],
            "source": "\n".join(["# Parameters of this run"] + lines)}
    if (notebook.get("nbformat"), notebook.get("nbformat_minor") or 0) >= (4, 5):
        cell["id"] = "injected-parameters"
    notebook["cells"].insert(at[0] + 1, cell)


def as_python(value):
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return "float('%s')" % value
    return repr(value)


def as_r(value):
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, list):
        return "list(" + ", ".join(as_r(item) for item in value) + ")"
    if isinstance(value, dict):
        return "list(" + ", ".join(json.dumps(str(key)) + " = " + as_r(item) for key, item in value.items()) + ")"
    return json.dumps(str(value))


# Seconds that a kernel may take to start; its imports are slow where the image has just been fetched.
START = 300


def started(way, target, kernel):
    """Runs the notebook. The ports of a kernel are chosen before it opens them, so that another program may have taken one by
    then, and it ends; no cell has run in that case, and another kernel is started."""
    for attempt in (1, 2, 3):
        try:
            return way(target, kernel)
        except RuntimeError as error:
            ended = "kernel_info" in str(error)
            if not ended and "didn't respond" not in str(error):
                raise
            if not ended or attempt == 3:
                return fail("The kernel did not start: %s" % first_line(error))
            say("the kernel did not start; again")


def with_papermill(target, kernel):
    import papermill
    import papermill.exceptions
    try:
        papermill.execute_notebook(target, target, kernel_name=kernel, progress_bar=False, start_timeout=START,
                                   stdout_file=sys.stdout, stderr_file=sys.stdout)
    except papermill.exceptions.PapermillExecutionError as error:
        print(str(error), flush=True)
        return fail("Cell %s of the notebook failed: %s: %s" % (error.exec_count, error.ename, first_line(error.evalue)))
    return 0


def with_nbclient(target, kernel):
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    class Client(NotebookClient):
        def output(self, outs, msg, display_id, cell_index):
            if msg.get("msg_type") == "stream":
                sys.stdout.write(msg["content"].get("text") or "")
                sys.stdout.flush()
            return super().output(outs, msg, display_id, cell_index)

    notebook = nbformat.read(target, as_version=4)
    client = Client(notebook, timeout=None, startup_timeout=START, kernel_name=kernel or "python3",
                    resources={"metadata": {"path": os.getcwd()}})
    try:
        client.execute()
    except CellExecutionError as error:
        print(str(error), flush=True)
        return fail("Cell %s of the notebook failed: %s: %s" % (failed_cell(notebook), error.ename, first_line(error.evalue)))
    except DeadKernelError:
        return fail("The kernel died in the middle of the notebook; it may have had too little memory.")
    finally:
        nbformat.write(notebook, target)
    return 0


def with_nbconvert(target, kernel):
    import nbformat
    from nbconvert.preprocessors import CellExecutionError, ExecutePreprocessor
    notebook = nbformat.read(target, as_version=4)
    try:
        execute = ExecutePreprocessor(timeout=-1, startup_timeout=START, kernel_name=kernel or "python3")
        execute.preprocess(notebook, {"metadata": {"path": os.getcwd()}})
    except CellExecutionError as error:
        print(str(error), flush=True)
        return fail("Cell %s of the notebook failed: %s" % (failed_cell(notebook), first_line(str(error))))
    finally:
        nbformat.write(notebook, target)
    return 0


def failed_cell(notebook):
    for index, cell in enumerate(notebook.get("cells", [])):
        if any(output.get("output_type") == "error" for output in cell.get("outputs") or []):
            return index + 1
    return "?"


def first_line(text):
    return (str(text).strip().splitlines() or [""])[0][:300]


def fail(reason):
    with open(os.path.join(WORK, "reason"), "w", encoding="utf-8", errors="replace") as file:
        file.write(reason)
    print(reason, flush=True)
    return 1
`;
