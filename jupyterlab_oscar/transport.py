"""HTTP over the bridge's unix socket, with the standard library alone."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any
from urllib.parse import quote, urlencode

from .bridge_detached import connect_or_spawn
from .endpoint import Endpoint
from .errors import BridgeUnavailable, OscarError, error_from, make_problem

CHUNK = 256 * 1024
#: Type of a body that names a file instead of holding it.
FILE_REFERENCE = "application/vnd.oscar.file+json"

Body = bytes | str | IO[bytes] | Iterable[bytes] | None


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", blocksize=CHUNK)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.sock.connect(self._path)
        except OSError:
            self.sock.close()
            raise


def path(*parts: str) -> str:
    """Join parts of a path below ``/v1``, each escaped by itself."""
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)


class Transport:
    """Sends requests to a bridge; a connection for each, so that it can be used by several threads.

    Parameters
    ----------
    endpoint
        Where the bridge is; default: found or started when the first request is made.
    client
        Who asks: ``kernel`` or ``cli``, for the bridge's log.
    """

    def __init__(self, endpoint: Endpoint | None = None, *, client: str = "kernel") -> None:
        self._endpoint = endpoint
        self._given = endpoint is not None
        self._client = client
        self._lock = threading.Lock()

    @property
    def endpoint(self) -> Endpoint:
        """The bridge that is used."""
        with self._lock:
            if self._endpoint is None:
                self._endpoint = connect_or_spawn()
            return self._endpoint

    def open(
        self,
        method: str,
        target: str,
        body: Body = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> http.client.HTTPResponse:
        """Send a request; returns the answer, its body still to be read.

        Raises
        ------
        OscarError
            When the bridge says that it did not work, or cannot be reached.
        """
        kept = {name: _plain(value) for name, value in (query or {}).items() if value is not None}
        full = target + ("?" + urlencode(kept) if kept else "")
        # A private bridge may have gone idle since the last call: look for another, once, when nothing was
        # sent.
        for last in (False, True):
            endpoint = self.endpoint
            connection = _UnixConnection(endpoint.socket)
            try:
                connection.connect()
            except OSError as error:
                if last or self._given:
                    raise _unavailable(f"Its socket does not answer: {error.strerror or error}.") from error
                with self._lock:
                    self._endpoint = None
                continue
            return self._exchange(connection, endpoint, method, full, body, headers)
        raise AssertionError("not reached")

    def _exchange(
        self,
        connection: _UnixConnection,
        endpoint: Endpoint,
        method: str,
        target: str,
        body: Body,
        headers: Mapping[str, str] | None,
    ) -> http.client.HTTPResponse:
        sent = {
            "Authorization": f"Bearer {endpoint.secret}",
            "X-OSCAR-Client": self._client,
            "Connection": "close",
            **(headers or {}),
        }
        try:
            # A broken pipe: it has answered before the body was through, and the answer says why.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, target, body=body, headers=sent)
            answer = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise _unavailable(f"It ended before it answered ({type(error).__name__}).") from error
        except BaseException:
            # Interrupted: the closed connection tells the bridge that nobody waits any more.
            connection.close()
            raise
        if answer.status >= 400:
            with answer:
                raise _error(answer)
        return answer

    def json(
        self,
        method: str,
        target: str,
        value: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
    ) -> Any:
        """Send a value as JSON and return the answer's value (None when it has no body)."""
        body = None if value is None else json.dumps(value).encode()
        headers = {} if value is None else {"Content-Type": "application/json"}
        with self.open(method, target, body, query=query, headers=headers) as answer:
            text = _read(answer)
        return json.loads(text) if text else None

    def read(self, target: str, *, query: Mapping[str, Any] | None = None) -> bytes:
        """Get the whole body of an answer."""
        with self.open("GET", target, query=query) as answer:
            return _read(answer)

    def pieces(self, target: str, *, query: Mapping[str, Any] | None = None) -> Iterator[bytes]:
        """Get a body as it comes.

        Raises
        ------
        BridgeUnavailable
            When it breaks off in the middle.
        """
        with self.open("GET", target, query=query) as answer:
            while piece := _read(answer, CHUNK):
                yield piece
            if answer.length:
                raise _unavailable("It ended in the middle of an answer.")

    def events(self, last: str | None = None) -> Iterator[tuple[str, str, Any]]:
        """Follow what changes: ``(id, type, data)`` for each event, until the bridge says good-bye.

        Parameters
        ----------
        last
            Id of the last event that was seen; what came after it is repeated.
        """
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last} if last else {})}
        with self.open("GET", path("events"), headers=headers) as answer:
            identifier, kind, data = "", "message", []
            while raw := answer.readline():
                line = raw.decode("utf-8").rstrip("\r\n")
                if not line:
                    if data:
                        yield identifier, kind, json.loads("\n".join(data))
                    kind, data = "message", []
                    continue
                name, _, text = line.partition(":")
                text = text.removeprefix(" ")
                if name == "id":
                    identifier = text
                elif name == "event":
                    kind = text
                elif name == "data":
                    data.append(text)

    def file_size(self, file: IO[bytes]) -> int | None:
        """Bytes from here to the end of a file; None for a pipe."""
        try:
            here = file.tell()
            return os.fstat(file.fileno()).st_size - here
        except (OSError, ValueError, AttributeError):
            return None


def _plain(value: Any) -> str:
    return {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _read(answer: http.client.HTTPResponse, size: int | None = None) -> bytes:
    try:
        # read1 hands out what is there: a followed log must not wait until a block is full.
        return answer.read() if size is None else answer.read1(size)
    except (OSError, http.client.HTTPException) as error:
        raise _unavailable("It ended in the middle of an answer.") from error


def _error(answer: http.client.HTTPResponse) -> OscarError:
    text = _read(answer)
    try:
        problem = json.loads(text)
        if not isinstance(problem, dict) or "detail" not in problem:
            raise ValueError("no problem document")
    except ValueError:
        problem = make_problem(
            "server",
            answer.reason or "Unknown problem",
            answer.status,
            text.decode("utf-8", "replace")[:500] or f"The bridge answered with status {answer.status}.",
        )
    return error_from(problem)


def _unavailable(detail: str) -> BridgeUnavailable:
    return BridgeUnavailable(
        make_problem("bridge-unavailable", "The bridge does not answer", 503, detail, action="Try again.")
    )
