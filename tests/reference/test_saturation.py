"""Where results stop changing: thresholds, saturated and active ranges; and arrays of results."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import flint
import numpy as np
import pytest
from flint import arb

from halfulp import encodings, functions
from halfulp.formats import FORMATS
from halfulp.functions import CATALOGUE
from halfulp.inputs import parse_region, parse_sampler
from halfulp.inputs.sources import source
from halfulp.reference.domains import contains
from halfulp.reference.oracle import oracle
from halfulp.reference.saturation import (
    active,
    interval_keys,
    rounded_saturations,
    saturations,
    shortest,
)
from halfulp.reference.truth import Kind, truth
from halfulp.reference.values import ONE, Limit, Scaled

if TYPE_CHECKING:
    from collections.abc import Callable

    from halfulp.formats import Format

TWO = Fraction(2)
MONOTONE = sorted(r.name for r in CATALOGUE.values() if r.arity == 1 and r.pieces)
SATURATING = ("exp", "exp2", "expm1", "tanh", "erf", "sigmoid")
every_format = pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS)


def some_keys(low: int, high: int, count: int, salt: str) -> list[int]:
    draw = random.Random(salt)
    return [low, high, *(draw.randint(low, high) for _ in range(count))]


# -- saturated ranges ----------------------------------------------------------------------------


def test_the_functions_that_saturate_do_so_at_both_ends() -> None:
    for name in SATURATING:
        for fmt in FORMATS.values():
            ranges = [saturation.keys for saturation in saturations(CATALOGUE[name], fmt)]
            for end in (fmt.max_magnitude, -1 - fmt.max_magnitude):
                assert any(low <= end <= high for low, high in ranges), (name, fmt.name)


@every_format
@pytest.mark.parametrize("name", MONOTONE)
def test_bounds_of_a_saturated_range_hold_inside_it(
    name: str, fmt: Format, arbiter: Any, contradiction: Callable[..., str | None]
) -> None:
    for saturation in saturations(CATALOGUE[name], fmt):
        low, high = saturation.keys
        assert high - low >= shortest(fmt)
        for key in some_keys(low, high, 6, f"{name} {fmt.name}"):
            bits = fmt.from_key(key)
            one = oracle(CATALOGUE[name], fmt).scaled(bits)
            assert isinstance(one, Scaled)
            assert meet(one, saturation.scaled), (fmt.hex(bits), one, saturation.scaled)
            if abs(fmt.value(bits)) < 2_000:
                bounds = arbiter.bounds(name, [fmt.value(bits)], 100, most=5_000)
                assert bounds is None or contradiction(fmt, saturation.scaled, bounds) is None


def meet(first: Scaled, second: Scaled) -> bool:
    """Whether two results round alike and their bounds meet."""
    (low, high), (other_low, other_high) = (
        [(s.whole * ONE + part) * TWO**s.unit for part in (s.low, s.high)] for s in (first, second)
    )
    return first.rounded == second.rounded and low <= other_high and other_low <= high


@every_format
@pytest.mark.parametrize("name", MONOTONE)
def test_rounded_saturations_end_exactly_where_the_result_changes(name: str, fmt: Format) -> None:
    record = CATALOGUE[name]
    pieces = [interval_keys(fmt, piece) for piece in record.pieces]
    for low, high in rounded_saturations(record, fmt):
        inside = {rounded(name, fmt, key) for key in some_keys(low, high, 6, name)}
        assert len(inside) == 1
        for first, last in pieces:
            if first <= low and high <= last:
                beyond = [key for key in (low - 1, high + 1) if first <= key <= last]
                assert all(rounded(name, fmt, key) not in inside for key in beyond)


def rounded(name: str, fmt: Format, key: int) -> int:
    result = oracle(CATALOGUE[name], fmt).scaled(fmt.from_key(key))
    assert isinstance(result, Scaled)
    return result.rounded


# -- thresholds ----------------------------------------------------------------------------------


def first_at_least(arbiter: Any, fmt: Format, real: Fraction, base: int | None = None) -> int:
    """The key of the smallest number of the format that is at least the logarithm of a real."""
    with flint.ctx.workprec(400):
        low, high = arbiter.rational(logarithm(real, base), 200)
    assert fmt.key_at_least(low) == fmt.key_at_least(high)
    return fmt.key_at_least(low)


def logarithm(real: Fraction, base: int | None = None) -> Any:
    value = arb(flint.fmpq(real.numerator, real.denominator)).log()
    return value if base is None else value / arb(base).log()


@every_format
@pytest.mark.parametrize(("name", "base"), [("exp", None), ("exp2", 2), ("expm1", None)])
def test_overflow_begins_where_the_logarithm_of_the_threshold_says(
    name: str, base: int | None, fmt: Format, arbiter: Any
) -> None:
    threshold = TWO**fmt.emax * (2 - TWO**-fmt.p) + (name == "expm1")
    first = first_at_least(arbiter, fmt, threshold, base)
    assert (first, fmt.max_magnitude) in rounded_saturations(CATALOGUE[name], fmt)
    assert rounded(name, fmt, first) == fmt.infinity
    assert rounded(name, fmt, first - 1) <= fmt.max_magnitude


def test_the_well_known_thresholds_of_float32_and_float64() -> None:
    single, double = FORMATS["float32"], FORMATS["float64"]
    ranges = dict(rounded_saturations(CATALOGUE["exp"], single))
    assert single.hex(single.from_key(max(ranges))) == "0x1.62e43p+6"
    ranges = dict(rounded_saturations(CATALOGUE["exp"], double))
    assert double.hex(double.from_key(max(ranges))) == "0x1.62e42fefa39fp+9"


@every_format
@pytest.mark.parametrize(("name", "base"), [("exp", None), ("exp2", 2)])
def test_underflow_to_zero_ends_above_half_the_smallest_subnormal(
    name: str, base: int | None, fmt: Format, arbiter: Any
) -> None:
    half = TWO ** (fmt.emin - fmt.p)
    if base is None:
        last = first_at_least(arbiter, fmt, half) - 1
    else:
        last = fmt.key(fmt.round(Fraction(fmt.emin - fmt.p)))  # the tie goes to zero
    assert (-1 - fmt.max_magnitude, last) in rounded_saturations(CATALOGUE[name], fmt)
    assert [rounded(name, fmt, key) for key in (last, last + 1)] == [0, 1]


# -- the active region ---------------------------------------------------------------------------

TANGENTS = {
    "exp": "1 + x",
    "exp2": "1 + x*log(2)",
    "expm1": "x",
    "log1p": "x",
    "sin": "x",
    "cos": "1",
    "tan": "x",
    "tanh": "x",
    "sinh": "x",
    "atan": "x",
    "asin": "x",
    "erf": "2*x/pi**0.5",
    "sigmoid": "1/2 + x/4",
    "softplus": "log(2) + x/2",
    "sinpi": "pi*x",
    "cospi": "1",
}


@every_format
@pytest.mark.parametrize("name", sorted(r.name for r in CATALOGUE.values() if r.arity == 1))
def test_active_ranges_are_in_order_and_within_the_domain(name: str, fmt: Format) -> None:
    record = CATALOGUE[name]
    ranges = active(record, fmt)
    assert ranges
    for low, high in ranges:
        assert low <= high
        for key in some_keys(low, high, 4, name):
            assert contains(record.domain, fmt.value(fmt.from_key(key)))
    assert all(first[1] < second[0] for first, second in pairwise(ranges))


@every_format
@pytest.mark.parametrize("name", SATURATING)
def test_ordinary_arguments_are_active_and_saturated_ones_are_not(name: str, fmt: Format) -> None:
    ranges = active(CATALOGUE[name], fmt)

    def is_active(value: Fraction | int) -> bool:
        return any(low <= fmt.key(fmt.round(Fraction(value))) <= high for low, high in ranges)

    for value in (1, -1, Fraction(1, 2), Fraction(-3, 2), 2):
        assert is_active(value)
    for value in (fmt.max_finite, -fmt.max_finite, TWO**-60, -(TWO**-100)):
        assert not is_active(value)


@every_format
@pytest.mark.parametrize("name", TANGENTS)
def test_what_is_left_out_as_trivial_is_the_tangent_to_half_an_ulp(
    name: str, fmt: Format, arbiter: Any
) -> None:
    ranges = active(CATALOGUE[name], fmt)
    beside_zero = [high for _, high in ranges if high < 0][-1:], [k for k, _ in ranges if k > 0][:1]
    (low,), (high,) = beside_zero
    tangent = functions.parse(TANGENTS[name])
    for key in (*some_keys(low + 1, high - 1, 6, name), low + 1, high - 1):
        value = fmt.value(fmt.from_key(key))
        if value:
            with flint.ctx.workprec(5_000):
                gap = arbiter.function(name, [value]) - arbiter.tree(tangent, {"x": value})
                half = arb(flint.fmpq(1, 2)) * arbiter.exact(ulp_beside(arbiter, name, fmt, value))
                assert abs(gap) < half


def ulp_beside(arbiter: Any, name: str, fmt: Format, value: Fraction) -> Fraction:
    bounds = arbiter.bounds(name, [value], 60)
    return min(map(fmt.ulp, bounds))


# -- arrays of results ---------------------------------------------------------------------------


@every_format
@pytest.mark.parametrize("name", ["exp", "log", "sin", "tanh", "erf", "sigmoid", "cbrt", "pow"])
def test_arrays_hold_what_single_inputs_give(name: str, fmt: Format) -> None:
    record = CATALOGUE[name]
    spread = source(parse_sampler("spread:600"), record, fmt, parse_region("all", record.arity), 5)
    inputs = np.concatenate([spread.take(0, len(spread)), corners(record.arity, fmt)], axis=1)
    found = truth(record, fmt, inputs)
    limits = {"nan": Kind.NAN, "inf": Kind.PLUS_INF, "-inf": Kind.MINUS_INF}
    for place, bits in enumerate(inputs.T.tolist()):
        one = oracle(record, fmt).scaled(*bits)
        if isinstance(one, Limit):
            assert found.kind[place] == limits[one.text]
            continue
        assert isinstance(one, Scaled)
        assert found.kind[place] == Kind.NUMBER
        values = (found.rounded, found.unit, found.whole, found.low, found.high, found.flags)
        row = Scaled(*(int(column[place]) for column in values))
        assert row.flags == one.flags
        assert meet(one, row), (name, [fmt.hex(b) for b in bits], one, row)


def corners(arity: int, fmt: Format) -> encodings.Bits:
    magnitudes = [0, 1, fmt.max_magnitude, fmt.infinity, fmt.nan, fmt.round(Fraction(1))]
    places = [bits | sign for bits in magnitudes for sign in (0, fmt.sign_bit)]
    grid = np.meshgrid(*[places] * arity)
    return np.array([axis.ravel() for axis in grid], dtype=encodings.bits_type(fmt))


@every_format
def test_only_active_results_are_counted_as_nontrivial(fmt: Format) -> None:
    record = CATALOGUE["exp"]
    values = [TWO**-100, Fraction(1), fmt.max_finite, -fmt.max_finite, Fraction(-3, 2)]
    inputs = np.array([[fmt.round(value) for value in values]], dtype=encodings.bits_type(fmt))
    assert truth(record, fmt, inputs).nontrivial.tolist() == [False, True, False, False, True]
