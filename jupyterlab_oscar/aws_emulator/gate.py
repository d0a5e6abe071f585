"""What stands before moto: who may call, and the addresses that moto does not answer.

The emulator runs programs as its user, so not everybody on this machine, and no web page, may use it: calls must carry an
access key that it gave out, its name must be that of this machine, and nothing may come from a browser's page.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, unquote

from .code import CodeFolders
from .config import NotRunnable
from .functions import Functions
from .http_answer import Answer
from .http_calls import Request, answer, is_call
from .registry import Registry

_HOST = re.compile(r"^(127\.0\.0\.1|localhost|[\w.-]+\.localhost)(:\d+)?$")
_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/[^/]*/([^/]*)/([^/]*)/")
#: Takes what an image holds below /var/task: ``PUT /_emulator/images/<uri>`` with a zip.
_IMAGES = "/_emulator/images/"

#: moto gives each answer an id of its own; Lambda's is that of the call, by which its log is found.
REQUEST_HEADER = "x-emulator-request"

StartResponse = Callable[..., Any]


class Gate:
    """A WSGI application around moto's.

    Parameters
    ----------
    moto
        The application of moto.
    functions, code
        Of the emulator.
    registry
        Of images.
    key
        The access key that it gave out first.
    """

    def __init__(self, moto: Any, functions: Functions, code: CodeFolders, registry: Registry, key: str) -> None:
        self._moto = moto
        self._functions = functions
        self._code = code
        self._registry = registry
        self._key = key

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        if not _HOST.match(str(environ.get("HTTP_HOST", ""))):
            return _send(_refusal(421, "Misdirected", "This is the AWS emulator of this machine."), start_response)
        if "HTTP_ORIGIN" in environ or environ.get("HTTP_SEC_FETCH_SITE") in ("cross-site", "same-site"):
            return _send(_refusal(403, "Forbidden", "Web pages cannot use the AWS emulator."), start_response)
        if is_call(path):
            return _send(answer(self._functions, _request(environ, path)), start_response)
        if self._registry.is_call(path, str(environ.get("HTTP_AUTHORIZATION", ""))):
            return _send(self._registry.answer(environ), start_response)
        key, service = _caller(environ)
        if key is None or not self._known(key):
            return _send(_unknown_key(service), start_response)
        if path.startswith(_IMAGES):
            return _send(self._image(environ, path), start_response)
        return self._moto(environ, _with_request(start_response))  # type: ignore[no-any-return]

    def _known(self, key: str) -> bool:
        if key == self._key:
            return True
        from moto.iam.models import iam_backends
        from moto.sts.models import sts_backends

        if any(
            key in backend.access_keys for account in list(iam_backends.values()) for backend in list(account.values())
        ):
            return True
        return any(
            backend.get_assumed_role_from_access_key(key) is not None
            for account in list(sts_backends.values())
            for backend in list(account.values())
        )

    def _image(self, environ: dict[str, Any], path: str) -> Answer:
        if environ["REQUEST_METHOD"] != "PUT":
            return _refusal(405, "Method Not Allowed", "PUT a zip.")
        uri = unquote(path[len(_IMAGES) :])
        try:
            self._code.give_image(uri, _body(environ))
        except NotRunnable as error:
            return _refusal(400, "Bad Request", str(error))
        return Answer(204, [], b"")


def _with_request(start_response: StartResponse) -> StartResponse:
    def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        own = next((value for name, value in headers if name.lower() == REQUEST_HEADER), None)
        if own is not None:
            dropped = (REQUEST_HEADER, "x-amzn-requestid")
            headers = [(name, value) for name, value in headers if name.lower() not in dropped]
            headers.append(("x-amzn-RequestId", own))
        return start_response(status, headers, *rest)

    return start


def _caller(environ: dict[str, Any]) -> tuple[str | None, str]:
    """Access key and service of a request: signed, presigned, or (for the emulator's own) as a bearer."""
    authorization = str(environ.get("HTTP_AUTHORIZATION", ""))
    if authorization.startswith("Bearer "):
        return authorization[7:].strip(), "emulator"
    found = _CREDENTIAL.search(authorization + ("/" if authorization else ""))
    if found:
        return found[1], found[3]
    query = parse_qs(str(environ.get("QUERY_STRING", "")))
    presigned = query.get("X-Amz-Credential", [""])[0].split("/")
    if len(presigned) == 5:
        return presigned[0], presigned[3]
    old = query.get("AWSAccessKeyId", [""])[0]
    return (old, "s3") if old else (None, "s3")


def _request(environ: dict[str, Any], path: str) -> Request:
    headers = {name[5:].replace("_", "-").lower(): str(value) for name, value in environ.items() if name[:5] == "HTTP_"}
    if environ.get("CONTENT_TYPE"):
        headers["content-type"] = str(environ["CONTENT_TYPE"])
    return Request(
        str(environ["REQUEST_METHOD"]),
        path,
        str(environ.get("QUERY_STRING", "")),
        headers,
        _body(environ),
        str(environ.get("REMOTE_ADDR", "127.0.0.1")),
    )


def _body(environ: dict[str, Any]) -> bytes:
    stream: io.BufferedIOBase = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated"):
        return stream.read()
    return stream.read(int(environ.get("CONTENT_LENGTH") or 0))


def _refusal(status: int, title: str, detail: str) -> Answer:
    return Answer(
        status, [("Content-Type", "application/json")], json.dumps({"title": title, "detail": detail}).encode()
    )


def _unknown_key(service: str) -> Answer:
    """What AWS says, in the words of the service."""
    text = "The security token included in the request is invalid."
    if service == "s3":
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>InvalidAccessKeyId</Code><Message>The AWS Access Key Id '
            "you provided does not exist in our records.</Message></Error>"
        )
        return Answer(403, [("Content-Type", "application/xml")], body.encode())
    if service == "ec2":
        body = f"<Response><Errors><Error><Code>AuthFailure</Code><Message>{text}</Message></Error></Errors></Response>"
        return Answer(401, [("Content-Type", "text/xml")], body.encode())
    if service in ("iam", "sts", "monitoring", "sqs", "sns"):
        body = (
            "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code>"
            f"<Message>{text}</Message></Error></ErrorResponse>"
        )
        return Answer(403, [("Content-Type", "text/xml")], body.encode())
    kind = "UnrecognizedClientException"
    headers = [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-ErrorType", kind)]
    return Answer(403, headers, json.dumps({"__type": kind, "message": text}).encode())


def _send(given: Answer, start_response: StartResponse) -> Iterable[bytes]:
    try:
        reason = HTTPStatus(given.status).phrase
    except ValueError:
        reason = "Unknown"
    headers = [(name, value) for name, value in given.headers if name.lower() not in ("content-length", "connection")]
    length = len(given.body) if given.length is None else given.length
    start_response(f"{given.status} {reason}", [*headers, ("Content-Length", str(length))])
    return [given.body]
