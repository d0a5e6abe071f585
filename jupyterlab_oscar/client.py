"""The Python API: clusters, services, jobs and objects, as the bridge has them.

>>> import jupyterlab_oscar as oscar
>>> service = oscar.cluster("local").service("ocr")
>>> result = service.invoke("page.png")
>>> for item in service.submit(["a.png", "b.png"]):
...     print(item.file, item.state)
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlencode

from .endpoint import Endpoint
from .errors import JobFailed, NotFoundError, OscarError, error_from, make_problem
from .results import Items, Result, ResultFile, safe_name
from .transport import FILE_REFERENCE, Transport, path

#: Seconds a poll may rest in the bridge until something changes (the contract allows 30).
POLL = 25

PathLike = str | os.PathLike[str]
JOB_COLUMNS = ("id", "service", "state", "exitCode", "createdAt", "reason")
SERVICE_COLUMNS = ("name", "state", "image", "cpu", "memory", "exposed", "reason")
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

    def operation(
        self, operation: dict[str, Any], progress: Callable[[dict[str, Any]], None] | None = None
    ) -> dict[str, Any]:
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


class Cluster:
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
        body = {"source": {"file": file_reference(fdl)}, **({"cluster": self._name} if self._name else {})}
        return self._json("POST", path("fdl", "check"), body)["problems"]

    def plan(self, fdl: PathLike, *, raw_script: bool = False) -> dict[str, Any]:
        """What an apply would do: ``{steps, problems, notes, services}``."""
        return self._json("POST", path("fdl", "plan"), self._apply_request(fdl, raw_script))

    def apply(
        self,
        fdl: PathLike,
        *,
        raw_script: bool = False,
        progress: Callable[[dict[str, Any]], None] | None = None,
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
        operation = self._json("POST", path("fdl", "apply"), self._apply_request(fdl, raw_script))
        return self._bridge.operation(operation, progress)

    def _apply_request(self, fdl: PathLike, raw_script: bool) -> dict[str, Any]:
        request: dict[str, Any] = {"source": {"file": file_reference(fdl)}}
        if self._name:
            request["cluster"] = self._name
        if raw_script:
            request["rawScript"] = True
        return request

    # -- objects --

    def buckets(self) -> Items:
        """Its buckets."""
        return Items(self._json("GET", self.path("buckets"))["items"], ("name", "visibility", "owner"))

    def create_bucket(self, name: str) -> None:
        """Make a bucket."""
        self._json("POST", self.path("buckets"), {"name": name})

    def delete_bucket(self, name: str) -> None:
        """Remove a bucket."""
        self._json("DELETE", self.path("buckets", name))

    def objects(
        self, bucket: str, prefix: str = "", *, delimiter: str | None = None, page: str | None = None
    ) -> dict[str, Any]:
        """One page of objects: ``{items, prefixes, next?}``."""
        query = {"prefix": prefix, "delimiter": delimiter, "page": page}
        return self._json("GET", self.path("buckets", bucket, "objects"), query=query)

    def all_objects(self, bucket: str, prefix: str = "") -> Iterator[dict[str, Any]]:
        """All objects below a prefix, page by page."""
        page = None
        while True:
            answer = self.objects(bucket, prefix, page=page)
            yield from answer["items"]
            page = answer.get("next")
            if not page:
                return

    def put(self, file: PathLike | IO[bytes], bucket: str, key: str) -> None:
        """Store a file as an object. A file without a size (a pipe) is sent in chunks."""
        if isinstance(file, (str, os.PathLike)):
            with Path(file).open("rb") as opened:
                self.put(opened, bucket, key)
            return
        size = self._bridge.transport.file_size(file)
        headers = {"Content-Type": "application/octet-stream"}
        if size is not None:  # else http.client sends it in chunks
            headers["Content-Length"] = str(size)
        answer = self._bridge.transport.open("PUT", self.object_path(bucket, key), file, headers=headers)
        answer.close()

    def get(self, bucket: str, key: str) -> Iterator[bytes]:
        """The content of an object, piece by piece."""
        return self._bridge.transport.pieces(self.object_path(bucket, key))

    def remove_object(self, bucket: str, key: str) -> None:
        """Delete an object."""
        self._json("DELETE", self.object_path(bucket, key))

    def object_path(self, bucket: str, key: str) -> str:
        """Path of an object; slashes of the key stay slashes, except where a path would swallow them."""
        parts = [quote(part, safe="") for part in key.split("/")]
        # Empty and dotted parts are legal in keys, but are tidied away in paths: there the slash is escaped.
        tricky = any(part in ("", ".", "..") for part in parts)
        return self.path("buckets", bucket, "objects") + "/" + (quote(key, safe="") if tricky else "/".join(parts))

    def _json(self, method: str, target: str, value: Any = None, *, query: dict[str, Any] | None = None) -> Any:
        return self._bridge.transport.json(method, target, value, query=query)


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
            body = _dumps(file_reference(file))
            headers["Content-Type"] = FILE_REFERENCE
        else:
            if json is not None:
                body, kind, default = _dumps(json), "application/json", "input.json"
            elif isinstance(data, str):
                body, kind, default = data.encode(), "text/plain; charset=utf-8", "input.txt"
            else:
                body, kind, default = data or b"", "application/octet-stream", "input"
            headers["Content-Type"] = kind
            headers["X-OSCAR-Filename"] = quote(name or default, safe="")
        target = {key: value for key, value in (("path", path), ("method", method)) if value is not None}
        route = self.path("invoke") + (f"?{urlencode(target)}" if target else "")
        with self._bridge.transport.open("POST", route, body, headers=headers) as answer:
            result = Result(self._bridge, _loads(answer.read()))
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


class SubmittedFile:
    """One input of a submission and what became of it.

    Attributes
    ----------
    file
        The input, as it was given.
    job, state, exit_code, warning, problem
        How it goes.
    outputs
        Files that came back.
    """

    def __init__(self, bridge: Bridge, record: dict[str, Any], file: str | None, source: str | None) -> None:
        self.record = record
        self.file: str = file if file is not None else record["file"]
        self.source = source or record["file"]
        self.job: str | None = record.get("job")
        self.state: str = record["state"]
        self.exit_code: int | None = record.get("exitCode")
        self.warning: str | None = record.get("warning")
        self.problem: dict[str, Any] | None = record.get("problem")
        self.outputs = [ResultFile(bridge, item) for item in record.get("outputs", [])]

    @property
    def done(self) -> bool:
        """True when nothing more will happen to it."""
        return self.problem is not None or self.state in ("succeeded", "failed", "cancelled")

    @property
    def ok(self) -> bool:
        """True when it succeeded."""
        return self.problem is None and self.state == "succeeded"

    def save(self, folder: PathLike) -> list[Path]:
        """Write its outputs into a folder."""
        root = Path(folder)
        return [output.save(root / safe_name(output.name)) for output in self.outputs]

    def __repr__(self) -> str:
        return f"<{self.file}: {self.state}, {len(self.outputs)} outputs>"


class Submission:
    """Jobs that were started together. Iterating yields each :class:`SubmittedFile` when it is done."""

    def __init__(
        self,
        bridge: Bridge,
        record: dict[str, Any],
        names: list[str] | None = None,
        sources: list[str] | None = None,
    ) -> None:
        self._bridge = bridge
        self._names = names
        self._sources = sources
        self._take(record)

    def _take(self, record: dict[str, Any]) -> None:
        self.record = record
        self.id: str = record["id"]
        self.done: bool = record["done"]
        self.items = [
            SubmittedFile(
                self._bridge,
                item,
                self._names[i] if self._names and i < len(self._names) else None,
                self._sources[i] if self._sources and i < len(self._sources) else None,
            )
            for i, item in enumerate(record["items"])
        ]

    def update(self, wait: float = 0) -> bool:
        """Ask how it goes; waits up to ``wait`` seconds for a change. True when something changed."""
        before = self.record["revision"]
        query = {"since": before, "wait": int(min(wait, 30))} if wait else None
        self._take(self._bridge.transport.json("GET", path("submissions", self.id), query=query))
        return self.record["revision"] != before

    def wait(self, progress: Callable[[Submission], None] | None = None) -> Submission:
        """Wait until all is done.

        An interrupt (Ctrl-C) cancels what still runs, and is passed on.
        """
        try:
            while True:
                if progress is not None:
                    progress(self)
                if self.done:
                    return self
                self.update(POLL)
        except KeyboardInterrupt:
            self.cancel()
            raise

    def __iter__(self) -> Iterator[SubmittedFile]:
        told: set[int] = set()
        try:
            while True:
                for i, item in enumerate(self.items):
                    if i not in told and (item.done or self.done):
                        told.add(i)
                        yield item
                if self.done:
                    return
                self.update(POLL)
        except KeyboardInterrupt:
            self.cancel()
            raise

    def __len__(self) -> int:
        return len(self.items)

    @property
    def failed(self) -> list[SubmittedFile]:
        """What did not succeed, as far as it is known."""
        return [item for item in self.items if item.done and not item.ok]

    def cancel(self) -> None:
        """Cancel what still runs."""
        self._bridge.transport.json("DELETE", path("submissions", self.id))

    def save(self, folder: PathLike) -> dict[str, list[Path]]:
        """Write all outputs to ``folder/<input name>/<output name>``; returns the paths by input."""
        names = output_folders([item.file for item in self.items])
        return {
            item.file: item.save(Path(folder) / name)
            for item, name in zip(self.items, names, strict=True)
            if item.outputs
        }

    def __repr__(self) -> str:
        finished = sum(item.done for item in self.items)
        failed = len(self.failed)
        return f"<Submission: {finished} of {len(self.items)} done" + (f", {failed} failed>" if failed else ">")

    def _repr_html_(self) -> str:
        columns = ("file", "state", "job", "outputs")
        rows = [
            {"file": i.file, "state": i.state, "job": i.job, "outputs": [o.name for o in i.outputs]} for i in self.items
        ]
        return Items(rows, columns)._repr_html_()


# -- helpers --


class Input:
    """A file to submit: where it is, and the name it goes by."""

    def __init__(self, file: Path, name: str) -> None:
        self.path = file
        self.name = name


def expand(given: Sequence[PathLike]) -> list[Input]:
    """Turn paths and folders into the files to submit; a folder stands for all files below it, hidden ones
    left out.

    Raises
    ------
    NotFoundError
        When one of them is not there, or a folder is empty.
    """
    inputs: list[Input] = []
    for item in given:
        found = Path(item).expanduser()
        if not found.is_dir():
            file_reference(found)
            inputs.append(Input(found, found.name))
            continue
        below = sorted(
            file
            for file in found.rglob("*")
            if file.is_file() and not any(part.startswith(".") for part in file.relative_to(found).parts)
        )
        if not below:
            raise NotFoundError(make_problem("not-found", "Nothing to submit", 404, f"There are no files in {found}."))
        inputs.extend(Input(file, file.relative_to(found).as_posix()) for file in below)
    return inputs


def output_folders(names: Sequence[str]) -> list[str]:
    """A folder for the outputs of each input: its name, numbered where two inputs have the same one."""
    taken: dict[str, int] = {}
    folders = []
    for name in names:
        base = safe_name(name)
        taken[base] = taken.get(base, 0) + 1
        folder = base if taken[base] == 1 else f"{base}-{taken[base]}"
        while folder != base and folder in taken:
            taken[base] += 1
            folder = f"{base}-{taken[base]}"
        taken.setdefault(folder, 1)
        folders.append(folder)
    return folders


def file_reference(file: PathLike) -> dict[str, str]:
    """The reference by which the bridge reads a file of this machine.

    Raises
    ------
    NotFoundError
        When there is no such file.
    """
    found = Path(file).expanduser()
    if not found.is_file():
        what = "is a folder" if found.is_dir() else "is not there"
        raise NotFoundError(make_problem("not-found", "No such file", 404, f"The file {file} {what}."))
    return {"path": str(found.absolute())}


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


def text_pieces(pieces: Iterator[bytes]) -> Iterator[str]:
    """Decode UTF-8 that may be cut anywhere."""
    import codecs

    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for piece in pieces:
        text = decoder.decode(piece)
        if text:
            yield text
    rest = decoder.decode(b"", True)
    if rest:
        yield rest


def _dumps(value: Any) -> bytes:
    return json.dumps(value).encode()


def _loads(text: bytes) -> Any:
    return json.loads(text)


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


def status() -> dict[str, Any]:
    """State of the bridge."""
    return connect().status()
