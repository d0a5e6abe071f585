"""Completion for ``%oscar``: from the parser, and from what there is on the cluster."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterable
from glob import escape, glob
from typing import TYPE_CHECKING, Any

from ..parser import build_parser

if TYPE_CHECKING:
    from ..client import Bridge

#: Seconds for which names that were asked for are used again: a key press must not cost a call each.
_FRESH = 5.0
_names: dict[str, tuple[float, list[str]]] = {}


def complete(line: str, word: str) -> list[str]:
    """Words that may stand at the end of a line.

    Parameters
    ----------
    line
        What stands after the magic, up to the cursor.
    word
        The word that is being written; empty after a space.
    """
    return _complete(build_parser("%oscar"), line, word)


def complete_compute(line: str, word: str, variables: Iterable[str]) -> list[str]:
    """Words that may stand at the end of a line of ``%%mapreduce``, ``%%htc`` or ``%jobs``.

    Parameters
    ----------
    line
        Up to the cursor, with the magic.
    word
        The word that is being written; empty after a space.
    variables
        Names of the notebook.
    """
    from .compute import cell_parser
    from .jobs import jobs_parser

    magic, _, rest = line.lstrip().rpartition("%")[2].partition(" ")
    if magic == "jobs":
        return _complete(jobs_parser(), rest, word)
    words = rest.split() if rest.endswith(" ") else rest.split()[:-1]
    last = words[-1] if words else ""
    if last == "--with":
        return _starting(word, (name for name in variables if not name.startswith("_")))
    if last in ("-e", "--engine"):
        return _starting(word, ["local", *(f"oscar:{name}" for name in _clusters())])
    if last == "--resume":
        return _starting(word, _compute_jobs())
    return _complete(cell_parser("mapreduce" if magic == "mapreduce" else "htc"), rest, word)


def _complete(parser: argparse.ArgumentParser, line: str, word: str) -> list[str]:
    words = line.split()
    if word and words and not line.endswith(" "):
        words = words[:-1]
    verb: list[str] = []
    given: list[str] = []
    cluster: str | None = None
    rest = iter(words)
    for item in rest:
        if item == "--cluster":
            cluster = next(rest, None)
        elif item.startswith("-"):
            option = _option(parser, item)
            if option is not None and option.nargs != 0 and "=" not in item:
                next(rest, None)
        elif (choices := _subparsers(parser)) is not None:
            if item not in choices:
                return []
            parser = choices[item]
            verb.append(item)
        else:
            given.append(item)
    if words and words[-1] == "--cluster":
        return _starting(word, _clusters())
    if words and words[-1].startswith("-"):
        option = _option(parser, words[-1])
        if option is not None and option.nargs != 0:
            return _starting(word, _option_values(parser, option, word))
    if word.startswith("-"):
        return _starting(word, [text for action in parser._actions for text in action.option_strings])
    choices = _subparsers(parser)
    if choices is not None:
        return _starting(word, choices)
    return _starting(word, _values(parser, given, word, cluster))


def _values(parser: argparse.ArgumentParser, given: list[str], word: str, cluster: str | None) -> Iterable[str]:
    positional = [action for action in parser._actions if not action.option_strings]
    if not positional:
        return []
    action = positional[min(len(given), len(positional) - 1)]
    if len(given) >= len(positional) and action.nargs not in ("+", "*"):
        return []
    kinds: dict[str, Callable[[], Iterable[str]]] = {
        "NAME": lambda: _services(cluster),
        "SERVICE": lambda: _services(cluster),
        "JOB": lambda: _jobs(cluster, given[0] if given else None),
        "BUCKET[/PREFIX]": lambda: _objects(cluster, word),
        "BUCKET/KEY": lambda: _objects(cluster, word),
        "FILE": lambda: _files(word),
        "INPUT": lambda: _files(word),
        "SCRIPT": lambda: _files(word, (".py", ".sh")),
        "FDL.yaml": lambda: _files(word, (".yaml", ".yml")),
        "FILE.pipeline": lambda: _files(word, (".pipeline",)),
        "RUN": _runs,
        "BATCHJOB": _batch_jobs,
        "INFRASTRUCTURE": _infrastructures,
        "TEMPLATE": _templates,
        "CREDENTIAL": _credentials,
    }
    if action.metavar == "ID":
        of_a_job = {"job", "%jobs"} & set(parser.prog.split())
        return [*_compute_jobs(), *_jobs(cluster, None)] if of_a_job else _clusters()
    find = kinds.get(str(action.metavar))
    return find() if find is not None else []


def _option_values(parser: argparse.ArgumentParser, option: argparse.Action, word: str) -> Iterable[str]:
    """What may follow an option: its choices, files, or names of AWS and of the Infrastructure Manager."""
    if option.choices:
        return [str(choice) for choice in option.choices]
    metavar = str(option.metavar)
    if metavar in ("FILE", "PATH", "DIR", "TAR", "FILE|DIR/"):
        return _files(word)
    if metavar in ("FDL.yaml", "FILE.yaml"):
        return _files(word, (".yaml", ".yml"))
    named = set(parser.prog.split())
    if "scar" in named and not {"init", "plan"} & named:
        kinds: dict[str, Callable[[], Iterable[str]]] = {
            "NAME": _functions,
            "BUCKET[/FOLDER]": lambda: _aws_objects(word),
            "P": _profiles,
        }
        return kinds[metavar]() if metavar in kinds else []
    if "infrastructure" in named and "--credential" in option.option_strings:
        return _credentials()
    return []


def _option(parser: argparse.ArgumentParser, text: str) -> argparse.Action | None:
    for action in parser._actions:
        if text.split("=")[0] in action.option_strings:
            return action
    return None


def _subparsers(parser: argparse.ArgumentParser) -> dict[str, Any] | None:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return None


def _starting(word: str, candidates: Iterable[str]) -> list[str]:
    return sorted({item for item in candidates if item.startswith(word)})


def _files(word: str, endings: tuple[str, ...] | None = None) -> list[str]:
    found = []
    for path in glob(escape(os.path.expanduser(word)) + "*"):  # noqa: PTH111, PTH207 (text as it was written)
        if os.path.isdir(path):  # noqa: PTH112
            found.append(path + "/")
        elif endings is None or path.endswith(endings):
            found.append(path)
    return found


def _asked(key: str, ask: Callable[[], list[str]]) -> list[str]:
    """What there is, remembered for a moment; nothing where it cannot be asked for."""
    from ..errors import OscarError

    known = _names.get(key)
    if known is not None and time.monotonic() - known[0] < _FRESH:
        return known[1]
    try:
        names = ask()
    except OscarError:
        names = []  # a key press is no place for an error; the command itself will tell
    _names[key] = (time.monotonic(), names)
    return names


def _listed(key: str, items: Callable[[Bridge], Iterable[dict[str, Any]]], field: str = "id") -> list[str]:
    from ..client import connect

    return _asked(key, lambda: [item[field] for item in items(connect())])


def _clusters() -> list[str]:
    return _listed("clusters", lambda bridge: bridge.clusters())


def _runs() -> list[str]:
    return _listed("runs", lambda bridge: bridge.runs())


def _compute_jobs() -> list[str]:
    return _listed("compute jobs", lambda bridge: bridge.compute_jobs())


def _services(cluster: str | None) -> list[str]:
    return _listed(f"services {cluster}", lambda bridge: bridge.cluster(cluster).services(), "name")


def _jobs(cluster: str | None, service: str | None) -> list[str]:
    return _listed(f"jobs {cluster} {service}", lambda bridge: bridge.cluster(cluster).jobs(service))


def _functions() -> list[str]:
    return _listed("functions", lambda bridge: bridge.aws().functions(), "name")


def _batch_jobs() -> list[str]:
    return _listed("batch jobs", lambda bridge: bridge.aws().batch_jobs())


def _profiles() -> list[str]:
    return _listed("profiles", lambda bridge: bridge.aws().profiles(), "name")


def _infrastructures() -> list[str]:
    return _listed("infrastructures", lambda bridge: bridge.infrastructures().list())


def _templates() -> list[str]:
    return _listed("templates", lambda bridge: bridge.infrastructures().templates())


def _credentials() -> list[str]:
    return _listed("credentials", lambda bridge: bridge.infrastructures().credentials())


def _aws_objects(word: str) -> list[str]:
    from ..client import connect

    return _below(connect().aws(), "aws", word)


def _objects(cluster: str | None, word: str) -> list[str]:
    from ..client import connect

    return _below(connect().cluster(cluster), str(cluster), word)


def _below(where: Any, name: str, word: str) -> list[str]:
    """Buckets, and what is in them, one folder at a time."""
    bucket, slash, prefix = word.partition("/")
    if not slash:
        return _asked(f"buckets {name}", lambda: [item["name"] + "/" for item in where.buckets()])
    folder = prefix[: prefix.rfind("/") + 1]

    def ask() -> list[str]:
        page = where.objects(bucket, folder, delimiter="/")
        return [f"{bucket}/{key}" for key in [*page["prefixes"], *(item["key"] for item in page["items"])]]

    return _asked(f"objects {name} {bucket} {folder}", ask)
