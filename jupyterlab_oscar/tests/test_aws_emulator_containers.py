"""What a script in a container prints is told, and nothing is started twice because of what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyterlab_oscar.aws_emulator.containers import Container, Containers

#: Takes the place of podman: it notes each start, and says and does what a test wants.
ENGINE = """#!/bin/sh
case " $* " in
  *" run "*) ;;
  *) exit 0 ;;
esac
echo "$*" >> "$STARTS"
case " $* " in *" --ulimit "*) echo started; exit 0 ;; esac
echo "$SAYS"
exit "$STATUS"
"""
REFUSAL = "Error: runc: error setting rlimits for ready process: operation not permitted: OCI permission denied"


@pytest.mark.parametrize(
    ("says", "status", "starts", "lines", "code"),
    [
        (REFUSAL, 126, 2, ["started"], 0),
        (REFUSAL, 1, 1, [REFUSAL], 1),
        ("about rlimit: a word", 126, 1, ["about rlimit: a word"], 126),
        ("no such program", 127, 1, ["no such program"], 127),
    ],
    ids=["refused", "the script's own words", "another word", "not found"],
)
def test_limits_that_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, status: int, starts: int, lines: list[str], code: int
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "podman").write_text(ENGINE)
    (programs / "podman").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    for name, value in {"STARTS": str(tmp_path / "starts"), "SAYS": says, "STATUS": str(status)}.items():
        monkeypatch.setenv(name, value)
    told: list[str] = []
    containers = Containers(tmp_path, "127.0.0.1:1", ("AWS", "secret-of-the-registry"))
    assert containers.has("an-image")
    ended = containers.run(Container("an-image", {"A": "secret-of-the-function"}), tell=told.append)
    begun = (tmp_path / "starts").read_text()
    assert (ended.code, told, len(begun.splitlines())) == (code, lines, starts)
    assert "secret-of" not in begun
