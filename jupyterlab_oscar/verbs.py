"""What the verbs do. Each takes the parsed words and returns an :class:`Outcome`; who shows it is not its
business."""

from __future__ import annotations

import getpass
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from .client import Bridge, Cluster, Submission, job_error
from .console import Console
from .errors import InvalidError, NotFoundError, OscarError, make_problem
from .results import Items, Result, ResultFile, safe_name, size_text

_SIGNS = {"create": "+", "change": "~", "keep": "=", "link": ">", "delete": "-"}
_STEP_COLUMNS = ("action", "kind", "name", "state", "reason")
_PROBLEM_COLUMNS = ("severity", "file", "line", "column", "message")


@dataclass
class Outcome:
    """What came out of a command.

    Attributes
    ----------
    value
        The value for a notebook; it shows itself.
    json
        What ``--json`` prints.
    text
        What a terminal shows; empty when it has been written already.
    status
        Exit status.
    """

    value: Any
    json: Any
    text: str = ""
    status: int = 0


@dataclass
class Context:
    """What a command works with."""

    bridge: Bridge
    args: Any
    console: Console

    @property
    def cluster(self) -> Cluster:
        """The cluster that was asked for, or the current one."""
        return self.bridge.cluster(getattr(self.args, "cluster", None))

    @property
    def as_json(self) -> bool:
        """True with ``--json``."""
        return bool(getattr(self.args, "json", False))


def run(context: Context) -> Outcome:
    """Do what the words say.

    Raises
    ------
    OscarError
        When it does not work.
    """
    return _VERBS[context.args.verb](context)


# -- clusters --


def _status(context: Context) -> Outcome:
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


def _clusters(context: Context) -> Outcome:
    args, console = context.args, context.console
    action = args.action or "list"
    if action == "list":
        return _listing(context.bridge.clusters())
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
            raise _invalid("No password", "A user needs a password.", "Give it with --password-stdin.")
    if args.ca:
        definition["ca"] = _read_text(Path(args.ca).expanduser())
    if args.insecure:
        definition["insecure"] = True
    return definition


def _secret(console: Console, what: str) -> str:
    if console.stdin is None:
        return getpass.getpass(f"{what.capitalize()}: ")
    secret = console.stdin.readline().rstrip("\r\n")
    if not secret:
        raise _invalid(f"No {what}", f"There is no {what} on standard input.", f"Pipe the {what} into the command.")
    return secret


# -- FDL --


def _check(context: Context) -> Outcome:
    problems = context.cluster.check(context.args.fdl)
    failed = _has_errors(problems)
    text = _problem_lines(problems) or "No problems."
    return Outcome(Items(problems, _PROBLEM_COLUMNS), {"problems": problems}, text, int(failed))


def _plan(context: Context) -> Outcome:
    plan = context.cluster.plan(context.args.fdl, raw_script=context.args.raw_script)
    lines = [_problem_lines(plan["problems"])] if plan["problems"] else []
    lines += [_step_line(step) for step in plan["steps"]]
    lines += plan["notes"]
    text = "\n".join(lines) or "Nothing to do."
    return Outcome(Record(plan, text), plan, text, int(_has_errors(plan["problems"])))


def _apply(context: Context) -> Outcome:
    console = context.console
    told: dict[int, str] = {}

    def progress(operation: dict[str, Any]) -> None:
        for i, step in enumerate(operation["steps"]):
            state = step.get("state", "waiting")
            if state in ("done", "failed", "undone") and told.get(i) != state:
                told[i] = state
                console.say(f"{_step_line(step)}{'' if state == 'done' else ': ' + state}")
            elif state == "running":
                share = f" {step['progress']:.0%}" if step.get("progress") is not None else ""
                console.progress(f"… {step['kind']} {step['name']}{share} {step.get('detail', '')}")

    operation = context.cluster.apply(context.args.fdl, raw_script=context.args.raw_script, progress=progress)
    names = ", ".join(operation.get("services") or [])
    return Outcome(Items(operation["steps"], _STEP_COLUMNS), operation, f"Ready: {names}" if names else "Done.")


