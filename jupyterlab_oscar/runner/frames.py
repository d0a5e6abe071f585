"""Frames over two pipes: the other end of ``backend-bridge/src/jobs/engines/frames.ts``.

A frame is two 4-byte big-endian lengths, UTF-8 JSON of the first length, bytes of the second.
"""

from __future__ import annotations

import json
import os
import struct
import threading
from collections.abc import Iterator
from typing import Any

from . import guard

LENGTHS = struct.Struct(">II")
FRAME_LIMIT = 64 * 1024 * 1024


class Channel:
    """Both pipes. ``send`` may be called by any thread.

    Parameters
    ----------
    incoming, outgoing
        File descriptors. They are made close-on-exec, and closed in forks.
    """

    def __init__(self, incoming: int, outgoing: int) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._lock = threading.Lock()
        for fd in (incoming, outgoing):
            os.set_inheritable(fd, False)
        guard.on_fork(self._close)

    def send(self, head: dict[str, Any], attachment: bytes = b"") -> None:
        """Write one frame at once. A bridge that is gone ends the process."""
        guard.check()
        data = json.dumps(head, separators=(",", ":")).encode()
        piece = memoryview(LENGTHS.pack(len(data), len(attachment)) + data + attachment)
        try:
            with self._lock:
                while piece:
                    piece = piece[os.write(self._outgoing, piece) :]
        except BrokenPipeError:
            os._exit(0)

    def frames(self) -> Iterator[tuple[dict[str, Any], bytes]]:
        """Frames in the order they come, until the other end is closed."""
        while True:
            lengths = self._read(LENGTHS.size)
            if lengths is None:
                return
            json_length, more = LENGTHS.unpack(lengths)
            if max(json_length, more) > FRAME_LIMIT:
                raise ValueError(f"The bridge sent a frame of {max(json_length, more)} bytes.")
            head = self._read(json_length)
            attachment = self._read(more)
            if head is None or attachment is None:
                return
            yield json.loads(head), attachment

    def _read(self, length: int) -> bytes | None:
        pieces = []
        while length:
            piece = os.read(self._incoming, min(length, 1 << 20))
            if not piece:
                return None
            pieces.append(piece)
            length -= len(piece)
        return b"".join(pieces)

    def _close(self) -> None:
        # A child that kept these open would keep the bridge from seeing that its worker is dead.
        for fd in (self._incoming, self._outgoing):
            try:
                os.close(fd)
            except OSError:
                continue
