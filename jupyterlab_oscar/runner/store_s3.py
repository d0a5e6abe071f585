"""A prefix of a bucket as the store of a job: conditional puts instead of links."""

from __future__ import annotations

import base64
import io
import os
import re
import tempfile
import uuid
from pathlib import Path
from typing import Any, BinaryIO
from zlib import crc32

from . import guard
from .errors import TaskError
from .s3 import S3, Keys, ObjectFile, Refused, joined
from .store import Output, missing

#: Of this process: where inputs `s3://bucket/key` are looked for.
_current: list[S3] = []


class S3Store:
    """Keys come from the environment, or from the files that a cluster gives to its jobs."""

    remote = True

    def __init__(self, described: dict[str, Any]) -> None:
        self.client = client_of(described["endpoint"], described.get("region") or "us-east-1")
        self.bucket: str = described["bucket"]
        self.prefix: str = described.get("prefix") or ""
        _current[:] = [self.client]

    def _key(self, name: str) -> str:
        return joined((self.prefix, name))

    def begin(self, name: str, attempt: int) -> Output:
        """A file of this machine, put into the bucket when it is complete."""
        handle, path = tempfile.mkstemp(prefix="oscar-part-")
        os.close(handle)
        return Output(Path(path), name, self.publish)

    def publish(self, path: Path, name: str) -> bool:
        """Put a complete file, unless there is one of this name."""
        guard.check()
        own = uuid.uuid4().hex
        headers = {"If-None-Match": "*", "X-Amz-Meta-Oscar-Put": own}
        try:
            self.client.put(self.bucket, self._key(name), path, headers)
        except Refused as error:
            if error.status == 412:
                # When an answer was lost, what is there may be what was put a moment ago.
                return self.client.head(self.bucket, self._key(name)).get("x-amz-meta-oscar-put") == own
            raise self._refused(name, error) from error
        return True

    def size(self, name: str) -> int:
        """Bytes of an object."""
        try:
            return int(self.client.head(self.bucket, self._key(name)).get("content-length", "0"))
        except Refused as error:
            raise self._refused(name, error) from error

    def read(self, name: str, offset: int = 0, length: int | None = None) -> bytes:
        """A piece of an object, or all of it."""
        size = self.size(name) if length is None else offset + length
        with self.stream(name, offset, size - offset) as file:
            return b"".join(iter(lambda: file.read(1 << 20), b""))

    def stream(self, name: str, offset: int, length: int) -> BinaryIO:
        """A piece of an object, to be read from its start on."""
        last = offset + length
        raw = ObjectFile(
            self.client, self.bucket, self._key(name), "", last, offset, last, lambda error: self._refused(name, error)
        )
        return io.BufferedReader(raw, 1 << 20)  # type: ignore[return-value]

    def tail(self, name: str, length: int) -> tuple[bytes, int]:
        """The last bytes of an object, and its size."""
        size = self.size(name)
        offset = max(0, size - length)
        return self.read(name, offset, size - offset), size

    def write(self, name: str, data: bytes) -> None:
        """A whole object, in the place of one that is there."""
        guard.check()
        try:
            self.client.put(self.bucket, self._key(name), data)
        except Refused as error:
            raise self._refused(name, error) from error

    def remove(self, names: list[str]) -> None:
        """Take back what was published by an attempt that cannot be completed."""
        for name in names:
            self.client.delete(self.bucket, self._key(name))

    def scratch(self) -> Path:
        """A folder of this machine for spills."""
        return Path(tempfile.gettempdir())

    def described(self, name: str) -> dict[str, Any] | None:
        """Size and checksum of an object that is there."""
        try:
            size = self.size(name)
        except TaskError:
            return None
        crc = 0
        with self.stream(name, 0, size) as file:
            for piece in iter(lambda: file.read(1 << 20), b""):
                crc = crc32(piece, crc)
        return {"name": name, "size": size, "crc32": crc}

    def _refused(self, name: str, error: Refused) -> TaskError:
        if error.status == 404 and error.code != "NoSuchBucket":
            return missing(name)
        return TaskError("output", error.code, f"s3://{self.bucket}/{self._key(name)}: the store answers {error}.")


def open_object(uri: str, version: str, size: int, offset: int, stop: int) -> BinaryIO:
    """An input ``s3://bucket/key``."""
    bucket, _, key = uri[len("s3://") :].partition("/")
    if not _current:
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
        _current.append(client_of(endpoint or f"https://s3.{region}.amazonaws.com", region))
    return ObjectFile(_current[0], bucket, key, version.strip('"'), size, offset, stop)  # type: ignore[return-value]


def client_of(endpoint: str, region: str) -> S3:
    """A client with the keys of this process. Raises TaskError when there are none."""
    verify = os.environ.get("OSCAR_RUNNER_INSECURE") != "1"
    access, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    if access and secret:
        return S3(endpoint, region, Keys(access, secret, os.environ.get("AWS_SESSION_TOKEN") or ""), verify)
    found = _provider_files() or _function_config()
    if found is None:
        raise TaskError(
            "output",
            "NoCredentials",
            f"The worker has no keys for {endpoint}: neither in its environment nor from its cluster.",
        )
    return S3(endpoint, region, found, verify)


def _provider_files() -> Keys | None:
    root = os.environ.get("OSCAR_PROVIDERS_DIR") or str(Path(os.sep, "var", "run", "secrets", "providers"))
    folder = Path(root, "minio.default")
    try:
        return Keys((folder / "accessKey").read_text().strip(), (folder / "secretKey").read_text().strip())
    except OSError:
        return None


def _function_config() -> Keys | None:
    """Keys of ``minio.default`` in the definition of the service that this is a job of."""
    text = os.environ.get("FUNCTION_CONFIG")
    if text:
        text = base64.b64decode(text).decode("utf-8", "replace")
    else:
        path = Path(os.sep, "oscar", "config", "function_config.yaml")
        if not path.is_file():
            return None
        text = path.read_text(encoding="utf-8", errors="replace")
    found = {}
    for name in ("access_key", "secret_key"):
        # In the file, `minio` comes with its providers below it, `default` among them.
        match = re.search(rf"minio:\s.*?default:\s.*?\b{name}[\"']?:\s*[\"']?([^\s\"',}}]+)", text, re.S)
        if match is None or match.group(1) == "hidden":
            return None
        found[name] = match.group(1)
    return Keys(found["access_key"], found["secret_key"])
