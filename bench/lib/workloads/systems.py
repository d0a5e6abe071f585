"""The systems as programs that are told what to do, and the environment that the peers are in."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
LIB = ROOT / "bench" / "lib"
KEPT = ROOT / ".setup"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")


class Failed(Exception):
    """A system did not do what it was told."""


def peers_python() -> str:
    """The interpreter of the environment with the peers, made when it is not there or not as it should be."""
    place = KEPT / "bench-compute"
    python = place / "bin" / "python"
    mark = place / "requirements.txt"
    if not mark.exists() or mark.read_text() != REQUIREMENTS.read_text():
        uv = str(ROOT / ".venv" / "bin" / "uv")
        print("compute: installing the peers…", file=sys.stderr)
        subprocess.run([uv, "venv", "-q", "--clear", "--python", sys.executable, str(place)], check=True)
        subprocess.run([uv, "pip", "install", "-q", "--python", str(python), "-r", str(REQUIREMENTS)], check=True)
        mark.write_text(REQUIREMENTS.read_text())
    return str(python)


class Child:
    """One system, as it answers.

    Parameters
    ----------
    system
        Name of its module.
    home
        Folder for all that it writes.
    """

    def __init__(self, system: str, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "JPY", "OSCAR", "RAY_"))}
        env = {
            **kept,
            "HOME": str(home),
            "PYTHONPATH": os.pathsep.join([str(LIB), str(ROOT)] if system == "ours" else [str(LIB)]),
            "JUPYTER_CONFIG_DIR": str(home / "config"),
            "JUPYTER_DATA_DIR": str(home / "data"),
            "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
            "JUPYTERLAB_OSCAR_DATA": str(home / "oscar"),
            "IPYTHONDIR": str(home / "ipython"),
        }
        python = sys.executable if system == "ours" else peers_python()
        # Lithops starts whatever is called `python`.
        env["PATH"] = os.pathsep.join([str(Path(python).parent), env.get("PATH", "")])
        log = (home / "log.txt").open("a")
        self._process = subprocess.Popen(
            [python, "-m", "workloads.child", system],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=home,
            env=env,
            start_new_session=True,
        )
        log.close()
        self._log = home / "log.txt"
        self._rest = b""
        #: Seconds until it was ready.
        self.start_seconds: float = self._answer(300)["seconds"]

    def send(self, do: str, **words: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **words}).encode() + b"\n")
        self._process.stdin.flush()

    def wait(self, limit: float) -> dict[str, Any]:
        return self._answer(limit)

    def ask(self, do: str, limit: float = 1800, **words: Any) -> dict[str, Any]:
        self.send(do, **words)
        return self._answer(limit)

    def _answer(self, limit: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        end = time.monotonic() + limit
        while b"\n" not in self._rest:
            left = end - time.monotonic()
            if left <= 0:
                raise Failed(f"no answer after {limit:.0f} s")
            if select.select([self._process.stdout], [], [], left)[0]:
                piece = os.read(self._process.stdout.fileno(), 1 << 16)
                if not piece:
                    raise Failed(f"it has ended; {self._log} says why")
                self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer

    def close(self) -> None:
        """Let it end; after half a minute it is ended, with all of its session."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, 9)
            self._process.wait()

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
