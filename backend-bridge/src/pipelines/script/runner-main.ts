/** Runner, last part: one job from its event to its status. */
export const MAIN = String.raw`

# Exit code of a job whose node could not begin or could not hand on: its own program did not fail.
STAGING_FAILED = 70


def main():
    with open(os.path.join(WORK, "node.json"), encoding="utf-8") as file:
        node = json.load(file)
    if sys.argv[2:] == ["notebook"]:
        return run_notebook(node)
    if sys.argv[2:] == ["call"]:
        return call_with_files(node)
    bucket, key = arrival()
    if key.endswith("/"):
        return 0
    try:
        job = begin(node, bucket, key)
    except Failure as failure:
        say(str(failure))
        return STAGING_FAILED
    return 0 if job is None else work(node, *job)


def begin(node, bucket, key):
    """What is to be done: run, its document and the archives of the parents. None when there is nothing to do."""
    if not os.environ.get("TMP_OUTPUT_DIR"):
        raise Failure("TMP_OUTPUT_DIR is not set: this script is run by OSCAR.")
    config = function_config()
    storage = open_storage(config, node["provider"])
    if not node["parents"]:
        run, document = read_start(key)
        if done_already(node, config, storage, run):
            say("run %s: this node is done already" % run)
            return None
        return claimed(node, config, storage, run, document, [])
    run, service = run_of_key(key)
    if not run or service not in [parent["service"] for parent in node["parents"]]:
        say("%s is no archive of a node before this one; nothing to do" % (key or "what came in"))
        return None
    archives = find_archives(node, config, storage, run, service, bucket, key)
    if archives is None:
        return None
    if done_already(node, config, storage, run):
        say("run %s: this node is done already" % run)
        return None
    return claimed(node, config, storage, run, None, archives)


def claimed(node, config, storage, run, document, archives):
    claim = None
    if storage is not None:
        claim = Claim(node, config, storage, run)
        if not claim.take(run, lambda: done_already(node, config, storage, run)):
            return None
    return config, run, document, archives, claim


def work(node, config, run, document, archives, claim):
    """Does the work of a run and records it, however it ends."""
    say("run %s: %s" % (run, node["label"]))
    status = {"code": STAGING_FAILED, "startedAt": now(), "artifacts": [], "missing": []}
    try:
        inherited = Inherited(node, archives)
        document = dict(document if document is not None else inherited.document, run=run)
        folder = os.path.join(WORK, "files")
        os.makedirs(folder)
        inherited.unpack(folder)
        unpack_code(node, config, folder)
        parameters = parameters_of(node, document)
        status["code"] = execute(node, folder, environment(node, run, document, parameters), parameters, claim)
        if status["code"] != 0:
            status["reason"] = reason_of(node, status["code"])
        outputs, status["missing"] = collect(node, folder)
        if status["code"] == 0 and node["outputs"] and not outputs:
            status.update(code=STAGING_FAILED, reason="It ended well, but wrote none of its outputs: %s." % ", ".join(node["outputs"]))
        elif status["code"] == 0 and status["missing"]:
            say("not written: " + ", ".join(status["missing"]))
        status["artifacts"], notebook = keep_artifacts(node, run, outputs)
        if notebook:
            status["notebook"] = notebook
        if status["code"] == 0:
            hand_on(node, run, document, inherited, outputs)
    except Failure as failure:
        status.update(code=STAGING_FAILED, reason=str(failure))
    except Exception as error:
        import traceback
        traceback.print_exc(file=sys.stdout)
        status.update(code=STAGING_FAILED, reason="%s: %s" % (type(error).__name__, error))
    if claim is not None and not claim.end(status["code"]):
        for part in ("edge", "run"):
            shutil.rmtree(os.path.join(os.environ["TMP_OUTPUT_DIR"], part), ignore_errors=True)
        say("run %s: another job does this node; what this one made is left out" % run)
        return STAGING_FAILED
    if status["code"] != 0:
        shutil.rmtree(os.path.join(os.environ["TMP_OUTPUT_DIR"], "edge"), ignore_errors=True)
        say(status["reason"])
    status["finishedAt"] = now()
    write_status(node, run, status)
    return status["code"]


def reason_of(node, code):
    try:
        with open(os.path.join(WORK, "reason"), encoding="utf-8") as file:
            return file.read()
    except OSError:
        what = node.get("file") or "The command"
        if code > 128:
            return "%s was ended by signal %d%s." % (what, code - 128, ", perhaps for lack of memory" if code == 137 else "")
        return "%s ended with exit code %d." % (what, code)


WORK = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else os.getcwd()

if __name__ == "__main__":
    sys.exit(main())
`;
