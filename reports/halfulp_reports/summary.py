"""What the rows of a run say together: by routine, by function, and over all.

Every form of report reads this, so that a figure is the same in each.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from halfulp.formats import FORMATS
from halfulp_reports.promises import Promises, promises_of
from halfulp_reports.routines import GRADES, Routine, Section
from halfulp_reports.rows import Record, Row
from halfulp_reports.speed import Speed, speed_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from halfulp.runs.store import Run


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
    speed: Speed
    promises: Promises

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
    routines = tuple(_routine(name, rows) for name, rows in groups.items())
    return Summary(run, routines, speed_of(run), promises_of(run))


def _routine(name: str, rows: list[Row]) -> Routine:
    first = rows[0]
    parts = {part: first[part] for part in ("function", "formula", "backend", "format")}
    return Routine(name, rows=tuple(rows), **parts)
