"""The user's code: compiled once for each job, in a namespace of its own."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import io
import linecache
import os
import pickle
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

from . import errors
from .errors import UserError


def every_pair(key: Any, values: Iterator[Any]) -> Iterator[tuple[Any, Any]]:
    """The reducer of jobs that have none."""
    for value in values:
        yield key, value


class Job:
    """One job's code in this process.

    Parameters
    ----------
    head
        The `job` frame.
    source
        What the user wrote.
    """

    def __init__(self, head: dict[str, Any], source: str) -> None:
        self.id: str = head["job"]
        self.language: str = head["language"]
        self.source = source
        self.cwd: str | None = head.get("cwd")
        self.name: str = head.get("name") or "<cell>"
        self.error: dict[str, Any] | None = None
        digest = head.get("sha256") or hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()
        # Named by the code, not by the job: pickles in map outputs that a later job takes over name this module.
        self.module = types.ModuleType("oscar_cell_" + digest[:16])
        self.module.__dict__["__file__"] = self.name
        self._head = head

    def load(self) -> None:
        """Compile and run the code, then ``setup()``. Raises what the code raises."""
        self.enter()
        if self.language == "shell":
            return
        check_packages(self._head.get("packages") or [])
        line = max(1, int(self._head.get("line") or 1))
        padded = "\n" * (line - 1) + self.source
        errors.sources.add(self.name)
        # Tracebacks read the lines from here; entries without a time are never checked against a disk.
        linecache.cache[self.name] = (len(padded), None, padded.splitlines(True), self.name)
        code = compile(padded, self.name, "exec", dont_inherit=True)
        self._bind_variables()
        exec(code, self.module.__dict__)
        # Functions that came as variables can name things of the code only now; what the code defines itself stays.
        setup = self.function("setup")
        if setup is not None:
            setup()

    def enter(self) -> None:
        """Make this job the one that pickles and relative paths mean."""
        sys.modules[self.module.__name__] = self.module
        if self.cwd is not None:
            try:
                os.chdir(self.cwd)
            except OSError as error:
                message = f"The folder {self.cwd} that the job runs in cannot be entered: {error.strerror}."
                raise UserError(message, "FileNotFoundError") from error

    def forget(self) -> None:
        """Let go of the namespace."""
        if sys.modules.get(self.module.__name__) is self.module:
            del sys.modules[self.module.__name__]
        self.module.__dict__.clear()

    def function(self, name: str) -> Callable[..., Any] | None:
        """A function of the code, or None."""
        found = self.module.__dict__.get(name)
        return found if callable(found) else None

    def require(self, name: str) -> Callable[..., Any]:
        """A function of the code; without a reducer the pairs of the mapper are the result. Raises UserError."""
        found = self.function(name)
        if found is not None:
            return found
        if name in self.module.__dict__:
            what = type(self.module.__dict__[name]).__name__
            raise UserError(f"`{name}` is not a function but {what}. Define it with `def {name}(…):`.", "NameError")
        if name == "reducer" and self.function("mapper") is not None:
            return every_pair
        names = [key for key, value in self.module.__dict__.items() if isinstance(value, types.FunctionType)]
        there = f" There is {', '.join(names)}." if names else ""
        raise UserError(f"The code defines no function `{name}`.{there}", "NameError")

    def loads(self, data: bytes) -> Any:
        """Unpickle; classes of `__main__` and of the cell are looked for in the namespace of the job."""
        return _Unpickler(io.BytesIO(data), self.module).load()

    def _bind_variables(self) -> None:
        for name, text in (self._head.get("with") or {}).items():
            try:
                self.module.__dict__[name] = self.loads(base64.b64decode(text))
            except Exception as error:
                message = (
                    f"The variable `{name}` cannot be loaded in the worker: {type(error).__name__}: {error}. "
                    "Give plain data, or define its class in the cell itself or in a module."
                )
                raise UserError(message, "UnpicklingError") from error


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, module: types.ModuleType) -> None:
        super().__init__(file)
        self._module = module

    def find_class(self, module: str, name: str) -> Any:
        if module in ("__main__", self._module.__name__):
            found: Any = self._module
            try:
                for part in name.split("."):
                    found = getattr(found, part)
            except AttributeError:
                raise AttributeError(f"`{name}` is defined in the notebook, not in the code of the job") from None
            return found
        return super().find_class(module, name)


def check_packages(packages: list[str]) -> None:
    """Raise UserError when one cannot be imported here."""
    missing = []
    for name in packages:
        try:
            found = importlib.util.find_spec(name)
        except (ImportError, ValueError):
            found = None
        if found is None:
            missing.append(name)
    if missing:
        version = ".".join(map(str, sys.version_info[:3]))
        raise UserError(
            f"The workers have no module {', '.join(missing)} (Python {version}, {sys.executable}). "
            "Install it there, or choose an interpreter or image that has it.",
            "ModuleNotFoundError",
        )
