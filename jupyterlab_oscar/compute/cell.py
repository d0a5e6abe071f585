"""The code of a cell, with what it uses of the notebook."""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import invalid
from .collect import code_of

#: Functions that a cell may define, by kind of job; the first is the one that it must.
FUNCTIONS = {"mapreduce": ("mapper", "reducer", "combiner", "setup", "record_reader"), "htc": ("task", "setup")}


def cell_code(
    kind: str,
    cell: str,
    space: Mapping[str, Any],
    *,
    name: str,
    named: Iterable[str] = (),
    packages: Iterable[str] = (),
) -> dict[str, Any]:
    """``ComputeCode`` of a cell.

    Its first line is the magic's, so what is put there moves no line: tracebacks have the lines that the cell has.

    Parameters
    ----------
    kind
        ``mapreduce`` or ``htc``.
    cell
        What stands below the magic.
    space
        The notebook's variables. Those that the cell names and does not define come along.
    name
        What tracebacks call it.
    named
        Variables that come along in any case.
    packages
        Modules that must be there.

    Raises
    ------
    InvalidError
        When the cell is no Python, defines no mapper or task, or a variable is missing or cannot be sent.
    """
    used, defined = _symbols(cell, name)
    wanted = FUNCTIONS[kind][0]
    if wanted not in defined and wanted not in space:
        raise invalid(
            f"There is no {wanted}",
            f"The cell defines no function {wanted}.",
            "Begin with def mapper(line): …" if wanted == "mapper" else "Begin with def task(first, count, ctx): …",
        )
    wanted_too = [item for item in FUNCTIONS[kind] if item in space and item not in defined] if not defined else []
    names = dict.fromkeys([*named, *wanted_too, *(item for item in used if item not in defined and item in space)])
    missing = [item for item in names if item not in space]
    if missing:
        raise invalid("A variable is missing", f"There is no variable {missing[0]}.", "Define it in a cell before.")
    more = code_of({}, {item: space[item] for item in names})
    lines = more["source"].rstrip("\n").split("\n")
    imports = [text for text in lines if text.startswith(("import ", "from "))]
    rest = lines if any(text and text not in imports for text in lines) else []
    head, body = _with_imports("; ".join(imports), cell)
    return {
        "language": "python",
        "source": "\n".join([head, body.rstrip("\n"), *rest]) + "\n",
        "name": name,
        "line": 1,
        "with": more["with"],
        "packages": list(packages),
    }


def _with_imports(imports: str, cell: str) -> tuple[str, str]:
    """The line in front of the cell, and the cell: nothing may stand before ``from __future__``, so imports go behind it then."""
    future = [node for node in ast.parse(cell).body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    if not future or not imports:
        return imports, cell
    lines = cell.split("\n")
    row, column = (future[-1].end_lineno or 1) - 1, future[-1].end_col_offset or 0
    line = lines[row].encode()
    lines[row] = (line[:column] + b"; " + imports.encode() + line[column:]).decode()
    return "", "\n".join(lines)


def _symbols(cell: str, name: str) -> tuple[list[str], set[str]]:
    """Global names that the cell uses, and those that it makes."""
    try:
        top = symtable.symtable(cell, name, "exec")
    except SyntaxError as error:
        raise invalid(
            "The cell is no Python",
            f"Line {(error.lineno or 0) + 1}: {error.msg}: {(error.text or '').strip()}",
            "Correct it; magics of IPython cannot be used in it.",
        ) from error
    defined = {item.get_name() for item in top.get_symbols() if item.is_assigned() or item.is_imported()}
    used: dict[str, None] = {}
    tables = [top]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        for item in table.get_symbols():
            here = item.is_global() if table is not top else not item.is_assigned() and not item.is_imported()
            if here and item.is_referenced() and not hasattr(builtins, item.get_name()):
                used[item.get_name()] = None
    return list(used), defined
