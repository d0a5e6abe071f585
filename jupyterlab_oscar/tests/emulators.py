"""The AWS emulator for tests, in a process of its own as users have it, and boto3 clients of it."""

from __future__ import annotations

import base64
import io
import json
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import boto3
from botocore.config import Config

from jupyterlab_oscar import _meta


class Aws:
    """A running emulator as its clients see it."""

    def __init__(self, description: dict[str, Any], process: subprocess.Popen[str]) -> None:
        self.description = description
        self.process = process
        self.endpoint = str(description["endpoint"])
        self.role = str(description["role"])
        self.keys = {
            "aws_access_key_id": description["access_key_id"],
            "aws_secret_access_key": description["secret_access_key"],
        }

    def client(self, service: str, region: str = "us-east-1", **keys: Any) -> Any:
        return boto3.session.Session().client(
            service,
            endpoint_url=self.endpoint,
            region_name=region,
            config=Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}),
            **{**self.keys, **keys},
        )

    @property
    def env(self) -> dict[str, str]:
        """Environment with which any AWS client uses it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.keys["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": self.keys["aws_secret_access_key"],
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def give_image(self, uri: str, **files: str) -> None:
        """Tell what an image holds below /var/task."""
        request = Request(
            f"{self.endpoint}/_emulator/images/{quote(uri, safe='')}",
            data=zipped(files),
            method="PUT",
            headers={"Authorization": f"Bearer {self.keys['aws_access_key_id']}"},
        )
        with urlopen(request) as answer:
            assert answer.status == 204

    def deploy(
        self, name: str, script: str, *, image: bool = True, config: dict[str, Any] | None = None, **more: Any
    ) -> str:
        """Make a function of a script, as SCAR does; returns its ARN."""
        fdl = {"name": name, "init_script": "script.sh", "storage_providers": {}, **(config or {})}
        environment = {"Variables": {"FDL": base64.b64encode(json.dumps(fdl).encode()).decode()}}
        code: dict[str, Any]
        if image:
            uri = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/{name}:latest"
            self.give_image(uri, **{"script.sh": script})
            code = {"Code": {"ImageUri": uri}, "PackageType": "Image"}
        else:
            files = {
                "script.sh": script,
                "function_config.yaml": json.dumps(fdl),
                f"{name}.py": "import faassupervisor\n",
            }
            code = {"Code": {"ZipFile": zipped(files)}, "Runtime": "python3.12", "Handler": f"{name}.lambda_handler"}
        answer = self.client("lambda").create_function(
            FunctionName=name,
            Role=self.role,
            Environment=environment,
            **{"Timeout": 30, "MemorySize": 256, **code, **more},
        )
        return str(answer["FunctionArn"])

    def trigger(self, bucket: str, prefix: str, arn: str) -> None:
        """Let the objects below a prefix call a function."""
        self.client("s3").put_bucket_notification_configuration(
            Bucket=bucket,
            NotificationConfiguration={
                "LambdaFunctionConfigurations": [
                    {
                        "LambdaFunctionArn": arn,
                        "Events": ["s3:ObjectCreated:*"],
                        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}},
                    }
                ]
            },
        )

    def keys_of(self, bucket: str, prefix: str = "") -> list[str]:
        found = self.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        return [item["Key"] for item in found]

    def log(self, group: str, stream: str | None = None) -> str:
        named = {"logStreamNames": [stream]} if stream else {}
        events = self.client("logs").filter_log_events(logGroupName=group, **named)["events"]
        return "".join(item["message"].rstrip("\n") + "\n" for item in events)


def zipped(files: dict[str, str]) -> bytes:
    """A zip of some files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


@contextmanager
def emulator(*options: str) -> Iterator[Aws]:
    """Run the emulator and end it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab_oscar.aws_emulator", *options],
        cwd=_meta.PACKAGE.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise AssertionError(process.communicate(timeout=20)[1])
    try:
        yield Aws(json.loads(line), process)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise


def write_files(folder: Path, files: dict[str, str]) -> Path:
    """Write files below a folder."""
    for name, text in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return folder


def body(payload: Any) -> str:
    """What the script of a function printed."""
    value = json.loads(payload.read() if hasattr(payload, "read") else payload)
    assert value["isBase64Encoded"] is True
    return base64.b64decode(value["body"]).decode()


def fetch(url: str, data: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    request = Request(url, data=data, headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        return error.code, error.read()


def make_api(aws: Aws, arn: str, **options: Any) -> str:
    gateway = aws.client("apigateway")
    api = gateway.create_rest_api(name="an api", **options)["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    resource = gateway.create_resource(restApiId=api, parentId=root, pathPart="{proxy+}")["id"]
    gateway.put_method(restApiId=api, resourceId=resource, httpMethod="ANY", authorizationType="NONE")
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    gateway.put_integration(
        restApiId=api, resourceId=resource, httpMethod="ANY", type="AWS_PROXY", integrationHttpMethod="POST", uri=uri
    )
    gateway.create_deployment(restApiId=api, stageName="scar")
    return f"{aws.endpoint}/restapis/{api}/scar/_user_request_/launch"
