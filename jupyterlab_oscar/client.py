"""The Python API: clusters, services, jobs and objects, as the bridge has them.

>>> import jupyterlab_oscar as oscar
>>> service = oscar.cluster("local").service("ocr")
>>> result = service.invoke("page.png")
>>> for item in service.submit(["a.png", "b.png"]):
...     print(item.file, item.state)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .aws_api import Aws, Function, Invocation
from .cluster_api import Cluster
from .compute.job import ComputeJob
from .endpoint import Endpoint
from .errors import error_from, make_problem
from .fdl_api import Progress
from .infrastructure_api import Infrastructure, Infrastructures
from .inputs import POLL, PathLike, expand, file_reference, output_folders
from .pipeline_api import RUN_COLUMNS, Pipeline, PipelineRun, RunNode
from .results import Items, Result, ResultFile
from .service_api import Job, Service, job_error
from .submission import Submission, SubmittedFile
from .transport import Transport, path

__all__ = [
    "Aws",
    "Bridge",
    "Cluster",
    "ComputeJob",
    "Function",
    "Infrastructure",
    "Infrastructures",
    "Invocation",
    "Job",
    "Pipeline",
    "PipelineRun",
    "Result",
    "ResultFile",
    "RunNode",
    "Service",
    "Submission",
    "SubmittedFile",
    "aws",
    "cluster",
    "clusters",
    "connect",
    "expand",
    "file_reference",
    "infrastructures",
    "job_error",
    "output_folders",
    "pipeline",
    "status",
]

COMPUTE_COLUMNS = ("id", "kind", "name", "state", "engine", "createdAt", "finishedAt")
CLUSTER_COLUMNS = ("id", "state", "endpoint", "version", "current", "user")


class Bridge:
    """The bridge of this user.

    Parameters
    ----------
    endpoint
        A certain bridge; default: found, or started, when it is first needed.
    client
        Who asks, for the bridge's log.
    """

    def __init__(self, endpoint: Endpoint | None = None, *, client: str = "kernel") -> None:
        self.transport = Transport(endpoint, client=client)

    def status(self) -> dict[str, Any]:
        """State of the bridge: version, node, data folder, clusters, running jobs."""
        return self.transport.json("GET", path("status"))

    def events(self, last: str | None = None) -> Iterator[tuple[str, str, Any]]:
        """Follow changes: ``(id, type, data)`` each."""
        return self.transport.events(last)

    def clusters(self) -> Items:
        """The clusters there are."""
        return Items(self.transport.json("GET", path("clusters"))["items"], CLUSTER_COLUMNS)

    def cluster(self, name: str | None = None) -> Cluster:
        """A cluster by its id; default: the current one."""
        return Cluster(self, name)

    def add_cluster(self, definition: dict[str, Any]) -> dict[str, Any]:
        """Add a cluster (``ClusterAdd`` of the contract); a password in it goes in once and never comes
        out."""
        return self.transport.json("POST", path("clusters"), definition)

    def here(self) -> Cluster:
        """The cluster of this machine; where there is none, the current one."""
        for item in self.clusters():
            if not item["removable"]:
                return Cluster(self, item["id"])
        return Cluster(self)

    def pack(self, request: dict[str, Any]) -> dict[str, Any]:
        """Make a service of a cell, a notebook or a script (``PackRequest`` of the contract); returns
        ``{fdl, files, folder?, notes}``. Nothing is deployed."""
        return self.transport.json("POST", path("packing", "service"), request)

    def fdl_schema(self) -> dict[str, Any]:
        """The JSON Schema of FDL."""
        return self.transport.json("GET", path("fdl", "schema"))

    def pipeline(self, file: PathLike) -> Pipeline:
        """A pipeline by its file."""
        return Pipeline(self, file)

    def run(self, identifier: str) -> PipelineRun:
        """A run of a pipeline by its id."""
        return PipelineRun(self, self.transport.json("GET", path("pipelines", "runs", identifier)))

    def runs(self, file: PathLike | None = None, *, page: str | None = None) -> Items:
        """Runs of pipelines, newest first; of one file, or all."""
        name = None if file is None else file_reference(file)["path"]
        answer = self.transport.json("GET", path("pipelines", "runs"), query={"file": name, "page": page})
        return Items(answer["items"], RUN_COLUMNS, answer.get("next"))

    def compute(self, request: dict[str, Any]) -> ComputeJob:
        """Start a MapReduce or high-throughput job (``ComputeRequest`` of the contract)."""
        return ComputeJob(self, self.transport.json("POST", path("jobs"), request))

    def compute_job(self, identifier: str) -> ComputeJob:
        """A MapReduce or high-throughput job by its id."""
        return ComputeJob(self, self.transport.json("GET", path("jobs", identifier)))

    def compute_jobs(self, *, kind: str | None = None, state: str | None = None, page: str | None = None) -> Items:
        """MapReduce and high-throughput jobs, newest first."""
        answer = self.transport.json("GET", path("jobs"), query={"kind": kind, "state": state, "page": page})
        return Items(answer["items"], COMPUTE_COLUMNS, answer.get("next"))

    def aws(self, profile: str | None = None, region: str | None = None) -> Aws:
        """AWS, in a profile and region; default: those of ``scar config``."""
        return Aws(self, profile, region)

    def infrastructures(self) -> Infrastructures:
        """Clusters on any cloud, through the Infrastructure Manager."""
        return Infrastructures(self)

    def operation(self, operation: dict[str, Any], progress: Progress | None = None) -> dict[str, Any]:
        """Wait for the end of an operation; returns its last state.

        Raises
        ------
        OscarError
            When it failed or was interrupted; ``.problem["steps"]`` tells how far it came.
        """
        while True:
            if progress is not None:
                progress(operation)
            if operation["state"] != "running":
                break
            operation = self.transport.json(
                "GET",
                path("operations", operation["id"]),
                query={"since": operation["revision"], "wait": POLL},
            )
        if operation["state"] != "done":
            problem = operation.get("problem") or make_problem(
                "interrupted",
                "The operation was interrupted",
                500,
                f"“{operation['title']}” did not come to its end.",
                action="Run it again: what is done already is kept.",
            )
            raise error_from({**problem, "steps": operation["steps"]})
        return operation


# -- of the module --

_default: Bridge | None = None


def connect() -> Bridge:
    """The bridge of this user; the same object each time."""
    global _default
    if _default is None:
        _default = Bridge()
    return _default


def cluster(name: str | None = None) -> Cluster:
    """A cluster by its id; default: the current one."""
    return connect().cluster(name)


def clusters() -> Items:
    """The clusters there are."""
    return connect().clusters()


def aws(profile: str | None = None, region: str | None = None) -> Aws:
    """AWS: functions of SCAR, in a profile and region; default: those of ``scar config``."""
    return connect().aws(profile, region)


def infrastructures() -> Infrastructures:
    """Clusters on any cloud, through the Infrastructure Manager."""
    return connect().infrastructures()


def status() -> dict[str, Any]:
    """State of the bridge."""
    return connect().status()


def pipeline(file: PathLike) -> Pipeline:
    """A pipeline by its file.

    >>> run = oscar.pipeline("analysis.pipeline").run(parameters={"year": 2024})
    >>> run.nodes["plot"].files[0]
    """
    return connect().pipeline(file)
