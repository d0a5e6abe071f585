"""A worker of ``jupyterlab_oscar/runner`` with frames, as the bridge drives it."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

RUNNER = Path(__file__).parents[1] / "runner" / "__main__.py"
LENGTHS = struct.Struct(">II")
NAME = "<cell In[7]>"

COUNT_WORDS = """
def mapper(chunk):
    return [(word, 1) for word in chunk.split()]

def reducer(pairs):
    results = []
    for name, value in pairs:
        if results and results[-1][0] == name:
            results[-1][1] += value
        else:
            results.append([name, value])
    return results
"""


class Worker:
    """A running worker.

    Parameters
    ----------
    folder
        Where the store of its tasks is.
    """

    def __init__(self, folder: Path, runner: Path = RUNNER, python: str = sys.executable) -> None:
        self.folder = folder
        to_read, self._out = os.pipe()
        from_read, to_write = os.pipe()
        # bash puts the pipes where the worker looks for them.
        script = f'exec "$0" -u "$1" 3<&{to_read} 4>&{to_write}'
        self.process = subprocess.Popen(
            ["bash", "-c", script, python, str(runner)],
            pass_fds=(to_read, to_write),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "OSCAR_RUNNER_NONCE": "nonce"},
            start_new_session=True,
        )
        os.close(to_read)
        os.close(to_write)
        self._frames = os.fdopen(from_read, "rb")
        self._ids = itertools.count()
        self.printed = bytearray()
        self._threads = [
            threading.Thread(target=self._drain, args=(one,)) for one in (self.process.stdout, self.process.stderr)
        ]
        for thread in self._threads:
            thread.start()
        self.ready = self.frame()
        self.progress: list[dict[str, Any]] = []

    def _drain(self, stream: Any) -> None:
        for piece in iter(lambda: stream.read1(1 << 20), b""):
            self.printed += piece if len(self.printed) < 1 << 20 else b""

    def send(self, head: dict[str, Any], attachment: bytes = b"") -> None:
        data = json.dumps(head).encode()
        data = LENGTHS.pack(len(data), len(attachment)) + data + attachment
        while data:
            data = data[os.write(self._out, data) :]

    def frame(self) -> dict[str, Any]:
        lengths = self._frames.read(LENGTHS.size)
        if len(lengths) < LENGTHS.size:
            raise EOFError(f"the worker is gone: {self.process.wait()}")
        first, second = LENGTHS.unpack(lengths)
        head = json.loads(self._frames.read(first))
        self._frames.read(second)
        return head

    def job(self, source: str, job: str = "job", line: int = 1, **more: Any) -> dict[str, Any]:
        code = source.encode()
        head = {"type": "job", "job": job, "language": "python", "name": NAME, "line": line, "with": {}, "packages": []}
        self.send({**head, "sha256": hashlib.sha256(code).hexdigest(), **more}, code)
        return self.frame()

    def start(self, **task: Any) -> str:
        id = f"t{next(self._ids)}"
        defaults = {"job": "job", "part": 0, "attempt": 0, "store": self.store, "limits": {"skipRecords": 0}}
        self.send({"type": "task", "id": id, "task": {**defaults, **task}})
        return id

    def wait(self, id: str) -> dict[str, Any]:
        while True:
            frame = self.frame()
            if frame["type"] == "progress":
                self.progress.append(frame)
            elif frame.get("id") == id and frame["type"] in ("done", "failed"):
                return frame

    def task(self, **task: Any) -> dict[str, Any]:
        return self.wait(self.start(**task))

    @property
    def store(self) -> dict[str, Any]:
        return {"type": "folder", "path": str(self.folder)}

    def map_reduce(self, parts: list[list[dict[str, Any]]], reducers: int = 2, **options: Any) -> list[Any]:
        """All pairs of a job; every part must be done."""
        mapping = {"format": text(), "combiner": "reducer", **options}
        reducing = {"sort": options.pop("sort", "none"), "top": options.pop("top", None), "forms": options.get("forms")}
        for part, inputs in enumerate(parts):
            task = {key: value for key, value in mapping.items() if key not in ("sort", "top")}
            answer = self.task(phase="map", part=part, input=inputs, reducers=reducers, **task)
            assert answer["type"] == "done", answer
        pairs = []
        self.answers = []
        outputs = [f"shuffle/map-{part}" for part in range(len(parts))]
        for section in range(reducers):
            more = {"limits": options["limits"]} if "limits" in options else {}
            answer = self.task(phase="reduce", part=section, section=section, outputs=outputs, **reducing, **more)
            assert answer["type"] == "done", answer
            self.answers.append(answer)
            pairs.append(
                [json.loads(line) for line in (self.folder / f"out/{section}_results").read_text().splitlines()]
            )
        return [pair for section in pairs for pair in section]

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for thread in self._threads:
            thread.join()
        os.close(self._out)
        self._frames.close()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


def text(type: str = "text", **more: Any) -> dict[str, Any]:
    """A format."""
    return {"type": type, "encoding": "utf-8", "errors": "strict", **more}


def whole(path: Path) -> dict[str, Any]:
    """A file as input."""
    status = path.stat()
    return {"uri": str(path), "start": 0, "size": status.st_size, "version": str(status.st_mtime_ns)}


def split(path: Path, block: int) -> list[list[dict[str, Any]]]:
    """Parts of one file."""
    size = path.stat().st_size
    return [[{**whole(path), "start": start, "end": min(size, start + block)}] for start in range(0, size, block)]
