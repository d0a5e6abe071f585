"""Files that go to the bridge, and text that comes back."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from .errors import NotFoundError, make_problem
from .results import safe_name

PathLike = str | os.PathLike[str]
#: Seconds a poll may rest in the bridge until something changes (the contract allows 30).
POLL = 25


class Input:
    """A file to submit: where it is, and the name it goes by."""

    def __init__(self, file: Path, name: str) -> None:
        self.path = file
        self.name = name


def expand(given: Sequence[PathLike]) -> list[Input]:
    """Turn paths and folders into the files to submit; a folder stands for all files below it, hidden ones
    left out.

    Raises
    ------
    NotFoundError
        When one of them is not there, or a folder is empty.
    """
    inputs: list[Input] = []
    for item in given:
        found = Path(item).expanduser()
        if not found.is_dir():
            file_reference(found)
            inputs.append(Input(found, found.name))
            continue
        below = sorted(
            file
            for file in found.rglob("*")
            if file.is_file() and not any(part.startswith(".") for part in file.relative_to(found).parts)
        )
        if not below:
            raise NotFoundError(make_problem("not-found", "Nothing to submit", 404, f"There are no files in {found}."))
        inputs.extend(Input(file, file.relative_to(found).as_posix()) for file in below)
    return inputs


def output_folders(names: Sequence[str]) -> list[str]:
    """A folder for the outputs of each input: its name, numbered where two inputs have the same one."""
    taken: dict[str, int] = {}
    folders = []
    for name in names:
        base = safe_name(name)
        taken[base] = taken.get(base, 0) + 1
        folder = base if taken[base] == 1 else f"{base}-{taken[base]}"
        while folder != base and folder in taken:
            taken[base] += 1
            folder = f"{base}-{taken[base]}"
        taken.setdefault(folder, 1)
        folders.append(folder)
    return folders


def file_reference(file: PathLike) -> dict[str, str]:
    """The reference by which the bridge reads a file of this machine.

    Raises
    ------
    NotFoundError
        When there is no such file.
    """
    found = Path(file).expanduser()
    if not found.is_file():
        what = "is a folder" if found.is_dir() else "is not there"
        raise NotFoundError(make_problem("not-found", "No such file", 404, f"The file {file} {what}."))
    return {"path": str(found.absolute())}


def text_pieces(pieces: Iterator[bytes]) -> Iterator[str]:
    """Decode UTF-8 that may be cut anywhere."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for piece in pieces:
        text = decoder.decode(piece)
        if text:
            yield text
    rest = decoder.decode(b"", True)
    if rest:
        yield rest
