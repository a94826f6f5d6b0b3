"""The condition number against mpmath's derivative, and where there is none."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import mpmath
import pytest

from halfulp import functions
from halfulp.formats import format_named
from halfulp.study.condition import condition

PRECISION = 400
SAMPLES: dict[str, Any] = {
    "exp": mpmath.exp, "expm1": mpmath.expm1, "log": mpmath.log, "log1p": mpmath.log1p,
    "sin": mpmath.sin, "tan": mpmath.tan, "tanh": mpmath.tanh, "erf": mpmath.erf,
    "gamma": mpmath.gamma, "j0": mpmath.j0, "sqrt": mpmath.sqrt, "acosh": mpmath.acosh,
    "log(1 + exp(x))": lambda x: mpmath.log1p(mpmath.exp(x)),
}  # fmt: skip


@pytest.mark.parametrize("name", ["float32", "float64"])
@pytest.mark.parametrize("function", SAMPLES)
@pytest.mark.parametrize("text", ["0x1.8p-90", "0x1.5p-3", "0x1.3p+0", "-0x1.7p+1", "0x1.1p+6"])
def test_it_is_the_derivative_s(function: str, name: str, text: str) -> None:
    fmt = format_named(name)
    value = float.fromhex(text)
    bits = fmt.round(Fraction(value))
    found = condition(functions.get(function), fmt, fmt.key(bits), fmt.key(bits))
    with mpmath.workprec(PRECISION):
        result = SAMPLES[function](mpmath.mpf(value))
        if isinstance(result, mpmath.mpc) or not -(2.0**fmt.emax) < result < 2.0**fmt.emax:
            assert found is None
            return
        slope = mpmath.diff(SAMPLES[function], mpmath.mpf(value), h=mpmath.mpf(2) ** -130)
        expected = float(abs(value * slope / result))
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-15)


@pytest.mark.parametrize(
    ("function", "text"),
    [
        ("exp", "0x0p+0"),  # a relative change of 0 is none
        ("log", "-0x1p+0"),  # outside the domain
        ("exp", "0x1p+20"),  # beyond the format
        ("log", "0x1p+0"),  # the exact result is 0
        ("zeta", "0x1p+100"),  # Arb would take long
    ],
)
def test_where_there_is_none_it_is_null(function: str, text: str) -> None:
    fmt = format_named("float32")
    key = fmt.key(fmt.round(Fraction(float.fromhex(text))))
    assert condition(functions.get(function), fmt, key, key) is None


def test_two_arguments_have_none() -> None:
    fmt = format_named("float32")
    assert condition(functions.get("pow"), fmt, 100, 200) is None


def test_an_ill_conditioned_place_is_told_from_a_good_one() -> None:
    fmt = format_named("float64")
    near = fmt.key(fmt.round(Fraction(6381956970095103 * 2**797)))  # next to a multiple of pi/2
    large = condition(functions.get("cos"), fmt, near, near)
    assert large is not None
    assert large > 2.0**800
    assert condition(functions.get("sqrt"), fmt, near, near) == pytest.approx(0.5)
