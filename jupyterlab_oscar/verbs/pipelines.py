"""Pipelines: check, convert, deploy, run, and what became of runs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..client import Pipeline, PipelineRun
from ..errors import invalid
from ..results import Items
from ..transport import path
from .context import Context, Outcome, Record, listing
from .fdl import follow, has_errors
from .jobs import stream_log
from .values import asked_secret

_PROBLEM_COLUMNS = ("severity", "label", "message")
_LEFTOVER_COLUMNS = ("cluster", "service", "pipeline", "reason")


def pipeline(context: Context) -> Outcome:
    """The action that the words name."""
    return _ACTIONS[context.args.action](context)


def _pipeline(context: Context) -> Pipeline:
    return context.bridge.pipeline(context.args.file)


def _cluster(context: Context) -> str | None:
    return getattr(context.args, "cluster", None)


# -- before a run --


def _check(context: Context) -> Outcome:
    found = _pipeline(context).check(cluster=_cluster(context), target=context.args.target)
    problems = found["problems"]
    text = _problem_lines(problems) or f"{found['name']}: {len(found['nodes'])} nodes, no problems."
    return Outcome(Items(problems, _PROBLEM_COLUMNS), found, text, int(has_errors(problems)))


def _convert(context: Context) -> Outcome:
    args, console = context.args, context.console
    made = _pipeline(context).convert(
        args.output, target=args.target, cluster=_cluster(context), overwrite=args.overwrite
    )
    report = made["report"]
    for sentence in report["migration"]:
        console.say(sentence)
    lines = [_problem_lines(report["problems"])] if report["problems"] else []
    for node in report["nodes"]:
        told = [item for item in node["items"] if item["outcome"] != "mapped"]
        lines.append(f"{node['label']}: {node.get('service') or 'not converted'}")
        lines += [
            f"  {item['outcome']}{' ' + item['property'] if item.get('property') else ''}: {item.get('reason', '')}"
            for item in told
        ]
    if made.get("folder"):
        lines.append(f"Wrote {len(made['files'])} files to {made['folder']}.")
    elif made["fdl"]:
        lines.append("Nothing was written; -o DIR writes the files.")
    text = "\n".join(lines)
    status = int(has_errors(report["problems"]) or not made["fdl"])
    return Outcome(Record(made, text), made, text, status)


def _problem_lines(problems: Iterable[dict[str, Any]]) -> str:
    return "\n".join(
        f"{p['file']}:{p['line']}:{p['column']}: {p['severity']}: "
        f"{p['label'] + ': ' if p.get('label') else ''}{p['message']} [{p['code']}]"
        for p in problems
    )


def _deploy(context: Context) -> Outcome:
    found = _pipeline(context)
    asked = found.check(cluster=_cluster(context))
    operation = found.deploy(
        cluster=_cluster(context), secrets=_secrets(context, asked["secrets"]), progress=follow(context.console)
    )
    names = ", ".join(operation.get("services") or [])
    text = f"Ready: {names}" if names else "Done."
    return Outcome(Record(operation, text), operation, text)


# -- runs --


def _run(context: Context) -> Outcome:
    args = context.args
    found = _pipeline(context)
    asked = found.check(cluster=_cluster(context))
    run = found.run(
        _parameters(args.param, asked["parameters"]),
        secrets=_secrets(context, asked["secrets"]),
        cluster=_cluster(context),
        wait=False,
    )
    return _show(context, run, wait=not args.no_wait, output=args.output)


def _show(context: Context, run: PipelineRun, *, wait: bool, output: str | None = None) -> Outcome:
    console = context.console
    if wait:
        live = console.live()
        told: dict[str, str] = {}
        run.wait(lambda now: live.update(now, _news(now, told)), check=False)
        if run.state == "done":
            live.close()
    saved: dict[str, list[Path]] = {}
    if output:
        saved = run.save(Path(output).expanduser())
        for paths in saved.values():
            for file in paths:
                console.say(f"Saved {file}")
    if context.as_json:
        record = {**run.record, **({"saved": {k: list(map(str, v)) for k, v in saved.items()}} if output else {})}
        return Outcome(run, record, status=int(run.done and run.state != "done"))
    if wait and console.display is not None:
        # The live table has shown all but why it failed.
        run.raise_for_state()
    return Outcome(run, run.record, repr(run), int(run.done and run.state != "done"))


def _news(run: PipelineRun, told: dict[str, str]) -> list[str]:
    """Lines for what has changed since it was told last."""
    lines = []
    if told.setdefault("", "") != run.state:
        told[""] = run.state
        if run.state == "deploying":
            lines.append(f"{run.pipeline}: run {run.id}, deploying to {run.cluster}")
        elif run.problem:
            lines.append(str(run.problem.get("detail")))
    for node in run.nodes:
        state = f"{node.state} {node.attempt}"
        if told.get(node.id, "waiting 1") != state:
            took = f", {node.seconds:.1f} s" if node.state in ("done", "failed") and node.seconds is not None else ""
            why = f": {node.reason}" if node.reason and node.state in ("failed", "skipped") else ""
            lines.append(f"{node.label}: {node.state}{took}{why}")
        told[node.id] = state
    return lines


def _runs(context: Context) -> Outcome:
    outcome = listing(context.bridge.runs(context.args.file, page=context.args.page))
    if outcome.value.next:
        outcome.text += f"\nMore with --page {outcome.value.next}"
    return outcome


def _show_run(context: Context) -> Outcome:
    return _show(context, context.bridge.run(context.args.run), wait=False, output=context.args.output)


def _logs(context: Context) -> Outcome:
    node = context.bridge.run(context.args.run).nodes[context.args.node]
    return stream_log(context, node.log(follow=context.args.follow))


def _rerun(context: Context) -> Outcome:
    args = context.args
    run = context.bridge.run(args.run)
    named = _secrets(context, [{"variable": name} for name in args.secret])
    run.rerun(args.node, redeploy=not args.keep, secrets=named)
    return _show(context, run, wait=not args.no_wait)


def _cancel(context: Context) -> Outcome:
    run = context.bridge.run(context.args.run)
    run.cancel()
    context.console.say(f"{run.pipeline} is {run.state}.")
    return Outcome(run, run.record, repr(run))


def _leftovers(context: Context) -> Outcome:
    cluster = context.cluster.id
    answer = context.bridge.transport.json("GET", path("pipelines", "leftovers"), query={"cluster": cluster})
    items = Items(answer["items"], _LEFTOVER_COLUMNS)
    if not context.args.remove or not items:
        return listing(items)
    body = {"cluster": cluster, "services": [item["service"] for item in items]}
    started = context.bridge.transport.json("POST", path("pipelines", "leftovers", "remove"), body)
    operation = context.bridge.operation(started, follow(context.console))
    text = f"Deleted {', '.join(body['services'])}."
    return Outcome(Record(operation, text), operation, text)


# -- values --


def _parameters(words: list[str], known: list[dict[str, Any]]) -> dict[str, Any]:
    """``K=V`` as values: texts stay texts, the others are read as JSON."""
    types = {item["name"]: item["type"] for item in known}
    values: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name:
            raise invalid("No value", f"--param {word} has no value.", "Write --param NAME=VALUE.")
        if name not in types:
            names = ", ".join(types) or "none"
            raise invalid("No such parameter", f"The pipeline has no parameter {name}.", f"It has: {names}.")
        values[name] = text if types[name] == "String" else _value(text, types[name], name)
    return values


def _value(text: str, kind: str, name: str) -> Any:
    if kind == "Bool" and text.lower() in ("true", "false", "yes", "no", "1", "0"):
        return text.lower() in ("true", "yes", "1")
    try:
        return json.loads(text)
    except ValueError:
        raise invalid("Wrong value", f"--param {name}: “{text}” is no {kind}.", "Write it as JSON.") from None


def _secrets(context: Context, asked: list[dict[str, Any]]) -> dict[str, str]:
    """Values of the secrets: of variables for those that were named, else by asking."""
    named = context.args.secret
    for word in named:
        if "=" in word:
            raise invalid(
                "A secret on the command line",
                "--secret takes a name; its value would show in the list of processes.",
                "Put the value into an environment variable of that name.",
            )
    values = {}
    for name in dict.fromkeys([*named, *(item["variable"] for item in asked)]):
        if name in named and name in os.environ:
            values[name] = os.environ[name]
        else:
            missing = invalid(
                "A secret is missing",
                f"The pipeline asks for the secret {name}, and nobody is there to be asked.",
                f"Put it into the environment variable {name} and add --secret {name}.",
            )
            values[name] = asked_secret(context.console, name, missing)
    return values


_ACTIONS = {
    "check": _check,
    "convert": _convert,
    "deploy": _deploy,
    "run": _run,
    "runs": _runs,
    "show": _show_run,
    "logs": _logs,
    "rerun": _rerun,
    "cancel": _cancel,
    "leftovers": _leftovers,
}
