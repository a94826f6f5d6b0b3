"""The figures of a report: error over the input axis, and the histogram of signed errors.

No text of a run enters a figure: labels stand in the page's legend, where they are plain text. A
curve is told by its dashes as well as by its colour.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from halfulp.runs.schema import HISTOGRAM_LINEAR, HISTOGRAM_TAIL
from halfulp_reports.numbers import superscript
from halfulp_reports.svg import GRID, INK, MUTED, RULE, inline_svg, series_colour

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from matplotlib.axes import Axes

    from halfulp.formats import Format

Values = npt.NDArray[np.float64]

CELLS = 160
"""Cells along the input axis of a panel; the bins of all samplers are laid over them."""

DASHES: tuple[tuple[float, ...], ...] = ((), (5, 1.6), (1.4, 1.4), (7, 1.6, 1.4, 1.6), (2.8, 2.8))
"""Dash patterns in turn; with 6 colours, 30 curves differ."""

THICK, THIN = 1.3, 0.7
_TEXT = 8
_PANEL_HEIGHT, _WIDTH = 1.75, 10.0
_TAIL = 2.25
_MINUS = "\N{MINUS SIGN}"
_RC = {
    "svg.fonttype": "none",
    "svg.hashsalt": "halfulp",
    "text.parse_math": False,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.labelsize": _TEXT,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.labelsize": _TEXT,
    "ytick.labelsize": _TEXT,
    "xtick.major.pad": 3,
    "ytick.major.pad": 3,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.5,
}


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


def dashes(style: int) -> tuple[float, ...]:
    """Return the dash pattern of a style."""
    return DASHES[style % len(DASHES)]


def error_figure(panels: Sequence[Panel], alternative: str) -> str:
    """Return the figure of one function as inline SVG: a row of two panels for each format."""
    import matplotlib.style
    from matplotlib.figure import Figure

    with matplotlib.style.context(["default", _RC]):
        height = _PANEL_HEIGHT * len(panels) + 0.25
        figure = Figure(figsize=(_WIDTH, height))
        axes = figure.subplots(len(panels), 2, squeeze=False, width_ratios=(2.7, 1))
        figure.subplots_adjust(
            left=0.052, right=0.995, bottom=0.42 / height, top=1 - 0.25 / height,
            hspace=0.5, wspace=0.21,
        )  # fmt: skip
        for (left, right), panel in zip(axes, panels, strict=True):
            _draw_profile(left, panel)
            _draw_histogram(right, panel)
        axes[-1][0].set_xlabel("input, in the order of its encodings")
        axes[-1][1].set_xlabel("signed error, ulp")
        return inline_svg(figure, alternative)


# -- error over the input --------------------------------------------------------------------


def encoding_position(x: Values, record: Format) -> Values:
    """Return where inputs lie in the order of encodings, in binades from zero.

    This is the ordinal over 2^(p-1): straight inside a binade, each binade as wide as the next, the
    subnormals one binade; negative numbers to the left.
    """
    magnitude = np.minimum(np.abs(x), np.ldexp(1.0, record.emax) * (2 - 2.0 ** (1 - record.p)))
    mantissa, exponent = np.frexp(magnitude)
    normal = exponent - record.emin + 2 * mantissa - 1
    subnormal = np.ldexp(np.minimum(magnitude, np.ldexp(1.0, record.emin)), -record.emin)
    position: Values = np.where(subnormal < 1, subnormal, normal)
    return np.copysign(position, x)


@dataclass(frozen=True)
class ErrorScale:
    """The vertical axis: linear up to 1 ulp, where half an ulp must be told from one, then log2."""

    largest: float

    @property
    def unit(self) -> float:
        """Height of 1 ulp, in doublings: a third of the axis or more."""
        return max(1.0, 0.5 * float(np.log2(max(self.largest, 1.0))))

    @property
    def top(self) -> float:
        """Upper end of the axis."""
        return max(float(self.place(np.array([self.largest]))[0]), self.unit) * 1.13

    def place(self, error: Values) -> Values:
        """Return heights of errors."""
        return np.where(error <= 1, error * self.unit, self.unit + np.log2(np.maximum(error, 1)))

    def ticks(self) -> tuple[list[float], list[str]]:
        """Return heights and labels of the ticks."""
        doublings = int(np.ceil(np.log2(max(self.largest, 1.0))))
        step = max(1, -(-doublings // 4))
        powers = range(step, doublings + 1, step)
        values = [0.0, 0.5, 1.0] + [2.0**power for power in powers]
        labels = ["0", "0.5", "1"] + [_power_label(power) for power in powers]
        heights = self.place(np.array(values))
        kept = [n for n, height in enumerate(heights) if height <= self.top]
        return [float(heights[n]) for n in kept], [labels[n] for n in kept]


def _power_label(power: int) -> str:
    return str(2**power) if 0 <= power < 10 else superscript(power)


def _draw_profile(axes: Axes, panel: Panel) -> None:
    """Draw the largest (thick) and the mean (thin) error of every cell for every curve."""
    axes.set_title(panel.format.name, loc="left", fontsize=_TEXT + 1, pad=4)
    axes.set_ylabel("|error|, ulp", labelpad=2)
    bins = [row for curve in panel.curves for row in _usable(curve.bins)]
    if not bins:
        _say_empty(axes, "no numeric error to draw")
        return
    ends = encoding_position(_column(bins, "low", "high"), panel.format)
    span = max(float(ends.max() - ends.min()), 1e-3)
    start, stop = float(ends.min()) - 0.01 * span, float(ends.max()) + 0.01 * span
    scale = ErrorScale(float(_column(bins, "max_ulp").max()))
    edges = np.linspace(start, stop, CELLS + 1)
    for curve in panel.curves:
        largest, mean = _over_cells(list(_usable(curve.bins)), edges, panel.format)
        for values, width in ((largest, THICK), (mean, THIN)):
            _draw_steps(axes, edges, scale.place(values), curve.style, width)
    _mark_ulps(axes, scale, stop)
    rails = _draw_rails(axes, panel, edges, scale.top)
    axes.set_xlim(start, stop)
    axes.set_xticks(*_input_ticks(panel.format, start, stop))
    axes.set_ylim(0, scale.top * (1 + _RAIL * rails))
    axes.set_yticks(*scale.ticks())


def _usable(bins: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    return (row for row in bins if is_usable(row))


def is_usable(row: Mapping[str, Any]) -> bool:
    """Tell whether a bin has a figure and a finite place."""
    return all(isfinite(_number(row[name])) for name in ("low", "high", "max_ulp"))


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else float("nan")


def _column(bins: Iterable[Mapping[str, Any]], *names: str) -> Values:
    return np.array([row[name] for row in bins for name in names], dtype=np.float64)


def _over_cells(
    bins: Sequence[Mapping[str, Any]], edges: Values, record: Format
) -> tuple[Values, Values]:
    """Lay bins over cells: the largest error, and the mean weighted by inputs; nan where empty."""
    largest = np.full(CELLS, np.nan)
    total, weight = np.zeros(CELLS), np.zeros(CELLS)
    place = encoding_position(_column(bins, "low", "high"), record).reshape(-1, 2)
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
        bins = [row for row in _usable(curve.bins) if row.get("specials")]
        if not bins:
            continue
        rails += 1
        wrong, _ = _over_cells(bins, edges, panel.format)
        height = top * (1 + _RAIL * (rails - 0.5))
        _draw_steps(axes, edges, np.where(np.isnan(wrong), np.nan, height), curve.style, 2 * THICK)
    if rails:
        axes.axhline(top, color=RULE, linewidth=0.8, clip_on=False)
        axes.text(
            float(edges[-1]), top * (1 + _RAIL * rails / 2), " special",
            ha="left", va="center", fontsize=_TEXT, color=MUTED,
        )  # fmt: skip
    return rails


def _draw_steps(axes: Axes, edges: Values, heights: Values, style: int, width: float) -> None:
    """Draw one level line a cell, joined where the next cell has a figure too."""
    x = np.column_stack([edges[:-1], edges[1:]]).ravel()
    y = np.repeat(heights, 2)
    (line,) = axes.plot(x, y, color=series_colour(style), linewidth=width, clip_on=False)
    if dashes(style):
        line.set_dashes([length * 1.3 for length in dashes(style)])


def _mark_ulps(axes: Axes, scale: ErrorScale, right: float) -> None:
    """Draw the lines that a reader looks for, and say what they are."""
    for error, label in ((0.5, "0.5 ulp"), (1.0, "1 ulp")):
        height = float(scale.place(np.array([error]))[0])
        axes.axhline(height, color=RULE, linewidth=0.8, clip_on=False)
        axes.text(right, height, f" {label}", ha="left", va="center", fontsize=_TEXT, color=MUTED)


def _input_ticks(record: Format, start: float, stop: float) -> tuple[list[float], list[str]]:
    """Return places and labels of powers of two, evenly spaced, and of zero."""
    step = next((s for s in _STEPS if (stop - start) / s <= 16), _STEPS[-1])
    ticks = {0.0: "0"} if start <= 0 <= stop else {}
    for exponent in range(-(-record.emin // step) * step, record.emax + 1, step):
        for sign, mark in ((1, ""), (-1, _MINUS)):
            place = sign * float(exponent - record.emin + 1)
            near_zero = 0.0 in ticks and abs(place) < 0.04 * (stop - start)
            if start <= place <= stop and not near_zero:
                ticks[place] = mark + (superscript(exponent) if exponent else "1")
    return list(ticks), list(ticks.values())


_STEPS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


def _say_empty(axes: Axes, text: str) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    axes.text(0.5, 0.5, text, ha="center", va="center", color=MUTED, transform=axes.transAxes)


# -- histogram -------------------------------------------------------------------------------


def _draw_histogram(axes: Axes, panel: Panel) -> None:
    """Draw the share of inputs over signed error, logarithmically: rare errors matter."""
    drawn = [(curve.style, share) for curve in panel.curves if (share := _shares(curve)).any()]
    if not drawn:
        _say_empty(axes, "no histogram")
        return
    reach = max(_reach(share) for _, share in drawn)
    least = min(float(share[share > 0].min()) for _, share in drawn)
    floor = int(np.floor(np.log10(least)))
    for style, share in drawn:
        with np.errstate(divide="ignore"):
            heights = np.maximum(np.log10(share), floor)
        inside = (_EDGES[:-1] >= -reach) & (_EDGES[1:] <= reach)
        edges = np.append(_EDGES[:-1][inside], reach)
        _draw_steps(axes, edges, heights[inside], style, THICK * 0.75)
    _finish_histogram(axes, reach, floor)


_LINEAR = np.linspace(-2, 2, HISTOGRAM_LINEAR + 1)
_EDGES = np.concatenate([[-_TAIL], _LINEAR, [_TAIL]])


def _shares(curve: Curve) -> Values:
    """Return percent of inputs in: one bin below -2 ulp, 128 of 1/32 ulp, one from 2 ulp on."""
    counts = np.zeros(HISTOGRAM_LINEAR + 2)
    for histogram in curve.histograms:
        if len(histogram) == HISTOGRAM_LINEAR + 2 * HISTOGRAM_TAIL:
            all_bins = np.array(histogram, dtype=np.float64)
            counts[1:-1] += all_bins[:HISTOGRAM_LINEAR]
            counts[0] += all_bins[HISTOGRAM_LINEAR:-HISTOGRAM_TAIL].sum()
            counts[-1] += all_bins[-HISTOGRAM_TAIL:].sum()
    shares: Values = counts * 100 / max(counts.sum(), 1)
    return shares


def _reach(share: Values) -> float:
    """Return how far from 0 the axis must go: 0.75, 1.25 or to the tails."""
    centres = (_EDGES[:-1] + _EDGES[1:]) / 2
    widest = float(np.abs(centres[share > 0]).max())
    return next(reach for reach in (0.75, 1.25, _TAIL) if widest < reach)


def _finish_histogram(axes: Axes, reach: float, floor: int) -> None:
    """Set limits, ticks and labels."""
    marks = {0.75: 0.5, 1.25: 1.0}.get(reach, 2.0)
    places = [-marks, -marks / 2, 0.0, marks / 2, marks]
    labels = [f"{place:g}".replace("-", _MINUS) for place in places]
    if reach == _TAIL:
        labels[0], labels[-1] = f"< {_MINUS}2", "≥ 2"
        places[0], places[-1] = -2.12, 2.12
    axes.set_xlim(-reach, reach)
    axes.set_xticks(places, labels)
    step = max(1, -(-(2 - floor) // 4))
    powers = list(range(2, floor - 1, -step))
    axes.set_ylim(floor, 2.15)
    axes.set_yticks(powers, [_percent_label(power) for power in powers])
    axes.set_ylabel("% of inputs", labelpad=2)


def _percent_label(power: int) -> str:
    return f"{10.0**power:g}" if power >= -2 else "10" + superscript(power)[1:]
