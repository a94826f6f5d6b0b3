"""What can become of a claim, and the record of it in the table `claims`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from halfulp.exceptions import HalfulpError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from halfulp.expectations.claims_model import Claim

HOLDS, TO_THE_DIGITS, FALSE = "holds", "holds to the digits printed", "false"
UNAVAILABLE, NOT_MEASURED = "unavailable", "not measured"


class NotSettled(HalfulpError):  # noqa: N818 - a verdict of its own, not an error
    """A claim that this run cannot settle, with the verdict that says so and why."""

    def __init__(self, verdict: str, reason: str) -> None:
        super().__init__(reason)
        self.verdict = verdict
        self.reason = reason


@dataclass(frozen=True)
class Settled:
    """What became of one claim: columns of the table `claims`."""

    verdict: str
    claimed: str
    finding: str
    computed: str | None = None
    exact: str | None = None
    reason: str | None = None

    def record(self, number: int, claim: Claim) -> dict[str, Any]:
        """Return the row of a claim."""
        return {
            "number": number,
            "source": claim.source,
            "says": claim.says,
            "kind": claim.kind,
            "backend": None if claim.backend == "*" else claim.backend,
            "verdict": self.verdict,
            "reason": self.reason,
            "claimed": self.claimed,
            "computed": self.computed,
            "exact": self.exact,
            "finding": self.finding,
            "code": _code(claim),
        }


def unsettled(verdict: str, claimed: str, reason: str, exact: str | None = None) -> Settled:
    """Return what becomes of a claim that this run cannot settle."""
    return Settled(
        verdict, claimed, f"This run does not say: {clause(reason)}.", None, exact, reason
    )


def _code(claim: Claim) -> str | None:
    """Return what was run, or the expression with its points, or None for rows of the run."""
    if claim.code:
        return claim.code.strip()
    if claim.expression:
        return f"{claim.expression} in {claim.format}"
    return None


# -- sentences ---------------------------------------------------------------------------------


def clause(text: str) -> str:
    """Return a sentence as a part of another: without its full stop."""
    return text.strip().removesuffix(".")


def sentence(clauses: Sequence[str]) -> str:
    """Return clauses as one sentence."""
    joined = "; ".join(clauses)
    return f"{joined[:1].upper()}{joined[1:]}."


def counted(count: int, noun: str) -> str:
    """Return a count with its noun, such as "1 row" or "2 rows"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
