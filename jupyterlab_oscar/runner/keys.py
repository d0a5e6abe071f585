"""Keys of any hashable type: a stable encoding for the hash, and an order that never fails.

Python's own ``hash()`` differs from process to process, and ``<`` between a number and a text raises. Here, keys that are
equal have the same encoding in every process, and any two keys have an order.
"""

from __future__ import annotations

import datetime
import io
import numbers
import pickle
from collections.abc import Iterable
from typing import Any

from .errors import UserError


def encode(key: Any) -> bytes:
    """Bytes that are the same for equal keys, in all processes. Rarely, unequal keys share them."""
    if isinstance(key, str):
        return key.encode("utf-8", "surrogatepass")
    if key is None:
        return b"\xff0"
    if isinstance(key, numbers.Number):
        # 1, 1.0, True, Fraction(1) and Decimal(1) are one key of a dict; the hash of numbers is not salted.
        return b"\xffn%d" % (hash(key) if key == key else 0)
    if isinstance(key, (bytes, bytearray)):
        return b"\xffb" + key
    if isinstance(key, tuple):
        return b"\xfft" + _join(map(encode, key))
    if isinstance(key, frozenset):
        return b"\xfff" + _join(sorted(map(encode, key)))
    if isinstance(key, datetime.datetime) and key.utcoffset() is not None:
        key = key.astimezone(datetime.timezone.utc)
    return b"\xffo" + _pickled(key)


def _join(parts: Iterable[bytes]) -> bytes:
    return b"".join(b"%d:%b" % (len(part), part) for part in parts)


def _pickled(key: Any) -> bytes:
    file = io.BytesIO()
    pickler = pickle.Pickler(file, 4)
    # Without the memo, equal keys give equal bytes whether or not their parts are the same objects.
    pickler.fast = True
    try:
        pickler.dump(key)
    except Exception as error:
        raise UserError(
            f"The key {shorten(key)} cannot be sent to another process: {type(error).__name__}: {error}."
        ) from error
    return file.getvalue()


class _Other:
    """A key of a type that is not known here: its own order, or that of its text."""

    __slots__ = ("key", "text")

    def __init__(self, key: Any) -> None:
        self.key = key
        self.text: str | None = None

    def __lt__(self, other: _Other) -> bool:
        try:
            answer = self.key < other.key
            if answer is True or answer is False:
                return answer
        except Exception:
            pass
        return (self._shown(), id(self.key)) < (other._shown(), id(other.key))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Other) and bool(self.key == other.key)

    def __hash__(self) -> int:
        return hash(self.key)

    def _shown(self) -> str:
        if self.text is None:
            self.text = repr(self.key)
        return self.text


def order(key: Any) -> tuple[Any, ...]:
    """Something that sorts: nothing, numbers, texts, bytes, tuples and lists, then other types by name."""
    if key is None:
        return (0,)
    if isinstance(key, (int, float)):
        # A number that is none sorts last of the numbers; compared as it is, it would break the order of all others.
        return (1, 0, key) if key == key else (1, 1)
    if isinstance(key, str):
        return (2, key)
    if isinstance(key, (bytes, bytearray)):
        return (3, bytes(key))
    if isinstance(key, (tuple, list)):
        return (4, tuple(map(order, key)))
    if isinstance(key, (set, frozenset)):
        return (5, tuple(sorted(map(order, key))))
    if isinstance(key, dict):
        return (6, tuple(sorted((order(name), order(value)) for name, value in key.items())))
    kind = type(key)
    return (7, f"{kind.__module__}.{kind.__qualname__}", _Other(key))


#: Types whose own order is that of ``order``.
PLAIN = ({str}, {int}, {bytes})


def sort_keys(keys: Iterable[Any]) -> list[Any]:
    """In order, whatever they are."""
    found = list(keys)
    if set(map(type, found)) in PLAIN:
        found.sort()
    else:
        found.sort(key=order)
    return found


def shorten(value: Any, length: int = 100) -> str:
    """Text of a value for a message."""
    try:
        text = repr(value)
    except Exception as error:  # of a user's class
        text = f"<{type(value).__name__}, whose text cannot be shown: {type(error).__name__}>"
    return text if len(text) <= length else text[: length - 1] + "…"


def unhashable(pairs: Iterable[Any], error: TypeError) -> Exception:
    """What to say when grouping failed: the key that cannot be one, or the error itself."""
    for key, _ in pairs:
        try:
            hash(key)
        except TypeError:
            kind = type(key).__name__
            return UserError(
                f"The key {shorten(key)} is a {kind}, which cannot be a key ({error}). Use a tuple, a text or a number."
            )
    return error
