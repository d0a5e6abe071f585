"""Words of ``map-reduce`` and ``htc`` on the command line, and of ``%%mapreduce``, ``%%htc`` and ``%jobs``."""

from __future__ import annotations

import argparse
from typing import Any

#: Options that go into the request under their own names.
REQUEST = (
    *("engine", "name", "max_workers", "memory", "timeout", "retries", "skip_bad_records", "isolate", "fresh"),
    *("sample_only", "output", "overwrite", "mappers", "reducers", "block", "combiner", "sort", "top", "iterations"),
    *("time", "init_workers", "seed", "balance", "format", "delimiter", "separator", "header", "size", "encoding"),
    *("errors", "config"),
)


def add_options(parser: argparse.ArgumentParser, kind: str) -> None:
    """Options that both a cell and the command line have.

    Parameters
    ----------
    parser
        Where they go.
    kind
        ``mapreduce`` or ``htc``.
    """
    add = parser.add_argument
    add("-n", "--name", metavar="NAME", help="what the job is called")
    add("-e", "--engine", metavar="E", help="local (default) or oscar:CLUSTER")
    job_file = "MARLA's config.in" if kind == "mapreduce" else "a job file of TaScaaS"
    add("--config", metavar="FILE", help=f"{job_file}; other options are stronger")
    if kind == "mapreduce":
        add("-m", "--mappers", type=int, metavar="N", help="wanted number of map parts")
        add("-r", "--reducers", type=int, metavar="R", help="number of reduce parts")
        add("--block", metavar="MIN:MAX", help="size of a map part, as in 1M:64M")
        add("--combiner", choices=["auto", "reducer", "function", "none"], help="default: auto, by a sample")
        add("--sort", choices=["key", "value", "none"], help="order of the result")
        add("--top", type=int, metavar="K", help="only the K pairs with the highest values")
    else:
        add("--iterations", type=_count, metavar="N", help="how many; 1e6 is a million")
        add("--time", type=float, metavar="S", help="wanted duration, seconds")
        add("--init-workers", type=int, metavar="K", help="workers at the start")
        add("--seed", type=int, metavar="S", help="of ctx.rng: the same seed gives the same numbers")
        add("--balance", choices=["pull", "ruper", "fixed"], help="how work is shared out (default: pull)")
    add("--max-workers", type=int, metavar="K", help="workers at most")
    add("--memory", metavar="Q", help="of one worker, as in 512M")
    add("--timeout", type=float, metavar="S", help="of one part, seconds")
    add("--retries", type=int, metavar="N", help="of a part that was lost (default: 3)")
    add("--isolate", action="store_true", help="a process of its own for each part")
    add("--fresh", action="store_true", help="do not use parts that an earlier job made of the same code and input")
    add("--overwrite", action="store_true", help="replace the output folder at the end")
    records = parser.add_argument_group("records")
    record = records.add_argument
    formats = ["auto", "text", "csv", "jsonl", "file", "bytes", "fixed", "parquet"]
    record("--format", choices=formats, help="default: by the name of the file")
    record("--delimiter", type=_text, metavar="D", help="between records of text (default: a new line)")
    record("--separator", type=_text, metavar="S", help="between fields of csv (default: a comma)")
    record("--no-header", dest="header", action="store_const", const=False, help="csv without names in the first line")
    record("--size", type=int, metavar="BYTES", help="of a record of the format fixed")
    record("--encoding", metavar="E", help="default: utf-8")
    record("--errors", choices=["strict", "replace", "surrogateescape", "skip"], help="bytes that are not text")
    record("--skip-bad-records", type=int, metavar="N", help="leave out up to N records that the mapper fails on")


def add_cell_options(parser: argparse.ArgumentParser) -> None:
    """Options that only a cell has."""
    add = parser.add_argument
    add("-o", "--out", metavar="VAR", help="variable that gets the job")
    add("--output", metavar="PLACE", help="folder, or s3://BUCKET/PREFIX, that gets the results")
    add("--with", dest="variables", metavar="VAR,…", action="append", default=[], help="more variables to take along")
    add("--packages", metavar="P,…", action="append", default=[], help="modules that must be there")
    add("-a", "--noblock", action="store_true", help="do not wait")
    add("--progress-after", type=float, default=2.0, metavar="S", help="show progress after S seconds (default: 2)")
    add("--no-stream", dest="stream", action="store_false", help="do not show what the functions print")
    add("--dry-run", dest="sample_only", action="store_true", help="only try the functions on a sample")
    add("--detach-on-interrupt", action="store_true", help="an interrupt leaves the job running")
    add("--resume", metavar="JOB", help="go on with a job instead: only what is missing is done")


def options_of(args: Any) -> dict[str, Any]:
    """What goes into the request."""
    return {name: getattr(args, name) for name in REQUEST if getattr(args, name, None) is not None}


def _text(text: str) -> str:
    """``\\t`` and its like as they are written in Python."""
    return text.encode("latin-1", "backslashreplace").decode("unicode_escape")


def _count(text: str) -> int:
    number = float(text.replace("_", ""))
    if number != int(number) or number < 0:
        raise argparse.ArgumentTypeError(f"{text} is no whole number")
    return int(text.replace("_", "")) if text.replace("_", "").isdigit() else int(number)
