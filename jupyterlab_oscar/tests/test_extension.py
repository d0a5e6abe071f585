"""The server extension as Jupyter loads it, and with the real bridge behind it."""

from __future__ import annotations

import inspect
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from tornado.web import RequestHandler
from traitlets import TraitError

from jupyterlab_oscar import routes
from jupyterlab_oscar.extension import OscarExtension
from jupyterlab_oscar.tests.clusters import write_service
from jupyterlab_oscar.tests.servers import FAKE_BRIDGE, JupyterServer, jupyter_server, wait_for
from jupyterlab_oscar.tests.test_proxy import MEGABYTE, Endless, Watch

VERBS = ("get", "head", "post", "put", "patch", "delete", "options")


# -- as Jupyter loads it --


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {
        "ServerApp": {"jpserver_extensions": {"jupyterlab_oscar": True}, "allow_unauthenticated_access": False},
        "OscarExtension": {"bridge_file": str(FAKE_BRIDGE), "local_cluster_memory": "2Gi", "local_cluster_cpus": 1.5},
    }


async def test_settings_reach_the_bridge(jp_fetch: Any, jp_serverapp: Any) -> None:
    answer = await jp_fetch("jupyterlab-oscar", "v1", "echo")
    hello = json.loads(answer.body)["hello"]
    assert hello["localCluster"] == {
        "enabled": True,
        "strict": False,
        "runtime": "auto",
        "cpus": 1.5,
        "memory": "2Gi",
    }
    assert hello["idleSeconds"] == 3600


async def test_every_handler_checks_before_a_body_is_taken(jp_serverapp: Any) -> None:
    """What jupyter_server's check_auth looks for, and that ``prepare`` is ours everywhere."""
    extension = next(iter(jp_serverapp.extension_manager.extension_apps["jupyterlab_oscar"]))
    assert isinstance(extension, OscarExtension)
    handlers = {handler[1] for handler in extension.handlers}
    assert handlers == {routes.BridgeHandler, routes.RetryHandler, routes.ProxyHandler}
    for handler in handlers:
        assert issubclass(handler, routes._Handler)
        for verb in VERBS:
            method = getattr(handler, verb)
            if method is getattr(RequestHandler, verb) or method.__module__.startswith("jupyter_server"):
                continue  # answers 405, or nothing at all
            assert not getattr(method, "__allow_unauthenticated", False)
            assert hasattr(inspect.unwrap(method), "__code__") and method.__wrapped__ is not None


def test_settings_are_checked() -> None:
    for bad in ("lots", "4 Gi", "-1"):
        with pytest.raises(TraitError):
            OscarExtension(local_cluster_memory=bad)
    with pytest.raises(TraitError):
        OscarExtension(local_cluster_runtime="magic")


# -- with the real bridge --


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    with jupyter_server(tmp_path_factory.mktemp("real"), bridge=None, base_url="/user/a%40b/") as running:
        wait_for(lambda: running.value("v1/clusters")["items"][0]["state"] == "ready")
        yield running


def post(server: JupyterServer, target: str, value: Any) -> tuple[int, Any]:
    status, _, body = server.oscar("POST", target, json.dumps(value), {"Content-Type": "application/json"})
    return status, json.loads(body) if body else None


def test_a_service_from_the_page(server: JupyterServer) -> None:
    """Deploy a file of the file browser, upload an input, call, and see the job in the event stream."""
    write_service(server.root / "my services")
    source = {"file": {"contents": "my services/fdl.yaml"}}
    assert post(server, "v1/fdl/plan", {"source": source})[1]["problems"] == []
    connection = server.connection()
    connection.request(
        "GET", server.url("jupyterlab-oscar/v1/events"), headers={"Authorization": f"token {server.token}"}
    )
    stream = connection.getresponse()
    status, operation = post(server, "v1/fdl/apply", {"source": source})
    assert status == 202
    wait_for(lambda: server.value(f"v1/operations/{operation['id']}")["state"] == "done")
    status, upload = post(server, "v1/uploads", {"name": "in.txt", "size": 5})
    assert server.oscar("PUT", f"v1/uploads/{upload['id']}?offset=0", b"hello")[0] == 200
    status, submission = post(
        server, "v1/clusters/local/services/upper/submissions", {"files": [{"upload": upload["id"]}]}
    )
    assert status == 202
    done = wait_for(lambda: (s := server.value(f"v1/submissions/{submission['id']}"))["done"] and s)
    assert done["items"][0]["state"] == "succeeded"
    href = done["items"][0]["outputs"][0]["href"].removeprefix("/").removeprefix("v1/")
    assert server.oscar("GET", f"v1/{href}")[2] == b"HELLO"
    text = b""
    while b"event: submission" not in text or b"event: job" not in text:
        line = stream.readline()
        assert line
        text += line
    connection.close()


