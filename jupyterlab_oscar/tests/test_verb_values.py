"""Pairs, files of values and secrets in the words of a command."""

from __future__ import annotations

import io
import os
import pty
from collections.abc import Iterator

import pytest

from jupyterlab_oscar.console import Console
from jupyterlab_oscar.errors import InvalidError, invalid
from jupyterlab_oscar.verbs.values import (
    asked_secret,
    assignments,
    json_value,
    named_values,
    piped_secret,
)

MISSING = invalid("A secret is missing", "Nobody is there to be asked for it.", "Put it into the variable PIN.")


def console(stdin: str | None) -> Console:
    return Console(io.StringIO(), io.StringIO(), None if stdin is None else io.StringIO(stdin))


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Console]:
    """A console at a terminal where whoever is asked types the question backwards."""
    monkeypatch.setattr("getpass.getpass", lambda prompt: prompt[::-1])
    leader, follower = pty.openpty()
    with os.fdopen(follower) as stdin:
        yield Console(io.StringIO(), io.StringIO(), stdin)
    os.close(leader)


def test_pairs() -> None:
    assert assignments(["a=1", "b=x=y", "c="], "-e") == {"a": "1", "b": "x=y", "c": ""}
    for bad in ("a", "=1"):
        with pytest.raises(InvalidError, match=f"-e {bad} is not NAME=VALUE"):
            assignments([bad], "-e")


def test_json() -> None:
    assert json_value('{"a": [1]}', "-p") == {"a": [1]}
    with pytest.raises(InvalidError, match="-p is no JSON"):
        json_value("{a: 1}", "-p")


def test_files_of_values() -> None:
    assert named_values("a: 1\nb: [x]\n", "f.yaml") == {"a": 1, "b": ["x"]}
    assert named_values('{"a": 1}', "f.json") == {"a": 1}
    with pytest.raises(InvalidError, match=r"f\.yaml is no YAML"):
        named_values("a: [", "f.yaml")
    for text in ("- a\n", "", "a\n"):
        with pytest.raises(InvalidError, match=r"f\.yaml has no names of values") as caught:
            named_values(text, "f.yaml")
        assert "functions" not in str(caught.value)  # such a file is no FDL


def test_a_secret_is_one_line_unless_it_may_have_more() -> None:
    assert piped_secret(console("pass word \nrest\n"), "password") == "pass word "
    assert piped_secret(console("BEGIN\nkey\nEND\n"), "key", lines=True) == "BEGIN\nkey\nEND"
    with pytest.raises(InvalidError, match="no token on standard input"):
        piped_secret(console(""), "token")


def test_secrets_are_not_echoed_by_a_terminal(terminal: Console) -> None:
    assert piped_secret(terminal, "password") == "Password: "[::-1]
    assert asked_secret(terminal, "PIN", MISSING) == "PIN: "[::-1]


def test_nobody_there_to_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidError, match="variable PIN"):
        asked_secret(console(""), "PIN", MISSING)

    def refuse(prompt: str) -> str:
        raise NotImplementedError(prompt)  # as a kernel does that runs without a front end

    monkeypatch.setattr("getpass.getpass", refuse)
    with pytest.raises(InvalidError, match="variable PIN"):
        asked_secret(console(None), "PIN", MISSING)
