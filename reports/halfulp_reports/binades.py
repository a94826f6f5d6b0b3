"""Where on the input axis the errors are: the bins of a profile, merged into a few ranges.

A range is a group of neighbouring binades of one sign. Neighbours whose errors are alike are merged
first, so that borders stay where the error changes. Profile bins are parts of the axis that are
equal in encodings: a bin that crosses a binade's border belongs where its middle lies, and a range
is named by the ends of its bins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from math import frexp
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from halfulp_reports.numbers import NONE, plain_power, rounded_up
from halfulp_reports.plots import is_usable
from halfulp_reports.rows import Rail, rail_of
from halfulp_reports.scales import encoding_position

if TYPE_CHECKING:
    from halfulp.formats import Format
    from halfulp_reports.routines import Routine

Values = npt.NDArray[np.float64]
Record = Mapping[str, Any]
Profiles = Mapping[tuple[str, str], Sequence[Record]]
"""The bins of a profile by routine and region."""

MOST_RANGES = 16
CAP = 2.0**53
"""Where the maxima of bins are capped."""

_FEW = 100
"""Inputs of which the maximum is half chance."""

_SUMS = ("count", "nontrivial", "wrongly_rounded", "specials")


@dataclass(frozen=True)
class Heat:
    """The figures of one routine in one range; means and shares are over all its inputs.

    `max_ulp` is None where no input had a numeric error.
    """

    count: int
    nontrivial: int
    max_ulp: float | None
    mean_ulp: float | None
    wrongly_rounded: int
    specials: int

    @property
    def shown(self) -> str:
        """The maximum as it is printed, rounded up."""
        if self.max_ulp is None:
            return NONE
        shown = rounded_up(Decimal(self.max_ulp))
        return f"≥ {shown}" if self.max_ulp >= CAP else shown

    @property
    def percent(self) -> float | None:
        """Share of wrongly rounded results."""
        return 100 * self.wrongly_rounded / self.count if self.count else None

    @property
    def grade(self) -> str:
        """The key in `halfulp_reports.summary.GRADES`, or none."""
        if self.max_ulp is None:
            return "none"
        if not self.wrongly_rounded:
            return "correct"
        return "one" if self.max_ulp <= 1 else "four" if self.max_ulp <= 4 else "more"


@dataclass(frozen=True)
class Range:
    """A part of the input axis with the figures of every routine, in the order of the table."""

    label: str
    low: float
    high: float
    heats: tuple[Heat, ...]


@dataclass(frozen=True)
class Table:
    """The ranges of one format and region."""

    region: str
    bounds: str
    routines: tuple[Routine, ...]
    ranges: tuple[Range, ...]
    rails: tuple[Rail, ...]

    @cached_property
    def shared_counts(self) -> bool:
        """Whether every routine had the same numbers of inputs in every range."""
        counts = ({(heat.count, heat.nontrivial) for heat in r.heats} for r in self.ranges)
        return all(len(found) == 1 for found in counts)


def binade_tables(
    routines: Iterable[Routine], profiles: Profiles, record: Format | None
) -> list[Table]:
    """Return a table for each region in which routines of one format have bins."""
    if record is None:
        return []
    regions: dict[tuple[str, str], list[Routine]] = {}
    for routine in routines:
        for place in dict.fromkeys((row["region"], row["bounds"]) for row in routine.measured):
            if any(is_usable(row) for row in profiles.get((routine.name, place[0]), ())):
                regions.setdefault(place, []).append(routine)
    return [
        _table(region, bounds or "", tuple(members), profiles, record)
        for (region, bounds), members in regions.items()
    ]


def _table(
    region: str, bounds: str, routines: tuple[Routine, ...], profiles: Profiles, record: Format
) -> Table:
    bins = [
        [row for row in profiles[routine.name, region] if is_usable(row)] for routine in routines
    ]
    rails = (
        rail_of(row for row in routine.measured if row["region"] == region) for routine in routines
    )
    return Table(region, bounds, routines, tuple(_ranges(bins, record)), tuple(rails))


# -- ranges ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Cells:
    """Figures of neighbouring parts of the axis: a row a part and a column a routine."""

    places: Values  # (n, 2): ends in the order of encodings, in binades from zero
    ends: Values  # (n, 2): the same ends as numbers
    largest: Values  # nan where no input has a numeric error
    total: Values  # sums of |error|
    sums: Mapping[str, Values]

    def merged(self, starts: Sequence[int]) -> _Cells:
        """Return the cells merged into groups that begin at `starts`."""
        last = [*(start - 1 for start in starts[1:]), len(self.places) - 1]
        return _Cells(
            np.column_stack([self.places[list(starts), 0], self.places[last, 1]]),
            np.column_stack([self.ends[list(starts), 0], self.ends[last, 1]]),
            np.fmax.reduceat(self.largest, starts),
            np.add.reduceat(self.total, starts),
            {name: np.add.reduceat(values, starts) for name, values in self.sums.items()},
        )


def _ranges(bins: Sequence[Sequence[Record]], record: Format) -> list[Range]:
    """Merge the bins of every routine into the same ranges."""
    cells = _cells(bins, record)
    cells = cells.merged(_starts(cells))
    labels = range_labels(cells.ends, record)
    return [
        Range(label, float(low), float(high), tuple(_heat(cells, n, r) for r in range(len(bins))))
        for n, (label, (low, high)) in enumerate(zip(labels, cells.ends, strict=True))
    ]


def _heat(cells: _Cells, n: int, routine: int) -> Heat:
    sums = {name: int(values[n, routine]) for name, values in cells.sums.items()}
    largest, count = float(cells.largest[n, routine]), sums["count"]
    return Heat(
        max_ulp=largest if count else None,
        mean_ulp=float(cells.total[n, routine]) / count if count else None,
        **sums,
    )


def _cells(bins: Sequence[Sequence[Record]], record: Format) -> _Cells:
    """Lay bins over cells of one binade, or of parts of one where the region has few."""
    rows = [row for routine in bins for row in routine]
    owner = np.repeat(np.arange(len(bins)), [len(routine) for routine in bins])
    ends = np.array([(row["low"], row["high"]) for row in rows], dtype=np.float64)
    places = encoding_position(ends, record)
    keys, number = np.unique(_keys(places.mean(axis=1)), return_inverse=True)
    counts = _column(rows, "count")

    def laid(combine: np.ufunc, start: float, values: Values) -> Values:
        cells = np.full((len(keys), len(bins)), start, dtype=np.float64)
        combine.at(cells, (number, owner), values)
        return cells

    return _Cells(
        _outermost(places, number),
        _outermost(ends, number),
        laid(np.fmax, np.nan, np.where(counts > 0, _column(rows, "max_ulp"), np.nan)),
        laid(np.add, 0, _column(rows, "mean_ulp") * counts),
        {name: laid(np.add, 0, _column(rows, name)) for name in _SUMS},
    )


def _outermost(ends: Values, number: npt.NDArray[np.intp]) -> Values:
    """Return the lowest and the highest end in each cell."""
    found = np.tile([np.inf, -np.inf], (int(number.max()) + 1, 1))
    np.minimum.at(found[:, 0], number, ends[:, 0])
    np.maximum.at(found[:, 1], number, ends[:, 1])
    return found


def _column(rows: Sequence[Record], name: str) -> Values:
    return np.array([row[name] or 0 for row in rows], dtype=np.float64)


def _keys(middles: Values) -> npt.NDArray[np.int64]:
    """Return the cell of each bin: its binade, cut in 2, 4 or 8 where that gives few cells."""
    found = np.floor(middles)
    for parts in (8, 4, 2):
        finer = np.floor(middles * parts)
        if len(np.unique(finer)) <= MOST_RANGES:
            found = finer
            break
    return found.astype(np.int64)


def _starts(cells: _Cells) -> list[int]:
    """Return where ranges begin: the neighbours that cost least are merged until few are left."""
    starts = list(range(len(cells.places)))
    negative = cells.places.mean(axis=1) < 0
    levels, counts = _level(cells.largest), cells.sums["count"].copy()
    width = _share(cells.sums["nontrivial"].max(axis=1)) + _share(np.ptp(cells.places, axis=1))
    while len(starts) > MOST_RANGES:
        cost = _difference(levels, counts) + 0.5 * (width[:-1] + width[1:])
        cost[negative[:-1] != negative[1:]] = np.inf
        first = int(np.argmin(cost))
        levels[first] = np.fmax(levels[first], levels[first + 1])
        for sums in (counts, width):
            sums[first] += sums[first + 1]
        del starts[first + 1]
        levels, counts = (np.delete(values, first + 1, axis=0) for values in (levels, counts))
        width, negative = (np.delete(values, first + 1) for values in (width, negative))
    return starts


def _level(error: Values) -> Values:
    """Return how an error looks: evenly up to 1 ulp, then by doublings."""
    return np.where(error <= 1, error, 1 + np.log2(np.fmax(error, 1)))


def _difference(levels: Values, counts: Values) -> Values:
    """Return the largest difference between neighbours; a routine without a figure has none.

    A smaller maximum may be chance where inputs are few, a larger one is not.
    """
    steps = np.diff(levels, axis=0)
    of_lower = np.where(steps > 0, counts[:-1], counts[1:])
    weighted = np.abs(steps) * of_lower / (of_lower + _FEW)
    difference: Values = np.nan_to_num(weighted).max(axis=1)
    return difference


def _share(values: Values) -> Values:
    return values / max(float(values.sum()), 1e-9)


# -- labels ------------------------------------------------------------------------------------


def range_labels(ends: Values, record: Format) -> list[str]:
    """Return names of ranges, such as "0.75 to 2⁴⁰", from their lowest and highest inputs."""
    places = encoding_position(ends, record)
    highs = ends[:, 1].copy()
    # Neighbours share a border; the gap between them is one encoding.
    near = np.abs(places[1:, 0] - places[:-1, 1]) < _NEAR
    highs[:-1][near] = ends[1:, 0][near]
    return [
        f"{_end(float(low), record)} to {_end(float(high), record)}"
        for low, high in zip(ends[:, 0], highs, strict=True)
    ]


_NEAR = 2.0**-6


def _end(value: float, record: Format) -> str:
    """Return an end of a range to a few digits, or as a power of two if it is close to one."""
    if value == 0:
        return "0"
    mantissa, exponent = frexp(abs(value))
    mantissa, exponent = mantissa * 2, exponent - 1
    if exponent == record.emax and mantissa > 1.9:
        text = "max"
    elif mantissa < 1.05 or mantissa > 1.95:
        text = plain_power(exponent + (mantissa > 1.5))
    elif -4 <= exponent <= 9:
        text = f"{abs(value):.3g}"
    else:
        text = f"{mantissa:.1f}·{plain_power(exponent)}"
    return ("\N{MINUS SIGN}" if value < 0 else "") + text
