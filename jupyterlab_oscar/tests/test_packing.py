"""``%%oscar service``, ``service`` and ``deploy``: real cells, the real bridge, the embedded cluster and a strict one."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell

import jupyterlab_oscar as oscar
from jupyterlab_oscar.tests.clusters import CommandLine, beside_strict
from jupyterlab_oscar.tests.notebooks import shell_with_magics, use_folders_of


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    with beside_strict(tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("strict"), "far") as line:
        yield line


@pytest.fixture
def shell(
    home: CommandLine, own_folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[InteractiveShell]:
    use_folders_of(home, monkeypatch)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.txt").write_text("hello")
    with shell_with_magics() as shell:
        yield shell


def run(shell: InteractiveShell, cell: str) -> tuple[Any, str]:
    """Run a cell that works: its value, and what it said on the way."""
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        done = shell.run_cell(cell)
    done.raise_error()
    return done.result, out.getvalue()


def fails(shell: InteractiveShell, cell: str) -> str:
    """Run a cell that fails: what is shown of it."""
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        done = shell.run_cell(cell)
    assert done.error_in_exec is not None, out.getvalue()
    assert "jupyterlab_oscar/" not in out.getvalue()  # no frames of ours
    return out.getvalue()


CELL = """%%oscar service shout --input in.txt
from tools import loud

def main(input_path, output_dir):
    (output_dir / "loud.txt").write_text(loud(input_path.read_text()))
