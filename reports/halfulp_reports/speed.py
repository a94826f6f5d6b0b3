"""What a run says of time: one case to compare all routines by, and the others beside it.

A case is everything that decides a time beside the routine: region, size, allocation, stride,
threads and mode. Times are compared within a case only.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from halfulp.runs.schema import IDENTITY, TIMING_IDENTITY
from halfulp_reports.numbers import NONE, count, nanoseconds, ratio

if TYPE_CHECKING:
    from collections.abc import Iterable

    from halfulp.runs.store import Run
    from halfulp_reports.rows import Record

_OF_ROUTINE = {column.name for column in IDENTITY if column.name != "region"}
_PARTS = tuple(column.name for column in TIMING_IDENTITY if column.name not in _OF_ROUTINE)

_FIGURES = re.compile(r"\d+(\.\d+)?")
"""What differs between warnings of one kind."""

_USUAL_SIZE = 1_000_000
"""Elements of the call that stands for a routine: calls of a few elements time the call."""

_ORDINARY = {"allocation": "out", "stride": 1, "threads": 1, "mode": "throughput"}
"""What a case is, as far as the study leaves it open; a case says only where it departs."""


@dataclass(frozen=True)
class Case:
    """What a time depends on beside its routine."""

    parts: tuple[tuple[str, Any], ...]

    @classmethod
    def of(cls, record: Record) -> Case:
        """Return the case of a row of timing or of ratios."""
        return cls(tuple((name, record.get(name)) for name in _PARTS))

    def __getitem__(self, name: str) -> Any:
        return dict(self.parts).get(name)

    @property
    def size(self) -> int:
        """Elements of one call."""
        return self["size"] or 0

    @property
    def without_size(self) -> Case:
        """What stays the same along a curve of time against size."""
        return Case(tuple(part for part in self.parts if part[0] != "size"))

    @property
    def strangeness(self) -> int:
        """In how many ways it departs from a plain call on one thread."""
        return sum(self[name] not in (None, usual) for name, usual in _ORDINARY.items())

    @property
    def text(self) -> str:
        """The case in words."""
        words = [f"{count(self.size)} elements a call"] if self["size"] is not None else []
        words.append(f"region {self['region']}")
        words.append({"out": "output given", "fresh": "output made"}.get(
            self["allocation"], str(self["allocation"] or "")
        ))  # fmt: skip
        words += [
            f"{name} {self[name]}"
            for name in _PARTS
            if name not in {"size", "region", "allocation"}
            and self[name] not in (None, _ORDINARY.get(name))
        ]
        return ", ".join(word for word in words if word)


@dataclass(frozen=True)
class Time:
    """The time of one routine in one case, with its ratio to the base."""

    record: Record
    ratio: Record | None

    @property
    def case(self) -> Case:
        """What the time depends on beside the routine."""
        return Case.of(self.record)

    @property
    def measured(self) -> bool:
        """Whether there is a figure."""
        return self.record["status"] == "measured" and bool(self.record["element_ns"])

    @property
    def element_ns(self) -> float | None:
        """Median time an element."""
        return self.record["element_ns"] if self.measured else None

    @property
    def interval_ns(self) -> tuple[float, float] | None:
        """The interval of the median, an element."""
        low, high = self.record["median_low_ns"], self.record["median_high_ns"]
        size = self.record["size"]
        return None if None in (low, high) or not size else (low / size, high / size)

    @property
    def shown(self) -> str:
        """The time an element as it is printed."""
        return nanoseconds(self.element_ns)

    @property
    def shown_interval(self) -> str:
        """The interval as it is printed."""
        ends = self.interval_ns
        return f"{nanoseconds(ends[0])} to {nanoseconds(ends[1])}" if ends else NONE

    @property
    def shown_ratio(self) -> str:
        """The ratio to the base as it is printed."""
        return ratio(self.ratio["ratio"]) if self.ratio else NONE

    @property
    def verdict(self) -> str:
        """What the ratio says: one of faster, slower, equivalent, inconclusive, not comparable."""
        return str(self.ratio["verdict"] or "") if self.ratio else ""


@dataclass(frozen=True)
class Speed:
    """All times of a run."""

    records: tuple[Record, ...]
    ratios: tuple[Record, ...]
    fits: tuple[Record, ...]
    stages: tuple[Record, ...]

    @cached_property
    def _ratio_of(self) -> dict[tuple[str, Case], Record]:
        return {(record["routine"], Case.of(record)): record for record in self.ratios}

    @cached_property
    def times(self) -> dict[str, list[Time]]:
        """The times of each routine, in the order of the study."""
        found: dict[str, list[Time]] = {}
        for record in self.records:
            partner = self._ratio_of.get((record["routine"], Case.of(record)))
            found.setdefault(record["routine"], []).append(Time(record, partner))
        return found

    @cached_property
    def case(self) -> Case | None:
        """The case by which routines are compared where one figure must do.

        The one that most routines were timed in; of equals the plainest, then the one whose size
        is nearest below a million, then the first.
        """
        counts = Counter(
            time.case for times in self.times.values() for time in times if time.measured
        )

        def rank(case: Case) -> tuple[int, int, bool, int]:
            too_large = case.size > _USUAL_SIZE
            return counts[case], -case.strangeness, not too_large, -abs(case.size - _USUAL_SIZE)

        return max(counts, key=rank, default=None)

    def of(self, routine: str) -> Time | None:
        """Return the time of a routine in the case of comparison."""
        found = (time for time in self.times.get(routine, ()) if time.case == self.case)
        return next((time for time in found if time.measured), None)

    def curve(self, routine: str) -> list[Time]:
        """Return the times of a routine along sizes, all else as in the case of comparison."""
        if self.case is None:
            return []
        alike = self.case.without_size
        found = [
            time
            for time in self.times.get(routine, ())
            if time.measured and time.case.without_size == alike
        ]
        return sorted(found, key=lambda time: time.case.size)

    def fit(self, routine: str) -> Record | None:
        """Return the cost of a call and of an element, as in the case of comparison."""
        for record in self.fits:
            if record["routine"] == routine and self.case is not None:
                case = Case.of(record)
                same = all(case[name] == self.case[name] for name in _PARTS if name != "size")
                if same:
                    return record
        return None

    @property
    def base(self) -> str | None:
        """The routine or backend that ratios are to, if it is one for all."""
        bases = {_backend_of(record["base"]) for record in self.ratios if record["base"]}
        return bases.pop() if len(bases) == 1 else None

    @property
    def verdicts(self) -> dict[str, int]:
        """How many routines are faster, slower and so on than their base, where compared."""
        found = Counter(
            record["verdict"]
            for record in self.ratios
            if Case.of(record) == self.case and record["base"] != record["routine"]
        )
        return dict(found.most_common())

    @property
    def warnings(self) -> dict[str, int]:
        """What makes times doubtful, told once of each kind, and of how many rows it is said."""
        said: dict[str, str] = {}
        rows: Counter[str] = Counter()
        for record in self.records:
            if text := record["warnings"]:
                kind = _FIGURES.sub("0", text)
                said.setdefault(kind, text)
                rows[kind] += 1
        return {said[kind]: number for kind, number in rows.most_common()}

    @property
    def missing(self) -> list[tuple[str, str, list[str]]]:
        """Timed cases without a figure: status, reason, and of which routines."""
        groups: dict[tuple[str, str], dict[str, None]] = {}
        for record in self.records:
            if record["status"] != "measured":
                key = (record["status"], record["reason"] or "no reason given")
                groups.setdefault(key, {})[record["routine"]] = None
        return [(status, reason, list(names)) for (status, reason), names in groups.items()]


def _backend_of(routine: str) -> str:
    """Return the backend in an identity; it stands before the format, which has no slash."""
    parts = routine.split("/")
    return parts[-2] if len(parts) > 3 else routine


def speed_of(run: Run) -> Speed:
    """Return the times of a run."""

    def table(name: str) -> Iterable[Record]:
        return run.records(name)

    return Speed(
        tuple(table("timing")),
        tuple(table("timing_ratios")),
        tuple(table("timing_fits")),
        tuple(table("timing_stages")),
    )
