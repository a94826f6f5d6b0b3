"""The figure of a function: error over its input, the condition number, histograms.

No text of a run enters a figure: labels stand in the page's legend, where they are plain text. A
curve is told by its dashes as well as by its colour.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from halfulp_reports.canvas import TEXT, THICK, THIN, draw_steps, say_empty, style
from halfulp_reports.histograms import draw_histogram
from halfulp_reports.numbers import superscript
from halfulp_reports.palette import MUTED, RULE
from halfulp_reports.scales import ErrorScale, encoding_position, input_ticks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from halfulp.formats import Format

Values = npt.NDArray[np.float64]

CELLS = 160
"""Cells along the input axis of a panel; the bins of all samplers are laid over them."""

_WIDTH = 10.0
_PANEL, _STRIP = 1.28, 0.26
"""Heights of a panel and of the strip of the condition number below it, in inches."""

_GAP, _AXIS, _TOP = 0.09, 0.44, 0.25


@dataclass(frozen=True)
class Curve:
    """One routine in a panel: its profile bins, its histogram, and the number of its style."""

    style: int
    bins: Sequence[Mapping[str, Any]] = ()
    histograms: Sequence[Sequence[int]] = ()


@dataclass(frozen=True)
class Panel:
    """One row of a figure: all curves of one format."""

    format: Format
    curves: Sequence[Curve] = field(default_factory=tuple)


def error_figure(panels: Sequence[Panel]) -> Figure:
    """Return the figure of one function: a row of two panels for each format."""
    from matplotlib.figure import Figure

    with style():
        heights = [_PANEL + (_STRIP + _GAP) * _has_condition(panel) for panel in panels]
        total = sum(heights) + (_AXIS + _TOP) * len(panels)
        figure = Figure(figsize=(_WIDTH, total))
        top = total
        lowest = right = None
        for panel, height in zip(panels, heights, strict=True):
            top -= _TOP
            bottom = top - _PANEL
            left = figure.add_axes((0.052, bottom / total, 0.64, _PANEL / total))
            right = figure.add_axes((0.8, (top - height) / total, 0.195, height / total))
            span = _draw_profile(left, panel)
            lowest = left
            if span and _has_condition(panel):
                low = bottom - _GAP - _STRIP
                lowest = strip = figure.add_axes((0.052, low / total, 0.64, _STRIP / total))
                left.tick_params(labelbottom=False)
                _draw_condition(strip, panel, span)
            draw_histogram(right, panel)
            top -= height + _AXIS
        if lowest and right:
            lowest.set_xlabel("input, in the order of its encodings")
            right.set_xlabel("signed error, ulp")
        return figure


# -- error over the input --------------------------------------------------------------------


def _draw_profile(axes: Axes, panel: Panel) -> tuple[float, float] | None:
    """Draw the largest (thick) and the mean (thin) error of every cell for every curve."""
    axes.set_title(panel.format.name, loc="left", fontsize=TEXT + 1, pad=4)
    axes.set_ylabel("|error|, ulp", labelpad=2)
    bins = [row for curve in panel.curves for row in usable(curve.bins)]
    if not bins:
        say_empty(axes, "no numeric error to draw")
        return None
    ends = encoding_position(column(bins, "low", "high"), panel.format)
    span = max(float(ends.max() - ends.min()), 1e-3)
    start, stop = float(ends.min()) - 0.01 * span, float(ends.max()) + 0.01 * span
    scale = ErrorScale(float(column(bins, "max_ulp").max()))
    edges = np.linspace(start, stop, CELLS + 1)
    for curve in panel.curves:
        largest, mean = over_cells(list(usable(curve.bins)), edges, panel.format)
        for values, width in ((largest, THICK), (mean, THIN)):
            draw_steps(axes, edges, scale.place(values), curve.style, width)
    _mark_ulps(axes, scale, stop)
    rails = _draw_rails(axes, panel, edges, scale.top)
    axes.set_xlim(start, stop)
    axes.set_xticks(*input_ticks(panel.format, start, stop))
    axes.set_ylim(0, scale.top * (1 + _RAIL * rails))
    axes.set_yticks(*scale.ticks())
    return start, stop


def usable(bins: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    """Yield the bins that can be drawn."""
    return (row for row in bins if is_usable(row))


def is_usable(row: Mapping[str, Any]) -> bool:
    """Tell whether a bin has a figure and a finite place."""
    return all(isfinite(_number(row[name])) for name in ("low", "high", "max_ulp"))


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else float("nan")


def column(bins: Iterable[Mapping[str, Any]], *names: str) -> Values:
    """Return columns of bins as one array, row by row."""
    return np.array([row[name] for row in bins for name in names], dtype=np.float64)


def over_cells(
    bins: Sequence[Mapping[str, Any]], edges: Values, record: Format
) -> tuple[Values, Values]:
    """Lay bins over cells: the largest error, and the mean weighted by inputs; nan where empty."""
    largest = np.full(CELLS, np.nan)
    total, weight = np.zeros(CELLS), np.zeros(CELLS)
    place = encoding_position(column(bins, "low", "high"), record).reshape(-1, 2)
    cells = np.clip(np.searchsorted(edges, place, side="right") - 1, 0, CELLS - 1)
    for row, (first, last) in zip(bins, cells, strict=True):
        here = slice(first, last + 1)
        largest[here] = np.fmax(largest[here], row["max_ulp"])
        if row["mean_ulp"] is not None and row["count"]:
            total[here] += row["mean_ulp"] * row["count"]
            weight[here] += row["count"]
    mean = np.divide(total, weight, out=np.full(CELLS, np.nan), where=weight > 0)
    return largest, mean


_RAIL = 0.07
"""Height of a rail of special values, as a part of the axis."""


def _draw_rails(axes: Axes, panel: Panel, edges: Values, top: float) -> int:
    """Draw for each curve above the axis where it has wrong special values; return how many have.

    A nan has no place on the axis of errors; without a rail it would not be seen at all.
    """
    rails = 0
    for curve in panel.curves:
        bins = [row for row in usable(curve.bins) if row.get("specials")]
        if not bins:
            continue
        rails += 1
        wrong, _ = over_cells(bins, edges, panel.format)
        height = top * (1 + _RAIL * (rails - 0.5))
        draw_steps(axes, edges, np.where(np.isnan(wrong), np.nan, height), curve.style, 2 * THICK)
    if rails:
        axes.axhline(top, color=RULE, linewidth=0.8, clip_on=False)
        axes.text(
            float(edges[-1]), top * (1 + _RAIL * rails / 2), " special",
            ha="left", va="center", fontsize=TEXT, color=MUTED,
        )  # fmt: skip
    return rails


def _mark_ulps(axes: Axes, scale: ErrorScale, right: float) -> None:
    """Draw the lines that a reader looks for, and say what they are."""
    for error, label in ((0.5, "0.5 ulp"), (1.0, "1 ulp")):
        height = float(scale.place(np.array([error]))[0])
        axes.axhline(height, color=RULE, linewidth=0.8, clip_on=False)
        axes.text(right, height, f" {label}", ha="left", va="center", fontsize=TEXT, color=MUTED)


# -- condition number ------------------------------------------------------------------------


def _has_condition(panel: Panel) -> bool:
    return any(
        row.get("condition") is not None for curve in panel.curves for row in usable(curve.bins)
    )


def _draw_condition(axes: Axes, panel: Panel, span: tuple[float, float]) -> None:
    """Draw by how much the function itself magnifies a relative error of its input."""
    edges = np.linspace(*span, CELLS + 1)
    bins = [
        {**row, "max_ulp": row["condition"]}
        for curve in panel.curves
        for row in usable(curve.bins)
        if row.get("condition") is not None
    ]
    found, _ = over_cells(bins, edges, panel.format)
    heights = np.log10(np.maximum(found, 1))
    top = max(1.0, float(np.nanmax(heights)))
    x = np.column_stack([edges[:-1], edges[1:]]).ravel()
    y = np.repeat(np.nan_to_num(heights), 2)
    axes.fill([x[0], *x, x[-1]], [0, *y, 0], color=RULE, linewidth=0, clip_on=False)
    axes.set_xlim(*span)
    axes.set_xticks(*input_ticks(panel.format, *span))
    axes.set_ylim(0, top * 1.08)
    axes.set_yticks([0, top], ["1", f"10{superscript(round(top))[1:]}" if top > 1 else "10"])
    axes.text(span[1], top / 2, " condition", ha="left", va="center", fontsize=TEXT, color=MUTED)
