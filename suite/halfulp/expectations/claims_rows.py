"""The rows of a run that a claim is about, and their partners in a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from halfulp.expectations.claims_verdicts import NOT_MEASURED, UNAVAILABLE, NotSettled
from halfulp.routines import Routine, matches, selector

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from halfulp.expectations.claims_model import Claim, Other

Record: TypeAlias = dict[str, Any]

_PARTS = ("function", "formula", "backend", "format")


def selected(claim: Claim, rows: Iterable[Record]) -> list[Record]:
    """Return the rows that a claim's selectors choose.

    Raises
    ------
    NotSettled
        If there is none.
    """
    selectors = [selector(key, glob) for key, glob in claim.selectors.items()]
    found = [row for row in rows if matches(routine(row), row["region"], selectors)]
    if not found:
        raise NotSettled(NOT_MEASURED, "no row of this run is what the claim is about")
    return found


def routine(row: Record) -> Routine:
    """Return the routine of a row."""
    return Routine(*(row[part] for part in _PARTS))


def pairs(
    chosen: Sequence[Record], other: Other, rows: Iterable[Record]
) -> list[tuple[Record, Record]]:
    """Return rows with their partners: the same inputs, another routine.

    Raises
    ------
    NotSettled
        If no row has a partner.
    """
    known = {_key(row): row for row in rows}
    found = []
    for row in chosen:
        partner = known.get(_key({**row, **other.parts}))
        if partner is not None and partner is not row:
            found.append((row, partner))
    if not found:
        raise NotSettled(
            NOT_MEASURED, f"no row of this run is of {in_words(other)} on the same inputs"
        )
    return found


def _key(row: Record) -> tuple[str, ...]:
    return tuple(row[part] for part in (*_PARTS, "region", "sampler"))


def in_words(other: Other) -> str:
    """Return another routine as a text, such as "formula naive"."""
    return ", ".join(f"{part} {text}" for part, text in other.parts.items())


def require_measured(rows: Iterable[Record]) -> None:
    """Raise NotSettled for the first row without figures."""
    for row in rows:
        if row["status"] != "measured":
            verdict = NOT_MEASURED if row["status"] == "not measured" else UNAVAILABLE
            raise NotSettled(verdict, f"{row['routine']} is {row['status']}: {row['reason']}")


def place(row: Record) -> str:
    """Return a row's routine and region as text."""
    return f"{row['routine']} in the region {row['region']}"


def inputs_tried(rows: Sequence[Record]) -> str:
    """Say how many inputs rows have, and whether these are all."""
    total = sum(row["count"] or 0 for row in rows)
    if all(row["kind"] == "exhaustive" for row in rows):
        return f"at every one of {total:,} inputs"
    return f"at {total:,} inputs that were tried (others may differ)"
