from __future__ import annotations

import math
from fractions import Fraction

import mpmath

from halfulp.formats import FORMATS
from halfulp_backends._formulas import pi


def test_pi_is_known_far_beyond_any_format() -> None:
    with mpmath.workprec(600):
        known = Fraction(int(mpmath.floor(mpmath.pi * 2**520)), 2**520)
    assert abs(pi() - known) < Fraction(1, 2**500)
    assert FORMATS["float64"].value(FORMATS["float64"].round(pi())) == Fraction(math.pi)
