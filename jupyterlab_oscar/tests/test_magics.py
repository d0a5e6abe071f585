"""The Python API and ``%oscar`` in a real InteractiveShell, against the real bridge and the embedded cluster."""

from __future__ import annotations

import base64
import io
import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell

import jupyterlab_oscar as oscar
from jupyterlab_oscar import _meta
from jupyterlab_oscar.results import Items, Result
from jupyterlab_oscar.tests.clusters import CommandLine, wait_ready, write_service
from jupyterlab_oscar.tests.notebooks import execute, shell_with_magics, use_folders_of
from jupyterlab_oscar.tests.servers import wait_for

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003010100c9fe92ef"
    "0000000049454e44ae426082"
)
PAINTER = "#!/bin/sh\nprintf '" + "".join(f"\\{byte:03o}" for byte in PNG) + '\' > "$TMP_OUTPUT_DIR/dot.png"\n'
MANY = """\
#!/bin/sh
printf '\\211PNG' > "$TMP_OUTPUT_DIR/dot.png"
echo '{"boxes": [1, 2]}' > "$TMP_OUTPUT_DIR/result.json"
printf 'name,n\\n<b>x</b>,1\\n' > "$TMP_OUTPUT_DIR/table.csv"
echo '<script>alert(1)</script> text' > "$TMP_OUTPUT_DIR/page.txt"
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    line = CommandLine(tmp_path_factory.mktemp("home"))
    try:
        wait_ready(line, "local")
        for name, script in {"upper": None, "painter": PAINTER, "many": MANY}.items():
            folder = tmp_path_factory.mktemp(name)
            fdl = write_service(folder, name, script) if script else write_service(folder, name)
            done = line("apply", fdl)
            assert done.status == 0, done
        yield line
    finally:
        line.end()


@pytest.fixture(autouse=True)
def same_bridge(home: CommandLine, own_folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel finds the bridge that the command line started."""
    use_folders_of(home, monkeypatch)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    monkeypatch.chdir(tmp_path)
    with shell_with_magics() as shell:
        yield shell


