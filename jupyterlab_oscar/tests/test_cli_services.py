"""The command line against the real bridge and the embedded cluster, also ``--strict`` (as OSCAR 4.1 is)."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from jupyterlab_oscar.tests.clusters import CommandLine, beside_strict, write_service
from jupyterlab_oscar.tests.servers import wait_for


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    with beside_strict(tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("strict")) as line:
        yield line


@pytest.fixture(scope="module", params=["local", "strict"])
def cluster(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def service(command: CommandLine, cluster: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    fdl = write_service(tmp_path_factory.mktemp("service"))
    done = command("--cluster", cluster, "apply", fdl)
    assert done.status == 0, done
    return "upper"


def files(folder: Path, **texts: str) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, text in texts.items():
        path = folder / f"{name}.txt"
        path.write_text(text)
        made.append(path)
    return made


# -- FDL --


def test_check(command: CommandLine, tmp_path: Path) -> None:
    good = write_service(tmp_path / "good")
    assert command.json("check", good) == {"problems": []}
    bad = tmp_path / "bad.yaml"
    bad.write_text(
        "functions:\n  oscar:\n  - default-cluster:\n      name: Bad_Name\n      image: x\n      script: gone.sh\n"
    )
    done = command("check", bad)
    assert done.status == 1
    assert "bad.yaml:4:" in done.text
    problems = command.json("check", bad, status=1)["problems"]
    assert {"code", "severity", "file", "line", "column", "endLine", "endColumn", "message"} <= set(problems[0])
    missing = command("check", tmp_path / "none.yaml")
    assert missing.status == 1 and "is not there" in missing.err


def test_plan_and_apply_are_repeatable(command: CommandLine, cluster: str, service: str, tmp_path: Path) -> None:
    fdl = write_service(tmp_path, "again")
    plan = command.json("--cluster", cluster, "plan", fdl)
    assert {"action": "create", "kind": "service", "name": "again"}.items() <= next(
        step for step in plan["steps"] if step["kind"] == "service"
    ).items()
    applied = command.json("--cluster", cluster, "apply", fdl)
    assert {step["state"] for step in applied["steps"]} == {"done"}
    again = command.json("--cluster", cluster, "plan", fdl)
    assert {step["action"] for step in again["steps"]} == {"keep"}, again
    shown = command.json("--cluster", cluster, "services", "again")
    assert shown["name"] == "again" and shown["definition"]
    names = [item["name"] for item in command.json("--cluster", cluster, "services")["items"]]
    assert {"again", service} <= set(names)
    kept = command("--cluster", cluster, "delete", "again")
    assert kept.status == 0, kept
    assert "Kept" in kept.err
    assert "again" in [item["name"] for item in command.json("--cluster", cluster, "ls")["items"]]
    assert command("--cluster", cluster, "services", "again").status == 1


def test_delete_with_data_and_save_data(command: CommandLine, cluster: str, tmp_path: Path) -> None:
    fdl = write_service(tmp_path, "goner")
    (one,) = files(tmp_path, one="hello")
    assert command("--cluster", cluster, "apply", fdl).status == 0
    assert command("--cluster", cluster, "put", one, "goner/kept/deep/").status == 0
    # Two objects that would be one file: the second must not take the place of the first, and then be deleted.
    assert command("--cluster", cluster, "put", one, "goner/kept//deep/").status == 0
    done = command("--cluster", cluster, "delete", "goner", "--save-data", tmp_path / "saved")
    assert done.status == 1 and "kept//deep/one.txt" in done.err, done
    assert command("--cluster", cluster, "services", "goner").status == 0
    assert command("--cluster", cluster, "rm", "goner/kept//deep/one.txt").status == 0
    done = command("--cluster", cluster, "delete", "goner", "--save-data", tmp_path / "saved")
    assert done.status == 0, done
    assert (tmp_path / "saved" / "goner" / "kept" / "deep" / "one.txt").read_text() == "hello"
    assert "goner" not in [item["name"] for item in command.json("--cluster", cluster, "ls")["items"]]
    assert command("--cluster", cluster, "delete", "goner").status == 1


# -- calls --


def test_invoke(command: CommandLine, cluster: str, service: str, tmp_path: Path) -> None:
    (hello,) = files(tmp_path, hello="hello")
    done = command("--cluster", cluster, "invoke", service, hello)
    assert done.status == 0, done
    assert "HELLO" in done.text
    result = command.json("--cluster", cluster, "invoke", service, hello, "-o", tmp_path / "out.txt")
    assert result["state"] == "succeeded"
    assert (tmp_path / "out.txt").read_text() == "HELLO"
    assert result["files"][0]["path"] == str(tmp_path / "out.txt")
    assert "HELLO" in command("--cluster", cluster, "invoke", service, "-", stdin=b"hello").text
    missing = command("--cluster", cluster, "invoke", service, tmp_path / "none")
    assert missing.status == 1 and "none" in missing.err
    assert command("--cluster", cluster, "invoke", "nosuch", hello).status == 1


def test_submit_matches_outputs_to_inputs(command: CommandLine, cluster: str, service: str, tmp_path: Path) -> None:
    """Also two inputs of one name, from two folders, by two submitters at once."""
    first = files(tmp_path / "a", same="one", only="first")
    second = files(tmp_path / "b", same="two")
    words = ("--cluster", cluster, "submit", service, "--json", "-o")
    together = [
        command.start(*words, str(tmp_path / "out1"), *map(str, first + second), stdin=subprocess.DEVNULL),
        command.start(*words, str(tmp_path / "out2"), *map(str, second), stdin=subprocess.DEVNULL),
    ]
    ended = [process.communicate(timeout=120) for process in together]
    assert [process.returncode for process in together] == [0, 0], ended
    items = json.loads(ended[0][0])["items"]
    assert [item["state"] for item in items] == ["succeeded"] * 3
    assert [item["file"] for item in items] == [str(path) for path in first + second]
    texts = [Path(item["outputs"][0]["path"]).read_text() for item in items]
    assert texts == ["ONE", "FIRST", "TWO"]
    assert len({item["job"] for item in items}) == 3
    assert Path(items[0]["outputs"][0]["path"]).parent == tmp_path / "out1" / "same.txt"
    other = json.loads(ended[1][0])["items"][0]["outputs"][0]["path"]
    assert Path(other).read_text() == "TWO"


def test_submit_names_what_failed(command: CommandLine, cluster: str, service: str, tmp_path: Path) -> None:
    """A real cluster calls a failing script a success: the log's last line tells."""
    files(tmp_path / "in", good="good", bad="fail")
    done = command("--cluster", cluster, "submit", service, tmp_path / "in", "--wait")
    assert done.status == 1, done
    assert "bad.txt" in done.err and "7" in done.err and "good.txt" not in done.err
    assert [line.split()[:2] for line in done.text.splitlines()[1:]] == [
        ["bad.txt", "failed"],
        ["good.txt", "succeeded"],
    ]
    answer = command.json("--cluster", cluster, "submit", service, tmp_path / "in", "--wait", status=1)
    by_name = {Path(item["file"]).name: item for item in answer["items"]}
    assert by_name["bad.txt"]["exitCode"] == 7
    assert by_name["good.txt"]["outputs"][0]["bucket"] == service


