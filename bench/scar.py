"""Our command line against the real SCAR 4.3.1 on one emulator of AWS: wall time of a cold command, and the calls that it makes.

``--functions N`` (1000), ``--objects N`` (1000), ``--runs N`` (5). SCAR comes with PyPI's IM, as the tests of infrastructures
install it; without it nothing is compared. All calls go through a proxy that counts them and, for the last row, refuses one.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench" / "lib")]

from counting_proxy import CountingProxy  # noqa: E402 (needs the path above)

from jupyterlab_oscar.tests.clusters import CommandLine  # noqa: E402
from jupyterlab_oscar.tests.emulators import Aws, emulator, zipped  # noqa: E402
from jupyterlab_oscar.tests.managers import PYTHON  # noqa: E402
from jupyterlab_oscar.tests.test_scar_oracle import DRIVER  # noqa: E402

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/{0}:latest"
YAML = """\
functions:
  aws:
  - lambda:
      name: {name}
      runtime: image
      timeout: 60
      init_script: s.sh
      container: {{image: '{image}', create_image: false, timeout_threshold: 5}}
      input: [{{storage_provider: s3, path: {name}/in}}]
      output: [{{storage_provider: s3, path: {name}/out}}]
    api_gateway: {{name: {name}}}
"""
MANIFEST = """{"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
"config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 1, "digest": "sha256:%s"}, "layers": []}"""
COPY = 'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR"\n'


class Side:
    """One of the two command lines."""

    def __init__(self, name: str, run: Callable[..., subprocess.CompletedProcess[str]], proxy: CountingProxy) -> None:
        self.name = name
        self.run = run
        self.proxy = proxy

    def measure(self, *words: str | Path, answer: str = "", status: int | None = 0) -> tuple[float, int, str]:
        """Seconds, calls and output of one command."""
        before = self.proxy.calls
        began = time.perf_counter()
        done = self.run(*map(str, words), answer=answer)
        took = time.perf_counter() - began
        if status is not None and done.returncode != status:
            raise RuntimeError(f"{self.name} {words} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return took, self.proxy.calls - before, done.stdout + done.stderr


def row(name: str, ours: float, theirs: float, runs: int, spread: str, aim: str, met: bool | None) -> None:
    print(
        json.dumps(
            {
                "name": name,
                "against": "SCAR 4.3.1",
                "ours": ours,
                "theirs": theirs,
                "ratio": ours / theirs if theirs else None,
                "runs": runs,
                "spread": spread,
                "aim": aim,
                **({} if met is None else {"met": met}),
            }
        ),
        flush=True,
    )


def told(values: list[float]) -> str:
    return f"{min(values):.2f} to {max(values):.2f}"


@contextlib.contextmanager
def both(folder: Path, aws: Aws, proxy: CountingProxy) -> Iterator[tuple[Side, Side]]:
    """Ours with a bridge of its own, theirs with a configuration of its own; both through the proxy."""
    line = CommandLine(folder / "ours")
    line.env |= {**aws.env, "AWS_ENDPOINT_URL": proxy.endpoint}
    home = folder / "theirs"
    home.mkdir()
    env = {"HOME": str(home), "PATH": os.environ["PATH"], **aws.env, "AWS_ENDPOINT_URL": proxy.endpoint}

    def ours(*words: str, answer: str = "") -> subprocess.CompletedProcess[str]:
        done = line("scar", *words, stdin=answer.encode())
        return subprocess.CompletedProcess(words, done.status, done.text, done.err)

    def theirs(*words: str, answer: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PYTHON, "-c", DRIVER, *words],
            env=env,
            input=answer,
            capture_output=True,
            text=True,
            cwd=home,
            timeout=1800,
        )

    (home / ".aws").mkdir()
    keys = home / ".aws" / "credentials"
    keys.touch(mode=0o600)
    keys.write_text("[default]\n" + "".join(f"{name} = {value}\n" for name, value in aws.keys.items()))
    (home / ".aws" / "config").write_text("[default]\nregion = us-east-1\n")
    theirs("ls")  # The first run writes the configuration and asks for a role.
    config = home / ".scar" / "scar.cfg"
    settings = json.loads(config.read_text())
    settings["aws"]["iam"]["role"] = aws.role
    settings.pop("oscar", None)
    config.write_text(json.dumps(settings))
    try:
        used = ours("config", "--endpoint-url", proxy.endpoint, "--region", "us-east-1", "-r", aws.role)
        if used.returncode:
            raise RuntimeError(used.stdout + used.stderr)
        yield Side("ours", ours, proxy), Side("SCAR", theirs, proxy)
    finally:
        line.end()


def fdl(folder: Path, aws: Aws, name: str) -> Path:
    image = IMAGE.format(name)
    ecr = aws.client("ecr")
    ecr.create_repository(repositoryName=name)
    ecr.put_image(repositoryName=name, imageManifest=MANIFEST % name, imageTag="latest")
    aws.give_image(image, **{"s.sh": COPY})
    place = folder / f"{name}.yaml"
    place.write_text(YAML.format(name=name, image=image))
    (folder / "s.sh").write_text(COPY)
    return place


def deploys(folder: Path, aws: Aws, sides: tuple[Side, Side], runs: int) -> None:
    seconds: dict[str, list[float]] = {side.name: [] for side in sides}
    calls: dict[str, int] = {}
    for index in range(runs):
        for side in sides:
            name = f"{side.name.lower()}{index}"
            took, count, _ = side.measure("init", "-f", fdl(folder, aws, name))
            seconds[side.name].append(took)
            calls[side.name] = count
            side.measure("rm", "-n", name, *(["-y"] if side.name == "ours" else []))
    a, b = (statistics.median(seconds[side.name]) for side in sides)
    row("deploy a function with API and trigger (s)", a, b, runs, told(seconds["ours"]), "printed", None)
    row("calls of it", calls["ours"], calls["SCAR"], 1, "", "printed", None)


def lists(aws: Aws, sides: tuple[Side, Side], functions: int, runs: int) -> None:
    """List so many functions; what SCAR cannot list has no figure of it."""
    client = aws.client("lambda")
    owner = aws.client("iam").get_user()["User"]["UserId"]
    code = zipped({"handler.py": "def handler(event, context):\n    return None\n"})
    for index in range(functions):
        client.create_function(
            FunctionName=f"many-{index}",
            Runtime="python3.12",
            Role=aws.role,
            Handler="handler.handler",
            Code={"ZipFile": code},
            Tags={"createdby": "scar", "owner": owner},
        )
    seconds: dict[str, list[float]] = {side.name: [] for side in sides}
    calls: dict[str, int] = {}
    for side in sides:
        for _ in range(runs if side.name == "ours" else min(runs, 2)):
            took, count, text = side.measure("ls", status=None)
            seen = len(re.findall(r"many-\d+", text))
            if seen == functions:
                seconds[side.name].append(took)
                calls[side.name] = count
            elif side.name == "ours":
                raise RuntimeError(f"{seen} of {functions} functions were listed: {text[:800]}")
            else:
                print(f"SCAR lists {seen} of {functions} functions: {text.strip()[:200]}", file=sys.stderr)
    a = statistics.median(seconds["ours"])
    b = statistics.median(seconds["SCAR"]) if seconds["SCAR"] else 0.0
    row(f"list {functions} functions (s)", a, b, runs, told(seconds["ours"]), "printed", None)
    row("calls of it", calls["ours"], calls.get("SCAR", 0), 1, "", "at most 30", calls["ours"] <= 30)
    for index in range(functions):
        client.delete_function(FunctionName=f"many-{index}")


def processes(folder: Path, aws: Aws, sides: tuple[Side, Side], objects: int) -> None:
    s3 = aws.client("s3")
    took: dict[str, tuple[float, int, int]] = {}
    for side in sides:
        name = f"{side.name.lower()}-existing"
        s3.create_bucket(Bucket=name)
        for index in range(objects):
            s3.put_object(Bucket=name, Key=f"in/{index}.txt", Body=b"x" * 100)
        side.measure("init", "-f", fdl(folder, aws, name))
        began = time.perf_counter()
        _, calls, _ = side.measure(
            "run", "-n", name, *(["-ib", f"{name}/in"] if side.name == "ours" else []), answer="Y\n"
        )
        # Until nothing more comes: SCAR calls all but the first asynchronously.
        done, quiet = 0, time.perf_counter()
        while done < objects and time.perf_counter() - quiet < 20:
            pages = s3.get_paginator("list_objects_v2").paginate(Bucket=name, Prefix="out/")
            now = sum(not item["Key"].endswith("/") for page in pages for item in page.get("Contents", []))
            if now != done:
                done, quiet = now, time.perf_counter()
            time.sleep(0.2)
        took[side.name] = (quiet - began, calls, done)
    (a, a_calls, a_done), (b, b_calls, b_done) = (took[side.name] for side in sides)
    row(f"process {objects} objects that are there (s)", a, b, 1, "", "printed", None)
    row("calls of it", a_calls, b_calls, 1, "", "printed", None)
    row("objects that came out", a_done, b_done, 1, "", f"{objects}", a_done == objects)


def left(aws: Aws) -> list[str]:
    """What there is of functions: each kind that a deploy makes."""
    apis = [api["id"] for api in aws.client("apigateway").get_rest_apis(limit=500)["items"]]
    functions = [one["FunctionName"] for one in aws.client("lambda").list_functions()["Functions"]]
    groups = [group["logGroupName"] for group in aws.client("logs").describe_log_groups()["logGroups"]]
    return [*(f"api {one}" for one in apis), *functions, *groups]


def orphans(folder: Path, aws: Aws, sides: tuple[Side, Side]) -> None:
    found: dict[str, int] = {}
    for side in sides:
        total, number = 0, 0
        before = set(left(aws))
        while True:
            number += 1
            name = f"{side.name.lower()}-broken{number}"
            place = fdl(folder, aws, name)
            side.proxy.calls, side.proxy.refuse = 0, number
            side.measure("init", "-f", place, status=None)
            reached = side.proxy.calls >= number
            side.proxy.refuse = None
            now = set(left(aws)) - before
            deployed = name in now and not reached
            if not deployed:
                # A function that is there all the same was deployed in spite of the refusal: that is no orphan.
                total += len(now) if name not in now else 0
            before |= now
            if not reached:
                break
        found[side.name] = total
    row("left behind when each call is refused once", found["ours"], found["SCAR"], 1, "", "0", found["ours"] == 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--functions", type=int, default=1000)
    parser.add_argument("--objects", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    if not (PYTHON.parent / "scar").exists():
        sys.exit("The real SCAR is not in .setup/im: run `npm test -- bridge -- test/infrastructure` first.")
    with tempfile.TemporaryDirectory() as name, emulator() as aws:
        folder = Path(name)
        proxy = CountingProxy(aws.endpoint)
        with both(folder, aws, proxy) as sides:
            deploys(folder, aws, sides, options.runs)
            # It fails beyond the first page of the tagging API.
            lists(aws, sides, min(40, options.functions), options.runs)
            lists(aws, sides, options.functions, options.runs)
            processes(folder, aws, sides, options.objects)
            # Last: what SCAR leaves behind keeps it from listing.
            orphans(folder, aws, sides)
        proxy.close()


if __name__ == "__main__":
    main()
