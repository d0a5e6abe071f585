"""``pipeline`` on the command line, in cells and as objects: the real bridge runs real nodes on the embedded cluster."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

import jupyterlab_oscar as oscar
from jupyterlab_oscar.tests.clusters import CommandLine, served, wait_ready
from jupyterlab_oscar.tests.notebooks import shell_with_magics, use_folders_of
from jupyterlab_oscar.tests.servers import wait_for

FIRST = """\
import os
print("working on", os.environ.get("word"))
if os.environ.get("word") == "wait":
    import time
    time.sleep(120)
open("word.txt", "w").write(os.environ["word"])
"""
SECOND = """\
word = open("word.txt").read()
if word == "fail":
    raise SystemExit("told to fail")
open("loud.txt", "w").write(word.upper())
"""


def node(name: str, outputs: list[str], after: str | None = None, **properties: Any) -> dict[str, Any]:
    links = [{"id": f"{after}-{name}", "node_id_ref": after, "port_id_ref": "outPort"}] if after else []
    return {
        "id": name,
        "type": "execution_node",
        "op": "execute-python-node",
        "app_data": {
            "label": name,
            "component_parameters": {
                "filename": f"{name}.py",
                "runtime_image": "python:3.12-slim",
                "outputs": outputs,
                "env_vars": [],
                "dependencies": [],
                **properties,
            },
            "ui_data": {"label": name, "x_pos": 0, "y_pos": 0},
        },
        "inputs": [{"id": "inPort", "links": links}],
        "outputs": [{"id": "outPort"}],
    }


def write_pipeline(folder: Path, name: str = "words", **first: Any) -> Path:
    """Two Python nodes in a row, with a parameter ``word``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "first.py").write_text(FIRST)
    (folder / "second.py").write_text(SECOND)
    nodes = [
        node("first", ["word.txt"], pipeline_parameters=["word"], **first),
        node("second", ["loud.txt"], "first"),
    ]
    parameter = {
        "name": "word",
        "default_value": {"type": "String", "value": "hello"},
        "type": "String",
        "required": False,
    }
    value = {
        "doc_type": "pipeline",
        "version": "3.0",
        "id": "p",
        "primary_pipeline": "main",
        "pipelines": [
            {
                "id": "main",
                "nodes": nodes,
                "app_data": {
                    "ui_data": {"comments": []},
                    "version": 8,
                    "properties": {
                        "name": name,
                        "runtime": "Generic",
                        "pipeline_parameters": [parameter],
                        "oscar": {"runtime": "process"},
                    },
                },
                "runtime_ref": "",
            }
        ],
        "schemas": [],
    }
    file = folder / f"{name}.pipeline"
    file.write_text(json.dumps(value))
    return file


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    line = CommandLine(tmp_path_factory.mktemp("home"))
    try:
        wait_ready(line, "local")
        yield line
    finally:
        line.end()


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pipeline(tmp_path_factory.mktemp("words"))


