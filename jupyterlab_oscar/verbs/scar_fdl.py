"""FDL of what SCAR's options say."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ..errors import invalid
from .context import read_text
from .values import assignments, yaml_value

#: Option → place below an entry of ``functions.aws``.
_PLACES: dict[str, tuple[str, ...]] = {
    "name": ("lambda", "name"),
    "image": ("lambda", "container", "image"),
    "image_file": ("lambda", "container", "image_file"),
    "init_script": ("lambda", "init_script"),
    "execution_mode": ("lambda", "execution_mode"),
    "runtime": ("lambda", "runtime"),
    "memory": ("lambda", "memory"),
    "time": ("lambda", "timeout"),
    "timeout_threshold": ("lambda", "container", "timeout_threshold"),
    "description": ("lambda", "description"),
    "iam_role": ("iam", "role"),
    "log_level": ("lambda", "log_level"),
    "layers": ("lambda", "layers"),
    "api_gateway_name": ("api_gateway", "name"),
    "extra_payload": ("lambda", "extra_payload"),
    "deployment_bucket": ("lambda", "deployment", "bucket"),
    "supervisor_version": ("lambda", "supervisor", "version"),
    "preheat": ("lambda", "preheat"),
    "batch_memory": ("batch", "memory"),
    "batch_vcpus": ("batch", "vcpus"),
    "enable_gpu": ("batch", "enable_gpu"),
}
#: Sections that have a profile and a region of their own.
_SECTIONS = ("lambda", "iam", "s3", "api_gateway", "cloudwatch", "batch")
_FILES = ("init_script", "image_file", "extra_payload")


def source_of(args: Any, cell: str | None = None) -> dict[str, Any]:
    """``FdlSource`` of the contract for the words of ``init`` and ``plan``.

    Parameters
    ----------
    args
        The parsed words.
    cell
        FDL of a notebook's cell or of standard input, where the file is ``-``.

    Raises
    ------
    InvalidError
        When options do not fit, or the file cannot be read.
    """
    file = Path(args.conf_file).expanduser() if args.conf_file not in (None, "-") else None
    base = file.absolute().parent if file else Path.cwd()
    wanted = _entry(args, base)
    if not args.conf_file:
        if "name" not in wanted.get("lambda", {}):
            raise invalid("No name", "A function needs a name.", "Give it with -n.")
        wanted["lambda"].setdefault("runtime", "image")
        return _text({"functions": {"aws": [wanted]}}, "scar init", base)
    if not wanted:
        if file is not None:
            return {"file": {"path": str(file.absolute())}}
        return {"text": cell or "", "name": "cell.yaml", "base": {"path": str(base)}}
    text = read_text(file) if file is not None else cell or ""
    document = _document(text, file.name if file else "the cell")
    entries = ((document.get("functions") or {}).get("aws")) or []
    if not isinstance(entries, list) or not entries:
        raise invalid("No function of AWS", "Options for functions need functions.aws in the FDL.", "Add one.")
    document["functions"]["aws"] = [_merged(entry, wanted) for entry in entries]
    return _text(document, file.name if file else "cell.yaml", base)


def names_of(file: Path) -> tuple[list[str], list[tuple[str, str]]]:
    """Names in an FDL file: functions of AWS, and services with their clusters."""
    functions = _document(read_text(file), file.name).get("functions") or {}
    names = []
    for entry in functions.get("aws") or []:
        section = entry.get("lambda") if isinstance(entry, dict) else None
        if isinstance(section, dict) and section.get("name"):
            names.append(str(section["name"]))
    services = [
        (str(cluster), str(service["name"]))
        for entry in functions.get("oscar") or []
        if isinstance(entry, dict)
        for cluster, service in entry.items()
        if isinstance(service, dict) and service.get("name")
    ]
    return names, services


def _document(text: str, name: str) -> dict[str, Any]:
    value = yaml_value(text, name)
    if not isinstance(value, dict):
        raise invalid("No FDL", f"{name} is no FDL: it has no functions.", "Begin with “functions:”.")
    return value


def _entry(args: Any, base: Path) -> dict[str, Any]:
    entry: dict[str, Any] = {}
    for option, place in _PLACES.items():
        value = getattr(args, option, None)
        if value is None:
            continue
        if option in _FILES:
            value = _named_from(base, value)
        _put(entry, place, value)
    for option, place in (("environment", ("lambda", "container")), ("lambda_environment", ("lambda",))):
        given = getattr(args, option, None)
        if given:
            _put(
                entry,
                (*place, "environment", "Variables"),
                assignments(given, "-e" if "lambda" not in option else "-le"),
            )
    for option, name in (("input_bucket", "input"), ("output_bucket", "output")):
        given = getattr(args, option, None)
        if given:
            _put(entry, ("lambda", name), [{"storage_provider": "s3", "path": given.strip("/")}])
    for value, name in ((args.profile, "boto_profile"), (args.region, "region")):
        if value:
            for section in _SECTIONS:
                _put(entry, (section, name), value)
    return entry


def _named_from(base: Path, given: str) -> str:
    """A file of an option, which is where the command runs, as an FDL below ``base`` names it."""
    file = Path(given).expanduser().absolute()
    below = os.path.relpath(file, base)
    return str(file) if below.startswith(os.pardir) else below


def _put(target: dict[str, Any], place: tuple[str, ...], value: Any) -> None:
    for part in place[:-1]:
        target = target.setdefault(part, {})
    target[place[-1]] = value


def _merged(base: Any, over: Any) -> Any:
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over  # lists too: they replace what was there
    return {**base, **{name: _merged(base.get(name), value) for name, value in over.items()}}


def _text(document: dict[str, Any], name: str, base: Path) -> dict[str, Any]:
    # JSON is YAML.
    return {"text": json.dumps(document, indent=2, ensure_ascii=False), "name": name, "base": {"path": str(base)}}
