"""Ranges of the input axis, from bins made by hand."""

from __future__ import annotations

from itertools import pairwise
from math import inf, nan
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from halfulp.formats import FORMATS, Format
from halfulp_reports.binades import CAP, MOST_RANGES, Heat, Table, binade_tables, range_labels
from halfulp_reports.scales import encoding_position

if TYPE_CHECKING:
    from collections.abc import Callable

Error = "Callable[[float], float]"
MINUS = "\N{MINUS SIGN}"


def bins(
    record: Format, error: Callable[[float], float], number: int = 512
) -> list[dict[str, Any]]:
    """Return bins over the whole axis as the judge cuts it: parts equal in encodings."""
    low, high = -record.max_magnitude, record.max_magnitude
    width = -(-(high - low + 1) // number)
    rows = []
    for first in range(low, high + 1, width):
        ends = [
            float(record.value(record.from_ordinal(end)))
            for end in (first, min(first + width - 1, high))
        ]
        largest = error(sum(ends) / 2 if np.isfinite(sum(ends)) else ends[0])
        rows.append(
            {
                "low": ends[0], "high": ends[1], "count": 50, "nontrivial": 40,
                "max_ulp": largest, "mean_ulp": largest / 2, "specials": 0,
                "wrongly_rounded": 10 if largest > 0.5 else 0,
            }
        )  # fmt: skip
    return rows


def routine(name: str, *regions: str) -> Any:
    """Return what a table needs of a routine."""

    class Row(dict[str, Any]):
        defects = ()

    rows = [
        Row(region=region, bounds=region, nan_expected=2, inf_expected=1)
        for region in regions or ("all",)
    ]
    return SimpleNamespace(name=name, measured=rows)


def table(record: Format, *columns: list[dict[str, Any]]) -> Table:
    names = [f"routine {number}" for number in range(len(columns))]
    profiles = {(name, "all"): rows for name, rows in zip(names, columns, strict=True)}
    (found,) = binade_tables(map(routine, names), profiles, record)
    return found


@pytest.mark.parametrize("name", FORMATS)
def test_ranges_are_few_in_order_and_lose_nothing(name: str) -> None:
    rows = bins(FORMATS[name], lambda x: 0.5 + 0.4 * abs(np.sin(x)))
    found = table(FORMATS[name], rows)
    assert 8 <= len(found.ranges) <= MOST_RANGES
    heats = [part.heats[0] for part in found.ranges]
    assert sum(heat.count for heat in heats) == 50 * len(rows)
    assert sum(heat.nontrivial for heat in heats) == 40 * len(rows)
    assert sum(heat.wrongly_rounded for heat in heats) == 10 * sum(r["max_ulp"] > 0.5 for r in rows)
    assert max(heat.max_ulp or 0 for heat in heats) == max(row["max_ulp"] for row in rows)
    for before, after in pairwise(found.ranges):
        assert before.low <= before.high <= after.low <= after.high
    assert not any(part.low < 0 < part.high and part.high > 1e-3 for part in found.ranges)


@pytest.mark.parametrize("name", FORMATS)
def test_one_bad_bin_has_a_narrow_range_of_its_own(name: str) -> None:
    record = FORMATS[name]
    rows = bins(record, lambda x: 0.5)
    bad = rows[len(rows) * 3 // 4]
    bad |= {"max_ulp": 9.0, "wrongly_rounded": 1}
    worst = [part for part in table(record, rows).ranges if (part.heats[0].max_ulp or 0) > 1]
    assert len(worst) == 1
    assert worst[0].low <= bad["low"] <= bad["high"] <= worst[0].high
    width = np.diff(encoding_position(np.array([worst[0].low, worst[0].high]), record))
    assert width < encoding_position(np.array([record.max_finite], float), record) / 16
    assert worst[0].heats[0].grade == "more"


def test_borders_lie_where_the_error_changes() -> None:
    record = FORMATS["float32"]
    rows = bins(record, lambda x: 3.0 if 2**-24 < abs(x) < 80 else 0.0)
    for part in table(record, rows).ranges:
        inside = [row for row in rows if part.low <= row["low"] and row["high"] <= part.high]
        assert len({row["max_ulp"] for row in inside}) == 1


def test_means_are_over_all_inputs_of_every_sampler() -> None:
    few = [{"low": 1.0, "high": 1.0, "count": 1, "nontrivial": 0, "max_ulp": 2.0,
            "mean_ulp": 2.0, "wrongly_rounded": 1, "specials": 3}]  # fmt: skip
    many = [few[0] | {"count": 3, "max_ulp": 0.0, "mean_ulp": 0.0, "wrongly_rounded": 0}]
    (part,) = table(FORMATS["float32"], few + many).ranges
    assert part.heats == (Heat(4, 0, 2.0, 0.5, 1, 6),)
    assert part.heats[0].percent == 25


def test_a_routine_without_inputs_in_a_range_has_no_figure() -> None:
    record = FORMATS["float16"]
    rows = bins(record, lambda x: 0.5)
    positive = [row for row in rows if row["low"] > 1]
    found = table(record, rows, positive)
    assert found.ranges[0].heats[1] == Heat(0, 0, None, None, 0, 0)
    assert found.ranges[0].heats[1].grade == "none"
    assert not found.shared_counts
    assert table(record, rows, rows).shared_counts


def test_every_region_has_its_table_and_a_narrow_one_is_cut_finer() -> None:
    record = FORMATS["float64"]
    edges = np.linspace(1, 4, 97).tolist()
    narrow = [
        {"low": low, "high": np.nextafter(high, 0), "count": 9, "nontrivial": 9,
         "max_ulp": low / 8, "mean_ulp": 0.1, "wrongly_rounded": 0, "specials": 0}
        for low, high in pairwise(edges)
    ]  # fmt: skip
    profiles = {("r", "all"): bins(record, lambda x: 0.5), ("r", "middle"): narrow}
    first, second = binade_tables([routine("r", "all", "middle")], profiles, record)
    assert (first.region, second.region) == ("all", "middle")
    assert [part.label for part in second.ranges][:3] == [
        "1 to 1.12",
        "1.12 to 1.25",
        "1.25 to 1.38",
    ]
    assert len(second.ranges) == MOST_RANGES
    assert (second.rails[0].nans, second.rails[0].infinities) == (2, 1)


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [{"low": None, "high": None, "max_ulp": None}],
        [{"low": 0.0, "high": inf, "max_ulp": 1.0}],
        [{"low": 0.0, "high": 1.0, "max_ulp": nan}],
    ],
    ids=["none", "null", "infinite", "nan"],
)
def test_bins_without_a_place_or_figure_make_no_table(rows: list[dict[str, Any]]) -> None:
    profiles = {("r", "all"): rows}
    assert binade_tables([routine("r")], profiles, FORMATS["float32"]) == []
    assert binade_tables([routine("r")], profiles, None) == []


def test_a_maximum_is_rounded_up_and_a_capped_one_is_a_lower_bound() -> None:
    assert Heat(1, 1, 0.5000000000000543, 0.1, 1, 0).shown == "0.5001"
    assert Heat(1, 1, CAP, 0.1, 1, 0).shown == "≥ 9.008e15"


def test_labels_are_powers_of_two_where_they_can_be() -> None:
    ends = np.array(
        [[-3.4028234e38, -(2.0**16)], [-1.5, -0.75], [-0.75, -(2.0**-149)], [0.0, 2.0**-20],
         [3 * 2.0**40, 3.4028234e38]]
    )  # fmt: skip
    assert range_labels(ends, FORMATS["float32"]) == [
        f"{MINUS}max to {MINUS}2¹⁶", f"{MINUS}1.5 to {MINUS}0.75", f"{MINUS}0.75 to 0",
        "0 to 2⁻²⁰", "1.5·2⁴¹ to max",
    ]  # fmt: skip
