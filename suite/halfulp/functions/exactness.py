"""Exact rational results: roots, powers and logarithms of rationals.

No enclosure decides a result that is exactly a float, a midpoint or a power of two, so these rules
are asked first. Each returns None where the result is irrational (or, for powers, a rational with
so many digits that no format's float or midpoint equals it).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import isqrt

from halfulp.formats import power_of_two

_LARGEST_POWER_BITS = 4_096
"""Odd parts of more bits are no float or midpoint of any format, nor is their reciprocal."""

_LARGEST_EXPONENT = 1 << 20
"""Powers of two beyond are far out of every format; enclosures decide them."""


def only_at(table: Mapping[int, Fraction | int]) -> Callable[[Fraction], Fraction | None]:
    """Return a rule that is exact at these inputs alone.

    For exp, the logarithms, the circular and hyperbolic functions the Lindemann-Weierstrass
    theorem rules out every other algebraic input.
    """
    exact = {Fraction(place): Fraction(value) for place, value in table.items()}
    return exact.get


def integer_cube_root(number: int) -> int:
    """Return floor(number^(1/3)) of an integer >= 0, by Newton's iteration from above."""
    root = 1 << -(-number.bit_length() // 3)
    while True:
        better = (2 * root + number // (root * root)) // 3
        if better >= root:
            return root
        root = better


def square_root(x: Fraction) -> Fraction | None:
    """Return the square root of x >= 0 if it is rational."""
    numerator, denominator = isqrt(x.numerator), isqrt(x.denominator)
    exact = numerator * numerator == x.numerator and denominator * denominator == x.denominator
    return Fraction(numerator, denominator) if exact else None


def cube_root(x: Fraction) -> Fraction | None:
    """Return the real cube root of x if it is rational."""
    numerator, denominator = (
        integer_cube_root(abs(x.numerator)),
        integer_cube_root(x.denominator),
    )
    if numerator**3 != abs(x.numerator) or denominator**3 != x.denominator:
        return None
    return Fraction(numerator if x > 0 else -numerator, denominator)


def binary_power(x: Fraction) -> Fraction | None:
    """Return 2^x if x is an integer (otherwise 2^x is irrational)."""
    if x.denominator != 1 or abs(x) > _LARGEST_EXPONENT:
        return None
    return power_of_two(int(x))


def binary_logarithm(x: Fraction) -> Fraction | None:
    """Return log2(x) of x > 0 if it is rational: x = 2^k."""
    for whole, sign in ((x.numerator, 1), (x.denominator, -1)):
        if x in {whole, Fraction(1, whole)} and whole & (whole - 1) == 0:
            return Fraction(sign * (whole.bit_length() - 1))
    return None


def decimal_logarithm(x: Fraction) -> Fraction | None:
    """Return log10(x) of a dyadic x > 0 if it is rational: x = 10^k with k >= 0."""
    if x.denominator != 1 or not x.numerator:
        return None
    # 10^k = 5^k 2^k: k is the number of trailing zero bits.
    k = (x.numerator & -x.numerator).bit_length() - 1
    return Fraction(k) if x.numerator == 10**k else None


def rational_power(x: Fraction, y: Fraction) -> Fraction | None:
    """Return x^y of dyadic x and y if it is rational and short enough to matter.

    With y = a / 2^k in lowest terms the result is rational exactly if x is the 2^k-th power of a
    rational, so k square roots are taken. Negative x need an integer y; 0 is a special input.
    """
    if not x:
        return None
    if x in {1, -1}:
        return _unit_power(x, y)
    root, halvings = abs(x), y.denominator
    while halvings > 1:
        if x < 0:
            return None
        halved = square_root(root)
        if halved is None:
            return None
        root, halvings = halved, halvings >> 1
    power = _integer_power(root, y.numerator)
    return -power if power is not None and x < 0 and y.numerator & 1 else power


def _unit_power(x: Fraction, y: Fraction) -> Fraction | None:
    if x == 1:
        return Fraction(1)
    if y.denominator != 1:
        return None
    return Fraction(-1 if y.numerator & 1 else 1)


def _integer_power(base: Fraction, exponent: int) -> Fraction | None:
    """Return a dyadic base > 0 to an integer power, unless it is too long to be a float."""
    twos = (base.numerator & -base.numerator).bit_length() - base.denominator.bit_length()
    odd = base.numerator >> max(twos, 0)
    if abs(twos * exponent) > _LARGEST_EXPONENT:
        return None
    if odd != 1 and (exponent < 0 or odd.bit_length() * exponent > _LARGEST_POWER_BITS):
        return None
    return power_of_two(twos * exponent) * odd ** (exponent if odd != 1 else 1)
