"""Batch jobs of the AWS emulator really run, and functions hand work over to them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from jupyterlab_oscar.tests.emulators import Aws, emulator
from jupyterlab_oscar.tests.servers import wait_for


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with emulator() as running:
        yield running


def make_queue(aws: Aws, name: str) -> Any:
    """A queue with an environment of its own, both of this name; gives the client."""
    client = aws.client("batch")
    given = aws.description["batch"]
    client.create_compute_environment(
        computeEnvironmentName=name,
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
        jobQueueName=name,
        priority=1,
        state="ENABLED",
        computeEnvironmentOrder=[{"computeEnvironment": name, "order": 1}],
    )
    return client


@pytest.fixture(scope="module")
def batch(aws: Aws) -> Any:
    return make_queue(aws, "jobs")


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
    wait_for(lambda: batch.describe_jobs(jobs=[job])["jobs"][0]["status"] == "RUNNING")
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
    make_queue(aws, name)
    command = ["/bin/sh", "-c", 'printf %s "$EVENT" | /opt/faas-supervisor/bin/supervisor']
    encoded = {
        "FUNCTION_CONFIG": base64.b64encode(json.dumps({"name": name, **config}).encode()).decode(),
        "SCRIPT": base64.b64encode(script.encode()).decode(),
    }
    define(batch, name, command, **encoded)
    aws.trigger(name, "in/", arn)
    s3.put_object(Bucket=name, Key="in/data", Body=b"data")
    wait_for(lambda: aws.keys_of(name, "out/") == ["out/data"], message="no output")
    log = aws.log(f"/aws/lambda/{name}")
    job = re.search(rf"scar log -n {name} -ri (\S+)", log)
    assert job is not None, log
    done = ended(batch, job[1])
    assert done["status"] == "SUCCEEDED"
    assert "hi from a job" in aws.log("/aws/batch/job", done["container"]["logStreamName"])
