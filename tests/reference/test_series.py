"""Series of functions against values of the arbiter, at points and over balls."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from flint import arb, arb_series, ctx

from halfulp import functions
from halfulp.functions import CATALOGUE
from halfulp.reference.series import NoSeries, coefficient, series_of, variable

if TYPE_CHECKING:
    from collections.abc import Sequence

    Ball = Any  # python-flint ships no types

LENGTH = 9
RADIUS = Fraction(1, 64)
PLACES = tuple(Fraction(n, 64) for n in (-3_137, -305, -81, -27, 13, 27, 45, 83, 229, 2_741))
ONE_ARGUMENT = sorted(name for name, record in CATALOGUE.items() if record.arity == 1)
COMPOSED = (
    "erfinv(x*x/16)", "digamma(1 + exp(x/4))", "j1(x*x + 1)", "log_ndtr(sin(x))", "sinc(exp(x/8))",
    "cbrt(2 + cos(x))", "lgamma(x*x + 1/4)", "polygamma1(2 + tanh(x))", "(x + 1/3)**3 / (x*x + 1)",
    "(x*x + 1)**(1/3)", "i0e(x - 100)", "x**-2 + pi",
)  # fmt: skip


@pytest.fixture(autouse=True)
def precision() -> Any:
    with ctx.workprec(200):
        yield


def ball_of(arbiter: Any, name: str, x: Fraction) -> Ball:
    if name in arbiter.FUNCTIONS:
        return arbiter.function(name, [x])
    return arbiter.tree(functions.parse(name), {"x": x})


def exact(value: Fraction) -> Ball:
    return arb(value.numerator) / value.denominator


def near_and_wide(name: str, middle: Fraction) -> tuple[list[Ball], Ball]:
    """Return coefficients around a point, and the one after them around all within the radius."""
    evaluate = series_of(functions.get(name))
    scale = exact(RADIUS)
    near = evaluate(variable(exact(middle), scale, LENGTH))
    around = exact(middle - RADIUS).union(exact(middle + RADIUS))
    wide = evaluate(variable(around, scale, LENGTH + 1))
    return [coefficient(near, k) for k in range(LENGTH)], coefficient(wide, LENGTH)


def taylor(near: Sequence[Ball], rest: Ball, u: Fraction) -> Ball:
    value = exact(u) ** len(near) * rest
    for order, ball in enumerate(near):
        value += ball * exact(u) ** order
    return value


def decided_places(arbiter: Any, name: str) -> list[tuple[Fraction, list[Ball], Ball]]:
    found = []
    for middle in PLACES:
        if not ball_of(arbiter, name, middle).is_finite():
            continue  # outside the domain
        try:
            near, rest = near_and_wide(name, middle)
        except NoSeries:
            continue  # around 0
        if rest.is_finite():
            found.append((middle, near, rest))
    return found


@pytest.mark.parametrize("name", [*ONE_ARGUMENT, *COMPOSED])
def test_a_taylor_model_holds_the_function(arbiter: Any, name: str) -> None:
    places = decided_places(arbiter, name)
    assert len(places) >= 2, "nothing was compared"
    narrow = 0
    for middle, near, rest in places:
        for u in (Fraction(0), Fraction(1), Fraction(-1), Fraction(-5, 8), Fraction(3, 16)):
            model = taylor(near, rest, u)
            real = ball_of(arbiter, name, middle + RADIUS * u)
            assert model.overlaps(real)
            narrow += bool(model.rad() < (abs(real) + 1) / 2**40)
    assert narrow >= len(places), "balls too wide to tell anything"


@pytest.mark.parametrize("name", [*ONE_ARGUMENT, *COMPOSED])
def test_a_wide_series_holds_those_around_its_points(name: str, arbiter: Any) -> None:
    """What bounds the remainder: the coefficient over the ball holds that of every point of it."""
    for middle, _, rest in decided_places(arbiter, name)[:4]:
        evaluate = series_of(functions.get(name))
        for u in (-1, Fraction(-1, 3), Fraction(2, 5), 1):
            point = exact(middle + RADIUS * u)
            inside = coefficient(evaluate(variable(point, exact(RADIUS), LENGTH + 1)), LENGTH)
            assert rest.overlaps(inside)
            assert abs(rest).upper() * arb(1.000001) + arb(2) ** -150 >= abs(inside).lower()


def test_a_coefficient_beyond_the_known_ones_is_refused() -> None:
    """python-flint gives an exact 0 there, without a word."""
    known = variable(arb(3), arb(1), 5).lgamma().derivative()
    assert coefficient(known, 3) != 0
    assert known[4] == 0
    with pytest.raises(AssertionError, match="coefficient 4 of a series known to 4"):
        coefficient(known, 4)


def test_derivatives_are_known_to_the_whole_length() -> None:
    for name in ("digamma", "polygamma1", "polygamma3"):
        found = series_of(CATALOGUE[name])(variable(arb(5), arb(1), 8))
        assert found.prec == 8
        assert coefficient(found, 7) != 0


def test_what_has_no_series_says_so() -> None:
    with pytest.raises(NoSeries):
        series_of(functions.get("pow(x, x)"))
    over_zero = arb_series([arb(0, 1), arb(1)], prec=4)
    ctx.cap = 4
    for name in ("tanh", "asinh", "cbrt", "lgamma", "softplus", "log_ndtr"):
        with pytest.raises(NoSeries, match="a block over 0"):
            series_of(CATALOGUE[name])(over_zero)
