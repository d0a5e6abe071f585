"""MapReduce and high-throughput jobs: start one, and what all that runs has in common."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ..client import ComputeJob
from ..compute import show
from ..compute.request import build
from ..compute.words import options_of
from ..errors import NotFoundError, invalid
from ..results import Items
from .context import Context, Outcome, listing, read_text
from .jobs import stream_log

JOB_COLUMNS = ("id", "kind", "name", "state", "createdAt", "finishedAt")


def map_reduce(context: Context) -> Outcome:
    return _start(context, "mapreduce", context.args.inputs)


def htc(context: Context) -> Outcome:
    return _start(context, "htc", context.args.files)


def _start(context: Context, kind: str, inputs: list[str]) -> Outcome:
    args = context.args
    script = Path(args.script).expanduser()
    shell = script.suffix in (".sh", ".bash")
    if shell and kind == "mapreduce":
        raise invalid("Not Python", f"{script}: mapper and reducer are Python.", "Use htc for shell scripts.")
    code = {
        "language": "shell" if shell else "python",
        "source": read_text(script),
        "name": str(script.absolute()),
    }
    options = options_of(args)
    if not (args.config and kind == "mapreduce"):
        # That of config.in is the name of the job there.
        options.setdefault("name", script.stem)
    job = context.bridge.compute(build(kind, code, inputs, options))
    return show_job(context, job, wait=not args.no_wait)


def show_job(context: Context, job: ComputeJob, *, wait: bool, after: float = 0.0, cancel: bool = True) -> Outcome:
    """Wait for a job, with a display in its place, and give it as the outcome.

    Parameters
    ----------
    context
        Of the verb.
    job
        Which.
    wait
        Else it is shown as it is now.
    after
        Seconds before anything is shown.
    cancel
        An interrupt cancels the job.
    """
    console = context.console
    if wait:
        live = console.live()
        begun = time.monotonic()

        def progress(now: ComputeJob) -> None:
            if now.done or time.monotonic() - begun < after:
                return
            if console.display is not None:
                live.update(now, [])
            else:
                console.progress(show.line(now.record))

        job.wait(progress, check=False, cancel=cancel)
        live.close()
        console.progress("")
    if console.display is not None and not context.as_json:
        job.raise_for_status()
    failed = job.status in ("failed", "cancelled")
    return Outcome(job, job.record, repr(job), int(failed))


def find(context: Context, identifier: str) -> ComputeJob | None:
    """A MapReduce or high-throughput job of this id; None when it is another kind of job."""
    try:
        return context.bridge.compute_job(identifier)
    except NotFoundError:
        return None


def act(context: Context, job: ComputeJob) -> Outcome:
    """``job show|logs|cancel|retry|result`` of such a job."""
    args = context.args
    if args.action == "logs":
        return stream_log(context, job.logs(follow=args.follow))
    if args.action == "cancel":
        job.cancel()
        context.console.say(f"{job.id} is {job.status}.")
        return Outcome(job, job.record)
    if args.action == "retry":
        return show_job(context, job.retry(), wait=args.wait)
    if args.action == "result":
        job.raise_for_status()
        if args.output:
            for file in job.save(args.output):
                context.console.say(f"Saved {file}")
        items = job.head(1000)
        lines = "\n".join(f"{item[0]}\t{item[1]}" if job.kind == "mapreduce" else str(item["value"]) for item in items)
        return Outcome(job, {**job.record, "items": items, "files": job.files}, lines)
    return Outcome(job, job.record, repr(job))


def all_jobs(context: Context, services: Items, *, page: str | None) -> Outcome:
    """Jobs of every kind, newest first; further pages have those of services."""
    if page:
        return listing(services)
    own = [{**item, "name": item["name"]} for item in context.bridge.compute_jobs()]
    other = [{**item, "name": item["service"]} for item in services]
    newest = sorted([*own, *other], key=lambda item: _when(item), reverse=True)
    return listing(Items(newest, JOB_COLUMNS, services.next))


def _when(item: dict[str, Any]) -> str:
    return str(item.get("createdAt") or "")
