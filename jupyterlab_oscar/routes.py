"""Handlers below ``<base_url>jupyterlab-oscar/``: Jupyter's checks first, then on to the bridge, as it is.

Login, authoriser and XSRF are checked in ``prepare()``, before the first byte of a body is taken: with a
streamed body the decorators on ``post()`` would run after the whole of it had arrived.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from jupyter_server.auth.decorator import authorized
from jupyter_server.auth.utils import HTTP_METHOD_TO_AUTH_ACTION
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import ensure_async
from tornado.httputil import HTTPHeaders, ResponseStartLine, responses
from tornado.iostream import IOStream, StreamClosedError
from tornado.web import HTTPError, authenticated, stream_request_body

from .errors import Problem, make_problem
from .proxy import CHUNK, Exchange, connect

if TYPE_CHECKING:
    from .extension import OscarExtension

AUTH_RESOURCE = "jupyterlab-oscar"
PROBLEM_TYPE = "application/problem+json"

_MARK = "/jupyterlab-oscar/v1/"
#: Belong to one connection, not to the message (RFC 9110 §7.6.1).
_HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
#: Jupyter's own business with the browser: the bridge, and a service exposed behind it, must not see it.
_PRIVATE = {"cookie", "authorization", "host", "origin", "referer", "x-xsrftoken", "x-oscar-client", "expect"}
_BODILESS = {"GET", "HEAD", "OPTIONS"}


class _Handler(APIHandler):
    auth_resource = AUTH_RESOURCE

    def initialize(self, extension: OscarExtension) -> None:
        self.extension = extension

    async def prepare(self) -> None:  # type: ignore[override]
        await super().prepare()
        if self._finished:
            return
        if self.current_user is None:
            raise HTTPError(403, "Log in to Jupyter first.")
        action = HTTP_METHOD_TO_AUTH_ACTION[(self.request.method or "GET").upper()]
        if not await ensure_async(self.authorizer.is_authorized(self, self.current_user, action, self.auth_resource)):
            raise HTTPError(403, f"You are not allowed to {action} here.")
        if self.extension.is_guest(self.current_user):
            raise _Refused(_guest())
        # A page that only looks must not keep a forgotten server alive.
        self._track_activity = action == "write" or action == "execute"

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Write what went wrong as a problem document, as everything of the bridge does."""
        error = kwargs.get("exc_info", (None, None))[1]
        title = responses.get(status_code, "Unknown problem")
        problem: Problem
        if isinstance(error, _Refused):
            problem = error.problem
        elif isinstance(error, HTTPError):
            detail = error.log_message or error.reason or title
            kind = {401: "forbidden", 403: "forbidden", 404: "not-found", 405: "invalid"}.get(status_code, "server")
            problem = make_problem(kind, title, status_code, detail)
        else:
            problem = make_problem("server", title, status_code, "The Jupyter server met an error; its log tells more.")
        self.set_header("Content-Type", PROBLEM_TYPE)
        self.set_header("Cache-Control", "no-store")
        # APIHandler.finish would call it application/json.
        self.finish(json.dumps(problem), set_content_type=PROBLEM_TYPE)