def test_jobs_logs_results(command: CommandLine, cluster: str, service: str, tmp_path: Path) -> None:
    (one,) = files(tmp_path, table="table of things")
    job = command.json("--cluster", cluster, "submit", service, one, "--wait")["items"][0]["job"]
    items = command.json("--cluster", cluster, "jobs", service)["items"]
    assert job in [item["id"] for item in items]
    assert command.json("--cluster", cluster, "job", "show", job)["state"] == "succeeded"
    assert job in command("--cluster", cluster, "jobs").text
    result = command.json("--cluster", cluster, "job", "result", job)
    assert {file["name"].rsplit(".", 1)[-1] for file in result["files"]} == {"txt", "csv"}
    saved = command("--cluster", cluster, "job", "result", job, "-o", tmp_path / "res")
    assert saved.status == 0, saved
    assert (tmp_path / "res" / "table.csv").read_text() == "a,b\n1,<2>\n"
    assert command("--cluster", cluster, "job", "logs", job).status == 0
    retried = command.json("--cluster", cluster, "job", "retry", job, "--wait")
    assert retried["items"][0]["state"] == "succeeded"
    assert command("--cluster", cluster, "job", "show", "nosuch-job").status == 1


def test_a_failing_call_is_1_with_its_words(command: CommandLine, cluster: str, service: str, tmp_path: Path) -> None:
    (bad,) = files(tmp_path, bad="fail")
    job = command.json("--cluster", cluster, "submit", service, bad, "--wait", status=1)["items"][0]["job"]
    log = command("--cluster", cluster, "logs", service, job)
    assert log.status == 0 and "told to fail" in log.text
    done = command("--cluster", cluster, "job", "result", job)
    assert done.status == 1, done


