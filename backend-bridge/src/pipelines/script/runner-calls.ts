/** Runner, part of nodes that call something that is there: an OSCAR service, a Lambda function. */
export const CALLS = String.raw`

# Above this a file goes through the bucket: gateways in front of clusters limit bodies.
LARGEST_CALL = 48 * 1024 * 1024
KNOWN = ((b"\x89PNG", ".png"), (b"\xff\xd8\xff", ".jpg"), (b"GIF8", ".gif"), (b"%PDF", ".pdf"), (b"PK\x03\x04", ".zip"),
         (b"\x1f\x8b", ".gz"), (b"RIFF", ".wav"), (b"II*\x00", ".tiff"), (b"MM\x00*", ".tiff"), (b"\x89HDF", ".h5"),
         (b"OggS", ".ogg"), (b"ID3", ".mp3"))


def call_with_files(node):
    """Sends each of the files that the node names, and keeps what comes back below a folder of the service's name."""
    call = node["call"]
    run = os.environ["ELYRA_RUN_NAME"]
    if call.get("text") is None:
        found, _ = collect({"outputs": call["inputs"]}, os.getcwd())
    else:
        found = text_as_file(call["text"])
    if not found:
        return fail("There is no file to send to %s: %s matched nothing." % (call["name"], ", ".join(call["inputs"]) or "no pattern"))
    send = to_function if node["kind"] == "function" else to_service
    for number, name in enumerate(sorted(found), 1):
        say("%s (%d of %d) to %s" % (name, number, len(found), call["name"]))
        try:
            results = send(node, run, name, found[name])
        except Missing as missing:
            return fail("%s did not take %s: %s is not there." % (call["name"], name, missing))
        except Failure as failure:
            return fail("%s did not take %s. %s" % (call["name"], name, failure))
        stem = os.path.splitext(os.path.basename(name))[0]
        if sum(os.path.splitext(os.path.basename(other))[0] == stem for other in found) > 1:
            stem = name.replace("/", "-")
        for result, data in results:
            # One result is named after what was sent, several keep their names in a folder of that name.
            parts = [part for part in result.replace("\\", "/").split("/") if part not in ("", ".", "..")]
            # A synchronous call has no name for its input: what is named after that gets the name of what was sent.
            parts = [re.sub(r"^event-file-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", lambda _: os.path.basename(stem), part) for part in parts]
            target = stem + (os.path.splitext(parts[-1])[1] if parts else "") if len(results) == 1 else stem + "/" + "/".join(parts)
            import io
            put_file(os.getcwd(), call["folder"] + "/" + target, io.BytesIO(data), 0o644)
    return 0


def text_as_file(text):
    """What is sent instead of files, beside the working folder: it is no output of the node."""
    data = text.encode("utf-8")
    name = "text" + extension(data)
    path = os.path.join(WORK, name)
    with open(path, "wb") as file:
        file.write(data)
    return {name: path}


def to_service(node, run, name, path):
    service = node["call"]["name"]
    endpoint = (os.environ.get("OSCAR_CALL_ENDPOINT") or os.environ.get("OSCAR_ENDPOINT") or "").rstrip("/")
    token = os.environ.get("OSCAR_CALL_TOKEN") or ""
    try:
        paths = json.loads(os.environ.get("OSCAR_CALL_PATHS") or "{}")
    except ValueError:
        paths = {}
    with open(path, "rb") as file:
        data = file.read()
    place = node["call"].get("path")
    exposed = paths.get("exposed")
    if place is not None and not exposed and paths:
        raise Failure("It is not an exposed service and has no path %s. Remove the path from the node." % place)
    if endpoint and (place is not None or exposed and not paths.get("input")):
        url = endpoint + "/system/services/%s/exposed/%s" % (service, urllib.parse.quote((place or "").lstrip("/"), safe="/?=&%-_.~"))
        # Behind a door of users and passwords these are the service's name and its token.
        login = "Basic " + base64.b64encode((service + ":" + token).encode()).decode()
        answer = post(url, data, {"bearer": "Bearer " + token, "none": ""}.get(exposed, login))
        return [("answer" + extension(answer), answer)]
    # Nothing stands behind /run of an exposed service.
    if endpoint and token and not exposed and len(data) <= LARGEST_CALL:
        body = base64.b64encode(data)
        try:
            # Such a body would be read as an event, not as a file.
            json.loads(body.decode())
        except ValueError:
            try:
                return read_answer(post(endpoint + "/run/" + service, body, "Bearer " + token))
            except Missing:
                say("%s does not answer calls; the file is put into its input folder" % service)
    storage = open_storage(function_config(), "minio.default")
    if storage is None:
        raise Failure("Neither its token and address (OSCAR_CALL_TOKEN, OSCAR_CALL_ENDPOINT) nor keys of the object store are there.")
    # Nobody has told of a service that a stranger deployed this for: then the usual folders are tried.
    source = paths.get("input") or ("" if paths else service + "/in")
    targets = paths.get("output") or ([] if paths else [service + "/out"])
    if not source or not targets:
        raise Failure("It does not answer calls, and has no %s folder in the object store of the cluster." %
                      ("output" if source else "input"))
    return through_buckets(storage, run, node, name, path, source, targets)


def post(url, body, authorization):
    headers = {"Content-Type": "application/octet-stream"}
    if authorization:
        headers["Authorization"] = authorization
    request = urllib.request.Request(url, data=body, method="POST", headers=headers)
    host = urllib.parse.urlsplit(url).hostname or ""
    handlers = [urllib.request.ProxyHandler({})] if host == "localhost" or host.startswith("127.") or "." not in host else []
    if (os.environ.get("OSCAR_CALL_VERIFY") or "").lower() == "false":
        handlers.append(urllib.request.HTTPSHandler(context=ssl._create_unverified_context()))
    opener = urllib.request.build_opener(*handlers)
    for attempt in range(1, 9):
        try:
            with opener.open(request, timeout=900) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            said = error.read().decode("utf-8", "replace").strip()
            if error.code in (404, 405, 501):
                raise Missing(url)
            if error.code in (401, 403):
                raise Failure("It refused the token (%d). Deploy the pipeline again, so that it gets the one of today." % error.code)
            if error.code not in (429, 502, 503, 504) or attempt == 8:
                raise Failure("It answered %d: %s" % (error.code, "\n".join(said.splitlines()[-5:]) or error.reason))
            problem = "it answered %d" % error.code
        except (OSError, urllib.error.URLError) as error:
            problem = str(getattr(error, "reason", error))
            if attempt == 8:
                raise Failure("It cannot be reached: %s." % problem)
        delay = min(0.5 * 2 ** attempt, 20)
        say("%s; again in %.0f s" % (problem, delay))
        time.sleep(delay)


def read_answer(body):
    """The files of a synchronous answer: base64 of one, base64 of a zip of several, else the text that was printed."""
    import io
    import zipfile
    text = body.decode("utf-8", "replace")
    text = re.sub(r"(?m)^\d{4}-\d\d-\d\d [\d:,]+ - supervisor - [A-Z]+ - .*(?:\r?\n|$)", "", text)
    failed = re.search(r"(?m)^OSCAR-EXIT: ([1-9]\d*)\s*$", text)
    if failed:
        raise Failure("Its script ended with exit code %s: %s" % (failed.group(1), "\n".join(text.strip().splitlines()[-5:])))
    compact = "".join(text.split())
    data = None
    if compact and len(compact) % 4 == 0 and re.match(r"[A-Za-z0-9+/]+={0,2}$", compact) and not compact.isdigit():
        data = base64.b64decode(compact)
    if data is None or (len(data) < 48 and extension(data) == ".bin"):
        return [("answer" + extension(text.encode()), text.encode())]
    if data[:4] == b"PK\x03\x04":
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                return [(info.filename, archive.read(info)) for info in archive.infolist() if not info.filename.endswith("/")]
        except zipfile.BadZipFile:
            pass
    return [("answer" + extension(data), data)]


def extension(data):
    for start, end in KNOWN:
        if data.startswith(start):
            return end
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return ".bin"
    if "\0" in text:
        return ".bin"
    try:
        return ".json" if isinstance(json.loads(text), (dict, list)) else ".txt"
    except ValueError:
        return ".txt"


def through_buckets(storage, run, node, name, path, source, targets):
    """Puts a file where the service listens, and waits for what it writes under a name that begins like it."""
    digest = hashlib.sha256((run + node["service"] + name).encode("utf-8", "surrogateescape")).hexdigest()[:8]
    stem, end = os.path.splitext(os.path.basename(name))
    stem = "%s-%s-%s" % (run, digest, stem)
    places = [split_path(target) for target in targets]

    def look():
        return dict(((bucket, key), time_) for bucket, prefix in places
                    for key, time_, _ in storage.list(bucket, prefix + "/" if prefix else "")
                    if stem in key.rsplit("/", 1)[-1])

    before = look()
    bucket, prefix = split_path(source)
    storage.upload(bucket, "/".join(part for part in (prefix, stem + end) if part), path)
    deadline = time.time() + float(os.environ.get("OSCAR_CALL_TIMEOUT") or 3600)
    seen, since, pause = {}, time.time(), 0.5
    while True:
        new = dict(item for item in look().items() if before.get(item[0]) != item[1])
        if new != seen:
            seen, since = new, time.time()
        elif seen and time.time() - since >= 3:
            return [(key.rsplit("/", 1)[-1].replace(run + "-" + digest + "-", ""), storage.read(place, key)) for place, key in sorted(seen)]
        if time.time() > deadline:
            raise Failure("It wrote nothing for it to %s in the time that OSCAR_CALL_TIMEOUT gives." % ", ".join(targets))
        time.sleep(pause)
        pause = min(pause * 1.3, 5)


def to_function(node, run, name, path):
    """A Lambda function: through its S3 input when it has one, else with the file as the body of the call."""
    call = node["call"]
    region = call.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    os.environ["AWS_REGION"] = region
    storage = open_storage({}, "s3.default")
    if storage is None:
        raise Failure("There are no keys of AWS: give AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY when the pipeline is deployed.")
    if call.get("input") and call.get("output"):
        return through_buckets(storage, run, node, name, path, call["input"], [call["output"]])
    storage.endpoint = (os.environ.get("AWS_ENDPOINT_URL_LAMBDA") or os.environ.get("AWS_ENDPOINT_URL")
                        or "https://lambda.%s.amazonaws.com" % region).rstrip("/")
    with open(path, "rb") as file:
        body = base64.b64encode(file.read()).decode()
    # As API Gateway would send it: the supervisor of SCAR makes the body the input file.
    event = json.dumps({"httpMethod": "POST", "path": "/launch", "headers": {}, "body": body, "isBase64Encoded": False,
                        "queryStringParameters": None, "requestContext": {"stage": "scar"}}).encode()
    answer, headers = signed_call(storage, "lambda", "POST", "/2015-03-31/functions/%s/invocations" % urllib.parse.quote(call["name"]),
                                  {}, event)
    if headers.get("X-Amz-Function-Error"):
        raise Failure("It failed: %s" % answer.decode("utf-8", "replace")[:500])
    try:
        reply = json.loads(answer.decode("utf-8"))
        content = reply["body"]
        content = base64.b64decode(content) if reply.get("isBase64Encoded") else as_text(content).encode()
    except (ValueError, KeyError, TypeError, AttributeError):
        return [("answer" + extension(answer), answer)]
    if int(reply.get("statusCode") or 200) >= 400:
        raise Failure("It answered %s: %s" % (reply["statusCode"], content.decode("utf-8", "replace")[:500]))
    return read_answer(content)
`;
