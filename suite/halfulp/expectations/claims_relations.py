"""Relations: that two results are close, that a routine is faster than another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from halfulp import functions
from halfulp.backend import Request
from halfulp.exceptions import UsageError
from halfulp.expectations.claims_exact import UNDECIDED, number, points, real, substituted
from halfulp.expectations.claims_rows import in_words, routine
from halfulp.expectations.claims_verdicts import (
    FALSE,
    HOLDS,
    NOT_MEASURED,
    UNAVAILABLE,
    NotSettled,
    Settled,
    clause,
    sentence,
    unsettled,
)
from halfulp.expressions import Number, arguments
from halfulp.formats import format_named
from halfulp.routines import matches, selector

if TYPE_CHECKING:
    from collections.abc import Sequence

    from halfulp.expectations.claims_bench import Bench
    from halfulp.expectations.claims_model import Allclose, Claim, Other
    from halfulp.expectations.claims_rows import Record
    from halfulp.expectations.claims_text import Item
    from halfulp.routines import Routine


# -- close -------------------------------------------------------------------------------------


def check_allclose(claim: Claim) -> None:
    """Raise UsageError if a claim of closeness cannot be settled as it is written."""
    table = claim.allclose
    assert table is not None, "closeness is what the claim is made of"
    for text in (table.first, table.second):
        if arguments(functions.parse(text)) not in {(), ("x",)}:
            raise UsageError(f"expected an expression of x, but got {text!r}.")
    if any(len(point) != 1 for point in points(table.at)):
        raise UsageError("expected points with one number each.")
    number(table.rtol), number(table.atol)
    if not claim.code:
        format_named(claim.format)


def settle_allclose(claim: Claim, bench: Bench) -> Settled:
    """Return what becomes of the claim that two expressions are close."""
    table = claim.allclose
    assert table is not None, "closeness is what the claim is made of"
    true = _exactly(table)
    exact = None if true.close is None else f"{true.close}: they {true.difference}"
    try:
        said = _said(claim, table, bench)
    except NotSettled as error:
        return unsettled(error.verdict, "True", error.reason, exact)
    if true.close is None:
        return unsettled(NOT_MEASURED, "True", "the exact difference is not decided", exact)
    given = "the code says" if claim.code else "the results say"
    both = f"{table.first} and {table.second}"
    clauses = [f"{given} {said}", f"over the reals {both} {true.difference}"]
    verdict = HOLDS if said is True and true.close else FALSE
    return Settled(verdict, "True", sentence(clauses), str(said), exact)


@dataclass(frozen=True)
class _Closeness:
    """Whether two expressions are close, None where that is open, and how far apart they are."""

    close: bool | None
    difference: str


def _exactly(table: Allclose) -> _Closeness:
    """Return how close the expressions are over the reals."""
    first, second = (functions.parse(text) for text in (table.first, table.second))
    rtol, atol = number(table.rtol), number(table.atol)
    verdicts, largest, where = [], Fraction(-1), Fraction(0)
    for (x,) in points(table.at):
        at = {"x": Number(f"({x})", x)}
        one, other = real(substituted(first, at)), real(substituted(second, at))
        verdicts.append(_close(one, other, rtol, atol))
        if not one.special and not other.special:
            difference = abs(one.middle - other.middle)
            if difference > largest:
                largest, where = difference, x
    verdict = False if False in verdicts else None if None in verdicts else True
    if largest < 0:
        return _Closeness(verdict, "are nowhere both numbers")
    text = f"differ by up to {float(largest):.4g} (at x = {float(where):.4g})"
    return _Closeness(verdict, text)


def _close(one: Item, other: Item, rtol: Fraction, atol: Fraction) -> bool | None:
    """Tell whether |one - other| <= atol + rtol |other|, as allclose does; None if it is open."""
    if isinstance(one, bool) or isinstance(other, bool):
        return None
    if UNDECIDED in (one, other):
        return None
    if one.special or other.special:
        return one.special == other.special != "nan"
    room = atol + rtol * abs(other.middle)
    slack = (one.high - one.low) + 2 * (other.high - other.low)
    distance = abs(one.middle - other.middle)
    if distance + slack <= room:
        return True
    return False if distance - slack > room else slack == 0


def _said(claim: Claim, table: Allclose, bench: Bench) -> bool:
    """Return what the document's code says, or what results in the format say."""
    if claim.code:
        outcome = bench.run(claim.backend, claim.code)
        answer = outcome.items[0] if len(outcome.items) == 1 else None
        if not isinstance(answer, bool):
            raise NotSettled(UNAVAILABLE, "the code gives no True or False")
        return answer
    fmt, at = format_named(claim.format), points(table.at)
    rtol, atol = number(table.rtol), number(table.atol)
    sides = []
    for text in (table.first, table.second):
        request = Request(text, functions.parse(text), fmt, ("x",))
        sides.append(bench.values(claim.backend, request, at).items)
    return all(_close(one, other, rtol, atol) for one, other in zip(*sides, strict=True))


