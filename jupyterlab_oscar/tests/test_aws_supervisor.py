"""What runs functions in the emulator does what the real faas-supervisor does: same events, same answers, same outputs."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from jupyterlab_oscar.tests.emulators import Aws, emulator

VERSION = "1.5.8"


@cache
def real_supervisor() -> str:
    """Python with the real faas-supervisor, kept for the next run; skips loudly where it cannot be had."""
    folder = Path(tempfile.gettempdir()) / f"oscar-faas-supervisor-{VERSION}"
    python = folder / "bin" / "python"
    check = [str(python), "-W", "ignore", "-c", "import faassupervisor.supervisor"]
    uv = Path(sys.executable).with_name("uv")
    if not python.exists() or subprocess.run(check, capture_output=True).returncode:
        # Its own requirement of webdavclient3 has a typing error in it, so they are named here.
        needed = ["boto3", "pyyaml", "requests", "setuptools<80", "webdavclient3"]
        install = [uv, "pip", "install", "--quiet", "--python", python]
        try:
            for command in (
                [uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder],
                [*install, "--no-deps", f"faas-supervisor=={VERSION}"],
                [*install, *needed],
                check,
            ):
                subprocess.run(command, check=True, capture_output=True, timeout=300)
        except (OSError, subprocess.SubprocessError) as error:
            pytest.skip(
                f"The real faas-supervisor {VERSION} could not be installed, ours is not compared with it: {error}"
            )
    return str(python)


#: Tells what a script can see of its surroundings.
SCRIPT = """\
#!/bin/sh
echo "input $(basename "$INPUT_FILE_PATH" | sed 's/-[0-9a-f-]\\{36\\}$//; s/^api_event_file$/event-file/')"
echo "content $(base64 < "$INPUT_FILE_PATH" | tr -d '\\n')"
echo "key $STORAGE_OBJECT_KEY, time $EVENT_TIME, size $CONT_VAR_size, greeting $GREETING"
echo "event $EVENT"
mkdir -p "$TMP_OUTPUT_DIR/deep"
cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/keep-one.txt"
cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/deep/keep-two.txt"
cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/other.bin"
exit 3
"""
#: Runs the real supervisor as it runs in an image on Lambda; only the place of its configuration is another.
REAL = """
import json, sys
from faassupervisor.utils import ConfigUtils
ConfigUtils._LAMBDA_STORAGE_CONFIG_PATH = sys.argv[1]
from faassupervisor.supervisor import main
class Context:
    function_name = "oracle"; memory_limit_in_mb = 256; aws_request_id = "r"
    log_group_name = "g"; log_stream_name = "s"; invoked_function_arn = "arn"
    def get_remaining_time_in_millis(self): return 60_000
