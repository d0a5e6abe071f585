"""Infrastructures: clusters that the Infrastructure Manager (IM) made, as the bridge has them.

>>> import jupyterlab_oscar as oscar
>>> cluster = oscar.infrastructures().create({"source": {"template": "oscar"}, "credential": "cloud"}).wait()
>>> cluster.cluster().service("cowsay").invoke(data="moo")
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from .errors import ConflictError, NotFoundError, OscarError, error_from, make_problem
from .inputs import POLL, text_pieces
from .results import Items
from .transport import path

if TYPE_CHECKING:
    from .client import Bridge
    from .cluster_api import Cluster

COLUMNS = ("id", "name", "state", "cloud", "machines", "cluster", "owners", "createdAt")
Progress = Callable[["Infrastructure"], None]


class Infrastructures:
    """The infrastructures of this user, and what makes them."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    def list(self) -> Items:
        """All of them; ``problem`` of the answer is raised when IM gave nothing at all."""
        answer = self._json("GET", path("infrastructures"))
        if answer.get("problem") and not answer["items"]:
            raise error_from(answer["problem"])
        return Items([{**item, "machines": len(item["vms"])} for item in answer["items"]], COLUMNS)

    def get(self, name: str) -> Infrastructure:
        """One by its id, or by its name where only one has it.

        Raises
        ------
        NotFoundError, ConflictError
            When none or several have this name.
        """
        try:
            return Infrastructure(self._bridge, self._json("GET", path("infrastructures", name)))
        except NotFoundError:
            found = [item for item in self.list() if item["name"] == name]
            if len(found) > 1:
                ids = ", ".join(item["id"] for item in found)
                problem = make_problem("conflict", "Several have this name", 409, f"{name} may be {ids}.")
                raise ConflictError({**problem, "action": "Give the id."}) from None
            if not found:
                raise
            return Infrastructure(self._bridge, found[0])

    def plan(self, request: dict[str, Any]) -> dict[str, Any]:
        """What a create would make (``InfrastructureRequest`` of the contract)."""
        return dict(self._json("POST", path("infrastructures", "plan"), request))

    def create(self, request: dict[str, Any]) -> Infrastructure:
        """Begin to make one; ``.wait()`` follows it to its end."""
        return Infrastructure(self._bridge, self._json("POST", path("infrastructures"), request))

    def existing(self, request: dict[str, Any]) -> dict[str, Any]:
        """Files and steps for a cluster that IM cannot make."""
        return dict(self._json("POST", path("infrastructures", "existing"), request))

    def templates(self) -> Items:
        """What can be made."""
        columns = ("id", "title", "kind", "source", "oscar")
        return Items(self._json("GET", path("im", "templates"))["items"], columns)

    def form(self, source: dict[str, Any], addons: list[str] | None = None) -> dict[str, Any]:
        """Fields of a template."""
        body = {**source, **({"addons": addons} if addons else {})}
        return dict(self._json("POST", path("im", "templates", "form"), body))

    def server(self, **change: Any) -> dict[str, Any]:
        """The IM that is used; ``url``, ``templates``, ``user``, ``password`` change it."""
        return dict(self._json("PUT" if change else "GET", path("im"), change or None))

    def clouds(self) -> Items:
        """Kinds of clouds, with the fields of their credentials."""
        return Items(self._json("GET", path("im", "providers"))["items"], ("type", "title"))

    def credentials(self) -> Items:
        """Credentials of clouds, without their secrets."""
        columns = ("id", "type", "shown", "configured", "expiresAt")
        return Items(self._json("GET", path("im", "credentials"))["items"], columns)

    def set_credentials(self, name: str, kind: str, values: dict[str, str]) -> dict[str, Any]:
        """Store credentials of a cloud; values go in once and never come out."""
        return dict(self._json("PUT", path("im", "credentials", name), {"type": kind, "values": values}))

    def remove_credentials(self, name: str) -> None:
        """Forget credentials."""
        self._json("DELETE", path("im", "credentials", name))

    def test_credentials(self, name: str) -> dict[str, Any]:
        """See whether the cloud takes them: ``{works, reason?, checked}``."""
        return dict(self._json("POST", path("im", "credentials", name, "test")))

    def images(self, credentials: str, wanted: str | None = None) -> Items:
        """Images of a cloud."""
        query = {"filter": wanted}
        answer = self._bridge.transport.json("GET", path("im", "credentials", credentials, "images"), query=query)
        return Items(answer["items"], ("uri", "name"))

    def token(self) -> dict[str, Any]:
        """Who the access token at hand says the user is, and until when."""
        return dict(self._json("GET", path("tokens")))

    def set_token(self, token: str) -> dict[str, Any]:
        """Give a token; it is kept in memory only."""
        return dict(self._json("PUT", path("tokens"), {"token": token}))

    def forget_token(self) -> None:
        """Forget the token that was given."""
        self._json("DELETE", path("tokens"))

    def _json(self, method: str, target: str, value: Any = None) -> Any:
        return self._bridge.transport.json(method, target, value)


