"""AWS: functions of SCAR, their logs, Batch jobs and buckets, as the bridge has them.

>>> import jupyterlab_oscar as oscar
>>> oscar.aws().function("grey").invoke(file="cat.png").files[0]
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .errors import JobFailed, make_problem
from .fdl_api import FdlRequest, Progress
from .inputs import PathLike, file_reference, text_pieces
from .objects_api import ObjectStore
from .results import Items, Result
from .transport import path

if TYPE_CHECKING:
    from .client import Bridge

FUNCTION_COLUMNS = ("name", "state", "memory", "timeout", "mode", "image", "api", "supervisor", "modified")
JOB_COLUMNS = ("id", "name", "function", "state", "exitCode", "createdAt", "reason")


class Aws(ObjectStore):
    """An account and region of AWS.

    Parameters
    ----------
    bridge
        Through which it is reached.
    profile, region
        Instead of those of the context.
    """

    def __init__(self, bridge: Bridge, profile: str | None = None, region: str | None = None) -> None:
        self._bridge = bridge
        self.profile = profile
        self.region = region

    def __repr__(self) -> str:
        return f"<AWS {self.profile or '(default profile)'} {self.region or '(default region)'}>"

    def path(self, *parts: str) -> str:
        """A path below AWS."""
        return path("aws", *parts)

    def query(self) -> dict[str, Any]:
        """Profile and region, where they are given."""
        return {"profile": self.profile, "region": self.region}

    def context(self) -> dict[str, Any]:
        """Which account, region and credentials are used, and whether they work."""
        return dict(self._json("GET", self.path("context")))

    def use(self, **change: Any) -> dict[str, Any]:
        """Change the context: ``profile``, ``region``, ``endpoint``, ``role``, ``emulator``."""
        return dict(self._bridge.transport.json("PUT", self.path("context"), change))

    def profiles(self) -> Items:
        """The profiles there are."""
        return Items(self._json("GET", self.path("profiles"))["items"], ("name", "kind", "region"))

    def emulator(self, action: str | None = None) -> dict[str, Any]:
        """State of the local emulator; ``start`` and ``stop`` do so."""
        if action is None:
            return dict(self._json("GET", self.path("emulator")))
        return dict(self._json("POST", self.path("emulator", action)))

    def emulator_environment(self) -> dict[str, str]:
        """Variables with which boto3, the AWS CLI and others use the emulator that runs on this machine.

        Raises
        ------
        NotFoundError
            When none runs.
        """
        from .aws_emulator.announce import Environment, running

        return Environment(running())

    def functions(self) -> Items:
        """The functions with SCAR's tags."""
        return Items(self._json("GET", self.path("functions"))["items"], FUNCTION_COLUMNS)

    def function(self, name: str) -> Function:
        """A function by its name. It is not asked for until it is used."""
        return Function(self, name)

    def plan(self, source: dict[str, Any], cluster: str | None = None) -> dict[str, Any]:
        """What an apply would do (``FdlSource`` of the contract)."""
        return FdlRequest(self._bridge, source, cluster).plan()

    def apply(
        self, source: dict[str, Any], cluster: str | None = None, progress: Progress | None = None
    ) -> dict[str, Any]:
        """Deploy what an FDL says, on AWS and on OSCAR, and wait until it is done."""
        return FdlRequest(self._bridge, source, cluster).apply(progress)

    def batch_jobs(self, function: str | None = None) -> Items:
        """Jobs of Batch, of a function or all."""
        return Items(self._json("GET", self.path("batch-jobs"), query={"function": function})["items"], JOB_COLUMNS)

    def batch_job(self, identifier: str) -> dict[str, Any]:
        """One job of Batch."""
        return dict(self._json("GET", self.path("batch-jobs", identifier)))

    def batch_log(self, identifier: str, *, follow: bool = False) -> Iterator[str]:
        """Log of a job of Batch, also of one that failed."""
        query = {**self.query(), "follow": follow or None}
        return text_pieces(self._bridge.transport.pieces(self.path("batch-jobs", identifier, "log"), query=query))

    def cancel_batch_job(self, identifier: str) -> dict[str, Any]:
        """End a job of Batch."""
        return dict(self._json("POST", self.path("batch-jobs", identifier, "cancel")))

    def apis(self) -> Items:
        """HTTP addresses of functions."""
        return Items(self._json("GET", self.path("apis"))["items"], ("function", "kind", "endpoint", "open", "id"))

    def orphans(self) -> Items:
        """What has SCAR's tags or names and belongs to no function any more."""
        return Items(self._json("GET", self.path("orphans"))["items"], ("kind", "name", "reason", "id"))

    def remove_orphans(self, identifiers: list[str], progress: Progress | None = None) -> dict[str, Any]:
        """Delete such things."""
        operation = self._json("POST", self.path("orphans", "remove"), {"ids": identifiers})
        return self._bridge.operation(operation, progress)


