"""The descriptor transport: one task as JSON, code and data from the store, the answer as a status object that is written last."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import TaskError, describe
from .job import Job
from .run_task import flush, run_task
from .state import State
from .store import open_store
from .watch import Watch

#: Of what a task prints, bytes: the beginning is left out when it is more.
LOG = 1 << 20
#: In the store when the job was cancelled.
CANCEL = "cancel"
#: Between two looks whether it was, s.
LOOK = 5.0


def run_descriptor(file: str) -> int:
    """Do the task of a file (``-``: standard input); 0 when a status was written, whatever it says."""
    task = _read(file)
    store = open_store(task["store"])
    name = f"{task['phase']}-{task['part']}.{task['attempt']}"
    status = f"status/{name}.json"
    if _there(store, status) or _there(store, CANCEL):
        # A descriptor may come twice, or when nobody wants it any more.
        return 0
    store.write(f"status/{name}.started", json.dumps({"job": os.environ.get("JOB_UUID")}).encode())
    threading.Thread(target=_end_when_cancelled, args=(store,), name="oscar-cancel", daemon=True).start()
    state = State(name, task.get("limits"))

    def give_up(_: State, error: dict[str, Any]) -> None:
        store.write(status, _status(False, {"error": error, "counters": state.counters.as_json()}))

    watch = Watch(lambda *_: None, give_up)
    watch.start()
    with _captured() as log:
        try:
            job = _job(task, store)
            job.load()
            watch.begin(state)
            try:
                fine, answer = run_task(job, task, state)
            finally:
                watch.end(state)
        except BaseException as error:
            fine, answer = False, {"error": describe(error)}
        flush()
    text = _tail(log)
    sys.stdout.buffer.write(text)
    sys.stdout.flush()
    if text:
        store.write(f"log/{name}.txt", text)
    counts = fine and not answer.get("superseded")
    if counts or not _there(store, status):
        # Of two with one name, what the one says that has committed its files is true.
        store.write(status, _status(fine, {**answer, "log": len(text)}))
    return 0


def _there(store: Any, name: str) -> bool:
    try:
        store.size(name)
    except TaskError:
        return False
    return True


def _end_when_cancelled(store: Any) -> None:
    while True:
        time.sleep(LOOK)
        if _there(store, CANCEL):
            # What is half written has no name yet, and nobody waits for a status.
            os._exit(0)


def _status(fine: bool, answer: dict[str, Any]) -> bytes:
    return json.dumps({"type": "done" if fine else "failed", **answer}, separators=(",", ":")).encode()


def _read(file: str) -> dict[str, Any]:
    data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    try:
        task: dict[str, Any] = json.loads(data)
    except ValueError:
        # The body of a job may come as base64.
        task = json.loads(base64.b64decode(data))
    return task


def _job(task: dict[str, Any], store: Any) -> Job:
    """The object with the code: a ``job`` frame as JSON with its attachment as ``source``, or the source alone."""
    code = task["code"]
    data: bytes = store.read(code["key"])
    head: dict[str, Any] = {
        "language": "shell" if task.get("shell") else "python",
        "name": code["key"].rpartition("/")[2],
    }
    source = data.decode("utf-8", "surrogatepass")
    try:
        found = json.loads(source)
        if isinstance(found, dict) and isinstance(found.get("source"), str):
            head, source = found, found["source"]
    except ValueError:
        pass
    digests = (hashlib.sha256(data).hexdigest(), hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest())
    if code["sha256"] not in digests:
        raise TaskError("lost", "DamagedFile", f"{code['key']} is not the code of this job.")
    return Job({**head, "job": task["job"], "sha256": digests[1]}, source)


@contextmanager
def _captured() -> Iterator[Path]:
    """stdout and stderr go to a file, also those of programs that the code starts."""
    handle, name = tempfile.mkstemp(prefix="oscar-log-")
    flush()
    kept = [os.dup(fd) for fd in (1, 2)]
    try:
        for fd in (1, 2):
            os.dup2(handle, fd)
        yield Path(name)
    finally:
        flush()
        for fd, before in zip((1, 2), kept):  # noqa: B905
            os.dup2(before, fd)
            os.close(before)
        os.close(handle)


def _tail(log: Path) -> bytes:
    with log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - LOG))
        data = file.read()
    log.unlink()
    return data if size <= LOG else b"\xe2\x80\xa6\n" + data
