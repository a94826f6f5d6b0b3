"""gamma and its relatives on the negative axis, where poles follow each other.

Every unit interval below 0 has a pole at both ends, and far out only few inputs between them: a
block each would be millions of blocks. Three things help. From -2^(p-1) on there are only poles.
Below -64 gamma underflows, with a sign that alternates. And by reflection (DLMF 5.5.3)

    log|gamma(x)| = log(pi) - lgamma(1 - x) - log|sin(pi x)|

is a smooth function, and one of the fraction of x alone, which takes few values.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from flint import arb, ctx

from halfulp.formats import Format
from halfulp.functions.record import Function
from halfulp.reference.series import coefficient, variable

WIDEST = 24
"""Formats of more bits need more than double precision, and have too many fractions."""

LGAMMA_FROM = 7
"""Binary exponent from which lgamma is reflected: there it is below -400 between the poles."""

GAMMA_FROM = 6
"""Binary exponent from which gamma underflows.

Between the poles |gamma(x)| = pi / (|sin(pi x)| gamma(1 - x)) is below 2^18 / 64! < 2^-276 at
inputs of 24 bits, far less than half of 2^-149."""

ONLY_POLES = ("gamma", "lgamma", "digamma", "polygamma1", "polygamma2", "polygamma3")
"""Functions with a pole at every negative integer."""

Keys = tuple[int, int]


class Smooth(NamedTuple):
    """log(pi) - lgamma(1 - x) over a run of keys.

    Parameters
    ----------
    keys
        The run.
    centre, shift, coefficients
        A polynomial in u = (key - centre) * 2^-shift.
    bound
        What the polynomial and the table of fractions lose together, in ulps of the result.
    """

    keys: Keys
    centre: int
    shift: int
    coefficients: tuple[float, ...]
    bound: float


def poles(function: Function, fmt: Format) -> Keys | None:
    """Return the keys of the inputs that are negative integers because nothing else is there."""
    if function.name not in ONLY_POLES:
        return None
    return _negative(fmt, fmt.p - 1, fmt.emax + 1)


def underflowing(function: Function, fmt: Format) -> Keys | None:
    """Return the keys where gamma underflows, poles in between."""
    if function.name != "gamma" or fmt.p > WIDEST or fmt.p - 1 <= GAMMA_FROM:
        return None
    return _negative(fmt, GAMMA_FROM, fmt.p - 1)


def reflected(function: Function, fmt: Format) -> Keys | None:
    """Return the keys where lgamma is evaluated by reflection."""
    if function.name != "lgamma" or fmt.p > WIDEST or fmt.p - 1 <= LGAMMA_FROM:
        return None
    return _negative(fmt, LGAMMA_FROM, fmt.p - 1)


def _negative(fmt: Format, first: int, end: int) -> Keys | None:
    """Return the keys of the inputs in (-2^end, -2^first]."""

    def key(exponent: int) -> int:
        return -1 - ((exponent - fmt.emin + 1) << (fmt.p - 1))

    low, high = max(key(end) + 1, -1 - fmt.max_magnitude), key(first)
    return (low, high) if low <= high else None


def fraction_bits(fmt: Format, key: int) -> int:
    """Return how many bits of a significand stand behind the point, for |x| < 2^(p-1)."""
    return -fmt.significand(fmt.from_key(key))[1]


@cache
def table(bits: int) -> tuple[tuple[float, ...], float]:
    """Return -log|sin(pi j / 2^bits)| for every j, 0 at the poles, and a bound of their errors."""
    ctx.prec = 96
    found, worst = [0.0], arb(0)
    for j in range(1, 1 << bits):
        exact = -(arb(j) / (1 << bits)).sin_pi().log()
        value = float(exact.mid())
        worst = worst.max(abs(exact - value).upper())
        found.append(value)
    return tuple(found), float(worst.upper()) * (1 + 2.0**-50)


DEGREE = 7
_WANTED = 2.0**-24


def smooth(fmt: Format, keys: Keys) -> Iterator[Smooth]:
    """Yield models of the smooth part over a run inside one binade of x."""
    waiting = [keys]
    while waiting:
        first, last = waiting.pop()
        found = _model(fmt, first, last)
        if found.bound <= 4 * _WANTED or last - first < 8:
            yield found
        else:
            middle = (first + last) // 2
            waiting += [(middle + 1, last), (first, middle)]


def _model(fmt: Format, first: int, last: int) -> Smooth:
    centre = (first + last) // 2
    half = max(centre - first, last - centre, 1)
    shift = half.bit_length()
    significand, exponent = fmt.significand(fmt.from_key(centre))
    ctx.prec = 128
    middle, step = arb(significand) * _power(exponent), _power(exponent + shift)
    radius = arb(half) * _power(exponent)
    near = _smooth(variable(middle, step, DEGREE + 1))
    wide = _smooth(variable((middle - radius).union(middle + radius), step, DEGREE + 2))
    exact = [coefficient(near, k) for k in range(DEGREE + 1)]
    rounded = tuple(float(ball.mid()) for ball in exact)
    lost = sum((abs(ball - c) for ball, c in zip(exact, rounded, strict=True)), arb(0))
    size = sum((2 * k + 3) * abs(c) for k, c in enumerate(rounded)) + 64.0
    _, off = table(fraction_bits(fmt, centre))
    absolute = abs(coefficient(wide, DEGREE + 1)) + lost + arb(size * 1.01 * 2.0**-53 + off)
    smallest = -(rounded[0] + sum(map(abs, rounded[1:]))) - 64.0
    assert smallest >= 1, "runs inside one binade, from -2^7 on"
    ulp = _power(_exponent(smallest) - fmt.p + 1)
    return Smooth((first, last), centre, shift, rounded, _upper(absolute / ulp) * (1 + 2.0**-50))


def _exponent(size: float) -> int:
    """Return floor(log2(size)) of a size above 1, at least."""
    return int(size).bit_length() - 1


def _upper(ball: Any) -> float:
    return float(ball.upper()) if ball.is_finite() else float("inf")


def _smooth(x: Any) -> Any:
    return arb.pi().log() - (1 - x).lgamma()


@cache
def _power(exponent: int) -> Any:
    return arb((1, exponent))
