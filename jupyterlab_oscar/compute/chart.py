"""A picture of a job: parts per worker over time, throughput, and how long parts took. SVG in the notebook's own
colours, so that it needs no package and fits both themes."""

from __future__ import annotations

import html
from typing import Any

_WIDTH, _LEFT, _ROW, _GAP = 720, 90, 16, 28
_COLOURS = {
    "done": "--jp-brand-color1",
    "running": "--jp-info-color1",
    "failed": "--jp-error-color1",
    "lost": "--jp-warn-color1",
    "superseded": "--jp-layout-color4",
    "cached": "--jp-success-color1",
}
#: More boxes than this are drawn together: a pixel shows one.
_BOXES = 4_000
_BINS = 60


class Chart:
    """A picture that shows itself in a notebook.

    Attributes
    ----------
    record, parts
        What it is made of.
    """

    def __init__(self, record: dict[str, Any], parts: list[dict[str, Any]]) -> None:
        self.record = record
        self.parts = parts

    def __repr__(self) -> str:
        return f"<Chart of {self.record['name']}: {len(self.parts)} parts>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"text/plain": repr(self), "text/html": self.svg()}

    def svg(self) -> str:
        """The picture."""
        ends = [_end(part) for part in self.parts]
        if not ends:
            return "<em>No part has run yet.</em>"
        begin = min(part["start"] for part in self.parts)
        span = max(max(ends) - begin, 1e-3)
        top, pieces = 4, []
        for name, draw in (("Parts", self._timeline), ("Units a second", self._speed), ("Durations", self._durations)):
            pieces.append(_text(0, top + 12, name, bold=True))
            body, height = draw(top + 20, begin, span)
            pieces += body
            top += 20 + height + _GAP
        return (
            f'<svg viewBox="0 0 {_WIDTH} {top}" width="{_WIDTH}" role="img" style="max-width: 100%; font: 11px sans-serif" '
            f'aria-label="{html.escape(repr(self))}">{"".join(pieces)}</svg>'
        )

    def _timeline(self, top: float, begin: float, span: float) -> tuple[list[str], float]:
        workers = sorted({part["worker"] for part in self.parts})
        scale = (_WIDTH - _LEFT) / span
        pieces = [_text(0, top + row * _ROW + 11, name[:14]) for row, name in enumerate(workers)]
        rows = {name: row for row, name in enumerate(workers)}
        drawn: set[tuple[int, int]] = set()
        for part in self.parts:
            left = _LEFT + (part["start"] - begin) * scale
            width = max((_end(part) - part["start"]) * scale, 0.6)
            spot = (rows[part["worker"]], int(left))
            if len(self.parts) > _BOXES and width < 1 and part["state"] == "done":
                if spot in drawn:
                    continue
                drawn.add(spot)
            title = f"{part['phase']} {part['part']}: {part['state']}, {_end(part) - part['start']:.2f} s"
            pieces.append(
                f'<rect x="{left:.1f}" y="{top + rows[part["worker"]] * _ROW + 2:.1f}" width="{width:.1f}" '
                f'height="{_ROW - 4}" style="fill: var({_COLOURS[part["state"]]}); stroke: var(--jp-layout-color0); '
                f'stroke-width: 0.4"><title>{html.escape(title)}</title></rect>'
            )
        height = len(workers) * _ROW
        pieces += [_text(_LEFT, top + height + 12, "0 s"), _text(_WIDTH, top + height + 12, f"{span:.1f} s", end=True)]
        return pieces, height + 12

    def _speed(self, top: float, begin: float, span: float) -> tuple[list[str], float]:
        bins = [0.0] * _BINS
        step = span / _BINS
        for part in self.parts:
            if part["state"] not in ("done", "running") or part["count"] <= 0:
                continue
            first, last = part["start"] - begin, max(_end(part) - begin, part["start"] - begin + 1e-6)
            for index in range(int(first / step), min(_BINS - 1, int(last / step)) + 1):
                inside = min(last, (index + 1) * step) - max(first, index * step)
                bins[index] += part["count"] * max(inside, 0) / (last - first) / step
        return _bars(bins, top, f"{max(bins):,.0f}", "0 s", f"{span:.1f} s")

    def _durations(self, top: float, begin: float, span: float) -> tuple[list[str], float]:
        times = sorted(_end(part) - part["start"] for part in self.parts if part["state"] == "done")
        if not times:
            return [_text(_LEFT, top + 12, "No part is done yet.")], 16
        most = max(times[-1], 1e-6)
        bins = [0.0] * 30
        for seconds in times:
            bins[min(29, int(seconds / most * 30))] += 1
        return _bars(bins, top, f"{max(bins):.0f} parts", "0 s", f"{most:.2f} s")


def _end(part: dict[str, Any]) -> float:
    return float(part.get("end", part["start"]))


def _bars(values: list[float], top: float, most: str, first: str, last: str) -> tuple[list[str], float]:
    height, highest = 60, max(max(values), 1e-9)
    width = (_WIDTH - _LEFT) / len(values)
    pieces = [
        f'<rect x="{_LEFT + index * width:.1f}" y="{top + height * (1 - value / highest):.1f}" '
        f'width="{width - 0.5:.1f}" height="{height * value / highest:.1f}" style="fill: var(--jp-brand-color1)"/>'
        for index, value in enumerate(values)
        if value > 0
    ]
    pieces += [
        _text(0, top + 10, most),
        _text(_LEFT, top + height + 12, first),
        _text(_WIDTH, top + height + 12, last, end=True),
    ]
    return pieces, height + 12


def _text(x: float, y: float, text: str, *, bold: bool = False, end: bool = False) -> str:
    style = "fill: var(--jp-ui-font-color1)" + ("; font-weight: 600" if bold else "")
    anchor = ' text-anchor="end"' if end else ""
    return f'<text x="{x}" y="{y}"{anchor} style="{style}">{html.escape(text)}</text>'
