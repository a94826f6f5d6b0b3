"""Printed text: what its numbers claim, and which others agree with them."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from halfulp.expectations.claims_exact import Real, known
from halfulp.expectations.claims_text import PrintedText, compare, shortest
from halfulp.formats import FORMATS

NUMPY = "[1.71828183 7.3890561 20.08553692]"
TORCH = """\
tensor([[-1.5000e+00, inf],
        [nan, .25]], dtype=torch.float64, grad_fn=<ExpBackward0>)"""


@pytest.mark.parametrize(
    ("text", "values", "units", "shape"),
    [
        (NUMPY, ["1.71828183", "7.3890561", "20.08553692"], [-8, -7, -8], "[nnn]"),
        (TORCH, ["-1.5", "inf", "nan", "0.25"], [-4, 0, 0, -2], "[[nn][nn]]"),
        ("True", [True], [0], None),
        ("(0.5+1.25j)", ["0.5", "1.25"], [-1, -2], None),
        ("array([1., 2e3])", ["1", "2000"], [0, 3], "[nn]"),
        ("x10 is 3, float64", ["3"], [0], None),
        ("[1, 2], device='cuda:0'", ["1", "2"], [0, 0], "[nn]"),
        ("result = 2.5", ["2.5"], [-1], None),
        ("no number, none at all", [], [], None),
    ],
)
def test_numbers_are_found_with_their_digits(
    text: str, values: list[object], units: list[int], shape: str | None
) -> None:
    printed = PrintedText(text)
    expected = [
        value if isinstance(value, bool)
        else Real(special=value) if value in {"inf", "nan"} else known(Fraction(str(value)))
        for value in values
    ]  # fmt: skip
    assert [number.item for number in printed.numbers] == expected
    assert [number.unit for number in printed.numbers] == units
    assert printed.shape == shape


def test_other_numbers_are_written_in_the_places_of_the_printed_ones() -> None:
    exact = [known(Fraction(value)) for value in (1, Fraction(2, 3), Fraction(10**40))]
    assert PrintedText(NUMPY).write(exact) == "[1.00000000 0.6666667 1.000000000e+40]"
    assert (
        PrintedText(TORCH).write([known(Fraction(-3))] * 4).startswith("tensor([[-3.0000e+0, -3]")
    )
    tiny = [known(Fraction(1, 10**30))] * 3
    assert PrintedText(NUMPY).write(tiny) == "[1e-30 1e-30 1e-30]", "nothing is shown as 0"
    assert PrintedText("True").write([False]) == "False"


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 17))
def test_a_number_agrees_with_its_own_digits_however_few(value: float, digits: int) -> None:
    exact = known(Fraction(*value.as_integer_ratio()))
    text = f"{value:.{digits}e}"
    (printed,) = PrintedText(text).numbers
    assert printed.agrees(exact)
    assert printed.item == known(Fraction(Decimal(text)))


@given(st.floats(min_value=1e-9, max_value=1e9), st.integers(1, 12), st.data(), st.integers(1, 9))
def test_no_number_agrees_when_one_digit_is_another(
    value: float, decimals: int, data: st.DataObject, shift: int
) -> None:
    exact = Fraction(*value.as_integer_ratio())
    text = f"{value:.{decimals}f}"
    # At a tie two texts are equally near, and both are right.
    assume((exact * 10**decimals * 2).denominator != 1 or exact * 10**decimals % 1 == 0)
    places = [place for place, letter in enumerate(text) if letter.isdigit()]
    place = data.draw(st.sampled_from(places))
    other = str((int(text[place]) + shift) % 10)
    mutated = text[:place] + other + text[place + 1 :]
    assert PrintedText(text).numbers[0].agrees(known(exact)) is True
    assert PrintedText(mutated).numbers[0].agrees(known(exact)) is False


def test_bounds_that_hold_the_end_of_what_is_printed_decide_nothing() -> None:
    (printed,) = PrintedText("0.5").numbers
    third, edge = Fraction(1, 3), Fraction(55, 100)
    around_edge = Real(edge - third / 10**9, edge + third / 10**9)
    assert printed.agrees(around_edge) is None
    assert printed.agrees(Real(special="undecided")) is None
    assert compare([printed], [around_edge]).verdict is None
    assert compare([printed] * 2, [around_edge, known(Fraction(2))]).verdict is False


def test_infinities_nans_and_truth_values_agree_with_themselves_only() -> None:
    numbers = PrintedText("[inf, -inf, nan, True, 1]").numbers
    for mine in numbers:
        agreeing = [other for other in numbers if mine.agrees(other.item)]
        assert agreeing == [mine]


@given(st.integers(0, 2**32 - 1))
def test_the_shortest_text_is_the_number_and_no_neighbour(bits: int) -> None:
    fmt = FORMATS["float32"]
    assume(fmt.is_finite(bits) and fmt.magnitude(bits))
    text = shortest(known(fmt.value(bits)), fmt)
    assert fmt.round(Fraction(text)) == bits


def test_all_digits_of_a_format_are_told_from_fewer() -> None:
    third = known(Fraction(1 / 3))
    single, double = FORMATS["float32"], FORMATS["float64"]
    assert PrintedText("0.3333333333333333").numbers[0].is_all_of(third, double)
    assert not PrintedText("0.33333").numbers[0].is_all_of(third, double)
    tenth = known(single.value(single.round(Fraction(1, 10))))
    assert PrintedText("0.1").numbers[0].is_all_of(tenth, single)
    assert not PrintedText("0.1").numbers[0].is_all_of(tenth, double)
