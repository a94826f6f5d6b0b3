"""What records claim about their functions' shape, held against Arb by the tests' own evaluator.

Samplers, saturated ranges and results far out stand on these claims: where one were wrong, a
figure would be wrong or a place not looked at.
"""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import flint
import pytest

from halfulp import functions
from halfulp.formats import FORMATS
from halfulp.functions import CATALOGUE
from halfulp.functions.record import FAR, OVERFLOWS
from halfulp.reals import encode
from halfulp.reference.domains import bounds
from halfulp.reference.enclosures import balls
from halfulp.reference.oracle import oracle
from halfulp.reference.referee import agree
from halfulp.reference.saturation import finite_keys, interval_keys, rounded_saturations
from halfulp.reference.values import Enclosure, Scaled

if TYPE_CHECKING:
    from halfulp.formats import Format
    from halfulp.functions import Function

every_format = pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS)

ONE_ARGUMENT = sorted(name for name, record in CATALOGUE.items() if record.arity == 1)
FAR_OUT = sorted(name for name, record in CATALOGUE.items() if record.asymptote is not None)
SMALL = sorted(name for name, record in CATALOGUE.items() if record.linear_order is not None)

TINY = Fraction(1, 2**4_096)
HUGE = 2**2_048


# -- monotone pieces and ranges ----------------------------------------------------------------


def keys_in(low: int, high: int, count: int, salt: str) -> list[int]:
    """Random keys in order: over encodings, in neighbouring pairs, and both ends."""
    draw = random.Random(salt)
    some = [draw.randint(low, high) for _ in range(count)]
    return sorted({low, high, *some, *(min(key + 1, high) for key in some)})


@every_format
@pytest.mark.parametrize("name", [n for n in ONE_ARGUMENT if CATALOGUE[n].pieces])
def test_rounded_results_are_monotone_on_every_piece(name: str, fmt: Format) -> None:
    record = CATALOGUE[name]
    referee = balls(record, fmt)
    for piece in record.pieces:
        low, high = interval_keys(fmt, piece)
        keys = keys_in(low, high, 40, f"{name} {fmt.name} {piece}")
        results = [referee.scaled(fmt.from_key(key)) for key in keys]
        ordinals = [fmt.ordinal(r.rounded) for r in results if isinstance(r, Scaled)]
        assert len(ordinals) == len(keys)
        rising = ordinals[0] < ordinals[-1]
        assert ordinals[0] != ordinals[-1]
        assert all((a <= b) if rising else (a >= b) for a, b in pairwise(ordinals)), piece


@every_format
@pytest.mark.parametrize("name", ONE_ARGUMENT)
def test_rounded_results_lie_in_the_range(name: str, fmt: Format) -> None:
    record = CATALOGUE[name]
    low, high = (fmt.ordinal(encode(fmt, str(bound))) for bound in map(str, bounds(record.range)))
    keys = keys_in(*interval_keys(fmt, record.domain), 40, f"{name} {fmt.name}")
    for key in keys:
        result = balls(record, fmt).scaled(fmt.from_key(key))
        if isinstance(result, Scaled):
            assert low <= fmt.ordinal(result.rounded) <= high, fmt.hex(fmt.from_key(key))


@every_format
@pytest.mark.parametrize("name", ONE_ARGUMENT)
def test_results_do_not_change_where_they_are_saturated(name: str, fmt: Format) -> None:
    record = CATALOGUE[name]
    referee = balls(record, fmt)
    for low, high in rounded_saturations(record, fmt):
        keys = keys_in(low, high, 20, f"{name} {fmt.name}")
        results = {getattr(referee.scaled(fmt.from_key(key)), "rounded", None) for key in keys}
        assert len(results) == 1
        first, last = finite_keys(fmt)
        outside = [key for key in (low - 1, high + 1) if first <= key <= last]
        beyond = {getattr(referee.scaled(fmt.from_key(key)), "rounded", None) for key in outside}
        assert not outside or beyond - results