def _has_errors(problems: list[dict[str, Any]]) -> bool:
    return any(problem["severity"] == "error" for problem in problems)


def _problem_lines(problems: list[dict[str, Any]]) -> str:
    return "\n".join(
        f"{p['file']}:{p['line']}:{p['column']}: {p['severity']}: {p['message']} [{p['code']}]" for p in problems
    )


def _step_line(step: dict[str, Any]) -> str:
    reason = f" ({step['reason']})" if step.get("reason") else ""
    return f"{_SIGNS.get(step['action'], ' ')} {step['action']} {step['kind']} {step['name']}{reason}"


# -- services --


def _services(context: Context) -> Outcome:
    if not context.args.name:
        return _listing(context.cluster.services())
    info = context.cluster.service(context.args.name).info
    shown = {name: value for name, value in info.items() if name != "definition"}
    return Outcome(Record(info, _fields(shown)), info, _fields(shown))


def _delete(context: Context) -> Outcome:
    args, console = context.args, context.console
    done = []
    for name in args.names:
        service = context.cluster.service(name)
        if args.save_data:
            for bucket in service.deletion()["buckets"]:
                _save_bucket(context, bucket["name"], Path(args.save_data).expanduser())
        result = service.delete(with_data=bool(args.with_data or args.save_data))
        done.append(result)
        kept = f" Kept with their data: {', '.join(result['kept'])}." if result["kept"] else ""
        gone = f" Deleted buckets: {', '.join(result['deleted'])}." if result["deleted"] else ""
        console.say(f"Deleted {name}.{kept}{gone}")
    return Outcome(Items(done, ("service", "kept", "deleted")), {"items": done})


def _save_bucket(context: Context, bucket: str, folder: Path) -> None:
    root = folder / safe_name(bucket)
    count = 0
    taken: dict[str, str] = {}
    for item in context.cluster.all_objects(bucket):
        key = item["key"]
        if key.endswith("/") and not item["size"]:
            continue
        name = safe_name(key)
        # Keys such as a//b and a/b are two objects and one file: the bucket is deleted next, so neither may get lost.
        if taken.setdefault(name, key) != key:
            raise _invalid(
                "Two objects would become one file",
                f"{bucket} holds {taken[name]} and {key}, which are the same path on a disk; nothing was deleted.",
                f"Fetch one of them with `get {bucket}/KEY FILE`, remove it with `rm`, and try again.",
            )
        _save(context.cluster.get(bucket, key), root / name)
        count += 1
        context.console.progress(f"{bucket}: {count} objects saved")
    context.console.say(f"Saved {count} objects of {bucket} to {root}.")


# -- calls --


def _invoke(context: Context) -> Outcome:
    args, console = context.args, context.console
    service = context.cluster.service(args.name)
    if args.file == "-":
        if console.stdin is None:
            raise _invalid("No standard input", "There is no standard input here.", "Give a file.")
        result = service.invoke(data=console.stdin.buffer.read(), path=args.path, method=args.method, check=False)
    else:
        result = service.invoke(args.file, path=args.path, method=args.method, check=False)
    if result.via == "upload":
        console.say("Uploaded the input and waited for its job: this cluster has no synchronous call for it.")
    return _show_result(context, result)


def _show_result(context: Context, result: Result) -> Outcome:
    args, console = context.args, context.console
    if result.state in ("suspended", "pending", "running"):
        problem = make_problem(
            "not-finished",
            "The job has not ended",
            409,
            f"The job {result.job} is {result.state}; it has no result yet.",
            action=f"Follow it: jupyter oscar job logs {result.job} -f",
        )
        raise OscarError(problem)
    if result.state not in ("succeeded",):
        if result.text and not context.as_json:
            console.say(result.text.rstrip("\n"))
        raise job_error(result)
    if result.warning:
        console.say(result.warning)
    saved: dict[str, Path] = {}
    record = dict(result.record)
    if args.output:
        saved = _save_result(result, args.output)
        record["files"] = [
            {**item, **({"path": str(saved[item["name"]])} if item["name"] in saved else {})}
            for item in record["files"]
        ]
        for path in saved.values():
            console.say(f"Saved {path}")
    elif not console.quiet:  # in a notebook the value shows itself
        _print_result(console, result)
    return Outcome(result, record)


