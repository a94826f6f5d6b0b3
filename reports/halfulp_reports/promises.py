"""What was promised of the routines: limits that they must keep, claims that documents make."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from halfulp.runs.schema import CLAIM_VERDICTS, LIMIT_VERDICTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from halfulp.runs.store import Run
    from halfulp_reports.rows import Record

BAD_LIMITS = ("broken", "passes unexpectedly")
"""Verdicts of limits that make a check fail."""

GOOD = ("kept", "loose", "fails as expected", "holds", "holds to the digits printed")
"""Verdicts that are as they should be."""

BAD = (*BAD_LIMITS, "false")
"""Verdicts that are not; what is in neither could not be settled."""


def tone(verdict: str) -> str:
    """Return `good`, `bad` or `open`: how a verdict is marked beside its words."""
    return "good" if verdict in GOOD else "bad" if verdict in BAD else "open"


def _counted(records: Iterable[Record], verdicts: Sequence[str]) -> dict[str, int]:
    found = [record["verdict"] for record in records]
    known = [*verdicts, *dict.fromkeys(v for v in found if v not in verdicts)]
    return {verdict: found.count(verdict) for verdict in known if verdict in found}


@dataclass(frozen=True)
class Promises:
    """The limits and claims of a run with their verdicts."""

    limits: tuple[Record, ...]
    claims: tuple[Record, ...]

    @cached_property
    def limit_counts(self) -> dict[str, int]:
        """Limits by verdict, in the order of the schema."""
        return _counted(self.limits, LIMIT_VERDICTS)

    @cached_property
    def claim_counts(self) -> dict[str, int]:
        """Claims by verdict, in the order of the schema."""
        return _counted(self.claims, CLAIM_VERDICTS)

    @cached_property
    def broken(self) -> list[Record]:
        """Limits that are not kept."""
        return [record for record in self.limits if record["verdict"] in BAD_LIMITS]

    @cached_property
    def false(self) -> list[Record]:
        """Claims that are not true."""
        return [record for record in self.claims if record["verdict"] == "false"]

    @property
    def unsettled(self) -> int:
        """Limits and claims that could not be settled: neither kept nor broken."""
        found = (*self.limits, *self.claims)
        return sum(tone(str(record["verdict"])) == "open" for record in found)

    @cached_property
    def by_weight(self) -> list[Record]:
        """Limits with those first that are broken, then those that are open."""
        order = {"bad": 0, "open": 1, "good": 2}
        return sorted(self.limits, key=lambda record: order[tone(str(record["verdict"]))])


def promises_of(run: Run) -> Promises:
    """Return what was promised of the routines of a run."""
    return Promises(tuple(run.records("limits")), tuple(run.records("claims")))
