"""The one family of errors: what they say is meant for the user.

Every failure of the bridge is a problem document (RFC 9457: ``type``, ``title``, ``status``, ``detail``, and
our ``cause`` and ``action``). :func:`error_from` turns it into the class that fits, and ``.problem`` keeps
the whole of it.
"""

from __future__ import annotations

from typing import Any

PROBLEM_PREFIX = "urn:jupyterlab-oscar:problem:"

Problem = dict[str, Any]


def make_problem(
    kind: str,
    title: str,
    status: int,
    detail: str,
    *,
    cause: str | None = None,
    action: str | None = None,
) -> Problem:
    """Build a problem document.

    Parameters
    ----------
    kind
        Last part of the type, for instance ``not-found``.
    title, status, detail
        As RFC 9457 has them.
    cause
        What the other side said.
    action
        What the user can do now.
    """
    problem: Problem = {"type": PROBLEM_PREFIX + kind, "title": title, "status": status, "detail": detail}
    if cause:
        problem["cause"] = cause
    if action:
        problem["action"] = action
    return problem


class OscarError(Exception):
    """Something did not work, said in words for a person who can do something about it.

    Attributes
    ----------
    problem
        The problem document: ``type``, ``title``, ``status``, ``detail``, perhaps ``cause`` and ``action``.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.get("detail") or problem.get("title") or "Unknown problem")
        self.problem = problem

    @property
    def kind(self) -> str:
        """Last part of the problem's type, for instance ``not-found``."""
        return str(self.problem.get("type", "")).removeprefix(PROBLEM_PREFIX)

    def __str__(self) -> str:
        return sentence(self.problem)

    def _render_traceback_(self) -> list[str]:
        """Show the sentence in a notebook: frames of this package would tell the reader nothing."""
        return [f"{type(self).__name__}: {self}"]


class BridgeUnavailable(OscarError):
    """The bridge cannot be started or does not answer."""


class UnreachableError(OscarError):
    """The cluster, or what stands before it, does not answer."""


class UnauthorizedError(OscarError):
    """The cluster does not accept the credentials."""


class NotFoundError(OscarError):
    """There is no such cluster, service, job, bucket or file."""


class InvalidError(OscarError):
    """What was asked for is not valid."""


def invalid(title: str, detail: str, action: str | None = None) -> InvalidError:
    """Make the error for what the user has to write otherwise."""
    return InvalidError(make_problem("invalid", title, 400, detail, action=action))


class ConflictError(OscarError):
    """It is there already, or somebody changed it meanwhile."""


class JobFailed(OscarError):
    """A job ended without success. ``.result`` holds what there is of it."""

    def __init__(self, problem: Problem, result: Any = None) -> None:
        super().__init__(problem)
        self.result = result


class PipelineFailed(OscarError):
    """A run of a pipeline ended without success. ``.run`` holds its nodes."""

    def __init__(self, problem: Problem, run: Any = None) -> None:
        super().__init__(problem)
        self.run = run


class ComputeFailed(OscarError):
    """A MapReduce or high-throughput job ended without success. ``.job`` is the job.

    Attributes
    ----------
    error
        Of the user's code: ``type``, ``message``, ``traceback``, ``line``, ``record``…; None when it was not that.
    """

    def __init__(self, problem: Problem, job: Any = None) -> None:
        super().__init__(problem)
        self.job = job
        self.error: dict[str, Any] | None = job.record.get("error") if job is not None else None

    def _render_traceback_(self) -> list[str]:
        """The user's own lines first, and none of this package."""
        if self.error is None:
            return super()._render_traceback_()
        from .compute.show import error_text

        return [*error_text(self.error).split("\n"), "", f"{type(self).__name__}: {self}"]


_BY_KIND: dict[str, type[OscarError]] = {
    "bridge-unavailable": BridgeUnavailable,
    "bridge-failed": BridgeUnavailable,
    "node-missing": BridgeUnavailable,
    "unreachable": UnreachableError,
    "timeout": UnreachableError,
    "unauthorized": UnauthorizedError,
    "forbidden": UnauthorizedError,
    "not-found": NotFoundError,
    "invalid": InvalidError,
    "conflict": ConflictError,
    "exists": ConflictError,
    "job-failed": JobFailed,
}
_BY_STATUS: dict[int, type[OscarError]] = {
    400: InvalidError,
    401: UnauthorizedError,
    403: UnauthorizedError,
    404: NotFoundError,
    409: ConflictError,
    412: ConflictError,
    413: InvalidError,
    422: InvalidError,
    502: UnreachableError,
    504: UnreachableError,
}


def error_from(problem: Problem) -> OscarError:
    """Make the error whose class fits a problem document: by its type, else by its status."""
    kind = str(problem.get("type", "")).removeprefix(PROBLEM_PREFIX)
    status = problem.get("status")
    found = _BY_KIND.get(kind) or (_BY_STATUS.get(status) if isinstance(status, int) else None)
    return (found or OscarError)(problem)


def sentence(problem: Problem) -> str:
    """One or two sentences: what happened, what the other side said, what to do."""
    parts = [str(problem.get("detail") or problem.get("title") or "Unknown problem").strip()]
    cause = str(problem.get("cause") or "").strip()
    if cause and cause not in parts[0]:
        parts.append(f"({cause})")
    action = str(problem.get("action") or "").strip()
    if action:
        if parts[-1][-1:] not in ".!?)":
            parts[-1] += "."
        parts.append(action)
    return " ".join(parts)