def run(shell: InteractiveShell, cell: str) -> tuple[Any, str, str]:
    """Run a cell; its value, what it printed, and what it said."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        done = shell.run_cell(cell)
    assert done.success, out.getvalue() + err.getvalue()
    return done.result, out.getvalue(), err.getvalue()


def fails(shell: InteractiveShell, cell: str) -> tuple[BaseException, str]:
    """Run a cell that fails; the error, and all that is shown of it."""
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        done = shell.run_cell(cell)
    assert done.error_in_exec is not None
    return done.error_in_exec, out.getvalue()


# -- the Python API --


def test_invoke(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("hello")
    service = oscar.cluster("local").service("upper")
    result = service.invoke(tmp_path / "in.txt")
    assert result.text == "HELLO"
    assert result.state == "succeeded"
    file = result.files[0]
    assert (file.data, file.media_type.split(";")[0], file.size) == (b"HELLO", "text/plain", 5)
    assert file.save(tmp_path / "saved.txt").read_text() == "HELLO"
    assert [path.read_text() for path in result.save(tmp_path / "out")] == ["HELLO"]
    assert service.invoke(data="some text").text == "SOME TEXT"
    assert service.invoke(data=b"bytes", name="my name.txt").files[0].name.endswith(".txt")
    assert service.invoke(json={"a": 1}).json() == {"A": 1}
    with pytest.raises(oscar.JobFailed) as failed:
        service.invoke(data="fail")
    assert failed.value.result.state == "failed"
    assert failed.value.problem["detail"]


def test_submit(tmp_path: Path) -> None:
    paths = []
    for name, text in {"a": "one", "b": "fail", "c": "three"}.items():
        paths.append(tmp_path / f"{name}.txt")
        paths[-1].write_text(text)
    submission = oscar.cluster("local").service("upper").submit(paths)
    assert len(submission) == 3
    seen = {item.file: item for item in submission}
    assert {name: item.state for name, item in seen.items()} == {
        "a.txt": "succeeded",
        "b.txt": "failed",
        "c.txt": "succeeded",
    }
    assert submission.wait() is submission
    assert [item.file for item in submission.failed] == ["b.txt"]
    assert submission.failed[0].exit_code == 7
    saved = submission.save(tmp_path / "out")
    assert saved["c.txt"][0].read_text() == "THREE"
    assert seen["a.txt"].job
    job = oscar.cluster("local").job(seen["a.txt"].job)
    assert job.state == "succeeded"
    assert job.result().text == "ONE"
    assert isinstance("".join(job.log()), str)
    with pytest.raises(oscar.NotFoundError, match="not there"):
        oscar.cluster("local").service("upper").submit(tmp_path / "none.txt")


def test_errors_have_classes_and_words() -> None:
    with pytest.raises(oscar.NotFoundError) as caught:
        _ = oscar.cluster("local").service("nosuch").info
    assert isinstance(caught.value, oscar.OscarError)
    assert caught.value.problem["status"] == 404
    assert "nosuch" in str(caught.value)
    with pytest.raises(oscar.NotFoundError, match="elsewhere"):
        oscar.cluster("elsewhere").services()


def test_the_current_cluster_is_the_default() -> None:
    assert oscar.cluster().id == "local"
    assert [item["id"] for item in oscar.clusters()] == ["local"]
    assert oscar.status()["running"] >= 0


def test_large_objects_stream(tmp_path: Path) -> None:
    where = oscar.cluster("local")
    big = tmp_path / "big.bin"
    with big.open("wb") as file:
        file.truncate(64_000_000)
    where.put(big, "upper", "big.bin")
    assert sum(len(piece) for piece in where.get("upper", "big.bin")) == 64_000_000
    where.remove_object("upper", "big.bin")


def test_odd_keys(tmp_path: Path) -> None:
    where = oscar.cluster("local")
    keys = ["a b/c+d%2F.txt", "é/ñ.txt", "x//y", "q?#&=.txt"]
    for key in keys:
        where.put(io.BytesIO(key.encode()), "upper", f"odd/{key}")
    listed = {item["key"] for item in where.all_objects("upper", "odd/")}
    assert listed == {f"odd/{key}" for key in keys}
    for key in keys:
        assert b"".join(where.get("upper", f"odd/{key}")) == key.encode()
        where.remove_object("upper", f"odd/{key}")


def test_events_tell_what_changes(tmp_path: Path) -> None:
    (tmp_path / "e.txt").write_text("event")
    seen: list[tuple[str, str, Any]] = []

    def follow() -> None:
        for event in oscar.connect().events():
            seen.append(event)
            if event[1] == "job" and (event[2]["job"] or {}).get("state") == "succeeded":
                return

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    wait_for(lambda: seen)
    assert seen[0][1] == "hello"
    oscar.cluster("local").service("upper").submit(tmp_path / "e.txt").wait()
    thread.join(20)
    assert not thread.is_alive()
    assert all(identifier for identifier, _, _ in seen)


# -- the magic --


def test_values_are_plain(shell: InteractiveShell) -> None:
    services, _, _ = run(shell, "x = %oscar services\nx")
    assert isinstance(services, list) and {item["name"] for item in services} == {"upper", "painter", "many"}
    assert all(type(item) is dict for item in services)
    assert "<table>" in services._repr_html_()
    assert json.loads(json.dumps(services))
    status, _, _ = run(shell, "%oscar status")
    assert isinstance(status, dict)
    answer, _, _ = run(shell, "%oscar services --json")
    assert set(answer) == {"items"}


def test_invoke_shows_what_it_is(shell: InteractiveShell, tmp_path: Path) -> None:
    (tmp_path / "my file.txt").write_text("hello")
    result, _, _ = run(shell, "%oscar invoke upper 'my file.txt'")
    assert isinstance(result, Result)
    assert result._repr_mimebundle_() == {"text/plain": "HELLO"}
    several, printed, said = run(shell, "%oscar invoke many 'my file.txt'")
    assert several.text == "<script>alert(1)</script> text\n"
    assert "-o DIR/" not in printed + said  # the value shows itself
    picture, _, _ = run(shell, "%oscar invoke painter 'my file.txt'")
    assert base64.b64decode(picture._repr_mimebundle_()["image/png"]) == PNG
    name, _, _ = run(shell, "name = 'my file.txt'\nr = %oscar invoke upper \"$name\"\nr.text")
    assert name == "HELLO"


def test_several_files_are_shown_together_and_do_no_harm(shell: InteractiveShell, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("x")
    submission, _, _ = run(shell, "s = %oscar submit many in.txt --wait -o out\ns")
    assert submission.failed == []
    assert sorted(path.name for path in (tmp_path / "out" / "in.txt").iterdir()) == [
        "dot.png",
        "page.txt",
        "result.json",
        "table.csv",
    ]
    result, _, _ = run(shell, "job = s.items[0].job\nr = %oscar job result {job}\nr")
    bundle = result._repr_mimebundle_()
    shown = bundle["text/html"]
    assert "<script>" not in shown and "&lt;script&gt;" in shown
    assert "<b>x</b>" not in shown and "<th>name</th>" in shown
    assert "data:image/png;base64," in shown
    assert result.json() == {"boxes": [1, 2]}


def test_errors_are_one_sentence(shell: InteractiveShell) -> None:
    error, shown = fails(shell, "%oscar services nosuch")
    assert isinstance(error, oscar.NotFoundError)
    assert shown.strip() == f"NotFoundError: {error}"
    error, shown = fails(shell, "%oscar frobnicate")
    assert "Traceback" not in shown and "invalid choice" in shown
    error, shown = fails(shell, "%oscar invoke upper none.txt")
    assert shown.count("\n") <= 1 and "none.txt" in shown
    _, shown = fails(shell, "%oscar invoke 'upper")
    assert "quot" in shown
    _, shown = fails(shell, "%oscar clusters serve")
    assert "terminal" in shown


def test_words_that_do_not_go_together_are_usage(shell: InteractiveShell) -> None:
    error, shown = fails(shell, "%oscar map-reduce words.py")
    assert "map-reduce needs an INPUT" in str(error)
    assert "usage: %oscar map-reduce" in shown and "Traceback" not in shown


def test_logs_are_printed(shell: InteractiveShell, tmp_path: Path) -> None:
    (tmp_path / "f.txt").write_text("fail")
    run(shell, "s = %oscar submit upper f.txt --wait")
    _, out, _ = run(shell, "%oscar logs upper")
    assert "told to fail" in out


def test_an_interrupt_cancels(shell: InteractiveShell, tmp_path: Path) -> None:
    (tmp_path / "w.txt").write_text("wait")
    where = oscar.cluster("local")

    def interrupt() -> None:
        wait_for(lambda: any(job["state"] == "running" for job in where.jobs("upper")))
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    _, shown = fails(shell, "%oscar submit upper w.txt --wait")
    thread.join()
    assert "Interrupted" in shown and "Traceback" not in shown
    wait_for(lambda: not any(job["state"] == "running" for job in where.jobs("upper")), message="it still runs")


def test_help(shell: InteractiveShell) -> None:
    described = shell.object_inspect("%oscar") if hasattr(shell, "object_inspect") else {}
    text = (described.get("docstring") or "") + str(shell.find_line_magic("oscar").__doc__)
    assert "%oscar invoke ocr" in text
    _, out, _ = run(shell, "%oscar --help")
    assert "invoke" in out and "status" in out
    _, out, _ = run(shell, "%oscar submit --help")
    assert "--wait" in out


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("%oscar inv", ["invoke"]),
        ("x = %oscar serv", ["service", "services"]),
        ("%%oscar service x --ex", ["--exposed"]),
        ("%oscar pipeline re", ["rerun"]),
        ("%oscar pipeline run wo", ["words.pipeline"]),
        ("%oscar job re", ["result", "retry"]),
        ("%oscar invoke up", ["upper"]),
        ("%oscar --cluster lo", ["local"]),
        ("%oscar clusters use ", ["local"]),
        ("%oscar invoke upper da", ["data/", "date.txt"]),
        ("%oscar apply da", ["data/"]),
        ("%oscar ls up", ["upper/"]),
        ("%oscar ls upper/", ["upper/in/", "upper/out/"]),
        ("%oscar submit upper --w", ["--wait"]),
        ("%oscar submit upper date.txt da", ["data/", "date.txt"]),
    ],
)
def test_completion(shell: InteractiveShell, tmp_path: Path, line: str, expected: list[str]) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "date.txt").write_text("x")
    (tmp_path / "words.pipeline").write_text("{}")
    (tmp_path / "words.txt").write_text("x")
    assert shell.complete("", line, len(line))[1] == expected


def test_completion_survives_a_missing_bridge(shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTERLAB_OSCAR_NODE", "/nowhere")
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", os.environ["HOME"] + "/none")
    assert shell.complete("", "%oscar invoke ", 14)[1] is not None


# -- how it gets into a kernel --


def test_the_start_up_file_loads_it_unless_told_not_to(monkeypatch: pytest.MonkeyPatch) -> None:
    file = _meta.PACKAGE.parent / "ipython-startup" / "50-jupyterlab-oscar.py"
    for value, there in (("0", False), ("1", True)):
        monkeypatch.setenv("JUPYTERLAB_OSCAR_MAGICS_AUTOLOAD", value)
        InteractiveShell.clear_instance()
        ip = InteractiveShell.instance()
        before = set(ip.user_ns)
        ip.safe_execfile(str(file), ip.user_ns, raise_exceptions=True)
        assert (ip.find_line_magic("oscar") is not None) is there
        assert set(ip.user_ns) - before <= {"__file__"}
        InteractiveShell.clear_instance()


def test_a_notebook_without_a_server(home: CommandLine, tmp_path: Path) -> None:
    """nbclient, as nbconvert and papermill run notebooks: the magics find or start a bridge by themselves."""
    (tmp_path / "in.txt").write_text("from a notebook")
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("%load_ext jupyterlab_oscar"),
            nbformat.v4.new_code_cell("%oscar invoke upper in.txt"),
            nbformat.v4.new_code_cell("%oscar services"),
        ]
    )
    execute(notebook, tmp_path, timeout=120)
    assert notebook.cells[1].outputs[-1]["data"]["text/plain"] == "FROM A NOTEBOOK"
    assert "<table>" in notebook.cells[2].outputs[-1]["data"]["text/html"]


def test_items_show_themselves() -> None:
    items = Items([{"a": "<i>", "bC": None}, {"a": [1, 2], "bC": True}], ("a", "bC"))
    assert repr(items) == "A     B c\n<i>\n1, 2  yes"
    assert "&lt;i&gt;" in items._repr_html_()
    assert repr(Items()) == "(none)"
