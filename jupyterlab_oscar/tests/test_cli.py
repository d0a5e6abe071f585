"""The command line itself: its words, its clusters, and the embedded cluster alone."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psutil
import pytest

from jupyterlab_oscar.parser import build_parser
from jupyterlab_oscar.tests.clusters import CommandLine, beside_strict


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    with beside_strict(tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("strict")) as line:
        yield line


# -- words --


def test_wrong_usage_is_2(tmp_path: Path) -> None:
    line = CommandLine(tmp_path)
    for words in (
        [],
        ["frobnicate"],
        ["invoke"],
        ["clusters", "frob"],
        ["job"],
        ["apply"],
        ["status", "--frob"],
        ["map-reduce", "script.py"],
    ):
        done = line(*words)
        assert done.status == 2, (words, done)
        assert not done.out
        assert done.err.startswith("usage:")
    assert json.loads(line("frobnicate", "--json").out)["problem"]["type"].endswith(":usage")
    assert line("--help").status == 0
    assert line("invoke", "--help").status == 0
    assert line("--version").text.strip()


def test_each_verb_is_explained(tmp_path: Path) -> None:
    line = CommandLine(tmp_path)
    verbs = next(action for action in build_parser()._actions if action.choices)
    assert {"invoke", "map-reduce", "htc", "pipeline"} <= set(verbs.choices)
    for verb in verbs.choices:
        done = line(verb, "--help")
        assert done.status == 0, verb
        assert "usage:" in done.text


def test_no_option_takes_a_secret() -> None:
    def options(parser: Any) -> Iterator[str]:
        for action in parser._actions:
            yield from action.option_strings
            if hasattr(action, "choices") and isinstance(action.choices, dict):
                for sub in action.choices.values():
                    yield from options(sub)

    found = set(options(build_parser()))
    # --secret takes the name of a variable; that it takes no value is in test_pipelines.py.
    assert not {"--password", "--token"} & found


def test_a_bridge_that_cannot_start_is_3(tmp_path: Path) -> None:
    line = CommandLine(tmp_path)
    line.env["JUPYTERLAB_OSCAR_NODE"] = str(tmp_path / "nowhere")
    done = line("status")
    assert done.status == 3
    assert "nowhere" in done.err
    assert line.json("status", status=3)["problem"]["type"].endswith(":node-missing")


# -- clusters --


def test_status_and_clusters(command: CommandLine) -> None:
    status = command.json("status")
    assert {item["id"] for item in status["clusters"]} >= {"local", "strict"}
    items = {item["id"]: item for item in command.json("clusters", "list")["items"]}
    assert items["local"]["current"] and not items["strict"]["current"]
    assert items["strict"]["features"] == []
    assert items["strict"]["user"] == "someone"
    assert "local" in command("clusters").text
    command("clusters", "use", "strict")
    assert command.json("clusters")["items"] and command.json("services") == {"items": []}
    command("clusters", "use", "local")


def test_unreachable_clusters_are_3(command: CommandLine) -> None:
    added = command(
        "clusters", "add", "gone", "http://127.0.0.1:9", "--user", "u", "--password-stdin", stdin=b"pw-1234\n"
    )
    assert added.status == 0
    done = command("--cluster", "gone", "services")
    assert done.status == 3, done
    assert "gone" in done.err and "pw-1234" not in done.err
    assert command.json("services", "--cluster", "gone", status=3)["problem"]["detail"]
    assert command("clusters", "remove", "gone").status == 0
    assert command("--cluster", "gone", "services").status == 1
    assert command("clusters", "remove", "local").status == 1


def test_wrong_passwords_are_said(command: CommandLine) -> None:
    endpoint = next(c["endpoint"] for c in command.json("clusters")["items"] if c["id"] == "strict")
    command("clusters", "add", "wrong", endpoint, "--user", "someone", "--password-stdin", stdin=b"no\n")
    done = command("--cluster", "wrong", "services")
    assert done.status == 1
    problem = command.json("--cluster", "wrong", "services", status=1)["problem"]
    assert problem["type"].endswith(":unauthorized")
    command("clusters", "remove", "wrong")
    assert command("clusters", "add", "empty", endpoint, "--user", "u", "--password-stdin").status == 1


def test_secrets_stay_out_of_sight(command: CommandLine) -> None:
    """No password in the arguments of any process, nor in what the bridge writes."""
    file = next((command.home / "runtime").glob("jupyterlab-oscar-bridge-*.json"))
    secret = json.loads(file.read_text())["secret"]
    for process in psutil.process_iter():
        try:
            assert secret not in " ".join(process.cmdline())
        except psutil.Error:
            continue
    for log in (command.home / "oscar").rglob("*.log"):
        assert secret not in log.read_text(errors="replace")


# -- serve --


def test_serve_prints_one_line_and_ends_in_order(tmp_path: Path) -> None:
    line = CommandLine(tmp_path)
    (tmp_path / "password").write_text("from-a-file\n")
    process = line.start(
        "clusters",
        "serve",
        "--data",
        str(tmp_path / "d"),
        "--password-file",
        str(tmp_path / "password"),
        stdin=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    assert set(ready) == {"endpoint", "user", "password", "s3", "data"}
    assert set(ready["s3"]) == {"endpoint", "access_key", "secret_key", "region"}
    assert ready["password"] == "from-a-file"
    node = psutil.Process(process.pid)
    assert "from-a-file" not in " ".join(node.cmdline()) + json.dumps(node.environ())
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert out == b""


def test_a_killed_serve_leaves_nothing_running(tmp_path: Path) -> None:
    line = CommandLine(tmp_path)
    process = line.start("clusters", "serve", "--data", str(tmp_path / "d"), stdin=subprocess.DEVNULL)
    assert process.stdout is not None
    endpoint = json.loads(process.stdout.readline())["endpoint"]
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive
    with pytest.raises(OSError, match="refused"):
        urlopen(f"{endpoint}/health", timeout=5)
