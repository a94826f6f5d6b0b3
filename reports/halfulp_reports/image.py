"""Any plot of a run by its name, as PNG or SVG: with a legend, in the colours of white paper."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from halfulp.exceptions import UsageError
from halfulp.suggest import hint
from halfulp_reports.canvas import TEXT, corners, dashes, style
from halfulp_reports.palette import LIGHT, series_colour
from halfulp_reports.pictures import Pictures
from halfulp_reports.plain import visible
from halfulp_reports.summary import summarise

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from halfulp.runs.store import Run

_DOTS_PER_INCH = 150
_MOST_LABEL = 60
_COLOURS = ("color", "facecolor", "edgecolor", "markerfacecolor", "markeredgecolor")


@dataclass(frozen=True)
class ImageForm:
    """A form of report that holds one plot."""

    suffix: str

    def plots(self, run: Run) -> list[str]:
        """Return the names of the plots that a run has, most important first."""
        return Pictures(summarise(run)).names

    def render(self, run: Run) -> bytes:
        """Return the first of the plots."""
        return self.render_plot(run, None)

    def render_plot(self, run: Run, name: str | None) -> bytes:
        """Return a plot by its name, the first without one.

        Raises
        ------
        UsageError
            If the run has no such plot, or none at all.
        """
        pictures = Pictures(summarise(run))
        if not pictures.names:
            raise UsageError("This run has nothing to plot: no routine of it has a figure.")
        name = pictures.names[0] if name is None else name
        if name not in pictures.names:
            raise UsageError(f"This run has no plot {name!r}: {hint(name, pictures.names)}")
        return _encoded(pictures, name, self.suffix.lstrip("."))


png = ImageForm(".png")
"""What the entry point `png` names."""

svg = ImageForm(".svg")
"""What the entry point `svg` names."""


def _encoded(pictures: Pictures, name: str, kind: str) -> bytes:
    figure, words = pictures.draw(name)
    with style(), warnings.catch_warnings():
        # A label may hold letters that the typeface lacks; they are drawn as boxes.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        _add_legend(figure, pictures, name)
        _recolour(figure)
        buffer = BytesIO()
        about: dict[str, Any] = {"Title": visible(name, 200), "Description": visible(words, 2000)}
        figure.savefig(
            buffer, format=kind, dpi=_DOTS_PER_INCH, bbox_inches="tight", facecolor="white",
            metadata={**about, "Date": None} if kind == "svg" else about,
        )  # fmt: skip
    return buffer.getvalue()


def _add_legend(figure: Figure, pictures: Pictures, name: str) -> None:
    """Name the curves, and the marks of the formats where there are marks, above the figure."""
    from matplotlib.lines import Line2D
    from matplotlib.path import Path
    from matplotlib.transforms import Affine2D

    handles = []
    for formula, backend in pictures.curves_of(name):
        number = pictures.styles[formula, backend]
        label = backend if formula == "native" else f"{formula} on {backend}"
        line = Line2D([], [], color=series_colour(number), label=visible(label, _MOST_LABEL))
        if dashes(number):
            line.set_dashes(dashes(number))
        handles.append(line)
    if not name.startswith("error/"):
        for mark, fmt in enumerate(pictures.summary.formats):
            count, first = corners(mark)
            turn = Affine2D().rotate_deg(first * 360 - 90)  # a polygon's first corner is on top
            shape = Path.unit_regular_polygon(count).transformed(turn)
            handles.append(
                Line2D([], [], linestyle="", marker=shape, label=visible(fmt, _MOST_LABEL))
            )
    figure.legend(
        handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, frameon=False,
        fontsize=TEXT, title=visible(name, 100), title_fontsize=TEXT + 2,
    )  # fmt: skip


def _recolour(figure: Figure) -> None:
    """Put the colours of white paper in place of the stand-ins."""
    from matplotlib.colors import to_hex

    for artist in figure.findobj(lambda _: True):
        for name in _COLOURS:
            get, put = getattr(artist, f"get_{name}", None), getattr(artist, f"set_{name}", None)
            if get is None or put is None:
                continue
            try:
                colour = to_hex(get())
            except (ValueError, TypeError):  # a collection has a list of them
                continue
            if colour in LIGHT:
                put(LIGHT[colour])
