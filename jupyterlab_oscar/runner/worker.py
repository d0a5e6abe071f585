"""The lease transport: a process that lives long and does one task after the other, as it is told over its pipes."""

from __future__ import annotations

import os
import platform
import queue
import signal
import threading
from typing import Any

from . import guard
from .errors import describe
from .frames import Channel
from .job import Job
from .run_task import flush, run_task
from .state import State
from .version import VERSION
from .watch import Watch

#: File descriptors of frames in and out; stdin, stdout and stderr belong to the user's code.
INCOMING, OUTGOING = 3, 4


class Worker:
    """Answers frames."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._frames: queue.SimpleQueue[tuple[dict[str, Any], bytes]] = queue.SimpleQueue()
        self._jobs: dict[str, Job] = {}
        self._current: State | None = None
        #: Stop requests of tasks that wait in the queue.
        self._stops: dict[str, int | None] = {}
        self._lock = threading.Lock()
        self._watch = Watch(self._progress, self._give_up)

    @classmethod
    def over_pipes(cls) -> Worker:
        """On fds 3 and 4."""
        return cls(Channel(INCOMING, OUTGOING))

    def run(self) -> None:
        """Until ``exit``, or until the bridge is gone."""
        signal.signal(signal.SIGINT, self._interrupt)
        self._channel.send(
            {
                "type": "ready",
                "pid": os.getpid(),
                "python": platform.python_version(),
                "nonce": os.environ.get("OSCAR_RUNNER_NONCE", ""),
                "version": VERSION,
            }
        )
        threading.Thread(target=self._read, name="oscar-frames", daemon=True).start()
        self._watch.start()
        while True:
            head, attachment = self._frames.get()
            kind = head["type"]
            if kind == "exit":
                flush()
                os._exit(0)
            if kind == "job":
                self._load(head, attachment)
            elif kind == "forget":
                job = self._jobs.pop(head["job"], None)
                if job is not None:
                    job.forget()
            elif kind == "task":
                self._do(head["id"], head["task"])

    def _read(self) -> None:
        try:
            for head, attachment in self._channel.frames():
                if head["type"] == "stop":
                    self._stop(head["id"], head.get("at"))
                else:
                    self._frames.put((head, attachment))
        finally:
            # Nobody waits for answers any more.
            os._exit(0)

    def _stop(self, id: str, at: int | None) -> None:
        with self._lock:
            if self._current is not None and self._current.id == id:
                self._current.stop(at)
            else:
                self._stops[id] = at

    def _load(self, head: dict[str, Any], attachment: bytes) -> None:
        job = Job(head, attachment.decode("utf-8", "surrogatepass"))
        state = State()
        self._current = state
        try:
            job.load()
        except BaseException as error:
            guard.check()
            job.error = describe(error)
        finally:
            state.finished = True
            self._current = None
            flush()
        self._jobs[job.id] = job
        answer: dict[str, Any] = {"type": "job", "job": job.id}
        if job.error is not None:
            answer["error"] = job.error
        self._channel.send(answer)

    def _do(self, id: str, task: dict[str, Any]) -> None:
        self._channel.send({"type": "started", "id": id})
        job = self._jobs.get(task["job"])
        if job is None:
            text = f"The worker has no code of job {task['job']}."
            self._channel.send(
                {"type": "failed", "id": id, "error": {"class": "lost", "type": "KeyError", "message": text}}
            )
            return
        if job.error is not None:
            self._channel.send({"type": "failed", "id": id, "error": job.error})
            return
        state = State(id, task.get("limits"))
        with self._lock:
            self._current = state
            if id in self._stops:
                state.stop(self._stops.pop(id))
        self._watch.begin(state)
        try:
            fine, answer = run_task(job, task, state)
        finally:
            self._watch.end(state)
            with self._lock:
                self._current = None
                self._stops.pop(id, None)
        self._channel.send({"type": "done" if fine else "failed", "id": id, **answer})

    def _progress(self, state: State, memory: int) -> None:
        kept = state.take_kept()
        frame = {
            "type": "progress",
            "id": state.id,
            "done": state.done,
            "counters": state.counters.as_json(),
            "memory": memory,
        }
        self._channel.send(frame if kept is None else {**frame, "kept": kept})

    def _give_up(self, state: State, error: dict[str, Any]) -> None:
        if state.record:
            error["record"] = state.record[:500]
        self._channel.send({"type": "failed", "id": state.id, "error": error, "counters": state.counters.as_json()})

    def _interrupt(self, signum: int, frame: Any) -> None:
        state = self._current
        # Between tasks there is nothing to interrupt: a signal that comes late must not end the worker.
        if state is not None and not state.finished:
            raise KeyboardInterrupt