def _save_result(result: Result, output: str) -> dict[str, Path]:
    target = Path(output).expanduser()
    if output.endswith("/") or target.is_dir() or len(result.files) > 1:
        target.mkdir(parents=True, exist_ok=True)
        if not result.files and result.text is not None:
            (target / "output.txt").write_text(result.text, encoding="utf-8")
            return {"": target / "output.txt"}
        return {file.name: file.save(target / safe_name(file.name)) for file in result.files}
    target.parent.mkdir(parents=True, exist_ok=True)
    if result.files:
        return {result.files[0].name: result.files[0].save(target)}
    target.write_text(result.text or "", encoding="utf-8")
    return {"": target}


def _print_result(console: Console, result: Result) -> None:
    """Text to standard output; binary only into a pipe, never onto a terminal."""
    single: ResultFile | None = result.files[0] if len(result.files) == 1 else None
    text = result.text
    if single is not None and text is None and not console.out_is_terminal and console.binary is not None:
        for piece in single.pieces():
            console.binary.write(piece)
        console.binary.flush()
        return
    if text is not None:
        console.write(text if text.endswith("\n") or not text else text + "\n")
    for file in result.files:
        if not (text is not None and single is file):
            console.say(f"{file.name} ({file.media_type}, {size_text(file.size)}): -o DIR/ saves it")


def _submit(context: Context) -> Outcome:
    args = context.args
    submission = context.cluster.service(args.name).submit([Path(file) for file in args.files])
    return _show_submission(context, submission, wait=args.wait or bool(args.output), output=args.output)


def _show_submission(context: Context, submission: Submission, *, wait: bool, output: str | None = None) -> Outcome:
    console = context.console
    if wait:
        submission.wait(lambda now: console.progress(_progress_line(now)))
    else:
        # Until it is uploaded the file must stay as it is: only then is "submitted" true. The names of the
        # jobs are worth a moment too, but a plain OSCAR may take long to tell them.
        names_until = time.monotonic() + 3
        try:
            while not submission.done and any(
                item.problem is None
                and (item.state == "uploading" or (item.job is None and time.monotonic() < names_until))
                for item in submission.items
            ):
                console.progress(_progress_line(submission))
                submission.update(1)
        except KeyboardInterrupt:
            submission.cancel()
            raise
    paths: dict[int, list[Path]] = {}
    if output:
        paths = _save_outputs(submission, Path(output).expanduser())
    items = []
    for i, item in enumerate(submission.items):
        record: dict[str, Any] = {"file": item.source, "job": item.job, "state": item.state}
        if item.exit_code is not None:
            record["exitCode"] = item.exit_code
        record["outputs"] = [
            {
                "name": out.name,
                "bucket": out.bucket,
                "key": out.key,
                **({"path": str(paths[i][k])} if i in paths else {}),
            }
            for k, out in enumerate(item.outputs)
        ]
        for name, value in (("warning", item.warning), ("problem", item.problem)):
            if value:
                record[name] = value
        items.append(record)
        if item.warning:
            console.say(f"{item.file}: {item.warning}")
        if item.done and not item.ok:
            console.say(f"{item.file}: {_why_failed(record)}")
    failed = any(item.done and not item.ok for item in submission.items)
    shown = Items(
        [
            {**r, "file": s.file, "outputs": [o.get("path") or o["name"] for o in r["outputs"]]}
            for r, s in zip(items, submission.items, strict=True)
        ],
        ("file", "state", "job", "outputs"),
    )
    return Outcome(submission, {"items": items}, repr(shown), int(failed))


