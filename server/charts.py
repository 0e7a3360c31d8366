"""Geometry of the charts on the pages; a template draws it as SVG. No I/O."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_LINE_WIDTH, _BAR_WIDTH = 640.0, 960.0
_LINE_HEIGHT = 230.0
_BAR_HEIGHT = 26.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 62.0, 14.0, 12.0, 26.0
_BAR_LABELS = 240.0
_CHARACTER = 7.0


@dataclass(frozen=True)
class Mark:
    """A tick or a data point: its place, and what it says."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Line:
    """A line chart: the path's corners as an SVG point list, the points, the ticks of both axes."""

    title: str
    height: float
    corners: str
    area: str
    points: tuple[Mark, ...]
    rows: tuple[Mark, ...]
    columns: tuple[Mark, ...]


@dataclass(frozen=True)
class Bar:
    """One bar: label, value as text, place and extent."""

    label: str
    full_label: str
    value: str
    y: float
    left: float
    width: float
    value_x: float


@dataclass(frozen=True)
class Bars:
    """A chart of horizontal bars: where labels end and where zero is, the bars."""

    title: str
    height: float
    labels: float
    zero: float
    bars: tuple[Bar, ...]


def line(title: str, values: Sequence[tuple[str, float]]) -> Line | None:
    """A line through (label, value) in their order; None below two points.

    >>> chart = line("Price", [("2026-01-01", 10.0), ("2026-01-02", 30.0)])
    >>> [mark.text for mark in chart.rows], chart.points[0].text
    (['10', '15', '20', '25', '30'], '2026-01-01: 10')
    """
    if len(values) < 2:
        return None
    ticks = _ticks(min(value for _, value in values), max(value for _, value in values))
    low, high = ticks[0], ticks[-1]
    floor = _LINE_HEIGHT - _BOTTOM
    step = (_LINE_WIDTH - _LEFT - _RIGHT) / (len(values) - 1)

    def height_of(value: float) -> float:
        return round(floor - (value - low) / (high - low) * (floor - _TOP), 1)

    points = tuple(
        Mark(round(_LEFT + number * step, 1), height_of(value), f"{label}: {_figure(value)}")
        for number, (label, value) in enumerate(values)
    )
    shown = sorted({0, (len(values) - 1) // 2, len(values) - 1})
    corners = " ".join(f"{point.x},{point.y}" for point in points)
    return Line(
        title=title,
        height=_LINE_HEIGHT,
        corners=corners,
        area=f"{points[0].x},{floor} {corners} {points[-1].x},{floor}",
        points=points,
        rows=tuple(Mark(_LEFT, height_of(tick), _round_figure(tick)) for tick in ticks),
        columns=tuple(Mark(points[number].x, _LINE_HEIGHT - 7, values[number][0]) for number in shown),
    )


def bars(title: str, values: Sequence[tuple[str, float]]) -> Bars | None:
    """Horizontal bars for (label, value), negative ones to the left of zero; None when there is nothing to draw.

    >>> [bar.value for bar in bars("Units", [("lipstick", 1200), ("mascara", -3.5)]).bars]
    ['1,200', '-3.50']
    """
    if not values:
        return None
    low, high = min(0.0, *(value for _, value in values)), max(0.0, *(value for _, value in values))
    scale = (_BAR_WIDTH - _BAR_LABELS - 80.0) / ((high - low) or 1.0)
    zero = round(_BAR_LABELS - low * scale, 1)
    drawn = []
    for number, (label, value) in enumerate(values):
        left = _BAR_LABELS + (min(0.0, value) - low) * scale
        width = abs(value) * scale
        drawn.append(
            Bar(
                label=fitted(label, _BAR_LABELS - 14.0),
                full_label=label,
                value=_figure(value),
                y=round(_TOP + number * _BAR_HEIGHT, 1),
                left=round(left, 1),
                width=round(max(width, 0.5), 1),
                value_x=round(left + width + 6.0, 1),
            )
        )
    return Bars(title, round(_TOP * 2 + len(values) * _BAR_HEIGHT, 1), _BAR_LABELS - 10.0, zero, tuple(drawn))


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers that span a range, four to seven of them."""
    span = (high - low) or abs(high) or 1.0
    magnitude = 10.0 ** math.floor(math.log10(span / 4))
    step = next(factor * magnitude for factor in (1, 2, 2.5, 5, 10) if factor * magnitude >= span / 4)
    first, last = math.floor(low / step), math.ceil(high / step)
    last = max(last, first + 1)
    return [round(number * step, 10) for number in range(first, last + 1)]


def _figure(value: float) -> str:
    """A number in few characters.

    >>> _figure(1234567.0), _figure(0.25), _figure(3.0)
    ('1,234,567', '0.25', '3')
    """
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.2f}" if abs(value) >= 1 else f"{value:.3g}"


def _round_figure(value: float) -> str:
    """A tick's number, short enough for the margin.

    >>> _round_figure(2_500_000.0), _round_figure(15_000.0), _round_figure(250.0)
    ('2.5M', '15k', '250')
    """
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if letter == 'k' else size):g}{letter}"
    return _figure(value)


def fitted(label: str, width: float) -> str:
    """A label cut to a width in SVG units; a Chinese character is about two Latin ones wide."""
    used = 0.0
    for number, character in enumerate(label):
        used += _CHARACTER * (1.85 if ord(character) > 0x2E80 else 1.0)
        if used > width:
            return label[: max(0, number - 1)] + "…"
    return label
