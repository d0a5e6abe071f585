"""Who may call the AWS emulator, how it is found, and how it ends."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest
from botocore.exceptions import ClientError

from jupyterlab_oscar import _meta
from jupyterlab_oscar.aws_emulator import INSTALL, KNOWN_MOTO
from jupyterlab_oscar.aws_emulator.announce import Environment, running
from jupyterlab_oscar.errors import NotFoundError
from jupyterlab_oscar.tests.emulators import Aws, body, emulator, fetch, make_api, write_files
from jupyterlab_oscar.tests.servers import is_dead, wait_for


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with emulator() as running:
        yield running


# -- who may call --


def test_only_its_own_keys_are_accepted(aws: Aws) -> None:
    other = {"aws_access_key_id": "AKIAXXXXXXXXXXXXXXXX", "aws_secret_access_key": "x"}
    for service, call, code in (
        ("s3", "list_buckets", "InvalidAccessKeyId"),
        ("lambda", "list_functions", "UnrecognizedClientException"),
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
        ("ec2", "describe_subnets", "AuthFailure"),
    ):
        with pytest.raises(ClientError) as caught:
            getattr(aws.client(service, **other), call)()
        assert caught.value.response["Error"]["Code"] == code
    identity = aws.client("sts").get_caller_identity()
    assert identity["Account"] == "123456789012" and identity["Arn"].endswith(":user/emulator")
    assumed = aws.client("sts").assume_role(RoleArn=aws.role, RoleSessionName="session")["Credentials"]
    keys = {
        "aws_access_key_id": assumed["AccessKeyId"],
        "aws_secret_access_key": assumed["SecretAccessKey"],
        "aws_session_token": assumed["SessionToken"],
    }
    assert ":assumed-role/" in aws.client("sts", **keys).get_caller_identity()["Arn"]


def test_presigned_addresses_work(aws: Aws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="signed")
    s3.put_object(Bucket="signed", Key="a", Body=b"content")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "signed", "Key": "a"})
    assert fetch(url) == (200, b"content")
    assert fetch(f"{aws.endpoint}/signed/a")[0] == 403


def test_web_pages_and_other_names_are_refused(aws: Aws) -> None:
    url = make_api(aws, aws.deploy("closed", "echo ran\n"))
    assert fetch(url, b"x", Origin="https://evil.example")[0] == 403
    assert fetch(url, b"x", Host="evil.example")[0] == 421
    assert fetch(f"{aws.endpoint}/moto-api/reset", b"")[0] == 403
    assert "ran" not in aws.log("/aws/lambda/closed") if _has_log(aws, "closed") else True
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="closed")
    s3.put_object(Bucket="closed", Key="a", Body=b"x")
    signed = s3.generate_presigned_url("get_object", Params={"Bucket": "closed", "Key": "a"})
    with urlopen(signed) as answer:
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    assert fetch(signed, Origin="https://evil.example")[0] == 403
    assert fetch(signed, Sec_Fetch_Site="cross-site")[0] == 403
    listening = {c.laddr.ip for c in psutil.Process(aws.process.pid).net_connections() if c.status == "LISTEN"}
    assert listening == {"127.0.0.1"}


def _has_log(aws: Aws, name: str) -> bool:
    return bool(aws.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"])


# -- its life --


def test_images_of_a_folder(tmp_path: Path) -> None:
    write_files(tmp_path / "images" / "tool", {"script.sh": "echo from the folder\n"})
    with emulator("--data", str(tmp_path)) as own:
        fdl = base64.b64encode(json.dumps({"init_script": "script.sh"}).encode()).decode()
        own.client("lambda").create_function(
            FunctionName="tool",
            Role=own.role,
            PackageType="Image",
            Code={"ImageUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/tool:v2"},
            Environment={"Variables": {"FDL": fdl}},
        )
        answer = own.client("lambda").invoke(FunctionName="tool", Payload=b"{}")
        assert body(answer["Payload"]) == "from the folder\n"


def test_the_lifeline_ends_it_with_all_it_runs(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab_oscar.aws_emulator", "--lifeline"],
        cwd=_meta.PACKAGE.parent,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdin is not None
    aws = Aws(json.loads(process.stdout.readline()), process)
    aws.deploy("endless", f"echo $$ > '{pid}'\nsleep 300\n")
    aws.client("lambda").invoke(FunctionName="endless", InvocationType="Event", Payload=b"{}")
    wait_for(lambda: pid.exists() and pid.read_text().strip())
    process.stdin.close()
    assert process.wait(10) == 0
    wait_for(lambda: is_dead(int(pid.read_text())), message="the script lives on")
    assert not list(tmp_path.glob("aws-emulator-*"))


def test_other_programs_of_the_user_find_it(own_folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFoundError):
        running()
    with emulator() as own:
        variables = Environment(running())
        assert variables == own.env
        assert own.keys["aws_secret_access_key"] not in repr(variables)
        file = next((own_folders / "runtime").glob("*aws-emulator*"))
        assert file.stat().st_mode & 0o077 == 0
        own.process.kill()
        own.process.wait()
        with pytest.raises(NotFoundError):
            running()
    left = Path(json.loads(file.read_text())["folder"])
    assert left.is_dir()  # it had no time for it
    with emulator():
        assert not left.exists() and not file.exists()


def test_a_port_that_is_taken_is_told(aws: Aws) -> None:
    port = aws.endpoint.rpartition(":")[2]
    done = subprocess.run(
        [sys.executable, "-m", "jupyterlab_oscar.aws_emulator", "--port", port],
        cwd=_meta.PACKAGE.parent,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1 and f"Port {port} cannot be used" in done.stderr and not done.stdout


@pytest.mark.parametrize("what", ["missing", "other"])
def test_without_its_moto_it_says_what_to_install(tmp_path: Path, what: str) -> None:
    if what == "missing":
        write_files(tmp_path, {"moto/__init__.py": "raise ImportError('no moto', name='moto')\n"})
    else:
        write_files(tmp_path, {"moto-4.0.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: moto\nVersion: 4.0.0\n"})
    done = subprocess.run(
        [sys.executable, "-m", "jupyterlab_oscar.aws_emulator"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(_meta.PACKAGE.parent)])},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert INSTALL in done.stderr and ("4.0.0" in done.stderr) == (what == "other")
    assert "5.2.5" in KNOWN_MOTO


def test_interrupts_end_it(tmp_path: Path) -> None:
    with emulator() as own:
        closer = threading.Timer(0, lambda: own.process.send_signal(signal.SIGINT))
        closer.start()
        assert own.process.wait(10) == 0
