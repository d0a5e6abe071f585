"""Where things are: Jupyter's folders, the bridge's data, and the short folder for unix sockets."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import tempfile
from pathlib import Path

#: Longest path that fits into ``sockaddr_un`` (108 on Linux, 104 on macOS, one byte for the end).
SOCKET_PATH_LIMIT = 103 if sys.platform == "darwin" else 107


def data_dir() -> Path:
    """Folder of the bridge: ``JUPYTERLAB_OSCAR_DATA``, else below Jupyter's data folder."""
    chosen = os.environ.get("JUPYTERLAB_OSCAR_DATA")
    return Path(chosen).expanduser().absolute() if chosen else _jupyter("data") / "jupyterlab_oscar"


def runtime_dir() -> Path:
    """Jupyter's runtime folder, where connection files are."""
    return _jupyter("runtime")


def _jupyter(which: str) -> Path:
    try:
        from jupyter_core.paths import jupyter_data_dir, jupyter_runtime_dir
    except ImportError:  # a plain IPython has no jupyter_core: the same places by hand
        home = Path.home()
        data = Path(os.environ.get("JUPYTER_DATA_DIR") or "")
        if not os.environ.get("JUPYTER_DATA_DIR"):
            if sys.platform == "darwin":
                data = home / "Library" / "Jupyter"
            else:
                data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "jupyter"
        if which == "data":
            return data
        return Path(os.environ.get("JUPYTER_RUNTIME_DIR") or data / "runtime")
    return Path(jupyter_data_dir() if which == "data" else jupyter_runtime_dir())


def private_dir(path: Path) -> Path:
    """Make a folder that only this user can enter; refuse one that somebody else made.

    Raises
    ------
    PermissionError
        When the path is a link, no folder, or belongs to another user.
    """
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700, parents=True)
    info = path.lstat()
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.getuid():
        raise PermissionError(f"{path} is not a folder of this user")
    if info.st_mode & 0o077:
        path.chmod(0o700)
    return path


def socket_path(instance: str) -> Path:
    """A path for a unix socket: in a 0700 folder of this user, and short enough for the kernel.

    Parameters
    ----------
    instance
        Short identifier, used as the file's name.
    """
    name = f"{instance}.sock"
    roots = [os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp"]
    for root in filter(None, roots):
        folder = Path(root) / f"jupyterlab-oscar-{os.getuid()}"
        if len(os.fsencode(folder / name)) > SOCKET_PATH_LIMIT or not os.access(root, os.W_OK | os.X_OK):
            continue
        try:
            return private_dir(folder) / name
        except OSError:  # somebody took the name, or the place is read-only
            continue
    folder = Path(tempfile.mkdtemp(prefix="jo-", dir="/tmp"))
    return folder / name
