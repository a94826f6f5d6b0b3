"""A run against an earlier one: the same inputs, like environments, nothing missed in silence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from halfulp.expectations.baseline import compared, parts_of
from halfulp.expectations.baseline_model import ALIKE, Baseline, Case, Speed
from halfulp.runs.schema import LIMITS

ROUTINE = "exp/native/numpy/float32"
ENVIRONMENT = dict.fromkeys(ALIKE, "the same")


def case(**values) -> Case:
    given = {
        "routine": ROUTINE,
        "region": "all",
        "sampler": "spread:10",
        "bounds": "all",
        "seed": 0,
        "kind": "sampled",
        "status": "measured",
        "reason": None,
        "count": 10,
        "nontrivial": 10,
        "max_ulp_interval": (0.75, 0.7500001),
        "max_ulp_text": "0.7500001",
        "wrongly_rounded": 3,
        "specials": 0,
        "undecided": 0,
    }
    return Case.model_validate(given | values)


def speed(**values) -> Speed:
    given = {
        "routine": ROUTINE,
        "region": "normal",
        "size": 100,
        "allocation": "out",
        "stride": 1,
        "threads": 1,
        "mode": "throughput",
        "median_low_ns": 99.0,
        "median_high_ns": 101.0,
        "base": "exp/native/c/float32",
        "ratio_low": 0.99,
        "ratio_high": 1.01,
    }
    return Speed.model_validate(given | values)


def baseline(*cases, speeds=(), **values) -> Baseline:
    found = {item.key: item for item in cases}
    timed = {item.key: item for item in speeds}
    versions = {"numpy": {"numpy": "2"}, "c": {"libc": "2.36"}}
    made = Baseline("base.json", "0.1.0", ENVIRONMENT, versions, None, found, timed)
    return replace(made, **values)


def verdicts(base, head, **options):
    records = compared(base, head, [], **options)
    for record in records:
        assert set(record) == {column.name for column in LIMITS}
    return {record["quantity"]: (record["verdict"], record["reason"]) for record in records}


def accuracy(**values):
    """Return the verdict on the maximum, for a case that has changed."""
    return verdicts(baseline(case()), baseline(case(**values)))["max_ulp"]


def test_no_worse() -> None:
    assert {verdict for verdict, _ in verdicts(baseline(case()), baseline(case())).values()} == {
        "kept"
    }
    assert accuracy(max_ulp_interval=(0.5, 0.6), max_ulp_text="0.6") == (
        "kept",
        "better: 0.6, was 0.750001",
    )


def test_worse_is_what_is_worse_for_certain() -> None:
    # enclosures of the same maximum may be of different widths
    assert accuracy(max_ulp_interval=(0.7, 0.9), max_ulp_text="0.9")[0] == "kept"
    assert accuracy(max_ulp_interval=(0.76, 0.77), max_ulp_text="0.77") == (
        "broken",
        "0.77, in the baseline 0.750001",
    )
    assert accuracy(max_ulp_interval=None, max_ulp_text="9" * 30)[0] == "broken"


@pytest.mark.parametrize(
    ("values", "quantity", "verdict"),
    [
        ({"wrongly_rounded": 4}, "wrongly_rounded_percent", "broken"),
        ({"wrongly_rounded": 2}, "wrongly_rounded_percent", "kept"),
        ({"specials": 1}, "special_mismatches", "broken"),
        ({"undecided": 1}, "max_ulp", "undecided"),
        ({"max_ulp_interval": None, "max_ulp_text": None}, "max_ulp", "not measured"),
    ],
)
def test_other_figures(values, quantity, verdict) -> None:
    assert verdicts(baseline(case()), baseline(case(**values)))[quantity][0] == verdict


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"seed": 1}, "other inputs: seed 1, in the baseline 0"),
        ({"count": 11}, "other inputs: count 11, in the baseline 10"),
        ({"bounds": "0:1"}, "other inputs: bounds 0:1, in the baseline all"),
        ({"kind": "exhaustive"}, "other inputs: kind exhaustive, in the baseline sampled"),
        ({"status": "unavailable", "reason": "gone"}, "the routine is unavailable: gone"),
    ],
)
def test_what_cannot_be_compared_is_not_measured(values, reason) -> None:
    assert accuracy(**values) == ("not measured", reason)


def test_a_crash_is_worse_than_any_figure() -> None:
    assert accuracy(status="crashed", reason="killed by SIGSEGV")[0] == "broken"


def test_another_version_takes_other_samples_but_the_same_exhaustive_inputs() -> None:
    newer = {"halfulp": "0.2.0"}
    sampled = verdicts(baseline(case()), baseline(case(), **newer))
    assert sampled["max_ulp"][0] == "not measured"
    every = case(kind="exhaustive")
    assert verdicts(baseline(every), baseline(every, **newer))["max_ulp"][0] == "kept"


def test_a_corpus_that_has_changed_is_another_set_of_inputs() -> None:
    known = case(sampler="corpus", kind="replayed")
    same = verdicts(baseline(known, corpus="a"), baseline(known, corpus="a"))
    other = verdicts(baseline(known, corpus="a"), baseline(known, corpus="b"))
    assert (same["max_ulp"][0], other["max_ulp"][0]) == ("kept", "not measured")


def test_cases_of_one_side_only() -> None:
    assert verdicts(baseline(case()), baseline())["max_ulp"] == (
        "not measured",
        "the baseline has this case, the run has not",
    )
    assert verdicts(baseline(), baseline(case()))["max_ulp"] == (
        "not measured",
        "the baseline has no such case",
    )


# -- speed -----------------------------------------------------------------------------------------


def slowdown(before, now, **options):
    return verdicts(before, now, **options)["max_slowdown"]


def test_a_slowdown_counts_by_its_lower_end() -> None:
    before = baseline(speeds=[speed()])
    noisy = baseline(speeds=[speed(ratio_low=1.0, ratio_high=1.5)])
    slower = baseline(speeds=[speed(ratio_low=1.08, ratio_high=1.12)])
    assert slowdown(before, noisy)[0] == "kept"
    verdict, reason = slowdown(before, slower)
    assert verdict == "broken"
    assert reason.startswith("at least 1.069 times the baseline's time, against exp/native/c/")
    assert reason.endswith("at most 1.05 is allowed")
    assert slowdown(before, slower, max_slowdown=1.1)[0] == "kept"


def test_a_base_that_has_changed_is_no_measure() -> None:
    before = baseline(speeds=[speed()])
    versions = {"numpy": {"numpy": "3"}, "c": {"libc": "2.40"}}
    now = baseline(speeds=[speed(ratio_low=9.0)], versions=versions)
    assert slowdown(before, now)[1] == "at least 0.9802 times the baseline's time, by its own time"


@pytest.mark.parametrize("fact", ALIKE)
def test_unlike_environments_are_not_compared(fact) -> None:
    head = baseline(speeds=[speed(ratio_low=9.0)], environment=ENVIRONMENT | {fact: "another"})
    verdict, reason = slowdown(baseline(speeds=[speed()]), head)
    assert verdict == "not measured"
    assert f"unlike environments: {fact} another, in the baseline the same" in reason


def test_times_of_one_side_only() -> None:
    timed, untimed = baseline(speeds=[speed()]), baseline()
    assert slowdown(timed, untimed) == ("not measured", "the run has not timed this case")
    assert verdicts(untimed, timed) == {}  # a baseline without times asks for none
    other = baseline(speeds=[speed(size=7)])
    records = compared(timed, other, [])
    assert [record["verdict"] for record in records] == ["not measured"] * 2


def test_identities_are_taken_apart() -> None:
    assert parts_of("exp/native/numpy/float32") == ("exp", "native", "numpy", "float32")
    assert parts_of("x/(1 + x)/native/c/float64") == ("x/(1 + x)", "native", "c", "float64")
    assert parts_of("tanh/sinh(x)/cosh(x)/c/f")[1:] == ("sinh(x)/cosh(x)", "c", "f")
    assert parts_of("nonsense") == ("nonsense", "", "", "")
