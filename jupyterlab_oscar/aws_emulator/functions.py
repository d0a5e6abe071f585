"""Functions that really run: the place of moto's Docker containers."""

from __future__ import annotations

import base64
import json
import os
import shutil
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .call import Call
from .code import CodeFolders
from .containers import Container, Containers
from .logs import Logs
from .processes import Ended
from .stores import Stores
from .supervisor import TimedOut

#: Asynchronous events that run at once; the others wait.
_AT_ONCE = max(4, 2 * (os.cpu_count() or 2))
_TAIL = 4096


@dataclass
class Invocation:
    """How a call went: ``error`` is Lambda's word for it, None when it went well."""

    request: str
    payload: str
    error: str | None
    log: str


class Functions:
    """Runs functions of moto's Lambda.

    Parameters
    ----------
    folder
        For what is temporary.
    code
        Where code is unpacked.
    stores
        Storage that functions use.
    keys
        Access key and secret that functions get.
    endpoint
        Of the emulator.
    containers
        What images run in.
    """

    def __init__(
        self,
        folder: Path,
        code: CodeFolders,
        stores: Stores,
        keys: tuple[str, str],
        endpoint: str,
        containers: Containers,
    ) -> None:
        self._folder = folder
        self._code = code
        self._stores = stores
        self._keys = keys
        self._endpoint = endpoint
        self._containers = containers
        self._logs = Logs()
        self._pool = ThreadPoolExecutor(_AT_ONCE, "async")
        self._streams: dict[str, list[str]] = {}
        self._lock = threading.Lock()

    def call_later(self, function: Any, event: Any) -> str:
        """Start an asynchronous call; returns its request id."""
        request = str(uuid.uuid4())
        self._pool.submit(self._quietly, function, event, request)
        return request

    def _quietly(self, function: Any, event: Any, request: str) -> None:
        try:
            self.call(function, event, request)
        except Exception:  # nobody waits for it: what went wrong here is told to whoever reads the emulator's log
            print(f"Asynchronous call of {function.function_name} failed:\n{traceback.format_exc()}", file=sys.stderr)

    def call(self, function: Any, event: Any, request: str | None = None) -> Invocation:
        """Run a function with an event and wait.

        Parameters
        ----------
        function
            moto's.
        event
            Any JSON value.
        request
            Its id; default: a new one.
        """
        request = request or str(uuid.uuid4())
        stream = self._take_stream(function)
        group = function.logs_group_name
        tail: list[str] = []

        def tell(line: str) -> None:
            tail.append(line + "\n")
            self._logs.add(function.account_id, function.region, group, stream, line + "\n")

        begun = time.monotonic()
        seconds = float(function.timeout)
        folder = self._folder / "runs" / request
        folder.mkdir(parents=True)
        used: list[Ended] = []
        tell(f"START RequestId: {request} Version: {function.version}")
        try:
            work = Call(self, function, event, request, (group, stream), folder, tell, begun + seconds, used)
            payload, error = work.run()
        except TimedOut:
            text = f"{_now()} {request} Task timed out after {seconds:.2f} seconds"
            tell(text)
            payload, error = json.dumps({"errorMessage": text}), "Unhandled"
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        took = min(time.monotonic() - begun, seconds) * 1000
        memory = max([ended.memory for ended in used], default=1)
        tell(f"END RequestId: {request}")
        tell(
            f"REPORT RequestId: {request}\tDuration: {took:.2f} ms\tBilled Duration: {int(took) + 1} ms"
            f"\tMemory Size: {function.memory_size} MB\tMax Memory Used: {memory} MB\t"
        )
        self._measure(function, took, error is not None)
        self._give_stream(function, stream)
        return Invocation(request, payload, error, "".join(tail)[-_TAIL:])

    def environment(self, function: Any, request: str, log: tuple[str, str], task: Path) -> dict[str, str]:
        """What a process of a function finds around it."""
        return {
            **self.surroundings(function.region),
            "LAMBDA_TASK_ROOT": str(task),
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{'Image' if function.package_type == 'Image' else function.run_time}",
            "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
            "AWS_LAMBDA_FUNCTION_VERSION": str(function.version),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
            "AWS_LAMBDA_LOG_GROUP_NAME": log[0],
            "AWS_LAMBDA_LOG_STREAM_NAME": log[1],
            "AWS_LAMBDA_REQUEST_ID": request,
            **({"_HANDLER": function.handler} if function.handler else {}),
            **{str(name): str(value) for name, value in function.environment_vars.items()},
        }

    def surroundings(self, region: str) -> dict[str, str]:
        """What every process finds: keys, and where AWS is."""
        return {
            **self.place,
            "LANG": "C.UTF-8",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ACCESS_KEY_ID": self._keys[0],
            "AWS_SECRET_ACCESS_KEY": self._keys[1],
            "AWS_ENDPOINT_URL": self._endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @property
    def place(self) -> dict[str, str]:
        """What is so on this machine and nowhere else: programs of the Jupyter environment come first."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        return {"PATH": path, "HOME": str(self._folder)}

    def elsewhere(self, env: Mapping[str, str]) -> dict[str, str]:
        """An environment without what is so on this machine only: for containers."""
        place = self.place
        return {name: value for name, value in env.items() if place.get(name) != value}

    def runner(self, image: str, mounts: Sequence[Path], megabytes: int) -> Callable[..., Ended]:
        """Runs commands as ``processes.run`` does, in containers of an image that is there."""

        def start(argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, **how: Any) -> Ended:
            words = {"entrypoint": argv[0], "command": argv[1:], "workdir": str(cwd)}
            return self._containers.run(
                Container(image, self.elsewhere(env), mounts=mounts, megabytes=megabytes, **words), **how
            )

        return start

    @property
    def containers(self) -> Containers:
        """What images run in."""
        return self._containers

    @property
    def stores(self) -> Stores:
        """Storage that functions use."""
        return self._stores

    @property
    def code(self) -> CodeFolders:
        """Where code is unpacked."""
        return self._code

    @property
    def logs(self) -> Logs:
        """Where lines go."""
        return self._logs

    def close(self) -> None:
        """Start nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._containers.close()

    def _take_stream(self, function: Any) -> str:
        # A stream for each that runs at the same time, used again: as the containers of Lambda do.
        with self._lock:
            free = self._streams.setdefault(function.function_arn, [])
            if free:
                stream = free.pop()
                if self._logs.exists(function.account_id, function.region, function.logs_group_name, stream):
                    return stream
        day = datetime.now(timezone.utc).strftime("%Y/%m/%d")
        stream = f"{day}/[{function.version}]{uuid.uuid4().hex}"
        self._logs.open(function.account_id, function.region, function.logs_group_name, stream)
        return stream

    def _give_stream(self, function: Any, stream: str) -> None:
        with self._lock:
            self._streams.setdefault(function.function_arn, []).append(stream)

    def _measure(self, function: Any, milliseconds: float, failed: bool) -> None:
        from moto.cloudwatch.models import cloudwatch_backends

        dimensions = [{"Name": "FunctionName", "Value": function.function_name}]
        values = (
            ("Invocations", 1.0, "Count"),
            ("Errors", float(failed), "Count"),
            ("Duration", milliseconds, "Milliseconds"),
        )
        cloudwatch_backends[function.account_id][function.region].put_metric_data(
            "AWS/Lambda",
            [
                {
                    "MetricName": name,
                    "Value": value,
                    "Unit": unit,
                    "Dimensions": dimensions,
                    "Timestamp": datetime.now(timezone.utc).replace(tzinfo=None),
                }
                for name, value, unit in values
            ],
        )


def encoded_log(text: str) -> str:
    """The end of a log as the header of Invoke has it."""
    return base64.b64encode(text.encode()).decode()


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
