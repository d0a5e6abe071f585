"""Functions that really run: the place of moto's Docker containers."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .code import CodeFolders
from .config import NotRunnable, configuration, script_of
from .logs import Logs
from .processes import Ended, run
from .stores import Stores
from .supervisor import Task, TimedOut, run_function

#: Asynchronous events that run at once; the others wait.
_AT_ONCE = max(4, 2 * (os.cpu_count() or 2))
_TAIL = 4096
_HANDLER = Path(__file__).with_name("python_handler.py")


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
    """

    def __init__(self, folder: Path, code: CodeFolders, stores: Stores, keys: tuple[str, str], endpoint: str) -> None:
        self._folder = folder
        self._code = code
        self._stores = stores
        self._keys = keys
        self._endpoint = endpoint
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
            work = _Call(self, function, event, request, (group, stream), folder, tell, begun + seconds, used)
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
        """What every process finds: programs of the Jupyter environment first, keys, and where AWS is."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        return {
            "PATH": path,
            "LANG": "C.UTF-8",
            "HOME": str(self._folder),
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ACCESS_KEY_ID": self._keys[0],
            "AWS_SECRET_ACCESS_KEY": self._keys[1],
            "AWS_ENDPOINT_URL": self._endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

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


class _Call:
    """One call, in its folder."""

    def __init__(
        self,
        functions: Functions,
        function: Any,
        event: Any,
        request: str,
        log: tuple[str, str],
        folder: Path,
        tell: Callable[[str], None],
        end: float,
        used: list[Ended],
    ) -> None:
        self._functions = functions
        self._function = function
        self._event = event
        self._request = request
        self._log = log
        self._folder = folder
        self._tell = tell
        self._end = end
        self._used = used

    def run(self) -> tuple[str, str | None]:
        """The payload, and Lambda's word for what went wrong."""
        function = self._function
        try:
            code = self._functions.code
            image = function.package_type == "Image"
            task = code.of_image(function.code["ImageUri"]) if image else code.of_zip(function.code_bytes)
            env = self._functions.environment(function, self._request, self._log, task)
            config = configuration(task, function.environment_vars)
            if config is not None:
                return self._script(task, env, config)
            if not image and re.match(r"python\d", str(function.run_time)):
                return self._python(task, env)
            what = "This image" if image else f"The runtime {function.run_time}"
            raise NotRunnable(
                f"{what} cannot run in the emulator: it runs functions of SCAR (with the variable FDL or a "
                "function_config.yaml) and Python ones."
            )
        except NotRunnable as error:
            self._tell(f"[ERROR] {error}")
            return json.dumps({"errorMessage": str(error), "errorType": "Exception"}), "Unhandled"

    def _remaining(self) -> float:
        return max(0.0, self._end - time.monotonic())

    def _script(self, task: Path, env: dict[str, str], config: dict[str, Any]) -> tuple[str, str | None]:
        function = self._function
        work = Task(
            name=function.function_name,
            request=self._request,
            region=function.region,
            config=config,
            event=self._event,
            script=script_of(config, task, function.environment_vars),
            folder=self._folder,
            task=task,
            env=env,
            log=self._log,
            tell=self._tell,
            remaining=self._remaining,
            stores=self._functions.stores,
            memory=int(function.memory_size),
            ran=self._used,
        )
        return json.dumps(run_function(work)), None

    def _python(self, task: Path, env: dict[str, str]) -> tuple[str, str | None]:
        event_file, result_file = self._folder / "event.json", self._folder / "result.json"
        event_file.write_text(json.dumps(self._event), encoding="utf-8")
        paths = [str(task)]
        for layer in self._function.layers:
            found = self._layer(layer["Arn"])
            if found is not None:
                paths.append(str(found / "python"))
        env = {
            **env,
            "PYTHONPATH": os.pathsep.join(paths),
            "PYTHONUNBUFFERED": "1",
            "TMPDIR": str(self._folder),
            "_EMULATOR_ARN": self._function.function_arn,
            "_EMULATOR_DEADLINE": str(time.time() + self._remaining()),
        }
        argv = [sys.executable, str(_HANDLER), self._function.handler or "", str(event_file), str(result_file)]
        ended = run(argv, env=env, cwd=task, tell=self._tell, seconds=self._remaining())
        self._used.append(ended)
        if ended.timed_out:
            raise TimedOut
        if not result_file.is_file():
            text = f"RequestId: {self._request} Error: Runtime exited with error: exit status {ended.code}"
            return json.dumps({"errorType": "Runtime.ExitError", "errorMessage": text}), "Unhandled"
        answer = json.loads(result_file.read_text(encoding="utf-8"))
        if "error" in answer:
            return json.dumps(answer["error"]), "Unhandled"
        return answer["value"], None

    def _layer(self, arn: str) -> Path | None:
        from moto.awslambda.models import lambda_backends

        function = self._function
        version = lambda_backends[function.account_id][function.region].layers_versions_by_arn(arn)
        return None if version is None else self._functions.code.of_zip(version.code_bytes)


def encoded_log(text: str) -> str:
    """The end of a log as the header of Invoke has it."""
    return base64.b64encode(text.encode()).decode()


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
