"""How fast a run's routines are, one record a timed case: what a baseline keeps of timing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from halfulp.runs.schema import TIMING_IDENTITY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CASE = tuple(column.name for column in TIMING_IDENTITY)
"""The columns that name a timed case."""

FIGURES = ("median_ns", "median_low_ns", "median_high_ns")
RATIOS = ("base", "ratio", "ratio_low", "ratio_high")


def speed(
    timing: Iterable[Mapping[str, Any]], ratios: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return the measured cases of the tables `timing` and `timing_ratios`, in order."""
    against = {case_of(record): record for record in ratios}
    found = []
    for record in timing:
        if record["status"] == "measured":
            ratio = against.get(case_of(record), {})
            names = {name: record[name] for name in CASE}
            figures = {name: record[name] for name in FIGURES}
            found.append(names | figures | {name: ratio.get(name) for name in RATIOS})
    return sorted(found, key=lambda record: tuple(map(str, case_of(record))))


def case_of(record: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what tells a timed case from others."""
    return tuple(record[name] for name in CASE)
