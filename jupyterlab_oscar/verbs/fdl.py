"""FDL: check, plan, apply."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..console import Console
from ..fdl_api import Progress
from ..results import Items
from .context import Context, Outcome, Record

_SIGNS = {"create": "+", "change": "~", "keep": "=", "link": ">", "delete": "-"}
STEP_COLUMNS = ("action", "kind", "name", "state", "reason")
PROBLEM_COLUMNS = ("severity", "file", "line", "column", "message")


def check(context: Context) -> Outcome:
    problems = context.cluster.check(context.args.fdl)
    failed = has_errors(problems)
    text = problem_lines(problems) or "No problems."
    return Outcome(Items(problems, PROBLEM_COLUMNS), {"problems": problems}, text, int(failed))


def plan(context: Context) -> Outcome:
    return show_plan(context.cluster.plan(context.args.fdl, raw_script=context.args.raw_script))


def show_plan(plan: dict[str, Any]) -> Outcome:
    """What an apply would do, as its steps."""
    lines = [problem_lines(plan["problems"])] if plan["problems"] else []
    lines += [step_line(step) for step in plan["steps"]]
    lines += plan["notes"]
    text = "\n".join(lines) or "Nothing to do."
    return Outcome(Record(plan, text), plan, text, int(has_errors(plan["problems"])))


def apply(context: Context) -> Outcome:
    """Deploy it."""
    operation = context.cluster.apply(
        context.args.fdl, raw_script=context.args.raw_script, progress=follow(context.console)
    )
    names = ", ".join(operation.get("services") or [])
    return Outcome(Items(operation["steps"], STEP_COLUMNS), operation, f"Ready: {names}" if names else "Done.")


def schema(context: Context) -> Outcome:
    """The JSON Schema, for editors."""
    value = context.bridge.fdl_schema()
    if context.args.output:
        target = Path(context.args.output).expanduser()
        target.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        context.console.say(f"Wrote {target}")
        return Outcome(None, {"path": str(target)})
    return Outcome(value, value, json.dumps(value, indent=2, ensure_ascii=False))


def follow(console: Console) -> Progress:
    """Tell the steps of an operation as they are done."""
    told: dict[int, str] = {}

    def progress(operation: dict[str, Any]) -> None:
        for i, step in enumerate(operation["steps"]):
            state = step.get("state", "waiting")
            if state in ("done", "failed", "undone") and told.get(i) != state:
                told[i] = state
                console.say(f"{step_line(step)}{'' if state == 'done' else ': ' + state}")
            elif state == "running":
                share = f" {step['progress']:.0%}" if step.get("progress") is not None else ""
                console.progress(f"… {step['kind']} {step['name']}{share} {step.get('detail', '')}")

    return progress


def has_errors(problems: list[dict[str, Any]]) -> bool:
    return any(problem["severity"] == "error" for problem in problems)


def problem_lines(problems: list[dict[str, Any]]) -> str:
    return "\n".join(
        f"{p['file']}:{p['line']}:{p['column']}: {p['severity']}: {p['message']} [{p['code']}]" for p in problems
    )


def step_line(step: dict[str, Any]) -> str:
    reason = f" ({step['reason']})" if step.get("reason") else ""
    return f"{_SIGNS.get(step['action'], ' ')} {step['action']} {step['kind']} {step['name']}{reason}"