def test_a_log_is_followed_and_a_job_cancelled(command: CommandLine, service: str, tmp_path: Path) -> None:
    (slow,) = files(tmp_path, slow="wait")
    job = command.json("submit", service, slow)["items"][0]["job"]
    assert job
    follow = command.start("logs", service, job, "-f", stdin=subprocess.DEVNULL)
    assert follow.stdout is not None
    while (line := follow.stdout.readline()) != b"waiting\n":
        assert line, "the log ended before it said what it should"
    assert follow.poll() is None
    assert command("job", "cancel", job).status == 0
    follow.communicate(timeout=30)
    assert command.json("job", "show", job)["state"] in ("cancelled", "failed")


def test_ctrl_c_cancels(command: CommandLine, service: str, tmp_path: Path) -> None:
    (slow,) = files(tmp_path, stop="wait")
    process = command.start("submit", service, str(slow), "--wait", stdin=subprocess.DEVNULL)

    def running() -> str | None:
        items = command.json("jobs", service)["items"]
        return next((item["id"] for item in items if item["state"] == "running"), None)

    job = wait_for(running, message="the job did not start")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    wait_for(lambda: command.json("job", "show", job)["state"] in ("cancelled", "failed"), message="it still runs")


def test_ctrl_c_ends_a_synchronous_call(command: CommandLine, service: str, tmp_path: Path) -> None:
    (slow,) = files(tmp_path, stop="wait")
    bridge = psutil.Process(command.json("status")["pid"])

    def sleeping() -> bool:
        for child in bridge.children(recursive=True):
            try:
                if child.name() == "sleep" and child.status() != psutil.STATUS_ZOMBIE:
                    return True
            except psutil.NoSuchProcess:
                continue
        return False

    wait_for(lambda: not sleeping())
    process = command.start("invoke", service, str(slow), stdin=subprocess.DEVNULL)
    wait_for(sleeping, message="the script did not start")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    wait_for(lambda: not sleeping(), message="the script still runs")


# -- objects --


def test_objects(command: CommandLine, cluster: str, service: str, tmp_path: Path) -> None:
    data = bytes(range(256)) * 4096
    source = tmp_path / "a b+%.bin"
    source.write_bytes(data)
    assert command("--cluster", cluster, "put", source, f"{service}/store/").status == 0
    assert command("--cluster", cluster, "put", "-", f"{service}/store/é.txt", stdin=b"from a pipe").status == 0
    keys = [item["key"] for item in command.json("--cluster", cluster, "ls", f"{service}/store/")["items"]]
    assert keys == ["store/a b+%.bin", "store/é.txt"]
    assert command("--cluster", cluster, "get", f"{service}/store/a b+%.bin", "-").out == data
    assert command("--cluster", cluster, "get", f"{service}/store/a b+%.bin", "-", "--json").out == data
    done = command("--cluster", cluster, "get", f"{service}/store/a b+%.bin", cwd=tmp_path)
    assert done.status == 0 and (tmp_path / "a b+%.bin").read_bytes() == data
    assert command("--cluster", cluster, "get", f"{service}/store/é.txt", "-").out == b"from a pipe"
    folders = command.json("--cluster", cluster, "ls", service)["items"]
    assert {"key": "store/", "folder": True} in folders
    for key in keys:
        assert command("--cluster", cluster, "rm", f"{service}/{key}").status == 0
    done = command("--cluster", cluster, "get", f"{service}/store/é.txt", tmp_path / "none.txt")
    assert done.status == 1 and not (tmp_path / "none.txt").exists()
    assert command("--cluster", cluster, "get", service).status == 1
    assert command("--cluster", cluster, "put", tmp_path / "nowhere", f"{service}/x").status == 1


def test_binary_only_into_a_pipe(command: CommandLine, tmp_path: Path) -> None:
    script = '#!/bin/sh\nprintf "\\211PNG\\r\\n\\032\\n\\0binary" > "$TMP_OUTPUT_DIR/picture.png"\n'
    fdl = write_service(tmp_path, "painter", script)
    assert command("apply", fdl).status == 0
    (one,) = files(tmp_path, one="x")
    piped = command("invoke", "painter", one)
    assert piped.out == b"\x89PNG\r\n\x1a\n\x00binary", piped
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [*map(str, (sys.executable, "-m", "jupyterlab_oscar", "invoke", "painter", one))],
        env=command.env,
        stdin=subprocess.DEVNULL,
        stdout=follower,
        stderr=subprocess.PIPE,
    )
    _, err = process.communicate(timeout=60)
    os.close(follower)
    os.set_blocking(leader, False)
    try:
        shown = os.read(leader, 4096)
    except (BlockingIOError, OSError):
        shown = b""
    os.close(leader)
    assert b"PNG" not in shown
    assert b".png" in err and b"-o" in err
    command("delete", "painter", "--with-data")
