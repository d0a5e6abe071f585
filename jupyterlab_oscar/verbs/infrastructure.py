"""``infrastructure``: clusters on any cloud, through the Infrastructure Manager."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import invalid
from ..infrastructure_api import Infrastructure, Infrastructures
from ..inputs import file_reference
from ..results import Items, safe_name
from . import infrastructure_settings as settings
from .context import Context, Outcome, Record, fields, listing, read_text
from .jobs import stream_log
from .values import asked_secret, assignments, named_values, piped_secret


def infrastructure(context: Context) -> Outcome:
    """Do what the words after ``infrastructure`` say."""
    return _ACTIONS[context.args.action](context)


def _all(context: Context) -> Infrastructures:
    return context.bridge.infrastructures()


def _one(context: Context) -> Infrastructure:
    return _all(context).get(context.args.id)


def _shown(found: Infrastructure, text: str = "", status: int = 0) -> Outcome:
    return Outcome(Record(found.record, _text(found)), found.record, text, status)


# -- make --


def _templates(context: Context) -> Outcome:
    args = context.args
    if not args.template and not args.file:
        return listing(_all(context).templates())
    form = _all(context).form(_source(args), args.addon)
    rows = [
        {
            "tab": tab["title"],
            "field": field["name"],
            "type": field["type"],
            "default": "(made)" if field.get("generated") else field.get("default"),
            "required": field["required"],
            "description": field.get("description") or field["title"],
        }
        for tab in form.get("tabs") or []
        for field in tab["fields"]
        if not field.get("hidden") and not field.get("ignored")
    ]
    items = Items(rows, ("tab", "field", "type", "default", "required", "description"))
    lines = [form["title"], *(form.get("problems") or []), repr(items)]
    for addon in form["addons"]:
        note = f" (experimental: {addon['experimental']})" if addon.get("experimental") else ""
        lines.append(f"Add-on {addon['id']}: {addon['title']}{note}")
    return Outcome(items, form, "\n".join(lines))


def _source(args: Any) -> dict[str, Any]:
    if args.file:
        return {"file": file_reference(args.file)}
    return {"template": args.template}


def _request(context: Context) -> dict[str, Any]:
    args = context.args
    inputs: dict[str, Any] = {}
    if args.inputs:
        inputs.update(named_values(read_text(Path(args.inputs).expanduser()), args.inputs))
    for name, text in assignments(args.input, "--input").items():
        inputs[name] = _value(text)
    for word in args.secret:
        name, _, variable = word.partition("=")
        variable = variable or name
        missing = invalid(
            "A secret is missing",
            f"The environment variable {variable} is not set, and nobody is there to be asked for {name}.",
            f"Put it into the environment variable {variable}.",
        )
        inputs[name] = os.environ.get(variable) or asked_secret(context.console, name, missing)
    given = {
        "name": args.name,
        "addons": args.addon,
        "image": args.image,
        "networks": args.networks,
        "clusterId": args.cluster_id,
        "endpoint": args.endpoint,
        "deploy": args.deploy,
        "register": False if args.no_register else None,
    }
    kept = {name: value for name, value in given.items() if value is not None}
    return {"source": _source(args), "credential": args.credential, "inputs": inputs, **kept}


def _value(text: str) -> Any:
    """Numbers, truth values, lists and mappings as JSON writes them; all else is text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _plan(context: Context) -> Outcome:
    plan = _all(context).plan(_request(context))
    lines = []
    for vm in plan["vms"]:
        disk = f", {_size(vm['disk'])} disk" if vm.get("disk") else ""
        public = ", public address" if vm["publicIp"] else ""
        lines.append(f"{vm['count']} x {vm['role']}: {vm['cpus']} cores, {_size(vm['memory'])}{disk}{public}")
    for bar in plan.get("quotas") or []:
        limit = "no limit" if bar["limit"] < 0 else f"of {bar['limit']:g}"
        lines.append(
            f"{'fits' if bar['fits'] else 'TOO MUCH'}: {bar['resource']} {bar['used']:g} + {bar['needed']:g} {limit}"
        )
    lines.append(plan["costNote"])
    lines += [f"Warning: {text}" for text in plan["warnings"]]
    lines += [f"To be mended: {text}" for text in plan["problems"]]
    text = "\n".join(lines)
    return Outcome(Record(plan, text), plan, text, int(bool(plan["problems"]) or plan.get("fits") is False))


