"""The wheel alone, in empty environments: no Node, no npm on PATH, only what pip brings.

Both ends of the range of JupyterLab that we claim are tried (4.6, and 4.4, where Elyra's users are).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UV = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))

pytestmark = pytest.mark.wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from what set-up has built."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [UV, "build", "--wheel", "--no-build-isolation", "--python", sys.executable, "--out-dir", folder, ROOT],
        check=True,
        env={**os.environ, "SKIP_JUPYTER_BUILDER": "1", "HATCH_JUPYTER_BUILDER_SKIP_NPM": "1"},
    )
    (built,) = folder.glob("*.whl")
    return built


# Patterns of everything that may be in the wheel; each must match something, and nothing else may be there.
CONTENTS = [
    r"jupyterlab_oscar/[a-z_]+\.py",
    r"jupyterlab_oscar/py\.typed",
    r"jupyterlab_oscar/(aws_emulator|compute|magics|verbs|runner)/[a-z0-9_]+\.py",
    r"jupyterlab_oscar/bridge/(bridge|aws|aws-clients)\.cjs",
    r"jupyterlab_oscar/bridge/[a-zA-Z.\-]*LICENSE[a-zA-Z.\-]*",
    r"jupyterlab_oscar/examples/examples\.json",
    r"jupyterlab_oscar/examples/[A-Za-z.]+\.md",
    r"jupyterlab_oscar/examples/services/[a-z-]+/[A-Za-z.]+",
    r"jupyterlab_oscar/examples/data/[A-Za-z0-9_.\-/]+",
    r"jupyterlab_oscar/examples/notebooks/[a-z-]+\.ipynb",
    r"jupyterlab_oscar/examples/tosca/[a-z-]+\.yaml",
    r"jupyterlab_oscar/examples/pipelines/README\.md",
    r"jupyterlab_oscar/examples/pipelines/[a-z-]+/[A-Za-z.\-]+",
    r"{data}/data/share/jupyter/labextensions/jupyterlab-oscar/package\.json",
    r"{data}/data/share/jupyter/labextensions/jupyterlab-oscar/install\.json",
    r"{data}/data/share/jupyter/labextensions/jupyterlab-oscar/schemas/jupyterlab-oscar/[a-z.\-]+\.json(\.orig)?",
    r"{data}/data/share/jupyter/labextensions/jupyterlab-oscar/static/[A-Za-z0-9_.\-]+",
    r"{data}/data/etc/jupyter/jupyter_server_config\.d/[a-z_]+\.json",
    r"{data}/data/etc/ipython/startup/50-[a-z_\-]+\.py",
    r"{info}/METADATA",
    r"{info}/WHEEL",
    r"{info}/entry_points\.txt",
    r"{info}/licenses/LICENSE",
    r"{info}/RECORD",
]
OPTIONAL = {r"jupyterlab_oscar/py\.typed", r"jupyterlab_oscar/examples/[A-Za-z.]+\.md"}


def test_contents_are_exactly_what_is_needed(wheel: Path) -> None:
    """Labextension once, bridge, examples, configuration, licences; no tests, no sources of the bridge."""
    names = zipfile.ZipFile(wheel).namelist()
    stem = "-".join(wheel.name.split("-")[:2])
    patterns = {
        text: re.compile(text.replace("{data}", f"{stem}.data").replace("{info}", f"{stem}.dist-info"))
        for text in CONTENTS
    }
    strangers = [name for name in names if not any(pattern.fullmatch(name) for pattern in patterns.values())]
    assert strangers == []
    missing = [
        text
        for text, pattern in patterns.items()
        if text not in OPTIONAL and not any(pattern.fullmatch(name) for name in names)
    ]
    assert missing == []


def environment(folder: Path, wheel: Path, lab: str) -> Path:
    """An environment with JupyterLab and the wheel; answers its bin folder."""
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    subprocess.run(
        [UV, "pip", "install", "--quiet", "--python", folder / "bin" / "python", f"jupyterlab=={lab}.*", wheel],
        check=True,
    )
    return folder / "bin"


def call(url: str, token: str) -> dict:
    request = urllib.request.Request(url, headers={"Authorization": f"token {token}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


@pytest.mark.parametrize("lab", ["4.6", "4.4"])
def test_installed_alone_it_works(wheel: Path, tmp_path: Path, lab: str) -> None:
    """Labextension and server extension are enabled; the bridge answers; a service runs from the command line."""
    bin_folder = environment(tmp_path / "environment", wheel, lab)
    tools = tmp_path / "tools"  # everything that the system has, except Node and npm
    tools.mkdir()
    for folder in ("/usr/bin", "/bin"):
        for program in Path(folder).iterdir():
            link = tools / program.name
            if not re.match(r"node|npm|npx|corepack", program.name) and not link.is_symlink():
                link.symlink_to(program)
    env = {
        "HOME": str(tmp_path / "home"),
        "PATH": f"{bin_folder}{os.pathsep}{tools}",
        "JUPYTERLAB_OSCAR_DATA": str(tmp_path / "oscar data"),
        "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
    }
    (tmp_path / "home").mkdir(exist_ok=True)
    assert shutil.which("node", path=env["PATH"]) is None

    def jupyter(*arguments: str) -> str:
        done = subprocess.run(
            [bin_folder / "jupyter", *arguments], env=env, capture_output=True, text=True, timeout=200, cwd=tmp_path
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    assert re.search(r"jupyterlab-oscar v\S+.*enabled.*OK", jupyter("labextension", "list"))
    assert re.search(r"jupyterlab_oscar.*enabled", jupyter("server", "extension", "list"))

    token = "a-token-of-the-test"
    with (tmp_path / "lab.log").open("w") as log:
        server = subprocess.Popen(
            [bin_folder / "jupyter", "lab", "--no-browser", "--port=0", "--allow-root", "--ServerApp.root_dir=."],
            env={**env, "JUPYTER_TOKEN": token},
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=tmp_path,
        )
        try:
            deadline = time.monotonic() + 60
            url = None
            while url is None:
                assert time.monotonic() < deadline and server.poll() is None, (tmp_path / "lab.log").read_text()
                for file in (tmp_path / "runtime").glob("jpserver-*.json"):
                    url = json.loads(file.read_text() or "{}").get("url")
                time.sleep(0.1)
            status = call(f"{url}jupyterlab-oscar/v1/status", token)
            assert status["version"] in wheel.name
            while call(f"{url}jupyterlab-oscar/v1/clusters/local", token)["state"] != "ready":
                assert time.monotonic() < deadline + 60
                time.sleep(0.1)
            example = next((bin_folder.parent / "lib").glob("python*/site-packages/jupyterlab_oscar/examples"))
            jupyter("oscar", "apply", str(example / "services" / "cowsay" / "fdl.yaml"))
            (tmp_path / "hello.txt").write_text("Hello from a wheel")
            assert "Hello from a wheel" in jupyter("oscar", "invoke", "cowsay", str(tmp_path / "hello.txt"))
        finally:
            server.terminate()
            server.wait(30)
