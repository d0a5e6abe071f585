"""One call of a function: what kind of program answers it."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass
class Call:
    """One call.

    Attributes
    ----------
    function
        moto's.
    log
        Names of log group and stream.
    folder
        Empty; what belongs to the call goes below it.
    tell
        Gets lines of the log.
    end
        When its time is over (``time.monotonic``).
    used
        Gets what ran, with what it used.
    """

    functions: Functions
    function: Any
    event: Any
    request: str
    log: tuple[str, str]
    folder: Path
    tell: Callable[[str], None]
    end: float
    used: list[Ended]

    def run(self) -> tuple[str, str | None]:
        """The payload, and Lambda's word for what went wrong."""
        function = self.function
        try:
            code = self.functions.code
            image = str(function.code["ImageUri"]) if function.package_type == "Image" else None
            task = code.of_image(image) if image else code.of_zip(function.code_bytes)
            env = self.functions.environment(function, self.request, self.log, task)
            config = configuration(task, function.environment_vars)
            contained = image is not None and self.functions.containers.has(image)
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
            self.tell(f"[ERROR] {error}")
            return json.dumps({"errorMessage": str(error), "errorType": "Exception"}), "Unhandled"

    def _remaining(self) -> float:
        return max(0.0, self.end - time.monotonic())

    def _contained(self, image: str) -> tuple[str, str | None]:
        function = self.function
        config = function.image_config
        entrypoint = list(config.entry_point or [])
        env = self.functions.environment(function, self.request, self.log, Path("/var/task"))
        api = RuntimeApi(self.event, self.request, function.function_arn, self._remaining())
        try:
            ended = self.functions.containers.run(
                Container(
                    image,
                    {**self.functions.elsewhere(env), "AWS_LAMBDA_RUNTIME_API": api.address},
                    entrypoint=entrypoint[0] if entrypoint else None,
                    command=[*entrypoint[1:], *(config.cmd or [])],
                    workdir=config.working_directory,
                    megabytes=int(function.memory_size),
                    sealed=True,
                ),
                tell=self.tell,
                seconds=self._remaining(),
                done=api.answered,
            )
        finally:
            api.close()
        self.used.append(ended)
        answer = api.result()
        if answer is not None:
            return answer
        if ended.timed_out:
            raise TimedOut
        text = f"RequestId: {self.request} Error: Runtime exited with error: exit status {ended.code}"
        return json.dumps({"errorType": "Runtime.ExitError", "errorMessage": text}), "Unhandled"

    def _is_scripted(self, task: Path, config: dict[str, Any] | None) -> bool:
        """True when the script is known from outside: the image need not have a supervisor in it."""
        return config is not None and script_of(config, task, self.function.environment_vars) is not None

    def _script(
        self, task: Path, env: dict[str, str], config: dict[str, Any], image: str | None
    ) -> tuple[str, str | None]:
        function = self.function
        memory = int(function.memory_size)
        work = Task(
            name=function.function_name,
            request=self.request,
            region=function.region,
            config=config,
            event=self.event,
            script=script_of(config, task, function.environment_vars),
            folder=self.folder,
            task=task,
            env=env,
            log=self.log,
            tell=self.tell,
            remaining=self._remaining,
            stores=self.functions.stores,
            memory=memory,
            ran=self.used,
            runner=run if image is None else self.functions.runner(image, [self.folder, task], memory),
        )
        return json.dumps(run_function(work)), None

    def _python(self, task: Path, env: dict[str, str]) -> tuple[str, str | None]:
        event_file, result_file = self.folder / "event.json", self.folder / "result.json"
        event_file.write_text(json.dumps(self.event), encoding="utf-8")
        paths = [str(task)]
        for layer in self.function.layers:
            found = self._layer(layer["Arn"])
            if found is not None:
                paths.append(str(found / "python"))
        env = {
            **env,
            "PYTHONPATH": os.pathsep.join(paths),
            "PYTHONUNBUFFERED": "1",
            "TMPDIR": str(self.folder),
            "_EMULATOR_ARN": self.function.function_arn,
            "_EMULATOR_DEADLINE": str(time.time() + self._remaining()),
        }
        argv = [sys.executable, str(_HANDLER), self.function.handler or "", str(event_file), str(result_file)]
        ended = run(argv, env=env, cwd=task, tell=self.tell, seconds=self._remaining())
        self.used.append(ended)
        if ended.timed_out:
            raise TimedOut
        if not result_file.is_file():
            text = f"RequestId: {self.request} Error: Runtime exited with error: exit status {ended.code}"
            return json.dumps({"errorType": "Runtime.ExitError", "errorMessage": text}), "Unhandled"
        answer = json.loads(result_file.read_text(encoding="utf-8"))
        if "error" in answer:
            return json.dumps(answer["error"]), "Unhandled"
        return answer["value"], None

    def _layer(self, arn: str) -> Path | None:
        from moto.awslambda.models import lambda_backends

        function = self.function
        version = lambda_backends[function.account_id][function.region].layers_versions_by_arn(arn)
        return None if version is None else self.functions.code.of_zip(version.code_bytes)
