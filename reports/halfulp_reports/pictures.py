"""Every plot of a run by name, and the figures that a page holds.

Names are `accuracy-speed`, and for each function `error/FUNCTION` and `speed/FUNCTION`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from halfulp_reports.figures import (
    alternative,
    growths_of,
    panels_of,
    points_of,
    profiles_of,
    speed_in_words,
    styles_of,
)
from halfulp_reports.plots import error_figure
from halfulp_reports.speed_plots import overview_figure, speed_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from halfulp_reports.binades import Profiles
    from halfulp_reports.figures import Styles
    from halfulp_reports.plots import Panel
    from halfulp_reports.routines import Section
    from halfulp_reports.summary import Summary

OVERVIEW = "accuracy-speed"


@dataclass(frozen=True)
class Pictures:
    """The plots of a run."""

    summary: Summary

    @cached_property
    def profiles(self) -> Profiles:
        """The bins of every routine and region."""
        return profiles_of(self.summary.run)

    @cached_property
    def styles(self) -> Styles:
        """The style of each curve."""
        return styles_of(self.summary)

    @cached_property
    def names(self) -> list[str]:
        """The names of all plots that have something to show, most important first."""
        names = [OVERVIEW] if points_of(self.summary, self.summary.routines) else []
        names += [f"error/{s.function}" for s in self.summary.sections if self.panels(s)]
        names += [f"speed/{s.function}" for s in self.summary.sections if self._is_timed(s)]
        return names

    def draw(self, name: str) -> tuple[Figure, str]:
        """Draw a plot of `names`; return it with its words."""
        if name == OVERVIEW:
            points = points_of(self.summary, self.summary.routines)
            return overview_figure(points), speed_in_words(self.summary, self.summary.routines)
        kind, _, function = name.partition("/")
        section = next(s for s in self.summary.sections if s.function == function)
        if kind == "error":
            return error_figure(self.panels(section)), alternative(section)
        points = points_of(self.summary, section.routines)
        growths = growths_of(self.summary, section.routines)
        return speed_figure(points, growths), speed_in_words(self.summary, section.routines)

    def curves_of(self, name: str) -> list[tuple[str, str]]:
        """Return the (formula, backend) that a plot shows, in the order of their styles."""
        function = name.partition("/")[2]
        timed = self.summary.speed
        shown = {
            routine.curve
            for routine in self.summary.routines
            if (function in ("", routine.function) and routine.worst)
            and (name.startswith("error/") or timed.of(routine.name))
        }
        return [curve for curve in self.summary.curves if curve in shown]

    def panels(self, section: Section) -> list[Panel]:
        """Return a panel for each format in which something of a function was measured."""
        return panels_of(section, self.profiles, self.styles)

    def _is_timed(self, section: Section) -> bool:
        return any(self.summary.speed.of(routine.name) for routine in section.routines)
