"""Where a command speaks: results to one stream, messages and progress to another."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import IO, Any, TextIO

from .results import size_text


class Console:
    """Standard output for results, standard error for what happens on the way.

    Parameters
    ----------
    out, err
        The streams; default: those of the process.
    stdin
        Where inputs and secrets are read from; None: there is none (a notebook).
    display
        IPython's ``display``; None: not in a notebook.
    """

    def __init__(
        self,
        out: TextIO | None = None,
        err: TextIO | None = None,
        stdin: TextIO | None = None,
        *,
        quiet: bool = False,
        display: Callable[..., Any] | None = None,
    ) -> None:
        self.out = out or sys.stdout
        self.err = err or sys.stderr
        self.stdin = stdin
        #: True with ``--json``: results are printed by the caller, and nothing else goes to standard output.
        self.quiet = quiet
        #: IPython's, in a notebook: shows values as they show themselves.
        self.display = display
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

    def show(self, value: Any) -> None:
        """Show something that is not the result: a table where there is one."""
        if self.display is not None:
            self.display(value)
        else:
            self.say(repr(value))

    def live(self) -> Live:
        """A place that is shown again whenever it changes."""
        return Live(self)

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


class Live:
    """A value that changes: one output in a notebook; in a terminal the lines that are new."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._handle: Any = None

    def update(self, value: Any, lines: list[str]) -> None:
        """Show the value again.

        Parameters
        ----------
        value
            What a notebook shows in the place of what it showed before.
        lines
            What a terminal prints: only what is new.
        """
        if self._console.display is None:
            for line in lines:
                self._console.say(line)
        elif self._handle is None:
            self._handle = self._console.display(value, display_id=True)
        else:
            self._handle.update(value)

    def close(self) -> None:
        """Make room for the value that takes its place in the notebook."""
        if self._handle is not None:
            self._handle.update({"text/plain": ""}, raw=True)
