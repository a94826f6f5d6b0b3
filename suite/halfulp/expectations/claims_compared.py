"""Comparisons of accuracy: that a routine errs less than another, and where it gains most."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from halfulp.expectations.claims_bounds import Range, quantity
from halfulp.expectations.claims_rows import (
    Record,
    in_words,
    inputs_tried,
    pairs,
    require_measured,
    selected,
)
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

    from halfulp.expectations.claims_model import Claim, Other


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
    def gain(self) -> Fraction:
        """How many times smaller the first is; errors below 2^-60 ulp count as that."""
        least = Fraction(1, 1 << 60)
        return max(self.theirs.high, least) / max(self.mine.high, least)

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
    return [
        f"it is smaller in the region {region}: {_shown(here)}"
        for region, here in _by_region(claim, claim.more_accurate_than, rows).items()
        if all(pair.is_smaller for pair in here)
    ]


def _by_region(claim: Claim, other: Other, rows: Sequence[Record]) -> dict[str, list[_Pair]]:
    """Return what was measured in each region of its own; the whole axis is none."""
    anywhere = selected(claim.model_copy(update={"region": "*"}), rows)
    found: dict[str, list[_Pair]] = {}
    for pair in _compared(pairs(anywhere, other, rows)):
        if pair.row["bounds"] != "all":
            found.setdefault(pair.row["region"], []).append(pair)
    return found


# -- gains -------------------------------------------------------------------------------------


def settle_gains(claim: Claim, rows: Sequence[Record]) -> Settled:
    """Return what becomes of the claim that routines gain most over others in a region.

    The gain is how many times smaller the largest error is, of the same inputs. It must be larger
    than in every other region of the run in which both were measured, in each format.

    Raises
    ------
    NotSettled
        If a row has no figures, or there is no other region.
    """
    other = claim.gains_most_over
    assert other is not None, "the other routine is what the claim is made of"
    claimed = f"gains most over {in_words(other)} in the region {claim.region}"
    chosen = pairs(selected(claim, rows), other, rows)
    require_measured([row for pair in chosen for row in pair])
    here = _compared(chosen)
    shown, brief = f"{_gain_text(here)} in the region {claim.region}", _brief(here)
    regions = {pair.row["region"] for pair in here}
    elsewhere = {
        region: found
        for region, found in _by_region(claim, other, rows).items()
        if region not in regions
    }
    if not elsewhere:
        raise NotSettled(NOT_MEASURED, "no other region of this run has both routines")
    more = [region for region, found in elsewhere.items() if _gains(found, here)]
    if more:
        largest = max(more, key=lambda region: max(pair.gain for pair in elsewhere[region]))
        better = f"{_gain_text(elsewhere[largest])} in the region {largest}"
        said = f"the largest error is {shown}, but {better}"
        return Settled(FALSE, claimed, sentence([said]), f"{brief}; {_brief(elsewhere[largest])}")
    said = f"the largest error is {shown}, and the gain is smaller elsewhere"
    return Settled(HOLDS, claimed, sentence([said]), brief)


def _brief(found: Sequence[_Pair]) -> str:
    gains = sorted(pair.gain for pair in found)
    ends = " to ".join(dict.fromkeys(_times(gain) for gain in (gains[0], gains[-1])))
    return f"{ends} times smaller ({found[0].row['region']})"


def _gains(one: Sequence[_Pair], other: Sequence[_Pair]) -> bool:
    """Tell whether the gain of one region is the other's or more, in a format that both have."""
    return any(
        mine.gain >= theirs.gain
        for mine in one
        for theirs in other
        if _routine(mine.row) == _routine(theirs.row)
    )


def _routine(row: Record) -> str:
    return str(row["routine"])


def _gain_text(found: Sequence[_Pair]) -> str:
    texts = dict.fromkeys(
        f"{_times(pair.gain)} times smaller in {pair.row['format']} "
        f"({pair.mine.text} against {pair.theirs.text})"
        for pair in found
    )
    return ", ".join(list(texts)[:_MOST_SHOWN])


def _times(gain: Fraction) -> str:
    return f"{float(gain):.3g}" if gain < 10**6 else f"{float(gain):.2g}"
