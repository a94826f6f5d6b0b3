"""The compiled loops in rational arithmetic: Horner's rule, the rest, and what a bound decides."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from halfulp.judge.elements import decided_within
from halfulp.judge.tiles import TILE, model
from halfulp.reference.models import HORNER_UNIT, LARGEST

HALF = Fraction(1, 2)
COEFFICIENTS = st.floats(-(2.0**26), 2.0**26)
TINY = st.floats(-(2.0**-1000), 2.0**-1000)
"""Intermediate results become subnormal."""


def evaluated(
    kind: type[Any], coefficients: list[float], first: int, shift: int, base: int, slope: int
) -> tuple[list[int], list[float]]:
    """Return rho and rest of a tile, as the compiled loop fills them."""
    rho, rest = np.empty(TILE, kind), np.empty(TILE)
    made = np.array(coefficients)
    model(np.int32(first), TILE, 2.0**-shift, made, kind(base), kind(slope), rho, rest)
    return rho.tolist(), rest.tolist()


@pytest.mark.parametrize("kind", [np.int32, np.int64])
@settings(deadline=None)  # the first call compiles
@given(
    st.lists(COEFFICIENTS | TINY, min_size=8, max_size=8),
    st.integers(11, 30),
    st.integers(0, 2**30),
    st.integers(-300, 300),
)
@example([0.5, *[0.0] * 7], 11, 0, 1)
@example([-0.49999999999999994, *[5e-324] * 7], 12, 1, 0)
@example([float(LARGEST) / 8] * 8, 11, 0, 0)
def test_a_tile_is_the_polynomial_within_horners_bound(
    kind: type[Any], coefficients: list[float], shift: int, base: int, slope: int
) -> None:
    first = -(1 << shift) + 1
    rho, rest = evaluated(kind, coefficients, first, shift, base, slope)
    exact = [Fraction(c) for c in coefficients]
    bound = sum((2 * k + 1) * abs(c) for k, c in enumerate(exact)) * Fraction(HORNER_UNIT)
    for i in (0, 1, TILE // 2, TILE - 1):
        offset = first + i
        u = Fraction(offset, 1 << shift)
        value = sum(c * u**k for k, c in enumerate(exact))
        whole = rho[i] - base - slope * offset
        if kind is np.int32:  # modulo 2^32, as encodings are
            whole = (whole + 2**31) % 2**32 - 2**31
        assert abs(rest[i]) <= 0.5
        assert abs(whole + Fraction(rest[i]) - value) <= bound + Fraction(2) ** -1000


@settings(deadline=None)
@given(st.floats(0.0, 0.25))
@example(2.0**-21)
@example(2.0**-80)
@example(5e-324)
def test_what_counts_as_decided_is_below_half_an_ulp_less_the_bound(bound: float) -> None:
    limit = HALF - Fraction(bound)
    assert limit - Fraction(2) ** -52 < Fraction(decided_within(bound)) < limit
