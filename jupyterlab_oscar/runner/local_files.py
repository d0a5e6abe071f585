"""Input files as paths: those of a bucket are copied first."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from .inputs import Input


class LocalFiles:
    """Paths of input files, and the copies of remote ones."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._count = 0
        #: Bytes of all files so far.
        self.size = 0

    def path(self, source: Input) -> Path:
        """Where the file can be opened. Raises TaskError of class ``input`` when it has changed."""
        self.size += source.size
        if not source.remote:
            source.check()
            return Path(source.uri)
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="oscar-input-"))
        # The name stays: programs go by it. Two files of one name are in folders of their own.
        folder = self._folder / str(self._count)
        folder.mkdir()
        self._count += 1
        path = folder / source.uri.rpartition("/")[2]
        raw = source.open(0)
        try:
            with path.open("wb") as file:
                shutil.copyfileobj(raw, file, 1 << 20)
        finally:
            raw.close()
        return path

    def drop(self, path: Path) -> None:
        """A copy is not needed any more."""
        if self._folder is not None and self._folder in path.parents:
            shutil.rmtree(path.parent, ignore_errors=True)

    def close(self) -> None:
        """Remove all copies."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
