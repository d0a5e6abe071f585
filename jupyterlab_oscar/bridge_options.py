"""What the bridge is told when it is started."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import _meta, paths


@dataclass
class LocalClusterOptions:
    """How the embedded cluster is run; ``None`` lets the bridge decide."""

    enabled: bool = True
    strict: bool = False
    runtime: str = "auto"
    cpus: float | None = None
    memory: str | None = None


@dataclass
class BridgeOptions:
    """What the bridge is told in the first line it reads (backend-bridge/src/contract/README.md)."""

    data: Path = field(default_factory=paths.data_dir)
    contents_root: str | None = None
    base_url: str = "/"
    python: str = sys.executable
    examples: Path = field(default_factory=_meta.examples)
    local_cluster: LocalClusterOptions = field(default_factory=LocalClusterOptions)
    idle_seconds: float = 0

    def handshake(self, secret: str, **extra: Any) -> bytes:
        """Make the line, with its newline."""
        local = self.local_cluster
        line = {
            "secret": secret,
            "data": str(self.data),
            "contentsRoot": self.contents_root,
            "baseUrl": self.base_url,
            "python": self.python,
            "examples": str(self.examples),
            "localCluster": {
                "enabled": local.enabled,
                "strict": local.strict,
                "runtime": local.runtime,
                "cpus": local.cpus,
                "memory": local.memory,
            },
            "idleSeconds": self.idle_seconds,
            "detached": False,
            **extra,
        }
        return json.dumps(line).encode() + b"\n"
