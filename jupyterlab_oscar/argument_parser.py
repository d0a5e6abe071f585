"""The parser of the command line and of the magics: its mistakes are exceptions, its verbs have actions."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

#: Makes a verb, or an action within one: name, help, and where.
Verb = Callable[..., "Parser"]
#: The actions of a verb.
Actions = argparse._SubParsersAction
#: How the check of a verb travels: argparse hands the defaults of a verb on to the outer parser, and has no hook for it.
_CHECK = "_check"


class UsageMistake(Exception):
    """The words do not make a command.

    Attributes
    ----------
    usage
        How they would.
    """

    def __init__(self, message: str, usage: str) -> None:
        super().__init__(message)
        self.usage = usage


class Parser(argparse.ArgumentParser):
    """Raises instead of ending the process: a notebook lives on after a mistake."""

    def error(self, message: str) -> NoReturn:
        raise UsageMistake(message, self.format_usage().strip())

    def actions(self, *, dest: str = "action", required: bool = True) -> Actions[Parser]:
        """Let an action follow; it is parsed into ``dest``."""
        return self.add_subparsers(dest=dest, metavar="ACTION", parser_class=Parser, required=required)

    def check_with(self, check: Callable[[argparse.Namespace], str | None]) -> None:
        """Check words that are each right but may not go together.

        Parameters
        ----------
        check
            Gets the parsed words of this verb; returns what is wrong with them, or None.
        """

        def checked(args: argparse.Namespace) -> None:
            wrong = check(args)
            if wrong:
                self.error(wrong)

        self.set_defaults(**{_CHECK: checked})

    def parse_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]
        """Parse the words.

        Raises
        ------
        UsageMistake
            When they do not make a command.
        """
        found = super().parse_args(args, namespace)
        check = vars(found).pop(_CHECK, None)
        if check is not None:
            check(found)
        return found
