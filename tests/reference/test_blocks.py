"""Models of runs against balls at twice the precision and more."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from flint import arb, ctx
from hypothesis import example, given
from hypothesis import strategies as st

from halfulp.formats import FORMATS
from halfulp.reference import known, models
from halfulp.reference.block import Kind
from halfulp.reference.blocks import DEGREE, SHORT_DEGREE
from halfulp.reference.values import ONE

if TYPE_CHECKING:
    from halfulp.formats import Format

FORMS = tuple(FORMATS)
RUNS = {
    "exp": ("0x1p-30", "-0x1.9p+3", "0x1.62ep+6"),
    "log": ("0x1.fp-1", "0x1.5p+10"),
    "erfc": ("0x1.8p+1",),
    "tan": ("0x1.9p+0", "-0x1.7p+9"),
    "lgamma": ("0x1.8p+1", "-0x1.9p+9"),
    "sin": ("0x1.8p+1", "0x1.5p+13"),
    "cos": ("-0x1.921p+13",),
    "exp(x) * 2 - x": ("-0x1p+1", "0x1.61p+6"),
}
"""Places in the range of every format; a run is planned around each."""

CASES = [(name, place) for name, places in RUNS.items() for place in places]


def run_at(fmt: Format, place: str, count: int) -> tuple[int, int]:
    """Return the run of so many keys around a place."""
    key = fmt.key_at_least(Fraction(float.fromhex(place)))
    return min(max(key - count // 2, -fmt.max_magnitude), fmt.max_magnitude - count), count


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("name", "place"), CASES)
def test_every_point_of_a_model_is_within_its_bound(
    models: Any, problems: Any, made: list[Any], name: str, place: str, form: str
) -> None:
    checked = models(name, FORMATS[form])
    first, count = run_at(checked.fmt, place, 1 << 10 if checked.fmt.width == 16 else 1 << 16)
    blocks = checked.blocks(first, count)
    assert (blocks[0].first, blocks[-1].last) == (first, first + count - 1)
    assert all(block.last + 1 == after.first for block, after in pairwise(blocks))
    assert checked.fmt.width == 16 or any(block.kind != Kind.OPEN for block in blocks)
    assert not checked.violations(blocks, 32)
    assert not problems(made)


@pytest.mark.parametrize("name", ["exp", "log", "atan"])
def test_short_models_of_float64_are_within_their_bounds(
    models: Any, problems: Any, made: list[Any], name: str
) -> None:
    checked = models(name, FORMATS["float64"])
    for place in ("0x1.123p-4", "0x1.8p+1", "0x1.5ep+9"):
        blocks = checked.blocks(*run_at(checked.fmt, place, 1_024), degree=SHORT_DEGREE)
        assert not checked.violations(blocks, 64)
    assert made
    assert not problems(made)


def test_results_that_fall_keep_to_their_binade(models: Any) -> None:
    """Keys of float64 next to each other are equal as doubles."""
    checked = models("sinpi", FORMATS["float64"])
    first, count = run_at(checked.fmt, "0x1p+23", 3_000)
    blocks = checked.blocks(first, count)
    assert sum(block.kind == Kind.MODEL for block in blocks) > 8
    assert not checked.violations(blocks, 64)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["x * x", "exp(x) * 2", "-(x * x * x)"])
def test_what_overflows_is_an_infinity(models: Any, name: str, form: str) -> None:
    """Expressions have no saturated ends: models find the threshold themselves."""
    checked = models(name, FORMATS[form])
    fmt, sign = checked.fmt, FORMATS[form].sign_bit if name.startswith("-") else 0
    threshold = arb(((2 << fmt.p) - 1, fmt.emax - fmt.p))

    def overflows(key: int) -> bool:
        ctx.prec = 2_000
        return bool(abs(checked.real(arb(fmt.significand(key)))) >= threshold)

    low, high = 1, fmt.max_magnitude
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if overflows(middle) else (middle, high)
    blocks = checked.blocks(high - 150, 300)
    exact = [block for block in blocks if block.kind == Kind.EXACT]
    assert exact[-1].last == high + 149
    assert {block.base for block in exact} == {fmt.infinity | sign}
    assert all(overflows(block.first) for block in exact)
    assert fmt.width == 16 or any(block.kind == Kind.MODEL for block in blocks)
    assert not checked.violations(blocks, 300)
    points = [p for b in blocks if b.kind == Kind.MODEL for p in checked.chosen(b, 300, 0)]
    assert all(fmt.magnitude(point.rounded) <= fmt.max_magnitude for point in points)


# -- roundings, in rational arithmetic ----------------------------------------------------------


@given(st.integers(1, 1 << 200), st.integers(-400, 9), st.integers(0, 1 << 40), st.integers(0, 9))
@example(1, -1074, 0, 0)
def test_an_upper_bound_is_one(mantissa: int, exponent: int, radius: int, down: int) -> None:
    ctx.prec = 300
    ball = arb((mantissa, exponent), (radius, exponent - down))
    exact = Fraction(mantissa) + Fraction(radius) / 2**down
    assert Fraction(models._upper(ball)) > exact * Fraction(2) ** exponent


def test_what_has_no_bound_has_none() -> None:
    assert models._upper(arb("nan")) == float("inf")
    assert models._upper(arb("inf")) == float("inf")
    assert models._upper(arb((1, 2_000))) == float("inf")


@given(st.integers(-ONE // 2, ONE // 2), st.integers(1, 1 << 59), st.integers(0, 59))
@example(ONE // 4 - 1, 3, 0)
def test_an_open_interval_holds_the_bounds(low: int, width: int, shift: int) -> None:
    high = low + max(width >> shift, 1)
    if low * high < 0:
        return  # a saturated result lies on one side of a number
    middle, radius = map(Fraction, known._open_interval(low, high))
    assert middle - radius <= Fraction(low, ONE)
    assert middle + radius >= Fraction(high, ONE)
    assert low or middle == radius  # the number itself is the end: R is beside it
    assert high or middle == -radius


@given(st.integers(0, 1 << 300), st.integers(-400, 100))
def test_wholes_are_rounded_to_nearest(mantissa: int, exponent: int) -> None:
    exact = Fraction(mantissa) * Fraction(2) ** exponent
    assert abs(models._whole(mantissa, exponent) - exact) <= Fraction(1, 2)


def test_the_unit_of_horners_rule_covers_its_constants() -> None:
    """gamma_j = j u / (1 - j u) for the 2k + 1 roundings of term k (Higham 2002, section 5.1)."""
    u = Fraction(1, 2**53)
    for k in range(DEGREE + 1):
        roundings = 2 * k + 1
        assert roundings * u / (1 - roundings * u) < roundings * Fraction(models.HORNER_UNIT)