"""


def test_a_cell_becomes_a_service_and_is_updated(shell: InteractiveShell, tmp_path: Path) -> None:
    (tmp_path / "tools.py").write_text("def loud(text):\n    return text.upper()\n")
    result, said = run(shell, CELL)
    assert result.text == "HELLO"
    assert "tools.py comes along" in said
    assert sorted(item.name for item in (tmp_path / "shout").iterdir()) == [
        ".jupyterlab-oscar.json",
        "fdl.yaml",
        "script.sh",
    ]
    (tmp_path / "tools.py").write_text("def loud(text):\n    return text[::-1]\n")
    result, said = run(shell, CELL)
    assert result.text == "olleh"
    assert "~ change service shout" in said
    result, _ = run(shell, "%oscar invoke shout in.txt")
    assert result.text == "olleh"
    # What somebody changed by hand stays, until it is said that it may go.
    (tmp_path / "shout" / "script.sh").write_text("#!/bin/sh\n# mine\n")
    assert "script.sh" in fails(shell, CELL.replace("[::-1]", ""))
    assert (tmp_path / "shout" / "script.sh").read_text() == "#!/bin/sh\n# mine\n"
    result, _ = run(shell, CELL.replace("--input", "--overwrite --input"))
    assert result.text == "olleh"


def test_files_of_others_are_not_overwritten(shell: InteractiveShell, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "fdl.yaml").write_text("mine")
    (tmp_path / "taken" / "data.csv").write_text("mine too")
    shown = fails(shell, "%%oscar service taken\nx = 1")
    assert "fdl.yaml" in shown and "data.csv" not in shown
    assert [item.name for item in sorted((tmp_path / "taken").iterdir())] == ["data.csv", "fdl.yaml"]


def test_requirements_that_are_not_needed_any_more_go(shell: InteractiveShell, tmp_path: Path) -> None:
    bridge = oscar.connect()  # packing alone: no environment has to be made
    request = {"name": "lean", "into": {"path": str(tmp_path)}}
    bridge.pack({**request, "code": {"text": "import numpy", "language": "python"}})
    assert (tmp_path / "lean" / "requirements.txt").read_text() == "numpy\n"
    assert "pip install" in (tmp_path / "lean" / "Dockerfile").read_text()
    bridge.pack({**request, "code": {"text": "import json", "language": "python"}})
    assert not (tmp_path / "lean" / "requirements.txt").exists()
    assert not (tmp_path / "lean" / "Dockerfile").exists()


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("%%oscar service x-y-z\nx = 1\ndef f(:\n  pass", "Line 3 of the cell: "),
        ("%%oscar service x-y-z\nx = 1\n\n!ls", "Line 4 of the cell: !ls"),
        ("%%oscar service x-y-z\nreturn 1", "Line 2 of the cell: 'return' outside function"),
        ("%%oscar service X_Y\nx = 1", "Name it x-y"),
        ("%%oscar service x-y-z --exposed\nx = 1", "handler"),
        ("%%oscar service x-y-z\n   \n", "no code"),
        ("%%oscar service x-y-z in.txt\nx = 1", "takes no file"),
        ("%%oscar service x-y-z --input none.txt\nx = 1", "none.txt"),
        ("%%oscar service x-y-z --requirements none.txt\nx = 1", "none.txt"),
        ("%%oscar service\nx = 1", "required: NAME"),
        ("%%oscar services\nx = 1", "takes no cell"),
        ("%%oscar service x-y-z --sync --exposed\nx = 1", "not allowed with"),
        ("%oscar service x-y-z", "no code"),
    ],
)
def test_wrong_cells(shell: InteractiveShell, tmp_path: Path, cell: str, words: str) -> None:
    assert words in fails(shell, cell)
    assert [item.name for item in tmp_path.iterdir() if item.is_dir() and item.name != "home"] == []


def test_errors_point_at_the_line_of_the_cell(shell: InteractiveShell) -> None:
    shown = fails(shell, "%%oscar service crash --input in.txt\nx = 1\n\ny = x / 0\n")
    assert 'cell.py", line 4' in shown and "ZeroDivisionError" in shown


def test_shell_and_sync_and_endings(shell: InteractiveShell, tmp_path: Path) -> None:
    cell = '%%oscar service count --language shell --sync --input in.txt\nwc -c < "$INPUT_FILE_PATH"\n'
    result, _ = run(shell, cell)
    assert result.text.strip() == "5"
    assert "max_scale: 3" in (tmp_path / "count" / "fdl.yaml").read_text()
    value, _ = run(shell, "%%oscar service only-png --input-suffix .png\nprint('seen')\n")
    assert value["service"] == "only-png" and "invoke only-png FILE.png" in repr_of(value)
    submission, _ = run(shell, "s = %oscar submit only-png in.txt --wait\ns")
    assert submission.failed == []
    log, _ = run(shell, "job = s.items[0].job\n%oscar job logs {job} --json")
    assert "this service takes .png" in log["log"]


def repr_of(value: Any) -> str:
    from IPython.lib.pretty import pretty

    return str(pretty(value))


def test_an_exposed_cell_answers(shell: InteractiveShell) -> None:
    cell = (
        "%%oscar service size --exposed --input in.txt\n"
        "def handler(body, path, query):\n"
        '    return {"n": len(body), "path": path, **query}\n'
    )
    result, _ = run(shell, cell)
    assert result.json() == {"n": 5, "path": "/"}
    result, _ = run(shell, "%oscar invoke size in.txt --path /a/b?c=d")
    assert result.json() == {"n": 5, "path": "/a/b", "c": "d"}


def test_a_notebook_as_a_service(home: CommandLine, tmp_path: Path) -> None:
    """From the command line; the executed notebook is an output. Packages: nbclient and ipykernel, none besides."""
    cells = ["print(input_path.read_text())", "(output_dir / 'up.txt').write_text(input_path.read_text().upper())"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbformat.write(notebook, tmp_path / "up.ipynb")
    (tmp_path / "in.txt").write_text("hello")
    done = home("service", "nb-up", tmp_path / "up.ipynb", "--input", tmp_path / "in.txt", "-o", "out/", cwd=tmp_path)
    assert done.status == 0, done
    assert (tmp_path / "out" / "up.txt").read_text() == "HELLO"
    executed = nbformat.read(tmp_path / "out" / "up.ipynb", as_version=4)
    assert executed.cells[1].outputs[0]["text"] == "hello\n"
    notebook.cells.append(nbformat.v4.new_code_cell("1 / 0"))
    nbformat.write(notebook, tmp_path / "up.ipynb")
    done = home("service", "nb-up", tmp_path / "up.ipynb", "--input", tmp_path / "in.txt", cwd=tmp_path)
    assert done.status == 1 and "it wrote up.ipynb, up.txt" in done.err
    done = home("service", "nb-up", tmp_path / "up.ipynb", "--input", tmp_path / "in.txt", "-o", "out/", cwd=tmp_path)
    assert done.status == 1
    executed = nbformat.read(tmp_path / "out" / "up.ipynb", as_version=4)
    assert executed.cells[-1].outputs[0]["ename"] == "ZeroDivisionError"


def test_the_command_line(home: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "twice.py").write_text("print(input_path.read_text() * 2)\n")
    (tmp_path / "in.txt").write_text("ab")
    answer = home.json("service", "twice", tmp_path / "twice.py", "--into", tmp_path, "--input", tmp_path / "in.txt")
    assert answer["result"]["text"].strip() == "abab"
    assert answer["files"] == ["fdl.yaml", "script.sh"]
    assert home("service", "twice").status == 1
    problem = home.json("service", "twice", tmp_path / "in.txt", status=1)["problem"]
    assert "neither a notebook" in problem["detail"]


# -- to another cluster --


def topics(report: dict[str, Any]) -> dict[str, str]:
    states: dict[str, str] = {}
    for item in report["items"]:
        rank = ["ok", "unknown", "warning", "error"]
        states[item["topic"]] = max(states.get(item["topic"], "ok"), item["state"], key=rank.index)
    return states


def test_deploy_to_another_cluster(shell: InteractiveShell, home: CommandLine, tmp_path: Path) -> None:
    run(shell, "%%oscar service goes --sync --input in.txt\nprint(input_path.read_text().title())\n")
    report, _ = run(shell, "%oscar deploy goes --cluster far --check --json")
    assert report["ready"] is True
    assert topics(report) == {
        "image": "unknown",
        "requirements": "ok",
        "paths": "ok",
        "architecture": "ok",
        "capacity": "ok",
        "name": "ok",
    }
    value, said = run(shell, "%oscar deploy goes --cluster far")
    assert value["cluster"] == "far" and "create service goes" in said
    here, there = (oscar.cluster(name).service("goes").info["definition"] for name in ("local", "far"))
    assert here["script"] == there["script"]
    result, _ = run(shell, "%oscar --cluster far invoke goes in.txt")
    assert result.text.strip() == "Hello"
    again, _ = run(shell, "%oscar deploy goes --cluster far --check --json")
    assert [item["message"] for item in again["items"] if item["topic"] == "name"] == [
        "far has it already, with the same script."
    ]


def test_what_another_cluster_lacks(shell: InteractiveShell, tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("a\n")
    fdl = tmp_path / "lacks" / "fdl.yaml"
    oscar.connect().pack(
        {
            "name": "lacks",
            "into": {"path": str(tmp_path)},
            "image": "localhost/mine:1",
            "memory": "512Mi",
            "code": {"text": f"open('{tmp_path / 'table.csv'}')\n", "language": "python"},
        }
    )
    text = fdl.read_text().replace(
        "      annotations:\n", "      environment:\n        secrets: {KEY: abc}\n      annotations:\n"
    )
    fdl.write_text(text)
    (tmp_path / "lacks" / "requirements.txt").write_text("# none\nsix\n")
    run(shell, "%oscar apply lacks/fdl.yaml")
    report, _ = run(shell, "%oscar deploy lacks --cluster far --check --json")
    assert report["ready"] is False
    assert topics(report) | {"architecture": ""} == {
        "image": "error",
        "requirements": "unknown",
        "paths": "warning",
        "architecture": "",
        "capacity": "ok",
        "secrets": "error",
        "name": "ok",
    }
    messages = json.dumps(report)
    assert "localhost/mine:1" in messages and "table.csv" in messages and "KEY" in messages and "abc" not in messages
    plain, _ = run(shell, "%oscar deploy lacks --cluster far --check --json --image python:3.12-slim")
    told = [item["message"] for item in plain["items"] if item["topic"] == "requirements"]
    assert "Dockerfile" in told[0] and "six" in told[0]
    shown = fails(shell, "%oscar deploy lacks --cluster far")
    assert "Mend that" in shown
    assert "lacks" not in {item["name"] for item in oscar.cluster("far").services()}
    with pytest.raises(oscar.OscarError) as refused:
        oscar.cluster("far").deploy("lacks", oscar.cluster("local"))
    assert refused.value.problem["readiness"]["ready"] is False
    value, _ = run(shell, "%oscar deploy lacks --cluster far --force --json")
    assert value["readiness"]["ready"] is False
    assert "lacks" in {item["name"] for item in oscar.cluster("far").services()}


def test_a_job_that_no_node_can_hold(shell: InteractiveShell) -> None:
    run(shell, "%%oscar service huge\nx = 1\n")
    fdl = Path("huge/fdl.yaml")
    fdl.write_text(fdl.read_text().replace("cpu: '0.5'", "cpu: '900'").replace("512Mi", "900Ti"))
    run(shell, "%oscar apply huge/fdl.yaml")
    report, _ = run(shell, "%oscar deploy huge --cluster far --check --json")
    told = [item["message"] for item in report["items"] if item["state"] == "error"]
    assert len(told) == 2 and "900 cores" in told[0] and "largest node" in told[1]


def test_deploys_that_make_no_sense(home: CommandLine) -> None:
    assert home.json("deploy", "nosuch", "--cluster", "far", status=1)["problem"]["type"].endswith(":not-found")
    assert "where it is" in home.json("deploy", "nosuch", "--cluster", "local", status=1)["problem"]["detail"]
    added = home("clusters", "add", "BAD", "https://x.example")
    assert added.status == 1 and "lower-case letters" in added.err and "[" not in added.err
