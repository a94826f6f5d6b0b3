"""All 65,536 inputs of the 16-bit formats against a slow computation that shares no code.

A ball of the tests' own evaluator becomes rational bounds, and these are rounded in the format.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from halfulp.formats import FORMATS, Format
from halfulp.functions import CATALOGUE
from halfulp.reference.oracle import oracle
from halfulp.reference.truth import Kind, truth
from halfulp.reference.values import Limit, Scaled

AT_ONCE = ("exp", "log", "sin", "cbrt", "sigmoid", "tanh")
LATER = (
    "exp2",
    "expm1",
    "log2",
    "log10",
    "log1p",
    "sqrt",
    "cos",
    "erf",
    "erfc",
    "softplus",
    "atan",
)
SMALL = {name: FORMATS[name] for name in ("float16", "bfloat16")}


def slowly_rounded(arbiter: Any, name: str, fmt: Format, bits: int) -> int | None:
    """The correctly rounded result at an ordinary input, or None for a tie."""
    for accuracy in (40, 160, 640, 2_560):
        bounds = arbiter.bounds(name, [fmt.value(bits)], accuracy)
        rounded: int | None = fmt.round_enclosure(*bounds)
        if rounded is not None:
            return rounded
    return None


def differences(arbiter: Any, name: str, fmt: Format) -> list[str]:
    """Where the arrays that a judge uses differ from the slow computation, at ordinary inputs."""
    inputs = np.arange(1 << 16, dtype=np.uint16)
    found = truth(CATALOGUE[name], fmt, inputs[None])
    places = (found.kind == Kind.NUMBER).nonzero()[0].tolist()
    ordinary = [b for b in places if fmt.is_finite(b) and fmt.hex(b).lstrip("-") != "0x0p+0"]
    assert len(ordinary) > 30_000
    return [
        f"{name}({fmt.hex(b)}): {fmt.hex(int(found.rounded[b]))}"
        for b in ordinary
        if slowly_rounded(arbiter, name, fmt, b) not in {int(found.rounded[b]), None}
    ]


@pytest.mark.parametrize("fmt", SMALL.values(), ids=SMALL)
@pytest.mark.parametrize("name", AT_ONCE)
def test_every_input_rounds_as_the_slow_computation_says(
    name: str, fmt: Format, arbiter: Any
) -> None:
    assert differences(arbiter, name, fmt) == []


@pytest.mark.slow
@pytest.mark.parametrize("fmt", SMALL.values(), ids=SMALL)
@pytest.mark.parametrize("name", LATER)
def test_every_input_of_more_functions_rounds_alike(name: str, fmt: Format, arbiter: Any) -> None:
    assert differences(arbiter, name, fmt) == []


@pytest.mark.parametrize("fmt", SMALL.values(), ids=SMALL)
def test_every_input_is_of_the_kind_that_the_domain_says(fmt: Format) -> None:
    inputs = np.arange(1 << 16, dtype=np.uint16)
    kinds = truth(CATALOGUE["log"], fmt, inputs[None]).kind.tolist()
    for bits, kind in enumerate(kinds):
        if fmt.is_nan(bits) or (fmt.is_negative(bits) and fmt.magnitude(bits)):
            assert kind == Kind.NAN
        elif not fmt.magnitude(bits):
            assert kind == Kind.MINUS_INF
        else:
            assert kind == (Kind.PLUS_INF if fmt.is_inf(bits) else Kind.NUMBER)


def test_the_slow_computation_leaves_nothing_open_but_ties(arbiter: Any) -> None:
    fmt = FORMATS["float16"]
    assert slowly_rounded(arbiter, "exp2", fmt, fmt.round(-25)) is None
    assert slowly_rounded(arbiter, "exp", fmt, fmt.round(1)) == 0x4170  # 2.71875


E4M3FN = Format("float8_e4m3fn", 4, -6, 8, 8, 0x7E, has_inf=False, overflow="nan")


@pytest.mark.parametrize("name", ["exp", "log", "sin", "cbrt", "tanh", "exp2", "sqrt"])
def test_every_input_of_an_8_bit_format_without_infinity_rounds_alike(
    name: str, arbiter: Any
) -> None:
    referee = oracle(CATALOGUE[name], E4M3FN)
    for bits in range(256):
        result = referee.scaled(bits)
        if isinstance(result, Scaled) and E4M3FN.magnitude(bits):
            assert slowly_rounded(arbiter, name, E4M3FN, bits) in {result.rounded, None}
        elif E4M3FN.is_nan(bits):
            assert result == Limit("nan")
    if name == "exp":
        overflowed = referee.scaled(E4M3FN.max_magnitude)
        assert isinstance(overflowed, Scaled)
        assert overflowed.rounded == E4M3FN.nan
        assert overflowed.whole * 2**overflowed.unit == 512
