"""``jupyter oscar scar`` and ``%scar`` on the real bridge and the AWS emulator that it starts; boto3 looks at what came out."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest

from jupyterlab_oscar import client
from jupyterlab_oscar.errors import JobFailed
from jupyterlab_oscar.tests.clusters import CommandLine
from jupyterlab_oscar.tests.notebooks import shell_with_magics, use_folders_of
from jupyterlab_oscar.tests.servers import wait_for

UPPER = """\
#!/bin/sh
if grep -q ^fail "$INPUT_FILE_PATH"; then echo "told to fail"; exit 7; fi
if grep -q ^wait "$INPUT_FILE_PATH"; then echo waiting; sleep 60; fi
echo "working on $(basename "$INPUT_FILE_PATH")"
tr a-z A-Z < "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/$(basename "$INPUT_FILE_PATH")"
"""


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """The command line with a bridge of its own that uses the emulator."""
    line = CommandLine(tmp_path_factory.mktemp("home"))
    try:
        used = line.json("scar", "config", "--emulator")
        assert used["emulator"] is True and used["state"] == "ready", used
        yield line
    finally:
        line.end()


@pytest.fixture(scope="module")
def folder(command: CommandLine) -> Path:
    made = command.home / "functions"
    made.mkdir()
    (made / "upper.sh").write_text(UPPER)
    return made


@pytest.fixture(scope="module")
def upper(command: CommandLine, folder: Path) -> str:
    """A function with a bucket and an address."""
    words = ["-i", "alpine", "-n", "upper", "-s", "upper.sh", "-t", "20", "-m", "256", "-e", "A=b=c"]
    words += ["-ib", "upper/in", "-ob", "upper/out", "-api", "upper"]
    done = command("scar", "init", *words, cwd=folder)
    assert done.status == 0, done
    return "upper"


def boto(command: CommandLine, service: str) -> Any:
    given = command.json("scar", "emulator", "--env")
    return boto3.session.Session().client(
        service,
        endpoint_url=given["AWS_ENDPOINT_URL"],
        region_name=given["AWS_REGION"],
        aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
    )


def write(folder: Path, **texts: str) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(text)
        made.append(folder / f"{name}.txt")
    return made


def test_init_made_what_boto3_sees(command: CommandLine, upper: str) -> None:
    found = boto(command, "lambda").get_function(FunctionName=upper)
    assert found["Configuration"]["MemorySize"] == 256 and found["Configuration"]["Timeout"] == 20
    assert found["Tags"]["createdby"] == "scar"
    notifications = boto(command, "s3").get_bucket_notification_configuration(Bucket="upper")
    rules = notifications["LambdaFunctionConfigurations"][0]["Filter"]["Key"]["FilterRules"]
    assert [(rule["Name"].lower(), rule["Value"]) for rule in rules] == [("prefix", "in/")]
    listed = {item["name"]: item for item in command.json("scar", "ls")["items"]}
    assert listed["upper"]["state"] == "active" and listed["upper"]["api"]["kind"] == "rest"
    assert "upper" in command("scar", "ls").text
    assert [item["function"] for item in command.json("scar", "ls", "--apis")["items"]] == ["upper"]


def test_init_again_changes_nothing(command: CommandLine, upper: str, folder: Path) -> None:
    words = ["-i", "alpine", "-n", "upper", "-s", "upper.sh", "-t", "20", "-m", "256", "-e", "A=b=c"]
    words += ["-ib", "upper/in", "-ob", "upper/out", "-api", "upper"]
    plan = json.loads(command("scar", "plan", *words, "-j", cwd=folder).out)
    assert {step["action"] for step in plan["steps"]} <= {"keep", "link"}, plan["steps"]
    more = json.loads(command("scar", "plan", *[*words, "-m", "512"], "-j", cwd=folder).out)
    assert {step["kind"] for step in more["steps"] if step["action"] == "change"} == {"function"}


def test_objects_call_it_and_files_keep_their_folders(command: CommandLine, upper: str, tmp_path: Path) -> None:
    write(tmp_path / "tree", a="one")
    write(tmp_path / "tree" / "deep er", b="two")
    assert command("scar", "put", "-b", "upper/in", "-p", tmp_path / "tree").status == 0

    def outputs() -> list[str]:
        return [item["key"] for item in command.json("scar", "ls", "-b", "upper/out")["items"]]

    wait_for(lambda: len(outputs()) >= 2, message="no outputs")
    assert {item["key"] for item in command.json("scar", "ls", "-b", "upper/in")["items"]} >= {
        "in/a.txt",
        "in/deep er/b.txt",
    }
    assert command("scar", "get", "-b", "upper/out", "-p", tmp_path / "got").status == 0
    assert (tmp_path / "got" / "out" / "a.txt").read_text() == "ONE"
    assert (tmp_path / "got" / "out" / "b.txt").read_text() == "TWO"


def test_run(command: CommandLine, upper: str, tmp_path: Path) -> None:
    (one,) = write(tmp_path, one="hello")
    done = command("scar", "run", "-n", upper, "-db", one)
    assert done.status == 0 and done.text.startswith("working on "), done
    script = tmp_path / "mine.sh"
    script.write_text("echo my own script\n")
    assert command("scar", "run", "-n", upper, "-s", script).text == "my own script\n"
    record = command.json("scar", "run", "-n", upper, "-jd", '{"a": 1}')
    assert record["state"] == "succeeded" and record["requestId"] and record["seconds"] > 0
    log = command("scar", "log", "-n", upper, "-ri", record["requestId"])
    assert log.text.count("START RequestId") == 1 and record["requestId"] in log.text
    later = command("scar", "run", "-n", upper, "-a", "-s", script)
    assert later.status == 0 and later.text == "" and "request" in later.err


def test_invoke_through_the_address(command: CommandLine, upper: str, tmp_path: Path) -> None:
    (one,) = write(tmp_path, one="hello")
    done = command("scar", "invoke", "-n", upper, "-db", one)
    assert done.status == 0 and done.text.startswith("working on "), done
    done = command("scar", "invoke", "-n", upper, "-jd", '{"text": "x"}', "-o", tmp_path / "answer.txt")
    assert done.status == 0 and (tmp_path / "answer.txt").read_text().startswith("working on ")


def test_a_log_is_followed(command: CommandLine, upper: str, tmp_path: Path) -> None:
    process = command.start("scar", "log", "-n", upper, "--follow", stdin=subprocess.DEVNULL)
    lines: list[str] = []
    assert process.stdout is not None
    reader = threading.Thread(target=lambda: lines.extend(line.decode() for line in process.stdout or []), daemon=True)
    reader.start()
    script = tmp_path / "loud.sh"
    script.write_text("for i in 1 2 3; do echo loud $i; done\n")
    # It begins somewhere in the log: what comes after it has begun is there, once and in order.
    wait_for(lambda: any("REPORT" in line for line in lines), message="nothing of the log so far")
    record = command.json("scar", "run", "-n", upper, "-s", script)
    wait_for(lambda: any("REPORT" in line and record["requestId"] in line for line in lines), message="not followed")
    first = next(i for i, line in enumerate(lines) if f"START RequestId: {record['requestId']}" in line)
    mine = [line.strip() for line in lines[first:] if line.startswith("loud")]
    assert mine == ["loud 1", "loud 2", "loud 3"]
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130


def test_a_call_that_times_out_is_1(command: CommandLine, folder: Path, tmp_path: Path) -> None:
    done = command("scar", "init", "-i", "alpine", "-n", "brief", "-s", "upper.sh", "-t", "2", cwd=folder)
    assert done.status == 0, done
    (slow,) = write(tmp_path, slow="wait")
    done = command("scar", "run", "-n", "brief", "-db", slow)
    assert done.status == 1 and "scar log -n brief" in done.err, done
    assert command.json("scar", "run", "-n", "nobody", status=1)["problem"]["status"] == 404


def test_objects_that_are_there_are_processed(command: CommandLine, folder: Path, tmp_path: Path) -> None:
    s3 = boto(command, "s3")
    s3.create_bucket(Bucket="waiting")
    for i in range(25):
        s3.put_object(Bucket="waiting", Key=f"old/{i:02}.txt", Body=b"x")
    words = [
        "-i",
        "alpine",
        "-n",
        "batchless",
        "-s",
        "upper.sh",
        "-t",
        "20",
        "-ib",
        "waiting/old",
        "-ob",
        "waiting/new",
    ]
    assert command("scar", "init", *words, cwd=folder).status == 0
    done = command("scar", "run", "-n", "batchless", "--files", "--wait", "--concurrency", "4")
    assert done.status == 0, done
    made = s3.list_objects_v2(Bucket="waiting", Prefix="new/").get("Contents", [])
    assert len([item for item in made if not item["Key"].endswith("/")]) == 25


def test_rm_leaves_buckets(command: CommandLine, folder: Path) -> None:
    words = ["-i", "alpine", "-n", "goes", "-s", "upper.sh", "-ib", "stays/in", "-api", "goes"]
    assert command("scar", "init", *words, cwd=folder).status == 0
    done = command("scar", "rm", "-n", "goes")
    assert done.status == 0 and "stays" in done.err, done
    assert "goes" not in [item["name"] for item in command.json("scar", "ls")["items"]]
    s3 = boto(command, "s3")
    assert "stays" in [item["Name"] for item in s3.list_buckets()["Buckets"]]
    assert "LambdaFunctionConfigurations" not in s3.get_bucket_notification_configuration(Bucket="stays")
    assert "goes" not in [item["name"] for item in boto(command, "apigateway").get_rest_apis()["items"]]
    assert command.json("scar", "orphans")["items"] == []


def test_magics_and_the_python_interface(
    command: CommandLine, upper: str, own_folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_folders_of(command, monkeypatch)
    monkeypatch.chdir(tmp_path)
    with shell_with_magics() as shell:
        done = shell.run_cell_magic("scar", f"run -n {upper}", 'echo "from a cell on $AWS_LAMBDA_FUNCTION_NAME"\n')
        assert done.text == "from a cell on upper\n"
        assert upper in [item["name"] for item in shell.run_line_magic("scar", "ls")]
        assert upper in shell.complete("", "%scar run -n upp", 16)[1]
        (tmp_path / "cell.sh").write_text("echo made in a cell\n")
        fdl = """
