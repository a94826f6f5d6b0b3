"""sin, cos, tan by reduction, and lgamma by reflection, against balls: the constants and bounds."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import flint
import numpy as np
import pytest
from flint import arb

from halfulp.formats import FORMATS
from halfulp.judge.reduced import COS, SIN, TAN, oscillate
from halfulp.reference import oscillation
from halfulp.reference.oscillation import BITS, BOUNDS, FROM, reduction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halfulp.formats import Format

NARROW = tuple(name for name, fmt in FORMATS.items() if fmt.p <= oscillation.WIDEST)
CODES = {"sin": SIN, "cos": COS, "tan": TAN}


def evaluated(name: str, fmt: Format, key: int, count: int) -> list[tuple[int, int, float]]:
    """Return key, rounded result and rest of neighbouring inputs that are not left open."""
    rho, rest = np.empty(count, np.int64), np.empty(count)
    constants = np.array([value % 2**64 for value in reduction(fmt, key)], dtype=np.uint64)
    oscillate(key, count, CODES[name], constants, rho, rest)
    columns = zip(range(key, key + count), rho.tolist(), rest.tolist(), strict=True)
    return [each for each in columns if each[2] != 0.5]


def used(arbiter: Any, name: str, fmt: Format, point: tuple[int, int, float]) -> float:
    """Return the part of the bound that a result uses, in ulps of 24 bits."""
    key, rounded, rest = point
    significand, exponent = fmt.significand(fmt.from_key(key))
    whole, unit = fmt.significand(fmt.magnitude(rounded))
    if whole == 1 << (fmt.p - 1) and rest < 0:
        whole, unit = 2 * whole, unit - 1
    with flint.ctx.workprec(400):
        real = arbiter.FUNCTIONS[name](arb((significand, exponent)))
        sign = -1 if fmt.is_negative(rounded) else 1
        off = abs(real * arb((sign, -unit)) - whole - arb(rest))
        return float(off.upper()) * 2.0 ** (24 - fmt.p) / BOUNDS[name]


def keys_of(fmt: Format, random: np.random.Generator) -> list[int]:
    """Return keys in every binade that is reduced, both signs, and the ends of each."""
    size = 1 << (fmt.p - 1)
    found = []
    for binade in range(FROM - fmt.emin + 1, fmt.emax - fmt.emin + 2):
        low = binade * size
        for place in {0, size - 8, *random.integers(0, size - 8, 2).tolist()}:
            key = low + max(place, 0)
            found += [key, -1 - key - 7]
    return found


@pytest.mark.parametrize("form", NARROW)
@pytest.mark.parametrize("name", CODES)
def test_every_binade_is_within_the_bound(arbiter: Any, name: str, form: str) -> None:
    fmt = FORMATS[form]
    keys = keys_of(fmt, np.random.default_rng(7))
    points = [point for key in keys for point in evaluated(name, fmt, key, 8)]
    assert len(points) > 0.9 * 8 * len(keys)
    most = max(used(arbiter, name, fmt, point) for point in points)
    assert most < 1
    assert most > 1e-4, "a bound so wide that nothing is tested"


def multiples(fmt: Format) -> list[int]:
    """Return the keys closest to multiples of pi/2 in each binade: the worst cancellation.

    m 2^e is close to n pi/2 where n/m is a convergent of 2^(e+1)/pi, or nearly one.
    """
    found = []
    for binade in range(FROM - fmt.emin + 1, fmt.emax - fmt.emin + 2):
        low = binade << (fmt.p - 1)
        exponent = fmt.significand(low)[1]
        with flint.ctx.workprec(800):
            ratio = arb((1, exponent + 1)) / arb.pi()
            middle, power = map(int, ratio.mid().man_exp())
        for denominator in denominators(Fraction(middle) * Fraction(2) ** power, 1 << fmt.p):
            times = -(-(1 << (fmt.p - 1)) // denominator)
            if denominator * times < 1 << fmt.p:
                found.append(low + denominator * times - (1 << (fmt.p - 1)))
    return found


def denominators(value: Fraction, most: int) -> Iterator[int]:
    """Yield the denominators of a number's convergents, and of those between two of them."""
    before, now = 1, 0
    while True:
        whole = value // 1
        if before + now > most or value == whole:
            return
        for times in {1, whole // 2 + 1, whole - 1, whole}:
            if times > 0 and 1 < before + times * now <= most:
                yield int(before + times * now)
        before, now = now, int(before + whole * now)
        value = 1 / (value - whole)


@pytest.mark.parametrize("name", CODES)
def test_next_to_multiples_of_half_pi_the_bound_is_kept_or_the_input_left_open(
    arbiter: Any, name: str
) -> None:
    fmt = FORMATS["float32"]
    keys = [sign for key in multiples(fmt) for sign in (key, -1 - key)]
    points = [point for key in keys for point in evaluated(name, fmt, key, 1)]
    assert len(keys) / 3 < len(points) < len(keys)
    assert max(used(arbiter, name, fmt, point) for point in points) < 1


@pytest.mark.parametrize("form", NARROW)
def test_the_constants_are_rounded_down_by_less_than_a_unit(form: str) -> None:
    fmt = FORMATS[form]
    size = 1 << (fmt.p - 1)
    for binade in range(FROM - fmt.emin + 1, fmt.emax - fmt.emin + 2):
        high, low, *_ = reduction(fmt, binade * size)
        exponent = fmt.significand(binade * size)[1]
        with flint.ctx.workprec(600):
            turns = arb((1, exponent)) / (2 * arb.pi())
            units = (turns - turns.floor()) * arb((1, BITS))
            off = units - ((high << (BITS - 64)) + low)
        assert off >= 0
        assert off < 1


def test_small_angles_are_left_open() -> None:
    """Of an angle below 2^34 units of 2^-64 turns, less than 50 bits are known."""
    fmt = FORMATS["float32"]
    with flint.ctx.workprec(400):
        smallest = {name: arb(1) for name in CODES}
        for key in multiples(fmt):
            x = arb(fmt.significand(key))
            for name in CODES:
                if evaluated(name, fmt, key, 1):
                    value = abs(getattr(x, name)())
                    size = value if name != "tan" or value < 1 else 1 / value
                    smallest[name] = smallest[name].min(size)
        assert all(size > 2 * arb.pi() * arb((1, -30)) * arb(0.999) for size in smallest.values())
