"""sin, cos and tan where neighbouring inputs lie far apart: the constants of an exact reduction.

A Taylor model holds for a few radians. From about 32 on, that is fewer and fewer inputs, and past
2^24 less than one. There x = m * 2^e is reduced modulo 2 pi by integers, with a constant for each
binade (`halfulp.judge.reduced`).
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import NamedTuple

from flint import arb, ctx

from halfulp.formats import Format
from halfulp.functions.record import Function

FUNCTIONS = {"sin": 0, "cos": 1, "tan": 2}
"""Functions of this kind, by the number that compiled loops know them by."""

WIDEST = 24
"""Formats of more bits need more than double precision."""

FROM = 5
"""Binary exponent of the smallest argument that is reduced."""

BITS = 104
"""Bits of the constant; a significand below 2^24 times its error is below 2^-80 turns."""

BOUNDS = {"sin": 2.0**-23, "cos": 2.0**-23, "tan": 2.0**-22}
"""Bounds of the error of the compiled evaluation, in ulps of 24 bits (docs/error-bound.md)."""


class Reduction(NamedTuple):
    """What compiled loops need to reduce the inputs of a binade.

    Parameters
    ----------
    high, low
        The fraction of 2^e / (2 pi) in units of 2^-64, and what is below it in units of 2^-104.
    field
        Bits of the fraction of an encoding.
    least
        What to take from a double's biased exponent to have that of the format, less 1,023.
    sign_bit
        The encoding of -0.
    max_magnitude
        The encoding of the largest finite number.
    """

    high: int
    low: int
    field: int
    least: int
    sign_bit: int
    max_magnitude: int


def oscillates(function: Function, fmt: Format, key: int) -> bool:
    """Tell whether an input is to be reduced."""
    return (
        function.name in FUNCTIONS
        and fmt.p <= WIDEST
        and fmt.magnitude(fmt.from_key(key)) >= _smallest(fmt)
    )


@cache
def _smallest(fmt: Format) -> int:
    return fmt.round(Fraction(2) ** FROM)


def reduction(fmt: Format, key: int) -> Reduction:
    """Return the constant of the binade of an input."""
    exponent = fmt.significand(fmt.from_key(key))[1]
    units = _fraction(exponent)
    return Reduction(
        units >> (BITS - 64),
        units & ((1 << (BITS - 64)) - 1),
        fmt.p - 1,
        -(1 - fmt.emin),
        fmt.sign_bit,
        fmt.max_magnitude,
    )


@cache
def _fraction(exponent: int) -> int:
    """Return the fraction of 2^exponent / (2 pi) in units of 2^-104, rounded down."""
    ctx.prec = 2 * BITS + max(exponent, 0)
    scaled = arb((1, exponent + BITS)) / (2 * arb.pi())
    whole = scaled.floor().unique_fmpz()
    assert whole is not None, "the precision covers all bits of the fraction"
    return int(whole) & ((1 << BITS) - 1)
