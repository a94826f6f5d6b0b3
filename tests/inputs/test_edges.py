"""`edges`: the neighbours of every place where routines go wrong, in every format."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import flint
import pytest
from flint import arb

from halfulp import functions
from halfulp.formats import FORMATS, Format
from halfulp.inputs import parse_region, parse_sampler
from halfulp.inputs.sources import source

if TYPE_CHECKING:
    from collections.abc import Callable

SIDE = 64


def edges(function: str, fmt: Format, region: str = "all") -> set[tuple[int, ...]]:
    record = functions.get(function)
    made = source(parse_sampler("edges"), record, fmt, parse_region(region, record.arity), 0)
    found = [tuple(row) for row in made.take(0, len(made)).T.tolist()]
    assert len(set(found)) == len(found)
    return set(found)


def assert_around(found: set[tuple[int, ...]], fmt: Format, key: int) -> None:
    """Assert that a key and its neighbours, as far as there are any, are all there."""
    top = fmt.max_magnitude + 1
    wanted = [key + step for step in range(-SIDE, SIDE + 1) if -1 - top <= key + step <= top]
    assert len(wanted) > SIDE
    missing = [step for step in wanted if (fmt.from_key(step),) not in found]
    assert missing == []


every_format = pytest.mark.parametrize("fmt", FORMATS.values(), ids=lambda fmt: fmt.name)


@every_format
@pytest.mark.parametrize("function", ["exp", "log", "sin"])
def test_neighbours_of_the_ends_of_the_format_and_of_one(fmt: Format, function: str) -> None:
    found = edges(function, fmt)
    one = fmt.round(Fraction(1))
    smallest_normal = 1 << (fmt.p - 1)
    for magnitude in (0, 1, smallest_normal, one, fmt.max_magnitude, fmt.infinity):
        assert_around(found, fmt, magnitude)
        assert_around(found, fmt, -1 - magnitude)
    assert {(fmt.nan,), (fmt.nan | fmt.sign_bit,)} <= found


def rational(ball: Any) -> Fraction:
    mantissa, exponent = map(int, ball.mid().man_exp())
    return Fraction(mantissa) * Fraction(2) ** exponent


def ball(value: Fraction) -> Any:
    return arb(value.numerator) / arb(value.denominator)


def tiny(fmt: Format) -> Fraction:
    """Return the largest real that rounds to zero."""
    return Fraction(2) ** (fmt.emin - fmt.p)


def overflow(fmt: Format) -> Fraction:
    return Fraction(2) ** (fmt.emax + 1) - Fraction(2) ** (fmt.emax - fmt.p)


def first_normal(fmt: Format) -> Fraction:
    """Return the smallest real that rounds to the smallest normal number."""
    return Fraction(2) ** fmt.emin - Fraction(2) ** (fmt.emin - fmt.p)


def nearly_one(fmt: Format) -> Fraction:
    """Return the largest real below 1 that rounds to the number before it."""
    return 1 - Fraction(2) ** (-fmt.p - 1)


SOLVED: dict[str, tuple[str, Callable[[Format], Any]]] = {
    "exp overflows": ("exp", lambda fmt: ball(overflow(fmt)).log()),
    "exp vanishes": ("exp", lambda fmt: ball(tiny(fmt)).log()),
    "exp becomes subnormal": ("exp", lambda fmt: ball(first_normal(fmt)).log()),
    "exp2 overflows": ("exp2", lambda fmt: ball(overflow(fmt)).log() / arb(2).log()),
    "exp2 vanishes": ("exp2", lambda fmt: ball(tiny(fmt)).log() / arb(2).log()),
    "expm1 overflows": ("expm1", lambda fmt: (ball(overflow(fmt)) + 1).log()),
    "expm1 reaches -1": ("expm1", lambda fmt: (1 - ball(nearly_one(fmt))).log()),
    "tanh reaches 1": (
        "tanh",
        lambda fmt: ((1 + ball(nearly_one(fmt))) / (1 - ball(nearly_one(fmt)))).log() / 2,
    ),
    "log of e": ("log", lambda fmt: arb(1).exp()),
    "sin at pi": ("sin", lambda fmt: arb.pi()),
    "sin at pi/2": ("sin", lambda fmt: arb.pi() / 2),
}
"""Places by independent computation: function, and the real between two inputs there."""


@every_format
@pytest.mark.parametrize("place", SOLVED)
def test_neighbours_of_places_that_are_solved_for(place: str, fmt: Format) -> None:
    function, solve = SOLVED[place]
    with flint.ctx.workprec(400):
        real = rational(solve(fmt))
    found = edges(function, fmt)
    above = fmt.key_at_least(real)
    # The place is one input to the left or right of where the result changes.
    for step in range(-SIDE + 1, SIDE):
        assert (fmt.from_key(above + step),) in found


@every_format
def test_neighbours_of_the_ends_of_the_domain(fmt: Format) -> None:
    minus_one = fmt.key(fmt.round(Fraction(-1)))
    assert_around(edges("log1p", fmt), fmt, minus_one)
    assert_around(edges("log", fmt), fmt, 0)
    assert_around(edges("sqrt", fmt), fmt, -1)


def test_well_known_thresholds_of_float64() -> None:
    fmt = FORMATS["float64"]
    found = edges("exp", fmt)
    for text in ("0x1.62e42fefa39efp+9", "0x1.62e42fefa39fp+9", "-0x1.74910d52d3051p+9",
                 "-0x1.74910d52d3052p+9", "-0x1.6232bdd7abcd2p+9"):  # fmt: skip
        assert (fmt.round(Fraction(float.fromhex(text))),) in found


@every_format
def test_both_ends_of_a_region_have_their_neighbours_inside(fmt: Format) -> None:
    low, high = fmt.round(Fraction(5, 4)), fmt.round(Fraction(7, 4))
    found = edges("exp", fmt, "1.25 : 1.75")
    inside = range(SIDE + 1) if fmt.p > 8 else range(high - low + 1)
    assert all((low + step,) in found and (high - step,) in found for step in inside)
    assert all(low <= bits <= high for (bits,) in found)


@every_format
def test_pairs_for_powers_have_every_corner_and_the_thresholds(fmt: Format) -> None:
    found = edges("pow", fmt)
    one, two = fmt.round(Fraction(1)), fmt.round(Fraction(2))
    minus = fmt.sign_bit
    corners = [0, minus, 1, one, one | minus, fmt.max_magnitude, fmt.infinity, fmt.nan]
    assert {(x, y) for x in corners for y in corners} <= found
    # 2^y overflows from y = emax + 1 on, and vanishes from emin - p on.
    above = fmt.round(Fraction(fmt.emax + 1))
    if fmt.value(above) == fmt.emax + 1:
        assert {(two, above + step) for step in range(-3, 4)} <= found
    below = fmt.round(Fraction(fmt.emin - fmt.p))
    if fmt.value(below) == fmt.emin - fmt.p:
        assert {(two, below + step) for step in range(-3, 4)} <= found
