"""A real JupyterHub with two users on loopback: two servers, two bridges, nothing of one reaches the other."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

ROOT = Path(__file__).resolve().parents[2]
UV = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
PROXY = ROOT / "node_modules" / "configurable-http-proxy" / "bin" / "configurable-http-proxy"

pytestmark = pytest.mark.wheel

#: As identity providers make them.
ADA, BOB = "ada@lab.example", "bob"

CONFIG = """
c.JupyterHub.bind_url = "http://127.0.0.1:{port}/notebooks/"
c.JupyterHub.hub_port = {hub}
c.JupyterHub.db_url = "sqlite:///{folder}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{folder}/cookie"
c.ConfigurableHTTPProxy.command = ["{node}", "{proxy}"]
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
c.ConfigurableHTTPProxy.pid_file = "{folder}/proxy.pid"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = "{folder}/homes/{{username}}"
c.Spawner.args = ["--allow-root"]
c.Spawner.http_timeout = 120
c.Spawner.start_timeout = 120
c.JupyterHub.load_roles = [
    {{"name": "test", "services": ["test"], "scopes": [
        "admin:users", "admin:servers", "tokens", "access:servers", "shares"]}},
]
c.JupyterHub.services = [{{"name": "test", "api_token": "{token}"}}]
"""


@dataclass
class Hub:
    """Where the hub is, and a token that may do everything there."""

    url: str
    token: str
    folder: Path

    def api(self, method: str, path: str, body: Any = None) -> Any:
        return call(f"{self.url}hub/api/{path}", self.token, method, body)

    def server(self, user: str) -> str:
        return f"{self.url}user/{quote(user, safe='@')}/"

    def start(self, user: str) -> None:
        self.api("POST", f"users/{quote(user)}/server", {})
        until(lambda: self.api("GET", f"users/{quote(user)}")["servers"].get("", {}).get("ready"), f"{user}'s server")

    def stop(self, user: str) -> None:
        self.api("DELETE", f"users/{quote(user)}/server")
        until(lambda: not self.api("GET", f"users/{quote(user)}")["servers"], f"the end of {user}'s server")


def call(url: str, token: str, method: str = "GET", body: Any = None, **headers: str) -> Any:
    request = urllib.request.Request(
        url,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"token {token}", "Content-Type": "application/json", **headers},
    )
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            text = answer.read()
    except urllib.error.HTTPError as error:
        raise Refused(error) from None
    return json.loads(text) if text else None


class Refused(OSError):
    """An answer that says no, with its words."""

    def __init__(self, error: urllib.error.HTTPError) -> None:
        self.status = error.code
        self.text = error.read().decode()
        super().__init__(f"{error.code} {error.url}: {self.text[:2000]}")


def until(there: Callable[[], Any], what: str, seconds: float = 150) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        value = there()
        if value:
            return value
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.1)


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub with the wheel in its environment."""
    folder = tmp_path_factory.mktemp("hub")
    subprocess.run(
        [UV, "build", "--wheel", "--no-build-isolation", "--python", sys.executable, "--out-dir", folder, ROOT],
        check=True,
        env={**os.environ, "SKIP_JUPYTER_BUILDER": "1", "HATCH_JUPYTER_BUILDER_SKIP_NPM": "1"},
    )
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, folder / "env"], check=True)
    python = folder / "env" / "bin" / "python"
    wheel = next(folder.glob("*.whl"))
    subprocess.run(
        [UV, "pip", "install", "--quiet", "--python", python, "jupyterhub>=5", "jupyterlab==4.6.*", wheel], check=True
    )
    port, hub_port, api = free_ports(3)
    token = secrets.token_hex(16)
    (folder / "homes").mkdir()
    config = folder / "jupyterhub_config.py"
    config.write_text(
        CONFIG.format(
            port=port, hub=hub_port, api=api, folder=folder, node=shutil.which("node"), proxy=PROXY, token=token
        )
    )
    env = {
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "CONFIGPROXY_AUTH_TOKEN": secrets.token_hex(16),
    }
    with (folder / "hub.log").open("w") as log:
        process = subprocess.Popen(
            [python.parent / "jupyterhub", "--config", config], cwd=folder, env=env, stdout=log, stderr=log
        )
        made = Hub(f"http://127.0.0.1:{port}/notebooks/", token, folder)
        try:
            until(lambda: process.poll() is not None or answers(made), "the hub")
            assert process.poll() is None, (folder / "hub.log").read_text()[-4000:]
            yield made
        finally:
            process.terminate()
            process.wait(60)


def answers(hub: Hub) -> bool:
    try:
        return bool(hub.api("GET", ""))
    except OSError:
        return False


