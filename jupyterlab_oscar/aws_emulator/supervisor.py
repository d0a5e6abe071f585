"""What faas-supervisor does in a function or a Batch job: fetch the input, run the script, store the outputs.

Its ways are kept where they can be seen: the script runs as ``/bin/sh script`` with ``INPUT_FILE_PATH``, ``TMP_OUTPUT_DIR``
and the rest, its exit status is told in the log and changes nothing, all files of the output folder are stored whose names
fit, the answer is base64 of what was printed. Two things are better than there: what is printed is in the log at once, and
modes *batch* and *lambda-batch* delegate from images too.
"""

from __future__ import annotations

import base64
import json
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .config import NotRunnable, decoded, variables_of
from .events import Event, parse
from .processes import Ended, Stop, run
from .stores import Stores, download, split_provider, upload


@dataclass
class Task:
    """One run.

    Attributes
    ----------
    name, request, region
        Of the function, of the call, and where it is.
    config
        Of the function (``configuration``).
    event
        What called it.
    script
        What runs when the event brings none.
    folder
        Empty; what belongs to the run goes below it.
    task
        Folder of the code: the script starts there.
    env
        Environment to begin with.
    log
        Names of log group and stream.
    tell
        Gets lines of the log.
    remaining
        Seconds until the time limit, when it is called.
    stores
        Of the emulator.
    stop
        Ends it from elsewhere.
    runner
        Runs the script: as a process, or in a container.
    """

    name: str
    request: str
    region: str
    config: Mapping[str, Any]
    event: Any
    script: bytes | None
    folder: Path
    task: Path
    env: Mapping[str, str]
    log: tuple[str, str]
    tell: Callable[[str], None]
    remaining: Callable[[], float | None]
    stores: Stores
    stop: Stop | None = None
    memory: int = 512
    ran: list[Ended] = field(default_factory=list)
    runner: Callable[..., Ended] = run


class TimedOut(Exception):
    """The time limit has passed."""


def run_function(task: Task) -> dict[str, Any]:
    """Run it as Lambda: returns the answer as API Gateway wants it.

    Raises
    ------
    TimedOut
        When the time limit passed.
    NotRunnable
        When there is nothing that could run.
    """
    mode = str(task.config.get("execution_mode") or "lambda")
    try:
        if mode == "batch":
            return _answer(task, 200, _delegate(task))
        limit = task.remaining()
        if mode == "lambda-batch" and limit is not None:
            threshold = float((task.config.get("container") or {}).get("timeout_threshold") or 10)
            limit = max(1.0, limit - threshold)
        ended = _work(task, limit)
        if ended.timed_out:
            if mode != "lambda-batch":
                raise TimedOut
            _say(task, "WARNING", "Container execution timed out")
            return _answer(task, 200, _delegate(task))
        return _answer(task, 200, ended.output)
    except (TimedOut, NotRunnable):
        raise
    except Exception as error:  # as the supervisor does: it answers with the traceback
        text = traceback.format_exc()
        _say(task, "ERROR", f"{type(error).__name__}: {error}")
        return _answer(task, 500, json.dumps({"exception": text}).encode())


def run_job(task: Task, limit: float | None) -> Ended:
    """Run it as a Batch job; raises what prevents it."""
    return _work(task, limit)


def _work(task: Task, limit: float | None) -> Ended:
    inputs, outputs, temporary = (task.folder / name for name in ("input", "output", "tmp"))
    for made in (inputs, outputs, temporary):
        made.mkdir(parents=True)
    event = parse(task.event, task.request)
    argv = _command(task, inputs)
    source = _fetch(task, event, inputs)
    env = {
        **task.env,
        "TMPDIR": str(temporary),
        "TMP_INPUT_DIR": str(inputs),
        "TMP_OUTPUT_DIR": str(outputs),
        "AWS_LAMBDA_REQUEST_ID": task.request,
        **event.variables,
        **variables_of(task.config.get("container")),
        **({"INPUT_FILE_PATH": str(source)} if source is not None else {}),
    }
    ended = task.runner(argv, env=env, cwd=task.task, tell=task.tell, seconds=limit, stop=task.stop)
    task.ran.append(ended)
    if ended.timed_out or ended.stopped:
        return ended
    if ended.code != 0:
        _say(task, "WARNING", f"User script exited with code {ended.code}!")
    _store(task, outputs)
    return ended