def _size(size: int) -> str:
    return f"{size / 2**30:g} GiB"


def _create(context: Context) -> Outcome:
    made = _all(context).create(_request(context))
    context.console.say(f"{made.name} is being made: {made.id}")
    return _follow(context, made)


def _follow(context: Context, found: Infrastructure) -> Outcome:
    if context.args.no_wait:
        return _shown(found, f"Follow it: jupyter oscar infrastructure logs {found.id} -f")
    try:
        found.wait(_steps(context), check=False)
    except KeyboardInterrupt:
        context.console.say(f"It goes on. Look at it: jupyter oscar infrastructure show {found.id}")
        raise
    context.console.progress("")
    if found.failed:
        raise found.error()
    return _shown(found, _text(found))


def _steps(context: Context) -> Callable[[Infrastructure], None]:
    told: dict[str, str] = {}
    words = {"done": "done", "failed": "failed", "skipped": "left out"}

    def progress(now: Infrastructure) -> None:
        for step in now.steps:
            state = step["state"]
            if state in words and told.get(step["name"]) != state:
                told[step["name"]] = state
                detail = f": {step['detail']}" if step.get("detail") else ""
                context.console.say(f"{step['title']}: {words[state]}{detail if state != 'done' else ''}")
            elif state == "running":
                share = f" {step['progress']:.0%}" if step.get("progress") is not None else ""
                context.console.progress(f"… {step['title']}{share} {step.get('detail', '')}")

    return progress


# -- look --


def _list(context: Context) -> Outcome:
    return listing(_all(context).list())


def _show(context: Context) -> Outcome:
    found = _one(context)
    return _shown(found, _text(found))


def _text(found: Infrastructure) -> str:
    record = found.record
    head = {
        "name": record["name"],
        "id": record["id"],
        "state": record["state"],
        "": record.get("stateDetail"),
        "cloud": record.get("cloud"),
        "cluster": record.get("cluster"),
        "owners": record["owners"],
        "created": record.get("createdAt"),
        "now": record.get("operation"),
    }
    lines = [fields(head)]
    if record["vms"]:
        lines.append(repr(Items(record["vms"], ("id", "role", "state", "cpus", "addresses"))))
    if record["steps"]:
        lines.append(repr(Items(record["steps"], ("title", "state", "detail"))))
    lines += [f"{output['name']}: {output['value']}" for output in record["outputs"]]
    if record.get("quietMinutes"):
        lines.append(f"No news in its log for {record['quietMinutes']} minutes.")
    if record.get("problem"):
        lines.append(str(record["problem"]["detail"]))
    return "\n".join(lines)


def _logs(context: Context) -> Outcome:
    return stream_log(context, _one(context).log(follow=context.args.follow, vm=context.args.vm))


def _template(context: Context) -> Outcome:
    text = _one(context).template()
    return Outcome(text, {"template": text}, text.rstrip("\n"))


def _elasticity(context: Context) -> Outcome:
    found = _one(context).elasticity()
    return Outcome(Record(found), found, fields(found))


# -- change --


def _scale(context: Context) -> Outcome:
    args = context.args
    found = _one(context).scale(args.count, role=args.role, remove=args.remove)
    return _shown(found, f"{found.name}: {found.record.get('operation') or found.state}")


