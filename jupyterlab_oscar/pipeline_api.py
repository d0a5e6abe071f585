"""Pipelines: check, convert, deploy and run them, and what came of a run."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import NotFoundError, PipelineFailed, make_problem
from .fdl_api import Progress
from .inputs import POLL, PathLike, file_reference
from .results import Items, ResultFile, html_table, safe_name, text_table
from .transport import path

if TYPE_CHECKING:
    from .client import Bridge

RUN_COLUMNS = ("id", "pipeline", "state", "cluster", "startedAt", "finishedAt")
_ENDED = ("done", "failed", "cancelled", "interrupted")
_SIGNS = {"waiting": "·", "running": "▶", "done": "✓", "failed": "✗", "cancelled": "■", "skipped": "-"}
_COLOURS = {"running": "--jp-info-color1", "done": "--jp-success-color1", "failed": "--jp-error-color1"}


class Pipeline:
    """A ``.pipeline`` file.

    Parameters
    ----------
    bridge
        Through which it is run.
    file
        Its path.
    """

    def __init__(self, bridge: Bridge, file: PathLike) -> None:
        self._bridge = bridge
        self.file = Path(file)

    def __repr__(self) -> str:
        return f"<Pipeline {self.file}>"

    def check(self, *, cluster: str | None = None, target: str | None = None) -> dict[str, Any]:
        """What is wrong with it, and what it asks for: ``{name, problems, nodes, parameters, secrets}``."""
        return self._post("check", cluster=cluster, target=target)

    def convert(
        self,
        into: PathLike | None = None,
        *,
        target: str | None = None,
        cluster: str | None = None,
        overwrite: bool = False,
    ) -> dict[str, Any]:
        """Make FDL and scripts of it: ``{fdl, files, folder?, report}``.

        Parameters
        ----------
        into
            Folder to write to (made when it is not there); default: nothing is written.
        target
            ``oscar`` (default) or ``scar``.
        cluster
            Key of the services in the FDL.
        overwrite
            Also files that are there.
        """
        folder = None
        if into is not None:
            target_folder = Path(into).expanduser().absolute()
            target_folder.mkdir(parents=True, exist_ok=True)
            folder = {"path": str(target_folder)}
        return self._post("convert", target=target, cluster=cluster, into=folder, overwrite=overwrite or None)

    def deploy(
        self,
        *,
        cluster: str | None = None,
        secrets: Mapping[str, str] | None = None,
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """Deploy its services and wait; returns the operation with its steps."""
        operation = self._post("deploy", cluster=cluster, secrets=dict(secrets) if secrets else None)
        return self._bridge.operation(operation, progress)

    def run(
        self,
        parameters: Mapping[str, Any] | None = None,
        *,
        secrets: Mapping[str, str] | None = None,
        cluster: str | None = None,
        wait: bool = True,
        check: bool = True,
        progress: Callable[[PipelineRun], None] | None = None,
    ) -> PipelineRun:
        """Deploy what is missing and run it.

        Parameters
        ----------
        parameters
            Values by name; the others have their defaults.
        secrets
            Values by variable. They go in once and never come out.
        cluster
            Where; default: the current cluster.
        wait
            Wait for its end. An interrupt (Ctrl-C) cancels the run.
        check
            Raise when it fails; else the run tells.
        progress
            Called with the run each time it has moved.

        Raises
        ------
        PipelineFailed
            When a node failed; ``.run`` is the run.
        """
        record = self._post(
            "runs",
            cluster=cluster,
            parameters=dict(parameters) if parameters else None,
            secrets=dict(secrets) if secrets else None,
        )
        run = PipelineRun(self._bridge, record)
        return run.wait(progress, check=check) if wait else run

    def runs(self) -> Items:
        """Its runs, newest first."""
        return self._bridge.runs(self.file)

    def _post(self, action: str, **values: Any) -> Any:
        body = {"source": {"file": file_reference(self.file)}}
        body.update({name: value for name, value in values.items() if value is not None})
        return self._bridge.transport.json("POST", path("pipelines", action), body)


class RunNode:
    """A node of a run.

    Attributes
    ----------
    id, label, kind, service, cluster
        What it is and where it works.
    state
        ``waiting``, ``running``, ``done``, ``failed``, ``cancelled`` or ``skipped``.
    job, attempt, exit_code, reason
        How it goes.
    files
        What it made: its artifacts, with the executed notebook.
    """

    def __init__(self, bridge: Bridge, record: dict[str, Any]) -> None:
        self._bridge = bridge
        self.record = record
        self.id: str = record["id"]
        self.label: str = record["label"]
        self.kind: str = record["kind"]
        self.service: str = record["service"]
        self.cluster: str = record["cluster"]
        self.state: str = record["state"]
        self.job: str | None = record.get("job")
        self.attempt: int = record["attempt"]
        self.exit_code: int | None = record.get("exitCode")
        self.reason: str | None = record.get("reason")
        self.files = [ResultFile(bridge, item) for item in record.get("artifacts", [])]

    @property
    def notebook(self) -> ResultFile | None:
        """The executed notebook, where it is one."""
        name = self.record.get("notebook")
        return next((file for file in self.files if file.name == name), None)

    @property
    def seconds(self) -> float | None:
        """How long it took, or takes by now."""
        return _seconds(self.record.get("startedAt"), self.record.get("finishedAt"))

    def log(self, *, follow: bool = False) -> Iterator[str]:
        """Its log, piece by piece; with ``follow`` until it ends.

        Raises
        ------
        NotFoundError
            When it has no job yet.
        """
        if self.job is None:
            raise NotFoundError(
                make_problem("not-found", "No log yet", 404, f"{self.label} is {self.state}: it has no log.")
            )
        return self._bridge.cluster(self.cluster).job(self.job).log(follow=follow)

    def save(self, folder: PathLike) -> list[Path]:
        """Write what it made into a folder."""
        return [file.save(Path(folder) / safe_name(file.name)) for file in self.files]

    def __repr__(self) -> str:
        return f"<{self.label}: {self.state}, {len(self.files)} files>"


class Nodes(list):  # type: ignore[type-arg]
    """The nodes of a run in their order; also by label or id."""

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, str):
            return super().__getitem__(key)
        found = [node for node in self if node.id == key] or [node for node in self if node.label == key]
        if len(found) != 1:
            labels = ", ".join(node.label for node in self)
            what = f"{len(found)} nodes are called {key}; use an id" if found else f"There is no node {key}"
            raise NotFoundError(make_problem("not-found", "No such node", 404, f"{what}. Nodes: {labels}."))
        return found[0]


class PipelineRun:
    """A run of a pipeline.

    Attributes
    ----------
    id, pipeline, cluster
        What runs where.
    state
        ``deploying``, ``running``, ``done``, ``failed``, ``cancelled`` or ``interrupted``.
    nodes
        Each :class:`RunNode`, in order; ``nodes["label"]`` finds one.
    """

    def __init__(self, bridge: Bridge, record: dict[str, Any]) -> None:
        self._bridge = bridge
        self._take(record)

    def _take(self, record: dict[str, Any]) -> None:
        self.record = record
        self.id: str = record["id"]
        self.pipeline: str = record["pipeline"]
        self.cluster: str = record["cluster"]
        self.state: str = record["state"]
        self.problem: dict[str, Any] | None = record.get("problem")
        self.nodes = Nodes(RunNode(self._bridge, item) for item in record["nodes"])

    @property
    def done(self) -> bool:
        """True when nothing more will happen to it."""
        return self.state in _ENDED

    @property
    def failed(self) -> list[RunNode]:
        """Nodes that failed."""
        return [node for node in self.nodes if node.state == "failed"]

    @property
    def seconds(self) -> float | None:
        """How long it took, or takes by now."""
        return _seconds(self.record.get("startedAt"), self.record.get("finishedAt"))

    @property
    def files(self) -> list[ResultFile]:
        """What all nodes made."""
        return [file for node in self.nodes for file in node.files]

    def update(self, wait: float = 0) -> bool:
        """Ask how it goes; waits up to ``wait`` seconds for a change. True when something changed."""
        before = self.record["revision"]
        query = {"since": before, "wait": int(min(wait, 30))} if wait else None
        self._take(self._bridge.transport.json("GET", self._path(), query=query))
        return self.record["revision"] != before

    def wait(self, progress: Callable[[PipelineRun], None] | None = None, *, check: bool = True) -> PipelineRun:
        """Wait for its end.

        An interrupt (Ctrl-C) cancels the run, and is passed on.

        Raises
        ------
        PipelineFailed
            When it did not succeed, unless ``check`` is false.
        """
        try:
            while True:
                if progress is not None:
                    progress(self)
                if self.done:
                    break
                self.update(POLL)
        except KeyboardInterrupt:
            self.cancel()
            raise
        if check:
            self.raise_for_state()
        return self

    def raise_for_state(self) -> None:
        """Raise what tells why it did not succeed; nothing when it did, or still runs."""
        if self.state in ("failed", "cancelled", "interrupted"):
            raise PipelineFailed(self.problem or self._why(), self)

    def _why(self) -> dict[str, Any]:
        failed = self.failed
        if failed:
            told = "; ".join(f"{node.label}: {node.reason or 'it failed'}" for node in failed[:3])
            action = f"See its log: jupyter oscar pipeline logs {self.id} '{failed[0].label}'"
        else:
            told = f"{self.pipeline} was {self.state}"
            action = f"Go on with it: jupyter oscar pipeline rerun {self.id}"
        title = "The pipeline did not succeed"
        return make_problem("pipeline-failed", title, 500, told.rstrip(".") + ".", action=action)

    def cancel(self) -> None:
        """End it now."""
        self._take(self._bridge.transport.json("POST", self._path("cancel")))

    def rerun(
        self, node: str | None = None, *, redeploy: bool = True, secrets: Mapping[str, str] | None = None
    ) -> PipelineRun:
        """Run again what failed, was cancelled or skipped; what succeeded stays. Does not wait.

        Parameters
        ----------
        node
            Label or id: only this node and what comes after it.
        redeploy
            Read the files of the pipeline again first, so that a mended notebook counts.
        secrets
            Values by variable, where the first ones are not known any more.
        """
        body: dict[str, Any] = {"redeploy": redeploy}
        if node is not None:
            body["node"] = self.nodes[node].id
        if secrets:
            body["secrets"] = dict(secrets)
        self._take(self._bridge.transport.json("POST", self._path("rerun"), body))
        return self

    def delete(self) -> None:
        """Remove its record and its objects."""
        self._bridge.transport.json("DELETE", self._path())

    def save(self, folder: PathLike) -> dict[str, list[Path]]:
        """Write what the nodes made to ``folder/<label>/<name>``; returns the paths by label."""
        saved: dict[str, list[Path]] = {}
        for node in self.nodes:
            label = safe_name(node.label.replace("/", "-"))
            name = label if label not in saved else f"{label}-{safe_name(node.id)}"
            if node.files:
                saved[name] = node.save(Path(folder) / name)
        return saved

    def _path(self, *parts: str) -> str:
        return path("pipelines", "runs", self.id, *parts)

    def _rows(self) -> list[list[str]]:
        return [
            [
                f"{_SIGNS.get(node.state, ' ')} {node.label}",
                node.state,
                _seconds_text(node.seconds),
                node.reason or "",
                ", ".join(file.name for file in node.files),
            ]
            for node in self.nodes
        ]

    def _head(self) -> str:
        return f"{self.pipeline}: {self.state}" + (f", {_seconds_text(self.seconds)}" if self.seconds else "")

    def __repr__(self) -> str:
        table = text_table(("node", "state", "time", "reason", "files"), self._rows())
        return f"{self._head()} (run {self.id})\n{table}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        table = html_table(("node", "state", "time", "reason", "files"), self._rows())
        colour = _COLOURS.get(self.state, "--jp-ui-font-color1")
        head = (
            f'<div style="color: var({colour})"><b>{html.escape(self._head())}</b></div>'
            f"<div><small>{html.escape(self.id)} on {html.escape(self.cluster)}</small></div>"
        )
        detail = f"<div><em>{html.escape(self.problem['detail'])}</em></div>" if self.problem else ""
        return {"text/plain": repr(self), "text/html": head + detail + table}


def _seconds(started: str | None, finished: str | None) -> float | None:
    from datetime import datetime, timezone

    if started is None:
        return None
    first = datetime.fromisoformat(started.replace("Z", "+00:00"))
    last = datetime.fromisoformat(finished.replace("Z", "+00:00")) if finished else datetime.now(timezone.utc)
    return max(0.0, (last - first).total_seconds())


def _seconds_text(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds) // 60} min {int(seconds) % 60} s"
