"""The histogram of signed errors beside the error over the input."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from halfulp.runs.schema import HISTOGRAM_LINEAR, HISTOGRAM_TAIL
from halfulp_reports.canvas import MINUS, THICK, draw_steps, say_empty
from halfulp_reports.numbers import superscript

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from halfulp_reports.plots import Curve, Panel

Values = npt.NDArray[np.float64]

_TAIL = 2.25
_LINEAR = np.linspace(-2, 2, HISTOGRAM_LINEAR + 1)
_EDGES = np.concatenate([[-_TAIL], _LINEAR, [_TAIL]])


def draw_histogram(axes: Axes, panel: Panel) -> None:
    """Draw the share of inputs over signed error, logarithmically: rare errors matter."""
    drawn = [(curve.style, share) for curve in panel.curves if (share := shares(curve)).any()]
    if not drawn:
        say_empty(axes, "no histogram")
        return
    reach = max(reach_of(share) for _, share in drawn)
    least = min(float(share[share > 0].min()) for _, share in drawn)
    floor = int(np.floor(np.log10(least)))
    for style, share in drawn:
        with np.errstate(divide="ignore"):
            heights = np.maximum(np.log10(share), floor)
        inside = (_EDGES[:-1] >= -reach) & (_EDGES[1:] <= reach)
        edges = np.append(_EDGES[:-1][inside], reach)
        draw_steps(axes, edges, heights[inside], style, THICK * 0.75)
    _finish_histogram(axes, reach, floor)


def shares(curve: Curve) -> Values:
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


def reach_of(share: Values) -> float:
    """Return how far from 0 the axis must go: 0.75, 1.25 or to the tails."""
    centres = (_EDGES[:-1] + _EDGES[1:]) / 2
    widest = float(np.abs(centres[share > 0]).max())
    return next(reach for reach in (0.75, 1.25, _TAIL) if widest < reach)


def _finish_histogram(axes: Axes, reach: float, floor: int) -> None:
    """Set limits, ticks and labels."""
    marks = {0.75: 0.5, 1.25: 1.0}.get(reach, 2.0)
    places = [-marks, -marks / 2, 0.0, marks / 2, marks]
    labels = [f"{place:g}".replace("-", MINUS) for place in places]
    if reach == _TAIL:
        labels[0], labels[-1] = f"< {MINUS}2", "≥ 2"
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
