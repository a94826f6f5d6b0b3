"""Which figures a run has, and what each shows: bins and histograms gathered by function."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from halfulp.formats import FORMATS
from halfulp_reports.plain import clip
from halfulp_reports.plots import Curve, Panel
from halfulp_reports.speed_plots import Growth, Point

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from halfulp.runs.store import Run
    from halfulp_reports.binades import Profiles
    from halfulp_reports.routines import Routine, Section
    from halfulp_reports.rows import Record
    from halfulp_reports.summary import Summary

Styles = dict[tuple[str, str], int]
"""The number of the style of each (formula, backend)."""


def profiles_of(run: Run) -> Profiles:
    """Return the bins of every routine and region."""
    profiles: dict[tuple[str, str], list[Record]] = {}
    for record in run.records("profile"):
        profiles.setdefault((record["routine"], record["region"]), []).append(record)
    return profiles


def styles_of(summary: Summary) -> Styles:
    """Return the style of each curve: the same in every figure of a run."""
    return {curve: number for number, curve in enumerate(summary.curves)}


def panels_of(section: Section, profiles: Profiles, styles: Styles) -> list[Panel]:
    """Return a panel for each format in which something was measured."""
    panels = []
    for record in FORMATS.values():
        curves = [
            Curve(
                styles[routine.formula, routine.backend],
                bins_of(routine, profiles),
                [row["histogram"] for row in routine.measured if row["histogram"]],
            )
            for routine in section.routines
            if routine.format == record.name and routine.worst
        ]
        if any(curve.bins or curve.histograms for curve in curves):
            panels.append(Panel(record, curves))
    return panels


def bins_of(routine: Routine, profiles: Profiles) -> list[Mapping[str, Any]]:
    """Return the bins of a routine in all its regions."""
    regions = dict.fromkeys(row["region"] for row in routine.measured)
    return [bin_ for region in regions for bin_ in profiles.get((routine.name, region), ())]


def alternative(section: Section) -> str:
    """Say in words what the figure shows: the largest error of every curve, and where."""
    return (
        f"Error of {clip(section.function)} over its input, and histogram of the signed error. "
        "Largest errors: " + "; ".join(in_words(r) for r in section.routines if r.worst) + "."
    )


def in_words(routine: Routine) -> str:
    """Return a routine's largest error as a text alternative has it."""
    formula = "" if routine.formula == "native" else f"{clip(routine.formula)} "
    bound = "at most" if routine.exhaustive else "at least"
    words = (
        f"{formula}{clip(routine.backend)} {routine.format} {bound} {routine.shown} ulp, rounded up"
    )
    witness = routine.worst.witness if routine.worst else None
    return f"{words}, at {witness['input_hex']}" if witness else words


# -- time --------------------------------------------------------------------------------------


def points_of(summary: Summary, routines: Iterable[Routine]) -> list[Point]:
    """Return the routines that have both a time and a largest error."""
    styles, marks = styles_of(summary), marks_of(summary)
    points = []
    for routine in routines:
        time = summary.speed.of(routine.name)
        maximum = routine.worst.maximum if routine.worst else None
        if time is not None and time.element_ns and maximum is not None:
            # A Decimal may lie beyond float64; the figure ends long before.
            ulp = float(min(maximum, Decimal(2) ** 1000))
            point = Point(
                styles[routine.curve], marks[routine.format], time.element_ns, ulp, time.interval_ns
            )
            points.append(point)
    return points


def growths_of(summary: Summary, routines: Iterable[Routine]) -> list[Growth]:
    """Return the curves of time against size of routines that were timed."""
    styles, marks = styles_of(summary), marks_of(summary)
    return [
        Growth(
            styles[routine.curve],
            marks[routine.format],
            [
                (time.case.size, time.element_ns or 0.0)
                for time in summary.speed.curve(routine.name)
            ],
        )
        for routine in routines
        if summary.speed.curve(routine.name)
    ]


def marks_of(summary: Summary) -> dict[str, int]:
    """Return the number of the mark of each format."""
    return {name: number for number, name in enumerate(summary.formats)}


def speed_in_words(summary: Summary, routines: Iterable[Routine]) -> str:
    """Say in words what accuracy against speed shows."""
    said = []
    for routine in routines:
        time = summary.speed.of(routine.name)
        if time is not None:
            formula = "" if routine.formula == "native" else f" {clip(routine.formula)}"
            said.append(
                f"{clip(routine.function, 24)}{formula} {clip(routine.backend)} {routine.format} "
                f"{time.shown} ns, {routine.sign} {routine.shown} ulp"
            )
    more = f"; and {len(said) - _MOST_SAID} more" if len(said) > _MOST_SAID else ""
    return "Time an element and largest error: " + "; ".join(said[:_MOST_SAID]) + more + "."


_MOST_SAID = 40
"""Routines that a text alternative names; the tables have all."""
