"""Two runs side by side, in words that every form uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halfulp_reports.numbers import rounded_up

if TYPE_CHECKING:
    from halfulp.expectations.comparison import Change, Comparison, Figure

_NAMES = {
    "max_ulp": "largest error",
    "wrongly_rounded": "wrongly rounded",
    "specials": "wrong special values",
    "unfaithful": "unfaithful",
    "undecided": "undecided",
}


def headline(comparison: Comparison) -> tuple[str, str]:
    """Return what a reader wants to know first, and the counts."""
    counts = comparison.counts
    worse = counts.get("worse", 0) + counts.get("mixed", 0)
    listed = ", ".join(f"{number} {verdict}" for verdict, number in counts.items())
    said = f"{listed}." if listed else "Neither run has a row."
    if comparison.speed_counts:
        times = ", ".join(f"{number} {name}" for name, number in comparison.speed_counts.items())
        said += f" Time: {times}."
    if worse:
        return f"{worse} {'row is' if worse == 1 else 'rows are'} worse.", said
    if not set(counts) & {"better", "same"}:
        return "Nothing could be compared.", said
    return "No row is worse.", said


def told(change: Change) -> str:
    """Return what changed in a row, or why it is not compared."""
    moved = [figure for figure in change.figures if figure.direction != "same"]
    if moved:
        return "; ".join(map(_moved, moved))
    return change.reason or ("no figure moved beyond its interval" if change.figures else "")


def _moved(figure: Figure) -> str:
    before, now = rounded_up(figure.before[1]), rounded_up(figure.now[1])
    unit = " ulp" if figure.name == "max_ulp" else ""
    return f"{_NAMES[figure.name]} {figure.direction}: {before} to {now}{unit}"


def split(routine: str) -> tuple[str, str, str, str]:
    """Return function, formula, backend and format of an identity.

    A function or formula may be an expression with a slash of its own: what cannot be told apart
    stays with the function.
    """
    parts = routine.rsplit("/", 3)
    if len(parts) < 4:
        return routine, "native", "", ""
    return parts[0], parts[1], parts[2], parts[3]
