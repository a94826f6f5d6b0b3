"""The report as one self-contained HTML page: no request, light and dark.

Its one script sorts, filters, copies and draws the figures to explore; without it the page says the
same. The page's own policy allows that script by its hash, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from markupsafe import Markup

from halfulp.formats import FORMATS
from halfulp.runs.schema import CLASSES
from halfulp_reports.binades import Table, binade_tables
from halfulp_reports.comparison_page import comparison_page
from halfulp_reports.explore import error_chart, speed_chart
from halfulp_reports.page import data_block, line_sample, mark_sample, render
from halfulp_reports.pictures import OVERVIEW, Pictures
from halfulp_reports.routines import GRADES, Routine
from halfulp_reports.summary import Summary, summarise
from halfulp_reports.svg import inline_svg

if TYPE_CHECKING:
    from halfulp.expectations.comparison import Comparison
    from halfulp.runs.store import Run
    from halfulp_reports.routines import Section

MOST_FIGURES = 40
"""Figures in a page; further functions keep their tables."""

MOST_RANKED = 6
"""Routines in the table of the largest errors."""


@dataclass(frozen=True)
class HtmlForm:
    """The HTML form of report."""

    suffix: str = ".html"

    def render(self, run: Run) -> str:
        """Return the page of a run."""
        summary = summarise(run)
        return render(
            "page.html.jinja",
            summary=summary,
            speed=summary.speed,
            promises=summary.promises,
            run=run,
            manifest=run.manifest,
            view=_View(summary),
            grades=GRADES,
            classes=CLASSES,
            most_figures=MOST_FIGURES,
            ranked=_ranked(summary),
        )

    def render_comparison(self, comparison: Comparison) -> str:
        """Return the page that sets two runs side by side."""
        return comparison_page(comparison)


form = HtmlForm()
"""What the entry point `halfulp.reports` names."""


def _ranked(summary: Summary) -> list[Routine]:
    """Return the routines to name first: of different functions, if there are enough of them."""
    ranked = summary.worst_of_each
    return (ranked if len(ranked) >= MOST_RANKED else summary.ranking)[:MOST_RANKED]


@dataclass(frozen=True)
class _View:
    """What the templates ask for that is drawn or laid out, by function."""

    summary: Summary

    @cached_property
    def pictures(self) -> Pictures:
        """The plots of the run."""
        return Pictures(self.summary)

    @cached_property
    def figures(self) -> dict[str, Markup | None]:
        """The figures by name; None beyond what a page holds."""
        return {
            name: self._drawn(name) if number < MOST_FIGURES else None
            for number, name in enumerate(self.pictures.names)
        }

    def _drawn(self, name: str) -> Markup:
        # The SVG is written by ElementTree, which escapes the text alternative.
        return Markup(inline_svg(*self.pictures.draw(name)))  # noqa: S704 - as above

    @cached_property
    def times(self) -> list[float]:
        """The times an element in the case of comparison, shortest first."""
        found = (self.summary.speed.of(routine.name) for routine in self.summary.routines)
        return sorted(time.element_ns for time in found if time and time.element_ns)

    @property
    def overview(self) -> Markup | None:
        """Accuracy against speed of all routines."""
        return self.figures.get(OVERVIEW)

    @cached_property
    def legend(self) -> dict[tuple[str, str], Markup]:
        """A sample of the line of every (formula, backend)."""
        return {curve: line_sample(number) for curve, number in self.pictures.styles.items()}

    @cached_property
    def marks(self) -> dict[str, Markup]:
        """A sample of the mark of every format."""
        return {name: mark_sample(number) for number, name in enumerate(self.summary.formats)}

    def binades(self, section: Section) -> dict[str, list[Table]]:
        """Return the tables of ranges of a function by format."""
        found = {}
        for name in self.summary.formats:
            routines = [routine for routine in section.routines if routine.format == name]
            if tables := binade_tables(routines, self.pictures.profiles, FORMATS.get(name)):
                found[name] = tables
        return found

    def error_chart(self, section: Section) -> Markup | None:
        """Return the data of the figure to explore, error over the input."""
        chart = error_chart(section, self.pictures)
        return data_block(chart) if chart else None

    def speed_chart(self) -> Markup | None:
        """Return the data of the figure to explore, accuracy against speed."""
        chart = speed_chart(self.summary, self.pictures)
        return data_block(chart) if chart else None
