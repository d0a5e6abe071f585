"""The state of it all, and the clusters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..console import Console
from ..errors import invalid
from ..results import Items
from .context import Context, Outcome, Record, listing, read_text
from .values import asked_secret, piped_secret


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
        definition["password"] = piped_secret(console, "password")
    elif args.token_stdin:
        definition["token"] = piped_secret(console, "token")
    elif args.token_file:
        definition["tokenFile"] = str(Path(args.token_file).expanduser().absolute())
    elif args.user:
        missing = invalid("No password", "A user needs a password.", "Give it with --password-stdin.")
        definition["password"] = asked_secret(console, f"Password of {args.user}", missing)
    if args.ca:
        definition["ca"] = read_text(Path(args.ca).expanduser())
    if args.insecure:
        definition["insecure"] = True
    return definition
