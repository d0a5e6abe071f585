"""The examples for AWS run to their end on the emulator: from the edge to the cloud, sound and pictures, the notebook."""

from __future__ import annotations

import json
import shutil
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from jupyterlab_oscar.tests.clusters import CommandLine, wait_ready
from jupyterlab_oscar.tests.notebooks import EXAMPLES, ExecutedNotebook
from jupyterlab_oscar.tests.servers import wait_for


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    line = CommandLine(tmp_path_factory.mktemp("home"))
    shutil.copytree(EXAMPLES / "services", line.home / "services")
    try:
        wait_ready(line, "local")
        assert line.json("scar", "config", "--emulator")["state"] == "ready"
        yield line
    finally:
        line.end()


def keys(command: CommandLine, place: str) -> list[str]:
    return [item["key"] for item in command.json("scar", "ls", "-b", place)["items"]]


def fetch(command: CommandLine, place: str, folder: Path) -> Path:
    done = command("scar", "get", "-b", place, "-p", folder)
    assert done.status == 0, done
    return folder / place.partition("/")[2]


@pytest.mark.parametrize("name", ["edge-to-cloud", "multimedia"])
def test_their_fdl_has_no_errors(command: CommandLine, name: str) -> None:
    found = command.json("check", EXAMPLES / "services" / name / "fdl.yaml")["problems"]
    assert [item for item in found if item["severity"] == "error"] == []


def test_from_the_edge_to_the_cloud(command: CommandLine, tmp_path: Path) -> None:
    from PIL import Image, ImageChops

    given = command.json("scar", "emulator", "--env")
    file = command.home / "services" / "edge-to-cloud" / "fdl.yaml"
    # What a user writes there: keys of the account; and, for the emulator, where it is.
    text = file.read_text().replace("YOUR_ACCESS_KEY_ID", given["AWS_ACCESS_KEY_ID"])
    text = text.replace("YOUR_SECRET_ACCESS_KEY", given["AWS_SECRET_ACCESS_KEY"])
    where = f"      environment: {{variables: {{AWS_ENDPOINT_URL_S3: '{given['AWS_ENDPOINT_URL']}'}}}}\n"
    file.write_text(text.replace("      log_level: CRITICAL\n", "      log_level: CRITICAL\n" + where))
    plan = command.json("scar", "plan", "-f", file)
    kinds = [step["kind"] for step in plan["steps"]]
    assert kinds.index("service") < kinds.index("function")
    assert given["AWS_SECRET_ACCESS_KEY"] not in json.dumps(plan)
    assert command("scar", "init", "-f", file).status == 0
    assert command("submit", "edge-grey", EXAMPLES / "data" / "chelsea.png", "--wait").status == 0
    wait_for(lambda: len(keys(command, "edge-to-cloud/edges")) >= 2, 60, "the function made nothing")
    grey = next(fetch(command, "edge-to-cloud/grey", tmp_path / "grey").glob("*.pgm"))
    with Image.open(grey) as made, Image.open(EXAMPLES / "data" / "chelsea.png") as original:
        assert max(ImageChops.difference(made, original.convert("L")).getextrema()) <= 1
    folder = fetch(command, "edge-to-cloud/edges", tmp_path / "edges")
    numbers = json.loads(next(folder.glob("*.json")).read_text())
    assert (numbers["width"], numbers["height"]) == (451, 300) and 0.01 < numbers["edges"] < 0.1
    with Image.open(next(folder.glob("*.png"))) as edges:
        assert edges.size == (451, 300)
    done = command("scar", "rm", "-f", file, "-y")
    assert done.status == 0, done
    assert command.json("scar", "ls")["items"] == [] and command.json("services")["items"] == []


def test_sound_and_pictures(command: CommandLine, tmp_path: Path) -> None:
    file = command.home / "services" / "multimedia" / "fdl.yaml"
    assert command("scar", "init", "-f", file).status == 0
    for folder, name in (("audio", "voices.wav"), ("video", "ball.y4m")):
        assert command("scar", "put", "-b", f"multimedia/{folder}", "-p", EXAMPLES / "data" / name).status == 0
    wait_for(lambda: "speech/voices.json" in keys(command, "multimedia/speech"), 60, "no speech")
    speech = fetch(command, "multimedia/speech", tmp_path)
    found = json.loads((speech / "voices.json").read_text())
    assert found["segments"] == [{"begin": 0.5, "end": 1.3}, {"begin": 1.9, "end": 2.5}, {"begin": 3.1, "end": 3.6}]
    with wave.open(str(speech / "voices-001.wav")) as segment:
        assert segment.getnframes() / segment.getframerate() == pytest.approx(0.6)
    wait_for(lambda: len(keys(command, "multimedia/frames")) == 5, 60, "no pictures")
    frame = (fetch(command, "multimedia/frames", tmp_path) / "ball-00010.pgm").read_bytes()
    header, pixels = frame[:13], frame[13:]
    assert header == b"P5\n64 48\n255\n" and len(pixels) == 64 * 48
    x = 8 + 2 * 10  # where the ball is then
    assert max(pixels[y * 64 + x] for y in range(48)) == 235

    def job() -> Any:
        jobs = command.json("scar", "jobs", "-n", "media-frames")["items"]
        return jobs[0] if jobs and jobs[0]["state"] == "succeeded" else None

    done = wait_for(job, message="no job")
    assert command("scar", "jobs", done["id"], "--log").text.count("5 of 25 pictures") == 1


def test_the_notebook(command: CommandLine, tmp_path: Path) -> None:
    done = ExecutedNotebook("scar-quickstart", tmp_path, command)
    secret = command.json("scar", "emulator", "--env")["AWS_SECRET_ACCESS_KEY"]
    assert secret not in nbformat.writes(done.notebook)
    last = done.notebook.cells[-1].outputs
    assert "count-words" not in [item["name"] for item in command.json("scar", "ls")["items"]], last
    words = len((EXAMPLES / "data" / "texts" / "genesis.txt").read_text().split())
    assert f"genesis.txt: {words} words" in done.shown
