"""What ``%jobs`` does."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

from ..argument_parser import Parser
from ..errors import NotFoundError, invalid, make_problem
from ..verbs import jobs as service_jobs
from ..verbs.compute import find, show_job
from ..verbs.context import Context

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def jobs_parser() -> Parser:
    """The words after ``%jobs``."""
    parser = Parser(prog="%jobs", description="Jobs of every kind.")
    parser.set_defaults(
        json=False, cluster=None, action=None, service=None, page=None, output=None, follow=False, wait=False
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", parser_class=Parser)
    listed = actions.add_parser("list", help="all of them, newest first")
    listed.add_argument("--cluster", metavar="ID")
    for name, text in (
        ("show", "how it goes"),
        ("logs", "what it printed"),
        ("cancel", "end it now"),
        ("pause", "start no more parts"),
        ("resume", "go on after a pause"),
        ("retry", "do again what is missing"),
        ("wait", "until it ends"),
        ("result", "what it gave"),
        ("plot", "parts, throughput and durations"),
    ):
        sub = actions.add_parser(name, help=text)
        sub.add_argument("id", metavar="ID")
        sub.add_argument("--cluster", metavar="ID")
        if name == "logs":
            sub.add_argument("-f", "--follow", action="store_true", help="until it ends")
        if name == "wait":
            sub.add_argument("-t", "--timeout", type=float, metavar="S", help="seconds at most")
    clean = actions.add_parser("clean", help="remove records of jobs that ended")
    clean.add_argument("--older", metavar="AGE", default="7d", help="as in 7d, 12h (default: 7d)")
    return parser


def run_jobs(context: Context) -> Any:
    """Do what the words say; returns what the cell shows."""
    args = context.args
    if args.action in (None, "list"):
        return service_jobs.jobs(context).value
    if args.action == "clean":
        return _clean(context)
    job = find(context, args.id)
    if job is None:
        if args.action not in ("show", "logs", "cancel", "retry", "result"):
            raise NotFoundError(
                make_problem(
                    "not-found",
                    "No such job",
                    404,
                    f"There is no MapReduce or high-throughput job {args.id}.",
                    action="See %jobs.",
                )
            )
        return service_jobs.job(context).value
    if args.action in ("logs", "cancel"):
        return service_jobs.job(context).value
    if args.action in ("pause", "resume"):
        getattr(job, args.action)()
        return job
    if args.action == "retry":
        return job.retry()
    if args.action == "wait":
        if args.timeout is not None:
            return job.wait(timeout=args.timeout, cancel=False)
        return show_job(context, job, wait=True, after=2.0, cancel=False).value
    if args.action == "result":
        return job.result()
    return job.plot() if args.action == "plot" else job


def _clean(context: Context) -> str:
    before = datetime.now(timezone.utc) - _age(context.args.older)
    gone = 0
    page: str | None = None
    while True:
        items = context.bridge.compute_jobs(page=page)
        for item in items:
            finished = item.get("finishedAt")
            if finished and datetime.fromisoformat(finished.replace("Z", "+00:00")) < before:
                context.bridge.compute_job(item["id"]).delete()
                gone += 1
        page = items.next
        if not page:
            break
    context.console.say(f"{gone} {'record' if gone == 1 else 'records'} removed. Results stay.")
    return ""


def _age(text: str) -> timedelta:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text)
    if found is None:
        raise invalid("No age", f"“{text}” is no age.", "Write 7d, 12h or 30m.")
    return timedelta(**{_UNITS[found[2]]: float(found[1])})
