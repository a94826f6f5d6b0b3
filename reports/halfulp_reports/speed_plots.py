"""The figures of time: accuracy against speed, and time against the size of a call.

As in `halfulp_reports.plots` no text of a run enters a figure. A point is told by the shape of its
format as well as by the colour of its formula and backend.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from halfulp_reports.canvas import TEXT, THICK, corners, dashes, say_empty, style
from halfulp_reports.numbers import superscript
from halfulp_reports.palette import MUTED, RULE, series_colour
from halfulp_reports.scales import ErrorScale

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARK = 3.6
"""Radius of a mark in points."""

_WIDTH, _HEIGHT = 10.0, 2.9
_LARGEST = 2.0**60
"""Errors are drawn at most here; the table has their figure."""


@dataclass(frozen=True)
class Point:
    """One routine: its time an element and its largest error."""

    style: int
    mark: int
    ns: float
    ulp: float
    interval_ns: tuple[float, float] | None = None


@dataclass(frozen=True)
class Growth:
    """The time of one routine over the size of a call: (elements, ns an element)."""

    style: int
    mark: int
    times: Sequence[tuple[int, float]]


def overview_figure(points: Sequence[Point]) -> Figure:
    """Return accuracy against speed of every routine."""
    from matplotlib.figure import Figure

    with style():
        figure = Figure(figsize=(_WIDTH, 3.6))
        axes = figure.add_axes((0.052, 0.13, 0.893, 0.83))
        _draw_points(axes, points)
        return figure


def speed_figure(points: Sequence[Point], growths: Sequence[Growth]) -> Figure:
    """Return the figure of one function: accuracy against speed, and time against size."""
    from matplotlib.figure import Figure

    with style():
        figure = Figure(figsize=(_WIDTH, _HEIGHT))
        left = figure.add_axes((0.052, 0.16, 0.41, 0.8))
        right = figure.add_axes((0.578, 0.16, 0.41, 0.8))
        _draw_points(left, points)
        _draw_growths(right, growths)
        return figure


def _draw_points(axes: Axes, points: Sequence[Point]) -> None:
    """Draw each routine where its time and its largest error put it: best at the lower left."""
    axes.set_ylabel("largest |error|, ulp", labelpad=2)
    axes.set_xlabel("time an element, ns")
    if not points:
        say_empty(axes, "no routine has both a time and an error")
        return
    scale = ErrorScale(min(max(point.ulp for point in points), _LARGEST))
    ends = [end for point in points for end in (point.ns, *(point.interval_ns or ()))]
    _log_axis(axes, min(ends), max(ends))
    axes.set_ylim(0, scale.top)
    axes.set_yticks(*scale.ticks())
    right = axes.get_xlim()[1]
    for error, label in ((0.5, "0.5 ulp"), (1.0, "1 ulp")):
        height = float(scale.place(np.array([error]))[0])
        axes.axhline(height, color=RULE, linewidth=0.8, clip_on=False)
        axes.text(right, height, f" {label}", ha="left", va="center", fontsize=TEXT, color=MUTED)
    for point in points:
        height = float(scale.place(np.array([min(point.ulp, _LARGEST)]))[0])
        if point.interval_ns:
            axes.plot(
                np.log10(point.interval_ns), [height, height],
                color=series_colour(point.style), linewidth=THICK * 0.7, clip_on=False,
            )  # fmt: skip
        _mark(axes, float(np.log10(point.ns)), height, point.style, point.mark)


def _draw_growths(axes: Axes, growths: Sequence[Growth]) -> None:
    """Draw the time an element over the elements of a call, both logarithmic."""
    axes.set_ylabel("time an element, ns", labelpad=2)
    axes.set_xlabel("elements of one call")
    drawn = [growth for growth in growths if len(growth.times) > 1]
    if not drawn:
        say_empty(axes, "timed at one size only")
        return
    sizes = [size for growth in drawn for size, _ in growth.times]
    times = [time for growth in drawn for _, time in growth.times]
    _log_axis(axes, min(sizes), max(sizes))
    low, high = np.log10(min(times)) - 0.1, np.log10(max(times)) + 0.1
    axes.set_ylim(low, high)
    axes.set_yticks(*_decades(low, high))
    for growth in drawn:
        x, y = np.log10(np.array(growth.times, dtype=np.float64)).T
        (line,) = axes.plot(x, y, color=series_colour(growth.style), linewidth=THICK, clip_on=False)
        if dashes(growth.style):
            line.set_dashes(dashes(growth.style))
        for place, height in zip(x, y, strict=True):
            _mark(axes, float(place), float(height), growth.style, growth.mark, 0.6)


def _mark(axes: Axes, x: float, y: float, number: int, mark: int, size: float = 1.0) -> None:
    """Draw a small polygon that stays as it is whatever the scales; lines only, as svg wants."""
    from matplotlib.patches import Polygon
    from matplotlib.transforms import Affine2D, ScaledTranslation

    count, first = corners(mark)
    turns = first + np.arange(count) / count
    shape = _MARK * size * np.column_stack([np.cos(2 * np.pi * turns), np.sin(2 * np.pi * turns)])
    figure = axes.get_figure(root=True)
    assert figure is not None
    in_points = Affine2D().scale(1 / 72) + figure.dpi_scale_trans
    # The stubs want an affine transform; both scales here are linear, so that it is one.
    place = in_points + ScaledTranslation(x, y, cast("Any", axes.transData))
    axes.add_artist(
        Polygon(
            shape,
            closed=True,
            transform=place,
            facecolor=series_colour(number),
            edgecolor=series_colour(number),
            linewidth=0,
            clip_on=False,
        )
    )


def _log_axis(axes: Axes, low: float, high: float) -> None:
    """Set a horizontal axis of decimal logarithms with room at both ends."""
    start, stop = np.log10(low), np.log10(high)
    room = max(0.06 * (stop - start), 0.15)
    axes.set_xlim(start - room, stop + room)
    axes.set_xticks(*_decades(start - room, stop + room))


def _decades(low: float, high: float) -> tuple[list[float], list[str]]:
    """Return places and labels of powers of ten, and of 2 and 5 where there are few."""
    powers = range(int(np.floor(low)), int(np.ceil(high)) + 1)
    steps = (1, 2, 5) if high - low < 2.5 else (1,)
    every = max(1, len(powers) // 8)
    places = {
        power + float(np.log10(step)): _label(power, step)
        for power in powers[::every]
        for step in steps
    }
    kept = {place: label for place, label in places.items() if low <= place <= high}
    return list(kept), list(kept.values())


def _label(power: int, step: int) -> str:
    if -3 <= power <= 4:
        return f"{step * 10.0**power:g}"
    return f"10{superscript(power)[1:]}" if step == 1 else ""
