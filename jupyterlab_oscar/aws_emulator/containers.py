"""Images run in containers of podman or docker, where one of them works and the image is on this machine."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
import time
import uuid
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .processes import Ended, Memory, Stop, run

#: Containers of an emulator carry it, with the process id of theirs.
_LABEL = "jupyterlab-oscar-aws-emulator"
#: Where some machines do not let the engine raise its limits, these are asked for instead.
_LOW_LIMITS = ("--ulimit", "nofile=1024:4096", "--ulimit", "nproc=4096:4096")
#: What runtimes say then, and the exit status of an engine that could not start a container.
_REFUSED = re.compile(r"rlimit.*(not permitted|permission denied)", re.IGNORECASE)
_NOT_STARTED = (125, 126, 127)
#: An answer about an image is believed so long (seconds).
_FRESH = 10.0
#: How long a command about images may take (seconds); pulling takes what it takes.
_QUICK = 60.0


@dataclass
class Engine:
    """podman or docker, with the options it needs here."""

    program: str
    options: tuple[str, ...] = ()


@dataclass
class Container:
    """What runs in a container.

    Attributes
    ----------
    image
        On this machine.
    env
        All its variables beside the image's own.
    entrypoint, command
        In the place of the image's; None: those.
    workdir
        Where it begins; None: where the image says.
    mounts
        Folders that it sees under the same path, and may write.
    megabytes
        Its memory.
    sealed
        Nothing can be written but /tmp and the mounts, as in Lambda.
    """

    image: str
    env: Mapping[str, str]
    entrypoint: str | None = None
    command: Sequence[str] = ()
    workdir: str | None = None
    mounts: Sequence[Path] = ()
    megabytes: int = 0
    sealed: bool = False
    name: str = field(default_factory=lambda: f"oscar-aws-{uuid.uuid4().hex[:16]}")


class Containers:
    """The engine of this machine, looked for when it is first needed.

    Parameters
    ----------
    folder
        For files with variables; nobody else can read them.
    registry
        ``host:port`` of the emulator's own, whose images are fetched when they are needed.
    login
        User and password of the registry.
    """

    def __init__(self, folder: Path, registry: str, login: tuple[str, str]) -> None:
        self._folder = folder / "containers"
        self._registry = registry
        self._login = login
        self._engine: Engine | None = None
        self._looked = False
        self._low = False
        self._known: dict[str, tuple[bool, float]] = {}
        self._lock = threading.Lock()

    def engine(self) -> Engine | None:
        """The one that works; None: there is none."""
        with self._lock:
            if not self._looked:
                self._looked = True
                self._engine = _find()
                if self._engine is not None:
                    self._folder.mkdir(mode=0o700, exist_ok=True)
                    self._write_login()
                    self._remove_left()
            return self._engine

    def has(self, image: str) -> bool:
        """True when the image can run here: an engine works, and has it or finds it in the emulator's registry."""
        if not image or self.engine() is None:
            return False
        known = self._known.get(image)
        if known is not None and time.monotonic() - known[1] < _FRESH:
            return known[0]
        found = self._command("image", "inspect", "--format", "{{.Id}}", image).returncode == 0
        if not found and image.startswith(f"{self._registry}/"):
            found = self._pull(image)
        self._known[image] = (found, time.monotonic())
        return found

    def run(
        self,
        container: Container,
        *,
        tell: Callable[[str], None],
        seconds: float | None = None,
        stop: Stop | None = None,
        done: threading.Event | None = None,
    ) -> Ended:
        """Run it and wait; it is gone afterwards.

        Parameters
        ----------
        container
            What runs.
        tell
            Gets each line that it prints.
        seconds
            After so long it is killed.
        stop
            Ends it from elsewhere.
        done
            Ends it too, and counts as its own end: what it has printed is told before.
        """
        if self._low:
            return self._run(container, tell, seconds, stop, done)
        held: list[str] = []

        def heard(line: str) -> None:
            (held.append if _REFUSED.search(line) else tell)(line)

        ended = self._run(container, heard, seconds, stop, done)
        if held and ended.code in _NOT_STARTED:
            self._low = True
            return self._run(container, tell, seconds, stop, done)
        for line in held:
            tell(line)
        return ended

    def close(self) -> None:
        """Remove what still runs."""
        if self._engine is not None:
            self._remove_left(own=True)

    def _run(
        self,
        container: Container,
        tell: Callable[[str], None],
        seconds: float | None,
        stop: Stop | None,
        done: threading.Event | None,
    ) -> Ended:
        engine = self.engine()
        assert engine is not None, "has() was asked before"
        file = self._folder / container.name
        lines, inherited = _env_file(container.env)
        _write_private(file, lines)
        argv = [
            engine.program,
            *engine.options,
            "run",
            "--rm",
            "--pull=never",
            "--name",
            container.name,
            "--label",
            f"{_LABEL}={os.getpid()}",
            "--network=host",
            "--env-file",
            str(file),
            *[word for name in inherited for word in ("--env", name)],
            *(_LOW_LIMITS if self._low else ()),
            *(["--memory", f"{container.megabytes}m"] if container.megabytes else []),
            *(["--read-only", "--tmpfs", "/tmp:rw,exec,mode=1777"] if container.sealed else []),
            *[word for mount in container.mounts for word in ("--volume", f"{mount}:{mount}")],
            # What docker's root writes there, this user could not remove.
            *(["--user", f"{os.getuid()}:{os.getgid()}"] if container.mounts and engine.program == "docker" else []),
            *(["--workdir", container.workdir] if container.workdir else []),
            *(["--entrypoint", container.entrypoint] if container.entrypoint else []),
            container.image,
            *container.command,
        ]

        watch = _Watch(self, container.name, done)
        over = False
        try:
            ended = run(
                argv,
                env={**os.environ, **inherited},
                cwd=self._folder,
                tell=tell,
                seconds=seconds,
                stop=stop,
            )
            ended.memory = watch.end()
            # The engine removes what has ended by itself; what was killed here is only the engine's own process.
            over = not ended.timed_out and not ended.stopped
        finally:
            file.unlink(missing_ok=True)
            if not over:
                self.remove(container.name)
        return ended

    def remove(self, name: str) -> None:
        """Kill a container and forget it; one that is not there is no error."""
        # At once: removing alone would first ask it to end, and wait.
        self._command("kill", name)
        self._command("rm", "--force", "--volumes", name)

    def pid(self, name: str) -> int | None:
        """Process id of a container that runs."""
        found = self._command("inspect", "--format", "{{.State.Pid}}", name)
        text = found.stdout.strip()
        return int(text) if found.returncode == 0 and text.isdigit() and text != "0" else None

    def _pull(self, image: str) -> bool:
        assert self._engine is not None
        if self._engine.program == "podman":
            options, words = [], ["--quiet", "--tls-verify=false", "--authfile", str(self._folder / "config.json")]
        else:
            # docker takes registries of this machine without TLS by itself.
            options, words = ["--config", str(self._folder)], ["--quiet"]
        done = self._command(*options, "pull", *words, image, seconds=None)
        if done.returncode != 0:
            print(f"The image {image} could not be fetched:\n{done.stderr.strip()}", file=sys.stderr)
        return done.returncode == 0

    def _write_login(self) -> None:
        token = b64encode(":".join(self._login).encode()).decode()
        _write_private(self._folder / "config.json", json.dumps({"auths": {self._registry: {"auth": token}}}))

    def _remove_left(self, own: bool = False) -> None:
        """Containers of emulators that have ended, or of this one."""
        shape = '{{.Names}} {{.Label "' + _LABEL + '"}}'
        for line in self._command("ps", "--all", "--filter", f"label={_LABEL}", "--format", shape).stdout.splitlines():
            name, _, pid = line.strip().partition(" ")
            if pid == str(os.getpid()) if own else pid.isdigit() and not _alive(int(pid)):
                self.remove(name)

    def _command(self, *words: str, seconds: float | None = _QUICK) -> subprocess.CompletedProcess[str]:
        assert self._engine is not None
        argv = [self._engine.program, *self._engine.options, *words]
        try:
            return subprocess.run(argv, capture_output=True, text=True, timeout=seconds, check=False)
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(argv, 124, "", f"{argv[0]} did not answer within {seconds} s")


