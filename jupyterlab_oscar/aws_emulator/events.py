"""What called a function, read as faas-supervisor reads it (its order of questions is kept). Pure.

Known are API Gateway calls (whose JSON body may be one of the others), function URLs, S3, MinIO and OneTrigger records, and
events that another supervisor passed on.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

_STORES = {"aws:s3": "s3", "minio:s3": "minio", "OneTrigger": "onedata"}


@dataclass
class Event:
    """What is to be done.

    Attributes
    ----------
    kind
        ``s3``, ``minio``, ``onedata`` (an object is to be fetched), ``http`` or ``unknown`` (the event is the input).
    provider
        Id of the storage provider that an event which was passed on names.
    bucket, key, time
        Of the object.
    name, content
        Of the input file, where the event is the input.
    variables
        Environment of the script.
    raw
        The event itself, as ``$EVENT`` has it.
    """

    kind: str
    raw: Any
    provider: str = "default"
    bucket: str = ""
    key: str = ""
    time: str = ""
    name: str = ""
    content: bytes = b""
    variables: dict[str, str] = field(default_factory=dict)


def parse(event: Any, identifier: str, provider: str = "default") -> Event:
    """Read an event.

    Parameters
    ----------
    event
        A value, or text that may be JSON.
    identifier
        Part of the name of the input file, where the event is the input.
    provider
        Id of a storage provider.

    Raises
    ------
    ValueError
        When it is a storage event that lacks what faas-supervisor needs.
    """
    if not isinstance(event, dict):
        try:
            event = json.loads(event)
        except (TypeError, ValueError):
            return _unknown(event, identifier)
        if not isinstance(event, dict):
            return _unknown(event, identifier)
    answer: Event | None = None
    if "httpMethod" in event or "http" in (event.get("requestContext") or {}):
        answer = _http(event, identifier)
        body = _json(answer.content) if _is_json(event) else None
        if not isinstance(body, dict):
            return answer
        event = body
    if "event" in event:
        inner = parse(event["event"], identifier, event.get("storage_provider", provider))
        inner.variables = {**(answer.variables if answer else {}), **inner.variables}
        return inner
    source = _source(event)
    if source in _STORES:
        stored = _stored(event, _STORES[source], provider)
        stored.variables = {**(answer.variables if answer else {}), **stored.variables}
        return stored
    return answer or _unknown(event, identifier)


def _source(event: dict[str, Any]) -> str:
    records = event.get("Records")
    first = records[0] if isinstance(records, list) and records else None
    return str(first.get("eventSource", "")) if isinstance(first, dict) else ""


def _stored(event: dict[str, Any], kind: str, provider: str) -> Event:
    record = event["Records"][0]
    if "eventTime" not in record:
        raise ValueError("KeyError: 'eventTime' (faas-supervisor needs it in each record)")
    if kind == "onedata":
        key = str(event.get("Key") or record.get("objectKey") or "")
        bucket = ""
    else:
        bucket = str(record["s3"]["bucket"]["name"])
        key = unquote_plus(str(record["s3"]["object"]["key"]))
    variables = {
        "STORAGE_OBJECT_KEY": key,
        "EVENT_TIME": str(record["eventTime"]),
        "EVENT": json.dumps(event),
    }
    name = key.rstrip("/").rsplit("/", 1)[-1]
    return Event(kind, event, provider, bucket, key, str(record["eventTime"]), name, b"", variables)


def _http(event: dict[str, Any], identifier: str) -> Event:
    variables = {f"CONT_VAR_{name}": str(value) for name, value in (event.get("queryStringParameters") or {}).items()}
    body = event.get("body") or ""
    flagged = "httpMethod" not in event and not event.get("isBase64Encoded")  # function URLs say how it is sent
    if flagged or (_is_json(event) and not event.get("isBase64Encoded")):
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    else:
        content = _decode(body)
    return Event("http", event, name=f"event-file-{identifier}", content=content, variables=variables)


def _is_json(event: dict[str, Any]) -> bool:
    headers = {str(name).lower(): value for name, value in (event.get("headers") or {}).items()}
    return str(headers.get("content-type") or "").partition(";")[0].strip() == "application/json"


def _unknown(event: Any, identifier: str) -> Event:
    content = _decode(event) if isinstance(event, (bytes, str)) else json.dumps(event).encode()
    return Event("unknown", event, name=f"event-file-{identifier}", content=content)


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None


def _decode(text: bytes | str) -> bytes:
    """Base64 as it is sent to APIs; what is none is taken as it is."""
    raw = text.encode() if isinstance(text, str) else text
    try:
        return base64.b64decode(raw, validate=True)
    except (binascii.Error, ValueError):
        return raw
