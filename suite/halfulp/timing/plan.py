"""What is timed: routines that are compared, and the axes along which."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from halfulp.timing.regions import NORMAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halfulp.routines import Routine

SIZES = (1, 100, 10_000, 1_000_000, 10_000_000)
"""A scalar, and arrays that fit the first cache, the second, and none."""

OVERHEAD = 1.3
"""Wall time over time inside samples, for estimates."""


@dataclass(frozen=True)
class Options:
    """How timing is done.

    Parameters
    ----------
    sizes
        Elements of a call.
    regions
        Labels or names of the inputs' regions.
    allocations
        "out", "fresh" or both.
    strides, threads
        Distances of neighbouring inputs; numbers of threads.
    modes
        "throughput", "latency" or both.
    base
        The backend that ratios are taken against; "" for the first of each table.
    margin
        Ratios within a factor of 1 + margin are equivalent.
    rounds
        How often each routine takes its turn.
    sample_ms
        How long a sample lasts at least.
    call_limit_s
        A routine that would need longer for one call is not timed at that size.
    """

    sizes: tuple[int, ...] = SIZES
    regions: tuple[str, ...] = (NORMAL,)
    allocations: tuple[str, ...] = ("out",)
    strides: tuple[int, ...] = (1,)
    threads: tuple[int, ...] = (1,)
    modes: tuple[str, ...] = ("throughput",)
    base: str = ""
    margin: float = 0.03
    rounds: int = 30
    sample_ms: float = 10.0
    call_limit_s: float = 1.0


@dataclass(frozen=True)
class Entry:
    """A routine, with the expression of its formula; None for `native`."""

    routine: Routine
    expression: str | None = None


@dataclass(frozen=True)
class Series:
    """Routines that are compared with each other, size by size, on the same inputs.

    Parameters
    ----------
    function, format
        What they compute, in what.
    region, bounds
        Label of the region, and its bounds or the name of one that is derived.
    entries
        The routines.
    allocation, stride, threads, mode
        How they are called; see `halfulp.subject.timed.Setting`.
    """

    function: str
    format: str
    region: str
    bounds: str
    entries: tuple[Entry, ...]
    allocation: str = "out"
    stride: int = 1
    threads: int = 1
    mode: str = "throughput"

    def base(self, wanted: str) -> Entry | None:
        """Return the routine that the others are compared with, or None if it is not here.

        Parameters
        ----------
        wanted
            Label of a backend, "formula/backend", or "" for the first routine.
        """
        if not wanted:
            return self.entries[0]
        formula, _, label = wanted.rpartition("/")
        found = [entry for entry in self.entries if entry.routine.backend == label]
        if formula:
            found = [entry for entry in found if entry.routine.formula == formula]
        native = [entry for entry in found if entry.expression is None]
        return next(iter([*native, *found]), None)


@dataclass(frozen=True)
class TimingPlan:
    """Everything that is to be timed."""

    series: tuple[Series, ...]
    options: Options = field(default_factory=Options)
    seed: int = 0

    @property
    def rows(self) -> int:
        """The number of timed cases: a routine at a size."""
        return len(self.options.sizes) * sum(len(series.entries) for series in self.series)

    @property
    def comparisons(self) -> int:
        """The number of ratios in the table, over which their intervals are corrected."""
        with_base = (series for series in self.series if series.base(self.options.base))
        return len(self.options.sizes) * sum(len(series.entries) - 1 for series in with_base)

    @property
    def estimate_s(self) -> float:
        """Seconds that it takes if no call is longer than a sample."""
        return OVERHEAD * self.rows * self.options.rounds * self.options.sample_ms / 1e3

    def by_pool(self) -> Iterator[tuple[Series, ...]]:
        """Yield the series that share their inputs, together."""
        shared: dict[tuple[object, ...], list[Series]] = {}
        for series in self.series:
            key = (series.function, series.format, series.bounds, series.entries)
            shared.setdefault(key, []).append(series)
        for members in shared.values():
            yield tuple(members)
