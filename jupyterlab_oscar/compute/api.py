"""``oscar.map_reduce`` and ``oscar.htc``: jobs from plain functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..inputs import PathLike
from .collect import code_of
from .job import ComputeJob
from .request import build
from .words import REQUEST

if TYPE_CHECKING:
    from ..client import Bridge

Function = Callable[..., Any]


def map_reduce(
    mapper: Function,
    reducer: Function | None = None,
    inputs: PathLike | Iterable[PathLike] = (),
    *,
    combiner: Function | str | None = None,
    setup: Function | None = None,
    variables: Mapping[str, Any] | None = None,
    wait: bool = True,
    progress: Callable[[ComputeJob], None] | None = None,
    bridge: Bridge | None = None,
    **options: Any,
) -> ComputeJob:
    """Run a MapReduce job.

    Parameters
    ----------
    mapper
        ``mapper(chunk)`` returns pairs, a dictionary or a Counter, or yields pairs; ``mapper(line)`` gets one record,
        ``mapper(key, value)`` a record with its place.
    reducer
        ``reducer(pairs)`` gets pairs sorted by key and returns pairs, as MARLA has it; ``reducer(key, values)`` returns
        the value for a key. None: the pairs are the result.
    inputs
        Files, folders, patterns, ``s3://BUCKET/PREFIX``, ``oscar://CLUSTER/BUCKET/PREFIX``.
    combiner
        ``combiner(key, values)``, or ``auto`` (the reducer where a sample shows that it may be used), ``reducer``,
        ``none``.
    setup
        Called once in each worker before the first part.
    variables
        Values for the functions, besides those that they name.
    wait
        Wait for the end; an interrupt (Ctrl-C) cancels the job.
    progress
        Called with the job each time it has moved.
    bridge
        Default: the one of this user.
    **options
        ``engine`` (``local``, ``oscar:CLUSTER``), ``mappers``, ``reducers``, ``block`` (``MIN:MAX``), ``sort``
        (``key``, ``value``, ``none``), ``top``, ``output``, ``overwrite``, ``format`` (``text``, ``csv``, ``jsonl``,
        ``file``, ``bytes``, ``fixed``, ``parquet``), ``delimiter``, ``separator``, ``header``, ``size``, ``encoding``,
        ``errors``, ``name``, ``max_workers``, ``memory``, ``timeout`` (s of a part), ``retries``, ``skip_bad_records``,
        ``isolate``, ``fresh``, ``sample_only``, ``idempotency_key``, ``config`` (MARLA's ``config.in``; what else is given is
        stronger).

    Returns
    -------
    ComputeJob
        Iterate over it for ``(key, value)`` pairs.

    Raises
    ------
    ComputeFailed
        When it failed; ``.job`` is the job.

    Examples
    --------
    >>> job = oscar.map_reduce(lambda line: [(w, 1) for w in line.split()], lambda key, values: sum(values), "*.txt")
    >>> job.to_dict()["the"]
    """
    functions: dict[str, Function] = {"mapper": mapper}
    if reducer is not None:
        functions["reducer"] = reducer
    if callable(combiner):
        functions["combiner"] = combiner
        options["combiner"] = "function"
    elif combiner is not None:
        options["combiner"] = combiner
    if setup is not None:
        functions["setup"] = setup
    _known(options)
    return _start("mapreduce", functions, variables, inputs, options, wait=wait, progress=progress, bridge=bridge)


def htc(
    task: Function,
    iterations: int | None = None,
    *,
    files: PathLike | Iterable[PathLike] | None = None,
    setup: Function | None = None,
    variables: Mapping[str, Any] | None = None,
    wait: bool = True,
    progress: Callable[[ComputeJob], None] | None = None,
    bridge: Bridge | None = None,
    **options: Any,
) -> ComputeJob:
    """Run a high-throughput job: many iterations, or one task a file.

    Parameters
    ----------
    task
        ``task(first, count, ctx)`` does iterations ``first`` to ``first + count`` and returns one value for them;
        ``task(item)`` or ``task(item, ctx)`` does one iteration or file. ``ctx`` has ``report(done)``, ``should_stop``,
        ``rng``, ``out``.
    iterations
        How many.
    files
        Instead of iterations.
    setup, variables, wait, progress, bridge
        As in :func:`map_reduce`.
    **options
        ``time`` (wanted duration, s), ``init_workers``, ``max_workers``, ``seed``, ``balance`` (``pull``, ``ruper``,
        ``fixed``), ``config`` (a job file of TaScaaS), and those of :func:`map_reduce` that are not about pairs.

    Returns
    -------
    ComputeJob
        Iterate over it for values in the order of the iterations: ``{first, count, value}``.

    Raises
    ------
    ComputeFailed
        When it failed; ``.job`` is the job.
    """
    functions = {"task": task} if setup is None else {"task": task, "setup": setup}
    _known(options)
    options["iterations"] = iterations
    return _start("htc", functions, variables, files, options, wait=wait, progress=progress, bridge=bridge)


#: Keyword arguments that a job takes; anything else is a mistake in writing.
_OPTIONS = frozenset((*REQUEST, "idempotency_key")) - {"iterations"}  # which are an argument


def _known(options: Mapping[str, Any]) -> None:
    strangers = sorted(set(options) - _OPTIONS)
    if strangers:
        raise TypeError(f"unknown option {strangers[0]!r}; there are: {', '.join(sorted(_OPTIONS))}")


def _start(
    kind: str,
    functions: Mapping[str, Function],
    variables: Mapping[str, Any] | None,
    inputs: PathLike | Iterable[PathLike] | None,
    options: Mapping[str, Any],
    *,
    wait: bool,
    progress: Callable[[ComputeJob], None] | None,
    bridge: Bridge | None,
) -> ComputeJob:
    from ..client import connect

    request = build(kind, code_of(functions, variables), inputs, options)
    job = (bridge or connect()).compute(request)
    return job.wait(progress) if wait else job
