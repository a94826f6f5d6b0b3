"""Exact results: against brute force with rationals, and never against an enclosure."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt
from typing import TYPE_CHECKING

import flint
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halfulp.formats import FORMATS, Format
from halfulp.functions import CATALOGUE
from halfulp.functions.exactness import integer_root, rational_root
from halfulp.reference.domains import in_domain

if TYPE_CHECKING:
    from typing import Any

TWO = Fraction(2)
THOROUGH = settings(max_examples=300, deadline=None)
positive = st.fractions(min_value=Fraction(1, 10**6), max_value=10**6)


def exact(name: str, *values: Fraction | int | str) -> Fraction | None:
    return CATALOGUE[name].exact(*map(Fraction, values))


def is_square(number: int) -> bool:
    return isqrt(number) ** 2 == number


@THOROUGH
@given(st.integers(0, 2**2000), st.integers(1, 3000))
def test_integer_roots_are_floors(number: int, degree: int) -> None:
    root = integer_root(number, degree)
    assert root**degree <= number < (root + 1) ** degree


@THOROUGH
@given(positive, st.integers(1, 12))
def test_roots_of_powers_come_back(x: Fraction, degree: int) -> None:
    assert rational_root(x**degree, degree) == x
    if degree > 1:
        assert rational_root(2 * x**degree, degree) is None  # 2^(1/n) is irrational


@THOROUGH
@given(positive)
def test_the_square_root_is_exact_for_squares_alone(x: Fraction) -> None:
    assert exact("sqrt", x * x) == x
    expected = is_square(x.numerator) and is_square(x.denominator)
    assert (exact("sqrt", x) is not None) == expected


@THOROUGH
@given(positive, st.sampled_from([1, -1]))
def test_the_cube_root_is_exact_for_cubes_alone(x: Fraction, sign: int) -> None:
    assert exact("cbrt", sign * x**3) == sign * x
    assert exact("cbrt", sign * 2 * x**3) is None
    assert exact("cbrt", sign * 3 * x**3) is None


def test_small_roots_are_exact_as_brute_force_says() -> None:
    for n in range(1, 5000):
        roots = [k for k in range(71) if k * k == n]
        assert exact("sqrt", n) == (roots[0] if roots else None)
        cubes = [k for k in range(18) if k**3 == n]
        assert exact("cbrt", -n) == (-cubes[0] if cubes else None)


@pytest.mark.parametrize("k", [*range(-40, 41), -1074, -1075, -149, -150, 1023, 1024])
def test_powers_of_two_and_their_logarithms_are_exact(k: int) -> None:
    assert exact("exp2", k) == TWO**k
    assert exact("log2", TWO**k) == k
    assert exact("log2", 3 * TWO**k) is None
    assert exact("exp2", k + Fraction(1, 2)) is None


@pytest.mark.parametrize("k", range(309))
def test_logarithms_of_powers_of_ten_are_exact(k: int) -> None:
    assert exact("log10", 10**k) == k
    assert exact("log10", 10**k * 2) is None
    assert exact("log10", 10**k + 1) is None if k else True


def test_the_logarithm_of_a_negative_power_of_ten_has_no_float_as_its_argument() -> None:
    assert exact("log10", Fraction(1, 2)) is None
    assert exact("log10", Fraction(1, 1024)) is None


@pytest.mark.parametrize(
    ("name", "x", "value"),
    [
        ("exp", 0, 1),
        ("expm1", 0, 0),
        ("log", 1, 0),
        ("log1p", 0, 0),
        ("sin", 0, 0),
        ("cos", 0, 1),
        ("tanh", 0, 0),
        ("erf", 0, 0),
        ("sigmoid", 0, Fraction(1, 2)),
    ],
)
def test_transcendental_functions_are_exact_at_one_point(name: str, x: int, value: int) -> None:
    """The Lindemann-Weierstrass theorem leaves no other rational argument."""
    assert exact(name, x) == value
    for other in (1, 2, -1, Fraction(1, 2), Fraction(-3, 4), TWO**-1074, TWO**1000):
        if other != x:
            assert exact(name, other) is None


@THOROUGH
@given(
    positive | st.integers(1, 50).map(Fraction),
    st.fractions(-8, 8, max_denominator=8),
    st.sampled_from([1, -1]),
)
def test_powers_are_exact_as_the_definition_says(x: Fraction, y: Fraction, sign: int) -> None:
    power = exact("pow", sign * x, y)
    if sign < 0 and y.denominator > 1:
        assert power is None
    elif power is not None:
        assert power**y.denominator == (sign * x) ** y.numerator
        assert power > 0 or (sign < 0 and y.numerator % 2 == 1)
    else:
        assert y.denominator > 1
        for term in (x.numerator, x.denominator):
            if integer_root(term, y.denominator) ** y.denominator != term:
                return
        pytest.fail(f"{x}^{y} is rational")


@pytest.mark.parametrize(
    ("x", "y", "value"),
    [
        (4, "1/3", None),
        (8, "1/3", 2),
        ("1/9", "3/2", Fraction(1, 27)),
        ("1/3", 2, Fraction(1, 9)),
        (-2, 3, -8),
        (-8, "1/3", None),
        (16, "0.75", 8),
        (1, "0.3", 1),
        (-1, 2**60 + 1, -1),
        (2, -1075, TWO**-1075),
        (2, 2**1000, None),
        (3, 2**40, None),
        (2, TWO**-1074, None),
    ],
)
def test_selected_powers(x: str | int, y: str | int, value: Fraction | None) -> None:
    assert exact("pow", x, y) == value


def inputs(fmt: Format) -> st.SearchStrategy[Fraction]:
    finite = st.integers(-fmt.max_magnitude, fmt.max_magnitude)
    anywhere = finite.map(lambda ordinal: fmt.value(fmt.from_ordinal(ordinal)))
    short = st.integers(-64, 64) | st.sampled_from([100, 1000, 27, 125, 343, 81])
    small = st.builds(lambda n, k: Fraction(n) * TWO**k, short, st.integers(-6, 6))
    return small.filter(lambda value: fmt.neighbours(value)[0] == value) | anywhere


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_exact_results_lie_in_the_ball_and_other_results_are_no_floats(
    function_name: str, arbiter: Any, data: st.DataObject
) -> None:
    fmt = data.draw(st.sampled_from(list(FORMATS.values())))
    record = CATALOGUE[function_name]
    values = [data.draw(inputs(fmt)) for _ in range(record.arity)]
    is_special = record.special(*map(_point, values)) is not None
    is_far = record.asymptote is not None and max(map(abs, values)) > 30
    if is_special or is_far or not in_domain(record, *values):
        return
    result = record.exact(*values)
    for precision in (400, 1500, 6000):
        with flint.ctx.workprec(precision):
            ball = arbiter.function(function_name, values)
            if result is not None and ball.is_finite():
                # The rational is rounded to a ball itself: a narrower one, or it may stick out.
                with flint.ctx.workprec(2 * precision):
                    assert ball.contains(flint.fmpq(result.numerator, result.denominator))
            elif ball.rel_accuracy_bits() > 300 and not _holds_short_number(arbiter, ball, fmt):
                return
    assert result is not None or not ball.is_finite() or ball.rel_accuracy_bits() < 5000


def _point(value: Fraction) -> Any:
    from halfulp.functions import Point

    return Point("finite", value < 0, value)


def _holds_short_number(arbiter: Any, ball: Any, fmt: Format) -> bool:
    """Whether a narrow ball holds a number or midpoint of the format, in its finite range."""
    low, high = arbiter.rational(ball, 8000)
    if max(abs(low), abs(high)) > 2 * fmt.max_finite or high - low > fmt.smallest_subnormal:
        return False
    unit = fmt.ulp(min(abs(low), abs(high))) / 2
    return high // unit > low // unit or low % unit == 0


def test_the_check_for_short_numbers_can_fail(arbiter: Any) -> None:
    fmt = FORMATS["float16"]
    with flint.ctx.workprec(1500):
        assert _holds_short_number(arbiter, flint.arb(3).sqrt() ** 2, fmt)
        assert not _holds_short_number(arbiter, flint.arb(3).sqrt(), fmt)
