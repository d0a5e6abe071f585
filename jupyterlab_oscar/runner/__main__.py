"""Start of a worker. The folder or zip file becomes the package ``oscar_runner``, out of the way of the user's imports."""

import sys
import types
from importlib import import_module
from pathlib import Path

HERE = str(Path(__file__).parent)


def _start() -> None:
    # Python puts this folder first in sys.path, where `import keys` of a user's code would find a file of ours.
    sys.path[:] = [entry for entry in sys.path if entry != HERE]
    package = types.ModuleType("oscar_runner")
    package.__path__ = [HERE]  # type: ignore[attr-defined]
    sys.modules["oscar_runner"] = package
    import_module("oscar_runner.main").main(sys.argv[1:])


if __name__ == "__main__":
    _start()
