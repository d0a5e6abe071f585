"""``%oscar``: the command line's verbs in a notebook, with results that show themselves."""

from __future__ import annotations

import shlex
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class


@magics_class
class OscarMagics(Magics):
    """The ``%oscar`` magic."""

    @line_cell_magic
    def oscar(self, line: str, cell: str | None = None) -> Any:
        """Deploy and call OSCAR services with the command line's words.

        ::

            %oscar status                          what there is
            %oscar apply services/ocr/fdl.yaml     deploy
            %oscar invoke ocr data/page.png        one input, wait, show the result
            result = %oscar invoke ocr page.png    … and keep it: .text, .json(), .files, .save(dir)
            %oscar submit ocr scans/ --wait -o out one job a file
            %oscar services | jobs | logs NAME -f | ls BUCKET | delete NAME
            %%oscar service grey --input cat.png   make a service of the cell's code, and run it
            %oscar deploy grey --cluster mine      … and put it on another cluster
            run = %oscar pipeline run x.pipeline   with a live table; run.nodes["plot"].files

        Values are plain Python: a list of records for lists, a dictionary for one record, a result with its
        files for a call; ``--json`` gives what the command line prints with ``--json``. An interrupt cancels
        what was started. ``%oscar --help`` lists all verbs, ``%oscar VERB --help`` explains one. ``{name}``
        and ``$name`` put in the values of variables.

        The cell of ``%%oscar service`` is Python that finds ``input_path`` and ``output_dir`` (both ``Path``),
        and may define ``main(input_path, output_dir)``; with ``--exposed`` it defines ``handler(body, path,
        query)``; with ``--language shell`` it is a script for ``/bin/sh`` with ``$INPUT_FILE_PATH`` and
        ``$TMP_OUTPUT_DIR``. ``%pip install`` lines in it become requirements.
        """
        return self._do(_split(line), cell, "%oscar")

    @line_cell_magic
    def scar(self, line: str, cell: str | None = None) -> Any:
        """Deploy and call container functions on AWS, with SCAR's words.

        ::

            %scar config --emulator               try it without AWS
            %scar init -f functions.yaml          deploy
            %%scar init                           … an FDL in the cell
            %scar ls                              functions; with -b BUCKET objects
            %scar put -b bucket/in -p pictures/   upload: the objects call the function
            %scar run -n grey -db cat.png         one input, wait, show the result
            %%scar run -n grey                    … the cell is a shell script that runs instead of its own
            %scar run -n grey --files             once for each object that is there
            %scar log -n grey --follow
            %scar rm -n grey

        ``%scar --help`` lists all, ``%scar init --help`` explains one. The same as ``%oscar scar …``.
        """
        words = _split(line)
        if cell is not None and words[:1] in (["init"], ["plan"]) and not {"-f", "--conf-file"} & set(words):
            words += ["-f", "-"]
        return self._do(["scar", *words], cell, "%oscar")

    def _do(self, words: list[str], cell: str | None, prog: str) -> Any:
        from ..argument_parser import UsageMistake
        from ..parser import build_parser

        parser = build_parser(prog)
        try:
            args = parser.parse_args(words)
        except UsageMistake as mistake:
            raise UsageError(f"{mistake}\n{mistake.usage}") from None
        except SystemExit:  # --help has been printed
            return None
        if args.version:
            from .._meta import version

            return version()
        if args.verb is None:
            parser.print_help()
            return None
        stays = (("clusters", "serve"), ("scar", "emulator"))
        if (args.verb, getattr(args, "action", None)) in stays and not getattr(args, "env", False):
            raise UsageError(f"“{args.verb} {args.action}” runs until it is ended: start it in a terminal.")
        if cell is not None:
            if args.verb == "scar" and args.action not in ("init", "plan", "run"):
                raise UsageError(f"“{args.action}” takes no cell: write %scar {args.action} in a line.")
            if args.verb not in ("service", "scar"):
                raise UsageError(
                    f"“{args.verb}” takes no cell: write %oscar {args.verb} in a line. %%oscar is for service."
                )
            args.cell = cell
        try:
            return self._run(args)
        except KeyboardInterrupt:
            goes_on = args.verb in ("scar", "infrastructure")
            fate = "what was begun goes on" if goes_on else "what was started is cancelled"
            raise UsageError(f"Interrupted; {fate}.") from None
        except OSError as error:
            raise UsageError(f"{error.filename}: {error.strerror}" if error.filename else str(error)) from None

    def _run(self, args: Any) -> Any:
        from IPython.display import display

        from ..client import connect
        from ..console import Console
        from ..verbs import Context, run

        as_json = bool(getattr(args, "json", False))
        notebook_prints_results = args.verb == "logs" or (
            args.verb in ("job", "pipeline", "scar", "infrastructure")
            and (
                args.action in ("logs", "log") or getattr(args, "log", False) or getattr(args, "follow", False) is True
            )
        )
        # What a terminal would print as the result is shown by the value itself here.
        console = Console(quiet=as_json or not notebook_prints_results, display=display)
        outcome = run(Context(connect(), args, console))
        return outcome.json if as_json else outcome.value

    @staticmethod
    def complete_hook(shell: Any, event: Any) -> list[str]:
        """Complete verbs, options, names and files (IPython's ``complete_command`` hook)."""
        from .completion import complete

        text = event.text_until_cursor
        if "%scar" in text:
            return complete("scar" + text.partition("%scar")[2], event.symbol)
        return complete(text.partition("%oscar")[2], event.symbol)


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as error:
        raise UsageError(f"{error}: quote names with spaces or quotes in them.") from None
