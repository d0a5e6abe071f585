"""Services and their jobs."""

from __future__ import annotations

import json as jsons
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from .errors import JobFailed, OscarError, make_problem
from .inputs import PathLike, expand, file_reference, text_pieces
from .results import Items, Result
from .submission import Submission
from .transport import FILE_REFERENCE

if TYPE_CHECKING:
    from .client import Bridge
    from .cluster_api import Cluster


class Service:
    """A service of a cluster."""

    def __init__(self, bridge: Bridge, cluster: Cluster, name: str) -> None:
        self._bridge = bridge
        self.cluster = cluster
        self.name = name

    def __repr__(self) -> str:
        return f"<Service {self.name} of {self.cluster!r}>"

    def path(self, *parts: str) -> str:
        """A path below this service."""
        return self.cluster.path("services", self.name, *parts)

    @property
    def info(self) -> dict[str, Any]:
        """Its record, with its definition."""
        return self._bridge.transport.json("GET", self.path())

    def invoke(
        self,
        file: PathLike | None = None,
        *,
        data: bytes | str | None = None,
        json: Any = None,
        name: str | None = None,
        path: str | None = None,
        method: str | None = None,
        check: bool = True,
    ) -> Result:
        """Call it with one input and wait for the result.

        Parameters
        ----------
        file
            Path of the input.
        data, json
            The input itself: bytes or text, or a value that is sent as JSON.
        name
            Name that ``data`` or ``json`` has as a file.
        path, method
            For exposed services: the path that is called, and how (``POST`` when not given).
        check
            Raise when the job fails; else the result tells.

        Raises
        ------
        JobFailed
            When the script failed; ``.result`` holds what there is.

        Notes
        -----
        An interrupt (Ctrl-C) gives up the call, and the bridge cancels what it started.
        """
        if sum(item is not None for item in (file, data, json)) > 1:
            raise TypeError("Give one of file, data and json")
        headers: dict[str, str] = {}
        body: bytes
        if file is not None:
            body = jsons.dumps(file_reference(file)).encode()
            headers["Content-Type"] = FILE_REFERENCE
        else:
            if json is not None:
                body, kind, default = jsons.dumps(json).encode(), "application/json", "input.json"
            elif isinstance(data, str):
                body, kind, default = data.encode(), "text/plain; charset=utf-8", "input.txt"
            else:
                body, kind, default = data or b"", "application/octet-stream", "input"
            headers["Content-Type"] = kind
            headers["X-OSCAR-Filename"] = quote(name or default, safe="")
        target = {key: value for key, value in (("path", path), ("method", method)) if value is not None}
        route = self.path("invoke") + (f"?{urlencode(target)}" if target else "")
        with self._bridge.transport.open("POST", route, body, headers=headers) as answer:
            result = Result(self._bridge, jsons.loads(answer.read()))
        if check and result.state not in ("succeeded",):
            raise job_error(result)
        return result

    def submit(self, files: PathLike | Sequence[PathLike]) -> Submission:
        """Start one job a file and return at once.

        Parameters
        ----------
        files
            A path, several, or folders (all files below them).
        """
        given = [files] if isinstance(files, (str, os.PathLike)) else list(files)
        inputs = expand(given)
        references = [file_reference(item.path) for item in inputs]
        record = self._bridge.transport.json("POST", self.path("submissions"), {"files": references})
        return Submission(self._bridge, record, [item.name for item in inputs], [str(i.path) for i in inputs])

    def jobs(self, *, page: str | None = None) -> Items:
        """Its jobs, newest first."""
        return self.cluster.jobs(self.name, page=page)

    def log(self, *, follow: bool = False) -> Iterator[str]:
        """Its own log (exposed services, and the preparation of its environment)."""
        return text_pieces(self._bridge.transport.pieces(self.path("logs"), query={"follow": follow or None}))

    def start(self) -> dict[str, Any]:
        """Start it (exposed services)."""
        return self._bridge.transport.json("POST", self.path("start"))

    def stop(self) -> dict[str, Any]:
        """Stop it (exposed services)."""
        return self._bridge.transport.json("POST", self.path("stop"))

    def restart(self) -> dict[str, Any]:
        """Start it anew (exposed services)."""
        return self._bridge.transport.json("POST", self.path("restart"))

    def deletion(self) -> dict[str, Any]:
        """What a delete would do."""
        return self._bridge.transport.json("GET", self.path("deletion"))

    def delete(self, *, with_data: bool = False) -> dict[str, Any]:
        """Delete it; its buckets stay with their data unless ``with_data``."""
        query = {"data": "delete" if with_data else "keep"}
        return self._bridge.transport.json("DELETE", self.path(), query=query)


class Job:
    """A job of a service."""

    def __init__(self, bridge: Bridge, cluster: Cluster, name: str) -> None:
        self._bridge = bridge
        self.cluster = cluster
        self.id = name

    def __repr__(self) -> str:
        return f"<Job {self.id}>"

    def path(self, *parts: str) -> str:
        """A path below this job."""
        return self.cluster.path("jobs", self.id, *parts)

    @property
    def info(self) -> dict[str, Any]:
        """Its record."""
        return self._bridge.transport.json("GET", self.path())

    @property
    def state(self) -> str:
        """Its state now."""
        return str(self.info["state"])

    def log(self, *, follow: bool = False) -> Iterator[str]:
        """Its log, piece by piece; with ``follow`` until it ends."""
        return text_pieces(self._bridge.transport.pieces(self.path("log"), query={"follow": follow or None}))

    def cancel(self) -> dict[str, Any]:
        """End it now."""
        return self._bridge.transport.json("POST", self.path("cancel"))

    def retry(self) -> Submission:
        """Run it again with the same input."""
        record = self._bridge.transport.json("POST", self.path("retry"))
        return Submission(self._bridge, record)

    def result(self) -> Result:
        """What it gave back."""
        return Result(self._bridge, self._bridge.transport.json("GET", self.path("result")))

    def delete(self) -> None:
        """Remove its record and its log."""
        self._bridge.transport.json("DELETE", self.path())


def job_error(result: Result) -> OscarError:
    """The error that tells why a job did not succeed."""
    problem = result.problem
    if problem is None:
        code = f" with exit code {result.exit_code}" if result.exit_code is not None else ""
        verb = "was cancelled" if result.state == "cancelled" else result.state
        problem = make_problem(
            "job-failed",
            "The job did not succeed",
            500,
            f"The job of {result.service} {verb}{code}.",
            action=f"See its log: jupyter oscar job logs {result.job}" if result.job else None,
        )
    return JobFailed(problem, result)
