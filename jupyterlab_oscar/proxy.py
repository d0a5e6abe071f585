"""One HTTP exchange with the bridge over its unix socket, streamed both ways with back-pressure.

Tornado's own client has ten requests at a time, limits and timeouts, and buffers; this speaks to the socket
with the same HTTP/1.1 machinery but without any of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from tornado.http1connection import HTTP1Connection, HTTP1ConnectionParameters
from tornado.httputil import HTTPHeaders, HTTPMessageDelegate, RequestStartLine, ResponseStartLine
from tornado.iostream import IOStream, StreamClosedError

if TYPE_CHECKING:
    from .bridge_process import BridgeProcess

CHUNK = 256 * 1024
#: No limit: sizes are the bridge's business, and nothing is kept here.
_UNLIMITED = 1 << 62


async def connect(path: str) -> IOStream:
    """Open a connection to a unix socket.

    Raises
    ------
    OSError
        When nobody listens.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.setblocking(False)
    try:
        for attempt in range(200):
            try:
                sock.connect(path)
                break
            except BlockingIOError:  # the queue of the listener is full
                await asyncio.sleep(0.005 * (1 + attempt // 20))
        else:
            raise ConnectionRefusedError("the bridge does not take connections")
    except OSError:
        sock.close()
        raise
    return IOStream(sock, max_buffer_size=4 * CHUNK, read_chunk_size=CHUNK)


class Exchange(HTTPMessageDelegate):
    """A request to the bridge and its answer.

    Parameters
    ----------
    stream
        A fresh connection.
    on_head, on_data
        Called with the head and each piece of the answer; the next piece is read when they are done.
    """

    def __init__(
        self,
        stream: IOStream,
        on_head: Callable[[ResponseStartLine, HTTPHeaders], Awaitable[None]],
        on_data: Callable[[bytes], Awaitable[None]],
    ) -> None:
        parameters = HTTP1ConnectionParameters(
            no_keep_alive=True,
            chunk_size=CHUNK,
            max_header_size=256 * 1024,
            max_body_size=_UNLIMITED,
            decompress=False,
        )
        self._reader = stream
        # A second descriptor of the same socket, for the body. When the bridge answers early and closes, writing
        # fails, and that must not take away the answer that waits to be read. No IOStream, which reads while it
        # is idle to learn of the end, and would swallow the answer.
        self._writer = stream.socket.dup()
        self._writer.setblocking(False)
        self._sending = False
        self._closed = False
        self._connection = HTTP1Connection(stream, True, parameters)
        self._chunked = False
        self._on_head = on_head
        self._on_data = on_data
        self._end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        #: True once the bridge has begun to answer.
        self.answered = False
        #: What went wrong while an answer was handed on (the reader of it went away, for instance).
        self.error: BaseException | None = None

    async def send_head(self, method: str, target: str, headers: HTTPHeaders) -> None:
        """Send the request's head. A body follows when the headers announce one."""
        self._chunked = method in ("POST", "PUT", "PATCH") and "Content-Length" not in headers
        await self._connection.write_headers(RequestStartLine(method, target, "HTTP/1.1"), headers)

    async def send(self, chunk: bytes) -> None:
        """Send a piece of the body; returns when the socket has taken it.

        Raises
        ------
        StreamClosedError
            When the bridge does not take more.
        """
        await self._write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if self._chunked else chunk)

    async def end_of_request(self) -> None:
        """Say that the body is complete."""
        if self._chunked:
            await self._write(b"0\r\n\r\n")

    async def _write(self, data: bytes) -> None:
        if self._closed:
            raise StreamClosedError()
        self._sending = True
        try:
            await asyncio.get_running_loop().sock_sendall(self._writer, data)
        except OSError as error:
            raise StreamClosedError(error) from error
        finally:
            self._sending = False
            if self._closed:
                self._writer.close()

    async def receive(self) -> bool:
        """Read the answer to its end; True when it came whole."""
        reading = asyncio.ensure_future(self._connection.read_response(self))
        try:
            await asyncio.wait({reading, self._end}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.close()
            # Closing ends it; what it says then has been told by the events before.
            reading.add_done_callback(lambda task: task.cancelled() or task.exception())
        if self.error is not None:
            raise self.error
        return self._end.done()

    def close(self) -> None:
        """Give up the connection; the bridge sees that its caller is gone."""
        if self._closed:
            return
        self._closed = True
        # The loop still watches the descriptor of a write under way: that write ends with an error, and closes it.
        with contextlib.suppress(OSError):
            self._writer.shutdown(socket.SHUT_RDWR)
        self._reader.close()
        if not self._sending:
            self._writer.close()

    # -- HTTPMessageDelegate: what the connection calls --

    async def headers_received(  # type: ignore[override]
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> None:
        assert isinstance(start_line, ResponseStartLine)
        if start_line.code < 200:
            return
        self.answered = True
        await self._guarded(self._on_head(start_line, headers))

    async def data_received(self, chunk: bytes) -> None:  # type: ignore[override]
        if self.error is None:
            await self._guarded(self._on_data(chunk))

    def finish(self) -> None:
        if self.error is None and not self._end.done():
            self._end.set_result(None)

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except BaseException as error:
            self.error = error
            self.close()
            if isinstance(error, asyncio.CancelledError):
                raise


async def fetch_json(bridge: BridgeProcess, target: str, *, client: str) -> dict[str, Any]:
    """Ask the bridge for a small JSON document.

    Raises
    ------
    OSError, ValueError
        When it does not answer, or not with success and JSON.
    """
    body = bytearray()
    status = 0

    async def on_head(line: ResponseStartLine, _: HTTPHeaders) -> None:
        nonlocal status
        status = line.code

    async def on_data(chunk: bytes) -> None:
        body.extend(chunk)

    exchange = Exchange(await connect(str(bridge.socket_path)), on_head, on_data)
    try:
        headers = HTTPHeaders(
            {
                "Host": "localhost",
                "Authorization": f"Bearer {bridge.secret}",
                "X-OSCAR-Client": client,
                "Connection": "close",
            }
        )
        await exchange.send_head("GET", target, headers)
        await exchange.end_of_request()
        if not await exchange.receive() or status != 200:
            raise ConnectionError(f"the bridge answered with status {status}")
        return json.loads(bytes(body))
    finally:
        exchange.close()
