"""A map part: inputs through the mapper, pairs into one file with a section for each reducer."""

from __future__ import annotations

import base64
from typing import Any

from .collect import Collector
from .combine import combiner_of
from .functions import mapper_form
from .inputs import Input
from .job import Job
from .mapping import Mapper
from .shuffle import ShuffleWriter
from .state import State
from .store import open_store
from .trial import Trial

#: Bytes on which a mapper is tried.
TRIAL = 64 << 10


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
        mapper = Mapper(job, form_of(job, task), task["format"], collector, state)
        for source in sources:
            mapper.run(source)
        done = sum(source.length for source in sources)
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


def form_of(job: Job, task: dict[str, Any]) -> str:
    """The form of the mapper: as the sample found it, by its parameters, or by trying it on the first records."""
    known = (task.get("forms") or {}).get("mapper")
    if known in ("chunk", "record", "key-value"):
        return str(known)
    found = mapper_form(job.require("mapper"), task["format"]["type"])
    if found is not None:
        return found
    return try_forms(job, task)


def try_forms(job: Job, task: dict[str, Any]) -> str:
    """For a mapper whose parameter has a name that says nothing: the first form that works on the start of the input."""
    first: Exception | None = None
    for form in ("chunk", "record"):
        trial = Trial()
        try:
            mapper = Mapper(job, form, task["format"], trial, State())
            mapper.small()
            mapper.run(Input(task["input"][0]).cut(TRIAL), TRIAL)
            if trial.pairs:
                return form
        except Exception as error:
            first = first or error
    if first is not None:
        raise first
    return "chunk"


def result_form(form: str | None) -> str | None:
    """``key-values-pair`` → ``pair``."""
    return form[len("key-values-") :] if form is not None and form.startswith("key-values-") else None
