"""A bridge that answers what a test says, by the contract, and remembers what it was asked."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from jupyterlab_oscar.endpoint import Endpoint

#: (method, path below /v1, query, body) → (status, value); bytes and text are sent as they are.
Answers = Callable[[str, str, dict[str, str], Any], tuple[int, Any]]


class Peer:
    """What is asked of it: ``(method, path, query, body)`` each."""

    def __init__(self, folder: Path, answers: Answers) -> None:
        self.calls: list[tuple[str, str, dict[str, str], Any]] = []
        self.endpoint = Endpoint(str(folder / "peer"), "secret")
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def address_string(self) -> str:
                return "unix"

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

            def _any(self) -> None:
                assert self.headers["Authorization"] == "Bearer secret"
                body = self._body()
                kind = self.headers.get("Content-Type", "")
                value = json.loads(body) if body and kind.startswith("application/json") else body or None
                path, _, query = self.path.partition("?")
                asked = (self.command, unquote(path.removeprefix("/v1")), dict(parse_qsl(query)), value)
                peer.calls.append(asked)
                status, answer = answers(*asked)
                content = (
                    answer if isinstance(answer, bytes) else b"" if answer is None else json.dumps(answer).encode()
                )
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(content)

            def _body(self) -> bytes:
                if self.headers.get("Transfer-Encoding") == "chunked":
                    content = b""
                    while size := int(self.rfile.readline(), 16):
                        content += self.rfile.read(size)
                        self.rfile.readline()
                    self.rfile.readline()
                    return content
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))

            do_GET = do_POST = do_PUT = do_DELETE = _any

        class Server(socketserver.ThreadingUnixStreamServer):
            daemon_threads = True

            def get_request(self) -> tuple[Any, Any]:
                request, _ = super().get_request()
                return request, ("unix", 0)

        self.server = Server(self.endpoint.socket, Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def asked(self, method: str, path: str) -> list[Any]:
        """Bodies of the calls of a route."""
        return [body for name, where, _, body in self.calls if (name, where) == (method, path)]


@contextmanager
def peer(folder: Path, answers: Answers) -> Iterator[Peer]:
    """Run a peer and end it."""
    made = Peer(folder, answers)
    try:
        yield made
    finally:
        made.server.shutdown()
        made.server.server_close()
