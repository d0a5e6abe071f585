"""FDL as the bridge takes it: check, plan, apply."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .transport import path

if TYPE_CHECKING:
    from .client import Bridge

#: Is called with an operation each time it has moved.
Progress = Callable[[dict[str, Any]], None]


class FdlRequest:
    """What is asked about an FDL.

    Parameters
    ----------
    bridge
        Who is asked.
    source
        ``FdlSource`` of the contract.
    cluster
        Where services go; default: the current cluster.
    raw_script
        Leave scripts as they are (no last line that tells the exit code).
    """

    def __init__(
        self, bridge: Bridge, source: dict[str, Any], cluster: str | None = None, *, raw_script: bool = False
    ) -> None:
        self._bridge = bridge
        self._body: dict[str, Any] = {"source": source}
        if cluster:
            self._body["cluster"] = cluster
        if raw_script:
            self._body["rawScript"] = True

    def check(self) -> list[dict[str, Any]]:
        """Its problems."""
        return list(self._ask("check")["problems"])

    def plan(self) -> dict[str, Any]:
        """What an apply would do: ``{steps, problems, notes, services}``."""
        return self._ask("plan")

    def apply(self, progress: Progress | None = None) -> dict[str, Any]:
        """Deploy it and wait until it is done; returns the operation with its steps."""
        return self._bridge.operation(self._ask("apply"), progress)

    def _ask(self, what: str) -> dict[str, Any]:
        return dict(self._bridge.transport.json("POST", path("fdl", what), self._body))
