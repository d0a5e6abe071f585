"""The registry of ECR: what ``podman push`` and ``docker push`` talk to (OCI distribution specification, push and pull).

Layers lie in the emulator's folder; that an image is there is told to moto's ECR, so that ``DescribeImages`` finds it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from .http_answer import Answer

_NAME = r"(?P<name>[a-z0-9]+(?:[._/-][a-z0-9]+)*)"
_UPLOADS = re.compile(rf"^/v2/{_NAME}/blobs/uploads/?$")
_UPLOAD = re.compile(rf"^/v2/{_NAME}/blobs/uploads/(?P<upload>[0-9a-f]{{32}})$")
_BLOB = re.compile(rf"^/v2/{_NAME}/blobs/(?P<digest>sha256:[0-9a-f]{{64}})$")
_MANIFEST = re.compile(rf"^/v2/{_NAME}/manifests/(?P<reference>[\w.:-]+)$")
_PIECE = 1024 * 1024
#: A manifest is small (bytes).
_LARGEST_MANIFEST = 4 * 1024 * 1024
_USER = "AWS"
#: A manifest that does not say what it is is one of these.
_OCI = "application/vnd.oci.image.manifest.v1+json"


class Registry:
    """Takes and gives images.

    Parameters
    ----------
    folder
        Of the emulator.
    account
        Whose ECR it is.
    password
        What ``GetAuthorizationToken`` gives out.
    """

    def __init__(self, folder: Path, account: str, password: str) -> None:
        self._blobs = folder / "registry" / "blobs"
        self._uploads = folder / "registry" / "uploads"
        for made in (self._blobs, self._uploads):
            made.mkdir(parents=True)
        self._account = account
        self._password = password

    @property
    def login(self) -> tuple[str, str]:
        """User and password."""
        return _USER, self._password

    @staticmethod
    def is_call(path: str, authorization: str) -> bool:
        """True for what a client of registries asks; signed calls below ``/v2/`` are API Gateway's."""
        return (path == "/v2/" or path == "/v2" or path.startswith("/v2/")) and (
            authorization == "" or authorization.startswith("Basic ")
        )

    def answer(self, environ: dict[str, Any]) -> Answer:
        """Answer one request."""
        if not self._may(str(environ.get("HTTP_AUTHORIZATION", ""))):
            error = _error(401, "UNAUTHORIZED", "Sign in with what GetAuthorizationToken gives.")
            return Answer(401, [*error.headers, ("WWW-Authenticate", 'Basic realm="ECR of the emulator"')], error.body)
        method, path = str(environ["REQUEST_METHOD"]), str(environ["PATH_INFO"])
        if path in ("/v2", "/v2/"):
            return Answer(200, [("Docker-Distribution-Api-Version", "registry/2.0")], b"{}")
        for pattern, work in (
            (_UPLOADS, self._begin),
            (_UPLOAD, self._upload),
            (_BLOB, self._blob),
            (_MANIFEST, self._manifest),
        ):
            match = pattern.match(path)
            if match is not None:
                if self._backend(match["name"]) is None:
                    return _error(404, "NAME_UNKNOWN", f"There is no repository {match['name']} in ECR.")
                return work(method, match, environ)
        return _error(404, "UNSUPPORTED", "The emulator's registry pushes and pulls images only.")

    # -- layers --

    def _begin(self, method: str, match: re.Match[str], environ: dict[str, Any]) -> Answer:
        if method != "POST":
            return _error(405, "UNSUPPORTED", "POST begins an upload.")
        name = uuid.uuid4().hex
        (self._uploads / name).touch()
        return _accepted(match["name"], name, 0)

    def _upload(self, method: str, match: re.Match[str], environ: dict[str, Any]) -> Answer:
        file = self._uploads / match["upload"]
        if not file.is_file():
            return _error(404, "BLOB_UPLOAD_UNKNOWN", "That upload has ended or never began.")
        if method == "GET":
            return _accepted(match["name"], match["upload"], file.stat().st_size, 204)
        if method == "DELETE":
            file.unlink()
            return Answer(204, [], b"")
        if method not in ("PATCH", "PUT"):
            return _error(405, "UNSUPPORTED", "PATCH adds to an upload, PUT ends it.")
        with file.open("ab") as opened:
            for piece in _body(environ):
                opened.write(piece)
        if method == "PATCH":
            return _accepted(match["name"], match["upload"], file.stat().st_size)
        wanted = parse_qs(str(environ.get("QUERY_STRING", ""))).get("digest", [""])[0]
        found = _digest(file)
        if found != wanted:
            file.unlink()
            return _error(400, "DIGEST_INVALID", f"The content has the digest {found}, not {wanted}.")
        shutil.move(file, self._blobs / found.replace(":", "-"))
        return Answer(201, [("Location", f"/v2/{match['name']}/blobs/{found}"), ("Docker-Content-Digest", found)], b"")

    def _blob(self, method: str, match: re.Match[str], environ: dict[str, Any]) -> Answer:
        file = self._blobs / match["digest"].replace(":", "-")
        if not file.is_file():
            return _error(404, "BLOB_UNKNOWN", "There is no such layer.")
        headers = [
            ("Docker-Content-Digest", match["digest"]),
            ("Content-Type", "application/octet-stream"),
        ]
        if method == "HEAD":
            return Answer(200, headers, b"", file.stat().st_size)
        return Answer(200, headers, file.read_bytes())

    # -- images --

    def _manifest(self, method: str, match: re.Match[str], environ: dict[str, Any]) -> Answer:
        name, reference = match["name"], match["reference"]
        if method == "PUT":
            return self._put(name, reference, environ)
        image = next((item for item in self._images(name) if _is(item, reference)), None)
        if image is None:
            return _error(404, "MANIFEST_UNKNOWN", f"There is no image {name}:{reference}.")
        body = str(image.image_manifest).encode()
        headers = [
            ("Content-Type", str(json.loads(body).get("mediaType") or _OCI)),
            ("Docker-Content-Digest", _digest_of(body)),
        ]
        return Answer(200, headers, b"" if method == "HEAD" else body, len(body))

    def _put(self, name: str, reference: str, environ: dict[str, Any]) -> Answer:
        body = b"".join(_body(environ))
        try:
            manifest = json.loads(body)
            parts = [manifest["config"], *manifest["layers"]]
            missing = [
                item["digest"] for item in parts if not (self._blobs / item["digest"].replace(":", "-")).is_file()
            ]
        except (ValueError, KeyError, TypeError):
            return _error(400, "MANIFEST_INVALID", "The emulator's registry takes images of one platform.")
        if missing or len(body) > _LARGEST_MANIFEST:
            return _error(400, "MANIFEST_BLOB_UNKNOWN", f"Layers are missing: {', '.join(missing)}")
        digest = _digest_of(body)
        if not any(
            _is(item, reference) and _digest_of(str(item.image_manifest).encode()) == digest
            for item in self._images(name)
        ):
            kind = str(manifest.get("mediaType") or _OCI)
            tag = "" if reference.startswith("sha256:") else reference
            self._backend(name).put_image(name, body.decode(), tag, kind, digest)
        return Answer(201, [("Location", f"/v2/{name}/manifests/{digest}"), ("Docker-Content-Digest", digest)], b"")

    def _images(self, name: str) -> list[Any]:
        return list(self._backend(name).repositories[name].images)

    def _backend(self, name: str) -> Any:
        from moto.ecr.models import ecr_backends

        # The address of the emulator's registry has no region: the repository's name finds it.
        return next(
            (backend for backend in list(ecr_backends[self._account].values()) if name in backend.repositories), None
        )

    def _may(self, authorization: str) -> bool:
        try:
            given = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        except ValueError:
            return False
        return hmac.compare_digest(given.encode(), f"{_USER}:{self._password}".encode())


def _is(image: Any, reference: str) -> bool:
    return reference in image.image_tags or reference == _digest_of(str(image.image_manifest).encode())


def _digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while piece := opened.read(_PIECE):
            digest.update(piece)
    return f"sha256:{digest.hexdigest()}"


def _body(environ: dict[str, Any]) -> Iterator[bytes]:
    stream: io.BufferedIOBase = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated"):
        while piece := stream.read(_PIECE):
            yield piece
        return
    left = int(environ.get("CONTENT_LENGTH") or 0)
    while left > 0 and (piece := stream.read(min(_PIECE, left))):
        left -= len(piece)
        yield piece


def _accepted(name: str, upload: str, size: int, status: int = 202) -> Answer:
    headers = [
        ("Location", f"/v2/{name}/blobs/uploads/{upload}"),
        ("Docker-Upload-UUID", upload),
        ("Range", f"0-{max(0, size - 1)}"),
    ]
    return Answer(status, headers, b"")


def _error(status: int, code: str, text: str) -> Answer:
    body = json.dumps({"errors": [{"code": code, "message": text}]}).encode()
    return Answer(status, [("Content-Type", "application/json")], body)
