"""The traps of mpmath, of exact results and of ties, each by its name."""

from __future__ import annotations

import math
import struct
import time
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from halfulp import functions
from halfulp.formats import FORMATS
from halfulp.functions import CATALOGUE
from halfulp.reference.enclosures import balls
from halfulp.reference.oracle import oracle
from halfulp.reference.values import OPEN, Flag, Limit, Scaled, Undecided

if TYPE_CHECKING:
    from collections.abc import Callable

    from halfulp.formats import Format

DOUBLE = FORMATS["float64"]
TWO = Fraction(2)
sources = pytest.mark.parametrize("make", [oracle, balls], ids=["mpmath", "arb"])
every_format = pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS)


def at(
    text: str, value: Fraction | int | str, fmt: Format = DOUBLE, make: Callable[..., Any] = oracle
) -> Scaled | Limit | Undecided:
    real = Fraction(value)
    bits = fmt.round(real)
    assert fmt.value(bits) == real, "the argument must be a number of the format"
    return make(functions.get(text), fmt).scaled(bits)  # type: ignore[no-any-return]


def decided(result: Scaled | Limit | Undecided) -> Scaled:
    assert isinstance(result, Scaled), result
    assert not result.flags & OPEN, result
    return result


# -- results that two precisions agree are zero ----------------------------------------------------


@sources
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("log(1 + exp(x))", -700),
        ("log(1 + exp(x))", -740),
        ("x * (1 + erf(x / 2**0.5)) / 2", -30),
        ("x * (1 + erf(x / 2**0.5)) / 2", -38),
        ("1 - 2 / (exp(2*x) + 1)", TWO**-700),
        ("1 - 2 / (exp(2*x) + 1)", TWO**-1000),
        ("exp(x) - 1", TWO**-900),
        ("exp(x) - 1 - x", TWO**-400),
        ("1 - cos(x)", TWO**-500),
        ("x - sin(x)", TWO**-330),
        ("log(exp(x) - 1 - x)", TWO**-900),
        ("1 / (exp(x) - 1 - x)", TWO**-400),
    ],
)
def test_a_cancelled_result_is_not_taken_for_zero_or_a_pole(
    text: str,
    value: Fraction | int,
    make: Callable[..., Any],
    arbiter: Any,
    contradiction: Callable[..., str | None],
) -> None:
    result = decided(at(text, value, make=make))
    assert result.whole
    bounds = arbiter.tree_bounds(functions.parse(text), {"x": Fraction(value)}, 200)
    assert contradiction(DOUBLE, result, bounds) is None


@pytest.mark.parametrize("x", [-700, -740])
def test_a_softplus_far_left_is_the_exponential(x: int) -> None:
    result = decided(at("log(1 + exp(x))", x))
    exponential = struct.unpack("<Q", struct.pack("<d", math.exp(x)))[0]
    assert abs(result.rounded - exponential) <= 1


# -- what does not end, and what must stay undecided -----------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [("exp(exp(exp(x)))", 20), ("exp(exp(exp(exp(x))))", 20), ("sin(exp(exp(x)))", 20)],
)
def test_a_tower_of_exponentials_ends_undecided_with_a_reason(text: str, value: int) -> None:
    begun = time.perf_counter()
    result = at(text, value)
    assert time.perf_counter() - begun < 5
    assert isinstance(result, Undecided)
    assert "cap" in result.reason


@pytest.mark.parametrize("x", [1, 2, 3, 100])
def test_the_sum_of_squares_leaves_open_what_is_beside_one_and_nothing_else(x: int) -> None:
    result = at("sin(x)**2 + cos(x)**2", x * TWO**-3)
    assert isinstance(result, Scaled)
    one = DOUBLE.round(Fraction(1))
    assert result.rounded == one
    assert not result.flags & Flag.OPEN_ROUNDING
    assert result.flags & OPEN == Flag.OPEN_FAITHFUL | Flag.OPEN_BINADE
    middle = (result.whole + Fraction(result.low + result.high, 2 << 60)) * TWO**result.unit
    assert abs(middle - 1) < TWO**-110


