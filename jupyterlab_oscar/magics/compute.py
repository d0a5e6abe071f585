"""``%%mapreduce``, ``%%htc`` (``%%tascaas``) and ``%jobs``."""

from __future__ import annotations

import inspect
import shlex
import sys
import threading
from collections.abc import Callable
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class

#: What the functions print is shown up to here (characters); the rest is in the log.
_STREAMED = 64_000


@magics_class
class ComputeMagics(Magics):
    """The magics of MapReduce and high-throughput jobs."""

    @cell_magic
    def mapreduce(self, line: str, cell: str) -> Any:
        """Run the cell's mapper and reducer over files, folders, patterns or buckets.

        ::

            %%mapreduce books/*.txt --top 20 -o words
            def mapper(line):                 # or mapper(chunk), mapper(key, value)
                for word in line.split():
                    yield word, 1
            def reducer(key, values):         # or reducer(pairs), as MARLA has it
                return sum(values)

        The cell may also define ``combiner(key, values)``, ``setup()`` and ``record_reader(file)``. What it uses of the
        notebook comes along. The job (``.result()``, ``.to_pandas()``, ``.plot()``, ``.logs()``…) is returned, and bound to
        the variable of ``-o``. An interrupt cancels it. ``%%mapreduce --help`` lists the options.
        """
        return self._cell("mapreduce", line, cell)

    @cell_magic
    def htc(self, line: str, cell: str) -> Any:
        """Run the cell's task for many iterations, or for each of many files.

        ::

            %%htc --iterations 1e9 --time 60 -o pi
            def task(first, count, ctx):      # or task(item, ctx)
                hits = sum(ctx.rng.random() ** 2 + ctx.rng.random() ** 2 < 1 for _ in range(count))
                return {"hits": hits, "of": count}

        ``ctx`` has ``report(done)``, ``should_stop``, ``rng`` (the same numbers wherever it runs) and ``out`` (a folder for
        files). With ``--shell`` the cell is a script that finds ``$FIRST`` and ``$COUNT``, or ``$INPUT_FILE_PATH``.
        ``%%htc --help`` lists the options.
        """
        return self._cell("htc", line, cell)

    @cell_magic
    def tascaas(self, line: str, cell: str) -> Any:
        """The same as ``%%htc``."""
        return self._cell("htc", line, cell)

    @line_magic
    def jobs(self, line: str) -> Any:
        """MapReduce, high-throughput and service jobs.

        ::

            %jobs                      all of them, newest first
            %jobs show ID              how one goes; attaches to one of an earlier kernel
            %jobs wait ID [-t S]       until it ends
            %jobs cancel | pause | resume | retry ID
            %jobs logs ID [-f]         what its functions printed
            %jobs result | plot ID
            %jobs clean --older 7d     remove records of jobs that ended
        """
        from .jobs import run_jobs

        args = _parse(_jobs_parser(), line)
        return None if args is None else self._guarded(lambda: run_jobs(self._context(args)))

    @staticmethod
    def complete_hook(shell: Any, event: Any) -> list[str]:
        """Complete options, files, variables and jobs (IPython's ``complete_command`` hook)."""
        from .completion import complete_compute

        return complete_compute(event.text_until_cursor, event.symbol, list(shell.user_ns))

    def _cell(self, kind: str, line: str, cell: str) -> Any:
        args = _parse(cell_parser(kind), line)
        if args is None:
            return None
        return self._guarded(lambda: self._start(kind, args, cell))

    def _start(self, kind: str, args: Any, cell: str) -> Any:
        from ..compute.request import build
        from ..compute.words import options_of
        from ..verbs.compute import show_job

        context = self._context(args)
        if args.resume:
            job = context.bridge.compute_job(args.resume).retry()
        else:
            job = context.bridge.compute(build(kind, self._code(kind, args, cell), args.inputs, options_of(args)))
        if args.out:
            self.shell.user_ns[args.out] = job
        if args.noblock:
            return job
        stream = _Stream(job, args.progress_after) if args.stream else None
        try:
            show_job(context, job, wait=True, after=args.progress_after, cancel=not args.detach_on_interrupt)
        finally:
            if stream is not None:
                stream.end()
        return job

    def _code(self, kind: str, args: Any, cell: str) -> dict[str, Any]:
        from ..compute.cell import cell_code

        name = f"<cell In[{_number_of_cell(self.shell)}]>"
        if getattr(args, "shell", False):
            return {"language": "shell", "source": cell, "name": name}
        return cell_code(
            kind, cell, self.shell.user_ns, name=name, named=_commas(args.variables), packages=_commas(args.packages)
        )

    def _context(self, args: Any) -> Any:
        from IPython.display import display

        from ..client import connect
        from ..console import Console
        from ..verbs import Context

        return Context(connect(), args, Console(display=display))

    def _guarded(self, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except OSError as error:
            raise UsageError(f"{error.filename}: {error.strerror}" if error.filename else str(error)) from None


class _Stream:
    """Shows what the functions print, while the job runs."""

    def __init__(self, job: Any, after: float) -> None:
        self._job = job
        self._after = after
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name=f"log of {job.id}", daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        from ..errors import OscarError

        shown = 0
        try:
            for piece in self._job.logs(follow=True):
                room = _STREAMED - shown
                sys.stdout.write(piece[:room])
                sys.stdout.flush()
                shown += len(piece)
                if shown > _STREAMED:
                    sys.stdout.write(f"\n… the rest is in the log: %jobs logs {self._job.id}\n")
                    return
        except OscarError as error:
            sys.stderr.write(f"The log cannot be followed: {error}\n")

    def end(self) -> None:
        """Give what was printed last a moment to come."""
        self._thread.join(timeout=2)


def cell_parser(kind: str) -> Any:
    """The words after ``%%mapreduce`` or ``%%htc``."""
    from ..argument_parser import Parser
    from ..compute.words import add_cell_options, add_options

    parser = Parser(prog=f"%%{kind}", description="MapReduce of a cell." if kind == "mapreduce" else "Tasks of a cell.")
    parser.add_argument("inputs", metavar="INPUT", nargs="*", help="file, folder, pattern or s3://BUCKET/PREFIX")
    add_options(parser, kind)
    add_cell_options(parser)
    if kind == "htc":
        parser.add_argument("--shell", action="store_true", help="the cell is a shell script")
    parser.set_defaults(json=False, cluster=None)
    return parser


def _jobs_parser() -> Any:
    from .jobs import jobs_parser

    return jobs_parser()


def _parse(parser: Any, line: str) -> Any:
    from ..argument_parser import UsageMistake

    try:
        return parser.parse_args(shlex.split(line))
    except UsageMistake as mistake:
        raise UsageError(f"{mistake}\n{mistake.usage}") from None
    except ValueError as error:
        raise UsageError(f"{error}: quote names with spaces or quotes in them.") from None
    except SystemExit:  # --help has been printed
        return None


def _number_of_cell(shell: Any) -> int:
    """Of the cell that runs, as its prompt shows it: newer IPythons count up before they run it, older ones after."""
    numbers = getattr(shell.compile, "_filename_map", {})
    frame = inspect.currentframe()
    while frame is not None:
        number = numbers.get(frame.f_code.co_filename)
        if number is not None:
            return int(number)
        frame = frame.f_back
    return int(shell.execution_count)


def _commas(given: list[str]) -> list[str]:
    return [name for text in given for name in text.replace(",", " ").split()]
