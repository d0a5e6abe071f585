/** Runner, fourth part: the node's own work: its environment, its program, its outputs. */
export const WORK = String.raw`

def as_text(value):
    return value if isinstance(value, str) else str(value) if isinstance(value, (bool, int, float)) else json.dumps(value)


def parameters_of(node, document):
    given = document.get("parameters")
    given = given if isinstance(given, dict) else {}
    values = {}
    for parameter in node["parameters"]:
        value = given.get(parameter["name"], parameter.get("value"))
        if value is None and parameter.get("required"):
            raise Failure("The parameter %s has no value. Give it one when the run is started." % parameter["name"])
        if value is not None:
            values[parameter["name"]] = value
    return values


def environment(node, run, document, parameters):
    env = dict(os.environ)
    for name, value in parameters.items():
        if name not in node["own"]:
            env[name] = as_text(value)
    variables = document.get("variables")
    for name, value in (variables if isinstance(variables, dict) else {}).items():
        if re.match("[A-Za-z_][A-Za-z0-9_]*$", name):
            env[name] = as_text(value)
    env.update(ELYRA_RUN_NAME=run, ELYRA_RUNTIME_ENV="oscar", PYTHONUNBUFFERED="1")
    return env


def unpack_code(node, config, folder):
    code = node.get("code")
    path = os.path.join(WORK, "code.tar.gz")
    if code:
        storage = open_storage(config, node["provider"])
        if storage is None:
            raise Failure("The code of the node lies in %s/%s, and there are no keys of the object store." % (code["bucket"], code["key"]))
        try:
            storage.download(code["bucket"], code["key"], path)
        except Missing:
            raise Failure("The code of the node is not at %s/%s. Deploy the pipeline again." % (code["bucket"], code["key"]))
        with open(path, "rb") as file:
            if hashlib.sha256(file.read()).hexdigest() != code["sha256"]:
                raise Failure("The code at %s/%s is not what was deployed. Deploy the pipeline again." % (code["bucket"], code["key"]))
    else:
        try:
            with open(os.path.join(WORK, "code.b64")) as file:
                text = "".join(file.read().split())
        except OSError:
            return
        with open(path, "wb") as file:
            file.write(base64.urlsafe_b64decode(text))
    for name, member, archive in members(path):
        put_file(folder, name, archive.extractfile(member), member.mode)


def execute(node, folder, env, parameters, claim=None):
    """Runs the program of the node and shows what it prints while it runs. Answers its exit code."""
    kind, name = node["kind"], node.get("file")
    if kind == "notebook":
        with open(os.path.join(WORK, "parameters.json"), "w") as file:
            json.dump(parameters, file)
        command = [sys.executable, "-u", os.path.abspath(__file__), WORK, "notebook"]
    elif kind == "python":
        command = [sys.executable, "-u", "./" + name]
    elif kind == "r":
        command = ["Rscript", "./" + name]
    elif kind in ("service", "function"):
        command = [sys.executable, "-u", os.path.abspath(__file__), WORK, "call"]
    else:
        command = ["/bin/sh", "-c", node["command"]]
    try:
        child = subprocess.Popen(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT)
    except FileNotFoundError:
        raise Failure("%s is not there: the image of the node has to bring it." % command[0])
    if claim is not None:
        claim.child = child
    with open(os.path.join(WORK, "log"), "wb") as log:
        while True:
            data = os.read(child.stdout.fileno(), 65536)
            if not data:
                break
            log.write(data)
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
    code = child.wait()
    return code if code >= 0 else 128 - code


def collect(node, folder):
    """Files that the node declares as its outputs: {name: path}, and the declarations that nothing was found for."""
    outputs, missing = {}, []
    root = os.path.realpath(folder)
    for declared in node["outputs"]:
        pattern = declared.rstrip("/")
        exact = os.path.join(folder, pattern)
        found = [exact] if os.path.lexists(exact) else sorted(glob.glob(os.path.join(glob.escape(folder), pattern), recursive=True))
        if not found:
            missing.append(declared)
        for path in found:
            files = [path]
            if os.path.isdir(path) and not os.path.islink(path):
                files = [os.path.join(place, name) for place, _, names in os.walk(path) for name in sorted(names)]
            for file in files:
                real = os.path.realpath(file)
                if not real.startswith(root + os.sep) or not os.path.isfile(real):
                    say("%s is not handed on: it leads out of the folder of the node" % os.path.relpath(file, folder))
                else:
                    outputs[os.path.relpath(file, folder).replace(os.sep, "/")] = real
    return outputs, missing


def keep_artifacts(node, run, outputs):
    """Copies of what there is to see of this node, below run/<run>/. Answers their names."""
    folder = os.path.join(os.environ["TMP_OUTPUT_DIR"], "run", run)
    os.makedirs(folder, exist_ok=True)
    stem = os.path.splitext(node.get("file") or node["kind"])[0]
    own = {stem + ".log": os.path.join(WORK, "log")}
    notebook = os.path.join(WORK, "executed.ipynb")
    if node["kind"] == "notebook":
        own[node["file"]] = notebook
    names = []
    for name, path in list(outputs.items()) + list(own.items()):
        if not os.path.isfile(path) or name == "_status.json" or (name in own and path != own[name]):
            continue
        target = os.path.join(folder, *name.split("/"))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.exists(target):
            os.unlink(target)
        try:
            os.link(path, target)
        except OSError:
            shutil.copyfile(path, target)
        names.append(name)
    return sorted(names), node["file"] if os.path.isfile(notebook) else None


def write_status(node, run, status):
    folder = os.path.join(os.environ["TMP_OUTPUT_DIR"], "run", run)
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "_status.json")
    whole = dict(node=node["node"], service=node["service"], run=run)
    whole.update(status)
    with open(os.path.join(WORK, "status"), "w") as file:
        json.dump(whole, file, indent=1)
    shutil.copyfile(os.path.join(WORK, "status"), path)


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
`;
