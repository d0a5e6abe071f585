"""What the words of ``scar`` ask of the bridge, and how what it says is shown."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from jupyterlab_oscar import client
from jupyterlab_oscar.argument_parser import UsageMistake
from jupyterlab_oscar.client import Bridge
from jupyterlab_oscar.console import Console
from jupyterlab_oscar.errors import InvalidError, JobFailed
from jupyterlab_oscar.parser import build_parser
from jupyterlab_oscar.tests.notebooks import shell_with_magics
from jupyterlab_oscar.tests.peers import Peer, peer
from jupyterlab_oscar.verbs import Context, Outcome, run

FUNCTION = {
    "name": "grey",
    "arn": "arn:aws:lambda:us-east-1:123456789012:function:grey",
    "region": "us-east-1",
    "state": "active",
    "package": "image",
    "memory": 512,
    "timeout": 300,
    "mode": "lambda",
    "triggers": [],
    "outputs": [],
    "api": {"kind": "rest", "endpoint": "https://x.example/launch", "open": True},
    "ours": True,
}
INVOCATION = {
    "function": "grey",
    "requestId": "r-1",
    "status": 200,
    "state": "succeeded",
    "text": "hello\n",
    "files": [],
}
OPERATION = {
    "id": "op",
    "kind": "apply",
    "title": "t",
    "state": "done",
    "revision": 1,
    "steps": [{"action": "create", "kind": "function", "name": "grey", "state": "done"}],
    "startedAt": "2026-01-01T00:00:00Z",
}
CONTEXT = {"region": "us-east-1", "emulator": False, "state": "ready", "account": "123456789012"}
PREVIEW = {
    "function": "grey",
    "goes": [{"kind": "function", "name": "grey"}],
    "stays": [{"kind": "bucket", "name": "pictures", "reason": "it has objects"}],
}


def answers(method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
    objects = "/aws/buckets/pictures/objects"
    if method == "PUT" and path.startswith(objects):
        return 204, None
    if path == objects:
        pages = {"": ("in/a.png", "p2"), "p2": ("in/deep/b.png", None)}
        key, after = pages[query.get("page", "")]
        items = [{"key": key, "size": 1}, {"key": "in/", "size": 0}]
        return 200, {"items": items, "prefixes": [], **({"next": after} if after else {})}
    if path.startswith(objects):
        return 200, path[len(objects) + 1 :].encode()
    simple: dict[tuple[str, str], tuple[int, Any]] = {
        ("GET", "/aws/functions"): (200, {"items": [FUNCTION, {**FUNCTION, "name": "other", "api": None}]}),
        ("GET", "/aws/functions/grey/deletion"): (200, PREVIEW),
        ("GET", "/aws/functions/other/deletion"): (200, {**PREVIEW, "function": "other"}),
        ("DELETE", "/aws/functions/grey"): (202, {**OPERATION, "kind": "aws-delete"}),
        ("DELETE", "/aws/functions/other"): (202, {**OPERATION, "kind": "aws-delete"}),
        ("POST", "/aws/functions/grey/invoke"): (200, _invoked(body)),
        ("POST", "/aws/functions/grey/process"): (202, {**OPERATION, "kind": "aws-process"}),
        ("GET", "/aws/functions/grey/log"): (200, f"log {json.dumps(query)}".encode()),
        ("GET", "/aws/batch-jobs"): (200, {"items": [{"id": "j-1", "name": "grey", "state": "failed"}]}),
        ("GET", "/aws/batch-jobs/j-1/log"): (200, b"the log of a failed job\n"),
        ("POST", "/aws/batch-jobs/j-1/cancel"): (200, {"id": "j-1", "name": "grey", "state": "failed"}),
        ("GET", "/aws/orphans"): (200, {"items": [{"kind": "api", "name": "x", "id": "api/x", "reason": "gone"}]}),
        ("POST", "/aws/orphans/remove"): (202, OPERATION),
        ("GET", "/aws/context"): (200, CONTEXT),
        ("PUT", "/aws/context"): (200, {**CONTEXT, **{k: v for k, v in (body or {}).items()}}),
        ("GET", "/aws/emulator"): (
            200,
            {"installed": True, "state": "running", "notCovered": ["quotas", "prices: none"]},
        ),
        ("GET", "/aws/profiles"): (200, {"items": [{"name": "default", "kind": "keys"}]}),
        ("GET", "/aws/buckets"): (200, {"items": [{"name": "pictures"}]}),
        ("POST", "/fdl/plan"): (
            200,
            {"cluster": "local", "services": [], "problems": [], "steps": [], "notes": ["a note"]},
        ),
        ("POST", "/fdl/apply"): (202, OPERATION),
    }
    problem = {
        "type": "urn:jupyterlab-oscar:problem:not-found",
        "title": "?",
        "status": 404,
        "detail": f"{method} {path}",
    }
    return simple.get((method, path), (404, problem))


def _invoked(body: Any) -> dict[str, Any]:
    if body and body.get("async"):
        return {**INVOCATION, "state": "accepted", "status": 202, "text": None}
    if body and body.get("text") == "fail":
        return {**INVOCATION, "state": "failed", "error": "Task timed out after 3.00 seconds"}
    if body and body.get("json") == {"fail": True}:
        return {**INVOCATION, "state": "failed", "error": "Task timed out after 3.00 seconds"}
    return dict(INVOCATION)


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[Peer]:
    with peer(tmp_path, answers) as running:
        yield running


def do(bridge: Peer, *words: str, stdin: str = "") -> tuple[Outcome, str, str]:
    """Run the words; the outcome, what was written and what was said."""
    args = build_parser().parse_args(["scar", *words])
    out, err = io.StringIO(), io.StringIO()
    console = Console(out, err, io.StringIO(stdin))
    outcome = run(Context(Bridge(bridge.endpoint), args, console))
    return outcome, out.getvalue(), err.getvalue()


def source(bridge: Peer, route: str = "/fdl/plan") -> dict[str, Any]:
    """The FDL that was sent."""
    return dict(bridge.asked("POST", route)[-1]["source"])


# -- definitions --


def test_a_file_goes_as_it_is(bridge: Peer, tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text("functions: {}\n")
    outcome, _, _ = do(bridge, "plan", "-f", str(file))
    assert source(bridge) == {"file": {"path": str(file)}}
    assert outcome.text == "a note" and outcome.status == 0


def test_options_make_an_fdl(bridge: Peer, tmp_path: Path) -> None:
    script = tmp_path / "grey.sh"
    script.write_text("#!/bin/sh\n")
    words = ["-i", "grycap/imagemagick", "-n", "grey", "-s", str(script), "-m", "1024", "-t", "60", "-tt", "5"]
    words += [
        "-em",
        "lambda-batch",
        "-sv",
        "1.5.8",
        "-pf",
        "work",
        "--region",
        "eu-west-1",
        "-e",
        "A=b=c",
        "-le",
        "L=1",
    ]
    words += [
        "-ib",
        "pictures/in",
        "-ob",
        "pictures/out/",
        "-api",
        "grey",
        "-r",
        "arn:role",
        "-bm",
        "2048",
        "-bc",
        "2",
        "-g",
    ]
    do(bridge, "init", *words)
    sent = source(bridge, "/fdl/apply")
    entry = json.loads(sent["text"])["functions"]["aws"][0]
    function = entry["lambda"]
    assert function["container"] == {
        "image": "grycap/imagemagick",
        "timeout_threshold": 5,
        "environment": {"Variables": {"A": "b=c"}},
    }
    assert (function["name"], function["memory"], function["timeout"]) == ("grey", 1024, 60)
    assert function["execution_mode"] == "lambda-batch" and function["supervisor"] == {"version": "1.5.8"}
    assert function["init_script"] == str(script) and function["runtime"] == "image"
    assert function["environment"] == {"Variables": {"L": "1"}}
    assert function["input"] == [{"storage_provider": "s3", "path": "pictures/in"}]
    assert function["output"] == [{"storage_provider": "s3", "path": "pictures/out"}]
    assert entry["api_gateway"]["name"] == "grey" and entry["iam"]["role"] == "arn:role"
    assert entry["batch"] == {
        "memory": 2048,
        "vcpus": 2,
        "enable_gpu": True,
        "boto_profile": "work",
        "region": "eu-west-1",
    }
    for section in ("lambda", "iam", "s3", "api_gateway", "cloudwatch", "batch"):
        assert (entry[section]["boto_profile"], entry[section]["region"]) == ("work", "eu-west-1")
    assert sent["base"] == {"path": str(Path.cwd())}


def test_options_are_stronger_than_the_file_and_lists_replace(bridge: Peer, tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    layers = {"layers": ["a"], "name": "one", "memory": 128, "input": [{"storage_provider": "s3", "path": "x/y"}]}
    document = {"functions": {"aws": [{"lambda": layers}], "oscar": [{"c": {"name": "s"}}]}, "extra": {"kept": "0.20"}}
    file.write_text(yaml.safe_dump(document))
    do(bridge, "plan", "-f", str(file), "-m", "256", "-l", "b", "-ib", "z")
    sent = source(bridge)
    changed = json.loads(sent["text"])
    assert changed["functions"]["aws"][0]["lambda"] == {
        "layers": ["b"],
        "name": "one",
        "memory": 256,
        "input": [{"storage_provider": "s3", "path": "z"}],
    }
    assert changed["functions"]["oscar"] == document["functions"]["oscar"] and changed["extra"] == {"kept": "0.20"}
    assert sent["base"] == {"path": str(tmp_path)} and sent["name"] == "f.yaml"


def test_files_of_options_are_named_from_the_fdl(bridge: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below its folder relative to it: an absolute path is warned about, and nobody has written one."""
    (tmp_path / "scripts").mkdir()
    file = tmp_path / "scripts" / "f.yaml"
    file.write_text("functions: {aws: [{lambda: {name: one}}]}\n")

    def script(*words: str) -> str:
        do(bridge, "plan", *words)
        return str(json.loads(source(bridge)["text"])["functions"]["aws"][0]["lambda"]["init_script"])

    monkeypatch.chdir(tmp_path)
    assert script("-i", "alpine", "-n", "one", "-s", "scripts/grey.sh") == "scripts/grey.sh"
    assert script("-i", "alpine", "-n", "one", "-s", "scripts/../grey.sh") == "grey.sh"
    assert script("-f", "scripts/f.yaml", "-s", "scripts/grey.sh") == "grey.sh"
    # Outside of it as the user means it: from where the command runs.
    assert script("-f", "scripts/f.yaml", "-s", "grey.sh") == str(tmp_path / "grey.sh")
    assert Path(script("-i", "alpine", "-n", "one", "-s", "../grey.sh")).resolve() == tmp_path.parent / "grey.sh"


