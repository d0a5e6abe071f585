"""A call through the Jupyter server against the same call straight to the bridge's socket.

In turns, each on one connection that stays open.
Prints one row of JSON. ``ours`` and ``theirs`` are median milliseconds, and the aim is on their difference.
"""

from __future__ import annotations

import http.client
import json
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from jupyterlab_oscar.tests.servers import jupyter_server  # noqa: E402 (needs the path above)

ROUNDS, CALLS, WARM = 7, 100, 100
AIM = 3.0


def milliseconds(connection: http.client.HTTPConnection, target: str, headers: dict[str, str]) -> float:
    """Time one call."""
    began = time.perf_counter()
    connection.request("GET", target, headers=headers)
    answer = connection.getresponse()
    answer.read()
    took = time.perf_counter() - began
    if answer.status != 200:
        raise RuntimeError(f"{target} answered with status {answer.status}")
    return took * 1000


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        jupyter_server(Path(folder), bridge=None, debug=False) as server,
    ):
        file = json.loads(server.connection_file.read_text())
        through = server.connection()
        straight = http.client.HTTPConnection("localhost")
        straight.sock = socket.socket(socket.AF_UNIX)
        straight.sock.connect(file["socket"])
        pairs = (
            (through, server.url("jupyterlab-oscar/v1/status"), {"Authorization": f"token {server.token}"}),
            (straight, "/v1/status", {"Authorization": f"Bearer {file['secret']}"}),
        )
        for pair in pairs:
            for _ in range(WARM):
                milliseconds(*pair)
        # In turns, so that what else the machine does falls on both.
        medians: list[list[float]] = [[], []]
        for _ in range(ROUNDS):
            taken: list[list[float]] = [[], []]
            for _ in range(CALLS):
                for i, pair in enumerate(pairs):
                    taken[i].append(milliseconds(*pair))
            for i in (0, 1):
                medians[i].append(statistics.median(taken[i]))
        through.close()
        straight.close()
    ours, theirs = (statistics.median(of) for of in medians)
    print(
        json.dumps(
            {
                "name": "bridge call through the Jupyter server (ms, p50)",
                "against": "the same call straight to the socket",
                "ours": round(ours, 3),
                "theirs": round(theirs, 3),
                "ratio": round(ours / theirs, 2),
                "runs": ROUNDS * CALLS,
                "spread": round((max(medians[0]) - min(medians[0])) / ours, 3),
                "aim": f"+ ≤ {AIM:g} ms (is + {ours - theirs:.2f} ms)",
                "met": ours - theirs <= AIM,
            },
            ensure_ascii=False,
        )
    )


if __name__ == "__main__":
    main()
