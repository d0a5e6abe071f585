"""What the verbs do. Each takes the parsed words and returns an :class:`Outcome`; who shows it is not its
business."""

from __future__ import annotations

from collections.abc import Callable

from . import calls, clusters, compute, fdl, infrastructure, jobs, objects, packing, pipelines, scar, services
from .context import Context, Outcome

__all__ = ["Context", "Outcome", "run"]

_VERBS: dict[str, Callable[[Context], Outcome]] = {
    "status": clusters.status,
    "clusters": clusters.clusters,
    "check": fdl.check,
    "plan": fdl.plan,
    "apply": fdl.apply,
    "fdl": fdl.schema,
    "service": packing.service,
    "deploy": packing.deploy,
    "pipeline": pipelines.pipeline,
    "services": services.services,
    "delete": services.delete,
    "invoke": calls.invoke,
    "submit": calls.submit,
    "map-reduce": compute.map_reduce,
    "htc": compute.htc,
    "infrastructure": infrastructure.infrastructure,
    "jobs": jobs.jobs,
    "job": jobs.job,
    "logs": jobs.logs,
    "ls": objects.ls,
    "put": objects.put,
    "get": objects.get,
    "rm": objects.rm,
    "scar": scar.scar,
}


def run(context: Context) -> Outcome:
    """Do what the words say.

    Raises
    ------
    OscarError
        When it does not work.
    """
    return _VERBS[context.args.verb](context)
