/**
 * What an image that is built here starts with in mode `lambda-batch`: it stands between Lambda and the supervisor, which hands
 * nothing over to Batch from images. It brings a Python of its own, so that any image will do.
 */

/** Image whose Python the entrypoint runs in; all of it is copied below `PYTHON_ROOT`. */
export const PYTHON_IMAGE = 'docker.io/library/python:3.13-alpine';
export const PYTHON_ROOT = '/opt/oscar-python';

/** The loader of that Python is named, because the image may have another C library. */
export const ENTRYPOINT_SH = `#!/bin/sh
root=${PYTHON_ROOT}
for loader in "$root"/lib/ld-musl-*.so.1; do :; done
export PYTHONHOME="$root/usr/local" SSL_CERT_FILE="$root/etc/ssl/certs/ca-certificates.crt"
exec "$loader" --library-path "$root/lib:$root/usr/lib:$root/usr/local/lib" "$root/usr/local/bin/python3" /var/task/entrypoint.py
`;

export const ENTRYPOINT_PY = `"""Stands between Lambda and faas-supervisor: what would take too long becomes a job of Batch.

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

API = os.environ["AWS_LAMBDA_RUNTIME_API"]
TASK = os.environ.get("LAMBDA_TASK_ROOT", "/var/task")
PREFIX = "/2018-06-01/runtime"
LATER = 3600
KEPT_FOR_THE_CALL = 2

with open(os.path.join(TASK, "function_config.yaml"), encoding="utf-8") as file:
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


def start(port):
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "SSL_CERT_FILE")}
    env["AWS_LAMBDA_RUNTIME_API"] = f"127.0.0.1:{port}"
    return subprocess.Popen([os.path.join(TASK, "supervisor")], cwd=TASK, env=env, start_new_session=True)


def end(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def submit(event, request, function, memory):
    """One signed call of Batch's SubmitJob."""
    region = os.environ["AWS_REGION"]
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
    address = os.environ.get("AWS_ENDPOINT_URL_BATCH") or os.environ.get("AWS_ENDPOINT_URL")
    url = urllib.parse.urlsplit(address or f"https://batch.{region}.amazonaws.com")
    now = datetime.datetime.now(datetime.timezone.utc)
    stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    headers = {"content-type": "application/json", "host": url.netloc, "x-amz-date": stamp}
    if os.environ.get("AWS_SESSION_TOKEN"):
        headers["x-amz-security-token"] = os.environ["AWS_SESSION_TOKEN"]
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\\n" for name in sorted(headers))
    digest = hashlib.sha256(body.encode()).hexdigest()
    canonical = f"POST\\n/v1/submitjob\\n\\n{lines}\\n{names}\\n{digest}"
    scope = f"{day}/{region}/batch/aws4_request"
    text = f"AWS4-HMAC-SHA256\\n{stamp}\\n{scope}\\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = sign(("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode(), day)
    for part in (region, "batch", "aws4_request"):
        key = sign(key, part)
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    credential = f"{os.environ['AWS_ACCESS_KEY_ID']}/{scope}"
    headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.netloc, timeout=20)
    connection.request("POST", "/v1/submitjob", body=body, headers=headers)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"Batch did not take the job: {answer.status} {data.decode(errors='replace')[:500]}")
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
