"""The real Infrastructure Manager with its Dummy cloud, for tests; skipped loudly where it is not installed."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from jupyterlab_oscar import _meta

from .servers import wait_for

ROOT = _meta.PACKAGE.parent
#: Made by the bridge's tests of infrastructures, which need it too.
PYTHON = ROOT / ".setup" / "im" / "bin" / "python"
RUN = ROOT / "backend-bridge" / "test" / "infrastructure" / "run-im.py"


@contextmanager
def infrastructure_manager(folder: Path) -> Iterator[str]:
    """Run it on loopback; gives its address."""
    if not PYTHON.exists() or not (PYTHON.parent / "im_service").exists():
        pytest.skip(
            "The real Infrastructure Manager is not in .setup/im: the tests of the bridge install it (PyPI IM 2.0.0)."
        )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "REST_ADDRESS": "127.0.0.1",
        "REST_PORT": port,
        "DATA_DB": f"sqlite://{folder / 'im.db'}",
        "LOG_FILE": str(folder / "im.log"),
        "WAIT_SSH_ACCCESS_TIMEOUT": 10,
        "WAIT_PUBLIC_IP_TIMEOUT": 10,
        "CONFMAMAGER_CHECK_STATE_INTERVAL": 1,
        "VM_INFO_UPDATE_FREQUENCY": 1,
        "SSH_REVERSE_TUNNELS": False,
    }
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "out.log").open("w") as log:
        process = subprocess.Popen(
            [str(PYTHON), str(RUN), json.dumps(settings)], cwd=folder, stdout=log, stderr=subprocess.STDOUT
        )
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        assert process.poll() is None, (folder / "out.log").read_text()
        try:
            with urlopen(f"{url}/version", timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    try:
        wait_for(answers, 60, "the Infrastructure Manager does not answer")
        yield url
    finally:
        process.kill()
        process.wait()
        # Shown with the last test that failed: what the manager did meanwhile is nowhere else.
        print(
            (folder / "im.log").read_text(errors="replace")[-6000:] if (folder / "im.log").exists() else "no log of IM"
        )
