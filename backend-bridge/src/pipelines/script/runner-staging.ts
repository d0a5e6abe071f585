/** Runner, third part: which run it is, whose turn it is, what comes in and what is handed on. */
export const STAGING = String.raw`

def run_of_key(key):
    """The run that an archive belongs to, and the service that made it."""
    match = re.search(r"(?:^|/)edge/([^/]+)/([^/]+)\.tar\.gz$", key)
    return (match.group(1), match.group(2)) if match and RUN_ID.match(match.group(1)) else ("", "")


def read_start(key):
    """The file that starts a node without parents: {run, pipeline, parameters, variables}, named <run>.json."""
    name = os.path.basename(key)
    try:
        with open(os.environ.get("INPUT_FILE_PATH") or "", encoding="utf-8") as file:
            document = json.load(file)
    except (OSError, ValueError):
        document = None
    if not isinstance(document, dict):
        raise Failure("%s does not start a run. A run is started by a file <run>.json with {\"run\": \"<run>\", \"parameters\": {}}."
                      % (name or "What came in"))
    run = name[:-5] if name.endswith(".json") else ""
    if not RUN_ID.match(run):
        run = str(document.get("run") or "")
    if not run and not key:
        run = "r-" + uuid.uuid4().hex[:12]
    if not RUN_ID.match(run):
        raise Failure("%s is no name of a run. It has lower-case letters, digits and hyphens, 63 at most." % (run or name))
    return run, document


def places_of(node, parent, config):
    """Where the archives of a parent lie: as the deployment says, else as the service is configured."""
    try:
        links = [link for link in json.loads(os.environ.get("OSCAR_LINKS") or "[]") if isinstance(link, dict)]
    except ValueError:
        links = []
    path = parent["path"].strip("/")
    linked = [link for link in links if link.get("from") == parent["service"]] or [
        link for link in links if str(link.get("path") or "").strip("/") == path]
    if linked:
        return [(str(link.get("bucket") or ""), str(link.get("prefix") or "").strip("/")) for link in linked]
    inputs = [split_path(item.get("path")) for item in config.get("input") or [] if isinstance(item, dict)]
    wanted = split_path(path)
    # The bucket may have another name here; the folder of the parent has not.
    return [wanted] if wanted in inputs or len(node["parents"]) > 1 else [wanted] + inputs


def newest(storage, places, run, service):
    """(time, bucket, key) of a parent's archive, None while it is not there."""
    found = []
    for bucket, prefix in places:
        key = "/".join(part for part in (prefix, "edge", run, service + ".tar.gz") if part)
        try:
            found.extend((time_, bucket, name) for name, time_, _ in storage.list(bucket, key) if name == key)
        except Missing:
            continue
    return max(found) if found else None


# Seconds between two times of a store that may be one time: it leaves fractions out, and may be several machines.
SAME_TIME = 2


def seconds_of(text):
    """Of a time as stores tell it, 2026-01-02T03:04:05.678Z; 0 for others, so that none is taken for the last."""
    try:
        return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))
    except ValueError:
        return 0


def find_archives(node, config, storage, run, service, bucket, key):
    """The archives of all parents, in their order; None when this job is not the one that goes on.

    A job is started by each archive, and the last one finds all others. Its event may come before an earlier one's, whose
    job finds all of them, too: it leaves when another archive is newer. Stores tell time in whole seconds (S3 does), so that of
    archives of about the same time none is known to be the last: their jobs go on, and the claim lets one of them work."""
    incoming = os.environ.get("INPUT_FILE_PATH") or ""
    if len(node["parents"]) == 1:
        if os.path.isfile(incoming):
            return [incoming]
        if storage is None:
            raise Failure("The archive was not fetched, and there are no keys of the object store to fetch it with.")
        return [fetch(storage, bucket or places_of(node, node["parents"][0], config)[0][0], key)]
    if storage is None:
        raise Failure("The node comes after %d others and has to see which of them are done, but the keys or the address of "
                      "the object store are not there. Convert the pipeline as a chain (option serial), or run it where "
                      "services get their keys." % len(node["parents"]))
    found = []
    for parent in node["parents"]:
        places = places_of(node, parent, config)
        if parent["service"] == service and bucket:
            prefix = key[: -len("/edge/%s/%s.tar.gz" % (run, service))]
            places = [(bucket, prefix)] if key.startswith(prefix + "/edge/") else [(bucket, "")]
        archive = newest(storage, places, run, parent["service"])
        if archive is None:
            say("waiting for %s; the job that its archive starts will go on" % parent["service"])
            return None
        found.append((archive[0], archive[2], parent["service"], archive[1]))
    last, own = max(found), [item for item in found if item[2] == service][0]
    if seconds_of(last[0]) - seconds_of(own[0]) > SAME_TIME:
        say("the archive of %s came last; its job goes on" % last[2])
        return None
    return [incoming if item[2] == service and os.path.isfile(incoming) else fetch(storage, item[3], item[1])
            for item in found]


def fetch(storage, bucket, key):
    path = os.path.join(WORK, "inherited-" + uuid.uuid4().hex + ".tar.gz")
    try:
        storage.download(bucket, key, path)
    except Missing:
        raise Failure("%s/%s is gone." % (bucket, key))
    return path


def done_already(node, config, storage, run):
    if storage is None:
        return False
    bucket, prefix = split_path(artifacts_path(node, config))
    try:
        status = json.loads(storage.read(bucket, "/".join(part for part in (prefix, "run", run, "_status.json") if part)).decode())
        return isinstance(status, dict) and status.get("code") == 0
    except (Missing, ValueError):
        return False
    except Failure as failure:
        say("what this node has left cannot be seen: %s" % failure)
        return False


def artifacts_path(node, config):
    for item in config.get("output") or []:
        if isinstance(item, dict) and "run/" in (item.get("prefix") or []):
            return item.get("path")
    return node["artifacts"]


def members(path):
    """The files of an archive with names that stay inside; anything else ends the node."""
    try:
        with tarfile.open(path, "r:*") as archive:
            for member in archive:
                parts = [part for part in member.name.split("/") if part not in ("", ".")]
                if member.name.startswith("/") or ".." in parts or "\\" in member.name and os.sep == "\\":
                    raise Failure("The archive that came in has a file outside its folder (%s); it is not unpacked." % member.name)
                if member.isdir():
                    continue
                if not member.isfile() or not parts:
                    raise Failure("The archive that came in has a link or a device (%s); it is not unpacked." % member.name)
                yield "/".join(parts), member, archive
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise Failure("The archive that came in is damaged: %s." % error)
    except Exception as error:
        if type(error).__name__ == "error" and type(error).__module__ == "zlib":
            raise Failure("The archive that came in is damaged: %s." % error)
        raise


class Inherited:
    """What the nodes before this one left. A file that several of them wrote is the one of the last in the pipeline's order."""

    def __init__(self, node, archives):
        self.archives = archives
        self.document = {}
        self.writers = {}
        self.origin = {}
        for index, path in enumerate(archives):
            names, record = [], {}
            for name, member, archive in members(path):
                if name == RUN_FILE:
                    self.document = self.document or as_document(archive.extractfile(member).read())
                elif name == RECORD:
                    record = read_record(archive.extractfile(member).read())
                else:
                    names.append(name)
            for name in names:
                rank = record.get(name, -1)
                if name not in self.writers or rank >= self.writers[name]:
                    self.writers[name], self.origin[name] = rank, index

    def unpack(self, folder):
        for index, path in enumerate(self.archives):
            for name, member, archive in members(path):
                if self.origin.get(name) == index:
                    put_file(folder, name, archive.extractfile(member), member.mode)


def as_document(data):
    try:
        document = json.loads(data.decode("utf-8"))
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def read_record(data):
    record = {}
    for line in data.decode("utf-8", "surrogateescape").splitlines():
        rank, _, name = line.partition(" ")
        if rank.isdigit():
            record[name.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")] = int(rank)
    return record


def put_file(folder, name, source, mode):
    target = os.path.join(folder, *name.split("/"))
    try:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.islink(target):
            os.unlink(target)
        with open(target, "wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
        os.chmod(target, 0o755 if mode & 0o100 else 0o644)
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise Failure("%s is a file for one node and a folder for another. Rename one of them." % name)


def hand_on(node, run, document, inherited, outputs):
    """The archive for the nodes after this one: all that was inherited, and the outputs over it."""
    if not node["next"]:
        return
    folder = os.path.join(os.environ["TMP_OUTPUT_DIR"], "edge", run)
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, node["service"] + ".tar.gz")
    record = dict((name, rank) for name, rank in inherited.writers.items() if name not in outputs)
    record.update((name, node["rank"]) for name in outputs)
    lines = "".join("%d %s\n" % (max(rank, 0), name.replace("%", "%25").replace("\n", "%0A").replace("\r", "%0D"))
                    for name, rank in sorted(record.items()))
    with tarfile.open(path + ".new", "w:gz", compresslevel=5, format=tarfile.PAX_FORMAT) as archive:
        add_bytes(archive, RUN_FILE, json.dumps(document).encode("utf-8"))
        add_bytes(archive, RECORD, lines.encode("utf-8", "surrogateescape"))
        for index, source in enumerate(inherited.archives):
            for name, member, opened in members(source):
                if inherited.origin.get(name) == index and name not in outputs:
                    info = tarfile.TarInfo(name)
                    info.size, info.mode, info.mtime = member.size, member.mode & 0o755, member.mtime
                    archive.addfile(info, opened.extractfile(member))
        for name in sorted(outputs):
            info = archive.gettarinfo(outputs[name], name)
            # Links and second names of one file become files of their own.
            info.type, info.linkname = tarfile.REGTYPE, ""
            info.size, info.uid, info.gid, info.uname, info.gname = os.path.getsize(outputs[name]), 0, 0, "", ""
            with open(outputs[name], "rb") as file:
                archive.addfile(info, file)
    os.rename(path + ".new", path)


def add_bytes(archive, name, data):
    import io
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))
`;
