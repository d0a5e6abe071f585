"""Words of ``scar``: those of SCAR's own command line, where they make sense."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from .argument_parser import Parser, Verb


def add_words(verb: Verb) -> None:
    """Give the parser the verb ``scar``."""
    kinds = verb("scar", "Container functions on AWS Lambda and Batch, with SCAR's words.").actions()

    def action(name: str, text: str) -> Parser:
        sub = verb(name, text, kinds)
        sub.add_argument("-pf", "--profile", metavar="P", help="of ~/.aws (default: the one of scar config)")
        sub.add_argument("--region", metavar="R", help="of AWS (default: the one of scar config)")
        if name not in ("config", "emulator"):
            sub.add_argument("-j", dest="json", action="store_true", default=argparse.SUPPRESS, help="as --json")
        return sub

    for name, text in (("init", "Deploy functions."), ("plan", "Show what init would do.")):
        _definition(action(name, text))
    ls = action("ls", "List functions, or the objects of a bucket.")
    ls.add_argument("-b", "--bucket", metavar="BUCKET[/FOLDER]")
    ls.add_argument("-a", "--apis", action="store_true", help="list the HTTP addresses instead")
    _calls(action)
    log = _named(action("log", "Log of a function, and of the Batch jobs that it started."))
    log.add_argument("-ls", "--log-stream-name", metavar="S", help="only this stream")
    log.add_argument("-ri", "--request-id", metavar="ID", help="only this call; or the id of a Batch job")
    log.add_argument("--since", metavar="TIME", help="only what came after it (ISO 8601)")
    log.add_argument("--follow", action="store_true", help="go on until it is interrupted")
    for name, text in (
        ("put", "Upload a file or a folder with all below it."),
        ("get", "Download all objects below a folder."),
    ):
        sub = action(name, text)
        sub.add_argument("-b", "--bucket", metavar="BUCKET[/FOLDER]", required=True)
        sub.add_argument("-p", "--path", metavar="PATH", required=True, help="of this machine")
    rm = action("rm", "Delete functions with what belongs to them; buckets and their objects stay.")
    which = rm.add_mutually_exclusive_group(required=True)
    which.add_argument("-n", "--name", metavar="NAME", action="append")
    which.add_argument("-f", "--conf-file", metavar="FDL.yaml", help="all functions and services of the file")
    which.add_argument("-a", "--all", action="store_true", help="all functions with SCAR's tags")
    rm.add_argument("-y", "--yes", action="store_true", help="do not ask")
    jobs = action("jobs", "Batch jobs, newest first, or one of them.")
    jobs.add_argument("id", metavar="BATCHJOB", nargs="?")
    jobs.add_argument("-n", "--name", metavar="NAME", help="only those of a function")
    what = jobs.add_mutually_exclusive_group()
    what.add_argument("--log", action="store_true", help="show its log, also when it failed")
    what.add_argument("--follow", action="store_true", help="show its log until it ends")
    what.add_argument("--cancel", action="store_true", help="end it")
    orphans = action("orphans", "What belongs to no function any more.")
    orphans.add_argument("--remove", action="store_true", help="delete it")
    config = action("config", "Which account and region are used; with options: change it.")
    config.add_argument("--endpoint-url", metavar="URL", help="of an emulator or another cloud; an empty one is AWS")
    config.add_argument("-r", "--role", metavar="ARN", help="role of new functions")
    where = config.add_mutually_exclusive_group()
    where.add_argument("--emulator", action="store_true", default=None, help="use the local emulator; it is started")
    where.add_argument("--no-emulator", dest="emulator", action="store_false", help="use AWS again")
    config.add_argument("--profiles", action="store_true", help="list the profiles there are")
    emulator = action("emulator", "Run the AWS emulator in the foreground: for trying and for tests.")
    emulator.add_argument("--port", type=int, default=0, metavar="P", help="port of 127.0.0.1 (default: a free one)")
    emulator.add_argument("--data", metavar="DIR", help="folder with images/<repository>/: what images hold")
    emulator.add_argument(
        "--env", action="store_true", help="do not start one: print variables for clients of the running"
    )
    emulator.add_argument("--lifeline", action="store_true", help="end when standard input ends")


def _named(sub: Any) -> Any:
    which = sub.add_mutually_exclusive_group(required=True)
    which.add_argument("-n", "--name", metavar="NAME")
    which.add_argument("-f", "--conf-file", metavar="FDL.yaml", help="file with one function")
    return sub


def _calls(action: Callable[[str, str], Any]) -> None:
    invoke = _named(action("invoke", "Call a function at its HTTP address."))
    body = invoke.add_mutually_exclusive_group()
    body.add_argument("-db", "--data-binary", metavar="FILE", help="send a file")
    body.add_argument("-jd", "--json-data", metavar="JSON", help="send JSON")
    invoke.add_argument("-p", "--parameters", metavar="JSON", help="query of the address, as an object")
    run = _named(action("run", "Call a function through Lambda: with a script, a file, or the objects of its input."))
    run.add_argument("-s", "--run-script", metavar="FILE", help="shell script to run instead of its own")
    run.add_argument("-db", "--data-binary", metavar="FILE", help="the input")
    run.add_argument("-jd", "--json-data", metavar="JSON", help="the event")
    run.add_argument("--files", action="store_true", help="once for each object that is in its input folder")
    run.add_argument("-ib", "--input-bucket", metavar="BUCKET[/FOLDER]", help="once for each object that is there")
    run.add_argument("--suffix", metavar=".EXT", help="only objects that end so")
    run.add_argument("--concurrency", type=int, metavar="N", help="calls at the same time (default: 50)")
    run.add_argument("--wait", action="store_true", help="wait for each call, so that failures are known")
    run.add_argument("c_args", metavar="ARG", nargs="*", help="arguments of a udocker function's container, after --")
    for sub in (invoke, run):
        sub.add_argument("-a", "--asynchronous", action="store_true", help="do not wait for the end")
        sub.add_argument("-o", "--output-file", metavar="FILE|DIR/", help="where the answer goes")


def _definition(sub: Any) -> None:
    add = sub.add_argument
    source = sub.add_mutually_exclusive_group(required=True)
    source.add_argument("-f", "--conf-file", metavar="FDL.yaml", help="what to deploy, on AWS and on OSCAR")
    source.add_argument("-i", "--image", metavar="I", help="container image")
    source.add_argument("-if", "--image-file", metavar="TAR", help="image saved by docker (udocker runtimes)")
    add("-n", "--name", metavar="NAME", help="of the function")
    add("-s", "--init-script", metavar="FILE", help="shell script that it runs")
    add("-em", "--execution-mode", choices=["lambda", "lambda-batch", "batch"], help="default: lambda")
    add("-rt", "--runtime", metavar="R", help="default: image")
    add("-m", "--memory", type=int, metavar="MB", help="128 to 10240")
    add("-t", "--time", type=int, metavar="S", help="seconds, at most 900")
    add("-tt", "--timeout-threshold", type=int, metavar="S", help="seconds left when the script is ended")
    add("-d", "--description", metavar="TEXT")
    add("-r", "--iam-role", metavar="ARN", help="role of the function")
    add("-ll", "--log-level", metavar="LEVEL", type=str.upper)
    add("-l", "--layers", metavar="ARN", action="append")
    add("-e", "--environment", metavar="K=V", action="append", help="variable of the container")
    add("-le", "--lambda-environment", metavar="K=V", action="append", help="variable of the function")
    add("-ib", "--input-bucket", metavar="BUCKET[/FOLDER]", help="objects that call it")
    add("-ob", "--output-bucket", metavar="BUCKET[/FOLDER]", help="where its outputs go")
    add("-api", "--api-gateway-name", metavar="NAME", help="give it an HTTP address")
    add("-ep", "--extra-payload", metavar="PATH", help="file or folder beside its code")
    add("-db", "--deployment-bucket", metavar="BUCKET", help="for code that is too large to be sent")
    add("-sv", "--supervisor-version", metavar="V")
    add("-ph", "--preheat", action="store_true", default=None, help="call it once when it is there")
    add("-bm", "--batch-memory", type=int, metavar="MB", help="memory of a Batch job")
    add("-bc", "--batch-vcpus", type=int, metavar="N", help="cores of a Batch job")
    add("-g", "--enable-gpu", action="store_true", default=None, help="Batch jobs get a GPU")
