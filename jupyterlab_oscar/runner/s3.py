"""An S3 client as small as it can be: signature version 4, path style, retries with back-off, ranged reads."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import http.client
import io
import random
import re
import ssl
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from .errors import TaskError

ATTEMPTS = 6
#: Of one read or write on the connection, s.
TIMEOUT = 60
EMPTY = hashlib.sha256(b"").hexdigest()


class Refused(Exception):
    """The store answered with an error that another try does not mend."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{code} ({status})")
        self.status = status
        self.code = code


class Keys:
    """What requests are signed with."""

    def __init__(self, access: str, secret: str, token: str = "") -> None:
        self.access = access
        self.secret = secret
        self.token = token


class S3:
    """One endpoint.

    Parameters
    ----------
    endpoint
        ``http://host:port`` or ``https://…``.
    verify
        Whether its certificate is checked.
    """

    def __init__(self, endpoint: str, region: str, keys: Keys, verify: bool = True) -> None:
        parts = urlsplit(endpoint)
        self._host = parts.netloc
        self._secure = parts.scheme == "https"
        self._base = parts.path.rstrip("/")
        self._region = region or "us-east-1"
        self._keys = keys
        self._context = None
        if self._secure:
            self._context = ssl.create_default_context() if verify else ssl._create_unverified_context()

    def get(
        self, bucket: str, key: str, first: int | None = None, last: int | None = None, version: str | None = None
    ) -> Any:
        """The answer of a GET, to be read and closed; bytes ``first`` to ``last`` (both in it), or the last ``-first`` bytes.

        Raises Refused: 404 there is no such object, 412 it is another version, 416 there are no such bytes.
        """
        headers = {}
        if first is not None:
            headers["Range"] = f"bytes={first}" if first < 0 else f"bytes={first}-{'' if last is None else last}"
        if version:
            headers["If-Match"] = f'"{version}"'
        return self._call("GET", bucket, key, headers=headers)

    def head(self, bucket: str, key: str) -> dict[str, str]:
        """Headers of an object, names in lower case."""
        answer = self._call("HEAD", bucket, key)
        answer.close()
        return {name.lower(): value for name, value in answer.getheaders()}

    def put(self, bucket: str, key: str, body: bytes | Path, headers: dict[str, str] | None = None) -> None:
        """Write an object at once. Raises Refused, 412 when ``If-None-Match: *`` was asked for and it is there."""
        self._call("PUT", bucket, key, body=body, headers=headers).close()

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object."""
        self._call("DELETE", bucket, key).close()

    def _call(
        self,
        method: str,
        bucket: str,
        key: str,
        body: bytes | Path | None = None,
        headers: dict[str, str] | None = None,
    ) -> Any:
        path = f"{self._base}/{quote(bucket)}/{quote(key, safe='/-_.~')}"
        digest = _digest(body)
        problem = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(min(0.2 * 2**attempt, 8) * (0.5 + random.random()))
            try:
                answer = self._send(method, path, body, digest, dict(headers or {}))
            except (OSError, http.client.HTTPException) as error:
                problem = str(error) or type(error).__name__
                continue
            if answer.status < 300:
                return answer
            code = _code(answer)
            answer.close()
            passing = answer.status >= 500 and answer.status != 501
            if (
                not passing
                and answer.status != 429
                and code not in ("RequestTimeTooSkewed", "ConditionalRequestConflict")
            ):
                raise Refused(answer.status, code)
            problem = f"{code} ({answer.status})"
        raise TaskError("lost", "StorageError", f"{method} of s3://{bucket}/{key} failed {ATTEMPTS} times: {problem}.")

    def _send(self, method: str, path: str, body: bytes | Path | None, digest: str, headers: dict[str, str]) -> Any:
        kind: Any = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        more = {"context": self._context} if self._secure else {}
        connection = kind(self._host, timeout=TIMEOUT, **more)
        signed = self._sign(method, path, digest, headers)
        try:
            if isinstance(body, Path):
                headers["Content-Length"] = str(body.stat().st_size)
                with body.open("rb") as file:
                    connection.request(method, path, body=file, headers={**headers, **signed})
            else:
                connection.request(method, path, body=body, headers={**headers, **signed})
            # The answer keeps the connection open until it is read or closed.
            return connection.getresponse()
        except BaseException:
            connection.close()
            raise

    def _sign(self, method: str, path: str, digest: str, more: dict[str, str]) -> dict[str, str]:
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        headers = {"Host": self._host, "X-Amz-Content-Sha256": digest, "X-Amz-Date": now}
        if self._keys.token:
            headers["X-Amz-Security-Token"] = self._keys.token
        # Headers of the protocol must be signed, whatever else is.
        headers.update({name: value for name, value in more.items() if name.lower().startswith("x-amz-")})
        values = {name.lower(): value for name, value in headers.items()}
        names = sorted(values)
        scope = "/".join((now[:8], self._region, "s3", "aws4_request"))
        canonical = "\n".join(
            [method, path, "", *(f"{name}:{values[name]}" for name in names), "", ";".join(names), digest]
        )
        text = "\n".join(("AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()))
        key = ("AWS4" + self._keys.secret).encode()
        for part in scope.split("/"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self._keys.access}/{scope}, SignedHeaders={';'.join(names)}, Signature={signature}"
        )
        return headers


def _digest(body: bytes | Path | None) -> str:
    if body is None:
        return EMPTY
    if isinstance(body, bytes):
        return hashlib.sha256(body).hexdigest()
    sums = hashlib.sha256()
    with body.open("rb") as file:
        for piece in iter(lambda: file.read(1 << 20), b""):
            sums.update(piece)
    return sums.hexdigest()


def _code(answer: Any) -> str:
    match = re.search(rb"<Code>(.*?)</Code>", answer.read(64 << 10))
    return match.group(1).decode("utf-8", "replace") if match else f"HTTP {answer.status}"


class ObjectFile(io.RawIOBase):
    """An object to be read from any place on. Reads go on where a connection was cut.

    Parameters
    ----------
    stop
        What is asked for at once; behind it, requests are made as they are needed.
    refused
        What a refusal means; default: that of an input.
    """

    def __init__(
        self,
        client: S3,
        bucket: str,
        key: str,
        version: str,
        size: int,
        offset: int,
        stop: int,
        refused: Callable[[Refused], TaskError] | None = None,
    ) -> None:
        super().__init__()
        self._client = client
        self._bucket = bucket
        self._key = key
        self._version = version
        self._size = size
        self._place = offset
        self._stop = stop
        self._answer: Any = None
        self._until = 0
        self._refused = refused

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        if place != self._place:
            self._drop()
            self._place = place
        return place

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def read(self, size: int = -1) -> bytes:
        """As of a raw file: at least one byte unless it is the end."""
        if size < 0:
            return b"".join(iter(lambda: self.read(1 << 20), b""))
        for attempt in range(ATTEMPTS):
            if self._place >= self._size or size == 0:
                return b""
            if self._answer is None:
                self._until = min(self._size, max(self._stop, self._place + max(size, 64 << 10)))
                self._answer = self._open()
            try:
                data: bytes = self._answer.read(min(size, self._until - self._place))
            except (OSError, http.client.HTTPException):
                data = b""
            self._place += len(data)
            if data:
                if self._place >= self._until:
                    self._drop()
                return data
            self._drop()
            time.sleep(0.1 * 2**attempt)
        raise TaskError("lost", "StorageError", f"s3://{self._bucket}/{self._key} ends too early.")

    def _open(self) -> Any:
        try:
            return self._client.get(self._bucket, self._key, self._place, self._until - 1, self._version)
        except Refused as error:
            if self._refused is not None:
                raise self._refused(error) from error
            raise unreadable(f"s3://{self._bucket}/{self._key}", error) from error

    def _drop(self) -> None:
        if self._answer is not None:
            self._answer.close()
            self._answer = None

    def close(self) -> None:
        self._drop()
        super().close()


def unreadable(uri: str, error: Refused) -> TaskError:
    """What a refusal means for an input."""
    if error.status == 412:
        return TaskError(
            "input", "InputChanged", f"{uri} was changed during the job. Start the job again when nobody writes to it."
        )
    if error.status == 404:
        return TaskError("input", "FileNotFoundError", f"{uri} was removed during the job.")
    return TaskError("input", "StorageError", f"{uri} cannot be read: {error}.")


def joined(pieces: Iterable[str]) -> str:
    """Parts of a key, empty ones left out."""
    return "/".join(piece.strip("/") for piece in pieces if piece.strip("/"))