def test_an_fdl_from_standard_input(bridge: Peer) -> None:
    do(bridge, "plan", "-f", "-", stdin="functions: {aws: []}\n")
    assert source(bridge)["text"] == "functions: {aws: []}\n"


def test_what_is_not_right_is_said(bridge: Peer, tmp_path: Path) -> None:
    for words in (
        ["init"],
        ["init", "-i", "a", "-f", "b"],
        ["run"],
        ["put", "-b", "x"],
        ["init", "-i", "x", "-em", "fast"],
    ):
        with pytest.raises(UsageMistake):
            do(bridge, *words)
    broken = tmp_path / "broken.yaml"
    broken.write_text("a: [")
    two = tmp_path / "two.yaml"
    two.write_text("functions: {aws: [{lambda: {name: a}}, {lambda: {name: b}}]}")
    for words, message in (
        (["init", "-i", "image"], "needs a name"),
        (["init", "-i", "image", "-n", "x", "-e", "novalue"], "not NAME=VALUE"),
        (["plan", "-f", str(broken), "-m", "256"], "no YAML"),
        (["invoke", "-n", "grey", "-jd", "{"], "no JSON"),
        (["invoke", "-n", "grey", "-p", "[1]"], "JSON object"),
        (["run", "-f", str(two)], "a, b"),
        (["run", "-n", "grey", "-jd", "{}", "-ib", "x"], "do not go together"),
        (["rm", "-a"], "Add -y"),
        (["jobs", "--cancel"], "about one job"),
    ):
        with pytest.raises(InvalidError) as caught:
            do(bridge, *words)
        assert message in str(caught.value)
    assert not bridge.asked("DELETE", "/aws/functions/grey")


