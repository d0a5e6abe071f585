"""How a job shows itself: a bar a phase, what is left, the workers, the error with the user's lines first."""

from __future__ import annotations

import html as escape_html
from datetime import datetime, timezone
from typing import Any

from ..results import html_table, size_text, text_table

#: Pairs or values that are shown of a result.
ROWS = 10

_WORDS = {
    "queued": "waits",
    "sampling": "tries the functions on a sample",
    "running": "runs",
    "paused": "is paused",
    "recovering": "looks for what is done",
    "succeeded": "is done",
    "failed": "failed",
    "cancelled": "was cancelled",
}
_COLOURS = {"failed": "--jp-error-color1", "succeeded": "--jp-success-color1", "cancelled": "--jp-warn-color1"}
_BAR = 28


def text(record: dict[str, Any], items: list[Any]) -> str:
    """A job for a terminal."""
    lines = [_head(record)]
    if record["state"] not in ("succeeded", "cancelled"):
        lines += [_phase_line(phase) for phase in record["phases"]]
    lines += record["notes"]
    error = record.get("error")
    if error:
        lines += ["", error_text(error)]
    if items:
        lines += ["", text_table(_columns(record), _rows(record, items)), _more(record)]
    return "\n".join(line for line in lines if line is not None).rstrip()


def html(record: dict[str, Any], items: list[Any]) -> str:
    """A job for a notebook."""
    colour = _COLOURS.get(record["state"], "--jp-ui-font-color1")
    parts = [f'<div style="color: var({colour})"><b>{_e(_head(record))}</b></div>']
    if record["state"] not in ("succeeded", "cancelled"):
        parts += [_phase_bar(phase) for phase in record["phases"]]
        parts.append(_workers(record))
    parts += [f"<div><em>{_e(note)}</em></div>" for note in record["notes"]]
    error = record.get("error")
    if error:
        parts.append(f'<pre style="white-space: pre-wrap">{_e(error_text(error))}</pre>')
    if items:
        parts.append(html_table(_columns(record), _rows(record, items)))
        parts.append(f"<div><small>{_e(_more(record))}</small></div>")
    return "".join(parts)


def line(record: dict[str, Any]) -> str:
    """One line for a terminal that is overwritten."""
    phase = next((item for item in reversed(record["phases"]) if item["parts"]["total"]), None)
    return f"{record['name']} {_WORDS[record['state']]}" + (f"  {_phase_line(phase)}{_eta(record)}" if phase else "")


def error_text(error: dict[str, Any]) -> str:
    """The user's traceback first, then where it was."""
    lines = [error["traceback"].rstrip()] if error.get("traceback") else [f"{error['type']}: {error['message']}"]
    if error.get("record"):
        lines.append(f"Record: {error['record']}")
    if error.get("phase") is not None:
        place = f"In {error['phase']}" + (f" {error['part']}" if error.get("part") is not None else "")
        tries = error.get("attempts")
        lines.append(place + (f", after {tries} attempts." if tries and tries > 1 else "."))
    return "\n".join(lines)


def seconds_between(started: str | None, finished: str | None) -> float | None:
    """Seconds from one time to another (ISO 8601), or to now."""
    if started is None:
        return None
    first = datetime.fromisoformat(started.replace("Z", "+00:00"))
    last = datetime.fromisoformat(finished.replace("Z", "+00:00")) if finished else datetime.now(timezone.utc)
    return max(0.0, (last - first).total_seconds())


def seconds_text(seconds: float) -> str:
    """``3.2 s``, ``4 min 10 s``."""
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds) // 60} min {int(seconds) % 60} s"


def _head(record: dict[str, Any]) -> str:
    seconds = seconds_between(record.get("startedAt"), record.get("finishedAt"))
    where = "" if record["engine"] == "local" else f" on {record['engine'].partition(':')[2] or record['engine']}"
    time = f", {seconds_text(seconds)}" if seconds is not None else ""
    results = record.get("results")
    count = f": {results:,} {'pairs' if record['kind'] == 'mapreduce' else 'values'}" if results is not None else ""
    return f"{record['name']} {_WORDS[record['state']]}{where}{count}{time}"


def _amount(phase: dict[str, Any], units: int) -> str:
    return f"{units:,}" if phase["name"] == "htc" else size_text(units)


def _share(phase: dict[str, Any]) -> float:
    if not phase["total"]:
        return 1.0 if phase.get("finishedAt") else 0.0
    return min(1.0, (phase["done"] + phase["doing"]) / phase["total"])


def _phase_line(phase: dict[str, Any]) -> str:
    filled = round(_share(phase) * _BAR)
    speed = _speed(phase)
    return (
        f"{phase['name']:<6} [{'#' * filled}{'.' * (_BAR - filled)}] {_share(phase):4.0%}  "
        f"{_amount(phase, phase['done'] + phase['doing'])} of {_amount(phase, phase['total'])}{speed}"
    )


def _speed(phase: dict[str, Any]) -> str:
    seconds = seconds_between(phase.get("startedAt"), phase.get("finishedAt"))
    done = phase["done"] + phase["doing"]
    return f", {_amount(phase, int(done / seconds))}/s" if seconds and done else ""


def _phase_bar(phase: dict[str, Any]) -> str:
    share = _share(phase)
    failed = phase["parts"]["failed"]
    label = (
        f"{phase['name']}: {_amount(phase, phase['done'] + phase['doing'])} of {_amount(phase, phase['total'])}"
        f"{_speed(phase)}, {phase['parts']['done']} of {phase['parts']['total']} parts"
        + (f", {failed} failed" if failed else "")
    )
    return (
        '<div style="display: flex; align-items: center; gap: 8px; margin: 2px 0">'
        f'<div role="progressbar" aria-valuenow="{share * 100:.0f}" aria-valuemin="0" aria-valuemax="100" '
        f'aria-label="{_e(phase["name"])}" style="flex: 0 0 240px; height: 10px; border-radius: 2px; '
        'background: var(--jp-layout-color3)">'
        f'<div style="width: {share * 100:.1f}%; height: 100%; border-radius: 2px; '
        'background: var(--jp-brand-color1)"></div></div>'
        f"<small>{_e(label)}</small></div>"
    )


def _workers(record: dict[str, Any]) -> str:
    busy = sum(worker["state"] == "busy" for worker in record["workers"])
    alive = sum(worker["state"] != "gone" for worker in record["workers"])
    return f"<div><small>{busy} of {alive} workers busy{_e(_eta(record))}</small></div>" if alive else ""


def _eta(record: dict[str, Any]) -> str:
    return f", about {seconds_text(record['eta'])} left" if record.get("eta") is not None else ""


def _columns(record: dict[str, Any]) -> tuple[str, ...]:
    return ("key", "value") if record["kind"] == "mapreduce" else ("first", "count", "value")


def _rows(record: dict[str, Any], items: list[Any]) -> list[list[str]]:
    if record["kind"] == "mapreduce":
        return [[_short(key), _short(value)] for key, value in items]
    return [[str(item["first"]), str(item["count"]), _short(item["value"])] for item in items]


def _short(value: Any) -> str:
    shown = value if isinstance(value, str) else repr(value)
    shown = shown.replace("\n", "⏎").replace("\t", "⇥")
    return shown if len(shown) <= 100 else shown[:99] + "…"


def _more(record: dict[str, Any]) -> str:
    left = (record.get("results") or 0) - ROWS
    where = f" In {record['output']}." if record.get("output") else ""
    return ((f"… and {left:,} more." if left > 0 else "") + where).strip()


def _e(value: str) -> str:
    return escape_html.escape(value)
