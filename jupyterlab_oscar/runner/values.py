"""Keys and values as JSON lines. What JSON has no word for is a pickle, with its text for those who only look."""

from __future__ import annotations

import base64
import json
import math
import pickle
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from .errors import UserError
from .keys import shorten

#: Larger whole numbers are rounded by readers that have doubles only.
EXACT = 1 << 53


def as_json(value: Any) -> Any:
    """A value that ``json.dumps`` writes and that comes back as it was, tuples and numbers of all kinds included."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is int:
        return value if -EXACT <= value <= EXACT else _pickled(value)
    if kind is float:
        return value if math.isfinite(value) else _pickled(value)
    if kind is list:
        return [as_json(one) for one in value]
    if kind is dict and all(type(key) is str and not key.startswith("$") for key in value):
        return {key: as_json(one) for key, one in value.items()}
    return _pickled(value)


def _pickled(value: Any) -> dict[str, str]:
    try:
        data = pickle.dumps(value, 4)
    except Exception as error:
        raise UserError(f"The value {shorten(value)} cannot be kept: {type(error).__name__}: {error}.") from error
    return {"$pickle": base64.b64encode(data).decode(), "$repr": shorten(value, 500)}


def dumps(value: Any) -> str:
    """JSON text of a value."""
    return json.dumps(as_json(value), separators=(",", ":"))


def pair_line(key: Any, value: Any) -> str:
    """``[key, value]`` and a newline."""
    first = quoted(key) if type(key) is str else dumps(key)
    if type(value) is int and -EXACT <= value <= EXACT:
        return f"[{first},{value}]\n"
    return f"[{first},{dumps(value)}]\n"