@pytest.fixture(scope="module")
def tokens(hub: Hub) -> dict[str, str]:
    """Two users with servers that run; their own tokens."""
    made = {}
    for user in (ADA, BOB):
        hub.api("POST", f"users/{quote(user)}")
        hub.start(user)
        made[user] = hub.api("POST", f"users/{quote(user)}/tokens", {"note": "test"})["token"]
    return made


def oscar(hub: Hub, user: str, token: str, path: str, method: str = "GET", body: Any = None) -> Any:
    return call(f"{hub.server(user)}jupyterlab-oscar/v1/{path}", token, method, body)


def ready(hub: Hub, user: str, token: str) -> None:
    until(lambda: oscar(hub, user, token, "clusters/local")["state"] == "ready", f"{user}'s cluster")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_each_user_has_a_bridge_and_a_cluster_of_their_own(hub: Hub, tokens: dict[str, str]) -> None:
    status = {user: oscar(hub, user, token, "status") for user, token in tokens.items()}
    assert status[ADA]["pid"] != status[BOB]["pid"]
    for user, one in status.items():
        assert one["data"].startswith(str(hub.folder / "homes" / user)), one["data"]
        ready(hub, user, tokens[user])
    clusters = {user: oscar(hub, user, token, "clusters/local")["endpoint"] for user, token in tokens.items()}
    assert clusters[ADA] != clusters[BOB]


def test_secrets_stay_with_their_user(hub: Hub, tokens: dict[str, str]) -> None:
    found = {}
    for user in tokens:
        files = list((hub.folder / "homes" / user).rglob("jupyterlab-oscar-bridge-*.json"))
        assert files, user
        for file in files:
            assert file.stat().st_mode & 0o777 == 0o600
            found.setdefault(user, []).append(json.loads(file.read_text()))
    hidden = {one["secret"] for many in found.values() for one in many}
    assert len(hidden) == len([one for many in found.values() for one in many])
    for many in found.values():
        for one in many:
            assert Path(one["socket"]).stat().st_mode & 0o777 == 0o600
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        assert not any(secret.encode() in line for secret in hidden), process
    assert not any(secret in (hub.folder / "hub.log").read_text() for secret in hidden)


def test_nobody_reaches_the_bridge_of_another(hub: Hub, tokens: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        oscar(hub, ADA, tokens[BOB], "status")
    assert refused.value.status == 403


def test_a_guest_of_a_shared_server_does_not_use_its_credentials(hub: Hub, tokens: dict[str, str]) -> None:
    hub.api("POST", f"shares/{quote(ADA)}/", {"user": BOB})
    guest = hub.api("POST", f"users/{quote(BOB)}/tokens", {"note": "guest"})["token"]
    assert call(f"{hub.server(ADA)}api/status", guest)["kernels"] == 0
    for path in ("status", "clusters", "events"):
        with pytest.raises(Refused) as refused:
            oscar(hub, ADA, guest, path)
        problem = json.loads(refused.value.text)
        assert (refused.value.status, problem["title"]) == (403, "This server is somebody else's"), problem
        assert problem["action"]


def test_culling_ends_the_bridge_and_a_new_server_knows_the_jobs(hub: Hub, tokens: dict[str, str]) -> None:
    ada = tokens[ADA]
    ready(hub, ADA, ada)
    done = oscar(hub, ADA, ada, "fdl/apply", "POST", {"source": {"example": "cowsay"}, "cluster": "local"})
    until(lambda: oscar(hub, ADA, ada, f"operations/{done['id']}")["state"] == "done", "the service")
    (hub.folder / "homes" / ADA / "hello.txt").write_text("Hello, hub")
    sent = oscar(
        hub,
        ADA,
        ada,
        "clusters/local/services/cowsay/submissions",
        "POST",
        {"files": [{"contents": "hello.txt"}]},
    )
    until(lambda: oscar(hub, ADA, ada, f"submissions/{sent['id']}")["done"], "the job")
    jobs = [(job["id"], job["state"]) for job in oscar(hub, ADA, ada, "clusters/local/jobs")["items"]]
    assert [state for _, state in jobs] == ["succeeded"]
    assert oscar(hub, BOB, tokens[BOB], "clusters/local/services")["items"] == []
    pid = oscar(hub, ADA, ada, "status")["pid"]

    hub.stop(ADA)
    until(lambda: not alive(pid), "the end of the bridge", 30)

    hub.start(ADA)
    ready(hub, ADA, ada)
    again = oscar(hub, ADA, ada, "clusters/local/jobs?service=cowsay")["items"]
    assert [(job["id"], job["state"]) for job in again] == jobs
