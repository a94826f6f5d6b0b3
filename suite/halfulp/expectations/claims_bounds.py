"""Bounds: that no error of some rows is beyond a limit."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from halfulp.expectations.claims_bench import NotSettled
from halfulp.expectations.claims_model import BOUNDS
from halfulp.expectations.claims_rows import (
    Record,
    in_words,
    inputs_tried,
    pairs,
    place,
    require_measured,
    selected,
)
from halfulp.expectations.claims_verdicts import FALSE, HOLDS, NOT_MEASURED, Settled, sentence

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


# -- compared ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Pair:
    """The largest errors of a routine and of another on the same inputs."""

    mine: Range
    theirs: Range
    row: Record

    @property
    def is_smaller(self) -> bool | None:
        """Whether the first is smaller; None where the bounds do not tell."""
        if self.mine.low >= self.theirs.high or self.mine == self.theirs:
            return False
        return True if self.mine.high < self.theirs.low else None

    @property
    def text(self) -> str:
        return f"{self.mine.text} against {self.theirs.text} ({self.row['format']})"


def settle_more_accurate(claim: Claim, rows: Sequence[Record]) -> Settled:
    """Return what becomes of the claim that routines err less than others on the same inputs.

    Raises
    ------
    NotSettled
        If a row has no figures, or the errors are not known well enough.
    """
    other = claim.more_accurate_than
    assert other is not None, "the other routine is what the claim is made of"
    claimed = f"a smaller largest error than {in_words(other)}"
    chosen = pairs(selected(claim, rows), other, rows)
    found = _compared(chosen)
    shown = _shown(found)
    if worst := [pair for pair in found if pair.is_smaller is False]:
        said = [f"the largest error is {_shown(worst)} in the region {worst[0].row['region']}"]
        return Settled(FALSE, claimed, sentence([*said, *_elsewhere(claim, rows)]), shown)
    require_measured([row for pair in chosen for row in pair])
    if any(pair.is_smaller is None for pair in found):
        raise NotSettled(NOT_MEASURED, "the errors are not known well enough to tell them apart")
    tried = inputs_tried([pair.row for pair in found])
    return Settled(HOLDS, claimed, sentence([f"the largest error is {shown}, {tried}"]), shown)


def _compared(chosen: Sequence[tuple[Record, Record]]) -> list[_Pair]:
    return [
        _Pair(quantity(mine, "max_ulp"), quantity(theirs, "max_ulp"), mine)
        for mine, theirs in chosen
        if mine["status"] == theirs["status"] == "measured"
    ]


_MOST_SHOWN = 4


def _shown(found: Sequence[_Pair]) -> str:
    texts = list(dict.fromkeys(pair.text for pair in found))
    more = [f"{len(texts) - _MOST_SHOWN} more"] if len(texts) > _MOST_SHOWN else []
    return ", ".join(texts[:_MOST_SHOWN] + more)


def _elsewhere(claim: Claim, rows: Sequence[Record]) -> list[str]:
    """Say in which other regions the claim is true of all that was measured."""
    assert claim.more_accurate_than is not None, "asked of claims that compare"
    if claim.region == "*":
        return []
    anywhere = selected(claim.model_copy(update={"region": "*"}), rows)
    found = _compared(pairs(anywhere, claim.more_accurate_than, rows))
    said = []
    for region in dict.fromkeys(pair.row["region"] for pair in found):
        here = [pair for pair in found if pair.row["region"] == region]
        if all(pair.is_smaller for pair in here):
            said.append(f"it is smaller in the region {region}: {_shown(here)}")
    return said
