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


def only_at(
    table: Mapping[Fraction | int, Fraction | int],
) -> Callable[[Fraction], Fraction | None]:
    """Return a rule that is exact at these inputs alone.

    For exp, the logarithms, the circular and hyperbolic functions the Lindemann-Weierstrass
    theorem rules out every other algebraic input.
    """
    exact = {Fraction(place): Fraction(value) for place, value in table.items()}
    return exact.get


def integer_root(number: int, degree: int) -> int:
    """Return floor(number^(1/degree)) of an integer >= 0, by Newton's iteration from above."""
    if degree >= number.bit_length():
        return min(number, 1)
    root = 1 << -(-number.bit_length() // degree)
    while True:
        better = ((degree - 1) * root + number // root ** (degree - 1)) // degree
        if better >= root:
            return root
        root = better


def rational_root(x: Fraction, degree: int) -> Fraction | None:
    """Return x^(1/degree) of x >= 0 if it is rational: both terms are powers of integers."""
    if degree == 2:
        return square_root(x)
    terms = (x.numerator, x.denominator)
    roots = tuple(integer_root(term, degree) for term in terms)
    exact = all(root**degree == term for root, term in zip(roots, terms, strict=True))
    return Fraction(*roots) if exact else None


def square_root(x: Fraction) -> Fraction | None:
    """Return the square root of x >= 0 if it is rational."""
    numerator, denominator = isqrt(x.numerator), isqrt(x.denominator)
    exact = numerator * numerator == x.numerator and denominator * denominator == x.denominator
    return Fraction(numerator, denominator) if exact else None


def cube_root(x: Fraction) -> Fraction | None:
    """Return the real cube root of x if it is rational."""
    root = rational_root(abs(x), 3)
    return -root if root is not None and x < 0 else root


def binary_power(x: Fraction) -> Fraction | None:
    """Return 2^x if x is an integer (otherwise 2^x is irrational)."""
    if x.denominator != 1 or abs(x) > _LARGEST_EXPONENT:
        return None
    return power_of_two(int(x))


def decimal_power(x: Fraction) -> Fraction | None:
    """Return 10^x if x is an integer from 0 to 1000.

    Powers below are rationals that no binary format holds, and those above are beyond every format;
    for other x, 10^x is irrational.
    """
    return Fraction(10 ** int(x)) if x.denominator == 1 and 0 <= x <= 1_000 else None


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


def reciprocal_square_root(x: Fraction) -> Fraction | None:
    """Return 1 / sqrt(x) of x > 0 if it is rational."""
    root = square_root(x)
    return None if root is None else 1 / root


def hypotenuse(x: Fraction, y: Fraction) -> Fraction | None:
    """Return sqrt(x^2 + y^2) if it is rational."""
    return square_root(x * x + y * y)


def factorial(x: Fraction) -> Fraction | None:
    """Return gamma(x) = (x - 1)! of an integer x from 1 to 1000; above, every format overflows."""
    from math import factorial as of_integer

    return Fraction(of_integer(int(x) - 1)) if x.denominator == 1 and 1 <= x <= 1_000 else None


def sine_of_half_turns(x: Fraction) -> Fraction | None:
    """Return sin(pi x) of a dyadic x if it is rational: a multiple of 1/2, by Niven's theorem."""
    if x.denominator > 2:
        return None
    return Fraction((0, 1, 0, -1)[int(2 * x) % 4])


def cosine_of_half_turns(x: Fraction) -> Fraction | None:
    """Return cos(pi x) of a dyadic x if it is rational."""
    return sine_of_half_turns(x + Fraction(1, 2))


def rational_power(x: Fraction, y: Fraction) -> Fraction | None:
    """Return x^y if it is rational and short enough to matter.

    With y = a/b in lowest terms the result is rational exactly if x is the b-th power of a
    rational. Negative x need an integer y; 0 is a special input.
    """
    if not x:
        return None
    if x in {1, -1}:
        return _unit_power(x, y)
    if x < 0 and y.denominator != 1:
        return None
    root = rational_root(abs(x), y.denominator)
    power = None if root is None else _integer_power(root, y.numerator)
    return -power if power is not None and x < 0 and y.numerator & 1 else power


def _unit_power(x: Fraction, y: Fraction) -> Fraction | None:
    if x == 1:
        return Fraction(1)
    if y.denominator != 1:
        return None
    return Fraction(-1 if y.numerator & 1 else 1)


def _integer_power(base: Fraction, exponent: int) -> Fraction | None:
    """Return base > 0 to an integer power, unless it is too long to be a float."""
    twos = _trailing_zeros(base.numerator) - _trailing_zeros(base.denominator)
    if abs(twos * exponent) > _LARGEST_EXPONENT:
        return None
    odd = base / power_of_two(twos)
    if odd == 1:
        return power_of_two(twos * exponent)
    bits = max(odd.numerator, odd.denominator).bit_length()
    if bits * abs(exponent) > _LARGEST_POWER_BITS:
        return None
    return power_of_two(twos * exponent) * odd**exponent


def _trailing_zeros(number: int) -> int:
    return (number & -number).bit_length() - 1
