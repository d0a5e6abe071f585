"""A range of iterations or files of a high-throughput job."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

from .context import Context
from .errors import UserError
from .htc_output import HtcOutput
from .inputs import Input
from .job import Job
from .local_files import LocalFiles
from .state import State
from .store import open_store

CONTEXT_NAMES = {"ctx", "context"}


def task_form(job: Job) -> str:
    """``shell``, ``range``, ``range-ctx``, ``ctx``, ``item``, ``item-ctx`` or ``call``. Raises UserError."""
    if job.language == "shell":
        return "shell"
    function = job.require("task")
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return "item"
    places = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [one.name for one in parameters if one.kind in places]
    needed = [one.name for one in parameters if one.kind in places and one.default is one.empty]
    with_context = bool(names) and names[-1] in CONTEXT_NAMES and len(names) <= 3
    given = len(names) - with_context if with_context else max(len(needed), min(len(names), 1))
    if given == 2:
        return "range-ctx" if with_context else "range"
    if given == 1:
        return "item-ctx" if with_context else "item"
    if given == 0:
        return "ctx" if with_context else "call"
    raise UserError(
        f"`task` takes {len(names)} parameters ({', '.join(names)}). Write task(first, count, ctx), task(item) or task(ctx)."
    )


def run_htc(job: Job, task: dict[str, Any], state: State) -> dict[str, Any]:
    """Answer as ITaskDone."""
    store = open_store(task["store"])
    output = HtcOutput(store, task["part"], task["attempt"])
    local = LocalFiles()
    try:
        range_of = _Range(job, task, state, store, output, local)
        started = perf_counter()
        try:
            range_of.run()
        finally:
            state.counters.userSeconds += perf_counter() - started
        answer = output.commit()
    except BaseException:
        output.discard()
        raise
    finally:
        local.close()
    state.record = None
    state.counters.recordsIn = state.done
    state.counters.recordsOut = output.count
    state.counters.bytesIn = local.size
    state.counters.bytesOut = sum(one["size"] for one in answer["files"])
    return {"done": state.done, **answer}


class _Range:
    def __init__(
        self, job: Job, task: dict[str, Any], state: State, store: Any, output: HtcOutput, local: LocalFiles
    ) -> None:
        self._job = job
        self._task = task
        self._state = state
        self._output = output
        self._local = local
        self._first: int = task["first"]
        self._count: int = task["count"]
        #: Iterations of one call; the same for the whole job, whoever has which range. None: the range is one call.
        self._grain: int | None = task.get("grain")
        self._divisible: bool = task["divisible"]
        self._files = _files(task, store)
        self._context = Context(
            state, self._first, self._count, task["total"], task["seed"], self._divisible, lambda: output.folder
        )
        self._context.files = [local.path(Input(one)) for one in task.get("common") or []]

    def run(self) -> None:
        """All of it, or up to where it was told to stop."""
        if self._count <= 0:
            return
        form = task_form(self._job)
        if form == "shell":
            self._shell()
        elif form in ("range", "range-ctx", "ctx"):
            self._ranges(form)
        else:
            self._items(form)

    def _ranges(self, form: str) -> None:
        """One call for each grain: what it answers depends on its place, not on the range that it came in."""
        state, output, context = self._state, self._output, self._context
        function = self._job.require("task")
        end = self._first + self._count
        first = self._first
        while first < end:
            grain = self._grain
            count = self._count if grain is None else min(end, (first // grain + 1) * grain) - first
            if grain is not None and state.stop_at is not None and self._divisible and first >= state.stop_at:
                return
            context.move_to(first, count)
            if self._files is not None:
                at = first - self._first
                context.files = [self._local.path(Input(one)) for one in self._files[at : at + count]]
            arguments: tuple[Any, ...] = () if form == "ctx" else (first, count)
            state.record = f"iterations {first} to {first + count - 1}"
            value = function(*arguments) if form == "range" else function(*arguments, context)
            if context.told:
                if grain is not None:
                    # Half a grain is nobody's: it is done again as a whole by whoever has the rest.
                    state.done = first - self._first
                    return
                count = state.done
            state.done = first + count - self._first
            output.add(first, count, value)
            output.keep(state)
            first += count
            if context.told:
                return

    def _items(self, form: str) -> None:
        state, output, first = self._state, self._output, self._first
        call = self._call(form)
        skip = bool(state.skip_records)
        for item, value in self._numbered():
            if state.stop_at is not None and self._divisible and item >= state.stop_at:
                return
            try:
                answer = call(item, value)
            except Exception as error:
                state.record = f"iteration {item}" if self._files is None else str(value)
                if not skip:
                    raise
                state.skip(error, state.record)
            else:
                output.add(item, 1, answer)
            state.done = item + 1 - first
            output.keep(state)

    def _call(self, form: str) -> Callable[[int, Any], Any]:
        function, context = self._job.require("task"), self._context
        if form == "call":
            return lambda item, value: function()
        if form == "item":
            return lambda item, value: function(value)

        def with_context(item: int, value: Any) -> Any:
            context.move_to(item)
            return function(value, context)

        return with_context

    def _numbered(self) -> Iterator[tuple[int, Any]]:
        if self._files is None:
            for item in range(self._first, self._first + self._count):
                yield item, item
            return
        for at, described in enumerate(self._files):
            path = self._local.path(Input(described))
            yield self._first + at, path
            Input(described).check()
            self._local.drop(path)

    def _shell(self) -> None:
        from .shell import run_shell

        common = self._context.files[0] if self._context.files else None
        if self._files is None:
            value = run_shell(self._job, self._first, self._count, common, self._output.folder)
            self._output.add(self._first, self._count, value)
            self._state.done = self._count
            return
        for item, path in self._numbered():
            if self._state.stop_at is not None and self._divisible and item >= self._state.stop_at:
                return
            self._state.record = str(path)
            self._output.add(item, 1, run_shell(self._job, item, 1, path, self._output.folder))
            self._state.done = item + 1 - self._first


def _files(task: dict[str, Any], store: Any) -> list[dict[str, Any]] | None:
    if task.get("files") is not None:
        found: list[dict[str, Any]] = task["files"]
        return found
    if task.get("manifest"):
        everything: list[dict[str, Any]] = json.loads(store.read(task["manifest"]))
        return everything[task["first"] : task["first"] + task["count"]]
    return None
