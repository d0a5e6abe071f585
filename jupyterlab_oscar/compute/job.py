"""A MapReduce or high-throughput job that was started: how it goes, and what it gave."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BridgeUnavailable, ComputeFailed, InvalidError, invalid, make_problem
from ..inputs import POLL, PathLike, text_pieces
from ..results import safe_name
from ..transport import path
from . import show
from .values import python_value

if TYPE_CHECKING:
    from ..client import Bridge
    from .chart import Chart

ENDED = ("succeeded", "failed", "cancelled")
#: Times in a row that the bridge may not answer while a job is waited for.
PATIENCE = 3
#: Items fetched at once.
_PAGE = 5_000


class ComputeJob:
    """A job.

    Attributes
    ----------
    id, kind, name, engine
        What runs where; ``kind`` is ``mapreduce`` or ``htc``.
    status
        ``queued``, ``sampling``, ``running``, ``paused``, ``recovering``, ``succeeded``, ``failed`` or ``cancelled``.
    record
        All that the bridge tells (``ComputeJob`` of the contract).
    """

    def __init__(self, bridge: Bridge, record: dict[str, Any]) -> None:
        self._bridge = bridge
        self._take(record)

    def _take(self, record: dict[str, Any]) -> None:
        self.record = record
        self.id: str = record["id"]
        self.kind: str = record["kind"]
        self.name: str = record["name"]
        self.engine: str = record["engine"]
        self.status: str = record["state"]

    # -- how it goes --

    @property
    def done(self) -> bool:
        """True when nothing more will happen to it."""
        return self.status in ENDED

    @property
    def notes(self) -> list[str]:
        """What there is to know: a combiner that could not be used, parts that were there already…"""
        return list(self.record["notes"])

    @property
    def seconds(self) -> float | None:
        """How long it took, or takes by now."""
        return show.seconds_between(self.record.get("startedAt"), self.record.get("finishedAt"))

    @property
    def cost(self) -> float:
        """CPU seconds that remote workers asked for; 0 on this machine."""
        return float(sum(worker.get("cost", 0) for worker in self.record["workers"]))

    def update(self, wait: float = 0) -> bool:
        """Ask how it goes; waits up to ``wait`` seconds for a change. True when something changed."""
        before = self.record["revision"]
        query = {"since": before, "wait": int(min(wait, 30))} if wait else None
        self._take(self._bridge.transport.json("GET", self._path(), query=query))
        return self.record["revision"] != before

    def wait(
        self,
        progress: Callable[[ComputeJob], None] | None = None,
        *,
        timeout: float | None = None,
        check: bool = True,
        cancel: bool = True,
    ) -> ComputeJob:
        """Wait for its end.

        Parameters
        ----------
        progress
            Called with the job each time it has moved.
        timeout
            Seconds; then it returns, and the job goes on.
        check
            Raise when it did not succeed.
        cancel
            An interrupt (Ctrl-C) cancels the job; else it goes on. The interrupt is passed on either way.

        Raises
        ------
        ComputeFailed
            When it failed or was cancelled, unless ``check`` is false.
        """
        end = None if timeout is None else time.monotonic() + timeout
        lost = 0
        try:
            while True:
                if progress is not None:
                    progress(self)
                left = POLL if end is None else end - time.monotonic()
                if self.done or left <= 0:
                    break
                lost = self._ask(max(1, min(POLL, left)), lost)
        except KeyboardInterrupt:
            if cancel and not self.done:
                self.cancel()
            raise
        if check and self.done:
            self.raise_for_status()
        return self

    def _ask(self, wait: float, lost: int) -> int:
        """Ask how it goes; a bridge that has just died is started anew by the next question, and its jobs go on.

        Answers how often in a row there was none.
        """
        try:
            self.update(wait)
        except BridgeUnavailable:
            if lost >= PATIENCE:
                raise
            time.sleep(0.2 * 3**lost)
            return lost + 1
        return 0

    def raise_for_status(self) -> None:
        """Raise what tells why it did not succeed; nothing when it did, or still runs."""
        if self.status not in ("failed", "cancelled"):
            return
        error = self.record.get("error")
        problem = self.record.get("problem")
        if problem is None:
            detail = f"{error['type']}: {error['message']}" if error else f"{self.name} was {self.status}."
            problem = make_problem(
                "job-failed",
                "The job did not succeed",
                500,
                detail,
                action=f"Go on with what is missing: %jobs retry {self.id}",
            )
        raise ComputeFailed(problem, self)

    def cancel(self) -> None:
        """End it now. What is committed stays, and :meth:`retry` goes on from there."""
        self._act("cancel")

    def pause(self) -> None:
        """Let running parts end, and start no more."""
        self._act("pause")

    def resume(self) -> None:
        """Go on after a pause."""
        self._act("resume")

    def retry(self) -> ComputeJob:
        """Do again what is missing. Does not wait."""
        self._act("retry")
        return self

    def delete(self) -> None:
        """Remove its record, log and intermediate files; its result stays."""
        self._bridge.transport.json("DELETE", self._path())

    def logs(self, part: str | None = None, *, follow: bool = False) -> Iterator[str]:
        """What the functions printed, piece by piece; of one part (``map 3``), or of all."""
        query = {"part": part, "follow": "true" if follow else None}
        return text_pieces(self._bridge.transport.pieces(self._path("log"), query=query))

    def parts(self) -> list[dict[str, Any]]:
        """Every attempt of every part (``ComputePart`` of the contract)."""
        return list(self._bridge.transport.json("GET", self._path("parts"))["items"])

    def plot(self) -> Chart:
        """A picture of the parts of each worker over time, the throughput and the durations."""
        from .chart import Chart

        return Chart(self.record, self.parts())

    # -- what it gave --

    def __len__(self) -> int:
        return int(self._page(0, 1)["total"])

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Any]:
        offset = 0
        while True:
            items = self._page(offset, _PAGE)["items"]
            for item in items:
                yield self._item(item)
            offset += len(items)
            if not items:
                return

    def head(self, count: int = 10) -> list[Any]:
        """The first pairs or values."""
        return [self._item(item) for item in self._page(0, count)["items"]]

    def result(self) -> Any:
        """All of it: a list of pairs for MapReduce; for a high-throughput job the values in the order of iterations."""
        if self.kind == "mapreduce":
            return list(self)
        return [item["value"] for item in self]

    def to_dict(self) -> dict[Any, Any]:
        """Pairs as a dictionary.

        Raises
        ------
        InvalidError
            When a key cannot be one of a dictionary.
        """
        try:
            return dict(self) if self.kind == "mapreduce" else {item["first"]: item["value"] for item in self}
        except TypeError as error:
            raise invalid("Not a dictionary", f"A key cannot be one: {error}.", "Use list(job).") from error

    def to_pandas(self) -> Any:
        """A DataFrame with ``key`` and ``value``, or ``first``, ``count`` and the value; a dictionary becomes columns."""
        try:
            import pandas
        except ImportError as error:
            raise invalid("pandas is not here", "This kernel has no pandas.", "%pip install pandas") from error
        if self.kind == "mapreduce":
            return pandas.DataFrame(list(self), columns=["key", "value"])
        rows = [
            {"first": item["first"], "count": item["count"], **value}
            if isinstance(value := item["value"], dict)
            else {**item, "value": value}
            for item in self
        ]
        return pandas.DataFrame(rows)

    @property
    def files(self) -> list[dict[str, Any]]:
        """Files of the result: ``name``, ``path`` where it is on this machine, ``size`` in bytes."""
        return list(self._page(0, 1)["files"])

    def save(self, folder: PathLike) -> list[Path]:
        """Copy the files of the result into a folder."""
        target = Path(folder)
        saved = []
        for file in self.files:
            place = target / safe_name(file["name"])
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("wb") as out:
                for piece in self._bridge.transport.pieces(self._path("files", *file["name"].split("/"))):
                    out.write(piece)
            saved.append(place)
        return saved

    def _page(self, offset: int, limit: int) -> dict[str, Any]:
        self.raise_for_status()
        if not self.done:
            raise InvalidError(
                make_problem(
                    "invalid",
                    "No result yet",
                    409,
                    f"{self.name} is {self.status}.",
                    action="Wait for it with .wait().",
                )
            )
        page: dict[str, Any] = self._bridge.transport.json(
            "GET", self._path("result"), query={"offset": offset, "limit": limit}
        )
        return page

    def _item(self, item: Any) -> Any:
        if self.kind == "mapreduce":
            return (python_value(item[0], key=True), python_value(item[1]))
        return {**item, "value": python_value(item["value"])}

    def _act(self, action: str) -> None:
        self._take(self._bridge.transport.json("POST", self._path(action)))

    def _path(self, *parts: str) -> str:
        return path("jobs", self.id, *parts)

    # -- how it shows itself --

    def __repr__(self) -> str:
        return show.text(self.record, self._shown())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        shown = self._shown()
        return {"text/plain": show.text(self.record, shown), "text/html": show.html(self.record, shown)}

    def _shown(self) -> list[Any]:
        return self.head(show.ROWS) if self.status == "succeeded" else []