class Function:
    """A function of AWS."""

    def __init__(self, aws: Aws, name: str) -> None:
        self._aws = aws
        self.name = name

    def __repr__(self) -> str:
        return f"<Function {self.name}>"

    @property
    def info(self) -> dict[str, Any]:
        """Its record, with the FDL it was deployed from and what has drifted since."""
        return dict(self._aws._json("GET", self._path()))

    def invoke(
        self,
        file: PathLike | None = None,
        *,
        text: str | None = None,
        json: Any = None,
        script: str | None = None,
        arguments: list[str] | None = None,
        parameters: dict[str, str] | None = None,
        via: str = "lambda",
        wait: bool = True,
        check: bool = True,
    ) -> Invocation:
        """Call it once.

        Parameters
        ----------
        file, text, json, script
            At most one: the input, or a shell script that runs instead of its own.
        arguments
            Of the container of a udocker function.
        parameters
            Query of its HTTP address.
        via
            ``lambda``, or ``api`` for its HTTP address.
        wait
            Wait for the answer.
        check
            Raise when it failed; else the invocation tells.

        Raises
        ------
        JobFailed
            When it failed; ``.result`` is the invocation.
        """
        request: dict[str, Any] = {"via": via, "async": not wait}
        given = {
            "file": None if file is None else file_reference(file),
            "text": text,
            "json": json,
            "script": script,
            "arguments": arguments,
            "parameters": parameters,
        }
        if sum(item is not None for item in (file, text, json, script)) > 1:
            raise TypeError("Give one of file, text, json and script")
        request.update({name: value for name, value in given.items() if value is not None})
        record = self._aws._json("POST", self._path("invoke"), request)
        invocation = Invocation(self._aws._bridge, record)
        if check:
            invocation.raise_for_state()
        return invocation

    def process(
        self,
        bucket: str | None = None,
        prefix: str | None = None,
        *,
        suffix: str | None = None,
        concurrency: int | None = None,
        wait: bool = False,
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """Call it once for each object that is there already.

        Parameters
        ----------
        bucket, prefix, suffix
            Which objects; default: those of its first trigger.
        concurrency
            Calls at the same time.
        wait
            Wait for each call, so that failures are known.
        progress
            Called with the operation each time it has moved.
        """
        given = {"bucket": bucket, "prefix": prefix, "suffix": suffix, "concurrency": concurrency, "wait": wait or None}
        request = {name: value for name, value in given.items() if value is not None}
        operation = self._aws._json("POST", self._path("process"), request)
        return self._aws._bridge.operation(operation, progress)

    def log(
        self,
        *,
        request: str | None = None,
        stream: str | None = None,
        since: str | None = None,
        follow: bool = False,
    ) -> Iterator[str]:
        """Its log, piece by piece."""
        query = {"request": request, "stream": stream, "since": since, "follow": follow or None}
        query = {**self._aws.query(), **query}
        return text_pieces(self._aws._bridge.transport.pieces(self._path("log"), query=query))

    def metrics(self, hours: float = 24) -> dict[str, Any]:
        """Calls, errors, duration and cost of the last hours."""
        return dict(self._aws._json("GET", self._path("metrics"), query={"hours": hours}))

    def deletion(self) -> dict[str, Any]:
        """What goes and what stays when it is deleted."""
        return dict(self._aws._json("GET", self._path("deletion")))

    def delete(self, progress: Progress | None = None) -> dict[str, Any]:
        """Delete it with what belongs to it; buckets stay."""
        return self._aws._bridge.operation(self._aws._json("DELETE", self._path()), progress)

    def _path(self, *parts: str) -> str:
        return self._aws.path("functions", self.name, *parts)


class Invocation(Result):
    """How a call of a function went: files and text like any result, and what it took.

    Attributes
    ----------
    function, request_id
        Which function, and the id under which its log has it.
    batch_job
        Job of Batch that does the work; None: Lambda did it.
    cost
        US dollars, measured duration times list price; None where the log does not tell.
    log
        The end of its log.
    """

    def __init__(self, bridge: Bridge, record: dict[str, Any]) -> None:
        super().__init__(bridge, {**record, "cluster": "aws", "service": record["function"]})
        self.record = record
        self.function: str = record["function"]
        self.request_id: str | None = record.get("requestId")
        self.batch_job: str | None = record.get("batchJob")
        self.cost: float | None = record.get("cost")
        self.log: str | None = record.get("log")

    def raise_for_state(self) -> None:
        """Raise when it failed.

        Raises
        ------
        JobFailed
            With the words of the function.
        """
        if self.state != "failed":
            return
        detail = str(self.record.get("error") or f"The function {self.function} failed.")
        hint = f"Its log: jupyter oscar scar log -n {self.function}"
        hint += f" -ri {self.request_id}" if self.request_id else ""
        raise JobFailed(make_problem("job-failed", "The function failed", 500, detail, action=hint), self)


def local_files(folder: PathLike) -> Iterator[tuple[str, str]]:
    """Files below a folder: path, and the path relative to it with slashes."""
    root = os.fspath(folder)
    for where, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            full = os.path.join(where, name)  # noqa: PTH118 (os.walk gives text)
            yield full, os.path.relpath(full, root).replace(os.sep, "/")