class _Refused(HTTPError):
    """Ends a request with a problem document."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(int(problem["status"]), "%s", problem["detail"])
        self.problem = problem


def _guest() -> Problem:
    return make_problem(
        "forbidden",
        "This server is somebody else's",
        403,
        "Clusters are used with the credentials of the server's owner, and so by the owner alone.",
        action="Open your own server. Whoever runs this hub can allow guests with OscarExtension.allow_guests.",
    )


class BridgeHandler(_Handler):
    """``GET bridge``: the state of the bridge, without waking it."""

    @authenticated
    @authorized
    async def get(self) -> None:
        bridge = self.extension.bridge
        self.set_header("Cache-Control", "no-store")
        if bridge is None:
            problem = self.extension.problem
            self.finish(json.dumps({"state": "failed", "problem": problem} if problem else {"state": "idle"}))
            return
        self.finish(json.dumps(bridge.describe()))


class RetryHandler(_Handler):
    """``POST bridge/retry``: forget a failure."""

    @authenticated
    @authorized
    async def post(self) -> None:
        bridge = self.extension.bridge
        if bridge is not None:
            bridge.retry()
        self.extension.user_acted()
        self.set_status(204)
        self.finish()


@stream_request_body
class ProxyHandler(_Handler):
    """``v1/…``: carries one request to the bridge and its answer back, piece by piece."""

    SUPPORTED_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

    _exchange: Exchange | None = None
    _receiving: asyncio.Task[bool] | None = None
    _client_gone = False

    async def prepare(self) -> None:
        await super().prepare()
        if self._finished:
            return
        # Jupyter's limit holds for bodies it keeps in memory; this one is passed on as it comes.
        self.request.connection.set_max_body_size(1 << 62)  # type: ignore[union-attr]
        # Bytes and lengths are handed on as they are: no compression on the way.
        self._transforms = []
        bridge = self.extension.bridge
        if bridge is None:
            raise _Refused(self.extension.problem or _gone("The Jupyter server is ending."))
        refusal = bridge.refusal()
        if refusal is not None:
            raise _Refused({**refusal, "status": 503})
        if self._track_activity:
            self.extension.user_acted()
        if self.request.method not in _BODILESS:
            await self._begin()

    async def data_received(self, chunk: bytes) -> None:  # type: ignore[override]
        exchange = self._exchange
        if exchange is None or exchange.answered or self._receiving is None or self._receiving.done():
            return  # an early answer: the rest of the body is of no interest to the bridge
        try:
            await exchange.send(chunk)
        except StreamClosedError:
            return  # it has answered and closed, or it is gone: the answer's reader tells which

    @authenticated
    @authorized
    async def get(self) -> None:
        await self._carry()

    head = post = put = patch = delete = get

    @authenticated
    async def options(self, *args: str, **kwargs: str) -> None:
        await self._carry()

    # -- the exchange --

    async def _begin(self) -> None:
        bridge = self.extension.bridge
        if bridge is None:
            raise _Refused(self.extension.problem or _gone("The Jupyter server is ending."))
        self._ready = asyncio.Event()
        try:
            stream = await connect(str(bridge.socket_path))
        except OSError as error:
            raise _Refused(_gone(f"Its socket does not answer: {error.strerror or error}.")) from error
        exchange = Exchange(stream, self._on_head, self._on_data)
        self._exchange = exchange
        try:
            await exchange.send_head(self.request.method or "GET", self._target(), self._request_headers())
        except StreamClosedError as error:
            raise _Refused(_gone("It ended while the request was sent.")) from error
        self._receiving = asyncio.ensure_future(exchange.receive())
        # Its result is taken in _carry; a request that is given up before never gets there.
        self._receiving.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def _carry(self) -> None:
        if self._is_upgrade():
            await self._tunnel()
            return
        attempts = 2 if self.request.method in _BODILESS else 1
        for attempt in range(1, attempts + 1):
            if self._exchange is None or attempt > 1:
                await self._begin()
            exchange, receiving = self._exchange, self._receiving
            assert exchange is not None and receiving is not None
            with contextlib.suppress(StreamClosedError):
                await exchange.end_of_request()
            self._ready.set()
            try:
                whole = await receiving
            except StreamClosedError:
                whole = False
            finally:
                exchange.close()
            if self._client_gone:
                return
            if whole:
                self.finish()
                return
            if exchange.answered:
                # Half an answer must not look like a whole one: end the connection without the end of the
                # body.
                self.detach().close()
                return
            # Nothing came back: it ended just as it was called (idle). A read may simply be asked again.
        bridge = self.extension.bridge
        refusal = bridge.refusal() if bridge is not None else None
        raise _Refused(refusal or _gone("It ended before it answered."))

    async def _on_head(self, line: ResponseStartLine, headers: HTTPHeaders) -> None:
        await self._ready.wait()
        self.set_status(line.code, line.reason or "Unknown")
        if "Content-Security-Policy" in headers:
            self.clear_header("Content-Security-Policy")
        self.clear_header("Content-Type")
        dropped = _HOP_BY_HOP | _named_by_connection(headers) | {"set-cookie", "server", "date"}
        seen: set[str] = set()
        for name, value in headers.get_all():
            lower = name.lower()
            if lower in dropped:
                continue
            if lower in seen:
                self.add_header(name, value)
            else:
                self.set_header(name, value)
                seen.add(lower)
        self.set_header("X-Accel-Buffering", "no")
        await self._flush()

    async def _on_data(self, chunk: bytes) -> None:
        self.write(chunk)
        await self._flush()

    async def _flush(self) -> None:
        if self._client_gone:
            raise StreamClosedError()
        await self.flush()

    def on_connection_close(self) -> None:
        """Tell the bridge that the caller is gone: it may cancel what nobody waits for."""
        self._client_gone = True
        if self._exchange is not None:
            self._exchange.close()
        super().on_connection_close()

    def on_finish(self) -> None:
        if self._exchange is not None:
            self._exchange.close()
        super().on_finish()

    def compute_etag(self) -> str | None:
        """Leave entity tags to the bridge."""
        return None

    # -- what is sent --

    def _target(self) -> str:
        path, _, query = self.request.uri.partition("?")  # type: ignore[union-attr]
        # As it came: object keys hold percent-encoded slashes that a decoded path would lose.
        target = "/v1/" + path.split(_MARK, 1)[1]
        exposed = "/exposed/" in target
        kept = [part for part in query.split("&") if part and not self._is_private_argument(part, exposed)]
        return target + ("?" + "&".join(kept) if kept else "")

    def _is_private_argument(self, part: str, exposed: bool) -> bool:
        name, _, value = part.partition("=")
        name = unquote(name)
        if name in ("_xsrf", "no_track_activity"):
            return True
        # A token in the URL is the way into Jupyter; an exposed service may have a token of its own.
        return name == "token" and (not exposed or unquote(value) == self.identity_provider.token)

    def _request_headers(self) -> HTTPHeaders:
        dropped = _HOP_BY_HOP | _PRIVATE | _named_by_connection(self.request.headers)
        headers = HTTPHeaders()
        for name, value in self.request.headers.get_all():
            if name.lower() not in dropped:
                headers.add(name, value)
        bridge = self.extension.bridge
        assert bridge is not None
        headers["Host"] = "localhost"
        headers["Authorization"] = f"Bearer {bridge.secret}"
        headers["X-OSCAR-Client"] = "page"
        headers["Connection"] = "close"
        return headers

    # -- WebSockets of exposed services --

    def _is_upgrade(self) -> bool:
        return self.request.method == "GET" and self.request.headers.get("Upgrade", "").lower() == "websocket"

    async def _tunnel(self) -> None:
        """Join the two connections: what a WebSocket says is nobody's business in between."""
        if not re.search(r"/services/[^/]+/exposed/", self.request.path):
            raise HTTPError(400, "Only exposed services take WebSockets.")
        if not self.check_origin():
            raise HTTPError(403, "A page of another origin cannot open this WebSocket.")
        bridge = self.extension.bridge
        if bridge is None:
            raise _Refused(self.extension.problem or _gone("The Jupyter server is ending."))
        try:
            upstream = await connect(str(bridge.socket_path))
        except OSError as error:
            raise _Refused(_gone(f"Its socket does not answer: {error.strerror or error}.")) from error
        headers = self._request_headers()
        headers["Connection"] = "Upgrade"
        headers["Upgrade"] = "websocket"
        head = f"GET {self._target()} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in headers.get_all()) + "\r\n"
        downstream = self.detach()
        try:
            await upstream.write(head.encode("latin-1"))
            await asyncio.gather(_pour(downstream, upstream), _pour(upstream, downstream))
        except StreamClosedError:
            self.log.debug("A WebSocket ended")
        finally:
            upstream.close()
            downstream.close()


async def _pour(source: IOStream, target: IOStream) -> None:
    try:
        while True:
            await target.write(await source.read_bytes(CHUNK, partial=True))
    finally:
        target.close()


def _named_by_connection(headers: HTTPHeaders) -> set[str]:
    return {name.strip().lower() for value in headers.get_list("Connection") for name in value.split(",")}


def _gone(detail: str) -> Problem:
    return make_problem(
        "bridge-unavailable", "The bridge does not answer", 503, detail, action="Try again in a moment."
    )
