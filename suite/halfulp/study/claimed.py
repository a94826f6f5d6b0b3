"""A study's claims in its plan and its run; how they are settled: `halfulp.expectations.claims`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from halfulp.exceptions import UsageError
from halfulp.expectations.claims import check, runs_in_subject, selects_rows, settle, unfinished
from halfulp.routines import matches, selector

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from halfulp.expectations.claims_model import Claim
    from halfulp.routines import Selector
    from halfulp.study.plan import Plan, Row
    from halfulp.subject.handle import Subject

Record = dict[str, Any]


def check_claim(claim: Claim, rows: Sequence[Row]) -> None:
    """Raise UsageError if a claim cannot be settled as it is written, or is about no row."""
    check(claim)
    if not selects_rows(claim):
        return
    selectors = [selector(key, glob) for key, glob in claim.selectors.items()]
    chosen = [row for row in rows if matches(row.routine, row.region, selectors)]
    if not chosen:
        raise UsageError(
            "no row of the study is what the claim is about; its globs must fit a function, "
            "formula, backend, format and region of a case."
        )
    if claim.other is not None and claim.content != "faster_than":
        known = {(row.routine, row.region, row.sampler) for row in rows}
        parts = claim.other.parts
        others = {(replace(row.routine, **parts), row.region, row.sampler) for row in chosen}
        if not others & known:
            raise UsageError(
                f"{claim.content}: no case has that other routine on the same inputs; it must "
                "have a row of the same region and sampler."
            )


def labels(claims: Sequence[Claim], only: Sequence[Selector] = ()) -> list[str]:
    """Return the labels of the backends in whose subjects claims run something.

    Parameters
    ----------
    only
        Selectors of a part of the study; those on backends count.
    """
    named = dict.fromkeys(claim.backend for claim in claims if runs_in_subject(claim))
    globs = [item for item in only if item.key == "backend"]
    return [
        label for label in named if not globs or any(g.accepts({"backend": label}) for g in globs)
    ]


def claims_of(
    plan: Plan, tables: Mapping[str, Sequence[Record]], status: str
) -> tuple[list[Record], str]:
    """Return the records of a plan's claims, and the status of the run after them.

    Parameters
    ----------
    tables
        The run's tables as far as they are made.
    status
        Of the run: the claims of an interrupted one are not measured.
    """
    if status != "complete":
        reason = "the run was interrupted before it came to the claims"
        return unfinished(plan.claims, reason), status
    left_out = set(labels(plan.claims)) - plan.backends.keys()
    reason = "its backend was left out of this run by --only"
    try:
        records = settle(
            plan.claims, tables, partial(_subject, plan), without=dict.fromkeys(left_out, reason)
        )
    except KeyboardInterrupt:
        return unfinished(plan.claims, "the run was interrupted at its claims"), "interrupted"
    return records, status


def _subject(plan: Plan, label: str) -> Subject:
    from halfulp.study.worker import subject_of

    return subject_of(plan.backends[label])
