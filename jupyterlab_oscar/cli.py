"""The command line: ``jupyter oscar`` (console script ``jupyter-oscar``)."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from . import _meta
from .argument_parser import UsageMistake
from .errors import BridgeUnavailable, OscarError, UnreachableError, sentence
from .parser import build_parser

FAILED, USAGE, UNREACHABLE, INTERRUPTED = 1, 2, 3, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status.

    Parameters
    ----------
    argv
        The words after the program's name; default: those of the process.
    """
    parser = build_parser("jupyter oscar")
    words = list(sys.argv[1:] if argv is None else argv)
    as_json = "--json" in words
    try:
        args = parser.parse_args(words)
    except UsageMistake as mistake:
        print(f"{mistake.usage}\njupyter oscar: {mistake}", file=sys.stderr)
        if as_json:
            _print_json({"problem": _usage_problem(str(mistake))})
        return USAGE
    as_json = bool(getattr(args, "json", False))
    if args.version:
        print(_meta.version())
        return 0
    if args.verb is None:
        parser.print_help(sys.stderr)
        return USAGE
    try:
        return _run(args, as_json)
    except OscarError as error:
        return _report(error, as_json)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has had enough (head, less): no error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        detail = f"{error.filename}: {error.strerror}." if error.filename else f"{error}."
        problem = {"type": "about:blank", "title": "A file cannot be used", "status": 500, "detail": detail}
        return _report(OscarError(problem), as_json)


def _run(args: Any, as_json: bool) -> int:
    if args.verb == "clusters" and args.action == "serve":
        from .serve import serve

        serve(args)
    if args.verb == "scar" and args.action == "emulator" and not args.env:
        from .serve import serve_emulator

        return serve_emulator(args)
    from .client import Bridge
    from .console import Console
    from .verbs import Context, run

    console = Console(stdin=sys.stdin, quiet=as_json)
    outcome = run(Context(Bridge(client="cli"), args, console))
    if as_json:
        if outcome.json is not None:  # else standard output holds the bytes that were asked for
            _print_json(outcome.json)
    elif outcome.text:
        print(outcome.text)
    sys.stdout.flush()
    return outcome.status


def _report(error: OscarError, as_json: bool) -> int:
    print(f"jupyter oscar: {sentence(error.problem)}", file=sys.stderr)
    if as_json:
        answer: dict[str, Any] = {"problem": error.problem}
        result = getattr(error, "result", None)
        if result is not None:
            answer["result"] = result.record
        _print_json(answer)
    return UNREACHABLE if isinstance(error, (BridgeUnavailable, UnreachableError)) else FAILED


def _usage_problem(message: str) -> dict[str, Any]:
    return {
        "type": "urn:jupyterlab-oscar:problem:usage",
        "title": "Wrong usage",
        "status": 400,
        "detail": message,
        "action": "See jupyter oscar --help.",
    }


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    sys.exit(main())
