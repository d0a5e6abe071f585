"""Lambda's runtime interface for one call: what the program in a container fetches its event from and answers to."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_PREFIX = "/2018-06-01/runtime"
#: Lambda takes no larger answer (bytes).
_LARGEST = 6 * 1024 * 1024


class RuntimeApi:
    """Hands out one event, and keeps the answer.

    Parameters
    ----------
    event
        Any JSON value.
    request
        Id of the call.
    arn
        Of the function.
    seconds
        Until its time limit.

    Attributes
    ----------
    asked
        Set when the program has begun: it asked for the event.
    answered
        Set when there is an answer.
    """

    def __init__(self, event: Any, request: str, arn: str, seconds: float) -> None:
        self.asked = threading.Event()
        self.answered = threading.Event()
        self._payload = ""
        self._error: str | None = None
        self._request = request
        self._event = json.dumps(event).encode()
        self._headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": request,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + seconds) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": arn,
        }
        self._over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self) -> str:
        """``host:port``, as ``AWS_LAMBDA_RUNTIME_API`` has it."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def result(self) -> tuple[str, str | None] | None:
        """The payload, and Lambda's word for what went wrong; None: there is no answer."""
        return (self._payload, self._error) if self.answered.is_set() else None

    def close(self) -> None:
        """Answer nothing more."""
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    def _next(self) -> tuple[int, Mapping[str, str], bytes]:
        if self.asked.is_set():
            self._over.wait()  # one event, one container: Lambda freezes it here
            return 410, {}, b""
        self.asked.set()
        return 200, self._headers, self._event

    def _post(self, path: str, body: bytes) -> int:
        failed = path == f"{_PREFIX}/init/error" or path == f"{_PREFIX}/invocation/{self._request}/error"
        if not failed and path != f"{_PREFIX}/invocation/{self._request}/response":
            return 404
        if self.answered.is_set():
            return 400
        if len(body) > _LARGEST:
            failed = True
            text = f"Response payload size exceeded maximum allowed payload size ({_LARGEST} bytes)."
            body = json.dumps({"errorType": "Function.ResponseSizeTooLarge", "errorMessage": text}).encode()
        self._payload, self._error = body.decode("utf-8", "replace"), "Unhandled" if failed else None
        self.answered.set()
        return 202

    def _handler(api) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if self.path == f"{_PREFIX}/invocation/next":
                    with contextlib.suppress(ConnectionError):  # who waited for a second event is gone
                        self._answer(*api._next())
                else:
                    self._answer(404, {}, b"")

            def do_POST(self) -> None:
                status = api._post(self.path, self._body())
                self._answer(
                    status, {"Content-Type": "application/json"}, b'{"status":"OK"}' if status == 202 else b"{}"
                )

            def _body(self) -> bytes:
                if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length") or 0))
                parts = []
                while size := int(self.rfile.readline().split(b";")[0] or b"0", 16):
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                while self.rfile.readline().strip():
                    pass  # trailers
                return b"".join(parts)

            def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing: the function's log is its own."""

        return Handler
