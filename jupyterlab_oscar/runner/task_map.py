"""A map part: inputs through the mapper, pairs into one file with a section for each reducer."""

from __future__ import annotations

import base64
from typing import Any

from .blocks import Cut
from .collect import Collector
from .combine import combiner_of
from .errors import UserError
from .functions import mapper_form
from .inputs import Input
from .job import Job
from .mapping import Mapper
from .shuffle import ShuffleWriter
from .state import State
from .store import open_store


def run_map(job: Job, task: dict[str, Any], state: State) -> dict[str, Any]:
    """Answer as ITaskDone."""
    store = open_store(task["store"])
    forms = task.get("forms") or {}
    name = f"shuffle/map-{task['part']}"
    output = store.begin(name, task["attempt"])
    try:
        writer = ShuffleWriter(output, task["reducers"], store.remote)
        bounds = None
        if task.get("bounds") is not None:
            bounds = [job.loads(base64.b64decode(bound)) for bound in task["bounds"]]
        combine = combiner_of(
            job, task["combiner"], result_form(forms.get("reducer")) if task["combiner"] == "reducer" else None
        )
        collector = Collector(writer, task["reducers"], combine, bounds, state)
        sources = [Input(one) for one in task["input"]]
        mapper = Mapper(job, form_of(job, task, state), task["format"], collector, state)
        done = run_inputs(mapper, sources, state)
        collector.finish()
        writer.finish(task["combiner"])
        for source in sources:
            source.check()
        state.counters.bytesIn = done
        state.counters.bytesOut = output.size
        won = output.commit()
    except BaseException:
        output.discard()
        raise
    files = [output.described()] if won else [store.described(name)]
    return {"done": done, "files": [one for one in files if one], **({} if won else {"superseded": True})}


def run_inputs(mapper: Mapper, sources: list[Input], state: State) -> int:
    """All inputs of a part; answers the bytes that are done, less than all after a stop request."""
    before = 0
    for source in sources:
        start = source.start - before

        def asked(start: int = start) -> int | None:
            return None if state.stop_at is None else start + state.stop_at

        if state.stop_at is not None and before >= state.stop_at and before:
            return before
        cut = Cut(source.end, asked)
        mapper.run(source, cut)
        end = cut.end(0) if cut.moved else source.end
        before += (source.end if end is None else end) - source.start
        state.done = before
        if cut.moved:
            return before
    return before


def form_of(job: Job, task: dict[str, Any], state: State) -> str:
    """The form of the mapper: as the sample found it, by its parameters, or by trying it on the first records."""
    known = (task.get("forms") or {}).get("mapper")
    if known in ("chunk", "record", "key-value"):
        return str(known)
    found = mapper_form(job.require("mapper"), task["format"]["type"])
    if found is not None:
        return found
    return try_forms(job, task, state)[0]


def try_forms(job: Job, task: dict[str, Any], state: State) -> tuple[str, int]:
    """For a mapper whose parameter has a name that says nothing: the first form that works on the start of the input."""
    from .trial import Trial

    first: Exception | None = None
    for form in ("chunk", "record"):
        trial = Trial()
        try:
            own = State(limits={})
            for source in (Input(one) for one in task["input"][:1]):
                Mapper(job, form, task["format"], trial, own).run(source.cut(64 << 10), Cut(source.cut(64 << 10).end))
            if trial.pairs:
                return form, len(trial.pairs)
        except Exception as error:
            first = first or error
    if isinstance(first, UserError):
        raise first
    if first is not None:
        raise first
    return "chunk", 0


def result_form(form: str | None) -> str | None:
    """``key-values-pair`` → ``pair``."""
    return form[len("key-values-") :] if form is not None and form.startswith("key-values-") else None