def _act(context: Context) -> Outcome:
    args = context.args
    found = _one(context).act(args.action, vm=getattr(args, "vm", None))
    if args.action == "retry":
        return _follow(context, found)
    cluster = (
        f", cluster {found.record['cluster']}" if args.action == "register" and found.record.get("cluster") else ""
    )
    return _shown(found, f"{found.name}: {found.record.get('operation') or found.state}{cluster}")


def _delete(context: Context) -> Outcome:
    args, console = context.args, context.console
    found = _one(context)
    name = args.yes
    if name is None:
        if console.stdin is None or not console.stdin.isatty():
            raise invalid(
                "Not confirmed",
                f"{found.name} has {len(found.record['vms'])} machines; all that is on them goes.",
                f"Add --yes {found.name} to delete it.",
            )
        console.say(f"All that is on the {len(found.record['vms'])} machines of {found.name} goes. Type its name: ")
        name = console.stdin.readline().strip()
    if name != found.name:
        raise invalid("Another name", f"It is called {found.name}, not {name or '(nothing)'}.", "Nothing was deleted.")
    found.delete(name, force=args.force)
    found.wait_gone(lambda now: console.progress(f"… deleting {now.name}"))
    console.progress("")
    return Outcome(None, {"deleted": found.id}, f"Deleted {found.name}.")


def _ssh_key(context: Context) -> Outcome:
    answer = _one(context).ssh_key(context.args.vm)
    if answer.get("key"):
        target = _private(context.args.output, answer["key"].rstrip("\n") + "\n")
        text = f"ssh -i {target} {answer['user']}@{answer['host']}"
    else:
        target = _private(context.args.output, str(answer.get("password", "")) + "\n")
        text = f"This machine has no key: ssh {answer['user']}@{answer['host']}, the password is in {target}"
    return Outcome(None, {"path": str(target), "user": answer["user"], "host": answer["host"]}, text)


def _secrets(context: Context) -> Outcome:
    answer = _one(context).secrets()
    target = _private(context.args.output, json.dumps(answer, indent=2) + "\n")
    return Outcome(None, {"path": str(target)}, f"Wrote {target}")


def _private(name: str, text: str) -> Path:
    target = Path(name).expanduser()
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)  # it may have been there
        file.write(text)
    return target


def _owners(context: Context) -> Outcome:
    found = _one(context).add_owner(piped_secret(context.console, "token"))
    return _shown(found, f"Owners of {found.name}: {', '.join(found.record['owners'])}")


def _existing(context: Context) -> Outcome:
    args = context.args
    hosts = []
    for word in args.host:
        user, at, address = word.rpartition("@")
        hosts.append({"address": address, **({"user": user} if at else {})})
    request = {"way": args.way, "domain": args.domain, "architecture": args.architecture}
    kept = {name: value for name, value in request.items() if value}
    answer = _all(context).existing({**kept, **({"hosts": hosts} if hosts else {})})
    lines = []
    for file in answer["files"]:
        if args.output:
            target = Path(args.output).expanduser() / safe_name(file["name"])
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(file["text"], encoding="utf-8")
            context.console.say(f"Wrote {target}")
        else:
            lines += [f"# {file['name']}", file["text"].rstrip("\n"), ""]
    lines += [f"{i}. {step}" for i, step in enumerate(answer["steps"], 1)]
    return Outcome(Record(answer, "\n".join(lines)), answer, "\n".join(lines))


_ACTIONS: dict[str, Callable[[Context], Outcome]] = {
    "list": _list,
    "templates": _templates,
    "plan": _plan,
    "create": _create,
    "show": _show,
    "logs": _logs,
    "template": _template,
    "elasticity": _elasticity,
    "scale": _scale,
    "delete": _delete,
    **dict.fromkeys(("start", "stop", "reboot", "retry", "reconfigure", "register"), _act),
    "ssh-key": _ssh_key,
    "secrets": _secrets,
    "owners": _owners,
    "existing": _existing,
    "server": settings.server,
    "credentials": settings.credentials,
    "token": settings.token,
}
