"""Addresses of functions: API Gateway (REST, AWS_PROXY) and function URLs."""

from __future__ import annotations

import base64
import json
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qsl, unquote

from .functions import Functions
from .http_answer import Answer

#: API Gateway waits so long for an answer (seconds).
GATEWAY_LIMIT = 29.0
_REST = re.compile(r"^/restapis/([^/]+)/([^/]+)/_user_request_(/.*)?$")
_URL = re.compile(r"^/_function_urls/([0-9a-f]+)(/.*)?$")


@dataclass
class Request:
    """An HTTP request."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    peer: str


def is_call(path: str) -> bool:
    """True for the address of a function."""
    return bool(_REST.match(path) or _URL.match(path))


def function_url(endpoint: str, identifier: str) -> str:
    """Address of a function URL here."""
    return f"{endpoint}/_function_urls/{identifier}/"


def answer(functions: Functions, request: Request) -> Answer:
    """Answer a call of a function's address."""
    rest = _REST.match(request.path)
    if rest is not None:
        return _rest(functions, request, rest[1], rest[2], rest[3] or "/")
    url = _URL.match(request.path)
    assert url is not None
    return _function_url(functions, request, url[1], url[2] or "/")


# -- API Gateway --


def _rest(functions: Functions, request: Request, api_id: str, stage: str, path: str) -> Answer:
    from moto.apigateway.models import apigateway_backends

    found = next(
        (
            api
            for account in list(apigateway_backends.values())
            for backend in list(account.values())
            for identifier, api in list(backend.apis.items())
            if identifier == api_id
        ),
        None,
    )
    if found is None or stage not in found.stages:
        return _message(403, "Forbidden")
    match = _resource(found, path, request.method)
    if match is None:
        return _message(403, "Missing Authentication Token")
    resource, method, parameters = match
    integration = method.method_integration
    if integration is None or integration.integration_type != "AWS_PROXY":
        return _message(501, "The emulator answers AWS_PROXY integrations only.")
    function = _function_of(str(integration.uri))
    if function is None:
        return _message(500, "Internal server error")
    event = _rest_event(found, stage, path, request, resource, parameters)
    if request.headers.get("x-amz-invocation-type") == "Event":
        # Lambda accepts it with an empty body, which the proxy integration takes for a malformed answer.
        functions.call_later(function, event)
        return _message(502, "Internal server error")
    begun = time.monotonic()
    done = functions.call(function, event)
    if time.monotonic() - begun > GATEWAY_LIMIT:
        return _message(504, "Endpoint request timed out")
    return _proxied(done.payload, done.error, found.binaryMediaTypes, request.headers.get("accept", ""))


def _resource(api: Any, path: str, method: str) -> tuple[Any, Any, dict[str, str]] | None:
    wanted = [part for part in path.split("/") if part]
    best: tuple[int, Any, Any, dict[str, str]] | None = None
    for resource in api.resources.values():
        template = [part for part in resource.get_path().split("/") if part]
        parameters = _match(template, wanted)
        chosen = resource.resource_methods.get(method) or resource.resource_methods.get("ANY")
        if parameters is None or chosen is None:
            continue
        exact = sum(not part.startswith("{") for part in template)
        if best is None or exact > best[0]:
            best = (exact, resource, chosen, parameters)
    return None if best is None else best[1:]


def _match(template: list[str], wanted: list[str]) -> dict[str, str] | None:
    parameters: dict[str, str] = {}
    for i, part in enumerate(template):
        if part.startswith("{") and part.endswith("+}"):
            if i >= len(wanted):
                return None
            parameters[part[1:-2]] = "/".join(wanted[i:])
            return parameters
        if i >= len(wanted):
            return None
        if part.startswith("{"):
            parameters[part[1:-1]] = wanted[i]
        elif part != wanted[i]:
            return None
    return parameters if len(template) == len(wanted) else None


def _rest_event(
    api: Any, stage: str, path: str, request: Request, resource: Any, parameters: dict[str, str]
) -> dict[str, Any]:
    pairs = parse_qsl(request.query, keep_blank_values=True)
    several: dict[str, list[str]] = {}
    for name, value in pairs:
        several.setdefault(name, []).append(value)
    headers = {name.title(): value for name, value in request.headers.items()}
    binary = _is_binary(api.binaryMediaTypes, request.headers.get("content-type", ""))
    body: str | None = None
    if request.body:
        # Without binary media types bytes are forced into text, as on AWS: that is why clients send base64.
        body = base64.b64encode(request.body).decode() if binary else request.body.decode("utf-8", "replace")
    now = datetime.now(timezone.utc)
    return {
        "resource": resource.get_path(),
        "path": path,
        "httpMethod": request.method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": dict(pairs) or None,
        "multiValueQueryStringParameters": several or None,
        "pathParameters": parameters or None,
        "stageVariables": None,
        "requestContext": {
            "accountId": api.account_id,
            "apiId": api.id,
            "domainName": f"{api.id}.execute-api.{api.region_name}.amazonaws.com",
            "domainPrefix": api.id,
            "httpMethod": request.method,
            "identity": {"sourceIp": request.peer, "userAgent": request.headers.get("user-agent")},
            "path": f"/{stage}{path}",
            "protocol": "HTTP/1.1",
            "requestId": str(uuid.uuid4()),
            "requestTime": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "requestTimeEpoch": int(now.timestamp() * 1000),
            "resourceId": resource.id,
            "resourcePath": resource.get_path(),
            "stage": stage,
        },
        "body": body,
        "isBase64Encoded": bool(body) and binary,
    }


