"""The verdict on a run: what is broken, what is missing, and the exit code that says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from halfulp.expectations.claims import broken as false_claims
from halfulp.expectations.limits_measured import BROKEN_STATUSES, Record
from halfulp.runs.schema import LIMIT_VERDICTS

if TYPE_CHECKING:
    from halfulp.expectations.limits import Tables

KEPT, BROKEN, MISSING = 0, 1, 3
"""Exit codes of `check`."""

_BAD = ("broken", "passes unexpectedly", "undecided")
_UNSETTLED_CLAIMS = ("unavailable", "not measured")


@dataclass(frozen=True)
class Finding:
    """Something that a check has to say about a case, a claim or the run itself.

    Parameters
    ----------
    grade
        `broken` fails a check, `missing` fails it under `--require`, `loose` under `--strict`.
    verdict
        In the words of `halfulp.runs.schema`, or a row's status.
    subject
        What it is about: a case, a claim, a backend, or the run.
    reason
        One sentence.
    rule
        What asked for it, or "".
    witness, got, want, command
        As in the table `limits`.
    """

    grade: Literal["broken", "missing", "loose"]
    verdict: str
    subject: str
    reason: str
    rule: str = ""
    note: str | None = None
    issue: str | None = None
    witness: str | None = None
    got: str | None = None
    want: str | None = None
    command: str | None = None


@dataclass(frozen=True)
class Verdict:
    """What a run comes to.

    Parameters
    ----------
    tables
        The run's tables: accuracy, limits, claims.
    manifest
        The contents of `run.json`.
    """

    tables: Tables
    manifest: Mapping[str, Any]

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that is not as it should be, what is broken first."""
        found = [
            *_of_limits(self.tables["limits"]),
            *_of_claims(self.tables.get("claims", ())),
            *_of_rows(self.tables["accuracy"], self.tables["limits"]),
        ]
        order = ("broken", "missing", "loose")
        return tuple(sorted(found, key=lambda finding: order.index(finding.grade)))

    @cached_property
    def absent(self) -> tuple[str, ...]:
        """What is missing so badly that no check can do without: a sentence each."""
        return tuple(_absences(self.tables["accuracy"], self.manifest))

    @property
    def counts(self) -> dict[str, int]:
        """Limits by verdict, in the order of the schema."""
        counted = Counter(record["verdict"] for record in self.tables["limits"])
        return {name: counted[name] for name in LIMIT_VERDICTS if counted[name]}

    def failing(self, *, require: bool = False, strict: bool = False) -> list[Finding]:
        """Return the findings that fail the check."""
        grades = {"broken", *(["missing"] if require else []), *(["loose"] if strict else [])}
        return [finding for finding in self.findings if finding.grade in grades]

    def exit_code(self, *, require: bool = False, strict: bool = False) -> int:
        """Return 1 if something is broken, 3 if something that must be there is missing, or 0."""
        grades = {finding.grade for finding in self.failing(require=require, strict=strict)}
        if grades & {"broken", "loose"}:
            return BROKEN
        return MISSING if grades or self.absent else KEPT


def _of_limits(records: Sequence[Record]) -> Iterator[Finding]:
    for record in records:
        if record["verdict"] in _BAD:
            yield _finding("broken", record)
        elif record["verdict"] == "not measured":
            yield _finding("missing", record)
        elif record["verdict"] == "loose":
            yield _finding("loose", record)


def _finding(grade: Literal["broken", "missing", "loose"], record: Record) -> Finding:
    case = f"{record['routine']}, region {record['region']}, {record['sampler']}"
    return Finding(
        grade,
        record["verdict"],
        f"{case}: {record['quantity']}",
        record["reason"] or "",
        record["rule"],
        *(record[name] for name in ("note", "issue", "witness", "got", "want", "command")),
    )


def _of_claims(records: Sequence[Record]) -> Iterator[Finding]:
    false = {id(record) for record in false_claims(records)}
    for record in records:
        subject = f"claim {record['number']} ({record['source']}): {record['says']}"
        if id(record) in false:
            yield Finding("broken", record["verdict"], subject, record["finding"] or "")
        elif record["verdict"] in _UNSETTLED_CLAIMS:
            yield Finding("missing", record["verdict"], subject, record["reason"] or "")


def _of_rows(rows: Sequence[Record], limits: Sequence[Record]) -> Iterator[Finding]:
    """Yield rows without figures, unless a limit has told of them."""
    told = {_place(record) for record in limits}
    for row in rows:
        if row["status"] == "measured" or _place(row) in told:
            continue
        grade: Literal["broken", "missing"] = (
            "broken" if row["status"] in BROKEN_STATUSES else "missing"
        )
        case = f"{row['routine']}, region {row['region']}, {row['sampler']}"
        yield Finding(grade, row["status"], case, row["reason"] or "")


def _place(record: Record) -> tuple[Any, ...]:
    return record["routine"], record["region"], record["sampler"]


def _absences(rows: Sequence[Record], manifest: Mapping[str, Any]) -> Iterator[str]:
    if manifest["status"] != "complete":
        finished = sum(row["status"] != "not measured" for row in rows)
        yield (
            f"the run is {manifest['status']}: {finished} of {len(rows)} rows were finished; "
            "`halfulp resume` goes on with it"
        )
    if not any(row["status"] == "measured" for row in rows):
        why = f": {rows[0]['routine']} is {rows[0]['status']}: {rows[0]['reason']}" if rows else ""
        yield f"nothing was measured{why}"
    for label, backend in manifest["backends"].items():
        own = [row for row in rows if row["backend"] == label]
        if backend.get("required") and own and all(_is_unavailable(row) for row in own):
            yield f"the required backend {label} is missing: {own[0]['reason']}"


def _is_unavailable(row: Record) -> bool:
    return bool(row["status"] == "unavailable")
