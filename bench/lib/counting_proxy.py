"""An HTTP proxy on loopback that counts what goes through, and refuses one call when it is told to."""

from __future__ import annotations

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

DENIED = b'{"__type":"AccessDeniedException","Type":"User","message":"User is not authorized to perform this action"}'


class CountingProxy:
    """Stands before ``endpoint``; ``calls`` grows, and ``refuse`` names the call that is answered with 403."""

    def __init__(self, endpoint: str) -> None:
        target = urlsplit(endpoint)
        proxy = self
        self.calls = 0
        self.refuse: int | None = None
        lock = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            connection_to: http.client.HTTPConnection | None = None

            def carry(self) -> None:
                with lock:
                    proxy.calls += 1
                    refused = proxy.calls == proxy.refuse
                length = int(self.headers.get("Content-Length") or 0)
                if self.headers.get("Expect", "").lower() == "100-continue":
                    self.send_response_only(100)
                    self.end_headers()
                body = self.rfile.read(length) if length else self.chunks()
                if refused:
                    self.answer(403, [("Content-Type", "application/json")], DENIED)
                    return
                if self.connection_to is None:
                    self.connection_to = http.client.HTTPConnection(target.hostname or "", target.port, timeout=900)
                headers = {
                    name: value
                    for name, value in self.headers.items()
                    if name.lower() not in ("connection", "transfer-encoding", "expect")
                }
                if body:
                    headers["Content-Length"] = str(len(body))
                self.connection_to.request(self.command, self.path, body=body, headers=headers)
                answer = self.connection_to.getresponse()
                self.answer(answer.status, answer.getheaders(), answer.read())

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_PATCH = carry

            def chunks(self) -> bytes:
                body = b""
                if "chunked" in self.headers.get("Transfer-Encoding", ""):
                    while size := int(self.rfile.readline().split(b";")[0], 16):
                        body += self.rfile.read(size)
                        self.rfile.readline()
                    while self.rfile.readline().strip():
                        pass
                return body

            def answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
                self.send_response_only(status)
                head = self.command == "HEAD"
                for name, value in headers:
                    if name.lower() not in ("connection", "transfer-encoding") and (
                        head or name.lower() != "content-length"
                    ):
                        self.send_header(name, value)
                if not head:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if not head:
                    self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
