"""Both references against an evaluator of the tests' own, at random inputs and at edges."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from halfulp.formats import FORMATS
from halfulp.functions import CATALOGUE
from halfulp.reference.enclosures import balls
from halfulp.reference.oracle import oracle
from halfulp.reference.values import OPEN, Scaled

if TYPE_CHECKING:
    from collections.abc import Callable

    from halfulp.formats import Format
    from halfulp.functions import Function
    from halfulp.reference.referee import Referee

FIRST = (
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "sin", "cos", "tanh",
    "erf", "sigmoid", "pow",
)  # fmt: skip
OTHERS = sorted(set(CATALOGUE) - set(FIRST))
every_format = pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS)
sources = pytest.mark.parametrize("make", [oracle, balls], ids=["mpmath", "arb"])


def moderate(draw: random.Random, fmt: Format, bits: int = 10) -> int:
    value = Fraction(draw.randint(-(2**53), 2**53)) * Fraction(2) ** (draw.randint(-bits, 6) - 53)
    return fmt.round(value)


def edges(draw: random.Random, fmt: Format) -> int:
    one = fmt.round(Fraction(1))
    magnitude = draw.choice([1, 1 << (fmt.p - 1), one, fmt.max_magnitude, one // 2, one + 999])
    magnitude = min(max(magnitude + draw.randint(-3, 3), 1), fmt.max_magnitude)
    return magnitude | draw.choice([0, fmt.sign_bit])


def is_ordinary(referee: Referee, bits: list[int]) -> bool:
    record = referee.function
    points = [referee.point(encoding) for encoding in bits]
    is_finite = all(point.kind == "finite" for point in points)
    return is_finite and record.special(*points) is None


def compare(
    referee: Referee,
    inputs: list[list[int]],
    arbiter: Any,
    contradiction: Callable[..., str | None],
) -> int:
    """Hold a reference against the arbiter and return at how many inputs it was possible."""
    fmt, compared = referee.fmt, 0
    for bits in inputs:
        result = referee.scaled(*bits)
        if not is_ordinary(referee, bits) or not isinstance(result, Scaled):
            continue
        values = [fmt.value(encoding) for encoding in bits]
        bounds = arbiter.bounds(referee.function.name, values, 2 * fmt.p + 80, most=5_000)
        if bounds is not None:
            shown = f"{referee.function.name}({', '.join(map(fmt.hex, bits))})"
            assert contradiction(fmt, result, bounds) is None, (shown, result)
            assert not result.flags & OPEN, (shown, result)
            compared += 1
    return compared


def drawn(record: Function, fmt: Format, count: int) -> list[list[int]]:
    draw = random.Random(f"{record.name} {fmt.name}")
    makers = (
        lambda: draw.getrandbits(fmt.width),
        lambda: moderate(draw, fmt),
        lambda: moderate(draw, fmt, 60),
        lambda: edges(draw, fmt),
    )
    return [[draw.choice(makers)() for _ in record.arguments] for _ in range(count)]


@sources
@every_format
@pytest.mark.parametrize("name", FIRST)
def test_results_meet_the_arbiters_anywhere(
    name: str,
    fmt: Format,
    make: Callable[..., Referee],
    arbiter: Any,
    contradiction: Callable[..., str | None],
) -> None:
    record = CATALOGUE[name]
    inputs = drawn(record, fmt, 160)
    assert compare(make(record, fmt), inputs, arbiter, contradiction) >= 40


@sources
@every_format
@pytest.mark.parametrize("name", OTHERS)
def test_results_meet_the_arbiters_at_moderate_inputs(
    name: str,
    fmt: Format,
    make: Callable[..., Referee],
    arbiter: Any,
    contradiction: Callable[..., str | None],
) -> None:
    record = CATALOGUE[name]
    draw = random.Random(f"{name} {fmt.name}")
    inputs = [[moderate(draw, fmt) for _ in record.arguments] for _ in range(16)]
    inputs += [[abs_of(fmt, encoding) for encoding in bits] for bits in inputs]
    assert compare(make(record, fmt), inputs, arbiter, contradiction) >= 2


def abs_of(fmt: Format, bits: int) -> int:
    return bits & ~fmt.sign_bit


@every_format
def test_a_result_one_ulp_off_would_be_found(
    fmt: Format, arbiter: Any, contradiction: Callable[..., str | None]
) -> None:
    one = fmt.round(Fraction(1))
    result = oracle(CATALOGUE["exp"], fmt).scaled(one)
    assert isinstance(result, Scaled)
    bounds = arbiter.bounds("exp", [Fraction(1)], 200)
    assert contradiction(fmt, result, bounds) is None
    wrong = {"whole": result.whole + 1, "unit": result.unit + 1, "rounded": result.rounded + 1}
    for field, value in wrong.items():
        assert contradiction(fmt, result._replace(**{field: value}), bounds) is not None
    assert contradiction(fmt, result._replace(low=result.high + 1, high=result.high + 2), bounds)
