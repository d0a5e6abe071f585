"""Starts and guards the bridge.

For a Jupyter server: :class:`BridgeProcess` makes the socket, and starts Node when the first connection
arrives (socket activation). Node inherits the listening socket, so its path never changes: after a crash or
an idle exit the next call starts it again, and what had queued up is answered by the new one.

For a kernel or a terminal without a server: :func:`connect_or_spawn`.

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
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

from . import _meta, paths
from .endpoint import Endpoint, connection_file, discover, write_connection_file
from .errors import BridgeUnavailable, OscarError, Problem, make_problem
from .node import Node, find_node, require_platform

State = Literal["idle", "starting", "running", "failed"]

#: Seconds that Node may take until it says that it is ready.
START_TIMEOUT = 60.0
#: Crashes in a row after which the bridge counts as failed, and seconds that make a run count as a good one.
CRASHES_ALLOWED = 5
STABLE_AFTER = 30.0
#: Seconds a failed bridge refuses calls before a new call may try again by itself.
FAILED_REST = 30.0
#: V8's nursery: at its default size a gigabyte that streams through leaves some 40 MB of garbage standing.
NODE_OPTIONS = ("--max-semi-space-size=1",)
#: Variables of the Jupyter server that the bridge and its jobs have no business with.
_WITHHELD = (
    "JUPYTERHUB_API_TOKEN",
    "JPY_API_TOKEN",
    "JUPYTER_TOKEN",
    "NODE_OPTIONS",
    "JUPYTERLAB_OSCAR_BRIDGE_FILE",
)


@dataclass
class LocalClusterOptions:
    """How the embedded cluster is run; ``None`` lets the bridge decide."""

    enabled: bool = True
    strict: bool = False
    runtime: str = "auto"
    cpus: float | None = None
    memory: str | None = None


@dataclass
class BridgeOptions:
    """What the bridge is told in the first line it reads (backend-bridge/src/contract/README.md)."""

    data: Path = field(default_factory=paths.data_dir)
    contents_root: str | None = None
    base_url: str = "/"
    python: str = sys.executable
    examples: Path = field(default_factory=_meta.examples)
    local_cluster: LocalClusterOptions = field(default_factory=LocalClusterOptions)
    idle_seconds: float = 0

    def handshake(self, secret: str, **extra: Any) -> bytes:
        """Make the line, with its newline."""
        local = self.local_cluster
        line = {
            "secret": secret,
            "data": str(self.data),
            "contentsRoot": self.contents_root,
            "baseUrl": self.base_url,
            "python": self.python,
            "examples": str(self.examples),
            "localCluster": {
                "enabled": local.enabled,
                "strict": local.strict,
                "runtime": local.runtime,
                "cpus": local.cpus,
                "memory": local.memory,
            },
            "idleSeconds": self.idle_seconds,
            "detached": False,
            **extra,
        }
        return json.dumps(line).encode() + b"\n"


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
            self._require_bundle()
            process = self._spawn(self._node, self._listener.fileno())
        except OscarError as error:
            self._fail(error.problem)
            return
        except OSError as error:
            self._fail(_cannot_start(f"Node could not be run: {error}."))
            return
        began = time.monotonic()
        assert process.stdout is not None and process.stderr is not None
        reader = threading.Thread(target=self._read_log, args=(process.stderr,), daemon=True)
        reader.start()
        problem: Problem | None = None
        try:
            line = _first_line(process.stdout, START_TIMEOUT)
            ready = json.loads(line) if line else None
        except (ValueError, TimeoutError) as error:
            ready = None
            problem = _cannot_start(f"It did not say that it is ready: {error}.")
            process.kill()
        if isinstance(ready, dict) and ready.get("ready") is True:
            self._version = str(ready.get("version", ""))
            self._set("running")
            threading.Thread(target=_drain, args=(process.stdout,), daemon=True).start()
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

    def _require_bundle(self) -> None:
        if not self._bundle.is_file():
            raise BridgeUnavailable(
                make_problem(
                    "bridge-failed",
                    "The bridge is not built",
                    503,
                    f"The file {self._bundle.name} is missing from the package.",
                    action="Run `npm run build`, or install the package again.",
                )
            )

    def _spawn(self, node: Node, descriptor: int) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._closing:
                raise BridgeUnavailable(_cannot_start("The server is ending."))
            # A session of its own: Ctrl-C in the server's terminal asks the server whether to end, not the
            # bridge.
            process = subprocess.Popen(
                [node.path, *NODE_OPTIONS, str(self._bundle)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(descriptor,),
                start_new_session=True,
                env=_environment(),
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
            self._fail(_cannot_start(f"It ended {self._crashes} times in a row, the last time with {how}.", cause=tail))
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


# -- without a Jupyter server --


def connect_or_spawn(*, node_path: str | None = None, idle_seconds: float = 60) -> Endpoint:
    """Find the bridge of this user, or start a private one that outlives this process.

    The order: the connection file that ``JUPYTERLAB_OSCAR_BRIDGE_FILE`` names, the newest live one in
    Jupyter's runtime folder, a new bridge. The new one ends by itself when nothing needs it for
    ``idle_seconds``.

    Raises
    ------
    BridgeUnavailable
        When there is none and none can be started.
    """
    require_platform()
    import fcntl  # not on Windows, which has just been refused

    found = discover()
    if found is not None:
        return found
    folder = paths.runtime_dir()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Two notebooks that start together share one bridge instead of fighting for the data.
    with (folder / "jupyterlab-oscar-bridge.lock").open("a+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = discover()
        if found is not None:
            return found
        return _spawn_detached(find_node(node_path), idle_seconds)


def _spawn_detached(node: Node, idle_seconds: float) -> Endpoint:
    bundle = _meta.bundle()
    if not bundle.is_file():
        raise BridgeUnavailable(
            make_problem(
                "bridge-failed",
                "The bridge is not built",
                503,
                f"The file {bundle.name} is missing from the package.",
                action="Run `npm run build`, or install the package again.",
            )
        )
    options = BridgeOptions(idle_seconds=idle_seconds)
    instance = secrets.token_hex(6)
    secret = secrets.token_urlsafe(32)
    path = paths.socket_path(instance)
    file = connection_file(instance)
    log = _detached_log(options.data)
    try:
        with log.open("ab") as stderr:
            process = subprocess.Popen(
                [node.path, *NODE_OPTIONS, str(bundle)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                start_new_session=True,
                cwd="/",
                env=_environment(),
            )
    except OSError as error:
        raise BridgeUnavailable(_cannot_start(f"Node could not be run: {error}.")) from error
    assert process.stdin is not None and process.stdout is not None
    handshake = options.handshake(secret, socket=str(path), detached=True, connectionFile=str(file))
    try:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(handshake)
            process.stdin.close()
        line = _first_line(process.stdout, START_TIMEOUT)
        ready = json.loads(line) if line else {}
    except (ValueError, TimeoutError) as error:
        process.kill()
        process.wait()
        raise BridgeUnavailable(_cannot_start(f"It did not say that it is ready: {error}.")) from error
    finally:
        process.stdout.close()
    if not ready.get("ready"):
        status = process.wait()
        problem = ready.get("problem") or _cannot_start(f"It ended with exit status {status}.", cause=_tail(log))
        raise BridgeUnavailable(problem)
    write_connection_file(
        file,
        {
            "socket": str(path),
            "secret": secret,
            "pid": process.pid,
            "version": str(ready.get("version", "")),
            "instance": instance,
            "data": str(options.data),
        },
    )
    # It may outlive us or end before: in a long-lived kernel somebody has to take note of its end.
    threading.Thread(target=process.wait, daemon=True).start()
    return Endpoint(str(path), secret, instance, str(ready.get("version", "")), str(options.data), str(file))


def _detached_log(data: Path) -> Path:
    try:
        folder = paths.private_dir(data)
        log = folder / "bridge.log"
        if log.exists() and log.stat().st_size > 4_000_000:
            log.replace(folder / "bridge.log.1")
        os.close(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    except OSError as error:
        raise BridgeUnavailable(
            make_problem(
                "bridge-failed",
                "The data folder cannot be used",
                503,
                f"{data} cannot be written: {error.strerror or error}.",
                action="Set JUPYTERLAB_OSCAR_DATA to a folder of yours.",
            )
        ) from error
    return log


def _tail(path: Path, size: int = 2000) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - size))
            return file.read().decode("utf-8", "replace").strip()
    except OSError:
        return ""


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in _WITHHELD}


def _cannot_start(detail: str, *, cause: str | None = None) -> Problem:
    return make_problem(
        "bridge-failed",
        "The bridge cannot be started",
        503,
        detail,
        cause=cause,
        action="Try again; the log of the Jupyter server tells more.",
    )


def _first_line(stream: IO[bytes], seconds: float) -> bytes:
    """Read one line of a pipe; empty when it ends before.

    Raises
    ------
    TimeoutError
        When it does not come in time.
    """
    deadline = time.monotonic() + seconds
    descriptor = stream.fileno()
    line = b""
    while not line.endswith(b"\n"):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            raise TimeoutError(f"no answer within {seconds:.0f} s")
        # Byte by byte, so that nothing after the line is taken from those who read on.
        byte = os.read(descriptor, 1)
        if not byte:
            break
        line += byte
    return line.strip()


def _drain(stream: IO[bytes]) -> None:
    with contextlib.suppress(ValueError, OSError):
        while os.read(stream.fileno(), 65536):
            pass


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
