"""Which limit holds, and against what: on tables that are made up to the point."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from halfulp.expectations.limits import Rule, held, most_specific, tightened
from halfulp.expectations.limits_model import Limit
from halfulp.runs.schema import ACCURACY, LIMITS, TIMING_RATIOS, WITNESSES


def row(backend: str = "numpy", **values):
    counts = {column.name: 0 for column in ACCURACY if column.type == "int"}
    return {
        **dict.fromkeys(column.name for column in ACCURACY),
        **counts,
        "function": "exp",
        "formula": "native",
        "backend": backend,
        "format": "float32",
        "routine": f"exp/native/{backend}/float32",
        "region": "all",
        "sampler": "spread:10",
        "status": "measured",
        "kind": "sampled",
        "count": 10,
        "judged": 10,
        "nontrivial": 10,
        "max_ulp": 0.75,
        "max_ulp_text": "0.75",
        "max_steps": "1",
        "wrongly_rounded_percent": 10.0,
        **values,
    }


def witness(of, quantity="max_ulp"):
    names = ("routine", "region", "sampler")
    return {
        **dict.fromkeys(column.name for column in WITNESSES),
        **{name: of[name] for name in names},
        "quantity": quantity,
        "input_hex": "0x1p+0",
        "got_hex": "0x1p+1",
        "want_hex": "0x1p+2",
        "command": "halfulp measure exp",
    }


def rules(*limits):
    return [Rule(Limit(**limit), "limits.toml", n) for n, limit in enumerate(limits, start=1)]


def verdicts(limits, *rows, **tables):
    found = held(
        rules(*limits), {"accuracy": rows, "witnesses": [witness(r) for r in rows], **tables}
    )
    for record in found:
        assert list(record) == [column.name for column in LIMITS] or set(record) == {
            column.name for column in LIMITS
        }
    return [(record["rule"][-1], record["quantity"], record["verdict"]) for record in found]


def test_the_most_specific_limit_holds_for_each_quantity() -> None:
    limits = (
        {"backend": "numpy", "max_ulp": 0.5},
        {"max_ulp": 0.1, "max_steps": 1},
        {"backend": "num*", "function": "exp*", "max_ulp": 0.2},
    )
    assert verdicts(limits, row()) == [("1", "max_ulp", "broken"), ("2", "max_steps", "kept")]
    assert verdicts(limits, row("c")) == [
        ("2", "max_ulp", "broken"),
        ("2", "max_steps", "kept"),
        ("1", "max_ulp", "not measured"),
        ("3", "max_ulp", "not measured"),
    ]


@given(st.lists(st.sampled_from(["exp", "exp*", "*"]), min_size=1), st.randoms())
def test_which_limit_holds_depends_on_the_order_of_equals_only(globs, random) -> None:
    ordered = rules(*({"function": glob, "max_ulp": 1} for glob in globs))
    best = most_specific(ordered)
    assert best is not None
    assert best.limit.function == min(globs, key=["exp", "exp*", "*"].index)
    assert best.number == len(globs) - globs[::-1].index(best.limit.function)


def test_a_broken_limit_names_its_witness() -> None:
    (record,) = held(
        rules({"max_ulp": 0.5, "reason": "why", "issue": "#1"}),
        {"accuracy": [row()], "witnesses": [witness(row())]},
    )
    assert record["reason"] == "0.75 ulp; at most 0.5 is allowed"
    assert (record["witness"], record["got"], record["want"]) == ("0x1p+0", "0x1p+1", "0x1p+2")
    assert (record["note"], record["issue"]) == ("why", "#1")
    assert record["command"] == "halfulp measure exp"


@pytest.mark.parametrize(
    ("limit", "values", "verdict"),
    [
        # the upper end counts: what is open is counted as wrong, or is told as that
        ({"max_ulp": 0.75}, {}, "kept"),
        ({"max_ulp": 0.75}, {"max_ulp_text": "0.75000000000000000001"}, "broken"),
        ({"max_ulp": 1}, {"undecided_error": 1}, "undecided"),
        ({"max_ulp": 0.5}, {"undecided_error": 1}, "broken"),
        ({"max_ulp": 1e300}, {"max_ulp": None, "max_ulp_text": "1" + "0" * 301}, "broken"),
        ({"max_ulp": 1}, {"max_ulp": None, "max_ulp_text": None}, "not measured"),
        ({"max_steps": 1}, {"undecided_rounding": 2}, "undecided"),
        ({"wrongly_rounded_percent": 10}, {}, "kept"),
        ({"wrongly_rounded_percent": 10}, {"undecided_rounding": 1}, "broken"),
        ({"wrongly_rounded_percent": 0}, {"nontrivial": 0}, "kept"),
        ({"wrongly_rounded_percent": 0}, {"nontrivial": 0, "judged": 0}, "not measured"),
        ({"special_mismatches": 0}, {}, "kept"),
        ({"special_mismatches": 0}, {"undecided_error": 1}, "broken"),
        ({"special_mismatches": 1}, {"specials": 2}, "broken"),
        ({"max_ulp": 9}, {"status": "crashed", "reason": "killed"}, "broken"),
        ({"max_ulp": 9}, {"status": "timed out", "reason": "slow"}, "broken"),
        ({"max_ulp": 9}, {"status": "unavailable", "reason": "no exp"}, "not measured"),
        ({"max_ulp": 9}, {"status": "not measured", "reason": "Ctrl-C"}, "not measured"),
    ],
)
def test_what_a_limit_is_held_against(limit, values, verdict) -> None:
    assert [found[2].replace("loose", "kept") for found in verdicts([limit], row(**values))] == [
        verdict
    ]


def test_inputs_known_to_be_bad_have_no_share() -> None:
    limit = {"wrongly_rounded_percent": 1, "max_steps": 1}
    assert verdicts([limit], row(kind="replayed")) == [("1", "max_steps", "kept")]


# -- expected failures -----------------------------------------------------------------------------

FAILS = {"expect": "fail", "reason": "known", "backend": "numpy"}


def test_a_routine_fails_as_expected_if_one_of_its_cases_does() -> None:
    edges, tiny = row(sampler="edges", max_ulp_text="9"), row(region="tiny")
    assert verdicts([{"max_ulp": 1}, FAILS], edges, tiny, row("c")) == [
        ("2", "max_ulp", "fails as expected"),
        ("2", "max_ulp", "kept"),
        ("1", "max_ulp", "loose"),
    ]


def test_each_routine_of_an_expected_failure_has_to_fail() -> None:
    both = FAILS | {"backend": "*", "max_ulp": 1}
    failing, passing = row(max_ulp_text="9"), row("c")
    assert verdicts([both], failing, passing) == [
        ("1", "max_ulp", "fails as expected"),
        ("1", "max_ulp", "passes unexpectedly"),
    ]


def test_a_crash_is_a_failure_and_absence_is_not() -> None:
    crashed = row(status="crashed", reason="killed by SIGSEGV")
    absent = row(status="unavailable", reason="not installed")
    limits = [{"max_ulp": 1}, FAILS]
    assert verdicts(limits, crashed) == [("2", "max_ulp", "fails as expected")]
    assert verdicts(limits, absent) == [("2", "max_ulp", "not measured")]


def test_an_expected_failure_without_a_bound_that_could_fail() -> None:
    assert verdicts([FAILS], row()) == [("1", "max_ulp", "not measured")]


# -- loose limits ----------------------------------------------------------------------------------


def test_a_limit_is_loose_by_the_worst_that_it_bounds() -> None:
    rows = [row(max_ulp_text="0.5"), row("c", max_ulp_text="0.95")]
    assert [found[2] for found in verdicts([{"max_ulp": 1}], *rows)] == ["kept", "loose"]
    assert [found[2] for found in verdicts([{"max_ulp": 0.95}], *rows)] == ["kept", "kept"]
    rows.append(row("torch", status="unavailable", reason="not installed"))
    assert "loose" not in [found[2] for found in verdicts([{"max_ulp": 1}], *rows)]


@given(st.decimals(min_value=0, max_value=10**9, allow_nan=False, places=6))
def test_a_tightened_bound_is_enough_and_not_a_tenth_too_much(needed) -> None:
    bound = tightened("max_ulp", needed)
    assert needed <= bound <= needed * Decimal("1.1")
    assert tightened("max_ulp", bound) == bound
    assert Fraction(repr(float(bound))) == Fraction(bound)  # a file has the same bound
    assert tightened("max_steps", needed) == needed


# -- speed -----------------------------------------------------------------------------------------


def ratio(**values):
    blank = dict.fromkeys(column.name for column in TIMING_RATIOS)
    names = ("routine", "function", "formula", "backend", "format", "region")
    return {
        **blank,
        **{name: row()[name] for name in names},
        "size": 100,
        "allocation": "out",
        "stride": 1,
        "threads": 1,
        "mode": "throughput",
        "ratio": 1.2,
        "ratio_low": 1.05,
        "ratio_high": 1.4,
        "verdict": "slower",
        **values,
    }


def test_a_slowdown_counts_by_its_lower_end() -> None:
    limit = {"max_slowdown": 1.1}
    kept = verdicts([limit], row(), timing_ratios=[ratio()])
    broken = verdicts([limit], row(), timing_ratios=[ratio(ratio_low=1.11)])
    unlike = verdicts([limit], row(), timing_ratios=[ratio(verdict="not comparable", reason="x")])
    untimed = verdicts([limit], row())
    assert kept == [("1", "max_slowdown", "kept")]
    assert broken == [("1", "max_slowdown", "broken")]
    assert unlike == untimed == [("1", "max_slowdown", "not measured")]


# -- the table -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"max_ulp": -1},
        {"max_ulp": float("nan")},
        {"max_ulp": float("inf")},
        {"max_ulp": "1"},
        {"max_ulp": True},
        {"max_steps": 1.5},
        {"max_ulp": 1, "function": ""},
        {"max_ulp": 1, "sampler": "edges"},
        {"expect": "fail"},
        {"expect": "maybe", "max_ulp": 1},
    ],
)
def test_tables_that_say_nothing_or_nonsense(table) -> None:
    with pytest.raises(ValidationError):
        Limit(**table)
