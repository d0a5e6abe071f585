"""Functions of the AWS emulator really run: objects that call them, calls, addresses; boto3 is the client."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyterlab_oscar.tests.emulators import Aws, body, emulator, fetch, make_api, zipped
from jupyterlab_oscar.tests.servers import is_dead, wait_for

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
    wait_for(lambda: aws.keys_of(name, "out/"), message="no output")
    assert aws.keys_of(name, "out/") == ["out/a file+ü.txt.upper"]
    assert s3.get_object(Bucket=name, Key="out/a file+ü.txt.upper")["Body"].read() == b"HELLO"
    log = aws.log(f"/aws/lambda/{name}")
    assert "working on in/a file+ü.txt" in log
    wait_for(lambda: "REPORT" in aws.log(f"/aws/lambda/{name}"))
    assert "elsewhere" not in log


def test_put_does_not_wait_for_the_function(aws: Aws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="slow-bucket")
    aws.trigger("slow-bucket", "in/", aws.deploy("slow", "sleep 4\necho done\n"))
    begun = time.monotonic()
    s3.put_object(Bucket="slow-bucket", Key="in/a", Body=b"x")
    assert time.monotonic() - begun < 2
    wait_for(lambda: "done" in aws.log("/aws/lambda/slow"), message="it never ran")


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
    wait_for(lambda: aws.keys_of("chain", "c/"), message="the second did not run")
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
    wait_for(lambda: "first\n" in aws.log("/aws/lambda/live"), message="no line while it runs")
    assert "last" not in aws.log("/aws/lambda/live")
    gate.touch()
    wait_for(lambda: "last\n" in aws.log("/aws/lambda/live"))


def test_the_time_limit_ends_all_that_was_started(aws: Aws, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    aws.deploy("endless", f"sleep 300 &\necho $! > '{pid}'\nwait\n", Timeout=1)
    answer = aws.client("lambda").invoke(FunctionName="endless", Payload=b"{}", LogType="Tail")
    assert answer["FunctionError"] == "Unhandled"
    assert re.search(r"Task timed out after 1\.00 seconds", json.loads(answer["Payload"].read())["errorMessage"])
    assert "Task timed out" in base64.b64decode(answer["LogResult"]).decode()
    wait_for(lambda: is_dead(int(pid.read_text())))


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
