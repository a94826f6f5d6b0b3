"""What every figure shares: its style, and lines that step from cell to cell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from halfulp_reports.palette import GRID, INK, MUTED, series_colour

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Values = npt.NDArray[np.float64]

DASHES: tuple[tuple[float, ...], ...] = ((), (5, 1.6), (1.4, 1.4), (7, 1.6, 1.4, 1.6), (2.8, 2.8))
"""Dash patterns in turn; with 6 colours, 30 curves differ."""

MARKS = ((4, 0.125), (3, 0.25), (4, 0.25), (3, 0.75), (5, 0.25), (6, 0.0))
"""Marks of formats in turn: corners, and the angle of the first in turns."""

THICK, THIN = 1.3, 0.7
TEXT = 8
MINUS = "\N{MINUS SIGN}"
_RC = {
    "svg.fonttype": "none",
    "svg.hashsalt": "halfulp",
    "text.parse_math": False,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.labelsize": TEXT,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.labelsize": TEXT,
    "ytick.labelsize": TEXT,
    "xtick.major.pad": 3,
    "ytick.major.pad": 3,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.5,
}


@contextmanager
def style() -> Iterator[None]:
    """Draw in our style, whatever the user's own settings of matplotlib are."""
    import matplotlib.style

    with matplotlib.style.context(["default", _RC]):
        yield


def corners(mark: int) -> tuple[int, float]:
    """Return how many corners a mark has, and the angle of the first in turns."""
    return MARKS[mark % len(MARKS)]


def dashes(style: int) -> tuple[float, ...]:
    """Return the dash pattern of a style."""
    return DASHES[style % len(DASHES)]


def draw_steps(axes: Axes, edges: Values, heights: Values, style: int, width: float) -> None:
    """Draw one level line a cell, joined where the next cell has a figure too."""
    x = np.column_stack([edges[:-1], edges[1:]]).ravel()
    y = np.repeat(heights, 2)
    (line,) = axes.plot(x, y, color=series_colour(style), linewidth=width, clip_on=False)
    if dashes(style):
        line.set_dashes([length * 1.3 for length in dashes(style)])


def say_empty(axes: Axes, text: str) -> None:
    """Write into axes why nothing is drawn in them."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.text(0.5, 0.5, text, ha="center", va="center", color=MUTED, transform=axes.transAxes)
