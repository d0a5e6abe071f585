"""A shell body as task: a process for each call, its last line of output is the value."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from .errors import TaskError
from .job import Job

#: Bytes of a line that can be a value; longer ones are cut.
LINE = 64 << 10
#: Bytes of the error output that are told.
TAIL = 2000


def run_shell(job: Job, first: int, count: int, file: Path | None, out: Path) -> Any:
    """Run the body; answers the value of its last line: JSON where it is, else text. Raises TaskError of class ``user``."""
    environment = {**os.environ, "FIRST": str(first), "COUNT": str(count), "TMP_OUTPUT_DIR": str(out)}
    if file is not None:
        environment["INPUT_FILE_PATH"] = str(file)
    with tempfile.TemporaryFile() as errors, tempfile.NamedTemporaryFile("w", suffix=".sh", encoding="utf-8") as script:
        script.write(job.source)
        script.flush()
        process = subprocess.Popen(
            [shutil.which("bash") or "/bin/sh", script.name],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        try:
            last = _follow(process)
            code = process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
        errors.seek(0, os.SEEK_END)
        errors.seek(max(0, errors.tell() - TAIL))
        said = errors.read().decode("utf-8", "replace")
    if said:
        sys.stderr.write(said)
    if code != 0:
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        message = f"The script ended with {how}." + (f" It said: {said.strip()[-500:]}" if said.strip() else "")
        raise TaskError("user", "ScriptError", message)
    return _value(last)


def _follow(process: subprocess.Popen[bytes]) -> bytes:
    """Pass the output on, and keep its last line that is not empty."""
    assert process.stdout is not None
    last = rest = b""
    out = getattr(sys.stdout, "buffer", None)
    while True:
        piece = process.stdout.read1(64 << 10)  # type: ignore[attr-defined]
        if not piece:
            break
        if out is not None:
            out.write(piece)
            out.flush()
        *lines, rest = (rest + piece).split(b"\n")
        for line in reversed(lines):
            if line.strip():
                last = line
                break
        rest = rest[:LINE]
    return rest if rest.strip() else last


def _value(line: bytes) -> Any:
    text = line.decode("utf-8", "replace").strip()
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