# -- calls --


def test_calls(bridge: Peer, tmp_path: Path) -> None:
    script = tmp_path / "s.sh"
    script.write_text("echo hi\n")
    picture = tmp_path / "a.png"
    picture.write_bytes(b"png")
    route = "/aws/functions/grey/invoke"
    for words, body in (
        (["run", "-n", "grey"], {"via": "lambda", "async": False}),
        (["run", "-n", "grey", "-s", str(script)], {"via": "lambda", "async": False, "script": "echo hi\n"}),
        (["run", "-n", "grey", "-a", "-jd", '{"a": [1]}'], {"via": "lambda", "async": True, "json": {"a": [1]}}),
        (
            ["run", "-n", "grey", "--", "convert", "-x"],
            {"via": "lambda", "async": False, "arguments": ["convert", "-x"]},
        ),
        (["invoke", "-n", "grey"], {"via": "api", "async": False}),
        (["invoke", "-n", "grey", "-db", str(picture)], {"via": "api", "async": False, "file": {"path": str(picture)}}),
        (
            ["invoke", "-n", "grey", "-jd", "3", "-p", '{"n": 1}'],
            {"via": "api", "async": False, "json": 3, "parameters": {"n": "1"}},
        ),
    ):
        do(bridge, *words)
        assert bridge.asked("POST", route)[-1] == body
    outcome, out, _ = do(bridge, "run", "-n", "grey")
    assert out == "hello\n" and outcome.json["requestId"] == "r-1" and outcome.value.text == "hello\n"
    _, out, err = do(bridge, "run", "-n", "grey", "-a")
    assert out == "" and "r-1" in err
    _, out, err = do(bridge, "run", "-n", "grey", "-o", str(tmp_path / "o.txt"))
    assert out == "" and (tmp_path / "o.txt").read_text() == "hello\n"
    with pytest.raises(JobFailed, match=r"timed out.*scar log -n grey -ri r-1"):
        do(bridge, "run", "-n", "grey", "-jd", '{"fail": true}')


