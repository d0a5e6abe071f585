"""Where a command speaks: results to one stream, messages and progress to another."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import IO, TextIO

from .results import size_text


class Console:
    """Standard output for results, standard error for what happens on the way.

    Parameters
    ----------
    out, err
        The streams; default: those of the process.
    stdin
        Where inputs and secrets are read from; None: there is none (a notebook).
    """

    def __init__(
        self,
        out: TextIO | None = None,
        err: TextIO | None = None,
        stdin: TextIO | None = None,
        *,
        quiet: bool = False,
    ) -> None:
        self.out = out or sys.stdout
        self.err = err or sys.stderr
        self.stdin = stdin
        #: True with ``--json``: results are printed by the caller, and nothing else goes to standard output.
        self.quiet = quiet
        self._line = ""

    @property
    def out_is_terminal(self) -> bool:
        """True when a person reads the output."""
        return self.out.isatty()

    @property
    def binary(self) -> IO[bytes] | None:
        """Standard output for bytes; None where there is no such thing."""
        return getattr(self.out, "buffer", None)

    def write(self, text: str) -> None:
        """Write text that belongs to the result, at once."""
        if not self.quiet:
            self.out.write(text)
            self.out.flush()

    def say(self, message: str) -> None:
        """Tell something that is not the result."""
        self._clear()
        self.err.write(message + "\n")
        self.err.flush()

    def progress(self, message: str) -> None:
        """Show a state that will change; only where it can be overwritten."""
        if not self.err.isatty() or message == self._line:
            return
        self._clear()
        self.err.write(message[:120])
        self.err.flush()
        self._line = message[:120]

    def counted(self, pieces: Iterator[bytes], what: str, total: int | None = None) -> Iterator[bytes]:
        """Pass pieces on and show how far they are."""
        done = 0
        for piece in pieces:
            yield piece
            done += len(piece)
            of = f" of {size_text(total)}" if total else ""
            self.progress(f"{what}: {size_text(done)}{of}")
        self._clear()

    def _clear(self) -> None:
        if self._line:
            self.err.write("\r" + " " * len(self._line) + "\r")
            self._line = ""