# -- far out -----------------------------------------------------------------------------------


def first_integer(record: Function, sign: int) -> int | None:
    """The smallest integer at which an asymptote is claimed, on one side of 0."""
    assert record.asymptote is not None
    if record.asymptote(Fraction(sign * 10**9)) is None:
        return None
    low, high = 0, 10**9
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (
            (low, middle)
            if record.asymptote(Fraction(sign * middle)) is not None
            else (middle, high)
        )
    return high


def assert_near(record: Function, arbiter: Any, *arguments: Fraction) -> None:
    """Prove what the asymptote of a record says at arguments."""
    assert record.asymptote is not None
    claim = record.asymptote(*arguments)
    assert claim is not None
    base, side = claim
    with flint.ctx.workprec(40_000):
        ball = arbiter.function(record.name, arguments)
        if base is OVERFLOWS:
            assert side * ball > HUGE, arguments
            return
        distance = side * (ball - flint.arb(flint.fmpq(base.numerator, base.denominator)))
        assert distance > 0, arguments
        assert distance < arbiter.exact(TINY), arguments


@pytest.mark.parametrize("name", [n for n in FAR_OUT if CATALOGUE[n].arity == 1])
def test_results_far_out_are_as_near_as_claimed(name: str, arbiter: Any) -> None:
    record = CATALOGUE[name]
    found = 0
    for sign in (1, -1):
        first = first_integer(record, sign)
        if first is None:
            continue
        found += 1
        assert first >= 2**FAR, "smaller arguments are never asked for"
        for place in (Fraction(first), Fraction(first) + Fraction(1, 1024), Fraction(first * 5, 4)):
            assert_near(record, arbiter, sign * place)
    assert found


def test_logaddexp_is_near_its_larger_argument(arbiter: Any) -> None:
    record = CATALOGUE["logaddexp"]
    for pair in ((3_001, 0), (0, 3_001), (-5, -3_006), (3_500, 7), (-4_000, 100), (1, -3_000)):
        assert_near(record, arbiter, *map(Fraction, pair))
    assert record.asymptote is not None
    assert record.asymptote(Fraction(0), Fraction(3_000)) is None


# -- small inputs ------------------------------------------------------------------------------


