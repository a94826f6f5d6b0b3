"""What the rows of a run say together: by routine, by function, and over all.

Every form of report reads this, so that a figure is the same in each.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from halfulp.formats import FORMATS
from halfulp.runs.schema import CLASSES, DEFECTS
from halfulp_reports.numbers import NONE, decimal, rounded_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from halfulp.runs.store import Run

Record = dict[str, Any]

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


@dataclass(frozen=True)
class Missing:
    """Rows without figures that share a status and a reason."""

    status: str
    reason: str
    rows: int
    routines: tuple[str, ...]


@dataclass(frozen=True)
class Summary:
    """What a run says."""

    run: Run
    routines: tuple[Routine, ...]

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """The functions in the order of the study."""
        groups: dict[str, list[Routine]] = {}
        for routine in self.routines:
            groups.setdefault(routine.function, []).append(routine)
        return tuple(
            Section(function, number, tuple(group))
            for number, (function, group) in enumerate(groups.items(), 1)
        )

    @cached_property
    def columns(self) -> dict[str, list[str]]:
        """The formats that each backend was asked for, narrowest first."""
        found: dict[str, list[str]] = {}
        for routine in self.routines:
            formats = found.setdefault(routine.backend, [])
            if routine.format not in formats:
                formats.append(routine.format)
        order = {name: number for number, name in enumerate(FORMATS)}
        return {
            backend: sorted(formats, key=lambda name: order.get(name, len(order)))
            for backend, formats in found.items()
        }

    @property
    def formats(self) -> list[str]:
        """Every format asked for, narrowest first where they are known."""
        found = dict.fromkeys(name for names in self.columns.values() for name in names)
        return [name for name in FORMATS if name in found] + [
            name for name in found if name not in FORMATS
        ]

    @cached_property
    def matrix(self) -> dict[tuple[str, str, str, str], Routine]:
        """Routines by function, formula, backend and format."""
        return {(r.function, r.formula, r.backend, r.format): r for r in self.routines}

    @cached_property
    def measured(self) -> list[Routine]:
        """Routines with at least one row of figures."""
        return [routine for routine in self.routines if routine.measured]

    @cached_property
    def ranking(self) -> list[Routine]:
        """Routines by their maximum, largest first."""
        ranked = [routine for routine in self.measured if routine.worst]
        # Stable: equals keep the order of the study.
        return sorted(ranked, key=lambda r: -(r.worst.maximum or 0) if r.worst else 0)

    @property
    def worst_of_each(self) -> list[Routine]:
        """The worst routine of each function, largest error first."""
        found: dict[str, Routine] = {}
        for routine in self.ranking:
            found.setdefault(routine.function, routine)
        return list(found.values())

    @cached_property
    def grades(self) -> dict[str, int]:
        """Routines by grade."""
        found = [routine.grade for routine in self.measured]
        return {grade: found.count(grade) for grade in GRADES}

    @cached_property
    def missing(self) -> list[Missing]:
        """Rows without figures, grouped by why."""
        groups: dict[tuple[str, str], list[str]] = {}
        for routine in self.routines:
            for row in routine.missing:
                key = (row["status"], row["reason"] or "no reason given")
                groups.setdefault(key, []).append(routine.name)
        return [
            Missing(status, reason, len(names), tuple(dict.fromkeys(names)))
            for (status, reason), names in groups.items()
        ]

    @cached_property
    def _common(self) -> dict[tuple[str, str], list[str]]:
        """Sentences that every note of a backend in a format has."""
        found: dict[tuple[str, str], list[str]] = {}
        for routine in self.routines:
            for row in routine.measured or routine.rows:
                sentences = _sentences(row["note"])
                before = found.setdefault((routine.backend, routine.format), sentences)
                before[:] = [sentence for sentence in before if sentence in sentences]
        return found

    @property
    def notes(self) -> dict[str, list[str]]:
        """How backends compute, where it is not obvious, and for which of their formats."""
        found: dict[str, list[str]] = {}
        for (backend, name), sentences in self._common.items():
            if sentences:
                found.setdefault(" ".join(sentences), []).append(f"{backend}, {name}")
        return found

    def row_notes(self, section: Section) -> list[tuple[Routine, Row, str]]:
        """Return what is noted of single rows of a section and not of their whole backend."""
        found = []
        for routine, row in section.rows:
            common = self._common[routine.backend, routine.format]
            own = [sentence for sentence in _sentences(row["note"]) if sentence not in common]
            if own:
                found.append((routine, row, " ".join(own)))
        return found

    @property
    def curves(self) -> list[tuple[str, str]]:
        """Every (formula, backend), in the order that fixes its colour and dashes."""
        return list(dict.fromkeys(routine.curve for routine in self.routines))

    def total(self, column: str) -> int:
        """Return the sum of a column over all measured rows."""
        return sum(row[column] or 0 for row in _measured_rows(self.routines))


def _sentences(note: str | None) -> list[str]:
    return _BETWEEN_SENTENCES.split(note) if note else []


_BETWEEN_SENTENCES = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


def _measured_rows(routines: Iterable[Routine]) -> Iterator[Row]:
    for routine in routines:
        yield from routine.measured


def summarise(run: Run) -> Summary:
    """Return what a run says."""
    witnesses: dict[tuple[str, str, str], dict[str, Record]] = {}
    for record in run.records("witnesses"):
        place = (record["routine"], record["region"], record["sampler"])
        witnesses.setdefault(place, {})[record["quantity"]] = record
    groups: dict[str, list[Row]] = {}
    for record in run.rows:
        place = (record["routine"], record["region"], record["sampler"])
        groups.setdefault(record["routine"], []).append(Row(record, witnesses.get(place, {})))
    return Summary(run, tuple(_routine(name, rows) for name, rows in groups.items()))


def _routine(name: str, rows: list[Row]) -> Routine:
    first = rows[0]
    parts = {part: first[part] for part in ("function", "formula", "backend", "format")}
    return Routine(name, rows=tuple(rows), **parts)
