/**
 * What an image that is built here starts with where the supervisor alone does not do: in mode `lambda-batch` it stands between
 * Lambda and the supervisor, which hands nothing over to Batch from images; and it fetches the credentials of storage providers
 * from Secrets Manager, in Lambda and in jobs of Batch. It brings a Python of its own, so that any image will do.
 */

/** Image whose Python the entrypoint runs in; all of it is copied below `PYTHON_ROOT`. */
export const PYTHON_IMAGE = 'docker.io/library/python:3.13-alpine';
export const PYTHON_ROOT = '/opt/oscar-python';
/** Variable with the name of the secret in Secrets Manager. */
export const SECRET_VARIABLE = 'SCAR_SECRET_ID';
/** Variable with the version of the secret: instances that run go when it changes, and with them what they have fetched. */
export const SECRET_VERSION_VARIABLE = 'SCAR_SECRET_VERSION';
/** In the image beside the entrypoint, without credentials; the supervisor's own file is a link to what is put together of both. */
export const PUBLIC_CONFIG = 'function_config.public.yaml';
/** Where the configuration with credentials is written: the only folder that Lambda lets be written to. */
export const WHOLE_CONFIG = '/tmp/.function_config.yaml';

/** The loader of that Python is named, because the image may have another C library. */
export const ENTRYPOINT_SH = `#!/bin/sh
root=${PYTHON_ROOT}
for loader in "$root"/lib/ld-musl-*.so.1; do :; done
export PYTHONHOME="$root/usr/local" SSL_CERT_FILE="$root/etc/ssl/certs/ca-certificates.crt"
exec "$loader" --library-path "$root/lib:$root/usr/lib:$root/usr/local/lib" "$root/usr/local/bin/python3" /var/task/entrypoint.py
`;

