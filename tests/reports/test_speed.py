"""What a run says of time, on rows made by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from halfulp_reports import html, markdown, text
from halfulp_reports.numbers import nanoseconds, ratio
from halfulp_reports.speed import Speed, speed_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from halfulp.runs.store import Run


@pytest.fixture
def speed(build: Callable[..., Run], hand: Any) -> Callable[..., Speed]:
    """Return the speed of a run with the times that a function adds."""

    def make(add: Callable[..., None]) -> Speed:
        tables: dict[str, list[Any]] = {
            name: [] for name in ("timing", "timing_ratios", "timing_fits")
        }
        add(tables)
        return speed_of(build(hand.manifest(["numpy", "math"]), tables))

    return make


def test_the_case_of_comparison_is_the_one_most_routines_have(
    speed: Callable[..., Speed], hand: Any
) -> None:
    def add(tables: Any) -> None:
        for backend in ("numpy", "math"):
            place = hand.identity("exp", backend, "float32")
            hand.timed(tables, place, "exp/native/numpy/float32", 2.0, sizes=(1, 10_000))
        hand.timed(tables, place, "exp/native/numpy/float32", 2.0, sizes=(1_000_000,))

    found = speed(add)
    assert found.case is not None
    assert found.case.size == 10_000  # a call of one element times the call
    assert "10\u202f000 elements a call, region normal, output given" in found.case.text
    time = found.of("exp/native/math/float32")
    assert time is not None
    assert time.element_ns == pytest.approx(2.03)
    assert time.shown_ratio == "1.00\N{MULTIPLICATION SIGN}"
    assert [each.case.size for each in found.curve("exp/native/numpy/float32")] == [1, 10_000]
    assert found.base == "numpy"


def test_of_cases_that_all_have_the_plainest_is_taken(
    speed: Callable[..., Speed], hand: Any
) -> None:
    def add(tables: Any) -> None:
        place = hand.identity("exp", "numpy", "float32")
        hand.timed(tables, place, "exp/native/numpy/float32", 1.0, sizes=(10_000_000, 100_000))
        hand.timed(tables, place, "exp/native/numpy/float32", 1.0, sizes=(900_000,))
        for record in tables["timing"][2:]:
            record.update(stride=2)

    found = speed(add)
    assert found.case is not None
    assert (found.case.size, found.case["stride"]) == (100_000, 1)


def test_what_was_not_timed_is_told_with_its_reason(speed: Callable[..., Speed], hand: Any) -> None:
    def add(tables: Any) -> None:
        place = hand.identity("exp", "math", "float32")
        hand.timed(tables, place, "exp/native/numpy/float32", 1.0)
        for record in tables["timing"]:
            record.update(status="timed out", reason="60 s were not enough", element_ns=None)

    found = speed(add)
    assert found.case is None
    assert found.of("exp/native/math/float32") is None
    assert found.missing == [
        ("timed out", "60 s were not enough", ["exp/native/math/float32"])
    ]  # fmt: skip


def test_a_ratio_that_cannot_be_had_says_so(speed: Callable[..., Speed], hand: Any) -> None:
    def add(tables: Any) -> None:
        place = hand.identity("exp", "math", "float32")
        hand.timed(tables, place, "exp/native/numpy/float32", 1.0, verdict="not comparable")
        for record in tables["timing_ratios"]:
            record.update(ratio=None, ratio_low=None, ratio_high=None, reason="other inputs")

    found = speed(add)
    time = found.of("exp/native/math/float32")
    assert time is not None
    assert (time.shown_ratio, time.verdict) == ("\N{EN DASH}", "not comparable")
    assert found.verdicts == {"not comparable": 1}


def test_every_form_says_how_fast(build: Callable[..., Run], hand: Any) -> None:
    run = build(*hand.with_times(hand.synthetic(("exp", "log"), ("numpy", "math"), ("float32",))))
    page = html.form.render(run)
    assert "Time an element" in page
    assert 'id="speed"' in page
    assert "Accuracy against speed" in page
    assert "data-time=" in page
    said = "An element takes "
    for form in (markdown.form, text.form):
        assert said in form.render(run)
    assert " ns an element | " in markdown.form.render(run)
    lines = text.form.render(run).splitlines()
    (head,) = [line for line in lines if line.startswith("function")]
    assert head.split()[-1] == "ns"
    assert all(len(line) <= text.WIDTH for line in lines)


def test_warnings_about_times_stand_beside_them(build: Callable[..., Run], hand: Any) -> None:
    contents, tables = hand.with_times(hand.synthetic(("exp",), ("numpy",), ("float32",)))
    for number, record in enumerate(tables["timing"]):
        record["warnings"] = f"the clock drifted by {number} %: <b>time</b> again"
    page = html.form.render(build(contents, tables))
    assert "These times are doubtful." in page
    once = "by 0 %: &lt;b&gt;time&lt;/b&gt; again (this or the like of 3\u00a0rows)"
    assert once in page
    assert 'href="#doubts"' in page


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "\N{EN DASH}"),
        (0.4, "0.400"),
        (1.234, "1.23"),
        (999.9, "1\u202f000"),
        (12345.6, "12\u202f346"),
    ],
)
def test_times_are_shown_at_three_digits(value: float | None, shown: str) -> None:
    assert nanoseconds(value) == shown


def test_ratios_are_shown_as_multiples() -> None:
    assert [ratio(value) for value in (None, 0.5, 1, 47.3)] == [
        "\N{EN DASH}", "0.50\N{MULTIPLICATION SIGN}", "1.00\N{MULTIPLICATION SIGN}",
        "47\N{MULTIPLICATION SIGN}",
    ]  # fmt: skip