@pytest.mark.parametrize(
    "text",
    [
        "sqrt(1 - sin(x)**2 - cos(x)**2)",
        "sqrt(sin(x)**2 + cos(x)**2 - 1)",
        "log(sin(x)**2 + cos(x)**2 - 1)",
        "log1p(-sin(x)**2 - cos(x)**2)",
        "(sin(x)**2 + cos(x)**2 - 1)**0.5",
        "(x - 4)**(exp(log(3)))",
    ],
)
@pytest.mark.parametrize("x", [1, 2, 3])
def test_the_noise_of_rounding_does_not_leave_a_domain(text: str, x: int) -> None:
    assert at(text, x) != Limit("nan")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("cbrt(x)", -8),
        ("x**(1/3)", -8),
        ("log(x)", -1),
        ("sqrt(x)", -1),
        ("log1p(x)", -2),
        ("log(x - pi)", 3),
        ("sqrt(sin(x))", 4),
        ("(x - pi)**(1/3)", 2),
        ("log(log(x))", Fraction(1, 2)),
    ],
)
def test_domains_are_asked_before_mpmath_goes_complex(text: str, value: Fraction | int) -> None:
    result = at(text, value)
    if text == "cbrt(x)":
        assert DOUBLE.hex(decided(result).rounded) == "-0x1p+1"
    else:
        assert result == Limit("nan")


# -- constants -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "x", "value"),
    [
        ("x**(1/3)", 27, 3),
        ("x**(1/3)", Fraction(1, 8), Fraction(1, 2)),
        ("x**(2/3)", 64, 16),
        ("x**0.1", 1024, 2),
        ("(x/3)**2", 6, 4),
        ("(x/3)**-2", 6, Fraction(1, 4)),
        ("x**(0.1*30)", -2, -8),
        ("x*0.1", 5, Fraction(1, 2)),
        ("x**2 * 0.04", 5, 1),
        ("x**0", 7, 1),
    ],
)
def test_rational_parts_are_exact(text: str, x: Fraction | int, value: Fraction | int) -> None:
    result = decided(at(text, x))
    assert result.flags & Flag.EXACT
    assert DOUBLE.value(result.rounded) == value


@pytest.mark.parametrize(("text", "x"), [("x**(1/3)", 4), ("x**(1/5)", 4), ("x**0.3", 1024 * 4)])
def test_irrational_powers_are_not_taken_for_roots_of_another_degree(text: str, x: int) -> None:
    result = decided(at(text, x))
    assert not result.flags & Flag.EXACT


@pytest.mark.parametrize("text", ["(x - pi)**(49*(1/49))", "(x - pi)**(0.1*10)", "(x - pi)**1"])
def test_constant_exponents_are_not_rounded(text: str) -> None:
    assert at(text, 2) == at("x - pi", 2)


def test_a_decimal_is_not_its_double() -> None:
    exact = decided(at("x * 0.044715", 2**20))
    double = Fraction(0.044715) * 2**20
    middle = (exact.whole + Fraction(exact.low + exact.high, 2 << 60)) * TWO**exact.unit
    assert abs(middle - Fraction(44715 * 2**20, 10**6)) < TWO**-90
    assert middle != double


def test_a_power_of_zero_is_one_even_for_a_nan() -> None:
    for name in ("x**0", "pow"):
        bits = [DOUBLE.nan] if name == "x**0" else [DOUBLE.nan, 0]
        result = decided(oracle(functions.get(name), DOUBLE).scaled(*bits))
        assert DOUBLE.value(result.rounded) == 1


# -- ties and exact results ------------------------------------------------------------------------


@sources
@pytest.mark.parametrize(
    ("name", "x", "even"),
    [("float64", -1075, 0), ("float32", -150, 0), ("float16", -25, 0), ("bfloat16", -134, 0)],
)
def test_half_the_smallest_subnormal_is_a_tie_that_goes_to_zero(
    name: str, x: int, even: int, make: Callable[..., Any]
) -> None:
    fmt = FORMATS[name]
    assert TWO**x == fmt.smallest_subnormal / 2
    tie = decided(at("exp2", x, fmt, make))
    assert (tie.rounded, tie.whole, tie.low, tie.high) == (even, 0, 1 << 59, 1 << 59)
    one_up = fmt.from_ordinal(fmt.ordinal(fmt.round(Fraction(x))) + 1)
    above = decided(make(CATALOGUE["exp2"], fmt).scaled(one_up))
    assert above.rounded == 1