def test_objects_that_are_there(bridge: Peer) -> None:
    do(bridge, "run", "-n", "grey", "--files")
    words = ["-ib", "pictures/in", "--suffix", ".png", "--concurrency", "7", "--wait"]
    do(bridge, "run", "-n", "grey", *words)
    first, second = bridge.asked("POST", "/aws/functions/grey/process")
    assert first == {}
    assert second == {"bucket": "pictures", "prefix": "in", "suffix": ".png", "concurrency": 7, "wait": True}


def test_profile_and_region_go_along(bridge: Peer) -> None:
    do(bridge, "log", "-n", "grey", "-ri", "r", "-ls", "s", "-pf", "work", "--region", "eu-west-1")
    assert bridge.calls[-1][2] == {"request": "r", "stream": "s", "profile": "work", "region": "eu-west-1"}
    do(bridge, "ls", "-pf", "work")
    assert bridge.calls[-1][2] == {"profile": "work"}
    do(bridge, "run", "-n", "grey", "--region", "eu-west-1")
    assert bridge.calls[-1][2] == {"region": "eu-west-1"}


# -- the rest --


def test_ls(bridge: Peer) -> None:
    outcome, _, _ = do(bridge, "ls")
    assert "https://x.example/launch" in outcome.text and outcome.json["items"][0]["api"]["kind"] == "rest"
    outcome, _, _ = do(bridge, "ls", "-b", "pictures/in")
    assert [item["key"] for item in outcome.json["items"]] == ["in/a.png", "in/deep/b.png"]


