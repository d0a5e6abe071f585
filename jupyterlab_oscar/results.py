"""What a service gave back: plain values that know how to show themselves in a notebook."""

from __future__ import annotations

import base64
import csv
import html
import io
import json
import mimetypes
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .client import Bridge

#: Larger things are named in a notebook, not put into it.
SHOWN_AT_MOST = 8_000_000
ROWS_SHOWN = 50
TEXT_SHOWN = 20_000

_PRE = '<pre style="white-space: pre-wrap; margin: 0.25em 0">'


def safe_name(name: str) -> str:
    """Make the name of an output a path that stays below the folder it is saved in."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return "/".join(parts) or "output"


class ResultFile:
    """A file that a service returned.

    Attributes
    ----------
    name, media_type, size
        Name without the folder of the output path, type, and bytes.
    bucket, key
        Where it lies; None for a file of a synchronous call, which is kept for an hour.
    """

    def __init__(self, bridge: Bridge, record: dict[str, Any]) -> None:
        self._bridge = bridge
        self._data: bytes | None = None
        self.record = record
        self.name: str = record["name"]
        self.media_type: str = (
            record.get("mediaType") or mimetypes.guess_type(self.name)[0] or "application/octet-stream"
        )
        self.size: int = record.get("size", 0)
        self.bucket: str | None = record.get("bucket")
        self.key: str | None = record.get("key")

    @property
    def data(self) -> bytes:
        """The content; fetched when it is first asked for."""
        if self._data is None:
            self._data = b"".join(self.pieces())
        return self._data

    @property
    def text(self) -> str:
        """The content as text (UTF-8)."""
        return self.data.decode("utf-8", "replace")

    def json(self) -> Any:
        """The content as the value that its JSON means."""
        return json.loads(self.data)

    def pieces(self) -> Iterator[bytes]:
        """The content piece by piece, for large files."""
        href = self.record["href"]
        target = href if href.startswith("/v1/") else "/v1/" + href.lstrip("/")
        return self._bridge.transport.pieces(target)

    def save(self, to: str | os.PathLike[str] | None = None) -> Path:
        """Write it to a file, or into a folder under its own name; returns where it is.

        Parameters
        ----------
        to
            File or existing folder (or a path that ends with a slash); default: the working folder.
        """
        given = os.fspath(to) if to is not None else "."
        target = Path(given)
        if given.endswith("/") or target.is_dir():
            target = target / safe_name(self.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        # A broken transfer must not leave half a file under the final name.
        temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            with temporary.open("wb") as file:
                for piece in (self._data,) if self._data is not None else self.pieces():
                    file.write(piece)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
        return target

    def __repr__(self) -> str:
        return f"<{self.name}: {self.media_type}, {size_text(self.size)}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return _bundle_of(self)


class Result:
    """The result of a call: files, text, and the job that made them.

    Attributes
    ----------
    files
        What came back.
    text
        What the script printed, or the one text file; None when there is neither.
    job
        Name of the job; None for a synchronous call.
    state, exit_code, seconds, via, warning
        How it went; ``via`` is ``run``, ``upload`` or ``exposed``.
    """

    def __init__(self, bridge: Bridge, record: dict[str, Any]) -> None:
        self.record = record
        self.files = [ResultFile(bridge, item) for item in record.get("files", [])]
        self.cluster: str = record["cluster"]
        self.service: str = record["service"]
        self.state: str = record["state"]
        self.via: str = record.get("via", "run")
        self.job: str | None = record.get("job")
        self.exit_code: int | None = record.get("exitCode")
        self.seconds: float | None = record.get("seconds")
        self.warning: str | None = record.get("warning")
        self.problem: dict[str, Any] | None = record.get("problem")

    @property
    def text(self) -> str | None:
        """What the script printed, or its one text file; plain text goes before JSON and CSV."""
        if self.record.get("text") is not None:
            return str(self.record["text"])
        texts = [file for file in self.files if _is_text(file.media_type)]
        # Of a text and its JSON or CSV forms, the text is what is meant.
        plain = [file for file in texts if file.media_type.split(";")[0] == "text/plain"]
        found = plain if len(plain) == 1 else texts
        return found[0].text if len(found) == 1 else None

    def json(self) -> Any:
        """The value of the one JSON file, or of the text.

        Raises
        ------
        ValueError
            When there is no JSON in it.
        """
        files = [file for file in self.files if file.media_type.split(";")[0] == "application/json"]
        if len(files) == 1:
            return files[0].json()
        text = self.text
        if text is None:
            raise ValueError("This result has no text that could be JSON")
        return json.loads(text)

    def save(self, folder: str | os.PathLike[str] = ".") -> list[Path]:
        """Write all files into a folder; returns where they are."""
        root = Path(folder)
        root.mkdir(parents=True, exist_ok=True)
        return [file.save(root / safe_name(file.name)) for file in self.files]

    def __iter__(self) -> Iterator[ResultFile]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        names = ", ".join(repr(file) for file in self.files)
        head = f"Result of {self.service}: {self.state}" + (f", {self.seconds:.1f} s" if self.seconds else "")
        return f"{head} [{names}]" if names else head

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        printed = self.record.get("text")
        parts: list[str] = []
        plain: list[str] = []
        bundles = [_bundle_of(file) for file in self.files]
        text_shown = any(bundle.get("text/plain") == printed for bundle in bundles)
        if printed and printed.strip() and not text_shown:
            if not self.files:
                return {"text/plain": printed}
            plain.append(printed.rstrip("\n"))
            parts.append(_preformatted(printed))
        if len(bundles) == 1 and not parts and not self.warning:
            return bundles[0]
        for file, bundle in zip(self.files, bundles, strict=True):
            plain.append(f"{file.name} ({file.media_type}, {size_text(file.size)})")
            parts.append(f"<div><b>{html.escape(file.name)}</b></div>" + _as_html(bundle))
        if self.warning:
            plain.append(self.warning)
            parts.append(f"<div><em>{html.escape(self.warning)}</em></div>")
        if not parts:
            return {"text/plain": repr(self)}
        return {"text/plain": "\n".join(plain), "text/html": "".join(parts)}


class Items(list):  # type: ignore[type-arg]
    """A list of records that shows itself as a table.

    Parameters
    ----------
    records
        The values: plain dictionaries.
    columns
        Keys to show, in this order.
    next_page
        What to give to get the rest, when there is more.
    """

    def __init__(self, records: Iterable[Any] = (), columns: Sequence[str] = (), next_page: str | None = None) -> None:
        super().__init__(records)
        self.columns = list(columns)
        self.next = next_page

    def rows(self) -> list[list[str]]:
        """The cells, as text."""
        return [[cell(record.get(column)) for column in self.columns] for record in self]

    def __repr__(self) -> str:
        return text_table(self.columns, self.rows()) if self else "(none)"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))

    def _repr_html_(self) -> str:
        return html_table(self.columns, self.rows()) if self else "<em>None</em>"


def cell(value: Any) -> str:
    """A value as it stands in a table."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, (list, tuple)):
        return ", ".join(cell(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}={cell(item)}" for name, item in value.items())
    return str(value)


def size_text(size: int) -> str:
    """Bytes for a person."""
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def text_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table for a terminal."""
    heads = [_title(column) for column in columns]
    flat = [[" ".join(value.split()) for value in row] for row in rows]
    widths = [max(len(line[i]) for line in [heads, *flat]) for i in range(len(heads))]
    lines = [
        "  ".join(value.ljust(width) for value, width in zip(line, widths, strict=True)) for line in [heads, *flat]
    ]
    return "\n".join(line.rstrip() for line in lines)


def html_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table for a notebook."""
    head = "".join(f"<th>{html.escape(_title(column))}</th>" for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(v)}</td>" for v in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _title(column: str) -> str:
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in column)
    return words[:1].upper() + words[1:]


