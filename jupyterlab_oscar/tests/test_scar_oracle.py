"""The real SCAR 4.3.1 on the same emulator: it sees, calls and removes what we deployed, and we what it deployed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jupyterlab_oscar.tests.clusters import CommandLine
from jupyterlab_oscar.tests.emulators import Aws
from jupyterlab_oscar.tests.managers import PYTHON

#: SCAR as it is, but for what it asks GitHub: which release of the supervisor there is.
DRIVER = """
import sys
import scar.utils as utils
for name, answer in (("exists_release_in_repo", True), ("get_latest_release", "1.5.8")):
    setattr(utils.GitHubUtils, name, staticmethod(lambda *_, answer=answer: answer))
from scar.scarcli import main
sys.argv[0] = "scar"
main()
"""
Scar = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    line = CommandLine(tmp_path_factory.mktemp("home"))
    try:
        assert line.json("scar", "config", "--emulator")["state"] == "ready"
        yield line
    finally:
        line.end()


@pytest.fixture(scope="module")
def scar(command: CommandLine) -> Scar:
    """The real command line, with the keys of the emulator."""
    if not PYTHON.exists() or not (PYTHON.parent / "scar").exists():
        pytest.skip("The real SCAR is not in .setup/im (it comes with PyPI IM 2.0.0): nothing was compared with it.")
    given = command.json("scar", "emulator", "--env")
    home = command.home / "of-scar"
    (home / ".aws").mkdir(parents=True)
    credentials = home / ".aws" / "credentials"
    credentials.touch(mode=0o600)
    credentials.write_text(
        f"[default]\naws_access_key_id = {given['AWS_ACCESS_KEY_ID']}\n"
        f"aws_secret_access_key = {given['AWS_SECRET_ACCESS_KEY']}\n"
    )
    (home / ".aws" / "config").write_text("[default]\nregion = us-east-1\n")
    env = {"HOME": str(home), "PATH": "/usr/bin:/bin", "AWS_ENDPOINT_URL": given["AWS_ENDPOINT_URL"]}
    # The first run writes the configuration and asks for a role.
    subprocess.run([PYTHON, "-c", DRIVER, "ls"], env=env, capture_output=True, timeout=60, cwd=home)
    config = home / ".scar" / "scar.cfg"
    settings = json.loads(config.read_text())
    settings["aws"]["iam"]["role"] = "arn:aws:iam::123456789012:role/scar-role"
    settings.pop("oscar", None)
    config.write_text(json.dumps(settings))

    def run(*words: str | Path, answer: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PYTHON, "-c", DRIVER, *map(str, words)],
            env=env,
            input=answer,
            capture_output=True,
            text=True,
            timeout=120,
            cwd=home,
        )

    return run


def test_it_sees_calls_and_removes_ours(command: CommandLine, scar: Scar, tmp_path: Path) -> None:
    (tmp_path / "s.sh").write_text("echo from ours\n")
    words = ["-i", "alpine", "-n", "ours", "-s", "s.sh", "-ob", "ours/out", "-api", "ours"]
    assert command("scar", "init", *words, cwd=tmp_path).status == 0
    listed = scar("ls")
    assert "ours" in listed.stdout, listed
    called = scar("run", "-n", "ours")
    assert "from ours" in called.stdout, called
    logged = scar("log", "-n", "ours")
    assert "from ours" in logged.stdout, logged
    removed = scar("rm", "-n", "ours")
    assert "successfully deleted" in removed.stdout, removed
    assert command.json("scar", "ls")["items"] == []
    assert command.json("scar", "orphans")["items"] == []


def test_we_see_call_and_remove_its(command: CommandLine, scar: Scar, tmp_path: Path) -> None:
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/its:latest"
    given = command.json("scar", "emulator", "--env")
    aws = Aws(
        {
            "endpoint": given["AWS_ENDPOINT_URL"],
            "role": "",
            "access_key_id": given["AWS_ACCESS_KEY_ID"],
            "secret_access_key": given["AWS_SECRET_ACCESS_KEY"],
        },
        None,  # type: ignore[arg-type]
    )
    aws.give_image(image, **{"its.sh": 'echo from its; cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR"\n'})
    (tmp_path / "its.sh").write_text("echo not this one\n")
    (tmp_path / "its.yaml").write_text(
        "functions:\n  aws:\n  - lambda:\n      name: its\n      runtime: image\n      init_script: its.sh\n"
        f"      container: {{image: '{image}', create_image: false, timeout_threshold: 5}}\n"
        "      input: [{storage_provider: s3, path: its/in}]\n      output: [{storage_provider: s3, path: its/out}]\n"
        "    api_gateway: {name: its}\n"
    )
    made = scar("init", "-f", tmp_path / "its.yaml")
    assert "successfully created" in made.stdout, made
    (item,) = command.json("scar", "ls")["items"]
    assert (item["name"], item["ours"], item["package"]) == ("its", False, "image")
    assert [(t["bucket"], t["prefix"], t["active"]) for t in item["triggers"]] == [("its", "in/", True)]
    assert item["api"]["kind"] == "rest"
    assert command("scar", "run", "-n", "its").text == "from its\n"
    assert command("scar", "invoke", "-n", "its").text == "from its\n"
    (tmp_path / "a.txt").write_text("a")
    assert command("scar", "put", "-b", "its/in", "-p", tmp_path / "a.txt").status == 0
    done = command("scar", "run", "-n", "its", "--files", "--wait")
    assert done.status == 0, done
    assert "out/a.txt" in [found["key"] for found in command.json("scar", "ls", "-b", "its")["items"]]
    assert "from its" in command("scar", "log", "-n", "its").text
    assert command("scar", "rm", "-n", "its").status == 0
    assert "its" not in scar("ls").stdout
    assert command.json("scar", "orphans")["items"] == []
