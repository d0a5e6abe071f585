/** Runner, second part: an S3 client as small as it can be. Signature version 4, path style, retries with back-off. */
export const STORAGE = String.raw`

class Missing(Exception):
    """There is no such object or bucket."""


class Conflict(Exception):
    """The object has changed, or is there, against the condition of the call."""


class Storage:
    """An object store. Needs endpoint and keys; raises Failure with what the store said."""

    def __init__(self, endpoint, access_key, secret_key, region="us-east-1", token="", verify=True):
        self.endpoint = endpoint.rstrip("/")
        self.access_key, self.secret_key, self.token = access_key, secret_key, token
        self.region = region or "us-east-1"
        handlers = []
        host = urllib.parse.urlsplit(self.endpoint).hostname or ""
        if host == "localhost" or host.startswith("127.") or "." not in host:
            handlers.append(urllib.request.ProxyHandler({}))
        if not verify:
            handlers.append(urllib.request.HTTPSHandler(context=ssl._create_unverified_context()))
        self.opener = urllib.request.build_opener(*handlers)

    def list(self, bucket, prefix):
        """All objects below a prefix: (key, time of last change as text, size)."""
        found = []
        query = {"list-type": "2", "prefix": prefix}
        while True:
            tree = xml.etree.ElementTree.fromstring(self.call("GET", bucket, "", query)[0])
            fields = [dict((part.tag.split("}")[-1], part.text or "") for part in item)
                      for item in tree.iter() if item.tag.split("}")[-1] == "Contents"]
            found.extend((item["Key"], item["LastModified"], int(item.get("Size") or 0)) for item in fields)
            after = [item.text for item in tree if item.tag.split("}")[-1] == "NextContinuationToken"]
            if not after or not after[0]:
                return found
            query["continuation-token"] = after[0]

    def read(self, bucket, key):
        return self.call("GET", bucket, key)[0]

    def download(self, bucket, key, path):
        self.call("GET", bucket, key, into=path)

    def upload(self, bucket, key, path):
        with open(path, "rb") as file:
            self.call("PUT", bucket, key, body=file.read())

    def call(self, method, bucket, key="", query=None, body=b"", into=None, headers=None):
        path = "/" + urllib.parse.quote(bucket) + ("/" + urllib.parse.quote(key, safe="/-_.~") if key else "")
        return signed_call(self, "s3", method, path, query or {}, body, into, headers)


def signed_call(client, service, method, path, query, body, into=None, more=None, attempts=6):
    """A call that is signed and repeated while the other side is out of order. Answers body and headers."""
    parameters = "&".join(
        urllib.parse.quote(name, safe="-_.~") + "=" + urllib.parse.quote(query[name], safe="-_.~") for name in sorted(query)
    )
    url = client.endpoint + path + ("?" + parameters if parameters else "")
    for attempt in range(1, attempts + 1):
        headers = sign(client, service, method, path, parameters, hashlib.sha256(body).hexdigest())
        headers.update(more or {})
        request = urllib.request.Request(url, data=body if method != "GET" else None, headers=headers, method=method)
        try:
            with client.opener.open(request, timeout=60) as answer:
                if into is None:
                    return answer.read(), answer.headers
                with open(into, "wb") as file:
                    shutil.copyfileobj(answer, file, 1 << 20)
                    expected = answer.headers.get("Content-Length")
                    if expected is not None and file.tell() != int(expected):
                        raise OSError("the connection was cut")
                return b"", answer.headers
        except urllib.error.HTTPError as error:
            said = error.read().decode("utf-8", "replace")
            match = re.search("<Code>(.*?)</Code>", said)
            code = match.group(1) if match else "HTTP " + str(error.code)
            if error.code == 404:
                raise Missing(path)
            if more and error.code in (409, 412):
                raise Conflict(path)
            if (error.code < 500 or error.code == 501) and error.code != 429 and code != "RequestTimeTooSkewed":
                raise Failure("The object store refused %s of %s: %s." % (method, path, code))
            problem = code
        except (OSError, urllib.error.URLError) as error:
            problem = str(getattr(error, "reason", error))
        if attempt == attempts:
            raise Failure("%s of %s failed %d times: %s." % (method, url.split("?")[0], attempts, problem))
        delay = min(0.25 * 2 ** attempt, 10) * (0.5 + random.random())
        say("%s of %s: %s; again in %.1f s" % (method, path, problem, delay))
        time.sleep(delay)


def sign(client, service, method, path, parameters, digest):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    headers = {"Host": urllib.parse.urlsplit(client.endpoint).netloc, "X-Amz-Content-Sha256": digest, "X-Amz-Date": now}
    if client.token:
        headers["X-Amz-Security-Token"] = client.token
    names = sorted(name.lower() for name in headers)
    values = dict((name.lower(), headers[name]) for name in headers)
    scope = "/".join((now[:8], client.region, service, "aws4_request"))
    # S3 signs the path as it is sent, all other services encode it once more.
    shown = path if service == "s3" else urllib.parse.quote(path, safe="/-_.~")
    canonical = "\n".join(
        [method, shown, parameters] + [name + ":" + values[name] for name in names] + ["", ";".join(names), digest]
    )
    text = "\n".join(("AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = ("AWS4" + client.secret_key).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s" % (
        client.access_key, scope, ";".join(names), hmac.new(key, text.encode(), hashlib.sha256).hexdigest())
    return headers


def open_storage(config, name):
    """The store behind a provider as the FDL names it; None when there is nothing to sign with."""
    kind, ident = provider_parts(name)
    given = ((config.get("storage_providers") or {}).get(kind) or {}).get(ident) or {}
    access, secret = given.get("access_key"), given.get("secret_key")
    if kind == "s3":
        token = ""
        if not access or not secret or "hidden" in (access, secret):
            access, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
            token = os.environ.get("AWS_SESSION_TOKEN") or ""
        region = given.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        endpoint = endpoint or "https://s3.%s.amazonaws.com" % region
        return Storage(endpoint, access, secret, region, token) if access and secret else None
    folder = os.environ.get("OSCAR_PROVIDERS_DIR") or os.path.join(os.sep, "var", "run", "secrets", "providers")
    try:
        with open(os.path.join(folder, kind + "." + ident, "accessKey")) as file:
            access = file.read().strip()
        with open(os.path.join(folder, kind + "." + ident, "secretKey")) as file:
            secret = file.read().strip()
    except OSError:
        pass
    if not given.get("endpoint") or not access or not secret or "hidden" in (access, secret):
        return None
    verify = str(given.get("verify", True)).lower() != "false"
    return Storage(given["endpoint"], access, secret, given.get("region") or "us-east-1", "", verify)
`;
