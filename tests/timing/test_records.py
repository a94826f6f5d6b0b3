from __future__ import annotations

from typing import Any

import pytest

from halfulp.runs.schema import TIMING, TIMING_FITS, TIMING_RATIOS
from halfulp.timing.machine import Machine
from halfulp.timing.records import ratio, with_bounds, with_memory

MACHINE = Machine(2, {"L1": 48 << 10, "L2": 2 << 20})


def record(size: int, ns: float, rounds: int = 30, **changes: Any) -> dict[str, Any]:
    columns = dict.fromkeys(column.name for column in TIMING)
    known = {
        "routine": "exp/native/numpy/float64", "function": "exp", "format": "float64",
        "size": size, "stride": 1, "mode": "throughput", "status": "measured", "median_ns": ns,
        "rounds": list(range(rounds)), "raw_ns": [ns] * rounds,
    }  # fmt: skip
    return with_memory({**columns, **known, **changes}, 1, MACHINE, 80.0 if size < 10**6 else 20.0)


def test_a_routine_is_bound_by_what_takes_its_time() -> None:
    # 500 ns a call and 1 ns an element, and 1.1 ns where the arrays are in memory.
    costs = {1: 501, 100: 600, 10_000: 10_500, 10_000_000: 11_000_000}
    rows, fit = with_bounds([record(size, ns) for size, ns in costs.items()])
    assert {row["size"]: row["bound"] for row in rows} == {
        1: "dispatch", 100: "dispatch", 10_000: "compute", 10_000_000: "memory",
    }  # fmt: skip
    assert {row["size"]: row["fits"] for row in rows} == {
        1: "L1", 100: "L1", 10_000: "L2", 10_000_000: "memory",
    }  # fmt: skip
    assert fit is not None
    assert fit.keys() == {column.name for column in TIMING_FITS}
    assert fit["call_ns"] == pytest.approx(500)
    assert fit["element_ns"] == pytest.approx(1)
    assert fit["sizes"] == [1, 100, 10_000]


def test_what_is_no_line_has_no_cost_of_a_call() -> None:
    _, fit = with_bounds([record(1, 1_000), record(100, 100), record(10_000, 1_000)])
    assert fit is not None
    assert fit["call_ns"] is None
    assert fit["element_ns"] is None
    assert fit["largest_residual"] > 0.25


def test_cases_without_figures_have_none() -> None:
    rows, fit = with_bounds([record(1, 0, status="crashed", median_ns=None)])
    assert fit is None
    assert rows[0]["bound"] is rows[0]["gb_per_s"] is rows[0]["copy_gb_per_s"] is None


def test_a_ratio_says_why_it_is_inconclusive_where_rounds_are_few() -> None:
    found = ratio(record(1, 20, 8), record(1, 10, 8), "", 0.03, comparisons=1_000)
    assert found.keys() == {column.name for column in TIMING_RATIOS}
    assert (found["ratio"], found["ratio_low"], found["verdict"]) == (2, None, "inconclusive")
    assert found["reason"] == (
        "8 paired rounds are too few for an interval of 99.995 %, which a table of 1000 ratios "
        "needs; raise `rounds`"
    )
    assert ratio(record(1, 20), record(1, 10), "", 0.03, comparisons=1_000)["verdict"] == "slower"


def test_what_has_no_base_or_no_figures_is_not_comparable() -> None:
    lost = record(1, 0, status="timed out", reason="no result", median_ns=None)
    for one, base, why in (
        (record(1, 1), None, "the base was not timed here"),
        (record(1, 1), lost, "exp/native/numpy/float64 is timed out: no result"),
        (lost, record(1, 1), "exp/native/numpy/float64 is timed out: no result"),
        (record(1, 1, rounds=3), record(1, 1, rounds=0), "no round has both"),
    ):
        found = ratio(one, base, "numpy", 0.03, 1)
        assert (found["verdict"], found["reason"]) == ("not comparable", why)
        assert found["ratio"] is found["ratio_low"] is None
