"""Two runs side by side as a page, in the same style as the report of one."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from halfulp._version import __version__
from halfulp_reports.comparison_words import headline, split, told
from halfulp_reports.page import render

if TYPE_CHECKING:
    from halfulp.expectations.comparison import Comparison

MOST_ROWS = 500
"""Rows of one verdict in a page."""

_TONES = {
    "worse": "bad", "mixed": "bad", "slower": "bad", "better": "good", "faster": "good",
}  # fmt: skip
_SIGNS = {"worse": "▲", "mixed": "◆", "better": "▼", "slower": "▲", "faster": "▼", "new": "+",
          "gone": "\N{MINUS SIGN}", "same": "=", "equivalent": "="}  # fmt: skip


def comparison_page(comparison: Comparison) -> str:
    """Return the page of two runs."""
    verdicts = (*comparison.counts, *comparison.speed_counts)
    groups = groupby(comparison.changes, key=lambda change: change.verdict)
    return render(
        "compare.html.jinja",
        comparison=comparison,
        groups=[(verdict, list(changes)) for verdict, changes in groups],
        headline=headline(comparison),
        most=MOST_ROWS,
        tones={verdict: _TONES.get(verdict, "open") for verdict in verdicts},
        signs={verdict: _SIGNS.get(verdict, "?") for verdict in verdicts},
        told=told,
        split=split,
        version=__version__,
    )
