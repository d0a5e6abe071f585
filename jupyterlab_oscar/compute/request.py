"""What is asked of the bridge: one ``ComputeRequest`` of the contract, made of plain options."""

from __future__ import annotations

import json
import os
import re
import sys
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..errors import invalid
from ..inputs import PathLike

_MAGIC = re.compile(r"[*?\[]")
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kKMGT]?)(i?)B?\s*$")
_UNITS = {"": 0, "k": 1, "K": 1, "M": 2, "G": 3, "T": 4}

#: Options of MapReduce, HTC and the formats, as the contract names them.
_MAPREDUCE = ("mappers", "reducers", "minBlock", "maxBlock", "combiner", "sort", "top")
_HTC = ("iterations", "time", "initWorkers", "seed", "balance")
_FORMAT = ("type", "delimiter", "separator", "header", "size", "encoding", "errors")
_PLAIN = ("name", "maxWorkers", "timeout", "retries", "skipBadRecords", "isolate", "fresh", "sampleOnly", "overwrite")


def build(
    kind: str,
    code: Mapping[str, Any],
    inputs: PathLike | Iterable[PathLike] | None,
    options: Mapping[str, Any],
) -> dict[str, Any]:
    """Make a request.

    Parameters
    ----------
    kind
        ``mapreduce`` or ``htc``.
    code
        ``ComputeCode`` of the contract.
    inputs
        Files, folders, patterns (``data/*.csv``), ``s3://BUCKET/PREFIX`` of the cluster that is used, or
        ``oscar://CLUSTER/BUCKET/PREFIX``.
    options
        By the contract's names in Python's spelling (``max_workers``), flat; ``block`` is ``MIN:MAX``, ``memory`` may
        have a unit, ``format`` is the type of the records, ``config`` a file of MARLA or TaScaaS. Those that are None count
        as not given.

    Raises
    ------
    InvalidError
        When a size cannot be read.
    OSError
        When the configuration cannot be read.
    """
    given = {_camel(name): value for name, value in options.items() if value is not None and value is not False}
    request: dict[str, Any] = {
        "kind": kind,
        "code": dict(code),
        "engine": given.get("engine", "local"),
        "python": sys.executable,
        "cwd": str(Path.cwd()),
        "idempotencyKey": str(given.get("idempotencyKey") or uuid.uuid4()),
    }
    request.update({name: given[name] for name in _PLAIN if name in given})
    if "memory" in given:
        request["memory"] = size_of(given["memory"])
    if "config" in given:
        file = Path(given["config"]).expanduser()
        request["config"] = {"format": "marla" if kind == "mapreduce" else "tascaas", "text": file.read_text("utf-8")}
        if not inputs and kind == "htc":
            inputs = _beside(file, request["config"]["text"])
    if inputs is not None:
        many = [inputs] if isinstance(inputs, (str, os.PathLike)) else list(inputs)
        if many:
            request["input"] = [input_of(item) for item in many]
    if "output" in given:
        request["output"] = output_of(given["output"])
    if "format" in given:
        given["type"] = given["format"]
    if "block" in given:
        least, most = blocks_of(given["block"])
        given.setdefault("minBlock", least)
        given.setdefault("maxBlock", most)
    own = "mapreduce" if kind == "mapreduce" else "htc"
    for group, names in ((own, _MAPREDUCE if own == "mapreduce" else _HTC), ("format", _FORMAT)):
        found = {name: given[name] for name in names if given.get(name) is not None}
        if found:
            request[group] = found
    if options.get("header") is False:
        request.setdefault("format", {})["header"] = False
    return request


def _beside(config: Path, text: str) -> list[Path]:
    """The input file of a job file of TaScaaS when it lies in its folder, as there; else the bridge looks for it."""
    try:
        name = json.loads(text)["inputFile"]
        file = config.absolute().parent / name
    except (ValueError, KeyError, TypeError):
        # The bridge says what is wrong with it.
        return []
    return [file] if file.is_file() else []


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def input_of(text: PathLike) -> dict[str, Any]:
    """One input: a file, a folder, a pattern or objects of a bucket (``ComputeInput`` of the contract)."""
    name = os.fspath(text)
    for scheme in ("s3://", "oscar://"):
        if name.startswith(scheme):
            return _objects(name[len(scheme) :], with_cluster=scheme == "oscar://")
    path = Path(name).expanduser().absolute()
    if path.exists() or not _MAGIC.search(name):
        return {"file": {"path": str(path)}}
    parts = path.parts
    first = next(index for index, part in enumerate(parts) if _MAGIC.search(part))
    return {"file": {"path": str(Path(*parts[:first]))}, "glob": "/".join(parts[first:])}


def _objects(place: str, *, with_cluster: bool) -> dict[str, Any]:
    cluster, _, rest = place.partition("/") if with_cluster else ("", "", place)
    bucket, _, key = rest.partition("/")
    if not bucket or (with_cluster and not cluster):
        raise invalid(
            "There is no bucket in it",
            f"{place} names no bucket.",
            "Write s3://BUCKET/PREFIX or oscar://CLUSTER/BUCKET/PREFIX.",
        )
    found: dict[str, Any] = {"bucket": bucket}
    if cluster:
        found["cluster"] = cluster
    magic = _MAGIC.search(key)
    if magic is None:
        if key:
            found["prefix"] = key
        return found
    cut = key.rfind("/", 0, magic.start()) + 1
    return {**found, "prefix": key[:cut], "glob": key[cut:]} if cut else {**found, "glob": key}


def output_of(text: PathLike) -> dict[str, Any]:
    """Where results go: a folder, or ``s3://BUCKET/PREFIX``."""
    name = os.fspath(text)
    if name.startswith("s3://"):
        bucket, _, prefix = name[5:].partition("/")
        return {"bucket": bucket, "prefix": prefix}
    return {"file": {"path": str(Path(name).expanduser().absolute())}}


def size_of(text: Any) -> int:
    """Bytes of ``512M``, ``1.5GiB`` or a number; units count in 1024.

    Raises
    ------
    InvalidError
        When it is no size.
    """
    if isinstance(text, (int, float)):
        return int(text)
    found = _SIZE.match(str(text))
    if found is None:
        raise invalid("That is no size", f"“{text}” is no size.", "Write a number with K, M or G, as in 512M.")
    return int(float(found[1]) * 1024 ** _UNITS[found[2]])


def blocks_of(text: Any) -> tuple[int | None, int | None]:
    """Least and largest block of ``MIN:MAX``, bytes; one number is both."""
    if isinstance(text, (tuple, list)):
        least, most = text
    else:
        least, colon, most = str(text).partition(":")
        most = most if colon else least
    return (size_of(least) if least else None, size_of(most) if most else None)