def test_the_page_cannot_name_files_of_the_machine(server: JupyterServer) -> None:
    secret = server.folder / "secret.txt"
    secret.write_text("secret")
    for source in ({"path": str(secret)}, {"contents": "../secret.txt"}, {"contents": "/../secret.txt"}):
        status, problem = post(server, "v1/fdl/check", {"source": {"file": source}})
        assert status >= 400 and "secret" not in json.dumps(problem).replace("secret.txt", ""), problem
    # Nor pretend to be a kernel.
    body = json.dumps({"source": {"file": {"path": str(secret)}}})
    headers = {"Content-Type": "application/json", "X-OSCAR-Client": "kernel"}
    assert server.oscar("POST", "v1/fdl/check", body, headers)[0] >= 400


def test_a_large_object_into_a_bucket_and_back(server: JupyterServer) -> None:
    """Through both processes, and neither of them holds it. A whole gigabyte with JUPYTERLAB_OSCAR_TEST_SIZE=1024."""
    size = int(os.environ.get("JUPYTERLAB_OSCAR_TEST_SIZE", "256")) * MEGABYTE
    assert post(server, "v1/clusters/local/buckets", {"name": "big"})[0] == 201
    node = psutil.Process(server.bridge_pid)
    server.oscar("PUT", "v1/clusters/local/buckets/big/objects/warm", b"x" * MEGABYTE)
    with Watch(server) as jupyter, Watch(server, pid=node.pid) as bridge:
        body = Endless(size)
        headers = {"Content-Length": str(size), "Content-Type": "application/octet-stream"}
        status, _, answer = server.oscar("PUT", "v1/clusters/local/buckets/big/objects/a%20b", body, headers)
        assert status in (200, 201, 204), answer
        connection = server.connection()
        connection.request(
            "GET",
            server.url("jupyterlab-oscar/v1/clusters/local/buckets/big/objects/a%20b"),
            headers={"Authorization": f"token {server.token}"},
        )
        got = 0
        stream = connection.getresponse()
        while piece := stream.read(4 * MEGABYTE):
            got += len(piece)
        connection.close()
    assert got == size
    print(f"the Jupyter server grew by {jupyter.grown:.0f} MB, the bridge by {bridge.grown:.0f} MB")
    assert jupyter.grown < 64
    # The store is in this process too: parts of the upload in flight (two of 5 MB, at both ends) come on top, and what the
    # garbage collector has not taken yet: 50 to 75 MB were seen.
    assert bridge.grown < 96
    status, headers, part = server.oscar(
        "GET", "v1/clusters/local/buckets/big/objects/a%20b", None, {"Range": "bytes=5-9"}
    )
    assert (status, part, headers["Content-Range"]) == (206, b"xxxxx", f"bytes 5-9/{size}")


def test_operators_find_each_setting() -> None:
    """The page for operators names all traits, and the Helm values name none that is not there."""
    root = Path(__file__).resolve().parents[2]
    own = set(OscarExtension.class_own_traits(config=True))
    listed = set(re.findall(r"^\| `([a-z_]+)` \|", (root / "docs" / "operators.md").read_text(), re.MULTILINE))
    assert listed == own
    values = (root / "deploy" / "values.yaml").read_text()
    block = re.search(r"OscarExtension:\n((?: {10}.*\n)+)", values)
    assert block is not None
    assert set(re.findall(r"^ {10}([a-z_]+):", block[1], re.MULTILINE)) <= own
