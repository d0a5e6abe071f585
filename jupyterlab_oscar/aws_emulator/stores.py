"""Where inputs come from and outputs go: S3 of the emulator, S3 with keys of its own, MinIO."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.client import BaseClient
from botocore.config import Config

#: Files up to this size (bytes) go in one request.
_AT_ONCE = 16 * 1024 * 1024


class StorageProblem(Exception):
    """A storage provider cannot be used."""


class Stores:
    """Clients of the storages that functions name.

    Parameters
    ----------
    endpoint
        Of the emulator.
    key, secret
        What functions call it with.
    region
        Where functions run.
    """

    def __init__(self, endpoint: str, key: str, secret: str, region: str) -> None:
        self._endpoint = endpoint
        self._keys = (key, secret)
        self._region = region
        self._clients: dict[tuple[Any, ...], BaseClient] = {}
        self._lock = threading.Lock()

    def own(self, service: str, region: str | None = None) -> Any:
        """A client of the emulator, with the rights of the functions' role."""
        return self._client(service, self._endpoint, *self._keys, region or self._region, True)

    def of(self, kind: str, identifier: str, providers: Mapping[str, Any], region: str) -> Any:
        """Client of a storage provider: ``s3`` or ``minio``, and its id.

        Raises
        ------
        StorageProblem
            When it is not defined, or of a kind that the emulator lacks.
        """
        if kind not in ("s3", "minio"):
            raise StorageProblem(f"The emulator cannot use storage providers of the kind {kind}: only s3 and minio.")
        given = (providers.get(kind) or {}).get(identifier)
        if not given:
            if kind == "s3" and identifier == "default":
                return self.own("s3", region)
            raise StorageProblem(f"The storage provider {kind}.{identifier} is not defined.")
        if not given.get("access_key") or not given.get("secret_key"):
            raise StorageProblem(f"The storage provider {kind}.{identifier} has no access_key or no secret_key.")
        endpoint = given.get("endpoint") or (self._endpoint if kind == "s3" else None)
        if not endpoint:
            raise StorageProblem(f"The storage provider minio.{identifier} has no endpoint.")
        return self._client(
            "s3",
            str(endpoint),
            str(given["access_key"]),
            str(given["secret_key"]),
            str(given.get("region") or region),
            given.get("verify", True) not in (False, "false", "False"),
        )

    def _client(self, service: str, endpoint: str, key: str, secret: str, region: str, verify: bool) -> Any:
        wanted = (service, endpoint, key, secret, region, verify)
        with self._lock:
            found = self._clients.get(wanted)
            if found is None:
                found = self._clients[wanted] = boto3.session.Session().client(
                    service,
                    endpoint_url=endpoint,
                    aws_access_key_id=key,
                    aws_secret_access_key=secret,
                    region_name=region,
                    verify=verify,
                    config=Config(
                        s3={"addressing_style": "path"},
                        max_pool_connections=64,
                        retries={"max_attempts": 2},
                        connect_timeout=10,
                        ignore_configured_endpoint_urls=True,
                    ),
                )
            return found


def split_provider(text: Any) -> tuple[str, str]:
    """``minio.mine`` → (``minio``, ``mine``); without an id it is ``default``."""
    kind, _, identifier = str(text or "").partition(".")
    return kind.lower(), identifier or "default"


def download(client: Any, bucket: str, key: str, target: Path) -> None:
    """Fetch an object to a file."""
    with target.open("wb") as file:
        # One request and no threads: most objects are small, and there may be thousands of calls.
        shutil.copyfileobj(client.get_object(Bucket=bucket, Key=key)["Body"], file)


def upload(client: Any, file: Path, name: str, path: str) -> str:
    """Store a file below ``bucket/folder``; returns its bucket and key."""
    bucket, _, folder = path.strip("/").partition("/")
    key = f"{folder}/{name}" if folder else name
    with file.open("rb") as content:
        if file.stat().st_size <= _AT_ONCE:
            client.put_object(Bucket=bucket, Key=key, Body=content)
        else:
            client.upload_fileobj(content, bucket, key)
    return f"{bucket}/{key}"
