"""Lines of functions and jobs in CloudWatch Logs of moto, at once."""

from __future__ import annotations

import threading
import time
from typing import Any


class Logs:
    """Writes log events; safe for several threads, which moto's is not."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def open(self, account: str, region: str, group: str, stream: str) -> None:
        """Make a stream, and its group where it is not there."""
        with self._lock:
            backend = _backend(account, region)
            backend.ensure_log_group(group)
            backend.ensure_log_stream(group, stream)

    def exists(self, account: str, region: str, group: str, stream: str) -> bool:
        """True when the stream is there still: a group can be deleted."""
        found = _backend(account, region).groups.get(group)
        return found is not None and stream in found.streams

    def add(self, account: str, region: str, group: str, stream: str, message: str) -> None:
        """Write one event."""
        with self._lock:
            backend = _backend(account, region)
            if group not in backend.groups or stream not in backend.groups[group].streams:
                backend.ensure_log_group(group)  # deleted while the function ran
                backend.ensure_log_stream(group, stream)
            backend.put_log_events(group, stream, [{"timestamp": int(time.time() * 1000), "message": message}])


def _backend(account: str, region: str) -> Any:
    from moto.logs.models import logs_backends

    return logs_backends[account][region]
