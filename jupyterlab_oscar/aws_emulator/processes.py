"""Run a command of a function or a job: its lines as they come, its time limit, what it used."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

#: Longest piece that is told as one line (bytes); a program that never ends its line is told in pieces.
_LINE = 64 * 1024
#: Processes that run now, so that none outlives the emulator.
_running: set[int] = set()
_lock = threading.Lock()
_ending = False


@dataclass
class Ended:
    """How a command ended.

    Attributes
    ----------
    code
        Exit status; negative: the signal that ended it.
    output
        What it printed, both streams in their order.
    timed_out, stopped
        Why it was killed, when it was.
    seconds
        How long it took.
    memory
        Largest resident memory of it with all it started, in MB, as far as it was seen.
    """

    code: int
    output: bytes
    timed_out: bool
    stopped: bool
    seconds: float
    memory: int


class Stop:
    """Ends a command from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pid: int | None = None
        self.asked = False

    def attach(self, pid: int | None) -> None:
        """Say which process group it is about; None: it has ended."""
        with self._lock:
            self._pid = pid
            if pid is not None and self.asked:
                _kill(pid)

    def __call__(self) -> None:
        with self._lock:
            self.asked = True
            if self._pid is not None:
                _kill(self._pid)


def run(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    tell: Callable[[str], None],
    seconds: float | None = None,
    stdin: bytes | None = None,
    stop: Stop | None = None,
) -> Ended:
    """Run a command and wait for it.

    Parameters
    ----------
    argv, env, cwd
        What runs, with which environment (nothing is inherited), and where.
    tell
        Gets each line as it is printed, without its end.
    seconds
        After so long it is killed with all that it started.
    stdin
        What it reads; None: nothing.
    stop
        Ends it from elsewhere.

    Raises
    ------
    OSError
        When it cannot be started.
    """
    begun = time.monotonic()
    process = subprocess.Popen(
        list(argv),
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    with _lock:
        _running.add(process.pid)
        late = _ending
    if late:
        _kill(process.pid)
    limit = _Limit(process.pid, seconds)
    if stop is not None:
        stop.attach(process.pid)
    output = bytearray()
    reader = threading.Thread(target=_read, args=(process, output, tell), daemon=True)
    reader.start()
    memory = Memory(process.pid)
    if stdin is not None:
        threading.Thread(target=_feed, args=(process, stdin), daemon=True).start()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    limit.end()
    used = memory.end(usage.ru_maxrss)
    if stop is not None:
        stop.attach(None)
    with _lock:
        _running.discard(process.pid)
    if limit.passed or (stop is not None and stop.asked):
        _kill(process.pid)  # what it started and left behind
    # A process in the background may hold the pipe open for ever: Lambda freezes those, here they are left alone.
    seen = -1
    while reader.is_alive() and seen != len(output):
        seen = len(output)
        reader.join(1.0)
    return Ended(
        process.returncode,
        bytes(output),
        limit.passed,
        stop is not None and stop.asked,
        time.monotonic() - begun,
        used,
    )


def end_all() -> None:
    """Kill what runs, and whatever would start from now on."""
    global _ending
    with _lock:
        _ending = True
        groups = list(_running)
    for group in groups:
        _kill(group)


class Memory:
    """Looks again and again how much a process and its children hold.

    The number that the kernel gives at the end is no use on Linux: it counts what this process held when it started the
    other one.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._most = 0
        self._over = threading.Event()
        if sys.platform.startswith("linux"):
            threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        pause = 0.01
        while True:
            self._most = max(self._most, _resident(self._pid))
            if self._over.wait(pause):
                return
            pause = min(0.25, pause * 1.5)

    def end(self, kernel: int) -> int:
        self._over.set()
        if sys.platform == "darwin":
            return max(1, kernel // (1024 * 1024))
        return max(1, -(-self._most // (1024 * 1024)))


def _resident(pid: int) -> int:
    """Bytes that a process and its children hold; 0 when it has ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (OSError, IndexError):
        return 0
    return pages * resource.getpagesize() + sum(_resident(int(child)) for child in children)


class _Limit:
    def __init__(self, pid: int, seconds: float | None) -> None:
        self.passed = False
        self._pid = pid
        self._timer = None if seconds is None else threading.Timer(max(0.0, seconds), self._pass)
        if self._timer is not None:
            self._timer.daemon = True
            self._timer.start()

    def _pass(self) -> None:
        self.passed = True
        _kill(self._pid)

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


def _kill(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # it has ended


def _read(process: subprocess.Popen[bytes], output: bytearray, tell: Callable[[str], None]) -> None:
    assert process.stdout is not None
    with process.stdout as pipe:
        while piece := pipe.readline(_LINE):
            output += piece
            tell(piece.decode("utf-8", "replace").rstrip("\r\n"))


def _feed(process: subprocess.Popen[bytes], content: bytes) -> None:
    assert process.stdin is not None
    try:
        with process.stdin as pipe:
            pipe.write(content)
    except BrokenPipeError:
        return  # it did not want to know
