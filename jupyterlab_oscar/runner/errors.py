"""Errors as the bridge gets them: class, type, message, and the user's part of the traceback."""

from __future__ import annotations

import traceback
from pathlib import Path
from types import TracebackType
from typing import Any

#: Where the files of the runner are; their frames say nothing to a user.
HERE = str(Path(__file__).parent)
RECORD_LENGTH = 500


class TaskError(Exception):
    """A part cannot be done.

    Parameters
    ----------
    kind
        ``user``, ``input``, ``memory``, ``timeout``, ``lost`` or ``output``.
    type
        Short name, for instance of an exception.
    record
        Where the record is and how it begins.
    """

    def __init__(self, kind: str, type: str, message: str, record: str | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.type = type
        self.message = message
        self.record = record


class UserError(TaskError):
    """The user's functions answered something that cannot be used."""

    def __init__(self, message: str, type: str = "TypeError", record: str | None = None) -> None:
        super().__init__("user", type, message, record)


class OverLimit(BaseException):
    """Raised in the main thread by the watchdog. Not an Exception, so that ``except Exception`` of user code lets it through."""


def describe(error: BaseException, record: str | None = None) -> dict[str, Any]:
    """As ITaskError. Frames of the runner are left out."""
    answer: dict[str, Any]
    if isinstance(error, TaskError):
        answer = {"class": error.kind, "type": error.type, "message": error.message}
        record = error.record or record
        if error.__cause__ is not None and not isinstance(error.__cause__, OSError):
            _add_traceback(answer, error.__cause__)
    else:
        answer = {"class": _class_of(error), "type": type(error).__name__, "message": _message(error)}
        _add_traceback(answer, error)
    if record:
        answer["record"] = record[:RECORD_LENGTH]
    return answer


def _class_of(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "memory"
    if isinstance(error, KeyboardInterrupt):
        return "lost"
    return "user"


def _message(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"The code called sys.exit({error.code!r}). Return from the function instead; raise an error if it cannot go on."
    if isinstance(error, KeyboardInterrupt):
        return "The part was interrupted."
    try:
        return str(error) or type(error).__name__
    except Exception:  # __str__ of a user's class
        return type(error).__name__


def _add_traceback(answer: dict[str, Any], error: BaseException) -> None:
    try:
        shown = traceback.TracebackException(type(error), error, error.__traceback__)
    except Exception as other:  # __str__ or __repr__ of a user's class; what is above stands
        answer["traceback"] = f"{type(error).__name__} (its text cannot be shown: {type(other).__name__})\n"
        return
    _strip(shown)
    text = "".join(shown.format())
    if not shown.stack and not isinstance(error, SyntaxError):
        return
    answer["traceback"] = text
    line = _line(error)
    if line is not None:
        answer["line"] = line


def _strip(shown: traceback.TracebackException) -> None:
    seen = set()
    todo = [shown]
    while todo:
        one = todo.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        kept = [frame for frame in one.stack if not _own(frame.filename)]
        one.stack[:] = kept
        todo.extend(other for other in (one.__cause__, one.__context__) if other is not None)


def _own(filename: str) -> bool:
    return filename.startswith(HERE) or filename.startswith("<frozen")


#: Names of compiled sources, so that `line` is one of the cell and not of a library it called.
sources: set[str] = set()


def _line(error: BaseException) -> int | None:
    if isinstance(error, SyntaxError) and error.filename in sources:
        return error.lineno
    found = None
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in sources:
            found = trace.tb_lineno
        trace = trace.tb_next
    return found
