"""Values of a result, as Python has them. JSON has no tuples, sets, bytes, dates…: workers write those as
``{"$py": text, "$pickle": base64}``."""

from __future__ import annotations

import base64
import io
import pickle
from typing import Any

#: What a pickle of a result may make: plain values. Results may come from other machines, so nothing else is run.
_PLAIN = {
    "builtins": {"set", "frozenset", "complex", "bytearray", "range", "slice"},
    "collections": {"Counter", "OrderedDict", "deque"},
    "datetime": {"date", "datetime", "time", "timedelta", "timezone"},
    "decimal": {"Decimal"},
    "fractions": {"Fraction"},
    "uuid": {"UUID"},
    "_codecs": {"encode"},
}


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if name in _PLAIN.get(module, ()):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is no plain value")


class Shown(str):
    """The text of a value that cannot be made again here, as its worker showed it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def python_value(value: Any, *, key: bool = False) -> Any:
    """A value as Python has it.

    Parameters
    ----------
    value
        From the bridge, JSON.
    key
        True: a list becomes a tuple, for lists are no keys.
    """
    if isinstance(value, dict):
        if "$pickle" in value:
            try:
                return _PlainUnpickler(io.BytesIO(base64.b64decode(value["$pickle"]))).load()
            except Exception:  # a pickle of another version may fail in any way; its text is there
                return Shown(value.get("$py", "?"))
        if "$py" in value:
            return Shown(value["$py"])
        return {name: python_value(item) for name, item in value.items()}
    if isinstance(value, list):
        made = [python_value(item, key=key) for item in value]
        return tuple(made) if key else made
    return value