functions:
  aws:
  - lambda: {name: cell, runtime: image, init_script: cell.sh, container: {image: alpine}}
"""
        shell.run_cell_magic("scar", "init", fdl)
        assert client.aws().function("cell").invoke().text == "made in a cell\n"
        shell.run_line_magic("scar", "rm -n cell -y")
        (slow,) = write(tmp_path, slow="wait")
        with pytest.raises(JobFailed):
            client.aws().function("brief").invoke(slow)
        secret = command.json("scar", "emulator", "--env")["AWS_SECRET_ACCESS_KEY"]
        assert secret not in repr(shell.run_line_magic("scar", "emulator --env"))


def test_the_emulator_in_the_foreground(tmp_path: Path) -> None:
    line = CommandLine(tmp_path / "home")
    process = line.start("scar", "emulator", stdin=subprocess.DEVNULL)
    assert process.stdout is not None
    described = json.loads(process.stdout.readline())
    assert {"endpoint", "region", "access_key_id", "secret_access_key", "role", "not_covered"} <= set(described)
    given = line.json("scar", "emulator", "--env")
    assert given["AWS_SECRET_ACCESS_KEY"] == described["secret_access_key"]
    taken = line.json("scar", "emulator", "--port", described["endpoint"].rpartition(":")[2], status=1)
    assert "cannot be used" in taken["problem"]["detail"]
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=20)[0] == b"" and process.returncode == 0
    assert line("scar", "emulator", "--env").status == 1


def test_without_moto_the_words_say_what_to_install(tmp_path: Path) -> None:
    line = CommandLine(tmp_path / "home")
    (tmp_path / "moto").mkdir()
    (tmp_path / "moto" / "__init__.py").write_text("raise ImportError('no moto', name='moto')\n")
    line.env["PYTHONPATH"] = f"{tmp_path}:{line.env['PYTHONPATH']}"
    problem = line.json("scar", "emulator", status=1)["problem"]
    assert "pip install jupyterlab-oscar[aws-emulator]" in problem["detail"]


def test_the_emulator_ends_with_the_bridge(tmp_path: Path) -> None:
    line = CommandLine(tmp_path / "home")
    try:
        endpoint = urlsplit(line.json("scar", "config", "--emulator")["endpoint"])
        assert line.json("scar", "config", "--no-emulator")["emulator"] is False
        assert line.json("scar", "config", "--emulator")["emulator"] is True
        socket.create_connection((endpoint.hostname, endpoint.port)).close()
    finally:
        line.end()

    def gone() -> bool:
        try:
            socket.create_connection((endpoint.hostname, endpoint.port), timeout=2).close()
        except ConnectionRefusedError:
            return True
        return False

    wait_for(gone, message="the emulator lives on")