def _save_outputs(submission: Submission, folder: Path) -> dict[int, list[Path]]:
    from .client import output_folders

    names = output_folders([item.file for item in submission.items])
    return {i: item.save(folder / names[i]) for i, item in enumerate(submission.items)}


def _why_failed(record: dict[str, Any]) -> str:
    problem = record.get("problem")
    if problem:
        return str(problem.get("detail") or problem.get("title"))
    code = f" with exit code {record['exitCode']}" if "exitCode" in record else ""
    hint = f"; jupyter oscar job logs {record['job']}" if record.get("job") else ""
    return f"{record['state']}{code}{hint}"


def _progress_line(submission: Submission) -> str:
    counts: dict[str, int] = {}
    for item in submission.items:
        counts[item.state] = counts.get(item.state, 0) + 1
    return f"{sum(i.done for i in submission.items)}/{len(submission.items)} done · " + ", ".join(
        f"{count} {state}" for state, count in counts.items()
    )


# -- jobs --


def _jobs(context: Context) -> Outcome:
    jobs = context.cluster.jobs(context.args.service, page=context.args.page)
    outcome = _listing(jobs)
    if jobs.next:
        outcome.text += f"\nMore with --page {jobs.next}"
    return outcome


def _job(context: Context) -> Outcome:
    args, console = context.args, context.console
    job = context.cluster.job(args.id)
    if args.action == "show":
        info = job.info
        return Outcome(Record(info, _fields(info)), info, _fields(info))
    if args.action == "logs":
        return _stream_log(context, job.log(follow=args.follow))
    if args.action == "cancel":
        info = job.cancel()
        console.say(f"{args.id} is {info['state']}.")
        return Outcome(Record(info, _fields(info)), info)
    if args.action == "retry":
        return _show_submission(context, job.retry(), wait=args.wait)
    return _show_result(context, job.result())


def _logs(context: Context) -> Outcome:
    args = context.args
    service = context.cluster.service(args.service)
    if args.job:
        return _stream_log(context, context.cluster.job(args.job).log(follow=args.follow))
    if service.info["exposed"]:
        return _stream_log(context, service.log(follow=args.follow))
    jobs = service.jobs()
    if not jobs:
        raise NotFoundError(
            make_problem("not-found", "No jobs", 404, f"{args.service} has no job whose log could be shown.")
        )
    context.console.say(f"Log of {jobs[0]['id']}")
    return _stream_log(context, context.cluster.job(jobs[0]["id"]).log(follow=args.follow))


def _stream_log(context: Context, pieces: Iterator[str]) -> Outcome:
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


# -- objects --


def _ls(context: Context) -> Outcome:
    cluster = context.cluster
    if not context.args.place:
        return _listing(cluster.buckets())
    bucket, key = _place(context.args.place)
    if context.args.recursive:
        return _listing(Items(cluster.all_objects(bucket, key), ("key", "size", "modified")))
    items: list[dict[str, Any]] = []
    page = None
    while True:
        answer = cluster.objects(bucket, key, delimiter="/", page=page)
        items += [{"key": prefix, "folder": True} for prefix in answer["prefixes"]] + answer["items"]
        page = answer.get("next")
        if not page:
            return _listing(Items(items, ("key", "size", "modified")))


def _put(context: Context) -> Outcome:
    args, console = context.args, context.console
    bucket, key = _place(args.place)
    if args.file == "-":
        if console.stdin is None:
            raise _invalid("No standard input", "There is no standard input here.", "Give a file.")
        name, source = "stdin", console.stdin.buffer
    else:
        path = Path(args.file).expanduser()
        name, source = path.name, _open(path)
    if not key or key.endswith("/"):
        key += name
    with source:
        size = context.bridge.transport.file_size(source)
        context.cluster.put(_Counted(source, console, name, size), bucket, key)
    console.say(f"Stored {bucket}/{key}" + (f" ({size_text(size)})" if size is not None else ""))
    stored = {"bucket": bucket, "key": key, **({"size": size} if size is not None else {})}
    return Outcome(None, stored)