def test_rm_shows_first_what_goes_and_what_stays(bridge: Peer, tmp_path: Path) -> None:
    outcome, _, err = do(bridge, "rm", "-n", "grey")
    assert "- delete function grey" in err and "= keep bucket pictures (it has objects)" in err
    assert outcome.json["deleted"] == ["grey"] and outcome.status == 0
    outcome, _, _ = do(bridge, "rm", "-a", "-y")
    assert outcome.json["deleted"] == ["grey", "other"]
    file = tmp_path / "f.yaml"
    file.write_text("functions: {aws: [{lambda: {name: other}}]}")
    assert do(bridge, "rm", "-f", str(file))[0].json["deleted"] == ["other"]


def test_files_keep_their_folders(bridge: Peer, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "deep").mkdir(parents=True)
    (tree / "a.png").write_bytes(b"a")
    (tree / "deep" / "b.png").write_bytes(b"b")
    outcome, _, _ = do(bridge, "put", "-b", "pictures/in", "-p", str(tree))
    assert outcome.json == {"bucket": "pictures", "keys": ["in/a.png", "in/deep/b.png"]}
    assert bridge.asked("PUT", "/aws/buckets/pictures/objects/in/deep/b.png") == [b"b"]
    do(bridge, "get", "-b", "pictures/in", "-p", str(tmp_path / "got"))
    assert (tmp_path / "got" / "in" / "deep" / "b.png").read_bytes() == b"in/deep/b.png"


def test_jobs_orphans_and_config(bridge: Peer) -> None:
    assert "failed" in do(bridge, "jobs", "-n", "grey")[0].text
    assert do(bridge, "jobs", "j-1", "--log")[1] == "the log of a failed job\n"
    assert do(bridge, "jobs", "j-1", "--cancel")[0].json["id"] == "j-1"
    do(bridge, "orphans")
    assert not bridge.asked("POST", "/aws/orphans/remove")
    do(bridge, "orphans", "--remove")
    assert bridge.asked("POST", "/aws/orphans/remove") == [{"ids": ["api/x"]}]
    do(bridge, "config")
    assert not bridge.asked("PUT", "/aws/context")
    outcome, _, _ = do(bridge, "config", "--emulator")
    assert bridge.asked("PUT", "/aws/context")[-1] == {"emulator": True}
    assert "for trying" in outcome.text and "quotas" in outcome.text
    do(bridge, "config", "--no-emulator", "-pf", "", "--endpoint-url", "", "-r", "arn:x")
    assert bridge.asked("PUT", "/aws/context")[-1] == {
        "profile": "",
        "endpoint": "",
        "role": "arn:x",
        "emulator": False,
    }
    assert do(bridge, "config", "--profiles")[0].json["items"][0]["name"] == "default"


def test_magics(bridge: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_default", Bridge(bridge.endpoint))
    monkeypatch.chdir(tmp_path)
    with shell_with_magics() as shell:
        done = shell.run_cell_magic("scar", "run -n grey", "echo from a cell\n")
        assert done.text == "hello\n"
        assert bridge.asked("POST", "/aws/functions/grey/invoke")[-1]["script"] == "echo from a cell\n"
        shell.run_cell_magic("scar", "plan", "functions: {aws: []}\n")
        assert source(bridge)["text"] == "functions: {aws: []}\n"
        assert [item["name"] for item in shell.run_line_magic("scar", "ls")] == ["grey", "other"]
        assert shell.run_cell("%scar emulator").error_in_exec is not None
        assert shell.run_cell("%%scar ls\nx").error_in_exec is not None
        for line, wanted in (
            ("%scar ", "invoke"),
            ("%scar run -n ", "grey"),
            ("%scar run --name gr", "grey"),
            ("%scar jobs ", "j-1"),
            ("%scar get -b pict", "pictures/"),
            ("%scar ls -pf ", "default"),
            ("%scar init -em ", "lambda-batch"),
            ("x = %scar ru", "run"),
            ("%oscar scar log -n ", "grey"),
        ):
            assert wanted in shell.complete("", line, len(line))[1], line