export const ENTRYPOINT_PY = `"""Stands before faas-supervisor: fetches credentials from Secrets Manager, and makes jobs of Batch of what takes too long.

The supervisor reads its configuration from a file: where there is a secret, that file is a link to one that only this user may
read, which is written here. In a job of Batch the supervisor then gets the event; in Lambda it is started as it is, or, in mode
\`lambda-batch\`, behind a runtime interface of ours.

Lambda's runtime interface is passed on to the supervisor, with a later deadline. When the time that is kept for storing results
begins and there is no answer yet, the supervisor is ended, the event goes to Batch, and the answer says which job it is.
"""

import base64
import datetime
import hashlib
import hmac
import http.client
import http.server
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import urllib.parse

API = os.environ.get("AWS_LAMBDA_RUNTIME_API")
TASK = os.environ.get("LAMBDA_TASK_ROOT", "/var/task")
PREFIX = "/2018-06-01/runtime"
LATER = 3600
KEPT_FOR_THE_CALL = 2
SECRET = os.environ.get("SCAR_SECRET_ID")
WHOLE = os.path.join(TASK, "function_config.yaml")
TRIES = 4

with open(os.path.join(TASK, "function_config.public.yaml") if SECRET else WHOLE, encoding="utf-8") as file:
    CONFIG = json.load(file)


def call(method, path, body=None, headers=None):
    connection = http.client.HTTPConnection(API)
    connection.request(method, PREFIX + path, body=body, headers=headers or {})
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer, data


class Passing(http.server.BaseHTTPRequestHandler):
    """What the supervisor takes for Lambda."""

    waiting = queue.Queue()
    answers = queue.Queue()
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        headers, body = self.waiting.get()
        self.send_response(200)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kept = {name: value for name, value in self.headers.items() if name.lower().startswith(("content-type", "lambda-"))}
        self.answers.put((self.path[len(PREFIX):], body, kept))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


def environment():
    """That of the supervisor: our Python is not its own."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "SSL_CERT_FILE")}


def start(port):
    env = environment()
    env["AWS_LAMBDA_RUNTIME_API"] = f"127.0.0.1:{port}"
    return subprocess.Popen([os.path.join(TASK, "supervisor")], cwd=TASK, env=env, start_new_session=True)


def end(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def fetched(url, method="GET", headers=None):
    parts = urllib.parse.urlsplit(url)
    connection = (http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection)(
        parts.netloc, timeout=5
    )
    connection.request(method, parts.path, headers=headers or {})
    answer = connection.getresponse()
    data = answer.read().decode()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{url} answered {answer.status}")
    return data


def credentials():
    """Key, secret and token of the role: of the environment in Lambda, else of the container or the machine of Batch."""
    if os.environ.get("AWS_ACCESS_KEY_ID"):
        return os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"], os.environ.get("AWS_SESSION_TOKEN")
    url = os.environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    if os.environ.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"):
        url = "http://169.254.170.2" + os.environ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"]
    if url:
        token = os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN")
        found = json.loads(fetched(url, headers={"Authorization": token} if token else {}))
    else:
        base = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254").rstrip("/") + "/latest"
        token = fetched(base + "/api/token", "PUT", {"X-aws-ec2-metadata-token-ttl-seconds": "300"})
        headers = {"X-aws-ec2-metadata-token": token}
        roles = base + "/meta-data/iam/security-credentials/"
        role = fetched(roles, headers=headers).split()[0]
        found = json.loads(fetched(roles + role, headers=headers))
    return found["AccessKeyId"], found["SecretAccessKey"], found.get("Token")


def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signed(service, region, variable, path, body, headers):
    """One signed call of a service; gives the status and the body of its answer."""
    address = os.environ.get(variable) or os.environ.get("AWS_ENDPOINT_URL")
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    url = urllib.parse.urlsplit(address or f"https://{service}.{region}.{domain}")
    access, secret, token = credentials()
    now = datetime.datetime.now(datetime.timezone.utc)
    stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    headers = {**headers, "host": url.netloc, "x-amz-date": stamp}
    if token:
        headers["x-amz-security-token"] = token
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\\n" for name in sorted(headers))
    digest = hashlib.sha256(body.encode()).hexdigest()
    canonical = f"POST\\n{path}\\n\\n{lines}\\n{names}\\n{digest}"
    scope = f"{day}/{region}/{service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\\n{stamp}\\n{scope}\\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = sign(("AWS4" + secret).encode(), day)
    for part in (region, service, "aws4_request"):
        key = sign(key, part)
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={access}/{scope}, SignedHeaders={names}, Signature={signature}"
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.netloc, timeout=20)
    connection.request("POST", path, body=body, headers=headers)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, data


def secret():
    """The providers with their credentials, of Secrets Manager; what passes is tried again."""
    headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "secretsmanager.GetSecretValue"}
    body = json.dumps({"SecretId": SECRET, "VersionStage": "AWSCURRENT"})
    for attempt in range(1, TRIES + 1):
        try:
            status, data = signed(
                "secretsmanager", CONFIG["region"], "AWS_ENDPOINT_URL_SECRETS_MANAGER", "/", body, headers
            )
        except (OSError, http.client.HTTPException, RuntimeError, ValueError, KeyError) as error:
            status, said = 0, f"{type(error).__name__}: {error}"
        else:
            if status == 200:
                return json.loads(json.loads(data)["SecretString"])
            said = data.decode(errors="replace")[:500]
        if attempt == TRIES or not (status in (0, 429) or status >= 500 or "Throttling" in said):
            break
        time.sleep(0.2 * 2**attempt)
    raise SystemExit(
        f"The credentials of the storage providers could not be read from the secret {SECRET} of Secrets Manager in "
        f"{CONFIG['region']}: {status or 'no answer'} {said}\\nThe role needs secretsmanager:GetSecretValue for it, and the secret "
        "has to be there: deploy the function again."
    )


def complete():
    """Writes what the supervisor reads: the configuration with the credentials, for this user alone."""
    providers = CONFIG.get("storage_providers") or {}
    whole = {kind: {**(providers.get(kind) or {}), **entries} for kind, entries in secret().items()}
    path = os.path.realpath(WHOLE)
    if os.path.lexists(path):
        os.unlink(path)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as whole_file:
        json.dump({**CONFIG, "storage_providers": {**providers, **whole}}, whole_file)


def job():
    """Ends as the supervisor does, which gets the event as it came."""
    ended = subprocess.run(
        [os.path.join(TASK, "supervisor")], env=environment(), input=os.environ.get("EVENT", "").encode(), check=False
    )
    return ended.returncode


def submit(event, request, function, memory):
    """Starts a job of Batch."""
    about = {
        "function_name": function,
        "memory_limit_in_mb": memory,
        "aws_request_id": request,
        "log_group_name": os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME", ""),
        "log_stream_name": os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME", ""),
    }
    variables = [
        {"name": "EVENT", "value": event.decode()},
        {"name": "CONTEXT", "value": json.dumps(about)},
        {"name": "AWS_LAMBDA_REQUEST_ID", "value": request},
    ]
    parsed = json.loads(event)
    if isinstance(parsed, dict) and parsed.get("script"):
        variables.append({"name": "SCRIPT", "value": parsed["script"]})
    overrides = {"containerOverrides": {"environment": variables}}
    if CONFIG.get("batch", {}).get("multi_node_parallel", {}).get("enabled"):
        several = [{"targetNodes": "0:", "containerOverrides": {"environment": variables}}]
        overrides = {"nodeOverrides": {"nodePropertyOverrides": several}}
    body = json.dumps({"jobName": function, "jobQueue": function, "jobDefinition": function, **overrides})
    headers = {"content-type": "application/json"}
    status, data = signed("batch", os.environ["AWS_REGION"], "AWS_ENDPOINT_URL_BATCH", "/v1/submitjob", body, headers)
    if status != 200:
        raise RuntimeError(f"Batch did not take the job: {status} {data.decode(errors='replace')[:500]}")
    return json.loads(data)["jobId"]


def delegated(event, request, function, memory):
    text = "Job delegated to batch.\\nCheck batch logs with:\\n" + f"  scar log -n {function} -ri "
    text += submit(event, request, function, memory)
    print(text, flush=True)
    return json.dumps(
        {
            "statusCode": 200,
            "headers": {
                "amz-lambda-request-id": request,
                "amz-log-group-name": os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME", ""),
                "amz-log-stream-name": os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME", ""),
            },
            "body": base64.b64encode(text.encode()).decode(),
            "isBase64Encoded": True,
        }
    ).encode()


def failed(request, kind, message):
    body = json.dumps({"errorType": kind, "errorMessage": message}).encode()
    call("POST", f"/invocation/{request}/error", body, {"Lambda-Runtime-Function-Error-Type": kind})


def main():
    if SECRET:
        try:
            complete()
        except SystemExit as error:
            if API:
                # Whoever calls the function reads it, too.
                text = json.dumps({"errorType": "Scar.Secret", "errorMessage": str(error)}).encode()
                call("POST", "/init/error", text, {"Lambda-Runtime-Function-Error-Type": "Scar.Secret"})
            raise
    if not API:
        return job()
    if CONFIG["execution_mode"] != "lambda-batch":
        supervisor = os.path.join(TASK, "supervisor")
        os.chdir(TASK)
        os.execve(supervisor, [supervisor], environment())
    return delegating()


def delegating():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Passing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    threshold = int(CONFIG["container"]["timeout_threshold"])
    function = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
    memory = int(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE") or 0)
    process = start(port)
    while True:
        answer, event = call("GET", "/invocation/next")
        request = answer.headers["Lambda-Runtime-Aws-Request-Id"]
        deadline = int(answer.headers["Lambda-Runtime-Deadline-Ms"])
        kept = [
            (name, str(deadline + LATER * 1000) if name.lower() == "lambda-runtime-deadline-ms" else value)
            for name, value in answer.headers.items()
            if name.lower().startswith(("lambda-", "content-type"))
        ]
        Passing.waiting.put((kept, event))
        until = deadline / 1000 - threshold - KEPT_FOR_THE_CALL
        while True:
            try:
                path, body, headers = Passing.answers.get(timeout=0.1)
                call("POST", path, body, headers)
                break
            except queue.Empty:
                pass
            if process.poll() is not None:
                failed(request, "Supervisor.Exit", f"The supervisor ended with {process.returncode}.")
                process = start(port)
                break
            if time.time() >= until:
                end(process)
                try:
                    call("POST", f"/invocation/{request}/response", delegated(event, request, function, memory))
                except (OSError, RuntimeError, ValueError, KeyError) as error:
                    failed(request, "Batch.Submit", str(error))
                process = start(port)
                break


if __name__ == "__main__":
    sys.exit(main())
`;
