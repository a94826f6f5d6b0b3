"""One accuracy row as a report shows it, with its witnesses and its special results."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from halfulp.runs.schema import CLASSES, DEFECTS
from halfulp_reports.numbers import NONE, decimal, rounded_up

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

Record = dict[str, Any]


@dataclass(frozen=True)
class Rail:
    """Special results: nans and infinities that were due, and by meaning those that were wrong."""

    nans: int
    infinities: int
    defects: tuple[tuple[str, int], ...]

    @property
    def wrong(self) -> int:
        """Wrong special results of every kind."""
        return sum(number for _, number in self.defects)


@dataclass(frozen=True)
class Row:
    """One accuracy row with its witnesses by quantity."""

    record: Record
    witnesses: dict[str, Record]

    def __getitem__(self, column: str) -> Any:
        """Return the value of a column."""
        return self.record[column]

    @property
    def measured(self) -> bool:
        """Whether the row has figures."""
        return bool(self.record["status"] == "measured")

    @cached_property
    def maximum(self) -> Decimal | None:
        """The largest error in ulp, or None if no input had a numeric error."""
        text = self.record["max_ulp_text"] if self.measured else None
        return None if text is None else decimal(text)

    @property
    def shown(self) -> str:
        """The maximum as it is printed, rounded up."""
        return NONE if self.maximum is None else rounded_up(self.maximum)

    @property
    def sign(self) -> str:
        """Whether the maximum bounds the region's true one from above or from below."""
        return "≤" if self.record["kind"] == "exhaustive" else "≥"

    @property
    def witness(self) -> Record | None:
        """The input of the maximum."""
        return self.witnesses.get("max_ulp")

    @property
    def others(self) -> list[tuple[str, Record]]:
        """Further witnesses at inputs of their own: what they are of, and where."""
        seen = {self.witness["input_bits"]} if self.witness else set()
        found = []
        for quantity, meaning in _OTHERS.items():
            witness = self.witnesses.get(quantity)
            if witness and (quantity == "max_ulp_flushing" or witness["input_bits"] not in seen):
                seen.add(witness["input_bits"])
                found.append((meaning, witness))
        return found

    @property
    def specials(self) -> int:
        """Wrong special values."""
        return self.record["specials"] or 0

    @property
    def undecided(self) -> int:
        """Quantities of inputs that could not be decided, of all three kinds."""
        kinds = ("undecided_error", "undecided_rounding", "undecided_faithful")
        return sum(self.record[kind] or 0 for kind in kinds)

    @property
    def rail(self) -> Rail:
        """The special results that were due, and those that were wrong."""
        return rail_of([self])

    @property
    def defects(self) -> list[tuple[str, int, Record | None]]:
        """The special-value defects: what is wrong, how often, and where it was first seen."""
        return [
            (CLASSES[name], self.record[name], self.witnesses.get(name))
            for name in DEFECTS
            if self.record[name]
        ]


_OTHERS = {
    "max_ulp_flushing": "largest error beside what a backend that flushes subnormals promises",
    "max_steps": "farthest from the correctly rounded result",
    "unfaithful": "first result with a float between it and the exact one",
    "undecided": "first input that is not decided",
}
"""Witnesses beside that of the maximum and those of special values."""


def rail_of(rows: Iterable[Row]) -> Rail:
    """Add the special results of rows."""
    nans = infinities = 0
    defects: dict[str, int] = {}
    for row in rows:
        nans += row["nan_expected"] or 0
        infinities += row["inf_expected"] or 0
        for meaning, number, _ in row.defects:
            defects[meaning] = defects.get(meaning, 0) + number
    return Rail(nans, infinities, tuple(defects.items()))
