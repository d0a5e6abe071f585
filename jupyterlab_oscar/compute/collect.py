"""Functions become source that another process can run.

A worker gets text, not objects. What a function names is looked up where the function was made: modules are imported
again, functions and classes of the notebook come along as source, all other values as pickles. Functions keep the
lines that they have in their file or cell, so that tracebacks point there.
"""

from __future__ import annotations

import ast
import base64
import builtins
import inspect
import linecache
import pickle
import sys
import textwrap
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from ..errors import invalid

#: Values larger than this belong into a file (bytes of all pickles).
LARGEST = 32 * 1024 * 1024


def code_of(functions: Mapping[str, Callable[..., Any]], variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Collect functions and what they use as ``ComputeCode`` of the contract.

    Parameters
    ----------
    functions
        By the name that the worker calls: ``mapper``, ``reducer``, ``task``…
    variables
        More values, by name.

    Raises
    ------
    InvalidError
        When a function has no source, or a value that it uses cannot be sent.
    """
    collector = _Collector()
    for name, function in functions.items():
        collector.add(name, function)
    for name, value in (variables or {}).items():
        collector.keep(name, value)
    return collector.code()


def pickles_of(variables: Mapping[str, Any]) -> dict[str, str]:
    """Values by name, as base64 of their pickles.

    Raises
    ------
    InvalidError
        When one cannot be pickled, or all together are too large.
    """
    kept: dict[str, str] = {}
    for name, value in variables.items():
        kept[name] = base64.b64encode(_pickled(name, value)).decode()
    if sum(len(text) for text in kept.values()) * 3 // 4 > LARGEST:
        raise invalid(
            "The variables are too large",
            "Together they take more than 32 MB.",
            "Write them to a file, and read it in setup().",
        )
    return kept


class _Collector:
    def __init__(self) -> None:
        self._imports: dict[str, str] = {}
        self._values: dict[str, Any] = {}
        self._aliases: dict[str, str] = {}
        self._pieces: dict[str, tuple[str, int, str]] = {}
        self._seen: dict[str, Any] = {}

    def add(self, name: str, thing: Any) -> None:
        """A function or class under a name."""
        if name in self._seen:
            if self._seen[name] is not thing:
                raise invalid(
                    "Two things have one name",
                    f"Two functions use different values called {name}.",
                    "Give one of them another name.",
                )
            return
        self._seen[name] = thing
        if getattr(thing, "__name__", "") == "<lambda>":
            text, line, file = _lambda_source(name, thing)
            source = f"{name} = {text}"
        else:
            source, line, file = _source(name, thing)
        tree = ast.parse(source)
        defined = _defined(tree)
        if defined not in (None, name):
            self._aliases[name] = str(defined)
            self._seen.setdefault(str(defined), thing)
        self._pieces[name] = (source, line, file)
        for used in _names(tree):
            self._use(used, thing)

    def keep(self, name: str, value: Any) -> None:
        """A value under a name: imported, sent as source or pickled."""
        if name in self._seen and name not in self._imports and name not in self._values:
            return
        if isinstance(value, ModuleType):
            self._imports[name] = f"import {value.__name__}" + ("" if value.__name__ == name else f" as {name}")
        elif _is_code(value) and _of_the_notebook(value):
            self.add(name, value)
        elif _is_code(value) and getattr(sys.modules.get(value.__module__), value.__qualname__, None) is value:
            self._imports[name] = f"from {value.__module__} import {value.__qualname__}" + (
                "" if value.__qualname__ == name else f" as {name}"
            )
        else:
            self._values[name] = value
        self._seen.setdefault(name, value)

    def _use(self, name: str, by: Any) -> None:
        function = inspect.unwrap(by) if callable(by) else by
        closure = inspect.getclosurevars(function).nonlocals if inspect.isfunction(function) else {}
        space = getattr(function, "__globals__", None) or vars(sys.modules.get(by.__module__, builtins))
        if name in closure:
            self.keep(name, closure[name])
        elif name in space and name not in self._seen:
            self.keep(name, space[name])

    def code(self) -> dict[str, Any]:
        files = [file for _, _, file in self._pieces.values()]
        main = max(set(files), key=files.count) if files else "<functions>"
        lines: list[str] = []
        rest: list[str] = []
        for source, line, file in sorted(self._pieces.values(), key=lambda piece: piece[1]):
            text = source.rstrip("\n").split("\n")
            if file == main and line - 1 >= len(lines):
                lines += [""] * (line - 1 - len(lines)) + text
            else:
                rest += text
        first = next((index for index, text in enumerate(lines) if text), 0)
        head = list(self._imports.values())
        if len(head) <= first:
            # Imports go where the lines of the file are empty here: no line moves.
            lines[first - len(head) : first] = head
            first -= len(head)
        else:
            rest = [*head, *rest]
        rest += [f"{name} = {defined}" for name, defined in self._aliases.items()]
        return {
            "language": "python",
            "source": "\n".join(lines[first:] + rest) + "\n",
            "name": _file_name(main),
            "line": first + 1,
            "with": pickles_of(self._values),
        }


def _source(name: str, thing: Any) -> tuple[str, int, str]:
    if inspect.isclass(thing):
        return _class_source(name, thing)
    try:
        lines, line = inspect.getsourcelines(thing)
        file = inspect.getsourcefile(thing) or inspect.getfile(thing)
    except (OSError, TypeError) as error:
        raise invalid(
            "A function has no source",
            f"{name}: {error}.",
            "Define it in a cell or a file, with def.",
        ) from error
    return textwrap.dedent("".join(lines)), max(line, 1), file


def _class_source(name: str, thing: type) -> tuple[str, int, str]:
    """A class does not know its file, but its methods do; one without methods is looked for in the cells, newest first."""
    codes = [item.__code__ for item in vars(thing).values() if inspect.isfunction(item)]
    files = [code.co_filename for code in codes] or list(reversed(linecache.cache))
    module = sys.modules.get(thing.__module__)
    for file in dict.fromkeys([*files, getattr(module, "__file__", None) or ""]):
        lines = linecache.getlines(file)
        try:
            tree = ast.parse("".join(lines))
        except SyntaxError:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.name == thing.__name__:
                first = min([node.lineno, *(item.lineno for item in node.decorator_list)])
                return textwrap.dedent("".join(lines[first - 1 : node.end_lineno])), first, file
    raise invalid("A class has no source", f"{name} is in no file or cell.", "Define it in a cell or a file.")


def _defined(tree: ast.Module) -> str | None:
    first = tree.body[0] if tree.body else None
    return first.name if isinstance(first, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) else None


def _lambda_source(name: str, thing: Any) -> tuple[str, int, str]:
    """The text of a lambda, found among those on its line in the whole file or cell."""
    code = thing.__code__
    try:
        whole = "".join(inspect.findsource(thing)[0])
        tree = ast.parse(whole)
    except (OSError, SyntaxError) as error:
        raise invalid("A function has no source", f"{name}: {error}.", "Define it with def.") from error
    nodes = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Lambda)
        and node.lineno <= code.co_firstlineno <= (node.end_lineno or node.lineno)
        and [item.arg for item in (*node.args.posonlyargs, *node.args.args)]
        == list(code.co_varnames[: code.co_argcount])
    ]
    found = [ast.get_source_segment(whole, node) or "" for node in nodes]
    if len(set(found)) > 1:
        places = _places(code)
        found = [text for node, text in zip(nodes, found, strict=True) if places and _spans(node.body, places)]
    if len(set(found)) != 1:
        raise invalid(
            "A lambda cannot be told from the others",
            f"{name}: there are several lambdas on its line.",
            "Write them on lines of their own, or use def.",
        )
    return f"({found[0]})", code.co_firstlineno, code.co_filename


def _places(code: Any) -> list[tuple[int, int]]:
    """Lines and columns (bytes) of the instructions; empty before Python 3.11, which does not keep them."""
    positions = getattr(code, "co_positions", None)
    if positions is None:
        return []
    # The first ones belong to the lambda as a whole, not to its body.
    return [(line, column) for line, _, column, end in positions() if line and column is not None and end != column]


def _spans(body: ast.expr, places: list[tuple[int, int]]) -> bool:
    first = (body.lineno, body.col_offset)
    last = (body.end_lineno or body.lineno, body.end_col_offset or body.col_offset)
    return all(first <= place <= last for place in places)


def _names(tree: ast.Module) -> list[str]:
    named = dict.fromkeys(
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    )
    return [name for name in named if not hasattr(builtins, name)]


def _is_code(value: Any) -> bool:
    return inspect.isfunction(value) or inspect.isclass(value)


def _of_the_notebook(value: Any) -> bool:
    """True for what another process cannot import: things of ``__main__``, of cells, and inner functions."""
    return value.__module__ in (None, "__main__") or "<" in value.__qualname__ or value.__module__ not in sys.modules


def _pickled(name: str, value: Any) -> bytes:
    try:
        return pickle.dumps(value, protocol=5)
    except Exception as error:  # pickling runs code of whoever made the value
        raise invalid(
            "A value cannot be sent",
            f"{name} ({type(value).__name__}) cannot be pickled: {error}.",
            "Make it inside the function, or in setup().",
        ) from error


def _file_name(file: str) -> str:
    """As tracebacks of a notebook say it: a cell by its number."""
    if file in linecache.cache and not file.startswith("<"):
        shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
        number = getattr(getattr(shell, "compile", None), "_filename_map", {}).get(file)
        if number is not None:
            return f"<cell In[{number}]>"
    return file
