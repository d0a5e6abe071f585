"""One system in a process of its own: commands as lines of JSON on standard input, answers on a pipe that nobody else writes to.

``python -m workloads.child SYSTEM``: ``{"do": "map"|"tasks"|…, …}`` answers ``{"seconds", …}`` or ``{"error"}``.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import traceback
from typing import Any


def main() -> None:
    # What the system prints must not be taken for an answer.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    began = time.perf_counter()
    try:
        system: Any = importlib.import_module(f"workloads.{sys.argv[1]}").System()
    except Exception as error:
        answers.write(json.dumps({"error": f"{type(error).__name__}: {error}"}) + "\n")
        return
    answers.write(json.dumps({"seconds": time.perf_counter() - began}) + "\n")
    for line in sys.stdin:
        command = json.loads(line)
        work = getattr(system, command.pop("do"))
        began = time.perf_counter()
        try:
            answer = work(**command) or {}
        except Exception as error:
            traceback.print_exc()
            answers.write(json.dumps({"error": f"{type(error).__name__}: {str(error)[:300]}"}) + "\n")
            continue
        answers.write(json.dumps({"seconds": time.perf_counter() - began, **answer}) + "\n")
    system.stop()


if __name__ == "__main__":
    main()
