"""Colours by role: figures are drawn in stand-ins, which become variables or real colours."""

from __future__ import annotations

SERIES = 6
"""Colours in the page: --c1 to --c6."""

INK, MUTED, GRID, RULE = "#020001", "#020002", "#020003", "#020004"
"""Stand-ins for text, quiet text, grid lines, and the lines at 0.5 and 1 ulp."""

VARIABLES = {INK: "--ink", MUTED: "--muted", GRID: "--grid", RULE: "--rule"} | {
    f"#0100{number:02x}": f"--c{number}" for number in range(1, SERIES + 1)
}
"""The variable of a page for each stand-in."""

_LIGHT = {
    "--ink": "#1b1d20", "--muted": "#5d646d", "--grid": "#e8eaed", "--rule": "#8b929b",
    "--c1": "#1f5fb0", "--c2": "#b8480f", "--c3": "#1d7a4a", "--c4": "#8a3a9c", "--c5": "#a3242f",
    "--c6": "#5b6470",
}  # fmt: skip

LIGHT = {stand_in: _LIGHT[variable] for stand_in, variable in VARIABLES.items()}
"""The colour of each stand-in on white paper, as the page's style sheet has it."""


def series_colour(number: int) -> str:
    """Return the stand-in for the colour of a series, from 0; after the last they begin again."""
    return f"#0100{number % SERIES + 1:02x}"
