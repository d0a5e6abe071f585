"""What a SCAR function was deployed with: its configuration, and the script that it runs."""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

#: Beside the code: of a zip, or of an image below /var/task.
CONFIG_FILE = "function_config.yaml"


class NotRunnable(Exception):
    """The emulator cannot run a function; the words are for its caller."""


def configuration(task: Path, environment: Mapping[str, str]) -> dict[str, Any] | None:
    """Configuration of a function, from where faas-supervisor reads it; None: it is no function of SCAR.

    Parameters
    ----------
    task
        Folder with its code.
    environment
        Its variables.

    Raises
    ------
    NotRunnable
        When it cannot be read.
    """
    file = task / CONFIG_FILE
    if file.is_file():
        return _mapping(file.read_text(encoding="utf-8"), CONFIG_FILE)
    for name in ("FDL", "FUNCTION_CONFIG"):
        if environment.get(name):
            return _mapping(decoded(environment[name]).decode("utf-8", "replace"), f"the variable {name}")
    return None


def script_of(config: Mapping[str, Any], task: Path, environment: Mapping[str, str]) -> bytes | None:
    """Script of a function that has one.

    It is looked for in the variable ``SCRIPT`` (base64, as SCAR gives it to Batch), as ``script`` of the configuration (text
    or base64), and as the file that ``init_script`` names, in the folder of the code.
    """
    if environment.get("SCRIPT"):
        return decoded(environment["SCRIPT"])
    text = config.get("script")
    if isinstance(text, str) and text.strip():
        return text.encode() if "\n" in text or text.startswith("#!") else decoded(text)
    name = config.get("init_script")
    if isinstance(name, str) and name:
        for candidate in (name.removeprefix("/var/task/").lstrip("/"), os.path.basename(name)):  # noqa: PTH119
            file = (task / candidate).resolve()
            if file.is_file() and file.is_relative_to(task.resolve()):
                return file.read_bytes()
    return None


def variables_of(section: Mapping[str, Any] | None) -> dict[str, str]:
    """``environment.Variables`` (or ``variables``) of a section."""
    environment = (section or {}).get("environment") or {}
    found = environment.get("Variables") or environment.get("variables") or {}
    return {str(name): "" if value is None else str(value) for name, value in found.items()}


def decoded(text: str) -> bytes:
    """Base64 of today or text as it is."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return text.encode()


def _mapping(text: str, where: str) -> dict[str, Any]:
    try:
        # JSON first: it is what SCAR writes to the environment, and much faster.
        found = json.loads(text)
    except ValueError:
        try:
            found = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise NotRunnable(f"The configuration in {where} is no YAML: {error}") from error
    if not isinstance(found, dict):
        raise NotRunnable(f"The configuration in {where} is no mapping.")
    return found
