"""Calls: one input at once, or a job a file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ..client import Submission, job_error, output_folders
from ..console import Console
from ..errors import OscarError, invalid, make_problem
from ..results import Items, Result, ResultFile, safe_name, size_text
from .context import Context, Outcome


def invoke(context: Context) -> Outcome:
    args, console = context.args, context.console
    service = context.cluster.service(args.name)
    if args.file == "-":
        if console.stdin is None:
            raise invalid("No standard input", "There is no standard input here.", "Give a file.")
        result = service.invoke(data=console.stdin.buffer.read(), path=args.path, method=args.method, check=False)
    else:
        result = service.invoke(args.file, path=args.path, method=args.method, check=False)
    if result.via == "upload":
        console.say("Uploaded the input and waited for its job: this cluster has no synchronous call for it.")
    return show_result(context, result)


def show_result(context: Context, result: Result) -> Outcome:
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
        if args.output and result.files:
            for path in save_result(result, args.output).values():
                console.say(f"Saved {path}")
        elif result.files and not context.as_json:
            names = ", ".join(file.name for file in result.files)
            console.say(f"Before it failed it wrote {names}: -o DIR/ saves what is there.")
        if result.text and not context.as_json:
            console.say(result.text.rstrip("\n"))
        raise job_error(result)
    if result.warning:
        console.say(result.warning)
    saved: dict[str, Path] = {}
    record = dict(result.record)
    if args.output:
        saved = save_result(result, args.output)
        record["files"] = [
            {**item, **({"path": str(saved[item["name"]])} if item["name"] in saved else {})}
            for item in record["files"]
        ]
        for path in saved.values():
            console.say(f"Saved {path}")
    elif not console.quiet:  # in a notebook the value shows itself
        print_result(console, result)
    return Outcome(result, record)


def save_result(result: Result, output: str) -> dict[str, Path]:
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


def print_result(console: Console, result: Result) -> None:
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


def submit(context: Context) -> Outcome:
    args = context.args
    submission = context.cluster.service(args.name).submit([Path(file) for file in args.files])
    return show_submission(context, submission, wait=args.wait or bool(args.output), output=args.output)


def show_submission(context: Context, submission: Submission, *, wait: bool, output: str | None = None) -> Outcome:
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
