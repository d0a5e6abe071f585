"""Buckets and objects, of a cluster or of AWS."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote

from .inputs import PathLike
from .results import Items

if TYPE_CHECKING:
    from .client import Bridge


class ObjectStore(ABC):
    """What has buckets."""

    _bridge: Bridge

    @abstractmethod
    def path(self, *parts: str) -> str:
        """A path below it."""

    def query(self) -> dict[str, Any]:
        """What each call says beside its path."""
        return {}

    def buckets(self) -> Items:
        """Its buckets."""
        return Items(self._json("GET", self.path("buckets"))["items"], ("name", "visibility", "owner"))

    def create_bucket(self, name: str) -> None:
        """Make a bucket."""
        self._json("POST", self.path("buckets"), {"name": name})

    def delete_bucket(self, name: str) -> None:
        """Remove a bucket."""
        self._json("DELETE", self.path("buckets", name))

    def objects(
        self, bucket: str, prefix: str = "", *, delimiter: str | None = None, page: str | None = None
    ) -> dict[str, Any]:
        """One page of objects: ``{items, prefixes, next?}``."""
        query = {"prefix": prefix, "delimiter": delimiter, "page": page}
        return self._json("GET", self.path("buckets", bucket, "objects"), query=query)

    def all_objects(self, bucket: str, prefix: str = "") -> Iterator[dict[str, Any]]:
        """All objects below a prefix, page by page."""
        page = None
        while True:
            answer = self.objects(bucket, prefix, page=page)
            yield from answer["items"]
            page = answer.get("next")
            if not page:
                return

    def put(self, file: PathLike | IO[bytes], bucket: str, key: str) -> None:
        """Store a file as an object. A file without a size (a pipe) is sent in chunks."""
        if isinstance(file, (str, os.PathLike)):
            with Path(file).open("rb") as opened:
                self.put(opened, bucket, key)
            return
        size = self._bridge.transport.file_size(file)
        headers = {"Content-Type": "application/octet-stream"}
        if size is not None:  # else http.client sends it in chunks
            headers["Content-Length"] = str(size)
        answer = self._bridge.transport.open(
            "PUT", self.object_path(bucket, key), file, query=self.query(), headers=headers
        )
        answer.close()

    def get(self, bucket: str, key: str) -> Iterator[bytes]:
        """The content of an object, piece by piece."""
        return self._bridge.transport.pieces(self.object_path(bucket, key), query=self.query())

    def remove_object(self, bucket: str, key: str) -> None:
        """Delete an object."""
        self._json("DELETE", self.object_path(bucket, key))

    def object_path(self, bucket: str, key: str) -> str:
        """Path of an object; slashes of the key stay slashes, except where a path would swallow them."""
        parts = [quote(part, safe="") for part in key.split("/")]
        # Empty and dotted parts are legal in keys, but are tidied away in paths: there the slash is escaped.
        tricky = any(part in ("", ".", "..") for part in parts)
        return self.path("buckets", bucket, "objects") + "/" + (quote(key, safe="") if tricky else "/".join(parts))

    def _json(self, method: str, target: str, value: Any = None, *, query: dict[str, Any] | None = None) -> Any:
        return self._bridge.transport.json(method, target, value, query={**self.query(), **(query or {})})