answer = main(json.loads(open(sys.argv[2]).read()), Context())
open(sys.argv[3], "w").write(json.dumps(answer))
"""
RECORD = {
    "eventSource": "aws:s3",
    "eventTime": "2026-01-01T00:00:00.000Z",
    "s3": {"bucket": {"name": "oracle", "arn": "arn:aws:s3:::oracle"}, "object": {"key": "in/a+file%2Bplus.txt"}},
}
MINIO = {**RECORD, "eventSource": "minio:s3"}
HEADERS = {"Content-Type": "application/json"}
EVENTS: dict[str, Any] = {
    "object": {"Records": [RECORD]},
    "passed on": {"event": {"Records": [RECORD]}},
    "passed on as text": {"event": json.dumps({"Records": [RECORD]}), "storage_provider": "default"},
    "object in a call": {"httpMethod": "POST", "headers": HEADERS, "body": json.dumps({"Records": [RECORD]})},
    "object of MinIO": {"Key": "oracle/in/a file+plus.txt", "Records": [MINIO]},
    "object of MinIO in a call": {
        "httpMethod": "POST",
        "headers": HEADERS,
        "body": json.dumps({"Records": [MINIO]}),
        "queryStringParameters": {"size": "4"},
    },
    "value": {"a": [1, "ä"]},
    "call with bytes": {
        "httpMethod": "POST",
        "headers": {"Content-Type": "application/octet-stream"},
        "body": base64.b64encode(b"\x00\xffbytes").decode(),
        "queryStringParameters": {"size": "3"},
    },
    "call with JSON": {"httpMethod": "POST", "headers": HEADERS, "body": '{"b": 2}'},
    "script": {"script": base64.b64encode(b"echo another script\n").decode()},
}


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with emulator() as running:
        running.client("s3").create_bucket(Bucket="oracle")
        running.client("s3").put_object(Bucket="oracle", Key="in/a file+plus.txt", Body=b"content of the object")
        yield running


def outcome(aws: Aws, folder: str, answer: dict[str, Any]) -> dict[str, Any]:
    """What came out, without what is different by its nature."""
    s3 = aws.client("s3")
    files = {}
    for key in aws.keys_of("oracle", f"{folder}/"):
        files[key.removeprefix(f"{folder}/")] = s3.get_object(Bucket="oracle", Key=key)["Body"].read()
        s3.delete_object(Bucket="oracle", Key=key)
    return {
        "status": answer["statusCode"],
        "encoded": answer["isBase64Encoded"],
        "headers": sorted(answer["headers"]),
        "text": base64.b64decode(answer["body"]).decode(),
        "files": files,
    }


def config(aws: Aws, folder: str, **more: Any) -> dict[str, Any]:
    minio = {
        "endpoint": aws.endpoint,
        "region": "us-east-1",
        "verify": False,
        "access_key": aws.keys["aws_access_key_id"],
        "secret_key": aws.keys["aws_secret_access_key"],
    }
    return {
        "name": "oracle",
        "storage_providers": {"minio": {"default": minio}},
        "container": {"timeout_threshold": 10, "environment": {"Variables": {"GREETING": "hello"}}},
        "input": [{"storage_provider": "s3", "path": "oracle/in"}],
        "output": [{"storage_provider": "s3", "path": f"oracle/{folder}", "prefix": ["keep"], "suffix": [".txt"]}],
        **more,
    }


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_it_does_what_the_real_supervisor_does(aws: Aws, tmp_path: Path, name: str) -> None:
    event = EVENTS[name]
    (tmp_path / "script.sh").write_text(SCRIPT)
    (tmp_path / "event.json").write_text(json.dumps(event))
    (tmp_path / "config.yaml").write_text(json.dumps(config(aws, "real", init_script=str(tmp_path / "script.sh"))))
    done = subprocess.run(
        [
            real_supervisor(),
            "-W",
            "ignore",
            "-c",
            REAL,
            *(str(tmp_path / n) for n in ("config.yaml", "event.json", "answer.json")),
        ],
        env={**os.environ, **aws.env, "AWS_EXECUTION_ENV": "AWS_Lambda_Image"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    real = outcome(aws, "real", json.loads((tmp_path / "answer.json").read_text()))

    function = re.sub(r"\W", "-", name)
    aws.deploy(function, SCRIPT, config=config(aws, "ours"), Timeout=60)
    payload = aws.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())["Payload"].read()
    ours = outcome(aws, "ours", json.loads(payload))
    assert ours == real


def test_what_the_real_one_refuses_is_refused(aws: Aws) -> None:
    """An S3 record without its time: faas-supervisor ends with KeyError."""
    aws.deploy("timeless", SCRIPT, config=config(aws, "ours"))
    record = {name: value for name, value in RECORD.items() if name != "eventTime"}
    payload = json.dumps({"Records": [record]}).encode()
    answer = json.loads(aws.client("lambda").invoke(FunctionName="timeless", Payload=payload)["Payload"].read())
    assert answer["statusCode"] == 500 and "eventTime" in base64.b64decode(answer["body"]).decode()


def test_storages_that_the_emulator_lacks_are_named(aws: Aws) -> None:
    """OneTrigger's events are understood; Onedata itself is not emulated, and the answer says so."""
    aws.deploy("onedata", SCRIPT, config=config(aws, "ours"))
    record = {"objectKey": "a.txt", "objectId": "0", "eventTime": "2026-01-01T00:00:00Z", "eventSource": "OneTrigger"}
    payload = json.dumps({"Key": "/space/in/a.txt", "Records": [record]}).encode()
    answer = json.loads(aws.client("lambda").invoke(FunctionName="onedata", Payload=payload)["Payload"].read())
    assert answer["statusCode"] == 500
    assert "storage providers of the kind onedata" in base64.b64decode(answer["body"]).decode()