@pytest.fixture
def shell(home: CommandLine, own_folders: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    use_folders_of(home, monkeypatch)
    with shell_with_magics() as shell:
        yield shell


def test_check_and_convert(home: CommandLine, words: Path, tmp_path: Path) -> None:
    found = home.json("pipeline", "check", words)
    assert found["problems"] == [] and [item["label"] for item in found["nodes"]] == ["first", "second"]
    assert [item["name"] for item in found["parameters"]] == ["word"]
    made = home.json("pipeline", "convert", words)
    assert set(made) >= {"fdl", "files", "report"} and "folder" not in made
    done = home("pipeline", "convert", words, "-o", tmp_path / "out")
    assert done.status == 0 and (tmp_path / "out" / "fdl.yaml").read_text() == made["fdl"]
    assert (tmp_path / "out" / "report.json").is_file()
    assert home("check", tmp_path / "out" / "fdl.yaml").status == 0


def test_what_is_wrong_is_1(home: CommandLine, words: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pipeline"
    broken.write_text('{"pipelines": [')
    done = home("pipeline", "check", broken)
    assert done.status == 1 and "broken.pipeline:1:" in done.text
    assert home("pipeline", "convert", broken).status == 1
    lonely = write_pipeline(tmp_path / "lonely")
    (lonely.parent / "second.py").unlink()
    problems = home.json("pipeline", "check", lonely, status=1)["problems"]
    assert [item["label"] for item in problems if item["severity"] == "error"] == ["second"]
    assert home("pipeline", "run", lonely).status == 1
    assert home("pipeline", "run", tmp_path / "none.pipeline").status == 1
    assert home("pipeline").status == 2
    assert "no parameter" in home("pipeline", "run", words, "--param", "other=1").err
    assert "no value" in home("pipeline", "run", words, "--param", "word").err
    assert home("pipeline", "show", "nosuch").status == 1


def test_run_from_the_command_line(home: CommandLine, words: Path, tmp_path: Path) -> None:
    done = home("pipeline", "run", words, "--param", "word=two words", "-o", tmp_path / "out")
    assert done.status == 0, done
    assert "first: done" in done.err and "second: done" in done.err
    assert (tmp_path / "out" / "second" / "loud.txt").read_text() == "TWO WORDS"
    run = home.json("pipeline", "runs", words)["items"][0]
    assert run["state"] == "done" and run["parameters"] == {"word": "two words"}
    assert run["id"] in home("pipeline", "show", run["id"]).text
    log = home("pipeline", "logs", run["id"], "first")
    assert "working on two words" in log.text
    assert "second" in home("pipeline", "logs", run["id"], "third").err


def test_a_failing_node_is_1_and_can_go_again(home: CommandLine, tmp_path: Path) -> None:
    file = write_pipeline(tmp_path / "mend", "mend")
    run = home.json("pipeline", "run", file, "--param", "word=fail", status=1)
    assert run["state"] == "failed"
    assert [(item["label"], item["state"]) for item in run["nodes"]] == [("first", "done"), ("second", "failed")]
    done = home("pipeline", "rerun", run["id"])
    assert done.status == 1 and "second: failed" in done.err
    (file.parent / "second.py").write_text(SECOND.replace('"fail"', '"never"'))
    again = home.json("pipeline", "rerun", run["id"])
    assert again["id"] == run["id"] and again["state"] == "done"
    assert [item["attempt"] for item in again["nodes"]] == [1, 3]
    assert again["nodes"][0]["job"] == run["nodes"][0]["job"]


def test_ctrl_c_cancels(home: CommandLine, words: Path) -> None:
    process = home.start("pipeline", "run", str(words), "--param", "word=wait", stdin=subprocess.DEVNULL)

    def state(of: str) -> bool:
        items = home.json("pipeline", "runs", words)["items"]
        return bool(items) and items[0]["parameters"]["word"] == "wait" and items[0]["state"] == of

    wait_for(lambda: state("running"), 60)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    process.communicate()
    wait_for(lambda: state("cancelled"))


def test_secrets_never_go_through_argv(home: CommandLine, tmp_path: Path) -> None:
    secret = [{"env_var": "API_KEY", "name": "k8s", "key": "key"}]
    file = write_pipeline(tmp_path / "secret", "secret", kubernetes_secrets=secret)
    (file.parent / "first.py").write_text('import os\nopen("word.txt", "w").write(str(len(os.environ["API_KEY"])))\n')
    assert [item["variable"] for item in home.json("pipeline", "check", file)["secrets"]] == ["API_KEY"]
    refused = home("pipeline", "run", file)
    assert refused.status == 1 and "--secret API_KEY" in refused.err
    assert "list of processes" in home("pipeline", "run", file, "--secret", "API_KEY=abc").err
    home.env["API_KEY"] = "hush-hush-1234"
    try:
        done = home("pipeline", "run", file, "--secret", "API_KEY", "-o", tmp_path / "out")
    finally:
        del home.env["API_KEY"]
    assert done.status == 0, done
    assert (tmp_path / "out" / "first" / "word.txt").read_text() == "14"
    run = home.json("pipeline", "runs", file)["items"][0]
    assert "hush-hush-1234" not in json.dumps(run) + done.err + done.text


def test_objects(shell: InteractiveShell, words: Path, tmp_path: Path) -> None:
    pipeline = oscar.pipeline(words)
    assert pipeline.check()["problems"] == []
    seen: list[str] = []
    run = pipeline.run({"word": "object"}, progress=lambda now: seen.append(now.state))
    assert run.state == "done" and run.done and seen[-1] == "done"
    assert [file.text for file in run.nodes["second"].files if file.name == "loud.txt"] == ["OBJECT"]
    saved = run.save(tmp_path / "out")
    assert (tmp_path / "out" / "second" / "loud.txt") in saved["second"]
    assert "working on object" in "".join(run.nodes[0].log())
    bundle = run._repr_mimebundle_()
    assert "<table>" in bundle["text/html"] and "second" in bundle["text/plain"]
    assert pipeline.runs()[0]["id"] == run.id
    with pytest.raises(oscar.PipelineFailed, match="second") as failed:
        pipeline.run({"word": "fail"})
    assert failed.value.run.failed[0].label == "second"
    assert pipeline.run({"word": "fail"}, check=False).state == "failed"
    with pytest.raises(oscar.NotFoundError, match="first, second"):
        run.nodes["third"]
    run.delete()
    with pytest.raises(oscar.NotFoundError):
        oscar.connect().run(run.id)


def test_a_cell_shows_the_nodes_while_they_run(
    shell: InteractiveShell, words: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[tuple[bool, dict[str, Any], str | None]] = []

    class Publisher(type(shell.display_pub)):  # type: ignore[misc]
        def publish(self, data: dict[str, Any], metadata: Any = None, **options: Any) -> None:
            identifier = (options.get("transient") or {}).get("display_id")
            shown.append((bool(options.get("update")), data, identifier))

    monkeypatch.setattr(shell, "display_pub", Publisher(shell=shell))
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        done = shell.run_cell(f"run = %oscar pipeline run '{words}' --param word=cell\nrun")
    done.raise_error()
    assert done.result.state == "done"
    assert len({identifier for _, _, identifier in shown}) == 1 and not shown[0][0]
    assert all(update for update, _, _ in shown[1:])
    assert shown[-1][1] == {"text/plain": ""}  # the value takes its place
    assert any("second" in data.get("text/html", "") for _, data, _ in shown)
    with redirect_stdout(out), redirect_stderr(out):
        done = shell.run_cell(f"%oscar pipeline run '{words}' --param word=fail")
    assert isinstance(done.error_in_exec, oscar.PipelineFailed)


def test_an_interrupted_cell_cancels(shell: InteractiveShell, words: Path) -> None:
    def interrupt() -> None:
        pipeline = oscar.pipeline(words)
        wait_for(lambda: any(run["state"] == "running" for run in pipeline.runs()), 60)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        shell.run_cell(f"%oscar pipeline run '{words}' --param word=wait")
    thread.join()
    assert "Interrupted" in out.getvalue()
    wait_for(lambda: oscar.pipeline(words).runs()[0]["state"] == "cancelled")


def test_leftovers(home: CommandLine, tmp_path: Path) -> None:
    file = write_pipeline(tmp_path / "gone", "gone")
    assert home("pipeline", "deploy", file).status == 0
    services = {item["name"] for item in home.json("services")["items"]}
    assert home.json("pipeline", "leftovers")["items"] == []
    file.unlink()
    left = home.json("pipeline", "leftovers")["items"]
    assert {item["pipeline"] for item in left} == {"gone"} and {item["service"] for item in left} < services
    assert home("pipeline", "leftovers", "--remove").status == 0
    assert home.json("pipeline", "leftovers")["items"] == []
    assert {item["name"] for item in home.json("services")["items"]} == services - {item["service"] for item in left}


def test_the_schema_of_fdl(home: CommandLine, tmp_path: Path) -> None:
    schema = home.json("fdl", "schema")
    assert "functions" in schema["properties"]
    assert home("fdl", "schema", "-o", tmp_path / "fdl.json").status == 0
    assert json.loads((tmp_path / "fdl.json").read_text()) == schema


def test_a_strangers_client_applies_the_export(home: CommandLine, words: Path, tmp_path: Path) -> None:
    """oscar-python as it is: it makes the services in the order of the file, starts a run, and fetches what came of it."""
    oscar_python = pytest.importorskip("oscar_python.client")
    yaml = pytest.importorskip("yaml")
    folder = tmp_path / "export"
    home.json("pipeline", "convert", str(words), "-o", str(folder))
    with served(home, "--data", str(tmp_path / "cluster")) as line:
        stranger = oscar_python.Client(
            {
                "cluster_id": "default-cluster",
                "endpoint": line["endpoint"],
                "user": line["user"],
                "password": line["password"],
                "ssl": "False",
            }
        )
        names = []
        for number, entry in enumerate(yaml.safe_load((folder / "fdl.yaml").read_text())["functions"]["oscar"]):
            # It takes the last service of a file.
            one = folder / f"one-{number}.yaml"
            one.write_text(yaml.safe_dump({"functions": {"oscar": [entry]}}))
            made = stranger.create_service(str(one))
            assert made.status_code == 201, made.text
            names.append(entry["default-cluster"]["name"])
        first, second = names
        start = tmp_path / "r1.json"
        start.write_text(json.dumps({"run": "r1", "parameters": {"word": "stranger"}}))
        storage = stranger.create_storage_client()
        storage.upload_file("minio.default", str(start), f"{first}/in")
        done = f"{second}/out/run/r1"

        def arrived() -> bool:
            listing = storage.list_files_from_path("minio.default", f"{second}/out")
            keys = [item["Key"] for item in listing.get("Contents", [])]
            return "out/run/r1/_status.json" in keys

        wait_for(arrived, seconds=90)
        storage.download_file("minio.default", str(tmp_path), f"{done}/loud.txt")
        assert (tmp_path / "loud.txt").read_text() == "STRANGER"
        for name in names:
            assert stranger.remove_service(name).status_code == 204
