"""The bridge and embedded clusters for tests of the command line and the magics."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from jupyterlab_oscar import _meta

#: A service whose script shows what it did, fails when the file says so, and waits when it says so.
FDL = """\
functions:
  oscar:
  - default-cluster:
      name: {name}
      image: ghcr.io/grycap/cowsay
      script: script.sh
      memory: 128Mi
      cpu: '0.1'
      log_level: CRITICAL
      annotations:
        jupyterlab-oscar/runtime: process
      input:
      - storage_provider: minio.default
        path: {name}/in
      output:
      - storage_provider: minio.default
        path: {name}/out
"""
SCRIPT = """\
#!/bin/sh
name=$(basename "$INPUT_FILE_PATH")
if grep -q ^fail "$INPUT_FILE_PATH"; then echo "told to fail"; exit 7; fi
if grep -q ^wait "$INPUT_FILE_PATH"; then echo "waiting"; sleep 60; fi
tr a-z A-Z < "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/${name%.*}.upper.txt"
if grep -q ^table "$INPUT_FILE_PATH"; then printf 'a,b\\n1,<2>\\n' > "$TMP_OUTPUT_DIR/table.csv"; fi
"""


def write_service(folder: Path, name: str = "upper", script: str = SCRIPT) -> Path:
    """Write the FDL of a service and its script; returns the FDL's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "script.sh").write_text(script)
    fdl = folder / "fdl.yaml"
    fdl.write_text(FDL.format(name=name))
    return fdl


class CommandLine:
    """``jupyter oscar`` in folders of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.env = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "JPY"))},
            "HOME": str(home),
            "JUPYTER_CONFIG_DIR": str(home / "config"),
            "JUPYTER_DATA_DIR": str(home / "data"),
            "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
            "JUPYTERLAB_OSCAR_DATA": str(home / "oscar"),
            "IPYTHONDIR": str(home / "ipython"),
            "PYTHONPATH": str(_meta.PACKAGE.parent),
        }

    def start(self, *words: str, **options: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "jupyterlab_oscar", *words],
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **options,
        )

    def __call__(self, *words: str | Path, stdin: bytes = b"", cwd: Path | None = None) -> Done:
        process = self.start(*map(str, words), stdin=subprocess.PIPE, cwd=cwd)
        out, err = process.communicate(stdin, timeout=120)
        return Done(process.returncode, out, err.decode())

    def json(self, *words: str | Path, status: int = 0, stdin: bytes = b"") -> Any:
        done = self(*words, "--json", stdin=stdin)
        assert done.status == status, done
        return json.loads(done.out)

    def end(self) -> None:
        """End the private bridge."""
        for file in (self.home / "runtime").glob("jupyterlab-oscar-bridge-*.json"):
            pid = json.loads(file.read_text())["pid"]
            try:
                os.kill(pid, signal.SIGTERM)
                psutil.Process(pid).wait(20)
            except (ProcessLookupError, psutil.NoSuchProcess):
                continue


class Done:
    """A command that has ended."""

    def __init__(self, status: int, out: bytes, err: str) -> None:
        self.status = status
        self.out = out
        self.err = err

    @property
    def text(self) -> str:
        return self.out.decode()

    def __repr__(self) -> str:
        return f"status {self.status}\n{self.out[:3000]!r}\n{self.err}"


@contextmanager
def served(command: CommandLine, *options: str) -> Iterator[dict[str, Any]]:
    """Run ``clusters serve``; gives the line it prints when it is ready."""
    process = command.start("clusters", "serve", *options, stdin=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate(timeout=10)[1].decode()
        yield json.loads(line)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


@contextmanager
def beside_strict(home: Path, data: Path, name: str = "strict") -> Iterator[CommandLine]:
    """The command line with a bridge that it starts itself, and a strict cluster beside the local one.

    Parameters
    ----------
    home, data
        Empty folders: of the user, and of the other cluster.
    name
        What the bridge calls the other cluster.
    """
    line = CommandLine(home)
    try:
        with served(line, "--strict", "--data", str(data), "--user", "someone") as cluster:
            words = ("clusters", "add", name, cluster["endpoint"], "--user", "someone", "--password-stdin")
            added = line(*words, stdin=cluster["password"].encode() + b"\n")
            assert added.status == 0, added
            wait_ready(line, "local")
            wait_ready(line, name)
            yield line
    finally:
        line.end()


def wait_ready(command: CommandLine, cluster: str) -> None:
    """Wait until a cluster is ready."""
    deadline = time.monotonic() + 30
    while True:
        states = {item["id"]: item["state"] for item in command.json("clusters", "list")["items"]}
        if states.get(cluster) == "ready":
            return
        assert time.monotonic() < deadline, states
        time.sleep(0.1)
