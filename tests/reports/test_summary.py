"""What rows say together, on rows made by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from halfulp_reports.routines import Routine, anchor
from halfulp_reports.summary import summarise

if TYPE_CHECKING:
    from collections.abc import Callable

EXACT = {"max_ulp": 0.5, "wrongly_rounded": 0, "wrongly_rounded_percent": 0.0}


@pytest.fixture
def routine(build: Callable[..., Any], hand: Any) -> Callable[..., Routine]:
    """Return a routine of exp in float32 from the values of its rows."""

    def make(*rows: dict[str, Any]) -> Routine:
        records = []
        for number, values in enumerate(rows):
            place = hand.identity("exp", "numpy", "float32", sampler=f"spread:{number}")
            broken = values.pop("broken", None)
            records.append(
                hand.missing(place, broken, "it fell") if broken else hand.accuracy(place, **values)
            )
        run = build(hand.manifest(["numpy"]), {"accuracy": records})
        (found,) = summarise(run).routines
        return found

    return make


def test_the_maximum_is_over_all_rows(routine: Callable[..., Routine]) -> None:
    found = routine({"max_ulp": 0.7}, {"max_ulp": 1.2}, {"max_ulp": 1.2})
    assert found.shown == "1.2"
    assert found.worst is found.rows[1]
    assert found.grade == "four"


def test_a_maximum_beyond_float64_is_the_largest(routine: Callable[..., Routine]) -> None:
    huge = {"max_ulp": None, "max_ulp_text": "1.5e600"}
    assert routine({"max_ulp": 0.7}, huge).shown == "1.5e600"


@pytest.mark.parametrize(
    ("values", "sign"),
    [
        ({"kind": "exhaustive"}, "≤"),
        ({"kind": "exhaustive", "region": "tiny"}, "≥"),
        ({"kind": "sampled"}, "≥"),
        ({"kind": "replayed"}, "≥"),
        ({"kind": "searched"}, "≥"),
    ],
)
def test_only_the_whole_axis_makes_a_bound(
    routine: Callable[..., Routine], values: dict[str, Any], sign: str
) -> None:
    assert routine({"max_ulp": 0.7}, values).sign == sign


def test_an_exhaustive_row_that_crashed_is_no_bound(routine: Callable[..., Routine]) -> None:
    found = routine({"max_ulp": 0.7}, {"broken": "crashed"})
    assert found.sign == "≥"
    assert found.status == "measured"
    assert found.reasons == "crashed: it fell"


@pytest.mark.parametrize(
    ("values", "grade", "correct"),
    [
        ({}, "correct", True),
        ({"max_ulp": 0.50000001}, "correct", True),  # the upper end of an enclosure of 0.5
        ({"undecided_rounding": 1}, "one", False),
        ({"wrongly_rounded": 1}, "one", False),  # the predecessor of 2^k errs by 0.5
        ({"specials": 1, "nan_returned": 1}, "correct", False),
        ({"max_ulp": 4.0, "wrongly_rounded": 1}, "four", False),
        ({"max_ulp": 4.000001, "wrongly_rounded": 1}, "more", False),
    ],
)
def test_correctly_rounded_is_judged_by_steps(
    routine: Callable[..., Routine], values: dict[str, Any], grade: str, correct: bool
) -> None:
    found = routine(EXACT | values)
    assert (found.grade, found.correct) == (grade, correct)


def test_a_routine_with_a_missing_row_is_not_called_correct(
    routine: Callable[..., Routine],
) -> None:
    assert not routine(EXACT | {}, {"broken": "timed out"}).correct


def test_no_numeric_error_has_no_grade(routine: Callable[..., Routine]) -> None:
    found = routine({"max_ulp": None, "max_ulp_text": None, "judged": 0})
    assert (found.grade, found.shown, found.correct) == (None, "\N{EN DASH}", False)


def test_wrong_shares_are_weighted_by_nontrivial_inputs(routine: Callable[..., Routine]) -> None:
    found = routine(
        {"wrongly_rounded_percent": 10.0, "nontrivial": 300},
        {"wrongly_rounded_percent": 50.0, "nontrivial": 100},
        {"wrongly_rounded_percent": None, "nontrivial": 0},
    )
    assert found.wrong_percent == 20.0


def test_means_are_weighted_by_nontrivial_inputs(routine: Callable[..., Routine]) -> None:
    found = routine({"mean_ulp": 0.25, "nontrivial": 300}, {"mean_ulp": 1.25, "nontrivial": 100})
    assert found.mean_ulp == 0.5
    assert routine({"mean_ulp": None, "nontrivial": 0}).mean_ulp is None


def test_missing_rows_are_grouped_by_reason(build: Callable[..., Any], hand: Any) -> None:
    rows = [
        hand.missing(hand.identity("erf", "numpy", name, sampler=sampler), "unavailable", "no erf")
        for name in ("float32", "float16")
        for sampler in ("edges", "spread:9")
    ]
    summary = summarise(build(hand.manifest(["numpy"]), {"accuracy": rows}))
    (found,) = summary.missing
    assert (found.status, found.reason, found.rows) == ("unavailable", "no erf", 4)
    assert found.routines == ("erf/native/numpy/float32", "erf/native/numpy/float16")
    assert summary.columns == {"numpy": ["float16", "float32"]}


def test_a_note_on_one_row_is_not_said_of_the_backend(build: Callable[..., Any], hand: Any) -> None:
    notes = (
        "It flushes; at most 1.5 ulp. Made by gcc 12.",
        "It flushes; at most 2.5 ulp. Made by gcc 12.",
    )
    rows = [
        hand.accuracy(hand.identity("exp", "c", "float32", sampler=f"spread:{n}"), note=note)
        for n, note in enumerate(notes)
    ]
    rows.append(hand.accuracy(hand.identity("exp", "numpy", "float32"), note=None))
    summary = summarise(build(hand.manifest(["c", "numpy"]), {"accuracy": rows}))
    assert summary.notes == {"Made by gcc 12.": ["c, float32"]}
    found = summary.row_notes(summary.sections[0])
    assert [(row["sampler"], note) for _, row, note in found] == [
        ("spread:0", "It flushes; at most 1.5 ulp."),
        ("spread:1", "It flushes; at most 2.5 ulp."),
    ]


def test_the_worst_of_each_function_is_in_order_of_its_error(
    build: Callable[..., Any], hand: Any
) -> None:
    errors = (("exp", "numpy", 0.7), ("log", "numpy", 3.0), ("exp", "math", 2.0))
    rows = [
        hand.accuracy(hand.identity(function, backend, "float32"), max_ulp=error)
        for function, backend, error in errors
    ]
    summary = summarise(build(hand.manifest(["numpy", "math"]), {"accuracy": rows}))
    assert [r.name for r in summary.worst_of_each] == [
        "log/native/numpy/float32", "exp/native/math/float32",
    ]  # fmt: skip


def test_keys_put_errors_in_order_whatever_their_size(routine: Callable[..., Routine]) -> None:
    texts = ("0", "1e-9", "0.5", "0.50000001", "255", "1e15", "1e700")
    keys = [float(routine({"max_ulp_text": text, "max_ulp": None}).sort_key) for text in texts]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


def test_anchors_are_the_identity_or_short() -> None:
    assert anchor("exp/native/numpy/float32") == "exp/native/numpy/float32"
    assert len(anchor("x" * 10_000)) < 100
    assert anchor("x" * 10_000) != anchor("x" * 9_999)
    assert not set(anchor('a b"<\t>')) & set(' "<\t>')
