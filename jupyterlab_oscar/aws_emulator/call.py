"""One call of a function: what kind of program answers it."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .config import NotRunnable, configuration, script_of
from .containers import Container
from .processes import Ended, run
from .runtime_api import RuntimeApi
from .supervisor import Task, TimedOut, run_function

if TYPE_CHECKING:
    from .functions import Functions

_HANDLER = Path(__file__).with_name("python_handler.py")


class Call:
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
            image = str(function.code["ImageUri"]) if function.package_type == "Image" else None
            task = code.of_image(image) if image else code.of_zip(function.code_bytes)
            env = self._functions.environment(function, self._request, self._log, task)
            config = configuration(task, function.environment_vars)
            contained = image is not None and self._functions.containers.has(image)
            if image is not None and contained and not self._is_scripted(task, config):
                return self._contained(image)
            if config is not None:
                return self._script(task, env, config, image if contained else None)
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

    def _contained(self, image: str) -> tuple[str, str | None]:
        function = self._function
        config = function.image_config
        entrypoint = list(config.entry_point or [])
        env = self._functions.environment(function, self._request, self._log, Path("/var/task"))
        api = RuntimeApi(self._event, self._request, function.function_arn, self._remaining())
        try:
            ended = self._functions.containers.run(
                Container(
                    image,
                    {**self._functions.elsewhere(env), "AWS_LAMBDA_RUNTIME_API": api.address},
                    entrypoint=entrypoint[0] if entrypoint else None,
                    command=[*entrypoint[1:], *(config.cmd or [])],
                    workdir=config.working_directory,
                    megabytes=int(function.memory_size),
                    sealed=True,
                ),
                tell=self._tell,
                seconds=self._remaining(),
                done=api.answered,
            )
        finally:
            api.close()
        self._used.append(ended)
        answer = api.result()
        if answer is not None:
            return answer
        if ended.timed_out:
            raise TimedOut
        text = f"RequestId: {self._request} Error: Runtime exited with error: exit status {ended.code}"
        return json.dumps({"errorType": "Runtime.ExitError", "errorMessage": text}), "Unhandled"

    def _is_scripted(self, task: Path, config: dict[str, Any] | None) -> bool:
        """True when the script is known from outside: the image need not have a supervisor in it."""
        return config is not None and script_of(config, task, self._function.environment_vars) is not None

    def _script(
        self, task: Path, env: dict[str, str], config: dict[str, Any], image: str | None
    ) -> tuple[str, str | None]:
        function = self._function
        memory = int(function.memory_size)
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
            memory=memory,
            ran=self._used,
            runner=run if image is None else self._functions.runner(image, [self._folder, task], memory),
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
