"""Jobs and logs."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import NotFoundError, make_problem
from .calls import show_result, show_submission
from .context import Context, Outcome, Record, fields, listing


def jobs(context: Context) -> Outcome:
    from .compute import all_jobs

    args = context.args
    jobs = context.cluster.jobs(args.service, page=args.page)
    outcome = listing(jobs) if args.service else all_jobs(context, jobs, page=args.page)
    if jobs.next:
        outcome.text += f"\nMore with --page {jobs.next}"
    return outcome


def job(context: Context) -> Outcome:
    from .compute import act, find

    args, console = context.args, context.console
    own = find(context, args.id)
    if own is not None:
        return act(context, own)
    job = context.cluster.job(args.id)
    if args.action == "show":
        info = job.info
        return Outcome(Record(info, fields(info)), info, fields(info))
    if args.action == "logs":
        return stream_log(context, job.log(follow=args.follow))
    if args.action == "cancel":
        info = job.cancel()
        console.say(f"{args.id} is {info['state']}.")
        return Outcome(Record(info, fields(info)), info)
    if args.action == "retry":
        return show_submission(context, job.retry(), wait=args.wait)
    return show_result(context, job.result())


def logs(context: Context) -> Outcome:
    args = context.args
    service = context.cluster.service(args.service)
    if args.job:
        return stream_log(context, context.cluster.job(args.job).log(follow=args.follow))
    if service.info["exposed"]:
        return stream_log(context, service.log(follow=args.follow))
    jobs = service.jobs()
    if not jobs:
        raise NotFoundError(
            make_problem("not-found", "No jobs", 404, f"{args.service} has no job whose log could be shown.")
        )
    context.console.say(f"Log of {jobs[0]['id']}")
    return stream_log(context, context.cluster.job(jobs[0]["id"]).log(follow=args.follow))


def stream_log(context: Context, pieces: Iterator[str]) -> Outcome:
    kept = []
    last = "\n"
    for piece in pieces:
        context.console.write(piece)
        last = piece[-1]
        if context.as_json:
            kept.append(piece)
    if last != "\n":
        context.console.write("\n")
    return Outcome(None, {"log": "".join(kept)})