@sources
@every_format
@pytest.mark.parametrize(
    ("name", "x", "value"),
    [
        ("cbrt", 27, 3),
        ("cbrt", -8, -2),
        ("cbrt", Fraction(1, 8), Fraction(1, 2)),
        ("exp2", 3, 8),
        ("exp2", -3, Fraction(1, 8)),
        ("exp2", 0, 1),
        ("sqrt", 9, 3),
        ("sqrt", Fraction(1, 4), Fraction(1, 2)),
        ("log2", 8, 3),
        ("log2", Fraction(1, 4), -2),
        ("log10", 100, 2),
        ("log", 1, 0),
        ("exp", 0, 1),
        ("cos", 0, 1),
        ("sigmoid", 0, Fraction(1, 2)),
    ],
)
def test_exact_results_are_known_to_be_exact(
    name: str, x: Fraction | int, value: Fraction | int, fmt: Format, make: Callable[..., Any]
) -> None:
    result = decided(at(name, x, fmt, make))
    assert result.flags & Flag.EXACT
    assert fmt.value(result.rounded) == value
    assert result.low == result.high == 0


@sources
@every_format
def test_powers_that_are_exact_or_ties(fmt: Format, make: Callable[..., Any]) -> None:
    def power(x: int | Fraction, y: int | Fraction) -> Scaled:
        bits = [fmt.round(Fraction(value)) for value in (x, y)]
        return decided(make(CATALOGUE["pow"], fmt).scaled(*bits))

    assert fmt.value(power(3, 2).rounded) == 9
    assert fmt.value(power(-2, 3).rounded) == -8
    assert fmt.value(power(16, Fraction(3, 4)).rounded) == 8
    assert power(2, fmt.emin - fmt.p).rounded == 0  # a tie
    assert power(-2, fmt.emin - fmt.p).rounded in {0, fmt.sign_bit}
    odd = 2 ** (fmt.p // 2) + 1  # its square has one bit too many, or fits
    assert power(odd, 2).rounded == fmt.round(Fraction(odd**2))


# -- saturated results, next to which no precision tells -------------------------------------------


@sources
@every_format
@pytest.mark.parametrize(
    ("name", "sign", "limit", "inwards"),
    [
        ("tanh", 1, 1, -1),
        ("tanh", -1, -1, 1),
        ("erf", 1, 1, -1),
        ("expm1", -1, -1, 1),
        ("sigmoid", 1, 1, -1),
    ],
)
def test_results_beside_their_limit_are_decided(
    name: str, sign: int, limit: int, inwards: int, fmt: Format, make: Callable[..., Any]
) -> None:
    largest = sign * fmt.max_finite
    for x in (largest, fmt.value(fmt.round(largest / 3)), Fraction(sign * 800)):
        result = decided(at(name, x, fmt, make))
        assert fmt.value(result.rounded) == limit
        assert not result.flags & Flag.EXACT
        # The real lies inwards of the limit, in the binade below it, by less than 2^-40 ulp.
        assert result.unit == -fmt.p
        bounds = [result.whole + Fraction(part, 1 << 60) for part in (result.low, result.high)]
        distances = [limit * 2**fmt.p - bound for bound in bounds]
        assert all(0 <= -inwards * distance < TWO**-40 for distance in distances)


@sources
@every_format
def test_a_sigmoid_far_left_underflows_to_zero(fmt: Format, make: Callable[..., Any]) -> None:
    result = decided(at("sigmoid", -fmt.max_finite, fmt, make))
    assert (result.rounded, result.whole) == (0, 0)
    assert 0 <= result.low <= result.high <= 1 << 20


@sources
@every_format
@pytest.mark.parametrize("name", ["cos", "exp", "exp2", "sigmoid", "sin", "tanh", "log1p", "expm1"])
def test_results_at_the_smallest_numbers_are_decided(
    name: str, fmt: Format, make: Callable[..., Any]
) -> None:
    at_zero = {"cos": 1, "exp": 1, "exp2": 1, "sigmoid": Fraction(1, 2)}.get(name)
    for x in (fmt.smallest_subnormal, fmt.smallest_normal, -fmt.smallest_subnormal):
        result = decided(at(name, x, fmt, make))
        assert not result.flags & Flag.EXACT
        assert fmt.value(result.rounded) == (x if at_zero is None else at_zero)


@sources
def test_the_cosine_of_1e_200_is_just_below_one(make: Callable[..., Any]) -> None:
    result = decided(make(CATALOGUE["cos"], DOUBLE).scaled(DOUBLE.round(Fraction(1, 10**200))))
    assert DOUBLE.value(result.rounded) == 1
    assert result.unit == -53  # the binade below 1


@sources
@every_format
def test_an_overflowed_result_counts_as_the_next_power_of_two(
    fmt: Format, make: Callable[..., Any]
) -> None:
    result = decided(at("exp", fmt.max_finite, fmt, make))
    assert result.rounded == fmt.infinity
    assert result.whole * TWO**result.unit == TWO ** (fmt.emax + 1)
    assert result.low == result.high == 0
