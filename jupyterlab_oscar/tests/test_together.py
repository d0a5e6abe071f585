"""Two servers of one user share the embedded cluster; another user of the machine gets nowhere."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .servers import JupyterServer, jupyter_server, wait_for

FDL = """
functions:
  oscar:
  - local:
      name: shout
      image: busybox
      script: shout.sh
      annotations:
        jupyterlab-oscar/runtime: process
      input: [{storage_provider: minio.default, path: shout/in}]
      output: [{storage_provider: minio.default, path: shout/out}]
"""
SCRIPT = 'tr a-z A-Z < "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/loud.txt"\n'


def _local(server: JupyterServer) -> dict[str, Any]:
    return next((item for item in server.value("v1/clusters")["items"] if item["id"] == "local"), {})


def _ready(server: JupyterServer, seconds: float = 30) -> None:
    wait_for(lambda: _local(server).get("state") == "ready", seconds, f"no local cluster: {_local(server)}")


def _post(server: JupyterServer, target: str, value: Any) -> Any:
    status, _, body = server.oscar("POST", target, json.dumps(value).encode(), {"Content-Type": "application/json"})
    assert status in (200, 201, 202), body
    return json.loads(body)


def _invoke(server: JupyterServer, text: str) -> str:
    status, _, body = server.oscar(
        "POST",
        "v1/clusters/local/services/shout/invoke",
        text.encode(),
        {"Content-Type": "application/octet-stream", "X-OSCAR-Filename": "words.txt"},
    )
    assert status == 200, body
    return str(json.loads(body)["text"])


def test_two_servers_share_the_cluster_and_the_second_takes_over(tmp_path: Path) -> None:
    data = tmp_path / "data"
    both = {"JUPYTERLAB_OSCAR_DATA": str(data)}
    with (
        jupyter_server(tmp_path / "a", bridge=None, env=both) as first,
        jupyter_server(tmp_path / "b", bridge=None, env=both) as second,
    ):
        _ready(first)
        _ready(second)
        folder = first.root / "shout"
        folder.mkdir()
        (folder / "shout.sh").write_text(SCRIPT)
        operation = _post(
            first, "v1/fdl/apply", {"source": {"text": FDL, "base": {"contents": "shout"}}, "cluster": "local"}
        )
        wait_for(
            lambda: first.value(f"v1/operations/{operation['id']}")["state"] == "done", message="it was not deployed"
        )

        names = [item["name"] for item in second.value("v1/clusters/local/services")["items"]]
        assert names == ["shout"]
        assert _invoke(second, "heard by the second") == "HEARD BY THE SECOND"

        # The one that has the cluster goes without a word; the other goes on with its data.
        os.kill(first.process.pid, signal.SIGKILL)
        first.process.wait()

        def again() -> bool:
            try:
                return _invoke(second, "still here") == "STILL HERE"
            except AssertionError:
                return False

        wait_for(again, 40, "the second server did not take the cluster over")


ANOTHER_USER = 65534
CONNECT = """
import json, os, socket, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
answers = {}
try:
    socket.socket(socket.AF_UNIX).connect(sys.argv[1]); answers["socket"] = "connected"
except PermissionError:
    answers["socket"] = "refused"
for name in sys.argv[2:]:
    try:
        os.listdir(name) if os.path.isdir(name) else open(name).read(); answers[name] = "read"
    except PermissionError:
        answers[name] = "refused"
print(json.dumps(answers))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="Only root can try it as another user.")
def test_another_user_of_the_machine_gets_nowhere(tmp_path: Path) -> None:
    with jupyter_server(tmp_path / "a", bridge=None) as server:
        _ready(server)
        connection = json.loads(server.connection_file.read_text())
        # The folders above are opened, so that only the modes of our own things can refuse.
        for folder in [*Path(connection["socket"]).parents][1:]:
            if folder != Path("/"):
                folder.chmod(folder.stat().st_mode | 0o055)
        for folder in (tmp_path, *tmp_path.parents[:-1], tmp_path / "a", server.runtime):
            folder.chmod(folder.stat().st_mode | 0o055)
        files = [str(server.connection_file), str(server.data), *map(str, server.data.rglob("credentials.json"))]
        answer = subprocess.run(
            [sys.executable, "-c", CONNECT, connection["socket"], *files], capture_output=True, text=True, check=True
        )
        assert set(json.loads(answer.stdout).values()) == {"refused"}, answer.stdout
