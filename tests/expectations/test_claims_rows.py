"""Claims about rows of a run: bounds, comparisons, speed. The rows are made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from halfulp.expectations.claims import broken, settle, tally, unfinished
from halfulp.expectations.claims_model import Claim
from halfulp.runs.schema import ACCURACY, CLAIM_VERDICTS, CLAIMS, TIMING_RATIOS

Record = dict[str, Any]


def row(routine: str = "expm1/native/numpy/float32", maximum: float = 0.75, **keys: Any) -> Record:
    """Return an accuracy row with a maximum that is known exactly."""
    parts = dict(zip(("function", "formula", "backend", "format"), routine.split("/"), strict=True))
    return {
        **dict.fromkeys(column.name for column in ACCURACY),
        **parts,
        "routine": routine,
        "region": "all",
        "bounds": "all",
        "sampler": "spread:1000",
        "kind": "sampled",
        "status": "measured",
        "count": 1000,
        "nontrivial": 900,
        "max_ulp": maximum,
        "max_ulp_low": maximum,
        "max_ulp_text": str(maximum),
        "mean_ulp": 0.25,
        "max_steps": "1",
        "wrongly_rounded_percent": 10.0,
        "unfaithful": 0,
        "specials": 0,
        "undecided_error": 0,
        "undecided_rounding": 0,
        "undecided_faithful": 0,
        **keys,
    }


def ratio(verdict: str, base: str = "expm1/naive/numpy/float32", **keys: Any) -> Record:
    made = {**dict.fromkeys(column.name for column in TIMING_RATIOS), **row()}
    return {
        **{column.name: made[column.name] for column in TIMING_RATIOS},
        "size": 1000, "base": base, "verdict": verdict,
        "ratio": 0.5, "ratio_low": 0.4, "ratio_high": 0.625, **keys,
    }  # fmt: skip


def settled(keys: dict[str, Any], *rows: Record, ratios: list[Record] | None = None) -> Record:
    claim = Claim.model_validate({"source": "a page", "says": "so", **keys})
    tables = {"accuracy": rows, "timing_ratios": ratios or []}
    (record,) = settle([claim], tables, never)
    assert list(record) == [column.name for column in CLAIMS]
    assert record["verdict"] in CLAIM_VERDICTS
    return record


def never(label: str) -> Any:
    raise AssertionError(f"nothing is to be run on {label}")


NAIVE = "expm1/naive/numpy/float32"
NATIVE = "expm1/native/numpy/float32"
REVERSED = {
    **ratio("slower", base=NATIVE, ratio=2, ratio_low=1.6, ratio_high=2.5),
    "routine": NAIVE,
    "formula": "naive",
}
OPEN = {"max_ulp": 1.5, "max_ulp_low": 0.5, "max_ulp_text": "1.5"}
MISSING = {"status": "unavailable", "reason": "no such device"}


@pytest.mark.parametrize(
    ("keys", "rows", "verdict"),
    [
        ({"max_ulp": 0.75}, [row()], "holds"),
        ({"max_ulp": 0.74}, [row()], "false"),
        ({"max_ulp": 1}, [row(), row(maximum=1.01, region="tiny")], "false"),
        ({"max_ulp": 1, "region": "all"}, [row(), row(maximum=1.01, region="tiny")], "holds"),
        ({"max_ulp": 1}, [row(**OPEN)], "not measured"),
        ({"max_ulp": 1}, [row(undecided_error=1)], "not measured"),
        ({"max_ulp": 0.5}, [row(undecided_error=1)], "false"),
        ({"max_ulp": 1}, [row(), row(region="tiny", **MISSING)], "unavailable"),
        ({"max_ulp": 0.5}, [row(), row(region="tiny", **MISSING)], "false"),
        ({"max_ulp": 1}, [row(status="crashed", reason="SIGSEGV")], "unavailable"),
        ({"max_ulp": 1}, [row(status="not measured", reason="interrupted")], "not measured"),
        ({"max_ulp": 1, "backend": "torch"}, [row()], "not measured"),
        ({"max_ulp": 1e9}, [row(max_ulp_text="1" * 30, max_ulp=None, max_ulp_low=None)], "false"),
        ({"max_ulp": 1, "specials": 0}, [row()], "holds"),
        ({"max_ulp": 1, "specials": 0}, [row(specials=2)], "false"),
        ({"mean_ulp": 0.25}, [row()], "holds"),
        ({"mean_ulp": 0.2}, [row()], "false"),
        ({"max_steps": 0}, [row()], "false"),
        ({"max_steps": 1}, [row()], "holds"),
        ({"unfaithful": 0}, [row()], "holds"),
        ({"unfaithful": 0}, [row(undecided_faithful=1)], "not measured"),
        ({"unfaithful": 0}, [row(unfaithful=1)], "false"),
        ({"wrongly_rounded_percent": 10}, [row()], "holds"),
        ({"wrongly_rounded_percent": 10}, [row(undecided_rounding=1)], "not measured"),
        ({"wrongly_rounded_percent": 9.9}, [row()], "false"),
    ],
)
def test_bounds(keys: dict[str, Any], rows: list[Record], verdict: str) -> None:
    record = settled(keys, *rows)
    assert record["verdict"] == verdict
    assert (record["reason"] is None) == (verdict in {"holds", "false"})
    assert record["kind"] == "bound"


def test_a_bound_says_what_was_tried_and_what_is_true_instead() -> None:
    sampled = settled({"max_ulp": 1}, row())
    assert "at 1,000 inputs that were tried (others may differ)" in sampled["finding"]
    proved = settled({"max_ulp": 1}, row(kind="exhaustive"))
    assert "at every one of 1,000 inputs" in proved["finding"]
    false = settled({"max_ulp": 0.5}, row(maximum=0.7000001, region="tiny"))
    assert "is 0.701 ulp" in false["finding"], "a maximum is rounded up"
    assert "expm1/native/numpy/float32 in the region tiny" in false["finding"]
    assert false["claimed"] == "largest error in ulp at most 0.5"
    assert false["computed"] == "0.701 ulp"


@pytest.mark.parametrize(
    ("mine", "theirs", "verdict"),
    [
        (row(), row(NAIVE, 1.25), "holds"),
        (row(), row(NAIVE, 0.75), "false"),
        (row(), row(NAIVE, 0.5), "false"),
        (row(**OPEN), row(NAIVE, 1.25), "not measured"),
        (row(**MISSING), row(NAIVE), "unavailable"),
        (row(), row(NAIVE, region="tiny"), "not measured"),
        (row(), row("expm1/naive/math/float32", 9), "not measured"),
    ],
)
def test_more_accurate(mine: Record, theirs: Record, verdict: str) -> None:
    keys = {"formula": "native", "more_accurate_than": {"formula": "naive"}}
    assert settled(keys, mine, theirs)["verdict"] == verdict


def test_a_false_comparison_says_where_it_is_true() -> None:
    rows = [
        part
        for region, mine, theirs in (("large", 0.5, 0.5), ("tiny", 0.5, 1e6))
        for part in (
            row(maximum=mine, region=region, bounds=region),
            row(NAIVE, theirs, region=region, bounds=region),
        )
    ]
    keys = {"formula": "native", "region": "large", "more_accurate_than": {"formula": "naive"}}
    record = settled(keys, *rows)
    assert record["verdict"] == "false"
    assert "it is smaller in the region tiny: 0.5 ulp against 1e+06 ulp" in record["finding"]
    gains = {"formula": "native", "gains_most_over": {"formula": "naive"}}
    assert settled({**gains, "region": "large"}, *rows)["verdict"] == "false"
    assert settled({**gains, "region": "tiny"}, *rows)["verdict"] == "holds"
    alone = settled({**gains, "region": "large"}, *rows[:2])
    assert (alone["verdict"], alone["computed"]) == ("not measured", None)


@pytest.mark.parametrize(
    ("ratios", "verdict"),
    [
        ([], "not measured"),
        ([ratio("faster")], "holds"),
        ([ratio("slower", ratio=2)], "false"),
        ([ratio("equivalent", ratio=1)], "false"),
        ([ratio("faster"), ratio("slower", size=10)], "false"),
        ([ratio("inconclusive")], "not measured"),
        ([ratio("not comparable", ratio_low=None, reason="one is unavailable")], "not measured"),
        ([ratio("faster", base="expm1/native/math/float32")], "not measured"),
        ([ratio("not comparable", base="native/torch", ratio_low=None)], "not measured"),
        ([REVERSED | {"verdict": "slower"}], "holds"),
        ([REVERSED | {"verdict": "faster"}], "false"),
        ([REVERSED | {"verdict": "equivalent"}], "false"),
    ],
)
def test_faster(ratios: list[Record], verdict: str) -> None:
    keys = {"formula": "native", "backend": "numpy", "faster_than": {"formula": "naive"}}
    record = settled(keys, row(), row(NAIVE), ratios=ratios)
    assert record["verdict"] == verdict
    assert record["kind"] == "relation"


def test_a_ratio_is_told_from_the_side_of_the_claim() -> None:
    keys = {"formula": "native", "backend": "numpy", "faster_than": {"formula": "naive"}}
    told = [
        settled(keys, row(), row(NAIVE), ratios=[made])["finding"]
        for made in (ratio("faster"), REVERSED | {"verdict": "slower"})
    ]
    assert told[0] == told[1]
    assert "expm1/native/numpy/float32 takes 0.5 [0.4, 0.625] times" in told[0]
    made = settled(keys, row(), row(NAIVE), ratios=[ratio("faster")])
    assert made["computed"] == "0.5 [0.4, 0.625] times (float32)"


def test_the_claims_of_a_run_are_counted_and_the_false_ones_found() -> None:
    claims = [
        Claim.model_validate({"source": "a", "says": "b", "max_ulp": limit}) for limit in (1, 0.5)
    ]
    records = settle(claims, {"accuracy": [row()]}, never)
    assert [record["number"] for record in records] == [1, 2]
    assert broken(records) == [records[1]]
    assert tally(records) == "2 claims: 1 hold, 1 false"
    left = unfinished(claims, "the run was interrupted")
    assert {record["verdict"] for record in left} == {"not measured"}
    assert broken(left) == []
