"""Bounds: that no error of some rows is beyond a limit."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from halfulp.expectations.claims_model import BOUNDS
from halfulp.expectations.claims_rows import Record, inputs_tried, place, require_measured, selected
from halfulp.expectations.claims_verdicts import (
    FALSE,
    HOLDS,
    NOT_MEASURED,
    NotSettled,
    Settled,
    sentence,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from halfulp.expectations.claims_model import Claim

NOUNS = {
    "max_ulp": "largest error in ulp",
    "mean_ulp": "mean error in ulp",
    "max_steps": "largest distance in steps",
    "wrongly_rounded_percent": "percentage of wrongly rounded results",
    "unfaithful": "number of unfaithful results",
    "specials": "number of wrong special results",
}
"""Quantities in words."""


@dataclass(frozen=True)
class Range:
    """A measured quantity between bounds; `text` is its upper end as it is shown."""

    low: Fraction
    high: Fraction
    text: str


def claimed_bounds(claim: Claim) -> str:
    """Return what is claimed as text."""
    given = {name: getattr(claim, name) for name in BOUNDS}
    return ", ".join(f"{NOUNS[n]} at most {b:g}" for n, b in given.items() if b is not None)


def settle_bound(claim: Claim, rows: Sequence[Record]) -> Settled:
    """Return what becomes of bounds on the rows that a claim selects.

    Raises
    ------
    NotSettled
        If a row has no figures, or what is undecided in it could break a bound.
    """
    chosen = selected(claim, rows)
    measured = [row for row in chosen if row["status"] == "measured"]
    kept = [
        _Bound(name, Fraction(limit), [(quantity(row, name), row) for row in measured])
        for name in BOUNDS
        if (limit := getattr(claim, name)) is not None
    ]
    claimed, shown = claimed_bounds(claim), "; ".join(bound.worst for bound in kept) or None
    if said := [bound.breach() for bound in kept if bound.is_broken]:
        return Settled(FALSE, claimed, sentence(said), shown)
    require_measured(chosen)
    if any(bound.is_open for bound in kept) or any(row["undecided_error"] for row in measured):
        raise NotSettled(NOT_MEASURED, "some errors are not known well enough to tell")
    said = [f"nothing beyond it was found {inputs_tried(measured)}: {shown}"]
    return Settled(HOLDS, claimed, sentence(said), shown)


@dataclass(frozen=True)
class _Bound:
    """One bound and what was measured, row by row."""

    name: str
    limit: Fraction
    figures: Sequence[tuple[Range, Record]]

    @property
    def is_broken(self) -> bool:
        return any(value.low > self.limit for value, _ in self.figures)

    @property
    def is_open(self) -> bool:
        return any(value.high > self.limit for value, _ in self.figures)

    @property
    def worst(self) -> str:
        return max(self.figures, key=_high)[0].text if self.figures else "none"

    def breach(self) -> str:
        value, row = max(self.figures, key=_high)
        limit = f"{float(self.limit):g}"
        return f"the {NOUNS[self.name]} is {value.text} (at {place(row)}), not at most {limit}"


def _high(figure: tuple[Range, Record]) -> Fraction:
    return figure[0].high


def quantity(row: Record, name: str) -> Range:
    """Return a quantity of a measured row with what is undecided in it."""
    match name:
        case "max_ulp":
            high = Fraction(row["max_ulp_text"] or 0)
            low = high if row["max_ulp_low"] is None else Fraction(row["max_ulp_low"])
            return Range(low, high, f"{_rounded_up(high)} ulp")
        case "unfaithful":
            return _counted(row["unfaithful"], row["undecided_faithful"])
        case "specials":
            return _counted(row["specials"], 0)
        case "max_steps":
            return _counted(int(row["max_steps"] or 0), 0)
    value, room = Fraction(row[name] or 0), Fraction(0)
    if name == "wrongly_rounded_percent" and row["nontrivial"]:
        room = Fraction(100 * row["undecided_rounding"], row["nontrivial"])
    return Range(value, value + room, f"{float(value + room):.4g}")


def _counted(count: int, undecided: int) -> Range:
    return Range(Fraction(count), Fraction(count + undecided), f"{count + undecided:,}")


def _rounded_up(value: Fraction) -> str:
    """Return a few digits of a maximum, rounded up."""
    if value >= 10**6:
        return f"{float(value):.3g}"
    scaled = -(-value.numerator * 10**3 // value.denominator)
    return f"{scaled / 10**3:g}"
