"""Jobs that were started together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .inputs import POLL, PathLike, output_folders
from .results import Items, ResultFile, safe_name
from .transport import path

if TYPE_CHECKING:
    from .client import Bridge


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