def _get(context: Context) -> Outcome:
    args, console = context.args, context.console
    bucket, key = _place(args.place)
    if not key:
        raise _invalid("No key", f"{args.place} names a bucket, not an object.", "Give BUCKET/KEY.")
    pieces = context.cluster.get(bucket, key)
    if args.file == "-":
        if console.binary is None:
            raise _invalid("No binary output", "Bytes cannot be written here.", "Give a file.")
        for piece in pieces:
            console.binary.write(piece)
        console.binary.flush()
        return Outcome(None, None)
    target = Path(args.file).expanduser() if args.file else Path(safe_name(key)).name
    target = Path(target)
    if target.is_dir() or (args.file or "").endswith("/"):
        target = target / Path(safe_name(key)).name
    _save(console.counted(pieces, target.name), target)
    console.say(f"Saved {target}")
    return Outcome(target, {"path": str(target), "size": target.stat().st_size})


def _rm(context: Context) -> Outcome:
    bucket, key = _place(context.args.place)
    if not key:
        raise _invalid("No key", f"{context.args.place} names a bucket, not an object.", "Give BUCKET/KEY.")
    context.cluster.remove_object(bucket, key)
    context.console.say(f"Deleted {bucket}/{key}")
    return Outcome(None, {"bucket": bucket, "key": key})


# -- helpers --


class Record(dict):  # type: ignore[type-arg]
    """A record that shows itself as lines, and is a plain dictionary."""

    def __init__(self, content: dict[str, Any], text: str | None = None) -> None:
        super().__init__(content)
        self._text = text if text is not None else _fields(content)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(self._text)


class _Counted:
    """A file that tells how far it has been read."""

    def __init__(self, file: IO[bytes], console: Console, name: str, size: int | None) -> None:
        self._file = file
        self._console = console
        self._name = name
        self._size = size
        self._done = 0

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self._done += len(piece)
        of = f" of {size_text(self._size)}" if self._size else ""
        self._console.progress(f"{self._name}: {size_text(self._done)}{of}")
        return piece

    def fileno(self) -> int:
        return self._file.fileno()

    def tell(self) -> int:
        return self._file.tell()


def _listing(items: Items) -> Outcome:
    answer: dict[str, Any] = {"items": list(items)}
    if items.next:
        answer["next"] = items.next
    return Outcome(items, answer, repr(items))


def _fields(record: dict[str, Any]) -> str:
    from .results import cell

    lines = [(name, cell(value)) for name, value in record.items() if value not in (None, "", [], {})]
    width = max((len(name) for name, _ in lines), default=0)
    return "\n".join(f"{name.ljust(width)}  {value}" for name, value in lines)


def _place(text: str) -> tuple[str, str]:
    bucket, _, key = text.removeprefix("s3://").partition("/")
    if not bucket:
        raise _invalid("No bucket", f"{text} does not begin with a bucket.", "Give BUCKET/KEY.")
    return bucket, key


def _save(pieces: Iterator[bytes], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.part")
    try:
        with temporary.open("wb") as file:
            for piece in pieces:
                file.write(piece)
        shutil.move(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def _open(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise _invalid("The file cannot be read", f"{path}: {error.strerror or error}.", "Check its name.") from error


def _read_text(path: Path) -> str:
    with _open(path) as file:
        return file.read().decode("utf-8", "replace")


def _invalid(title: str, detail: str, action: str) -> InvalidError:
    return InvalidError(make_problem("invalid", title, 400, detail, action=action))


_VERBS: dict[str, Callable[[Context], Outcome]] = {
    "status": _status,
    "clusters": _clusters,
    "check": _check,
    "plan": _plan,
    "apply": _apply,
    "services": _services,
    "delete": _delete,
    "invoke": _invoke,
    "submit": _submit,
    "jobs": _jobs,
    "job": _job,
    "logs": _logs,
    "ls": _ls,
    "put": _put,
    "get": _get,
    "rm": _rm,
}
