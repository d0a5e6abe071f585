"""Values in the words of a command: pairs, JSON, YAML, and secrets, which are no words."""

from __future__ import annotations

import getpass
import json
from typing import Any

from ..console import Console
from ..errors import InvalidError, invalid


def assignments(given: list[str], option: str) -> dict[str, str]:
    """``K=V`` words; the value may hold further ``=``.

    Raises
    ------
    InvalidError
        When a word is none.
    """
    found = {}
    for word in given:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise invalid("No value", f"{option} {word} is not NAME=VALUE.", "Write NAME=VALUE.")
        found[name] = value
    return found


def json_value(text: str, option: str) -> Any:
    """JSON of an option.

    Raises
    ------
    InvalidError
        When it is none.
    """
    try:
        return json.loads(text)
    except ValueError as error:
        raise invalid("No JSON", f"{option} is no JSON: {error}.", "Quote it for the shell.") from error


def yaml_value(text: str, name: str) -> Any:
    """YAML, or JSON, of a file; only for what needs the values here: FDL the bridge reads by itself.

    Raises
    ------
    InvalidError
        When it is none.
    """
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise invalid("No YAML", f"{name} is no YAML: {error}", "Mend it.") from error


def named_values(text: str, name: str) -> dict[str, Any]:
    """The values of a YAML or JSON file by their names.

    Raises
    ------
    InvalidError
        When it is none, or holds something else.
    """
    value = yaml_value(text, name)
    if not isinstance(value, dict):
        raise invalid("No names", f"{name} has no names of values.", "Write a line “NAME: VALUE” for each.")
    return value


def piped_secret(console: Console, what: str, *, lines: bool = False) -> str:
    """A secret from standard input; it is asked for where that is a terminal, or there is none.

    Parameters
    ----------
    console
        Of the command.
    what
        What it is called.
    lines
        It may have several lines, as keys have.

    Raises
    ------
    InvalidError
        When there is nothing.
    """
    stdin = console.stdin
    if stdin is None or stdin.isatty():
        return getpass.getpass(f"{what.capitalize()}: ")
    secret = (stdin.read() if lines else stdin.readline()).rstrip("\r\n")
    if not secret:
        raise invalid(f"No {what}", f"There is no {what} on standard input.", f"Pipe the {what} into the command.")
    return secret


def asked_secret(console: Console, prompt: str, otherwise: InvalidError) -> str:
    """A secret that somebody types.

    Raises
    ------
    InvalidError
        ``otherwise``, when nobody is there to be asked.
    """
    try:
        if console.stdin is None or console.stdin.isatty():
            return getpass.getpass(f"{prompt}: ")
    except NotImplementedError:  # a notebook that nobody sits at (IPython's StdinNotImplementedError)
        pass
    raise otherwise
