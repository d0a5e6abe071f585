"""Batch jobs that really run, as processes or in containers, as many at once as this machine has cores."""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from .config import NotRunnable, configuration, script_of
from .containers import Container
from .functions import Functions
from .processes import Ended, Stop, run
from .supervisor import Task, run_job

_GROUP = "/aws/batch/job"
#: How often a waiting job looks whether it was cancelled (seconds).
_LOOK = 0.05


class Jobs:
    """Runs jobs of moto's Batch.

    Parameters
    ----------
    functions
        Of the emulator: jobs share their storage, keys and log.
    folder
        For what is temporary.
    """

    def __init__(self, functions: Functions, folder: Path) -> None:
        self._functions = functions
        self._folder = folder
        self._slots = threading.Semaphore(max(1, os.cpu_count() or 1))

    def run(self, job: Any) -> None:
        """Run a job (in its own thread, as moto starts it)."""
        try:
            if job.depends_on and not job._wait_for_dependencies():
                return
            job.status = "RUNNABLE"
            if not self._slot(job):
                job._mark_stopped(success=False)
                return
            try:
                self._run(job)
            finally:
                self._slots.release()
        except Exception as error:  # a job that cannot run has failed; Batch says why in its record
            print(f"Job {job.job_id} could not run:\n{traceback.format_exc()}", file=sys.stderr)
            job.job_stopped_reason = f"{type(error).__name__}: {error}"
            job._mark_stopped(success=False)

    def _slot(self, job: Any) -> bool:
        while not self._slots.acquire(timeout=_LOOK):
            if job.stop:
                return False
        if job.stop:
            self._slots.release()
            return False
        return True

    def _run(self, job: Any) -> None:
        account, region = job.job_definition.backend.account_id, job.job_definition._region
        job.job_started_at = datetime.now()
        job.log_stream_name = job._stream_name
        self._functions.logs.open(account, region, _GROUP, job.log_stream_name)
        job._start_attempt()
        job.status = "RUNNING"
        stop = Stop()
        threading.Thread(target=_watch, args=(job, stop), daemon=True).start()
        nodes = _containers(job)
        ended: dict[int, Ended | None] = {}
        threads = [
            threading.Thread(target=self._node, args=(job, i, len(nodes), container, stop, ended), daemon=True)
            for i, container in enumerate(nodes)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        main = ended.get(_main_node(job))
        if main is None:
            job._mark_stopped(success=False)
            return
        job.exit_code = main.code if main.code >= 0 else 128 - main.code
        if job.latest_attempt is not None:
            job.latest_attempt["container"]["exitCode"] = job.exit_code
        if main.timed_out:
            job.job_stopped_reason = "Job attempt duration exceeded timeout"
        elif main.code != 0 and not job.job_stopped_reason:
            job.job_stopped_reason = "Essential container in task exited"
        job._mark_stopped(success=main.code == 0 and not main.timed_out and not main.stopped)

    def _node(
        self, job: Any, index: int, count: int, container: Mapping[str, Any], stop: Stop, ended: dict[int, Any]
    ) -> None:
        account, region = job.job_definition.backend.account_id, job.job_definition._region

        def tell(line: str) -> None:
            text = f"[{index}] {line}" if count > 1 else line
            self._functions.logs.add(account, region, _GROUP, job.log_stream_name, text)

        folder = self._folder / "jobs" / f"{job.job_id.replace(':', '-')}-{index}"
        folder.mkdir(parents=True)
        own = stop if count == 1 else Stop()
        if count > 1:
            threading.Thread(target=_pass_on, args=(job, stop, own), daemon=True).start()
        try:
            ended[index] = self._container(job, index, count, container, own, folder, tell)
        except Exception as error:  # told where the job's own errors are
            for line in traceback.format_exc().splitlines():
                tell(line)
            job.job_stopped_reason = str(error)
            ended[index] = None
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _container(
        self, job: Any, index: int, count: int, container: Mapping[str, Any], stop: Stop, folder: Path, tell: Any
    ) -> Ended:
        region = job.job_definition._region
        own = {item["name"]: str(item.get("value") or "") for item in container.get("environment", [])}
        image = str(container.get("image", ""))
        task = self._functions.code.of_image(image)
        env = {
            **self._functions.surroundings(region),
            "TMPDIR": str(folder),
            "AWS_BATCH_JOB_ID": job.job_id,
            "AWS_BATCH_JQ_NAME": job.job_queue.name,
            "LAMBDA_TASK_ROOT": str(task),
            **(
                {
                    "AWS_BATCH_JOB_NODE_INDEX": str(index),
                    "AWS_BATCH_JOB_NUM_NODES": str(count),
                    "AWS_BATCH_JOB_MAIN_NODE_INDEX": str(_main_node(job)),
                    "AWS_BATCH_JOB_MAIN_NODE_PRIVATE_IPV4_ADDRESS": "127.0.0.1",
                }
                if count > 1
                else {}
            ),
            **({"AWS_BATCH_JOB_ARRAY_INDEX": str(job.array_properties["index"])} if _is_child(job) else {}),
            **own,
        }
        limit = job._get_attempt_duration()
        command = job._add_parameters_to_command(container.get("command") or [])
        config = configuration(task, own)
        megabytes = int(container.get("memory") or 0)
        contained = self._functions.containers.has(image)
        # The supervisor of EC2's machines is not here: what takes its place runs the script, in the image where it is there.
        if config is None or not any("supervisor" in word for word in command):
            if contained:
                work = Container(image, self._functions.elsewhere(env), command=command, megabytes=megabytes)
                return self._functions.containers.run(work, tell=tell, seconds=limit, stop=stop)
            if not command:
                raise NotRunnable(
                    "The job has no command, and its image is not on this machine (or neither podman nor docker is)."
                )
            return run(command, env=env, cwd=folder, tell=tell, seconds=limit, stop=stop)
        context = json.loads(own["CONTEXT"]) if own.get("CONTEXT") else {}
        job_task = Task(
            name=str(context.get("function_name") or job.job_name),
            request=str(own.get("AWS_LAMBDA_REQUEST_ID") or job.job_id),
            region=region,
            config=config,
            event=json.loads(own["EVENT"]) if own.get("EVENT") else {},
            script=script_of(config, task, own),
            folder=folder / "run",
            task=task,
            env=env,
            log=(_GROUP, job.log_stream_name),
            tell=tell,
            remaining=lambda: None,
            stores=self._functions.stores,
            stop=stop,
            runner=self._functions.runner(image, [folder, task], megabytes) if contained else run,
        )
        return run_job(job_task, limit)


def _containers(job: Any) -> list[dict[str, Any]]:
    definition = job.job_definition
    if definition.container_properties:
        return [
            {
                "image": definition.container_properties.get("image", ""),
                "command": job._get_container_property("command", []),
                "environment": job._get_container_property("environment", []),
                "memory": _megabytes(definition.container_properties),
            }
        ]
    properties = definition.node_properties or {}
    count = int(properties.get("numNodes", 1))
    nodes: dict[int, dict[str, Any]] = {}
    for part in properties.get("nodeRangeProperties", []):
        container = dict(part.get("container") or {})
        own = {item["name"]: item for item in container.get("environment", [])}
        own.update({item["name"]: item for item in (job.container_overrides or {}).get("environment", [])})
        container["environment"] = list(own.values())
        container["memory"] = _megabytes(container)
        start, colon, end = str(part["targetNodes"]).partition(":")
        first = int(start or 0)
        last = int(end or count - 1) if colon else first
        nodes.update({i: container for i in range(first, last + 1)})
    return [nodes[i] for i in range(count)]


def _megabytes(container: Mapping[str, Any]) -> int:
    needs = {item["type"]: item["value"] for item in container.get("resourceRequirements") or []}
    return int(needs.get("MEMORY") or container.get("memory") or 0)


def _main_node(job: Any) -> int:
    return int((job.job_definition.node_properties or {}).get("mainNode", 0))


def _is_child(job: Any) -> bool:
    return "index" in (job.array_properties or {})


def _watch(job: Any, stop: Stop) -> None:
    while not job.job_stopped:
        if job.stop:
            stop()
            return
        time.sleep(_LOOK)


def _pass_on(job: Any, stop: Stop, own: Stop) -> None:
    while not job.job_stopped:
        if stop.asked:
            own()
            return
        time.sleep(_LOOK)
