"""The same work with a bucket as store, through descriptors and the zip file, as a cluster's jobs do it."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from jupyterlab_oscar.runner.bundle import build_zip
from jupyterlab_oscar.runner.errors import TaskError
from jupyterlab_oscar.runner.s3 import S3, Keys
from jupyterlab_oscar.runner.store_s3 import S3Store

from .runner_driver import COUNT_WORDS, Worker, text, whole
from .test_runner_mapreduce import words


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A bucket of the embedded cluster, and its keys in the environment."""
    folder = tmp_path_factory.mktemp("cluster")
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab_oscar", "clusters", "serve", "--data", str(folder)],
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    storage = json.loads(process.stdout.readline())["s3"]
    before = dict(os.environ)
    os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"] = storage["access_key"], storage["secret_key"]
    client = S3(storage["endpoint"], "us-east-1", Keys(storage["access_key"], storage["secret_key"]))
    client._call("PUT", "runner", "")
    yield {"type": "s3", "endpoint": storage["endpoint"], "region": "us-east-1", "bucket": "runner", "prefix": "jobs/1"}
    os.environ.clear()
    os.environ.update(before)
    for child in psutil.Process(process.pid).children(recursive=True):
        child.send_signal(signal.SIGTERM)
    process.terminate()
    process.wait(20)


def test_what_a_store_does(bucket: dict[str, Any], tmp_path: Path) -> None:
    store = S3Store({**bucket, "prefix": "store"})
    for attempt, won in ((0, True), (1, False)):
        output = store.begin("shuffle/ä b-1", attempt)
        output.write(b"0123456789" * attempt + b"0123456789")
        assert output.commit() is won
    assert store.read("shuffle/ä b-1") == b"0123456789"
    assert store.read("shuffle/ä b-1", 3, 4) == b"3456"
    assert store.tail("shuffle/ä b-1", 4) == (b"6789", 10)
    assert store.tail("shuffle/ä b-1", 400)[0] == b"0123456789"
    assert store.described("shuffle/ä b-1") == {"name": "shuffle/ä b-1", "size": 10, "crc32": 0xA684C7C6}
    store.write("status/x.json", b"{}")
    store.write("status/x.json", b"[]")
    assert store.read("status/x.json") == b"[]"
    store.remove(["status/x.json"])
    with pytest.raises(TaskError) as caught:
        store.read("status/x.json")
    assert caught.value.kind == "lost"


def test_a_job_in_a_bucket_by_descriptors(bucket: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    expected = words(path, 20000)
    store = S3Store(bucket)
    store.client.put("runner", "in/some text.txt", path)
    packed = gzip.compress(path.read_bytes())
    store.client.put("runner", "in/more.gz", packed)
    version = store.client.head("runner", "in/some text.txt")["etag"]
    size = path.stat().st_size
    code = json.dumps(
        {"language": "python", "name": "<cell In[7]>", "line": 3, "source": "print('loaded')\n" + COUNT_WORDS}
    ).encode()
    store.write("code/a", code)
    archive = tmp_path / "runner.zip"
    build_zip(str(archive))
    base = {
        "job": "j",
        "attempt": 1,
        "store": bucket,
        "limits": {"skipRecords": 0},
        "code": {"key": "code/a", "sha256": hashlib.sha256(code).hexdigest()},
    }
    uri = {"uri": "s3://runner/in/some text.txt", "size": size, "version": version}
    inputs = [{**uri, "start": 0, "end": 5000}, {**uri, "start": 5000, "end": 70000}, {**uri, "start": 70000}]
    tasks: list[dict[str, Any]] = [
        {"phase": "map", "part": part, "input": [one], "format": text(), "combiner": "reducer", "reducers": 2}
        for part, one in enumerate(inputs)
    ]
    more = {
        "uri": "s3://runner/in/more.gz",
        "size": len(packed),
        "version": store.client.head("runner", "in/more.gz")["etag"],
        "start": 0,
    }
    tasks.append(
        {
            "phase": "map",
            "part": 3,
            "input": [more],
            "format": text(compression="gzip"),
            "combiner": "none",
            "reducers": 2,
        }
    )
    outputs = [f"shuffle/map-{part}" for part in range(4)]
    tasks += [
        {"phase": "reduce", "part": part, "section": part, "outputs": outputs, "sort": "key"} for part in range(2)
    ]
    for task in tasks:
        status = descriptor(archive, {**base, **task}, store, tmp_path)
        assert status["type"] == "done", status
    assert store.read("log/map-0.1.txt") == b"loaded\n"
    pairs = [json.loads(line) for section in range(2) for line in store.read(f"out/{section}_results").splitlines()]
    assert dict(map(tuple, pairs)) == {word: 2 * count for word, count in expected.items()}
    # The same part once more, and input that is another by now.
    assert descriptor(archive, {**base, **tasks[0], "attempt": 2}, store, tmp_path)["superseded"] is True
    store.client.put("runner", "in/some text.txt", b"other")
    status = descriptor(archive, {**base, **tasks[1], "part": 9}, store, tmp_path)
    assert (status["type"], status["error"]["class"]) == ("failed", "input")
    status = descriptor(
        archive, {**base, **tasks[1], "part": 10, "code": {"key": "code/a", "sha256": "0"}}, store, tmp_path
    )
    assert status["error"]["class"] == "lost"
    htc = {"phase": "htc", "part": 0, "first": 0, "count": 2, "seed": 1, "total": 2, "shell": True, "divisible": True}
    store.write("code/b", b"echo $FIRST > $TMP_OUTPUT_DIR/f-$FIRST; exit 0")
    body = {"key": "code/b", "sha256": hashlib.sha256(store.read("code/b")).hexdigest()}
    status = descriptor(archive, {**base, **htc, "code": body}, store, tmp_path)
    assert status["type"] == "done", status
    assert store.read("out/f-0") == b"0\n"


def descriptor(archive: Path, task: dict[str, Any], store: Any, folder: Path) -> dict[str, Any]:
    """Do a task as a job of a cluster does it."""
    file = folder / "task.json"
    file.write_text(json.dumps(task))
    done = subprocess.run(
        [sys.executable, str(archive), "--descriptor", str(file)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads(store.read(f"status/{task['phase']}-{task['part']}.{task['attempt']}.json"))


def test_an_endpoint_that_does_not_answer() -> None:
    store = (
        S3Store({"type": "s3", "endpoint": "http://127.0.0.1:9", "bucket": "b", "prefix": "p"})
        if "AWS_ACCESS_KEY_ID" in os.environ
        else None
    )
    if store is None:
        with pytest.raises(TaskError, match="no keys"):
            S3Store({"type": "s3", "endpoint": "http://127.0.0.1:9", "bucket": "b", "prefix": "p"})
        return
    with pytest.raises(TaskError) as caught:
        store.read("x")
    assert caught.value.kind == "lost"


def test_the_zip_file_is_a_worker_and_always_the_same(tmp_path: Path) -> None:
    archive, again = tmp_path / "runner.zip", tmp_path / "again.zip"
    build_zip(str(archive))
    subprocess.run([sys.executable, str(archive), "--build-zip", str(again)], check=False)
    build_zip(str(again))
    assert archive.read_bytes() == again.read_bytes()
    assert archive.stat().st_size < 100_000
    path = tmp_path / "in.txt"
    expected = words(path)
    worker = Worker(tmp_path / "store", runner=archive)
    try:
        worker.job(COUNT_WORDS)
        assert dict(map(tuple, worker.map_reduce([[whole(path)]]))) == expected
    finally:
        worker.close()
