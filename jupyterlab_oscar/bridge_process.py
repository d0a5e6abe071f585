"""Starts and guards the bridge.

For a Jupyter server: :class:`BridgeProcess` makes the socket, and starts Node when the first connection
arrives (socket activation). Node inherits the listening socket, so its path never changes: after a crash or
an idle exit the next call starts it again, and what had queued up is answered by the new one.

For a kernel or a terminal without a server: :mod:`jupyterlab_oscar.bridge_detached`.

Only the standard library is used here.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import select
import socket
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Literal

from . import _meta, paths
from .bridge_detached import connect_or_spawn
from .bridge_options import BridgeOptions, LocalClusterOptions
from .bridge_start import NODE_OPTIONS, START_TIMEOUT, cannot_start, drain, environment, first_line, require_bundle
from .endpoint import connection_file, write_connection_file
from .errors import BridgeUnavailable, OscarError, Problem, make_problem
from .node import Node, find_node, require_platform

__all__ = ["NODE_OPTIONS", "BridgeOptions", "BridgeProcess", "LocalClusterOptions", "State", "connect_or_spawn"]

State = Literal["idle", "starting", "running", "failed"]

#: Crashes in a row after which the bridge counts as failed, and seconds that make a run count as a good one.
CRASHES_ALLOWED = 5
STABLE_AFTER = 30.0
#: Seconds a failed bridge refuses calls before a new call may try again by itself.
FAILED_REST = 30.0


class BridgeProcess:
    """The bridge of one Jupyter server.

    A thread owns the life of Node: it waits for a connection, starts Node, waits for its end, and decides
    what follows. Exit status 0 means idle: wait for the next call. Anything else is a crash: the next call
    starts it again, at growing intervals, and after five in a row the state is ``failed`` with the reason,
    until :meth:`retry` or a rest. While it is failed, callers of the socket get that reason as an HTTP
    answer instead of silence.

    Parameters
    ----------
    options
        What the bridge is told.
    node_path
        Node to use; default: see :func:`~jupyterlab_oscar.node.find_node`.
    bundle
        The bridge's file; default: the one of this package.
    log
        Where lines of the bridge go.
    """

    def __init__(
        self,
        options: BridgeOptions,
        *,
        node_path: str | None = None,
        bundle: Path | None = None,
        log: logging.Logger | logging.LoggerAdapter[Any] | None = None,
    ) -> None:
        require_platform()
        self.options = options
        self.instance = secrets.token_hex(6)
        self.secret = secrets.token_urlsafe(32)
        self._node_path = node_path
        self._bundle = bundle or _meta.bundle()
        self._log = log or logging.getLogger("jupyterlab_oscar")
        self._lock = threading.Lock()
        self._state: State = "idle"
        self._problem: Problem | None = None
        self._failed_at = 0.0
        self._crashes = 0
        self._node: Node | None = None
        self._version: str | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._closing = False
        self._lines: deque[str] = deque(maxlen=200)
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        self.socket_path = paths.socket_path(self.instance)
        self.file = connection_file(self.instance)
        #: Called (from the guarding thread) after each change of state.
        self.on_state: Callable[[], None] | None = None

    # -- life --

    def start(self) -> None:
        """Make the socket and the connection file, and begin to wait for calls. Node is not started yet."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(self.socket_path))
        self.socket_path.chmod(0o600)
        listener.listen(1024)
        listener.setblocking(False)
        self._listener = listener
        write_connection_file(
            self.file,
            {
                "socket": str(self.socket_path),
                "secret": self.secret,
                "pid": os.getpid(),
                "version": _meta.version(),
                "instance": self.instance,
                "data": str(self.options.data),
            },
        )
        self._thread = threading.Thread(target=self._guard, name="jupyterlab-oscar-bridge", daemon=True)
        self._thread.start()

    def close(self, patience: float = 8.0) -> None:
        """End Node in order and remove socket and connection file.

        Parameters
        ----------
        patience
            Seconds Node has to end by itself (it stops the jobs of the embedded cluster); then it is killed.
        """
        with self._lock:
            self._closing = True
            process = self._process
        self.file.unlink(missing_ok=True)
        self._wake()
        if process is not None:
            _end(process, patience)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(patience)
        if self._listener is not None:
            self._listener.close()
            self._listener = None
            self.socket_path.unlink(missing_ok=True)

    def retry(self) -> None:
        """Forget a failure: the next call starts Node again."""
        with self._lock:
            if self._state != "failed":
                return
            self._crashes = 0
            self._problem = None
            self._state = "idle"
        self._wake()
        self._changed()

    # -- what others ask --

    @property
    def state(self) -> State:
        """``idle``, ``starting``, ``running`` or ``failed``."""
        return self._state

    @property
    def pid(self) -> int | None:
        """Process id of Node while it runs."""
        process = self._process
        return process.pid if process is not None else None

    def refusal(self) -> Problem | None:
        """The reason to refuse a call now, or None when it may go to the socket."""
        with self._lock:
            if self._state == "failed" and time.monotonic() - self._failed_at < FAILED_REST:
                return self._problem
            return None

    def describe(self) -> dict[str, Any]:
        """State for the page: ``{state, problem?, node?, pid?, version?}``."""
        with self._lock:
            answer: dict[str, Any] = {"state": self._state}
            if self._problem is not None:
                answer["problem"] = self._problem
            if self._node is not None:
                answer["node"] = self._node.version
            if self._process is not None:
                answer["pid"] = self._process.pid
            if self._version is not None:
                answer["version"] = self._version
            return answer

    # -- the guarding thread --

    def _guard(self) -> None:
        while not self._closing:
            try:
                if self._state == "failed":
                    self._refuse_calls()
                elif self._wait_for_call():
                    self._run()
            except Exception as error:  # the thread must outlive what it guards; say what happened
                self._log.exception("The bridge's guard met an error")
                self._fail(
                    make_problem(
                        "bridge-failed",
                        "The bridge cannot be started",
                        503,
                        f"{type(error).__name__}: {error}",
                    )
                )

    def _wait(self, *, calls: bool, seconds: float | None = None) -> bool:
        """Wait for a call, a wake-up or the end of the time; True when a call is there."""
        assert self._listener is not None
        watched = [self._wake_read, *([self._listener.fileno()] if calls else [])]
        readable, _, _ = select.select(watched, [], [], seconds)
        if self._wake_read in readable:
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake_read, 4096)
        return not self._closing and any(item != self._wake_read for item in readable)

    def _wait_for_call(self) -> bool:
        if self._crashes > 1:
            rest = time.monotonic() + min(0.25 * 2 ** (self._crashes - 1), 8.0)
            while not self._closing and (left := rest - time.monotonic()) > 0:
                self._wait(calls=False, seconds=left)
        return self._wait(calls=True)

    def _run(self) -> None:
        assert self._listener is not None
        self._set("starting")
        try:
            self._node = find_node(self._node_path)
            require_bundle(self._bundle)
            process = self._spawn(self._node, self._listener.fileno())
        except OscarError as error:
            self._fail(error.problem)
            return
        except OSError as error:
            self._fail(cannot_start(f"Node could not be run: {error}."))
            return
        began = time.monotonic()
        assert process.stdout is not None and process.stderr is not None
        reader = threading.Thread(target=self._read_log, args=(process.stderr,), daemon=True)
        reader.start()
        problem: Problem | None = None
        try:
            line = first_line(process.stdout, START_TIMEOUT)
            ready = json.loads(line) if line else None
        except (ValueError, TimeoutError) as error:
            ready = None
            problem = cannot_start(f"It did not say that it is ready: {error}.")
            process.kill()
        if isinstance(ready, dict) and ready.get("ready") is True:
            self._version = str(ready.get("version", ""))
            self._set("running")
            threading.Thread(target=drain, args=(process.stdout,), daemon=True).start()
        elif isinstance(ready, dict) and isinstance(ready.get("problem"), dict):
            problem = ready["problem"]
        status = process.wait()
        # A job that inherited the pipe could hold it open after Node's end: do not wait for that.
        reader.join(0.5)
        with self._lock:
            self._process = None
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
        if self._closing:
            return
        if problem is not None:
            self._fail(problem)
        elif status == 0:
            self._crashes = 0
            self._log.debug("The bridge was idle and ended; the next call starts it again")
            self._set("idle")
        else:
            self._crashed(status, time.monotonic() - began)

    def _spawn(self, node: Node, descriptor: int) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._closing:
                raise BridgeUnavailable(cannot_start("The server is ending."))
            # A session of its own: Ctrl-C in the server's terminal asks the server whether to end, not the
            # bridge.
            process = subprocess.Popen(
                [node.path, *NODE_OPTIONS, str(self._bundle)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(descriptor,),
                start_new_session=True,
                env=environment(),
            )
            self._process = process
        assert process.stdin is not None
        # A broken pipe here means that it has died already: its exit status and log tell more.
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(self.options.handshake(self.secret, fd=descriptor))
            process.stdin.flush()
        return process

    def _crashed(self, status: int, lived: float) -> None:
        self._crashes = 1 if lived > STABLE_AFTER else self._crashes + 1
        how = f"signal {-status}" if status < 0 else f"exit status {status}"
        tail = "\n".join(list(self._lines)[-20:])
        self._log.warning("The bridge ended with %s (%d in a row)%s", how, self._crashes, f":\n{tail}" if tail else "")
        if self._crashes >= CRASHES_ALLOWED:
            self._fail(cannot_start(f"It ended {self._crashes} times in a row, the last time with {how}.", cause=tail))
        else:
            self._set("idle")

    def _read_log(self, stream: IO[bytes]) -> None:
        with contextlib.suppress(ValueError, OSError):
            for raw in stream:
                line = raw.decode("utf-8", "replace").rstrip()
                self._lines.append(line)
                self._log.debug("bridge: %s", line)

    def _refuse_calls(self) -> None:
        """Answer callers of the socket with the reason, until the failure is forgotten."""
        assert self._listener is not None
        if not self._wait(calls=True, seconds=FAILED_REST):
            return
        problem = self.refusal()
        if problem is None:
            self.retry()  # it has rested: this call may try
            return
        with contextlib.suppress(OSError):
            connection, _ = self._listener.accept()
            with connection:
                _answer_problem(connection, problem)

    def _fail(self, problem: Problem) -> None:
        with self._lock:
            self._problem = problem
            self._failed_at = time.monotonic()
            self._state = "failed"
        self._log.error("The bridge cannot run: %s", problem.get("detail"))
        self._changed()

    def _set(self, state: State) -> None:
        with self._lock:
            self._state = state
            if state != "failed":
                self._problem = None
        self._changed()

    def _changed(self) -> None:
        if self.on_state is not None and not self._closing:
            self.on_state()

    def _wake(self) -> None:
        os.write(self._wake_write, b"x")


def _end(process: subprocess.Popen[bytes], patience: float) -> None:
    """Close the lifeline, then ask, then kill."""
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    steps: tuple[tuple[float, Callable[[], None]], ...] = (
        (patience * 0.7, process.terminate),
        (patience * 0.3, process.kill),
    )
    for seconds, next_step in steps:
        try:
            process.wait(seconds)
            return
        except subprocess.TimeoutExpired:
            next_step()
    process.wait()


def _answer_problem(connection: socket.socket, problem: Problem) -> None:
    connection.settimeout(1)
    head = b""
    while b"\r\n\r\n" not in head and len(head) < 65536:
        piece = connection.recv(65536)
        if not piece:
            return
        head += piece
    body = json.dumps(problem).encode()
    connection.sendall(
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nConnection: close\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    )
    connection.shutdown(socket.SHUT_WR)
    # Bytes left unread at a close would reset the connection before the answer is read.
    for _ in range(64):
        if not connection.recv(65536):
            return
