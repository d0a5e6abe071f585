"""Real Jupyter servers for the tests, in processes of their own."""

from __future__ import annotations

import http.client
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from jupyterlab_oscar import _meta

FAKE_BRIDGE = Path(__file__).parent / "fake-bridge.cjs"


def wait_for(what: Callable[[], Any], seconds: float = 60, message: str = "it did not happen") -> Any:
    """Wait until something is true, and return it."""
    deadline = time.monotonic() + seconds
    while not (answer := what()):
        if time.monotonic() > deadline:
            raise AssertionError(message)
        time.sleep(0.02)
    return answer


def is_dead(pid: int) -> bool:
    """Whether a process has ended. One question: between two, it may go."""
    try:
        return psutil.Process(pid).status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return True


class JupyterServer:
    """A Jupyter server with the extension, a token and XSRF checks, as a user has it."""

    def __init__(
        self,
        folder: Path,
        *,
        base_url: str = "/",
        config: str = "",
        bridge: Path | None = FAKE_BRIDGE,
        env: dict[str, str] | None = None,
        debug: bool = True,
    ) -> None:
        self.folder = folder
        self.token = secrets.token_hex(16)
        self.base = base_url
        self.root = folder / "root"
        self.data = folder / "oscar"
        self.runtime = folder / "runtime"
        for made in (self.root, self.runtime, folder / "config"):
            made.mkdir(parents=True, exist_ok=True)
        bridge_line = f"c.OscarExtension.bridge_file = {str(bridge)!r}" if bridge else ""
        (folder / "config" / "jupyter_server_config.py").write_text(f"c = get_config()\n{bridge_line}\n{config}\n")
        self.env = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "JPY"))},
            "HOME": str(folder),
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_DATA_DIR": str(folder / "data"),
            "JUPYTER_RUNTIME_DIR": str(self.runtime),
            "JUPYTERLAB_OSCAR_DATA": str(self.data),
            "IPYTHONDIR": str(folder / "ipython"),
            "PYTHONPATH": str(_meta.PACKAGE.parent),
            **(env or {}),
        }
        self.log = folder / "server.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "jupyter_server",
                    "--allow-root",
                    "--no-browser",
                    "--port=0",
                    f"--ServerApp.base_url={base_url}",
                    f"--ServerApp.root_dir={self.root}",
                    "--ServerApp.jpserver_extensions={'jupyterlab_oscar': True}",
                    "--ServerApp.allow_unauthenticated_access=False",
                    *(["--debug"] if debug else []),
                ],
                env={**self.env, "JUPYTER_TOKEN": self.token},
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
            )
        self.port = self._port()

    def _port(self) -> int:
        def ask() -> int | None:
            assert self.process.poll() is None, self.log.read_text()
            for file in self.runtime.glob("jpserver-*.json"):
                try:
                    return int(json.loads(file.read_text())["port"])
                except (ValueError, KeyError):
                    continue
            return None

        port = int(wait_for(ask, 40, "the server did not start"))

        def answers() -> bool:
            try:
                return self.request("GET", "api/status")[0] == 200
            except ConnectionRefusedError:  # the file is there a moment before the port
                return False

        wait_for(answers, message="the server does not answer")
        return port

    def url(self, target: str) -> str:
        return f"{self.base}{target}"

    def connection(self) -> http.client.HTTPConnection:
        port = getattr(self, "port", None)
        if port is None:
            file = next(iter(self.runtime.glob("jpserver-*.json")))
            port = int(json.loads(file.read_text())["port"])
        return http.client.HTTPConnection("127.0.0.1", port, timeout=60, blocksize=1 << 20)

    def request(
        self,
        method: str,
        target: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        *,
        login: bool = True,
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        connection = self.connection()
        try:
            token = {"Authorization": f"token {self.token}"} if login else {}
            connection.request(method, self.url(target), body=body, headers={**token, **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def oscar(self, method: str, target: str, *args: Any, **kwargs: Any) -> tuple[int, http.client.HTTPMessage, bytes]:
        return self.request(method, f"jupyterlab-oscar/{target}", *args, **kwargs)

    def value(self, target: str) -> Any:
        status, _, body = self.oscar("GET", target)
        assert status == 200, body
        return json.loads(body)

    def cookies(self) -> tuple[str, str]:
        """Log in as a browser does: the cookies, and the XSRF token in them."""
        pairs = []
        for target in ("login", f"login?token={self.token}"):
            status, headers, _ = self.request("GET", target, headers={"Cookie": "; ".join(pairs)}, login=False)
            assert status in (200, 302)
            pairs += [value.split(";")[0] for value in headers.get_all("Set-Cookie", [])]
        cookie = "; ".join(pairs)
        match = re.search(r"_xsrf=([^;]+)", cookie)
        assert match, cookie
        return cookie, match[1]

    @property
    def bridge_pid(self) -> int | None:
        return self.value("bridge").get("pid")

    @property
    def connection_file(self) -> Path:
        return next(iter(self.runtime.glob("jupyterlab-oscar-bridge-*.json")))

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@contextmanager
def jupyter_server(folder: Path, **options: Any) -> Iterator[JupyterServer]:
    """Run a server and end it."""
    server = JupyterServer(folder, **options)
    try:
        yield server
    finally:
        server.close()