def _command(task: Task, inputs: Path) -> Sequence[str]:
    event = task.event if isinstance(task.event, dict) else {}
    script = task.script
    if isinstance(event.get("script"), str):
        script = decoded(event["script"])
    elif "cmd_args" in event:
        words = json.loads(event["cmd_args"]) if isinstance(event["cmd_args"], str) else event["cmd_args"]
        if not isinstance(words, list) or not words:
            raise NotRunnable("cmd_args is no list of words.")
        return [str(word) for word in words]
    if script is None:
        raise NotRunnable(
            "Init: Script not defined. The emulator has no script for this function, and its image is not on this machine (or "
            "neither podman nor docker is)."
        )
    # Not in the input folder: scripts list it.
    path = task.folder / "script.sh"
    path.write_bytes(script)
    return ["/bin/sh", str(path)]


def _fetch(task: Task, event: Event, inputs: Path) -> Path | None:
    if str(task.config.get("download_input", "")).lower() in ("false", "0", "no", "off", "n", "f"):
        _say(task, "INFO", "Skipping download of input file.")
        return None
    # The name is made by others: its last part only.
    name = Path(event.name).name or "input"
    target = inputs / name
    if event.kind in ("unknown", "http"):
        target.write_bytes(event.content)
        return target
    providers = task.config.get("storage_providers") or {}
    client = task.stores.of(event.kind, event.provider, providers, task.region)
    _say(task, "INFO", f"Downloading item from bucket '{event.bucket}' with key '{event.key}'")
    download(client, event.bucket, event.key, target)
    return target


def _store(task: Task, outputs: Path) -> None:
    providers = task.config.get("storage_providers") or {}
    files = sorted(path for path in outputs.rglob("*") if path.is_file())
    for output in task.config.get("output") or []:
        client = None
        for file in files:
            name = file.relative_to(outputs).as_posix()
            if not (
                _fits(name, output.get("prefix"), str.startswith) and _fits(name, output.get("suffix"), str.endswith)
            ):
                continue
            if client is None:
                client = task.stores.of(*split_provider(output.get("storage_provider")), providers, task.region)
            where = upload(client, file, name, str(output["path"]))
            _say(task, "INFO", f"Uploaded file '{name}' to '{where}'")


def _fits(name: str, wanted: Any, test: Callable[[str, str], bool]) -> bool:
    return not wanted or any(test(name, str(part)) for part in wanted)


def _delegate(task: Task) -> bytes:
    event = task.event if isinstance(task.event, dict) else {}
    context = {
        "function_name": task.name,
        "memory_limit_in_mb": task.memory,
        "aws_request_id": task.request,
        "log_group_name": task.log[0],
        "log_stream_name": task.log[1],
    }
    variables = {
        "SCRIPT": event.get("script"),
        "EVENT": json.dumps(task.event),
        "CONTEXT": json.dumps(context),
        "AWS_LAMBDA_REQUEST_ID": task.request,
    }
    environment = [{"name": name, "value": value} for name, value in variables.items() if value]
    overrides: dict[str, Any] = {"containerOverrides": {"environment": environment}}
    several = (task.config.get("batch") or {}).get("multi_node_parallel") or {}
    if several.get("enabled"):
        overrides = {
            "nodeOverrides": {
                "nodePropertyOverrides": [
                    {"targetNodes": "0:", "containerOverrides": {"environment": environment}},
                ]
            }
        }
    answer = task.stores.own("batch", task.region).submit_job(
        jobName=task.name, jobQueue=task.name, jobDefinition=task.name, **overrides
    )
    text = f"Job delegated to batch.\nCheck batch logs with:\n  scar log -n {task.name} -ri {answer['jobId']}"
    _say(task, "INFO", text)
    return text.encode()


def _answer(task: Task, status: int, body: bytes) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {
            "amz-lambda-request-id": task.request,
            "amz-log-group-name": task.log[0],
            "amz-log-stream-name": task.log[1],
        },
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def _say(task: Task, level: str, text: str) -> None:
    wanted = str(task.env.get("LOG_LEVEL") or task.config.get("log_level") or "INFO").upper()
    if _LEVELS.index(level) >= _LEVELS.index(wanted if wanted in _LEVELS else "INFO"):
        for line in text.split("\n"):
            task.tell(f"SUPERVISOR {level}: {line}")
