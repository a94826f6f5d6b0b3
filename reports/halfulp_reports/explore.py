"""The data of the figures that a reader can explore: cells of the input axis, and points.

Neighbouring bins that look alike are merged, so that a page stays small: where a function
saturates, a hundred bins are one cell. A cell has the largest error of its bins, rounded up.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from halfulp_reports.figures import bins_of, marks_of
from halfulp_reports.numbers import rounded_up
from halfulp_reports.pictures import OVERVIEW
from halfulp_reports.plain import clip
from halfulp_reports.plots import column, usable
from halfulp_reports.scales import encoding_position

if TYPE_CHECKING:
    from collections.abc import Sequence

    from halfulp.formats import Format
    from halfulp_reports.pictures import Pictures
    from halfulp_reports.plots import Curve
    from halfulp_reports.routines import Routine, Section
    from halfulp_reports.summary import Summary

Values = npt.NDArray[np.float64]

_ALIKE = 0.02
"""Errors that differ by less look alike: as a part of themselves, or of `_SMALL` if that is more.
"""

_SMALL = 0.25

MOST_CELLS = 256
"""Cells of a panel; where more differ, neighbours that differ more are merged."""

_LARGEST = 2.0**1000


def error_chart(section: Section, pictures: Pictures) -> dict[str, Any] | None:
    """Return error over the input of a function, a panel for each format."""
    panels = []
    for panel in pictures.panels(section):
        routines = [
            routine
            for routine in section.routines
            if routine.format == panel.format.name and routine.worst
        ]
        if found := _panel(panel.format, panel.curves, routines, pictures):
            panels.append(found)
    return {"title": clip(section.function), "panels": panels} if panels else None


def _panel(
    record: Format, curves: Sequence[Curve], routines: Sequence[Routine], pictures: Pictures
) -> dict[str, Any] | None:
    """Return the cells of one format with the errors of every curve in them."""
    bins = [list(usable(bins_of(routine, pictures.profiles))) for routine in routines]
    rows = [row for each in bins for row in each]
    if not rows:
        return None
    ends = np.unique(column(rows, "low", "high"))
    places = encoding_position(ends, record)
    kept = np.append(True, np.diff(places) > _near(record))
    ends, places = ends[kept], places[kept]
    if len(ends) < 2:
        return None
    laid = [_laid(each, places, record) for each in bins]
    condition = _laid_condition(rows, places, record)
    starts = _starts(np.array([values for pair in laid for values in pair] + [condition]))
    return {
        "format": record.name,
        "p": record.p,
        "emin": record.emin,
        "edges": _shortest(np.append(ends[starts], ends[-1]), record),
        "condition": [_rounded(value) for value in np.fmax.reduceat(condition, starts)],
        "curves": [
            {
                "style": curve.style,
                "label": _label(routine),
                "max": [_up(value) for value in np.fmax.reduceat(largest, starts)],
                "mean": [_rounded(value) for value in np.fmax.reduceat(mean, starts)],
                "witness": _witness(routine),
            }
            for curve, routine, (largest, mean) in zip(curves, routines, laid, strict=True)
        ],
    }


def _near(record: Format) -> float:
    """Return how close ends of bins are that count as one, in binades: an encoding and a half."""
    return float(max(1.5 * 2.0 ** (1 - record.p), 2.0**-36))


def _shortest(edges: Values, record: Format) -> list[float]:
    """Return ends as JSON writes them in few digits; the script rounds those of float32 again."""
    if record.name != "float32":
        return [float(edge) for edge in edges]
    return [float(str(np.float32(edge))) for edge in edges]


def _laid(bins: Sequence[Any], places: Values, record: Format) -> tuple[Values, Values]:
    """Lay bins over cells: the largest error, and the mean weighted by inputs; nan where none."""
    cells = len(places) - 1
    largest = np.full(cells, np.nan)
    total, weight = np.zeros(cells), np.zeros(cells)
    for row, here in zip(bins, _spans(bins, places, record), strict=True):
        largest[here] = np.fmax(largest[here], row["max_ulp"])
        if row["mean_ulp"] is not None and row["count"]:
            total[here] += row["mean_ulp"] * row["count"]
            weight[here] += row["count"]
    # A bin in which every input was special has no error.
    empty = np.zeros(cells, dtype=np.bool_)
    for row, here in zip(bins, _spans(bins, places, record), strict=True):
        empty[here] |= bool(row["count"])
    largest[~empty] = np.nan
    return largest, np.divide(total, weight, out=np.full(cells, np.nan), where=weight > 0)


def _laid_condition(rows: Sequence[Any], places: Values, record: Format) -> Values:
    known = [row for row in rows if row["condition"] is not None]
    found = np.full(len(places) - 1, np.nan)
    for row, here in zip(known, _spans(known, places, record), strict=True):
        found[here] = row["condition"]
    return found


def _spans(bins: Sequence[Any], places: Values, record: Format) -> list[slice]:
    """Return the cells that each bin covers, at least one."""
    if not bins:
        return []
    ends = encoding_position(column(bins, "low", "high"), record).reshape(-1, 2)
    first = np.searchsorted(places, ends[:, 0] - _near(record))
    last = np.searchsorted(places, ends[:, 1] - _near(record))
    top = len(places) - 1
    return [
        slice(min(low, top - 1), min(max(high, low + 1), top))
        for low, high in zip(first.tolist(), last.tolist(), strict=True)
    ]


def _starts(rows: Values) -> list[int]:
    """Return where cells begin when neighbours that look alike are merged."""
    alike = _ALIKE
    while len(starts := _merged(rows, alike)) > MOST_CELLS and alike < 0.5:
        alike *= 1.5
    return starts


def _merged(rows: Values, alike: float) -> list[int]:
    """Return where groups begin whose columns differ from their first by less than a part."""
    starts = [0]
    first = rows[:, 0]
    known = ~np.isnan(rows)
    for number in range(1, rows.shape[1]):
        here = rows[:, number]
        apart = np.abs(here - first) > alike * np.fmax(np.fmax(first, here), _SMALL)
        if apart.any() or (known[:, number] != known[:, starts[-1]]).any():
            starts.append(number)
            first = here
    return starts


def _up(value: float) -> float | None:
    """Return an error at four digits, rounded up."""
    return None if np.isnan(value) else float(rounded_up(Decimal(value)))


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else float(f"{value:.2g}")


def _label(routine: Routine) -> str:
    on = clip(routine.backend, 40)
    return on if routine.formula == "native" else f"{clip(routine.formula, 40)} on {on}"


def _witness(routine: Routine) -> dict[str, Any] | None:
    """Return where the largest error of a routine was seen."""
    worst = routine.worst
    if worst is None or worst.witness is None or worst.maximum is None:
        return None
    witness = worst.witness
    try:
        first = float(witness["input"].split(",")[0])
    except ValueError:
        return None
    if not np.isfinite(first):
        return None
    return {
        "x": first,
        "e": float(min(worst.maximum, Decimal(_LARGEST))),
        "shown": f"{routine.sign} {worst.shown}",
        "hex": clip(witness["input_hex"], 100),
        "decimal": clip(witness["input"], 100),
        "got": clip(witness["got_hex"], 60),
        "want": clip(witness["want_hex"] or "undecided", 60),
    }


# -- accuracy against speed --------------------------------------------------------------------


def speed_chart(summary: Summary, pictures: Pictures) -> dict[str, Any] | None:
    """Return accuracy against speed of every routine."""
    if OVERVIEW not in pictures.names:
        return None
    styles, marks = pictures.styles, marks_of(summary)
    functions = [section.function for section in summary.sections]
    points = [
        point
        for routine in summary.routines
        if (point := _point(routine, summary, styles[routine.curve], marks[routine.format]))
    ]
    for point in points:
        point["function"] = functions.index(point["function"])
    shown = {point["style"] for point in points}
    return {
        "points": points,
        "functions": [clip(name, 40) for name in functions],
        "formats": [clip(name, 16) for name in summary.formats],
        "curves": [
            {"style": number, "label": clip(backend, 40) if formula == "native"
             else f"{clip(formula, 40)} on {clip(backend, 40)}"}
            for (formula, backend), number in styles.items()
            if number in shown
        ],
    }  # fmt: skip


def _point(routine: Routine, summary: Summary, style: int, mark: int) -> dict[str, Any] | None:
    time = summary.speed.of(routine.name)
    maximum = routine.worst.maximum if routine.worst else None
    if time is None or not time.element_ns or maximum is None:
        return None
    witness = routine.worst.witness if routine.worst else None
    at = f" at {witness['input_hex']} ({witness['input']})" if witness else ""
    paired = f", {time.shown_ratio} the time of its base ({time.verdict})" if time.ratio else ""
    return {
        "style": style,
        "mark": mark,
        "function": routine.function,
        "anchor": routine.anchor,
        "ns": float(f"{time.element_ns:.4g}"),
        "interval": [float(f"{end:.4g}") for end in time.interval_ns or ()] or None,
        "ulp": float(min(maximum, Decimal(_LARGEST))),
        "label": f"{clip(routine.function, 40)}, {_label(routine)}, {clip(routine.format, 16)}",
        "said": f"{time.shown} ns an element ({time.shown_interval}){paired}; "
        f"{routine.sign} {routine.shown} ulp{clip(at, 120)}",
    }