def _is_text(media_type: str) -> bool:
    kind = media_type.split(";")[0].strip().lower()
    return kind.startswith("text/") or kind in ("application/json", "application/yaml", "application/x-yaml")


def _bundle_of(file: ResultFile) -> dict[str, Any]:
    """The forms in which a notebook can show a file."""
    kind = file.media_type.split(";")[0].strip().lower()
    named = {"text/plain": f"{file.name} ({file.media_type}, {size_text(file.size)})"}
    if file.size > SHOWN_AT_MOST:
        return named
    if kind in ("image/png", "image/jpeg", "image/gif"):
        return {**named, kind: base64.b64encode(file.data).decode("ascii")}
    if kind in ("image/svg+xml", "image/webp", "image/bmp"):
        # As the source of an image nothing in it can run, which SVG put into the page could.
        encoded = base64.b64encode(file.data).decode("ascii")
        return {
            **named,
            "text/html": f'<img src="data:{kind};base64,{encoded}" alt="{html.escape(file.name)}">',
        }
    if kind in ("text/csv", "text/tab-separated-values"):
        return {
            "text/plain": _clipped(file.text),
            "text/html": _csv_table(file.text, "\t" if "tab" in kind else None),
        }
    if kind == "application/json":
        try:
            return {"text/plain": _clipped(json.dumps(file.json(), indent=2, ensure_ascii=False))}
        except ValueError:
            return {"text/plain": _clipped(file.text)}
    if _is_text(kind):
        return {"text/plain": _clipped(file.text)}
    return named


def _as_html(bundle: dict[str, Any]) -> str:
    for kind in ("image/png", "image/jpeg", "image/gif"):
        if kind in bundle:
            return f'<img src="data:{kind};base64,{bundle[kind]}">'
    return bundle.get("text/html") or _preformatted(bundle["text/plain"])


def _preformatted(text: str) -> str:
    return f"{_PRE}{html.escape(_clipped(text))}</pre>"


def _clipped(text: str) -> str:
    if len(text) <= TEXT_SHOWN:
        return text
    return f"{text[:TEXT_SHOWN]}\n… ({len(text) - TEXT_SHOWN} more characters)"


def _csv_table(text: str, delimiter: str | None) -> str:
    if delimiter is None:
        first = text.split("\n", 1)[0]
        delimiter = max(",;\t|", key=first.count)
    lines = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    if not lines:
        return "<em>Empty</em>"
    width = max(len(line) for line in lines)
    rows = [line + [""] * (width - len(line)) for line in lines]
    head = "".join(f"<th>{html.escape(value)}</th>" for value in rows[0])
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(value)}</td>" for value in row) + "</tr>"
        for row in rows[1 : ROWS_SHOWN + 1]
    )
    more = len(rows) - 1 - ROWS_SHOWN
    rest = f"<div><em>… {more} more rows</em></div>" if more > 0 else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{rest}"
