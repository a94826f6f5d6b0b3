"""What all rows of one routine say together, and all routines of one function."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from urllib.parse import quote

from halfulp_reports.numbers import NONE
from halfulp_reports.rows import Row

GRADES = {
    "correct": "correctly rounded wherever tested",
    "one": "above 0.5, up to 1 ulp",
    "four": "above 1, up to 4 ulp",
    "more": "above 4 ulp",
}
"""What a routine's figures say of it, best first."""

_ANCHOR_LENGTH = 100


def anchor(name: str) -> str:
    """Return an id for a page: the identity itself where that is short and plain."""
    safe = quote(name, safe="/.:,+-*()=")
    if len(safe) <= _ANCHOR_LENGTH:
        return safe
    return safe[:60] + hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:16]


@dataclass(frozen=True)
class Routine:
    """All rows of one routine, and what they say together."""

    name: str
    function: str
    formula: str
    backend: str
    format: str
    rows: tuple[Row, ...]

    @property
    def curve(self) -> tuple[str, str]:
        """What fixes its colour and dashes in figures."""
        return self.formula, self.backend

    @property
    def anchor(self) -> str:
        """The id of the routine in a page."""
        return anchor(self.name)

    @cached_property
    def measured(self) -> tuple[Row, ...]:
        """The rows that have figures."""
        return tuple(row for row in self.rows if row.measured)

    @property
    def missing(self) -> tuple[Row, ...]:
        """The rows that have none."""
        return tuple(row for row in self.rows if not row.measured)

    @cached_property
    def worst(self) -> Row | None:
        """The row of the largest error; the first of equals."""
        rows = [row for row in self.measured if row.maximum is not None]
        return max(rows, key=lambda row: row.maximum or Decimal(0), default=None)

    @property
    def shown(self) -> str:
        """The maximum over all rows as it is printed."""
        return self.worst.shown if self.worst else NONE

    @cached_property
    def exhaustive(self) -> bool:
        """Whether the maximum is a bound over the whole axis."""
        return any(row["region"] == "all" and row["kind"] == "exhaustive" for row in self.measured)

    @property
    def sign(self) -> str:
        """Whether the maximum bounds the true one from above or from below."""
        return "≤" if self.exhaustive else "≥"

    @property
    def specials(self) -> int:
        """Special-value defects over all rows."""
        return sum(row["specials"] or 0 for row in self.measured)

    @property
    def undecided(self) -> int:
        """Undecided quantities over all rows."""
        return sum(row.undecided for row in self.measured)

    @property
    def well_rounded(self) -> bool:
        """Whether every numeric result was proved correctly rounded, by steps and not by error."""
        return all(
            row["wrongly_rounded"] == 0 and row["undecided_rounding"] == 0 for row in self.measured
        ) and bool(self.worst)

    @property
    def correct(self) -> bool:
        """Whether every result that was asked for came, correctly rounded, and none is special."""
        return self.well_rounded and not self.specials and not self.missing

    @property
    def grade(self) -> str | None:
        """The key in GRADES, or None without a numeric figure."""
        if self.worst is None or self.worst.maximum is None:
            return None
        if self.well_rounded:
            return "correct"
        maximum = self.worst.maximum
        return "one" if maximum <= 1 else "four" if maximum <= 4 else "more"

    @property
    def sort_key(self) -> str:
        """The order of the maximum among others: its decimal exponent and leading digits."""
        maximum = self.worst.maximum if self.worst else None
        return f"{maximum.log10():.9f}" if maximum else "-9999"

    @property
    def wrong_percent(self) -> float | None:
        """Share of wrongly rounded results over the nontrivial inputs of all rows."""
        return self._over_nontrivial("wrongly_rounded_percent")

    @property
    def mean_ulp(self) -> float | None:
        """Mean error over the nontrivial inputs of all rows."""
        return self._over_nontrivial("mean_ulp")

    def _over_nontrivial(self, column: str) -> float | None:
        """Return the mean of a column, weighted by the nontrivial inputs of each row."""
        parts = [
            (row[column], row["nontrivial"])
            for row in self.measured
            if row[column] is not None and row["nontrivial"]
        ]
        total = sum(weight for _, weight in parts)
        return sum(share * weight for share, weight in parts) / total if total else None

    @property
    def status(self) -> str:
        """What became of it, where there is no figure."""
        return "measured" if self.measured else str(self.rows[0]["status"])

    @property
    def reasons(self) -> str:
        """Why figures are missing, in one line."""
        lines = dict.fromkeys(
            f"{row['status']}: {row['reason'] or 'no reason given'}" for row in self.missing
        )
        return "; ".join(lines)


@dataclass(frozen=True)
class Section:
    """Everything measured for one function."""

    function: str
    number: int
    routines: tuple[Routine, ...]

    @property
    def anchor(self) -> str:
        """The id of the section in a page."""
        return anchor(self.function)

    @property
    def rows(self) -> list[tuple[Routine, Row]]:
        """Every measured row with its routine."""
        return [(routine, row) for routine in self.routines for row in routine.measured]

    @property
    def formulas(self) -> list[str]:
        """The formulas in the order of the study."""
        return list(dict.fromkeys(routine.formula for routine in self.routines))

    @property
    def expressions(self) -> dict[str, str]:
        """The expression of each formula that is not native."""
        return {
            routine.formula: routine.rows[0]["expression"]
            for routine in self.routines
            if routine.rows[0]["expression"]
        }

    @property
    def two_arguments(self) -> bool:
        """Whether its inputs are pairs."""
        witnesses = (row.witness for _, row in self.rows)
        return any(witness and "," in witness["input_hex"] for witness in witnesses)

    @cached_property
    def commands(self) -> list[str]:
        """The commands that repeat its witnesses, each once; what had to come is left out."""
        found = (
            witness["command"]
            for _, row in self.rows
            for quantity, witness in row.witnesses.items()
            if witness["command"] and not quantity.endswith("_expected")
        )
        return list(dict.fromkeys(found))
