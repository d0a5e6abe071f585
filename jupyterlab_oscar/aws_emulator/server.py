"""The emulator in one process: moto, what takes the place of its parts, and what a new account has."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import socket
import tempfile
import threading
from pathlib import Path
from typing import Any

from . import INSTALL, KNOWN_MOTO, NOT_COVERED, REGION
from .announce import FOLDER_PREFIX

HOST = "127.0.0.1"
ROLE = "scar-role"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "%s.amazonaws.com"}}],
}
_RIGHTS = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["logs:*", "s3:GetObject", "s3:PutObject", "batch:SubmitJob"], "Resource": "*"}
    ],
}


class EmulatorUnavailable(Exception):
    """The emulator cannot start; the words say what to do."""


def check_moto() -> None:
    """See that moto is there, in a version whose inside is known.

    Raises
    ------
    EmulatorUnavailable
        When it is not.
    """
    try:
        from importlib.metadata import version

        import boto3  # noqa: F401
        import flask  # noqa: F401
        import moto  # noqa: F401

        found = version("moto")
    except ImportError as error:
        raise EmulatorUnavailable(
            f"The AWS emulator is not installed ({error.name or error} is missing). {INSTALL}"
        ) from None
    if found not in KNOWN_MOTO:
        raise EmulatorUnavailable(
            f"moto {found} is installed; the emulator works with {', '.join(KNOWN_MOTO)}. {INSTALL}"
        )


class Emulator:
    """A running emulator.

    Parameters
    ----------
    port
        Of 127.0.0.1; 0: a free one.
    data
        Folder whose ``images/<repository>[/<tag>]/`` hold what images have below /var/task.

    Raises
    ------
    EmulatorUnavailable
        When moto is missing, or the port is taken.
    """

    def __init__(self, port: int = 0, data: Path | None = None) -> None:
        # Web pages are kept out; moto would let them in. It looks here when it is loaded.
        os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"
        check_moto()
        os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._listener = _listen(port)
        self.port = int(self._listener.getsockname()[1])
        self.endpoint = f"http://{HOST}:{self.port}"
        os.environ["MOTO_PORT"] = str(self.port)
        self.folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))
        try:
            self._start(data)
        except BaseException:
            self.close()
            raise

    def _start(self, data: Path | None) -> None:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
        from werkzeug.serving import make_server

        from .batch import Jobs
        from .code import CodeFolders
        from .containers import Containers
        from .functions import Functions
        from .gate import Gate
        from .patches import install
        from .registry import Registry
        from .stores import Stores

        self.account, self.key, self.secret, role_keys = _identities()
        code = CodeFolders(self.folder, data / "images" if data else None)
        stores = Stores(self.endpoint, *role_keys, REGION)
        stores.own("s3")  # now, so that the first call need not wait for it
        registry = Registry(self.folder, self.account, self.secret)
        containers = Containers(self.folder, f"{HOST}:{self.port}", registry.login)
        self._functions = Functions(self.folder, code, stores, role_keys, self.endpoint, containers)
        install(self._functions, Jobs(self._functions, self.folder), self.endpoint, registry.login)
        gate = Gate(DomainDispatcherApplication(create_backend_app), self._functions, code, registry, self.key)

        class Handler(MotoRequestHandler):
            protocol_version = "HTTP/1.1"

            def log(self, type: str, message: str, *args: Any) -> None:
                """Say nothing: the log of requests would be all there is."""

        self._server = make_server(
            HOST, self.port, gate, threaded=True, request_handler=Handler, fd=self._listener.fileno()
        )
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self.network = _seed(self.endpoint, self.key, self.secret)

    @property
    def role(self) -> str:
        """ARN of the role of functions."""
        return f"arn:aws:iam::{self.account}:role/{ROLE}"

    def description(self) -> dict[str, Any]:
        """What a user of it must know: the line that it prints when it is ready."""
        return {
            "endpoint": self.endpoint,
            "region": REGION,
            "access_key_id": self.key,
            "secret_access_key": self.secret,
            "account": self.account,
            "role": self.role,
            "batch": {
                "service_role": f"arn:aws:iam::{self.account}:role/service-role/AWSBatchServiceRole",
                "instance_role": f"arn:aws:iam::{self.account}:instance-profile/ecsInstanceRole",
                **self.network,
            },
            "not_covered": list(NOT_COVERED),
        }

    def close(self) -> None:
        """End what runs, and leave nothing behind."""
        from .processes import end_all

        end_all()
        if hasattr(self, "_functions"):
            self._functions.close()
        if hasattr(self, "_server"):
            self._server.shutdown()
        with contextlib.suppress(OSError):
            self._listener.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise EmulatorUnavailable(
            f"Port {port} cannot be used: {error.strerror}. Choose another with --port."
        ) from None
    listener.set_inheritable(False)
    return listener


def _identities() -> tuple[str, str, str, tuple[str, str]]:
    """The user of the emulator, and who functions are: made inside, before anybody can call."""
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.iam.models import iam_backends

    backend = iam_backends[DEFAULT_ACCOUNT_ID]["aws"]
    keys = []
    for name in ("emulator", "functions"):
        backend.create_user(backend.region_name, name)
        key = backend.create_access_key(name)
        keys.append((key.access_key_id, key.secret_access_key))
    return DEFAULT_ACCOUNT_ID, *keys[0], keys[1]


def _seed(endpoint: str, key: str, secret: str) -> dict[str, Any]:
    """What SCAR expects of an account: roles, and the network that every account has."""
    import boto3

    session = boto3.session.Session(aws_access_key_id=key, aws_secret_access_key=secret, region_name=REGION)
    iam = session.client("iam", endpoint_url=endpoint)
    for path, name, service in (
        ("/", ROLE, "lambda"),
        ("/service-role/", "AWSBatchServiceRole", "batch"),
        ("/", "ecsInstanceRole", "ec2"),
    ):
        trust = json.dumps(_TRUST).replace("%s", service)
        iam.create_role(Path=path, RoleName=name, AssumeRolePolicyDocument=trust)
    iam.put_role_policy(RoleName=ROLE, PolicyName="scar", PolicyDocument=json.dumps(_RIGHTS))
    iam.create_instance_profile(InstanceProfileName="ecsInstanceRole")
    iam.add_role_to_instance_profile(InstanceProfileName="ecsInstanceRole", RoleName="ecsInstanceRole")
    ec2 = session.client("ec2", endpoint_url=endpoint)
    subnets = [item["SubnetId"] for item in ec2.describe_subnets()["Subnets"]]
    groups = [item["GroupId"] for item in ec2.describe_security_groups()["SecurityGroups"]]
    return {"subnets": subnets, "security_groups": groups}
