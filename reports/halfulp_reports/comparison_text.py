"""Two runs side by side as plain text and as Markdown."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from halfulp_reports.comparison_words import headline, split, told
from halfulp_reports.numbers import decimal, rounded_up

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halfulp.expectations.baseline_model import Case
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
    errors = f"{_maximum(change.before)} to {_maximum(change.now)} ulp"
    seen = change.now.witness if change.now else None
    at = f", now largest at {quote(seen.input)}" if seen else ""
    return f"{change.verdict}: {where}: {errors}; {quote(told(change))}{at}"


def _time(change: SpeedChange, quote: Quote) -> str:
    timed = change.now or change.before
    size = f", {timed.size} elements" if timed else ""
    ratio = f"{change.ratio[0]:.2f} to {change.ratio[1]:.2f} times" if change.ratio else ""
    return (
        f"{change.verdict}: {_named(change.routine, quote)}{size}: {ratio or quote(change.reason)}"
    )


def _maximum(case: Case | None) -> str:
    return rounded_up(decimal(case.max_ulp_text)) if case and case.max_ulp_text else "none"


def _named(routine: str, quote: Quote) -> str:
    function, formula, backend, name = split(routine)
    by = "" if formula == "native" else f" as {quote(formula)}"
    return f"{quote(function)}{by} on {quote(backend)} {quote(name)}"