class Infrastructure:
    """One infrastructure.

    Attributes
    ----------
    record
        As it was when it was last asked for.
    """

    def __init__(self, bridge: Bridge, record: dict[str, Any]) -> None:
        self._bridge = bridge
        self.record = record

    def __repr__(self) -> str:
        return f"<Infrastructure {self.name}: {self.state}>"

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.record["id"])

    @property
    def name(self) -> str:
        """What it is called."""
        return str(self.record["name"])

    @property
    def state(self) -> str:
        """State as a whole, when it was last asked for."""
        return str(self.record["state"])

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The way from nothing to an inference."""
        return list(self.record["steps"])

    @property
    def done(self) -> bool:
        """True when no step is left, or one has failed."""
        states = [step["state"] for step in self.steps]
        return "failed" in states or all(state in ("done", "skipped") for state in states)

    @property
    def failed(self) -> bool:
        """True when a step has failed."""
        return any(step["state"] == "failed" for step in self.steps)

    def update(self, wait: float = 0) -> Infrastructure:
        """Ask again; up to ``wait`` seconds until something has changed."""
        query = {"since": self.record["revision"], "wait": wait} if wait else None
        self.record = self._bridge.transport.json("GET", self._path(), query=query)
        return self

    def wait(self, progress: Progress | None = None, *, check: bool = True) -> Infrastructure:
        """Follow it until all steps are done or one has failed.

        Parameters
        ----------
        progress
            Called each time it has moved.
        check
            Raise when a step failed.

        Raises
        ------
        OscarError
            When a step failed.

        Notes
        -----
        An interrupt ends the waiting and not the work: it goes on, and ``get`` finds it again.
        """
        while True:
            if progress is not None:
                progress(self)
            if self.done:
                break
            self.update(POLL)
        if check and self.failed:
            raise self.error()
        return self

    def error(self) -> OscarError:
        """What the failed step says."""
        problem = self.record.get("problem")
        if problem:
            return error_from(problem)
        step = next(step for step in self.steps if step["state"] == "failed")
        detail = step.get("detail") or f"The step “{step['title']}” failed."
        action = f"Its log: jupyter oscar infrastructure logs {self.id}. Go on with: jupyter oscar infrastructure retry {self.id}"
        return OscarError(
            make_problem("step-failed", f"{self.name}: {step['title']} failed", 500, detail, action=action)
        )

    def cluster(self) -> Cluster:
        """The cluster that it is registered as.

        Raises
        ------
        ConflictError
            When it is not registered.
        """
        if not self.record.get("cluster"):
            raise ConflictError(
                make_problem(
                    "conflict",
                    "Not registered",
                    409,
                    f"{self.name} is not registered as a cluster.",
                    action=f"Register it: jupyter oscar infrastructure register {self.id}",
                )
            )
        return self._bridge.cluster(str(self.record["cluster"]))

    def act(self, action: str, *, vm: str | None = None) -> Infrastructure:
        """``start``, ``stop``, ``reconfigure``, ``retry``, ``register``; of a machine ``start``, ``stop``, ``reboot``."""
        target = self._path(action) if vm is None else self._path("vms", vm, action)
        self.record = self._bridge.transport.json("POST", target)
        return self

    def scale(self, count: int, *, role: str | None = None, remove: list[str] | None = None) -> Infrastructure:
        """Change the number of workers; ``remove`` names the machines that go."""
        body = {"count": count, **({"role": role} if role else {}), **({"remove": remove} if remove else {})}
        self.record = self._bridge.transport.json("POST", self._path("scale"), body)
        return self

    def delete(self, confirm: str, *, force: bool = False) -> Infrastructure:
        """Delete it with all its machines; ``confirm`` is its name."""
        query = {"confirm": confirm, "force": force or None}
        self.record = self._bridge.transport.json("DELETE", self._path(), query=query) or self.record
        return self

    def wait_gone(self, progress: Progress | None = None) -> None:
        """Wait until IM does not know it any more.

        Raises
        ------
        OscarError
            When it could not be deleted.
        """
        while self.state != "deleted":
            if progress is not None:
                progress(self)
            if self.record.get("problem") and self.state != "deleting":
                raise error_from(self.record["problem"])
            try:
                self.update(POLL)
            except NotFoundError:
                return

    def log(self, *, follow: bool = False, vm: str | None = None) -> Iterator[str]:
        """Its log, piece by piece; secrets are masked."""
        query = {"follow": follow or None, "vm": vm}
        return text_pieces(self._bridge.transport.pieces(self._path("log"), query=query))

    def template(self) -> str:
        """What it was made of; secrets are masked."""
        return self._bridge.transport.read(self._path("template")).decode()

    def elasticity(self) -> dict[str, Any]:
        """Workers there are and would be needed; an estimate."""
        return dict(self._bridge.transport.json("GET", self._path("elasticity")))

    def ssh_key(self, vm: str) -> dict[str, Any]:
        """User, host and key of a machine."""
        return dict(self._bridge.transport.json("POST", self._path("vms", vm, "ssh-key")))

    def secrets(self) -> dict[str, Any]:
        """User and password of the cluster."""
        return dict(self._bridge.transport.json("POST", self._path("secrets")))

    def add_owner(self, token: str) -> Infrastructure:
        """Give it another owner, by the other's token."""
        self.record = self._bridge.transport.json("POST", self._path("owners"), {"token": token})
        return self

    def _path(self, *parts: str) -> str:
        return path("infrastructures", self.id, *parts)
