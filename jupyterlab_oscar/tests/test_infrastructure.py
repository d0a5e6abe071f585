"""``jupyter oscar infrastructure`` on the real bridge and the real Infrastructure Manager with its Dummy cloud."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from jupyterlab_oscar import client
from jupyterlab_oscar.tests.clusters import CommandLine, served, wait_ready
from jupyterlab_oscar.tests.managers import infrastructure_manager
from jupyterlab_oscar.tests.notebooks import EXAMPLES, ExecutedNotebook, shell_with_magics, use_folders_of
from jupyterlab_oscar.tests.servers import wait_for

PASSWORD = "the-password-of-oscar-7"


@pytest.fixture(scope="module")
def manager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with infrastructure_manager(tmp_path_factory.mktemp("im")) as url:
        yield url


@pytest.fixture(scope="module")
def command(manager: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """The command line with a bridge that uses this manager, and credentials of the Dummy cloud."""
    line = CommandLine(tmp_path_factory.mktemp("home"))
    try:
        wait_ready(line, "local")
        words = ("infrastructure", "server", manager, "--user", "ada", "--password-stdin")
        assert line.json(*words, stdin=b"password of ada")["state"] == "ok"
        assert line("infrastructure", "credentials", "set", "dummy", "Dummy").status == 0
        yield line
    finally:
        line.end()


@pytest.fixture(scope="module")
def endpoint(command: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An embedded cluster in the role of the one that is made: the Dummy cloud makes no machines."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "password").write_text(PASSWORD)
    words = ("--data", str(folder / "data"), "--password-file", str(folder / "password"), "--user", "oscar")
    with served(command, *words) as line:
        yield str(line["endpoint"])


def create(command: CommandLine, name: str, *words: str) -> dict[str, Any]:
    base = ("infrastructure", "create", "rehearsal", "-c", "dummy", "-n", name, "--input", "wn_num=1")
    return dict(command.json(*base, *words))


def machines(command: CommandLine, name: str) -> list[str]:
    return [vm["id"] for vm in command.json("infrastructure", "show", name)["vms"]]


def test_from_nothing_to_an_inference_and_back(command: CommandLine, endpoint: str, tmp_path: Path) -> None:
    command.env["THE_PASSWORD"] = PASSWORD
    words = ("--secret", "oscar_password=THE_PASSWORD", "--endpoint", endpoint, "--deploy", "cowsay")
    base = ("rehearsal", "-c", "dummy", "-n", "ada", "--input", "wn_num=1")
    plan = command.json("infrastructure", "plan", *base, *words)
    assert plan["fits"] and [vm["count"] for vm in plan["vms"]] == [1, 1] and PASSWORD not in json.dumps(plan)
    assert "1 x front: 4 cores, 4 GiB" in command("infrastructure", "plan", *base, *words).text
    done = command("infrastructure", "create", *base, *words)
    assert done.status == 0, done
    assert "The cluster answers: done" in done.err and "Deploy cowsay: done" in done.err
    shown = command.json("infrastructure", "show", "ada")
    assert shown["state"] == "configured" and shown["cluster"] == "ada" and shown["owners"] == ["ada"]
    assert {step["state"] for step in shown["steps"]} == {"done"}
    current = [item["id"] for item in command.json("clusters", "list")["items"] if item["current"]]
    assert current == ["ada"]
    hello = EXAMPLES / "data" / "hello.json"
    assert "< " in command("invoke", "cowsay", hello, "--cluster", "ada").text

    # workers: 1 → 3 → 2, and the front end stays
    assert command("infrastructure", "scale", "ada", "3").status == 0
    wait_for(lambda: len(machines(command, "ada")) == 4, 60, "no more workers")

    def quiet() -> bool:
        now = command.json("infrastructure", "show", "ada")
        return now["state"] == "configured" and not now.get("operation")

    wait_for(quiet, 60)
    assert command("infrastructure", "scale", "ada", "2", "--remove", "2").status == 0
    wait_for(lambda: machines(command, "ada") == ["0", "1", "3"], 60)
    wait_for(quiet, 60)
    refused = command("infrastructure", "scale", "ada", "1", "--remove", "0")
    assert refused.status == 1 and "front end" in refused.err

    # secrets: to a file that only the user can read, and nowhere else
    target = tmp_path / "secrets.json"
    told = command("infrastructure", "secrets", "ada", "-o", target)
    assert json.loads(target.read_text()) == {"user": "oscar", "password": PASSWORD}
    assert target.stat().st_mode & 0o077 == 0
    texts = [told.text + told.err, json.dumps(shown), command("infrastructure", "template", "ada").text]
    texts += [command("infrastructure", "show", "ada").text, command("infrastructure", "logs", "ada").text]
    assert not [text for text in texts if PASSWORD in text]
    assert command.json("infrastructure", "elasticity", "ada")["workers"] == 2

    # deletion asks for the name
    assert command("infrastructure", "delete", "ada").status == 1
    assert command("infrastructure", "delete", "ada", "--yes", "other").status == 1
    assert [item["name"] for item in command.json("infrastructure", "list")["items"]] == ["ada"]
    gone = command("infrastructure", "delete", "ada", "--yes", "ada")
    assert gone.status == 0, gone
    assert command.json("infrastructure", "list")["items"] == []
    assert command("infrastructure", "show", "ada").status == 1


def test_typed_confirmation_on_a_terminal(command: CommandLine) -> None:
    import os
    import pty

    create(command, "typed", "--no-register")
    terminal, side = pty.openpty()
    process = command.start("infrastructure", "delete", "typed", stdin=side)
    os.close(side)
    os.write(terminal, b"typed\n")
    out, err = process.communicate(timeout=60)
    os.close(terminal)
    assert process.returncode == 0, (out, err)
    assert b"Type its name" in err and b"Deleted typed" in out


def test_stop_start_and_ssh(command: CommandLine, tmp_path: Path) -> None:
    made = create(command, "machines", "--no-register")
    name = made["id"]  # ids do as well as names
    followed = command("infrastructure", "logs", name, "-f")  # it is configured: there is an end
    assert followed.status == 0 and followed.text, followed
    for action in ("stop", "start", "reconfigure"):
        assert command("infrastructure", action, name).status == 0
    done = command("infrastructure", "ssh-key", name, "0", "-o", tmp_path / "way-in")
    assert done.status == 0 and (tmp_path / "way-in").stat().st_mode & 0o077 == 0, done
    assert (tmp_path / "way-in").read_text().strip() not in done.text
    assert command("infrastructure", "delete", name, "--yes", "machines").status == 0


def test_two_of_a_name_need_their_ids(command: CommandLine) -> None:
    ids = [create(command, "twice", "--no-register")["id"] for _ in range(2)]
    refused = command("infrastructure", "show", "twice")
    assert refused.status == 1 and all(name in refused.err for name in ids)
    for name in ids:
        assert command("infrastructure", "delete", name, "--yes", "twice").status == 0


def test_templates_and_clouds(command: CommandLine) -> None:
    found = {item["id"]: item for item in command.json("infrastructure", "templates")["items"]}
    assert found["oscar"]["oscar"] and found["rehearsal"]["source"] == "package"
    fields = {
        f["name"]: f for tab in command.json("infrastructure", "templates", "rehearsal")["tabs"] for f in tab["fields"]
    }
    assert fields["oscar_password"]["type"] == "password"
    assert "oscar_password" in command("infrastructure", "templates", "rehearsal").text
    clouds = {item["type"] for item in command.json("infrastructure", "credentials", "clouds")["items"]}
    assert {"OpenStack", "EGI", "EC2", "Dummy"} <= clouds
    assert command.json("infrastructure", "credentials", "images", "dummy")["items"]


def test_secrets_of_clouds_come_by_stdin_or_file_only(command: CommandLine, tmp_path: Path) -> None:
    base = ("infrastructure", "credentials", "set", "cloud", "OpenStack")
    rows = command.json("infrastructure", "credentials", "clouds", "OpenStack")["items"]
    secret = next(row["name"] for row in rows if row["type"] == "password")
    refused = command(*base, "--field", f"{secret}=hush-hush-7")
    assert refused.status == 1 and f"--stdin {secret}" in refused.err and "hush-hush-7" not in refused.err
    needed = [
        f"--field={row['name']}=https://cloud.example:5000" for row in rows if row["required"] and row["name"] != secret
    ]
    done = command(*base, *needed, "--stdin", secret, stdin=b"hush-hush-7\n")
    assert done.status == 0, done
    file = tmp_path / "secret"
    file.write_text("hush-hush-8\n")
    assert command(*base, *needed, "--field-file", f"{secret}={file}").status == 0
    listed = command("infrastructure", "credentials", "list", "--json").text
    assert "cloud" in listed and "hush" not in listed
    assert command("infrastructure", "credentials", "test", "dummy").status == 0
    assert command("infrastructure", "credentials", "remove", "cloud").status == 0
    kept = subprocess.run(
        ["grep", "-rl", "hush-hush", "--exclude-dir=node_modules", str(command.home)], capture_output=True, text=True
    ).stdout.split()
    assert kept == []


def test_tokens(command: CommandLine) -> None:
    import base64
    import time

    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    claims = {"iss": "https://issuer.example", "sub": "ada-sub", "name": "Ada", "exp": int(time.time()) + 3600}
    token = f"{part({'alg': 'none'})}.{part(claims)}.c2lnbmF0dXJl"
    assert command("infrastructure", "token").status == 1  # there is none
    given = command("infrastructure", "token", "set", "--stdin", "--json", stdin=token.encode())
    info = json.loads(given.out)
    assert (info["subject"], info["state"]) == ("ada-sub", "valid") and token not in given.text
    assert command.json("infrastructure", "token", "status")["issuer"] == "https://issuer.example"
    assert command("infrastructure", "token", "forget").status == 0
    assert command.json("infrastructure", "token", status=1)["state"] == "none"


def test_files_for_a_cluster_that_im_cannot_make(command: CommandLine, tmp_path: Path) -> None:
    words = (
        "existing",
        "k3s",
        "--host",
        "pi@10.0.0.2",
        "--host",
        "10.0.0.3",
        "--architecture",
        "arm64",
        "-o",
        str(tmp_path),
    )
    done = command("infrastructure", *words)
    assert done.status == 0, done
    assert "10.0.0.3" in (tmp_path / "ssh_config").read_text() and "1. " in done.text


def test_an_im_that_is_gone_is_3(command: CommandLine, manager: str) -> None:
    account = ("--user", "ada", "--password-stdin")
    command("infrastructure", "server", "http://127.0.0.1:9", *account, stdin=b"password of ada")
    done = command("infrastructure", "list")
    assert done.status == 3 and "127.0.0.1:9" in done.err, done
    # a password is for the server that it was given for
    assert command("infrastructure", "server", manager).status == 0
    assert command("infrastructure", "list").status == 1
    command("infrastructure", "server", manager, *account, stdin=b"password of ada")
    assert command("infrastructure", "list").status == 0


def test_wrong_words_are_2(tmp_path: Path) -> None:
    line = CommandLine(tmp_path)
    for words in (
        ["create", "oscar"],
        ["create", "-c", "x"],
        ["scale", "x", "many"],
        ["reboot", "x"],
        ["secrets", "x"],
    ):
        done = line("infrastructure", *words)
        assert done.status == 2, (words, done)


def test_magics_complete_and_give_values(
    command: CommandLine, own_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = create(command, "in-a-cell", "--no-register")
    use_folders_of(command, monkeypatch)
    with shell_with_magics() as shell:
        for line, wanted in (
            ("%oscar infrastructure sca", "scale"),
            ("%oscar infrastructure show ", made["id"]),
            ("%oscar infrastructure create reh", "rehearsal"),
            ("%oscar infrastructure create oscar -c ", "dummy"),
            ("%oscar infrastructure credentials test ", "dummy"),
        ):
            assert wanted in shell.complete("", line, len(line))[1], line
        assert [item["name"] for item in shell.run_line_magic("oscar", "infrastructure list")] == ["in-a-cell"]
        assert shell.run_line_magic("oscar", "infrastructure show in-a-cell")["state"] == "configured"
        # a notebook cannot be asked for the name
        assert shell.run_cell("%oscar infrastructure delete in-a-cell").error_in_exec is not None
        found = client.infrastructures().get("in-a-cell")
        found.delete("in-a-cell").wait_gone()
        assert list(client.infrastructures().list()) == []


def test_the_notebook(command: CommandLine, tmp_path: Path) -> None:
    done = ExecutedNotebook("new-cluster", tmp_path, command, timeout=300)
    text = nbformat.writes(done.notebook)
    assert "Deploy cowsay: done" in text and "< " in text
    assert command.json("infrastructure", "list")["items"] == []