class _Watch:
    """Follows what a container holds in memory, and ends it when its work is done."""

    def __init__(self, containers: Containers, name: str, done: threading.Event | None) -> None:
        self._containers = containers
        self._name = name
        self._memory: Memory | None = None
        self._over = threading.Event()
        self._measuring = threading.Thread(target=self._measure, daemon=True)
        self._measuring.start()
        if done is not None:
            threading.Thread(target=self._end_when, args=(done,), daemon=True).start()

    def _measure(self) -> None:
        pause = 0.1
        while not self._over.wait(pause):
            pid = self._containers.pid(self._name)
            if pid is not None:
                self._memory = Memory(pid)
                return
            pause = min(1.0, pause * 1.5)

    def _end_when(self, done: threading.Event) -> None:
        while not done.wait(0.2):
            if self._over.is_set():
                return
        self._containers.remove(self._name)

    def end(self) -> int:
        """Megabytes that it held at most, as far as it was seen."""
        self._over.set()
        self._measuring.join()
        return 1 if self._memory is None else self._memory.end(0)


def _find() -> Engine | None:
    for program in ("podman", "docker"):
        # Without systemd podman cannot ask it for groups.
        plain = program == "docker" or Path("/run/systemd/system").exists()
        options = () if plain else ("--cgroup-manager=cgroupfs",)
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            done = subprocess.run([program, *options, "info"], capture_output=True, timeout=20, check=False)
            if done.returncode == 0:
                return Engine(program, options)
    return None


def _write_private(file: Path, text: str) -> None:
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")


def _env_file(env: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Lines of a file with variables, and what such a file cannot hold: that is handed over in the engine's environment."""
    lines, inherited = [], {}
    for name, value in env.items():
        if "\n" in value or "\r" in value:
            inherited[name] = value
        else:
            lines.append(f"{name}={value}\n")
    return "".join(lines), inherited


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
