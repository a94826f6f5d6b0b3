"""The report as one self-contained HTML page: no request, light and dark.

Its one script sorts, filters and copies; without it the page says the same. The page's own policy
allows that script by its hash, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from halfulp.formats import FORMATS
from halfulp.runs.schema import CLASSES
from halfulp_reports import numbers
from halfulp_reports.binades import Profiles, Table, binade_tables
from halfulp_reports.plots import THICK, Curve, Panel, dashes, error_figure
from halfulp_reports.summary import GRADES, Record, Routine, Section, Summary, anchor, summarise
from halfulp_reports.svg import SERIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from halfulp.runs.store import Run

MOST_FIGURES = 40
"""Figures in a page; further functions keep their tables."""

MOST_RANKED = 6
"""Routines in the table of the largest errors."""

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class HtmlForm:
    """The HTML form of report."""

    suffix: str = ".html"

    def render(self, run: Run) -> str:
        """Return the page of a run."""
        summary = summarise(run)
        profiles = _profiles(run)
        script = (_TEMPLATES / "page.js").read_text(encoding="utf-8")
        return (
            _environment()
            .get_template("page.html.jinja")
            .render(
                summary=summary,
                run=run,
                manifest=run.manifest,
                figures=_figures(summary, profiles),
                binades=_binades(summary, profiles),
                legend=_legend(summary),
                grades=GRADES,
                classes=CLASSES,
                most_figures=MOST_FIGURES,
                ranked=_ranked(summary),
                script=Markup(script),  # noqa: S704 - our own file, with no text of a run in it
                script_hash=_hash(script),
            )
        )


form = HtmlForm()
"""What the entry point `halfulp.reports` names."""


@cache
def _environment() -> Environment:
    """Return the templates: every value is escaped, and an unknown one is an error."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        anchor=anchor,
        count=numbers.count,
        percent=numbers.percent,
        plural=numbers.plural,
        short=numbers.short,
        about=numbers.about,
        mean=numbers.mean,
        clip=_clip,
    )
    return environment


def _clip(text: object, limit: int = 60) -> str:
    """Shorten a label that would burst its cell; the template puts the whole in a title."""
    whole = str(text)
    return whole if len(whole) <= limit else whole[: limit - 1] + "…"


def _hash(script: str) -> str:
    """Return what names a script in a Content-Security-Policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _ranked(summary: Summary) -> list[Routine]:
    """Return the routines to name first: of different functions, if there are enough of them."""
    ranked = summary.worst_of_each
    return (ranked if len(ranked) >= MOST_RANKED else summary.ranking)[:MOST_RANKED]


def _profiles(run: Run) -> Profiles:
    """Return the bins of every routine and region."""
    profiles: dict[tuple[str, str], list[Record]] = {}
    for record in run.records("profile"):
        profiles.setdefault((record["routine"], record["region"]), []).append(record)
    return profiles


def _binades(summary: Summary, profiles: Profiles) -> dict[str, dict[str, list[Table]]]:
    """Return the tables of ranges by function and format."""
    found: dict[str, dict[str, list[Table]]] = {}
    for section in summary.sections:
        for name in summary.formats:
            routines = [routine for routine in section.routines if routine.format == name]
            if tables := binade_tables(routines, profiles, FORMATS.get(name)):
                found.setdefault(section.function, {})[name] = tables
    return found


# -- figures ---------------------------------------------------------------------------------


def _figures(summary: Summary, profiles: Profiles) -> dict[str, Markup | None]:
    """Return the figure of each function that has one to show; None beyond what a page holds."""
    styles = {curve: number for number, curve in enumerate(summary.curves)}
    figures: dict[str, Markup | None] = {}
    for section in summary.sections:
        panels = _panels(section, profiles, styles)
        if panels and len(figures) >= MOST_FIGURES:
            figures[section.function] = None
        elif panels:
            # The SVG is written by ElementTree, which escapes the text alternative.
            drawn = error_figure(panels, _alternative(section))
            figures[section.function] = Markup(drawn)  # noqa: S704 - as above
    return figures


def _panels(
    section: Section, profiles: Profiles, styles: dict[tuple[str, str], int]
) -> list[Panel]:
    """Return a panel for each format in which something was measured."""
    panels = []
    for record in FORMATS.values():
        curves = [
            Curve(
                styles[routine.formula, routine.backend],
                _bins(routine, profiles),
                [row["histogram"] for row in routine.measured if row["histogram"]],
            )
            for routine in section.routines
            if routine.format == record.name and routine.worst
        ]
        if any(curve.bins or curve.histograms for curve in curves):
            panels.append(Panel(record, curves))
    return panels


def _bins(routine: Routine, profiles: Profiles) -> list[Mapping[str, Any]]:
    """Return the bins of a routine in all its regions."""
    regions = dict.fromkeys(row["region"] for row in routine.measured)
    return [bin_ for region in regions for bin_ in profiles.get((routine.name, region), ())]


def _alternative(section: Section) -> str:
    """Say in words what the figure shows: the largest error of every curve, and where."""
    return (
        f"Error of {_clip(section.function)} over its input, and histogram of the signed error. "
        "Largest errors: " + "; ".join(_in_words(r) for r in section.routines if r.worst) + "."
    )


def _in_words(routine: Routine) -> str:
    formula = "" if routine.formula == "native" else f"{_clip(routine.formula)} "
    bound = "at most" if routine.exhaustive else "at least"
    words = (
        f"{formula}{_clip(routine.backend)} {routine.format} {bound} {routine.shown} ulp, "
        f"rounded up"
    )
    witness = routine.worst.witness if routine.worst else None
    return f"{words}, at {witness['input_hex']}" if witness else words


# -- legend ----------------------------------------------------------------------------------


def _legend(summary: Summary) -> dict[tuple[str, str], Markup]:
    """Return a sample of the line of every (formula, backend)."""
    return {curve: _sample(number) for number, curve in enumerate(summary.curves)}


def _sample(style: int) -> Markup:
    pattern = _joined(length * 1.7 for length in dashes(style))
    return Markup(
        '<svg class="sample" viewBox="0 0 34 8" aria-hidden="true"><path d="M1 4h32" '
        'style="stroke:var(--c{})" stroke-width="{}" stroke-dasharray="{}"/></svg>'
    ).format(style % SERIES + 1, THICK * 1.5, pattern or "none")


def _joined(lengths: Iterable[float]) -> str:
    return " ".join(f"{length:.2g}" for length in lengths)
