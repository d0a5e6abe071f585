"""Clusters: services, jobs, FDL and objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import NotFoundError, make_problem
from .fdl_api import FdlRequest, Progress
from .inputs import PathLike, file_reference
from .objects_api import ObjectStore
from .results import Items
from .service_api import Job, Service
from .transport import path

if TYPE_CHECKING:
    from .client import Bridge

JOB_COLUMNS = ("id", "service", "state", "exitCode", "createdAt", "reason")
SERVICE_COLUMNS = ("name", "state", "image", "cpu", "memory", "exposed", "reason")


class Cluster(ObjectStore):
    """An OSCAR cluster.

    Parameters
    ----------
    bridge
        Through which it is reached.
    name
        Its id; None: the one that is current when it is first used.
    """

    def __init__(self, bridge: Bridge, name: str | None = None) -> None:
        self._bridge = bridge
        self._name = name

    def __repr__(self) -> str:
        return f"<Cluster {self._name or '(the current one)'}>"

    @property
    def id(self) -> str:
        """Its id."""
        if self._name is None:
            for item in self._bridge.clusters():
                if item["current"]:
                    self._name = item["id"]
            if self._name is None:
                raise NotFoundError(
                    make_problem(
                        "not-found",
                        "There is no cluster",
                        404,
                        "No cluster is configured.",
                        action="Add one with `clusters add`.",
                    )
                )
        return self._name

    def path(self, *parts: str) -> str:
        """A path below this cluster."""
        return path("clusters", self.id, *parts)

    @property
    def info(self) -> dict[str, Any]:
        """Its record: state, endpoint, version, features."""
        return self._json("GET", self.path())

    def load(self) -> dict[str, Any]:
        """Cores, memory and jobs, where the cluster tells."""
        return self._json("GET", self.path("load"))

    def use(self) -> None:
        """Make it the one that is used when none is named."""
        self._json("POST", self.path("use"))

    def remove(self) -> None:
        """Forget it (nothing on the cluster changes)."""
        self._json("DELETE", self.path())

    def services(self) -> Items:
        """Its services."""
        return Items(self._json("GET", self.path("services"))["items"], SERVICE_COLUMNS)

    def service(self, name: str) -> Service:
        """A service by its name. It is not asked for until it is used."""
        return Service(self._bridge, self, name)

    def jobs(self, service: str | None = None, *, page: str | None = None) -> Items:
        """Jobs, newest first; ``.next`` of the answer is the ``page`` that follows."""
        answer = self._json("GET", self.path("jobs"), query={"service": service, "page": page})
        return Items(answer["items"], JOB_COLUMNS, answer.get("next"))

    def job(self, name: str) -> Job:
        """A job by its name."""
        return Job(self._bridge, self, name)

    # -- FDL --

    def check(self, fdl: PathLike) -> list[dict[str, Any]]:
        """Problems of an FDL file."""
        return self._fdl(fdl).check()

    def plan(self, fdl: PathLike, *, raw_script: bool = False) -> dict[str, Any]:
        """What an apply would do: ``{steps, problems, notes, services}``."""
        return self._fdl(fdl, raw_script=raw_script).plan()

    def apply(
        self,
        fdl: PathLike,
        *,
        raw_script: bool = False,
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """Deploy an FDL file and wait until it is done; returns the operation with its steps.

        Parameters
        ----------
        fdl
            Path of the file.
        raw_script
            Leave scripts as they are (no last line that tells the exit code).
        progress
            Called with the operation each time it has moved.
        """
        return self._fdl(fdl, raw_script=raw_script).apply(progress)

    def _fdl(self, fdl: PathLike, *, raw_script: bool = False) -> FdlRequest:
        return FdlRequest(self._bridge, {"file": file_reference(fdl)}, self._name, raw_script=raw_script)

    def readiness(self, service: str, source: Cluster, *, image: str | None = None) -> dict[str, Any]:
        """What this cluster lacks for a service of another: ``{ready, items: [{topic, state, message}]}``.

        Parameters
        ----------
        service
            Its name.
        source
            The cluster that has it.
        image
            Image to use here; default: the same.
        """
        return self._json("POST", path("packing", "readiness"), self._transfer(service, source, image))

    def deploy(
        self,
        service: str,
        source: Cluster,
        *,
        image: str | None = None,
        force: bool = False,
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """Put a service of another cluster here, the same bytes, and wait until it is done.

        Raises
        ------
        OscarError
            When this cluster is not ready for it (``.problem["readiness"]`` is the report), unless ``force``.
        """
        body = {**self._transfer(service, source, image), "force": force}
        return self._bridge.operation(self._json("POST", path("packing", "deploy"), body), progress)

    def _transfer(self, service: str, source: Cluster, image: str | None) -> dict[str, Any]:
        return {"cluster": self.id, "from": source.id, "service": service, **({"image": image} if image else {})}
