"""Two runs side by side as plain text and as Markdown."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from halfulp_reports.comparison_words import headline, split, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halfulp.expectations.comparison import Change, Comparison, SpeedChange

Quote: TypeAlias = Callable[[str], str]
"""Makes a label fit to stand in the form."""

QUIET = ("same", "equivalent", "not measured", "inconclusive")
"""Verdicts that are counted and not listed."""


def sentences(comparison: Comparison, quote: Quote) -> list[str]:
    """Return the findings: the headline, what else differs, and the two names."""
    first, counts = headline(comparison)
    found = [f"{first} {counts}", f"Before: {quote(comparison.base.name)}.",
             f"Now: {quote(comparison.head.name)}."]  # fmt: skip
    found += [
        f"They were made otherwise in {quote(item.name)}: {quote(item.before)} and "
        f"{quote(item.now)}{'; times are not compared' if item.forbids_times else ''}."
        for item in comparison.differences
    ]
    return found


def lines(comparison: Comparison, quote: Quote) -> Iterator[str]:
    """Yield a line for each row and time that is not quiet, most important first."""
    for change in comparison.changes:
        if change.verdict not in QUIET:
            yield _row(change, quote)
    for speed in comparison.speeds:
        if speed.verdict not in QUIET:
            yield _time(speed, quote)


def _row(change: Change, quote: Quote) -> str:
    where = f"{_named(change.routine, quote)}, {quote(change.key[1])}, {quote(change.key[2])}"
    # The reason may be in the words of a library; what moved is in ours.
    why = quote(change.reason) if change.reason else told(change)
    seen = change.now.witness if change.now else None
    at = f"; largest now at {quote(seen.input)}" if seen and not change.reason else ""
    return f"{change.verdict}: {where}: {why}{at}"


def _time(change: SpeedChange, quote: Quote) -> str:
    timed = change.now or change.before
    size = timed.size if timed else 0
    ratio = f"{change.ratio[0]:.2f} to {change.ratio[1]:.2f} times" if change.ratio else ""
    said = ratio or quote(change.reason)
    return (
        f"{change.verdict}: {_named(change.routine, quote)}, {size} "
        f"element{'' if size == 1 else 's'} a call: {said}"
    )


def _named(routine: str, quote: Quote) -> str:
    function, formula, backend, name = split(routine)
    by = "" if formula == "native" else f" as {quote(formula)}"
    return f"{quote(function)}{by} on {quote(backend)} {quote(name)}"
