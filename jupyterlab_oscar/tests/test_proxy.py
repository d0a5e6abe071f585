"""What stands between page and bridge: who gets through, what is carried, and how much of it is held."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest

from jupyterlab_oscar.tests.servers import JupyterServer, jupyter_server, wait_for

AUTHORIZER = """
from jupyter_server.auth import Authorizer

class ReadOnly(Authorizer):
    def is_authorized(self, handler, user, action, resource):
        return resource != "jupyterlab-oscar" or action == "read"

c.ServerApp.authorizer_class = ReadOnly
"""
MEGABYTE = 1 << 20


@pytest.fixture(scope="module", params=["/", "/user/a%40b/"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    with jupyter_server(tmp_path_factory.mktemp("server"), base_url=request.param) as running:
        yield running


class Endless:
    """A body of a certain size that is not kept anywhere."""

    def __init__(self, size: int) -> None:
        self.left = size
        self._block = b"x" * MEGABYTE

    def read(self, size: int = -1) -> bytes:
        take = min(self.left, MEGABYTE if size < 0 else size)
        self.left -= take
        return self._block[:take]


# -- who gets through --


@pytest.mark.parametrize(
    ("method", "target"),
    [
        (m, t)
        for t in ("v1/echo", "v1/clusters/local", "bridge")
        for m in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    ]
    + [("POST", "bridge/retry"), ("GET", "bridge/retry"), ("GET", "v1/events")],
)
def test_every_route_refuses_strangers(server: JupyterServer, method: str, target: str) -> None:
    requests = server.value("v1/count")["requests"]
    status, _, body = server.oscar(method, target, login=False)
    # Jupyter answers OPTIONS of its own handlers itself (204, nothing in it) and refuses the rest.
    assert status in (403, 405) or (method == "OPTIONS" and target.startswith("bridge") and status == 204 and not body)
    assert server.value("v1/count")["requests"] == requests + 1  # only the question itself came through


def test_a_large_upload_without_login_reaches_nothing(server: JupyterServer) -> None:
    received = server.value("v1/count")["received"]
    connection = server.connection()
    body = Endless(100 * MEGABYTE)
    sent_all = True
    try:
        connection.request(
            "PUT",
            server.url("jupyterlab-oscar/v1/sink"),
            body=body,
            headers={"Content-Length": str(body.left)},
        )
    except (BrokenPipeError, ConnectionResetError):
        sent_all = False
    try:
        assert connection.getresponse().status == 403
    except (ConnectionResetError, http.client.RemoteDisconnected):
        assert not sent_all  # it hung up on us in the middle
    count = server.value("v1/count")
    assert count["received"] == received


def test_a_foreign_page_cannot_call(server: JupyterServer) -> None:
    """A cookie alone is not enough to change anything: the XSRF token must come with it."""
    cookie, xsrf = server.cookies()
    ours = {"Cookie": cookie}
    assert server.oscar("POST", "v1/sink", b"x", ours, login=False)[0] == 403
    assert server.oscar("POST", "bridge/retry", b"", ours, login=False)[0] == 403
    assert server.oscar("POST", "v1/sink", b"x", {**ours, "X-XSRFToken": "wrong"}, login=False)[0] == 403
    assert server.oscar("POST", "v1/sink", b"x", {**ours, "X-XSRFToken": xsrf}, login=False)[0] == 200
    evil = {**ours, "X-XSRFToken": xsrf, "Origin": "https://evil.example"}
    assert server.oscar("POST", "v1/sink", b"x", evil, login=False)[0] in (403, 404)
    assert server.oscar("GET", "v1/echo", None, {**ours, "Origin": "https://evil.example"}, login=False)[0] in (
        403,
        404,
    )


def test_the_authorizer_is_asked(tmp_path: Path) -> None:
    with jupyter_server(tmp_path, config=AUTHORIZER) as server:
        assert server.oscar("GET", "v1/echo")[0] == 200
        received = server.value("v1/count")["received"]
        status, headers, body = server.oscar("PUT", "v1/sink", b"x" * 1000)
        assert status == 403
        assert headers["Content-Type"] == "application/problem+json"
        assert json.loads(body)["type"].endswith(":forbidden")
        assert server.oscar("POST", "bridge/retry", b"")[0] == 403
        assert server.value("v1/count")["received"] == received


# -- what is carried --


def test_headers(server: JupyterServer) -> None:
    cookie, xsrf = server.cookies()
    sent = {
        "Cookie": cookie,
        "X-XSRFToken": xsrf,
        "X-OSCAR-Client": "kernel",
        "X-OSCAR-Filename": "a%20b.png",
        "Origin": f"http://127.0.0.1:{server.port}",
        "Connection": "keep-alive, X-Hop",
        "X-Hop": "1",
        "Range": "bytes=0-9",
        "Last-Event-ID": "b-7",
    }
    status, headers, body = server.oscar(
        "POST", f"v1/echo?a=1&token=secret&b=%2F&_xsrf={quote(xsrf)}", b"{}", sent, login=False
    )
    assert status == 200
    seen = json.loads(body)
    assert seen["url"] == "/v1/echo?a=1&b=%2F"
    got = seen["headers"]
    for name in ("cookie", "x-xsrftoken", "origin", "x-hop", "referer"):
        assert name not in got
    assert got["authorization"].startswith("Bearer ")
    assert server.token not in body.decode()
    assert got["x-oscar-client"] == "page"
    assert got["x-oscar-filename"] == "a%20b.png"
    assert got["range"] == "bytes=0-9"
    assert got["last-event-id"] == "b-7"
    assert "Set-Cookie" not in headers or "stolen" not in headers["Set-Cookie"]


def test_paths_stay_as_they_are(server: JupyterServer) -> None:
    target = "v1/nothing/" + quote("a/b c+%.é", safe="") + "//x/..%2Fy"
    status, _, body = server.oscar("GET", target)
    assert status == 404
    assert json.loads(body)["detail"] == f"/{target}"


def test_the_bridge_is_told_where_it_is(server: JupyterServer) -> None:
    hello = server.value("v1/echo")["hello"]
    assert hello["baseUrl"] == server.base
    assert hello["contentsRoot"] == str(server.root)
    assert hello["data"] == str(server.data)
    assert hello["detached"] is False


def test_empty_answers_and_heads(server: JupyterServer) -> None:
    status, headers, body = server.oscar("DELETE", "v1/empty")
    assert (status, body, headers["Content-Length"]) == (204, b"", None)
    status, headers, body = server.oscar("HEAD", "v1/flood?size=12345")
    assert (status, body, headers["Content-Length"]) == (200, b"", "12345")


def test_problems_are_problems(server: JupyterServer) -> None:
    status, headers, body = server.oscar("GET", "v1/nowhere")
    assert status == 404
    assert headers["Content-Type"] == "application/problem+json"
    assert json.loads(body)["type"] == "urn:jupyterlab-oscar:problem:not-found"


def test_foreign_content_keeps_its_sandbox(server: JupyterServer) -> None:
    _, headers, _ = server.oscar("GET", "v1/foreign")
    assert headers.get_all("Content-Security-Policy") == ["sandbox allow-scripts allow-forms"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    _, headers, _ = server.oscar("GET", "v1/echo")
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_half_an_answer_is_not_passed_off_as_whole(server: JupyterServer) -> None:
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        server.oscar("GET", "v1/half")


def test_a_connection_that_is_dropped_is_a_problem(server: JupyterServer) -> None:
    status, headers, body = server.oscar("POST", "v1/drop", b"x")
    assert status == 503
    assert headers["Content-Type"] == "application/problem+json"
    assert json.loads(body)["type"].endswith(":bridge-unavailable")


def test_an_early_answer_arrives(server: JupyterServer) -> None:
    body = Endless(20 * MEGABYTE)
    status, _, answer = server.oscar("PUT", "v1/early", body, {"Content-Length": str(body.left)})
    assert status == 413
    assert json.loads(answer)["title"] == "Too large"


def test_chunked_bodies(server: JupyterServer) -> None:
    status, _, body = server.oscar("POST", "v1/sink", iter([b"ab", b"cde"]))
    assert status == 200
    assert "length" not in json.loads(body)


def test_a_websocket_passes(server: JupyterServer) -> None:
    target = "jupyterlab-oscar/v1/clusters/local/services/s/exposed/chat?x=1"
    head = (
        f"GET {server.url(target)} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: abc\r\nSec-WebSocket-Version: 13\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), 20) as stranger:
        stranger.sendall(f"{head}\r\n".encode())
        assert b" 403 " in stranger.recv(4096).split(b"\r\n")[0]
    with socket.create_connection(("127.0.0.1", server.port), 20) as foreign:
        cookie, _ = server.cookies()
        foreign.sendall(f"{head}Cookie: {cookie}\r\nOrigin: https://evil.example\r\n\r\n".encode())
        assert b" 101 " not in foreign.recv(4096).split(b"\r\n")[0]
    with socket.create_connection(("127.0.0.1", server.port), 20) as ours:
        ours.sendall(f"{head}Authorization: token {server.token}\r\n\r\nhello".encode())
        got = b""
        while not got.endswith(b"hello"):
            piece = ours.recv(4096)
            assert piece, got
            got += piece
        assert b" 101 " in got.split(b"\r\n")[0]
        seen = json.loads(got.split(b"\r\n\r\n", 1)[1].split(b"\n")[0])
        assert seen["url"] == "/v1/clusters/local/services/s/exposed/chat?x=1"
        assert server.token not in json.dumps(seen)
        assert seen["headers"]["sec-websocket-key"] == "abc"


# -- how much of it is held --


def test_events_come_at_once(server: JupyterServer) -> None:
    connection = server.connection()
    connection.request(
        "GET",
        server.url("jupyterlab-oscar/v1/events"),
        headers={"Authorization": f"token {server.token}", "Accept-Encoding": "gzip"},
    )
    answer = connection.getresponse()
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert answer.headers["X-Accel-Buffering"] == "no"
    assert [answer.readline() for _ in range(3)] == [b"id: b-1\n", b"event: hello\n", b'data: {"boot":"b"}\n']
    connection.close()


def test_many_streams_at_once(server: JupyterServer) -> None:
    """Open streams do not stand in the way of calls."""
    streams = []
    for _ in range(120):
        connection = server.connection()
        connection.request(
            "GET",
            server.url("jupyterlab-oscar/v1/events"),
            headers={"Authorization": f"token {server.token}"},
        )
        streams.append(connection)
    answers = [connection.getresponse() for connection in streams]
    assert {answer.status for answer in answers} == {200}
    assert all(answer.readline() == b"id: b-1\n" for answer in answers)
    assert server.oscar("GET", "v1/echo")[0] == 200
    for connection in streams:
        connection.close()


class Watch:
    """The largest size of a process while something happens, above what it was before."""

    def __init__(self, server: JupyterServer, pid: int | None = None) -> None:
        self._process = psutil.Process(pid or server.process.pid)
        self._before = self._process.memory_info().rss
        self._most = self._before
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        while not self._end.wait(0.02):
            self._most = max(self._most, self._process.memory_info().rss)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    @property
    def grown(self) -> float:
        """Megabytes."""
        return (self._most - self._before) / MEGABYTE


GIGABYTE = 1024 * MEGABYTE


def test_a_gigabyte_up(server: JupyterServer) -> None:
    body = Endless(GIGABYTE)
    with Watch(server) as watch:
        status, _, answer = server.oscar("PUT", "v1/sink", body, {"Content-Length": str(GIGABYTE)})
    assert status == 200, answer
    assert json.loads(answer)["length"] == str(GIGABYTE)
    assert watch.grown < 64


def test_no_answer_is_lost_after_an_upload(server: JupyterServer) -> None:
    """The answer comes in the very moment in which the last piece of the body has gone."""
    for _ in range(60):
        body = Endless(16 * MEGABYTE)
        assert server.oscar("PUT", "v1/sink", body, {"Content-Length": str(body.left)})[0] == 200


def test_a_slow_gigabyte_down(server: JupyterServer) -> None:
    """The reader sleeps in between: what it does not take must not pile up in the server."""
    connection = server.connection()
    with Watch(server) as watch:
        connection.request(
            "GET",
            server.url(f"jupyterlab-oscar/v1/flood?size={GIGABYTE}"),
            headers={"Authorization": f"token {server.token}"},
        )
        answer = connection.getresponse()
        got = 0
        for pause in (0.5, 0.5, 0.5):
            got += len(answer.read(2 * MEGABYTE))
            time.sleep(pause)
        while piece := answer.read(4 * MEGABYTE):
            got += len(piece)
    assert got == GIGABYTE
    assert watch.grown < 64


def test_a_reader_who_leaves_is_noticed(server: JupyterServer) -> None:
    """An abandoned download ends in the bridge too, and the server is none the worse."""
    connection = server.connection()
    connection.request(
        "GET",
        server.url(f"jupyterlab-oscar/v1/flood?size={GIGABYTE}"),
        headers={"Authorization": f"token {server.token}"},
    )
    connection.getresponse().read(MEGABYTE)
    connection.close()
    wait_for(lambda: server.value("v1/count")["open"] <= 1, message="the bridge still holds the connection")
    assert server.oscar("GET", "v1/echo")[0] == 200
