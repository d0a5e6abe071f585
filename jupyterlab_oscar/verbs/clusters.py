"""The state of it all, and the clusters."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Any

from ..console import Console
from ..results import Items
from .context import Context, Outcome, Record, invalid, listing, read_text


def status(context: Context) -> Outcome:
    status = context.bridge.status()
    clusters = Items(status["clusters"], ("id", "state", "endpoint", "version", "current"))
    lines = [
        f"Bridge {status['version']} on Node {status['node']}, process {status['pid']}",
        f"Data in {status['data']}",
        f"Running: {status['running']}",
        "",
        repr(clusters),
    ]
    for item in clusters:
        if item.get("problem"):
            lines.append(f"{item['id']}: {item['problem']['detail']}")
    return Outcome(Record(status, "\n".join(lines)), status, "\n".join(lines))


def clusters(context: Context) -> Outcome:
    args, console = context.args, context.console
    action = args.action or "list"
    if action == "list":
        return listing(context.bridge.clusters())
    if action == "add":
        added = context.bridge.add_cluster(_cluster_definition(args, console))
        console.say(f"Added {added['id']}: {added['state']}.")
        problem = added.get("problem")
        if problem:
            console.say(problem["detail"])
        return Outcome(Record(added), added)
    cluster = context.bridge.cluster(args.id)
    if action == "remove":
        cluster.remove()
        console.say(f"Removed {args.id}; nothing on the cluster has changed.")
        return Outcome(None, {"removed": args.id})
    cluster.use()
    console.say(f"{args.id} is now the current cluster.")
    return Outcome(None, {"current": args.id})


def _cluster_definition(args: Any, console: Console) -> dict[str, Any]:
    definition: dict[str, Any] = {"id": args.id, "endpoint": args.url}
    if args.user:
        definition["user"] = args.user
    if args.password_stdin:
        definition["password"] = _secret(console, "password")
    elif args.token_stdin:
        definition["token"] = _secret(console, "token")
    elif args.token_file:
        definition["tokenFile"] = str(Path(args.token_file).expanduser().absolute())
    elif args.user:
        if console.stdin is None or console.stdin.isatty():
            definition["password"] = getpass.getpass(f"Password of {args.user}: ")
        else:
            raise invalid("No password", "A user needs a password.", "Give it with --password-stdin.")
    if args.ca:
        definition["ca"] = read_text(Path(args.ca).expanduser())
    if args.insecure:
        definition["insecure"] = True
    return definition


def _secret(console: Console, what: str) -> str:
    if console.stdin is None:
        return getpass.getpass(f"{what.capitalize()}: ")
    secret = console.stdin.readline().rstrip("\r\n")
    if not secret:
        raise invalid(f"No {what}", f"There is no {what} on standard input.", f"Pipe the {what} into the command.")
    return secret