@every_format
@pytest.mark.parametrize("name", SMALL)
def test_results_of_small_inputs_are_linear_to_half_an_ulp(
    name: str, fmt: Format, arbiter: Any
) -> None:
    """Below the threshold |f(x) - f(0) - f'(0) x| is less than half an ulp of the result."""
    record = CATALOGUE[name]
    order = record.linear_order
    assert order is not None
    threshold = Fraction(1, 2 ** -(-(fmt.p + 4) // order))
    with flint.ctx.workprec(4_000):
        step = Fraction(1, 2**1_500)
        low, high = (arbiter.function(name, [value]) for value in (-step, step))
        at_zero = (high + low) / 2
        at_zero = at_zero if record.exact(Fraction(0)) != 0 else flint.arb(0)
        slope = (high - low) / 2 * flint.arb(2) ** 1_500
        for place in (threshold, -threshold, threshold * Fraction(3, 4), -threshold / 2):
            result = arbiter.function(name, [place])
            rest = abs(result - at_zero - slope * arbiter.exact(place))
            low_bound, high_bound = arbiter.rational(result, 200)
            unit = fmt.ulp(min(abs(low_bound), abs(high_bound)))
            assert rest < arbiter.exact(unit / 2), (place, rest)


# -- identities as a third source --------------------------------------------------------------

IDENTITIES = {
    "gamma": "gamma(x + 1) / x",
    "erfc": "1 - erf(x)",
    "erf": "1 - erfc(x)",
    "tanh": "sinh(x) / cosh(x)",
    "tan": "sin(2*x) / (1 + cos(2*x))",
    "cosh": "(1 + sinh(x)**2)**0.5",
    "sin": "3*sin(x/3) - 4*sin(x/3)**3",
    "cos": "4*cos(x/3)**3 - 3*cos(x/3)",
    "exp": "(cosh(x/2) + sinh(x/2))**2",
    "log1p": "2*atanh(x / (2 + x))",
    "atan": "asin(x / (1 + x**2)**0.5)",
    "acosh": "2*log(((x + 1)/2)**0.5 + ((x - 1)/2)**0.5)",
    "digamma": "digamma(x + 1) - 1/x",
    "polygamma1": "polygamma1(x + 1) + 1/x**2",
    "polygamma2": "polygamma2(x + 1) - 2/x**3",
    "polygamma3": "polygamma3(x + 1) + 6/x**4",
    "zeta": "2 * (2*pi)**(x - 1) * sin(pi*x/2) * gamma(1 - x) * zeta(1 - x)",
    "lgamma": "lgamma(x + 1) - log((x**2)**0.5)",
    "y1": "(j1(x)*y0(x) - 2/(pi*x)) / j0(x)",
    "y0": "(j0(x)*y1(x) + 2/(pi*x)) / j1(x)",
    "log_ndtr": "log(1 - ndtr(-x))",
    "mish": "x * ((1 + exp(x))**2 - 1) / ((1 + exp(x))**2 + 1)",
    "softplus": "x + softplus(-x)",
    "silu": "x/2 * (1 + tanh(x/2))",
}
"""Record -> an expression that equals it (DLMF 4, 5, 7, 10.5, 25.4)."""


@pytest.mark.parametrize("name", IDENTITIES)
def test_identities_give_the_results_of_the_record(name: str) -> None:
    """The expression by mpmath and by Arb against the record by both, in float32."""
    fmt, record = FORMATS["float32"], CATALOGUE[name]
    identity = functions.get(IDENTITIES[name])
    draw = random.Random(name)
    for _ in range(12):
        bits = fmt.round(Fraction(draw.randint(2**21 + 1, 6 * 2**21), 2**21))
        sources = [make(each, fmt) for make in (balls, oracle) for each in (record, identity)]
        results = [source.scaled(bits) for source in sources]
        assert all(isinstance(result, Scaled) for result in results), (results, fmt.hex(bits))
        assert all(agree(results[0], other) for other in results[1:]), (results, fmt.hex(bits))


@every_format
@pytest.mark.parametrize(
    ("name", "argument", "value"),
    [
        ("zeta", "2", "pi**2/6"),
        ("zeta", "4", "pi**4/90"),
        ("gamma", "0.5", "pi**0.5"),
        ("gamma", "-0.5", "-2*pi**0.5"),
        ("lgamma", "0.5", "log(pi)/2"),
        ("polygamma1", "1", "pi**2/6"),
        ("polygamma1", "0.5", "pi**2/2"),
        ("polygamma3", "1", "pi**4/15"),
        ("atan", "1", "pi/4"),
        ("acos", "0", "pi/2"),
        ("asin", "1", "pi/2"),
        ("acos", "-1", "pi"),
        ("acos", "-0.5", "2*pi/3"),
        ("asinh", "0.75", "log(2)"),
        ("acosh", "1.25", "log(2)"),
        ("atanh", "0.5", "log(3)/2"),
        ("softplus", "0", "log(2)"),
        ("sinpi", "0.25", "2**-0.5"),
        ("sinc", "0.5", "2/pi"),
        ("logit", "0.25", "-log(3)"),
        ("entr", "0.5", "log(2)/2"),
        ("rsqrt", "2", "2**-0.5"),
        ("cbrt", "2", "2**(1/3)"),
    ],
)
def test_closed_forms(name: str, argument: str, value: str, fmt: Format) -> None:
    record, bits = CATALOGUE[name], encode(fmt, argument)
    for make in (balls, oracle):
        referee = make(record, fmt)
        constant = referee.enclose_constant(value)
        assert isinstance(constant, Enclosure)
        result = referee.scaled(bits)
        assert agree(result, referee.scaler.enclosure(constant)), result
