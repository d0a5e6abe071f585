"""The AWS emulator, with boto3 as its client: functions and jobs really run."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psutil
import pytest
from botocore.exceptions import ClientError

from jupyterlab_oscar import _meta
from jupyterlab_oscar.aws_emulator import INSTALL, KNOWN_MOTO
from jupyterlab_oscar.aws_emulator.announce import Environment, running
from jupyterlab_oscar.errors import NotFoundError
from jupyterlab_oscar.tests.emulators import Aws, emulator, write_files, zipped
from jupyterlab_oscar.tests.servers import wait_for

GREY = """\
#!/bin/sh
name=$(basename "$INPUT_FILE_PATH")
echo "working on $STORAGE_OBJECT_KEY"
tr a-z A-Z < "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/$name.upper"
echo note > "$TMP_OUTPUT_DIR/$name.note"
"""


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with emulator() as running:
        yield running


def body(payload: Any) -> str:
    """What the script of a function printed."""
    value = json.loads(payload.read() if hasattr(payload, "read") else payload)
    assert value["isBase64Encoded"] is True
    return base64.b64decode(value["body"]).decode()


# -- objects and events --


@pytest.mark.parametrize("image", [True, False], ids=["image", "zip"])
def test_an_object_calls_a_function_and_its_output_is_stored(aws: Aws, image: bool) -> None:
    name = f"upper-{'image' if image else 'zip'}"
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=name)
    output = [{"storage_provider": "s3", "path": f"{name}/out", "suffix": [".upper"]}]
    arn = aws.deploy(name, GREY, image=image, config={"output": output})
    aws.trigger(name, "in/", arn)
    s3.put_object(Bucket=name, Key="in/a file+ü.txt", Body=b"hello")
    s3.put_object(Bucket=name, Key="elsewhere/b.txt", Body=b"no")
    wait_for(lambda: aws.keys_of(name, "out/"), 15, "no output")
    assert aws.keys_of(name, "out/") == ["out/a file+ü.txt.upper"]
    assert s3.get_object(Bucket=name, Key="out/a file+ü.txt.upper")["Body"].read() == b"HELLO"
    log = aws.log(f"/aws/lambda/{name}")
    assert "working on in/a file+ü.txt" in log
    wait_for(lambda: "REPORT" in aws.log(f"/aws/lambda/{name}"), 5)
    assert "elsewhere" not in log


def test_put_does_not_wait_for_the_function(aws: Aws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="slow-bucket")
    aws.trigger("slow-bucket", "in/", aws.deploy("slow", "sleep 4\necho done\n"))
    begun = time.monotonic()
    s3.put_object(Bucket="slow-bucket", Key="in/a", Body=b"x")
    assert time.monotonic() - begun < 2
    wait_for(lambda: "done" in aws.log("/aws/lambda/slow"), 15, "it never ran")


def test_chains_of_functions(aws: Aws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="chain")
    step = 'printf "%s{0}" "$(cat "$INPUT_FILE_PATH")" > "$TMP_OUTPUT_DIR/$(basename "$INPUT_FILE_PATH")"\n'
    notifications = []
    for name, source, target in (("one", "a/", "b"), ("two", "b/", "c")):
        output = [{"storage_provider": "s3", "path": f"chain/{target}"}]
        arn = aws.deploy(f"chain-{name}", step.format(name), config={"output": output})
        rules = [{"Name": "prefix", "Value": source}]
        notifications.append(
            {"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": rules}}}
        )
    s3.put_bucket_notification_configuration(
        Bucket="chain", NotificationConfiguration={"LambdaFunctionConfigurations": notifications}
    )
    s3.put_object(Bucket="chain", Key="a/x", Body=b"zero")
    wait_for(lambda: aws.keys_of("chain", "c/"), 15, "the second did not run")
    assert s3.get_object(Bucket="chain", Key="c/x")["Body"].read() == b"zeroonetwo"


def test_many_events_are_worked_off(aws: Aws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="many")
    output = [{"storage_provider": "s3", "path": "many/out"}]
    arn = aws.deploy("many", 'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR"\n', config={"output": output})
    aws.trigger("many", "in/", arn)
    for i in range(100):
        s3.put_object(Bucket="many", Key=f"in/{i:03}", Body=str(i).encode())
    wait_for(lambda: len(aws.keys_of("many", "out/")) == 100, 60, "some are missing")
    streams = aws.client("logs").describe_log_streams(logGroupName="/aws/lambda/many")["logStreams"]
    assert len(streams) < 40  # streams are used again, as Lambda's containers are


# -- invoke --


def test_invoke_waits_and_gives_what_was_printed(aws: Aws) -> None:
    aws.deploy("hello", 'echo "hello from $AWS_LAMBDA_FUNCTION_NAME"\ncat "$INPUT_FILE_PATH"\n')
    answer = aws.client("lambda").invoke(FunctionName="hello", Payload=b'{"a": 1}', LogType="Tail")
    assert answer["StatusCode"] == 200 and "FunctionError" not in answer
    value = json.loads(answer["Payload"].read())
    assert value["statusCode"] == 200
    assert body(json.dumps(value)) == 'hello from hello\n{"a": 1}'
    request = answer["ResponseMetadata"]["RequestId"]
    assert value["headers"]["amz-lambda-request-id"] == request
    assert value["headers"]["amz-log-group-name"] == "/aws/lambda/hello"
    tail = base64.b64decode(answer["LogResult"]).decode()
    assert tail.startswith(f"START RequestId: {request} Version: $LATEST\n")
    report = re.search(
        r"REPORT RequestId: \S+\tDuration: ([\d.]+) ms\tBilled Duration: (\d+) ms\t.*Used: (\d+) MB", tail
    )
    assert report is not None, tail
    assert float(report[1]) <= int(report[2]) and int(report[3]) >= 1
    assert aws.log("/aws/lambda/hello", value["headers"]["amz-log-stream-name"]) == tail


def test_invoke_with_a_script_of_its_own(aws: Aws) -> None:
    aws.deploy("scripted", "echo mine\n")
    script = base64.b64encode(b"echo yours\n").decode()
    payload = json.dumps({"script": script}).encode()
    assert body(aws.client("lambda").invoke(FunctionName="scripted", Payload=payload)["Payload"]) == "yours\n"


def test_asynchronous_calls_answer_at_once(aws: Aws, tmp_path: Path) -> None:
    gate = tmp_path / "go"
    aws.deploy("later", f"while [ ! -e '{gate}' ]; do sleep 0.05; done\necho ran\n", Timeout=120)
    # It would wait for ever if it waited for the function.
    answer = aws.client("lambda").invoke(FunctionName="later", InvocationType="Event", Payload=b"{}")
    assert answer["StatusCode"] == 202
    gate.touch()
    request = answer["ResponseMetadata"]["RequestId"]
    wait_for(lambda: f"END RequestId: {request}" in aws.log("/aws/lambda/later"), 60)
    assert "ran" in aws.log("/aws/lambda/later")
    dry = aws.client("lambda").invoke(FunctionName="later", InvocationType="DryRun")
    assert dry["StatusCode"] == 204


def test_the_log_is_there_while_the_function_runs(aws: Aws, tmp_path: Path) -> None:
    gate = tmp_path / "go"
    aws.deploy("live", f"echo first\nwhile [ ! -e '{gate}' ]; do sleep 0.05; done\necho last\n")
    aws.client("lambda").invoke(FunctionName="live", InvocationType="Event", Payload=b"{}")
    wait_for(lambda: "first\n" in aws.log("/aws/lambda/live"), 10, "no line while it runs")
    assert "last" not in aws.log("/aws/lambda/live")
    gate.touch()
    wait_for(lambda: "last\n" in aws.log("/aws/lambda/live"), 10)


def test_the_time_limit_ends_all_that_was_started(aws: Aws, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    aws.deploy("endless", f"sleep 300 &\necho $! > '{pid}'\nwait\n", Timeout=1)
    answer = aws.client("lambda").invoke(FunctionName="endless", Payload=b"{}", LogType="Tail")
    assert answer["FunctionError"] == "Unhandled"
    assert re.search(r"Task timed out after 1\.00 seconds", json.loads(answer["Payload"].read())["errorMessage"])
    assert "Task timed out" in base64.b64decode(answer["LogResult"]).decode()
    wait_for(lambda: not psutil.pid_exists(int(pid.read_text())) or _is_dead(int(pid.read_text())), 5)


def _is_dead(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_failing_script_is_told_as_the_supervisor_tells_it(aws: Aws) -> None:
    aws.deploy("failing", "echo before\nexit 7\n")
    answer = aws.client("lambda").invoke(FunctionName="failing", Payload=b"{}", LogType="Tail")
    assert "User script exited with code 7!" in base64.b64decode(answer["LogResult"]).decode()
    assert body(answer["Payload"]) == "before\n"


def test_an_input_that_is_not_there_is_an_answer_with_the_traceback(aws: Aws) -> None:
    aws.deploy("lost", "cat $INPUT_FILE_PATH\n")
    record = {
        "eventSource": "aws:s3",
        "eventTime": "2026-01-01T00:00:00.000Z",
        "s3": {"bucket": {"name": "nowhere"}, "object": {"key": "a"}},
    }
    answer = aws.client("lambda").invoke(FunctionName="lost", Payload=json.dumps({"Records": [record]}).encode())
    value = json.loads(answer["Payload"].read())
    assert value["statusCode"] == 500
    assert "NoSuchBucket" in json.loads(base64.b64decode(value["body"]))["exception"]


def test_an_image_without_a_script_says_so(aws: Aws) -> None:
    aws.client("lambda").create_function(
        FunctionName="empty", Role=aws.role, PackageType="Image", Code={"ImageUri": "registry.example/empty:1"}
    )
    answer = aws.client("lambda").invoke(FunctionName="empty", Payload=b"{}")
    assert answer["FunctionError"] == "Unhandled"
    assert "cannot run in the emulator" in json.loads(answer["Payload"].read())["errorMessage"]


def test_python_functions_run(aws: Aws) -> None:
    code = (
        "import os\n"
        "def handler(event, context):\n"
        "    print('called')\n"
        "    if event.get('fail'): raise ValueError('told to')\n"
        "    if event.get('exit'): os._exit(3)\n"
        "    return {'got': event, 'name': context.function_name, 'left': context.get_remaining_time_in_millis() > 0}\n"
    )
    client = aws.client("lambda")
    client.create_function(
        FunctionName="plain",
        Role=aws.role,
        Runtime="python3.12",
        Handler="main.handler",
        Code={"ZipFile": zipped({"main.py": code})},
        Timeout=10,
    )
    good = client.invoke(FunctionName="plain", Payload=b'{"x": [1]}')
    assert json.loads(good["Payload"].read()) == {"got": {"x": [1]}, "name": "plain", "left": True}
    bad = client.invoke(FunctionName="plain", Payload=b'{"fail": true}')
    assert bad["FunctionError"] == "Unhandled"
    assert json.loads(bad["Payload"].read())["errorType"] == "ValueError"
    gone = client.invoke(FunctionName="plain", Payload=b'{"exit": true}')
    assert json.loads(gone["Payload"].read())["errorType"] == "Runtime.ExitError"


def test_metrics_count_calls_and_errors(aws: Aws) -> None:
    aws.deploy("measured", "sleep 3\n", Timeout=1)
    aws.client("lambda").invoke(FunctionName="measured", Payload=b"{}")
    for name, value in (("Invocations", 1.0), ("Errors", 1.0)):
        points = aws.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName=name,
            Dimensions=[{"Name": "FunctionName", "Value": "measured"}],
            StartTime=time.time() - 600,
            EndTime=time.time() + 600,
            Period=3600,
            Statistics=["Sum"],
        )["Datapoints"]
        assert sum(point["Sum"] for point in points) == value


# -- addresses --


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


def test_api_gateway(aws: Aws) -> None:
    arn = aws.deploy("api", 'echo "$CONT_VAR_size"; cat "$INPUT_FILE_PATH"\n')
    url = make_api(aws, arn)
    status, answer = fetch(url + "?size=3")
    assert (status, base64.b64decode(answer)) == (200, b"3\n")  # not decoded, as on AWS
    sent = base64.b64encode(b"\x00\xff binary")
    status, answer = fetch(url, sent, Content_Type="application/octet-stream")
    assert (status, base64.b64decode(answer)) == (200, b"\n\x00\xff binary")
    status, answer = fetch(url, b'{"a": 1}', Content_Type="application/json")
    assert base64.b64decode(answer) == b'\n{"a": 1}'
    # an asynchronous call has no body that the proxy could pass on
    assert fetch(url, b"x", X_Amz_Invocation_Type="Event")[0] == 502
    assert fetch(url.replace("/scar/", "/other/"))[0] == 403
    assert fetch(f"{aws.endpoint}/restapis/nowhere/scar/_user_request_/launch")[0] == 403
    binary = make_api(aws, arn, binaryMediaTypes=["*/*"])
    assert fetch(binary, b"\x00\xff", Content_Type="application/octet-stream") == (200, b"\n\x00\xff")


def test_an_api_passes_storage_events_on(aws: Aws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="posted")
    s3.put_object(Bucket="posted", Key="in/a b", Body=b"content")
    url = make_api(aws, aws.deploy("posted", 'cat "$INPUT_FILE_PATH"\n'))
    record = {
        "eventSource": "aws:s3",
        "eventTime": "2026-01-01T00:00:00.000Z",
        "s3": {"bucket": {"name": "posted"}, "object": {"key": "in/a+b"}},
    }
    event = json.dumps({"Records": [record]}).encode()
    assert base64.b64decode(fetch(url, event, Content_Type="application/json")[1]) == b"content"


def test_function_urls(aws: Aws) -> None:
    aws.deploy("url", 'cat "$INPUT_FILE_PATH"\n')
    client = aws.client("lambda")
    url = client.create_function_url_config(FunctionName="url", AuthType="NONE")["FunctionUrl"]
    assert url.startswith(aws.endpoint)
    assert fetch(url, b"\x00\x01", Content_Type="application/octet-stream") == (200, b"\x00\x01")  # decoded here
    assert fetch(url, b"text", Content_Type="text/plain") == (200, b"text")
    client.update_function_url_config(FunctionName="url", AuthType="AWS_IAM")
    assert fetch(url)[0] == 403
    client.delete_function_url_config(FunctionName="url")
    assert fetch(url)[0] == 404


# -- Batch --


@pytest.fixture(scope="module")
def batch(aws: Aws) -> Any:
    client = aws.client("batch")
    given = aws.description["batch"]
    client.create_compute_environment(
        computeEnvironmentName="jobs",
        type="MANAGED",
        state="ENABLED",
        serviceRole=given["service_role"],
        computeResources={
            "type": "EC2",
            "minvCpus": 0,
            "maxvCpus": 2,
            "desiredvCpus": 0,
            "instanceTypes": ["m5.large"],
            "subnets": given["subnets"][:1],
            "securityGroupIds": given["security_groups"],
            "instanceRole": given["instance_role"],
        },
    )
    client.create_job_queue(
        jobQueueName="jobs",
        priority=1,
        state="ENABLED",
        computeEnvironmentOrder=[{"computeEnvironment": "jobs", "order": 1}],
    )
    return client


def define(batch: Any, name: str, command: list[str], **variables: str) -> None:
    batch.register_job_definition(
        jobDefinitionName=name,
        type="container",
        containerProperties={
            "image": "busybox",
            "memory": 512,
            "vcpus": 1,
            "command": command,
            "environment": [{"name": key, "value": value} for key, value in variables.items()],
        },
    )


def ended(batch: Any, job: str, seconds: float = 20) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        record = batch.describe_jobs(jobs=[job])["jobs"][0]
        return record if record["status"] in ("SUCCEEDED", "FAILED") else None

    return dict(wait_for(look, seconds, "the job did not end"))


def test_jobs_run_and_their_logs_stay(aws: Aws, batch: Any) -> None:
    define(batch, "words", ["/bin/sh", "-c", 'echo "hello $WHO"; exit $CODE'], WHO="world", CODE="0")
    good = batch.submit_job(jobName="good", jobQueue="jobs", jobDefinition="words")["jobId"]
    done = ended(batch, good)
    assert done["status"] == "SUCCEEDED"
    assert aws.log("/aws/batch/job", done["container"]["logStreamName"]) == "hello world\n"
    overrides = {"environment": [{"name": "CODE", "value": "3"}]}
    bad = batch.submit_job(jobName="bad", jobQueue="jobs", jobDefinition="words", containerOverrides=overrides)["jobId"]
    failed = ended(batch, bad)
    assert failed["status"] == "FAILED" and failed["statusReason"]
    assert aws.log("/aws/batch/job", failed["container"]["logStreamName"]) == "hello world\n"
    listed = {item["jobId"] for item in batch.list_jobs(jobQueue="jobs", jobStatus="FAILED")["jobSummaryList"]}
    assert bad in listed and good not in listed


def test_jobs_are_cancelled(aws: Aws, batch: Any) -> None:
    define(batch, "sleeping", ["/bin/sh", "-c", "echo begun; sleep 300"])
    job = batch.submit_job(jobName="sleeping", jobQueue="jobs", jobDefinition="sleeping")["jobId"]
    wait_for(lambda: batch.describe_jobs(jobs=[job])["jobs"][0]["status"] == "RUNNING", 10)
    batch.terminate_job(jobId=job, reason="not needed")
    done = ended(batch, job)
    assert (done["status"], done["statusReason"]) == ("FAILED", "not needed")


@pytest.mark.parametrize("mode", ["batch", "lambda-batch"])
def test_functions_delegate_to_batch(aws: Aws, batch: Any, mode: str) -> None:
    name = f"heavy-{mode}"
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=name)
    output = [{"storage_provider": "s3", "path": f"{name}/out"}]
    container = {"timeout_threshold": 2, "environment": {"Variables": {"GREETING": "hi"}}}
    config = {"execution_mode": mode, "output": output, "container": container}
    # in Lambda it is too slow, in a job it has the time
    script = (
        '[ -n "$AWS_BATCH_JOB_ID" ] || sleep 30\necho "$GREETING from a job"\ncp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR"\n'
    )
    arn = aws.deploy(name, script, config=config, Timeout=4)
    given = aws.description["batch"]
    batch.create_compute_environment(
        computeEnvironmentName=name,
        type="MANAGED",
        state="ENABLED",
        serviceRole=given["service_role"],
        computeResources={
            "type": "EC2",
            "minvCpus": 0,
            "maxvCpus": 2,
            "instanceTypes": ["m5.large"],
            "subnets": given["subnets"][:1],
            "securityGroupIds": given["security_groups"],
            "instanceRole": given["instance_role"],
        },
    )
    batch.create_job_queue(
        jobQueueName=name,
        priority=1,
        state="ENABLED",
        computeEnvironmentOrder=[{"computeEnvironment": name, "order": 1}],
    )
    command = ["/bin/sh", "-c", 'printf %s "$EVENT" | /opt/faas-supervisor/bin/supervisor']
    encoded = {
        "FUNCTION_CONFIG": base64.b64encode(json.dumps({"name": name, **config}).encode()).decode(),
        "SCRIPT": base64.b64encode(script.encode()).decode(),
    }
    define(batch, name, command, **encoded)
    aws.trigger(name, "in/", arn)
    s3.put_object(Bucket=name, Key="in/data", Body=b"data")
    wait_for(lambda: aws.keys_of(name, "out/") == ["out/data"], 30, "no output")
    log = aws.log(f"/aws/lambda/{name}")
    job = re.search(rf"scar log -n {name} -ri (\S+)", log)
    assert job is not None, log
    done = ended(batch, job[1])
    assert done["status"] == "SUCCEEDED"
    assert "hi from a job" in aws.log("/aws/batch/job", done["container"]["logStreamName"])


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
    wait_for(lambda: pid.exists() and pid.read_text().strip(), 10)
    process.stdin.close()
    assert process.wait(10) == 0
    wait_for(lambda: _is_dead(int(pid.read_text())), 5, "the script lives on")
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