def _proxied(payload: str, error: str | None, binary_types: list[str], accept: str) -> Answer:
    value = None if error else json.loads(payload or "null")
    if not isinstance(value, dict) or "statusCode" not in value:
        return _message(502, "Internal server error")
    headers = _headers(value)
    body = value.get("body")
    text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
    # Base64 stays base64 unless the API has binary media types.
    decode = value.get("isBase64Encoded") and _is_binary(binary_types, accept.partition(",")[0] or "*/*")
    content = base64.b64decode(text) if decode else text.encode()
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    return Answer(int(value["statusCode"]), headers, content)


def _is_binary(types: list[str], media_type: str) -> bool:
    plain = media_type.partition(";")[0].strip()
    return any(item == "*/*" or item == plain for item in types or [])


# -- function URLs --


def _function_url(functions: Functions, request: Request, identifier: str, path: str) -> Answer:
    from moto.awslambda.models import lambda_backends

    function = next(
        (
            candidate
            for account in list(lambda_backends.values())
            for backend in list(account.values())
            for candidate in list(backend.list_functions(None))
            if candidate.url_config is not None and f"/{identifier}/" in candidate.url_config.url
        ),
        None,
    )
    if function is None:
        return _message(404, "Not Found", name="Message")
    if function.url_config.config.get("AuthType") == "AWS_IAM" and "authorization" not in request.headers:
        return _message(403, "Forbidden", name="Message")
    now = datetime.now(timezone.utc)
    text = request.headers.get("content-type", "").partition(";")[0].strip()
    plain = text.startswith("text/") or text in ("application/json", "application/xml", "application/javascript")
    pairs = parse_qsl(request.query, keep_blank_values=True)
    query: dict[str, str] = {}
    for name, value in pairs:
        query[name] = f"{query[name]},{value}" if name in query else value
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": request.query,
        "headers": dict(request.headers),
        **({"queryStringParameters": query} if query else {}),
        "requestContext": {
            "accountId": "anonymous",
            "apiId": identifier,
            "domainName": f"{identifier}.lambda-url.{function.region}.on.aws",
            "http": {
                "method": request.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": request.peer,
                "userAgent": request.headers.get("user-agent"),
            },
            "requestId": str(uuid.uuid4()),
            "routeKey": "$default",
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now.timestamp() * 1000),
        },
        "isBase64Encoded": bool(request.body) and not plain,
    }
    if request.body:
        event["body"] = request.body.decode("utf-8", "replace") if plain else base64.b64encode(request.body).decode()
    done = functions.call(function, event)
    if done.error:
        return _message(502, "Internal Server Error", name="Message")
    value = json.loads(done.payload or "null")
    if not isinstance(value, dict) or "statusCode" not in value:
        return Answer(200, [("Content-Type", "application/json")], json.dumps(value).encode())
    body = value.get("body")
    content = (body if isinstance(body, str) else "" if body is None else json.dumps(body)).encode()
    headers = _headers(value)
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    return Answer(
        int(value["statusCode"]), headers, base64.b64decode(content) if value.get("isBase64Encoded") else content
    )


# -- both --


def _function_of(uri: str) -> Any:
    from moto.awslambda.models import lambda_backends

    match = re.search(r"functions/(arn:[^/]+)/invocations", unquote(uri))
    if match is None:
        return None
    arn = match[1].split(":")
    backend = lambda_backends[arn[4]][arn[3]]
    return next((item for item in backend.list_functions(None) if item.function_name == arn[6]), None)


def _headers(value: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = [(str(name), str(item)) for name, item in (value.get("headers") or {}).items()]
    for name, items in (value.get("multiValueHeaders") or {}).items():
        found += [(str(name), str(item)) for item in items]
    return [(name, item) for name, item in found if "\n" not in item and "\r" not in item]


def _message(status: int, text: str, name: str = "message") -> Answer:
    return Answer(status, [("Content-Type", "application/json")], json.dumps({name: text}).encode())
