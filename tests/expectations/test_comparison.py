"""Two runs side by side, on baselines made by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from halfulp.expectations.baseline_model import Baseline, Case, Speed
from halfulp.expectations.comparison import VERDICTS, Change, Comparison, Figure, compare

MACHINE = {"machine": "x86_64", "processor": "a", "processor features": "avx2", "cores": "2"}


def case(**values: Any) -> Case:
    """Return the figures of exp on numpy."""
    defaults = {
        "routine": "exp/native/numpy/float32", "region": "all", "sampler": "spread:9",
        "bounds": "all", "seed": 0, "kind": "sampled", "status": "measured", "reason": None,
        "count": 9, "nontrivial": 9, "max_ulp_interval": (0.75, 0.75), "max_ulp_text": "0.75",
        "wrongly_rounded": 3, "specials": 0, "undecided": 0, "unfaithful": 0, "mean_ulp": 0.25,
    }  # fmt: skip
    return Case.model_validate(defaults | values)


def timed(low: float, high: float, **values: Any) -> Speed:
    """Return a time of exp on numpy with its interval."""
    defaults = {
        "routine": "exp/native/numpy/float32", "region": "normal", "size": 100, "allocation": "out",
        "stride": 1, "threads": 1, "mode": "throughput", "median_ns": (low + high) / 2,
        "median_low_ns": low, "median_high_ns": high, "base": None, "ratio_low": None,
        "ratio_high": None,
    }  # fmt: skip
    return Speed.model_validate(defaults | values)


def run(*cases: Case, speeds: tuple[Speed, ...] = (), **environment: str) -> Baseline:
    """Return a run with these figures."""
    return Baseline(
        "a run", "0.1.0", MACHINE | environment, {"numpy": {"numpy": "2.4.6"}}, None,
        {each.key: each for each in cases}, {each.key: each for each in speeds},
    )  # fmt: skip


def only(comparison: Comparison) -> Change:
    (change,) = comparison.changes
    return change


MEASURED = {"status": "measured"}
CRASHED = {"status": "crashed", "reason": "signal 11"}
MISSING = {"status": "unavailable", "reason": "no numpy"}


@pytest.mark.parametrize(
    ("before", "now", "verdict"),
    [
        ({}, {}, "same"),
        ({}, {"max_ulp_text": "0.76", "max_ulp_interval": (0.76, 0.76)}, "worse"),
        ({}, {"max_ulp_text": "0.74", "max_ulp_interval": (0.74, 0.74)}, "better"),
        ({}, {"max_ulp_text": "0.76", "max_ulp_interval": (0.74, 0.76)}, "same"),
        ({}, {"max_ulp_text": "1" + "0" * 400, "max_ulp_interval": None}, "worse"),
        ({}, {"specials": 1}, "worse"),
        ({}, {"wrongly_rounded": 2}, "better"),
        ({}, {"wrongly_rounded": 2, "unfaithful": 1}, "mixed"),
        ({}, {"undecided": 1}, "worse"),
        ({}, {"mean_ulp": 0.5}, "same"),
        (MEASURED, CRASHED, "worse"),
        (MEASURED, MISSING, "gone"),
        (CRASHED, MEASURED, "new"),
        (CRASHED, MISSING, "not measured"),
        ({}, {"seed": 1}, "not comparable"),
        ({}, {"bounds": "1:2"}, "not comparable"),
        ({}, {"kind": "exhaustive"}, "not comparable"),
        ({"kind": "exhaustive"}, {"kind": "exhaustive", "seed": 1}, "same"),
    ],
)
def test_what_became_of_a_row(before: dict[str, Any], now: dict[str, Any], verdict: str) -> None:
    found = only(compare(run(case(**before)), run(case(**now))))
    assert found.verdict == verdict
    assert found.verdict in VERDICTS
    assert bool(found.reason) == (
        verdict not in {"same", "mixed", "better", "worse"} or now == CRASHED
    )


def test_rows_of_one_run_only_are_new_or_gone() -> None:
    first, second = case(sampler="edges"), case(sampler="spread:9")
    found = compare(run(first), run(second))
    assert [(c.key[2], c.verdict) for c in found.changes] == [
        ("spread:9", "new"),
        ("edges", "gone"),
    ]
    assert found.counts == {"new": 1, "gone": 1}


def test_what_became_worst_comes_first() -> None:
    keys = ("a", "b", "c")
    before = run(*(case(region=key) for key in keys))
    errors = {"a": "0.8", "b": "9", "c": "0.5"}
    now = run(
        *(
            case(region=key, max_ulp_text=text, max_ulp_interval=(float(text), float(text)))
            for key, text in errors.items()
        )
    )
    assert [change.key[1] for change in compare(before, now).changes] == ["b", "a", "c"]


def test_bounds_that_overlap_are_the_same() -> None:
    first, second = (Decimal(1), Decimal(3)), (Decimal(3), Decimal(4))
    assert Figure("x", first, second).direction == "same"
    assert Figure("x", first, (Decimal("3.01"), Decimal(4))).direction == "worse"
    assert Figure("x", (Decimal("3.5"), Decimal(4)), first).direction == "better"


@pytest.mark.parametrize(
    ("before", "now", "verdict"),
    [
        ((10.0, 10.1), (10.0, 10.1), "equivalent"),
        ((10.0, 10.1), (11.0, 11.1), "slower"),
        ((10.0, 10.1), (10.2, 10.3), "equivalent"),  # within the margin: the runs were not paired
        ((10.0, 10.1), (9.0, 9.1), "faster"),
        ((10.0, 12.0), (10.0, 12.0), "inconclusive"),
    ],
)
def test_times_of_like_environments(
    before: tuple[float, float], now: tuple[float, float], verdict: str
) -> None:
    found = compare(run(speeds=(timed(*before),)), run(speeds=(timed(*now),)))
    assert [change.verdict for change in found.speeds] == [verdict]
    assert found.differences == ()


def test_unlike_environments_are_named_and_their_times_are_not_compared() -> None:
    before = run(case(), speeds=(timed(10, 10.1),))
    now = run(case(), speeds=(timed(99, 99.1),), cores="64", python="3.12")
    found = compare(before, now)
    assert {(item.name, item.before, item.now) for item in found.differences} == {
        ("cores", "2", "64"),
        ("python", "not recorded", "3.12"),
    }
    (time,) = found.speeds
    assert (time.verdict, time.ratio) == ("not comparable", None)
    assert "cores: 2 and 64" in time.reason
    assert only(found).verdict == "same"  # accuracy is compared all the same


def test_versions_of_libraries_are_named() -> None:
    before, now = run(case()), run(case())
    now.versions["numpy"] = {"numpy": "2.5.0", "blas": "1"}
    found = compare(before, now)
    assert [(item.name, item.before, item.now) for item in found.differences] == [
        ("backend numpy: numpy", "2.4.6", "2.5.0"),
        ("backend numpy: blas", "not recorded", "1"),
    ]


def test_times_of_one_run_only_are_new_or_gone() -> None:
    found = compare(run(speeds=(timed(1, 2),)), run(speeds=(timed(1, 2, size=7),)))
    assert found.speed_counts == {"new": 1, "gone": 1}
    assert all(change.reason for change in found.speeds)
