"""Checks of formulas: each operator is rounded once, to the format and not to another."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from halfulp.formats import power_of_two
from halfulp.reference.arithmetic import rounded
from halfulp.testing.bench import Bench, ConformanceError
from halfulp.testing.samples import every_kind, pairs

if TYPE_CHECKING:
    from halfulp.encodings import Bits
    from halfulp.formats import Format

_BINARY = ("+", "-", "*", "/")
_TOGETHER = 128
"""Enough of the same input for the loop that a library has for long arrays."""

_MIDPOINT = "1." + f"{2**-11:.11f}"[2:] + "0" * 7 + "1"
"""Just above the midpoint of two float16 numbers; a float64 of it is the midpoint."""

_CONSTANTS = {
    "0.1": Fraction(1, 10),
    _MIDPOINT: Fraction(_MIDPOINT),
    "16777217": Fraction(16_777_217),  # 2^24 + 1, a midpoint of float32
}


def rounds_operators(bench: Bench) -> None:
    """Check `+ - * /` and negation, special inputs among them, against exact arithmetic.

    A library that was found to flush subnormals is excused where there is one.
    """
    for fmt in bench.formats:
        first, second = pairs(fmt)
        for symbol in _BINARY:
            _compare(bench, fmt, f"x {symbol} y", (first, second), symbol)
        _compare(bench, fmt, "-x", (every_kind(fmt)[::7].copy(),), "negate")


def _compare(bench: Bench, fmt: Format, text: str, rows: tuple[Bits, ...], symbol: str) -> None:
    request = bench.formula(text, fmt, ("x", "y")[: len(rows)])
    if bench.prepared(request) is None:
        return
    outputs = bench.evaluated(request, *rows).tolist()
    flushing = bench.flushing(fmt)
    for got, *operands in zip(outputs, *(row.tolist() for row in rows), strict=True):
        want = rounded(fmt, symbol, *operands)
        if got == want or (fmt.is_nan(got) and fmt.is_nan(want)):
            continue
        if flushing and any(_is_subnormal(fmt, bits) for bits in (want, *operands)):
            continue
        at = ", ".join(map(fmt.hex, operands))
        raise ConformanceError(
            f"{bench.name}: {text} in {fmt.name} at {at} is {fmt.hex(want)}, "
            f"but the formula gives {fmt.hex(got)}"
        )


def _is_subnormal(fmt: Format, bits: int) -> bool:
    return 0 < fmt.magnitude(bits) < 1 << (fmt.p - 1)


def rounds_constants(bench: Bench) -> None:
    """Check that a constant is rounded once, from its exact value, to the format.

    A library that evaluates formulas above a format, and says so, has its constants there too.
    """
    wider = named(bench, "excess_precision")
    for fmt in (fmt for fmt in bench.formats if fmt.name not in wider):
        for text, value in _CONSTANTS.items():
            request = bench.formula(f"x*0 + {text}", fmt)
            if bench.prepared(request) is None:
                continue
            got = int(bench.evaluated(request, _repeated(fmt, Fraction(1)))[0])
            if got != (want := fmt.round(value)):
                raise ConformanceError(
                    f"{bench.name}: the constant {text} in {fmt.name} is {fmt.hex(want)}, "
                    f"but the formula uses {fmt.hex(got)}"
                )


def names_excess_precision(bench: Bench) -> None:
    """Check that a sum below the format's precision vanishes, or that the library says why not.

    (1 + y) - 1 with y an eighth of an ulp is 0 in the format. A library that keeps more names the
    format in its fact `excess_precision`.
    """
    _check_named(bench, "excess_precision", excess_precision)


def names_contraction(bench: Bench) -> None:
    """Check that a product is rounded before it is subtracted from, or that the library says so.

    (1 + u)^2 - (1 + 2u) with u one ulp is 0 in the format, u^2 if it is one fused operation. A
    library that fuses names the format in its fact `contraction`.
    """
    _check_named(bench, "contraction", _contraction)


def _check_named(bench: Bench, fact: str, found: Callable[[Bench, Format], bool]) -> None:
    told = named(bench, fact)
    for fmt in bench.formats:
        if fmt.name not in told and found(bench, fmt):
            raise ConformanceError(
                f"{bench.name} evaluates formulas of {fmt.name} above the format; its fact "
                f"`{fact}` should name {fmt.name}, but names {' '.join(sorted(told)) or 'nothing'}"
            )


def named(bench: Bench, fact: str) -> frozenset[str]:
    """Return the formats that a fact of the library names."""
    return frozenset(bench.subject.facts.get(fact, "").split())


def excess_precision(bench: Bench, fmt: Format) -> bool:
    """Tell whether intermediate results of a formula are wider than the format."""
    return _leaves(bench, fmt, "(x + y) - x", Fraction(1), power_of_two(-fmt.p - 2))


def _contraction(bench: Bench, fmt: Format) -> bool:
    ulp = power_of_two(1 - fmt.p)
    # Where everything is wider, a product is as well: that has another name.
    return _leaves(bench, fmt, "x*x - y", 1 + ulp, 1 + 2 * ulp) and not excess_precision(bench, fmt)


def _leaves(bench: Bench, fmt: Format, text: str, x: Fraction, y: Fraction) -> bool:
    """Tell whether a formula that is 0 in the format is not."""
    request = bench.formula(text, fmt, ("x", "y"))
    if bench.prepared(request) is None:
        return False
    outputs = bench.evaluated(request, _repeated(fmt, x), _repeated(fmt, y))
    return any(fmt.magnitude(bits) for bits in outputs.tolist())


def _repeated(fmt: Format, value: Fraction) -> Bits:
    return np.full(_TOGETHER, fmt.round(value))
