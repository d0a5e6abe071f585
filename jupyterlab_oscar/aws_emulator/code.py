"""Folders with the code of functions: zips and layers are unpacked once; images are what was told of them."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import threading
import zipfile
from pathlib import Path

from .config import NotRunnable

#: A zip may not grow to more (bytes): Lambda's own limit.
_LARGEST = 262_144_000


class CodeFolders:
    """Unpacked code below one folder.

    Parameters
    ----------
    folder
        Of the emulator; removed with it.
    images
        Folder of the user, with what images hold below ``/var/task``: ``<repository>/`` or ``<repository>/<tag>/``.
    """

    def __init__(self, folder: Path, images: Path | None) -> None:
        self._folder = folder
        self._images = images
        self._given: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def of_zip(self, content: bytes, digest: str | None = None) -> Path:
        """Unpack a zip; the same bytes give the same folder.

        Raises
        ------
        NotRunnable
            When it is no zip, too large, or has names that lead out of it.
        """
        name = hashlib.sha256(content).hexdigest()[:32] if digest is None else re.sub(r"\W", "", digest)[:64]
        target = self._folder / "code" / name
        with self._lock:
            if not target.is_dir():
                _unpack(content, target)
        return target

    def of_image(self, uri: str) -> Path:
        """What is known of an image; an empty folder when nothing is."""
        repository, tag = split_image(uri)
        with self._lock:
            given = self._given.get(uri) or self._given.get(f"{repository}:{tag}")
        if given is not None:
            return self.of_zip(given)
        if self._images is not None:
            base = repository.rsplit("/", 1)[-1]
            for candidate in (self._images / base / tag, self._images / base):
                if candidate.is_dir():
                    return candidate
        empty = self._folder / "code" / "empty"
        empty.mkdir(parents=True, exist_ok=True)
        return empty

    def give_image(self, uri: str, content: bytes) -> None:
        """Take a zip of what an image holds below ``/var/task``."""
        self.of_zip(content)  # so that a bad one is refused now
        repository, tag = split_image(uri)
        with self._lock:
            self._given[f"{repository}:{tag}"] = content


def split_image(uri: str) -> tuple[str, str]:
    """``host:port/name:tag`` → (``host:port/name``, ``tag``)."""
    repository, _, digest = uri.partition("@")
    if digest:
        return repository, digest
    head, slash, last = repository.rpartition("/")
    name, _, tag = last.partition(":")
    return f"{head}{slash}{name}", tag or "latest"


def _unpack(content: bytes, target: Path) -> None:
    temporary = target.with_name(target.name + ".part")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(item.file_size for item in archive.infolist()) > _LARGEST:
                raise NotRunnable("The code is larger than 250 MB unpacked, which Lambda does not take.")
            root = temporary.resolve()
            for item in archive.infolist():
                if not (temporary / item.filename).resolve().is_relative_to(root):
                    raise NotRunnable(f"The code has a file outside of it: {item.filename}.")
            archive.extractall(temporary)
            for item in archive.infolist():
                mode = (item.external_attr >> 16) & 0o777
                if mode and not item.is_dir():
                    (temporary / item.filename).chmod(mode | 0o600)
        temporary.rename(target)
    except zipfile.BadZipFile as error:
        raise NotRunnable(f"The code is no zip: {error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
