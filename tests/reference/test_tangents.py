"""Small inputs are bounded by the tangent instead of evaluated: the records' claims, by Arb."""

from __future__ import annotations

from fractions import Fraction

import flint
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halfulp.formats import FORMATS
from halfulp.functions import CATALOGUE
from halfulp.reference.enclosures import PRIMITIVES, balls
from halfulp.reference.values import Scaled

TANGENTS = [record.name for record in CATALOGUE.values() if record.tangent is not None]


def side_of(tangent: str, x: Fraction) -> int:
    """Whether the result is claimed to be above (1) or below (-1) the input."""
    return {"above": 1, "below": -1, "outward": 1 if x > 0 else -1, "inward": -1 if x > 0 else 1}[
        tangent
    ]


@pytest.mark.parametrize("name", TANGENTS)
@settings(max_examples=40, deadline=None)
@given(
    significand=st.integers(1, 2**53 - 1),
    exponent=st.integers(-1074, -100),
    negative=st.booleans(),
)
def test_the_result_lies_beside_the_input_as_claimed(
    name: str, significand: int, exponent: int, negative: bool
) -> None:
    record = CATALOGUE[name]
    x = Fraction(-significand if negative else significand) / 2**-exponent
    order = record.linear_order
    assert order is not None
    assert record.tangent is not None
    with flint.ctx.workprec(8000):
        exact = flint.arb(x.numerator) / x.denominator
        distance = (PRIMITIVES[name](exact) - exact) * side_of(record.tangent, x)
        assert distance > 0
        assert distance < abs(exact) ** (order + 1)


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("name", TANGENTS)
def test_the_bounds_hold_what_evaluation_gives(name: str, fmt: object) -> None:
    from halfulp.formats import Format

    assert isinstance(fmt, Format)
    referee = balls(CATALOGUE[name], fmt)
    for bits in (1, 3, fmt.round(fmt.smallest_normal), fmt.sign_bit | 5):
        scaled = referee.scaled(bits)
        assert isinstance(scaled, Scaled)
        with flint.ctx.workprec(8000):
            value = fmt.value(bits)
            ball = PRIMITIVES[name](flint.arb(value.numerator) / value.denominator)
            ulps = ball * flint.arb((1, -scaled.unit)) - scaled.whole
            assert ulps * 2**60 >= scaled.low - 1
            assert ulps * 2**60 <= scaled.high + 1