# -- faster ------------------------------------------------------------------------------------


def settle_faster(claim: Claim, ratios: Sequence[Record], rows: Sequence[Record]) -> Settled:
    """Return what becomes of the claim that a routine is faster, from the paired rounds of a run.

    Parameters
    ----------
    ratios, rows
        The tables timing_ratios, and accuracy, which has the parts of every routine.

    Raises
    ------
    NotSettled
        If the two were not timed against each other, or the rounds do not tell them apart.
    """
    other = claim.faster_than
    assert other is not None, "the other routine is what the claim is made of"
    known = {row["routine"]: routine(row) for row in rows}
    found = [
        duel
        for row in ratios
        if (duel := _duel(row, known.get(row["base"]), claim, other)) is not None
    ]
    if not found:
        raise NotSettled(NOT_MEASURED, f"nothing was timed against {in_words(other)}")
    claimed = f"faster than {in_words(other)}"
    shown = "; ".join(duel.text for duel in found)
    brief = "; ".join(duel.brief for duel in found)
    if lost := [duel for duel in found if duel.verdict in _LOST]:
        first, *others = [duel.text for duel in lost]
        said = [f"it is {_LOST[lost[0].verdict]}: {first}", *others]
        return Settled(FALSE, claimed, sentence(said[:_MOST_SHOWN]), brief)
    if open_ := [duel for duel in found if duel.verdict != "faster"]:
        more = f", and {len(open_) - 1} more" if len(open_) > 1 else ""
        reason = f"the measured times do not tell them apart ({clause(open_[0].text)}{more})"
        raise NotSettled(NOT_MEASURED, reason)
    return Settled(HOLDS, claimed, sentence([f"it is faster: {shown}"]), brief)


_LOST = {"slower": "slower", "equivalent": "no faster"}
_MIRRORED = {"slower": "faster", "faster": "slower"}
_MOST_SHOWN = 4


@dataclass(frozen=True)
class _Duel:
    """A row of paired rounds, seen from the routine that is claimed to be the faster."""

    verdict: str
    row: Record
    is_mirrored: bool

    @property
    def times(self) -> str:
        """The ratio with its interval."""
        low, middle, high = (self.row[f"ratio{end}"] for end in ("_low", "", "_high"))
        if self.is_mirrored:
            low, middle, high = 1 / high, 1 / middle, 1 / low
        return f"{middle:.3g} [{low:.3g}, {high:.3g}] times"

    @property
    def brief(self) -> str:
        """The ratio and its format."""
        if self.row["ratio_low"] is None:
            return f"{self.verdict} ({self.row['format']})"
        return f"{self.times} ({self.row['format']})"

    @property
    def text(self) -> str:
        """The ratio in words."""
        row = self.row
        mine, theirs = row["routine"], row["base"]
        if self.is_mirrored:
            mine, theirs = theirs, mine
        if row["ratio_low"] is None:
            return f"{mine} and {theirs} are {row['verdict']}: {row['reason']}"
        at = f"({row['size']:,} elements, region {row['region']})"
        return f"{mine} takes {self.times} as long as {theirs} {at}"


def _duel(row: Record, base: Routine | None, claim: Claim, other: Other) -> _Duel | None:
    """Return a row that times the two against each other, whichever of them is the base."""
    selectors = [selector(key, glob) for key, glob in claim.selectors.items()]
    timed = routine(row)
    if base is None:
        return None
    if matches(timed, row["region"], selectors) and base == replace(timed, **other.parts):
        return _Duel(row["verdict"], row, is_mirrored=False)
    if matches(base, row["region"], selectors) and timed == replace(base, **other.parts):
        said = str(row["verdict"])
        return _Duel(_MIRRORED.get(said, said), row, is_mirrored=True)
    return None
