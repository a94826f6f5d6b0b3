"""Limits, claims and failed rows of a run as checks with an outcome: what CI systems are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from halfulp.runs.store import Run

Outcome = Literal["passed", "failed", "error", "skipped"]

_OF_LIMITS: Mapping[str, Outcome] = {
    "kept": "passed",
    "loose": "passed",
    "fails as expected": "passed",
    "broken": "failed",
    "passes unexpectedly": "failed",
    "undecided": "failed",
    "not measured": "skipped",
}
_OF_CLAIMS: Mapping[str, Outcome] = {
    "holds": "passed",
    "holds to the digits printed": "passed",
    "false": "failed",
    "unavailable": "skipped",
    "not measured": "skipped",
}
_OF_ROWS: Mapping[str, Outcome] = {
    "crashed": "error",
    "timed out": "error",
    "failed": "error",
    "unavailable": "skipped",
    "not measured": "skipped",
}


@dataclass(frozen=True)
class Check:
    """Something that was checked.

    Parameters
    ----------
    group
        The rule, `claims`, or `rows`.
    subject, name
        What was checked: a routine and the case with the quantity, or a source and its claim.
    verdict
        In the run's own words.
    outcome
        In the words of CI systems.
    message
        One sentence.
    details
        More lines: the witness, the command that repeats it, the rule's own reason.
    """

    group: str
    subject: str
    name: str
    verdict: str
    outcome: Outcome
    message: str
    details: tuple[str, ...] = ()


def checks_of(run: Run) -> list[Check]:
    """Return what was checked in a run, in its order; rows only if they have no figures."""
    limits = run.records("limits")
    told = {_place(record) for record in limits}
    rows = [row for row in run.rows if row["status"] != "measured" and _place(row) not in told]
    return [
        *map(_limit, limits),
        *map(_claim, run.records("claims")),
        *map(_row, rows),
    ]


def _place(record: Mapping[str, Any]) -> tuple[Any, ...]:
    return record["routine"], record["region"], record["sampler"]


def _limit(record: Mapping[str, Any]) -> Check:
    verdict = _text(record["verdict"])
    return Check(
        _text(record["rule"]),
        _text(record["routine"]),
        f"{record['quantity']}, region {record['region']}, {record['sampler']}",
        verdict,
        _OF_LIMITS.get(verdict, "failed"),
        _text(record["reason"]),
        tuple(_details(record)),
    )


def _details(record: Mapping[str, Any]) -> Iterator[str]:
    if record["witness"] is not None:
        want = _text(record["want"]) or "undecided"
        yield f"at {record['witness']}: got {record['got']}, want {want}"
    if record["command"] is not None:
        yield f"repeat: {record['command']}"
    yield from (_text(record[name]) for name in ("note", "issue") if record[name])


def _claim(record: Mapping[str, Any]) -> Check:
    verdict = _text(record["verdict"])
    return Check(
        "claims",
        _text(record["source"]),
        f"claim {record['number']}: {record['says']}",
        verdict,
        _OF_CLAIMS.get(verdict, "failed"),
        _text(record["finding"] or record["reason"]),
    )


def _row(record: Mapping[str, Any]) -> Check:
    status = _text(record["status"])
    return Check(
        "rows",
        _text(record["routine"]),
        f"region {record['region']}, {record['sampler']}",
        status,
        _OF_ROWS.get(status, "error"),
        _text(record["reason"]),
    )


def _text(value: object) -> str:
    return "" if value is None else str(value)
