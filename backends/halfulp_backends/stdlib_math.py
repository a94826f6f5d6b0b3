"""Python's math module, called once an input: what a Python program gets from its C library.

Where `math` raises, the C function underneath returns a value; that value is the routine's result
here, because an exception cannot be compared with anything.
"""

from __future__ import annotations

import math
import os
import platform
import struct
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from halfulp.formats import FORMATS, Format
from halfulp_backends._formulas import compiled, refuse_settings, refuse_unless_served

if TYPE_CHECKING:
    from fractions import Fraction

    from halfulp.backend import Arrays, Call, Evaluate, Request, Settings

Scalar: TypeAlias = Callable[..., float]

_DOUBLE = FORMATS["float64"]
_NAMES = (
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt"),
    *("sin", "cos", "tan", "asin", "acos", "atan", "atan2"),
    *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh"),
    *("erf", "erfc", "gamma", "lgamma", "pow", "hypot"),
)


@dataclass(frozen=True)
class MathAdapter:
    """The adapter `math`."""

    name: str = "math"
    requires: tuple[str, ...] = ()
    formats: tuple[str, ...] = ("float16", "bfloat16", "float32", "float64")
    functions: Mapping[str, str] = field(
        default_factory=lambda: {name: f"math.{name}" for name in _NAMES}
    )
    note: str = (
        "Formats other than float64: the input's exact value is taken as a float64, everything is "
        "computed in float64, formulas and their constants too, and the result is rounded once to "
        "the format. Where math raises, the value that C's function returns stands."
    )

    def load(self, settings: Settings) -> MathLibrary:
        """Return the library, which is always there."""
        refuse_settings(self, settings)
        return MathLibrary(self)


class MathLibrary:
    """Python's math, with the C library below it."""

    def __init__(self, adapter: MathAdapter) -> None:
        self._adapter = adapter
        self.versions = {"python": platform.python_version(), "libc": _libc()}
        self.facts = {"excess_precision": "float16 bfloat16 float32"}

    def bind(self, request: Request, arrays: Arrays) -> Call:
        """Return the loop that a Python program writes, over a list of its floats."""
        from halfulp_backends._math_calls import loop

        return loop(request, arrays, _OPERATIONS, self.routine(request))

    def routine(self, request: Request) -> Evaluate:
        """Return a loop over a scalar function, or over a formula of scalar functions."""
        refuse_unless_served(self._adapter, "Python's math", request)
        if request.formula is None:
            return _loop(request.format, _OPERATIONS[request.function])
        formula = compiled(request, "Python's math", _double, _OPERATIONS)
        return _loop(request.format, lambda *arguments: formula(arguments))


def _libc() -> str:
    """Return the C library's own name and version, such as "glibc 2.36"."""
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or "unknown"
    except (ValueError, OSError):  # another C library does not know the question
        return " ".join(filter(None, platform.libc_ver())) or "unknown"


def _loop(fmt: Format, function: Scalar) -> Evaluate:
    """Return the evaluation of a scalar function over encodings of a format."""

    def evaluate(inputs: Sequence[memoryview], output: memoryview) -> None:
        columns = [_doubles(fmt, view) for view in inputs]
        results = array("d", [function(*point) for point in zip(*columns, strict=True)])
        output[:] = _encodings(fmt, results)

    return evaluate


# -- formats ---------------------------------------------------------------------------------


def _doubles(fmt: Format, encodings: memoryview) -> Sequence[float]:
    """Return the exact values of encodings; every format's numbers are float64 numbers."""
    if fmt.name == "bfloat16":  # the upper half of a float32
        shifted = array("I", [bits << 16 for bits in encodings])
        return memoryview(shifted).cast("B").cast("f").tolist()
    code = {"float16": "e", "float32": "f", "float64": "d"}[fmt.name]
    return struct.unpack(f"{len(encodings)}{code}", encodings)


def _encodings(fmt: Format, values: array[float]) -> memoryview:
    """Return the encodings nearest to float64 values, each rounded once, ties to even."""
    bits = memoryview(values).cast("B").cast("Q")
    if fmt == _DOUBLE:
        return bits
    # Integers rather than C's conversions: Python's refuse to overflow, and none knows bfloat16.
    return memoryview(array({16: "H", 32: "I"}[fmt.width], [_narrow(fmt, item) for item in bits]))


def _narrow(fmt: Format, bits: int) -> int:
    """Round the encoding of a float64 to a narrower format, once, ties to even."""
    sign = fmt.sign_bit if bits >> 63 else 0
    if not _DOUBLE.is_finite(bits):
        return sign | (fmt.nan if _DOUBLE.is_nan(bits) else fmt.overflowed())
    significand, exponent = _DOUBLE.significand(bits & ~_DOUBLE.sign_bit)
    lowest = fmt.emin - fmt.p + 1
    unit = max(exponent + significand.bit_length() - fmt.p, lowest)
    # In units of the result's ulp the magnitude is the rounded integer plus the binades below it;
    # a carry into the next binade, or into infinity, lands on the right encoding by itself.
    magnitude = _shifted(significand, unit - exponent) + ((unit - lowest) << (fmt.p - 1))
    return sign | (magnitude if magnitude <= fmt.max_magnitude else fmt.overflowed())


def _shifted(integer: int, places: int) -> int:
    """Return integer / 2^places rounded to the nearest integer, ties to even."""
    if places <= 0:
        return integer << -places
    quotient, rest = integer >> places, integer & ((1 << places) - 1)
    half = 1 << (places - 1)
    return quotient + (rest > half or (rest == half and quotient & 1))


@cache
def _double(value: Fraction) -> float:
    """Return the float64 nearest to an exact number, or an infinity."""
    number: float = struct.unpack("<d", struct.pack("<Q", _DOUBLE.round(value)))[0]
    return number


# -- where math raises -----------------------------------------------------------------------
#
# C returns a value and sets errno; Python looks at errno and raises ValueError for a domain error
# (C: nan) and for a pole (C: an infinity), OverflowError for a result too large (C: an infinity).
# The infinities are those of C23, annex F.10.


def _minus_infinity_at(pole: float) -> Scalar:
    return lambda x: -math.inf if x == pole else math.nan


def _like_argument_at(pole: float) -> Scalar:
    return lambda x: math.copysign(math.inf, x) if abs(x) == pole else math.nan


def _infinity(*_: float) -> float:
    return math.inf


def _infinity_like_argument(x: float) -> float:
    return math.copysign(math.inf, x)


def _nan(*_: float) -> float:
    return math.nan


def _pole_of_pow(x: float, y: float) -> float:
    """F.10.4.4: pow(±0, y < 0) is infinite, negative for -0 and odd y; the rest is invalid."""
    return _overflow_of_pow(x, y) if x == 0 and y < 0 else math.nan


def _overflow_of_pow(x: float, y: float) -> float:
    odd = math.isfinite(y) and math.fmod(y, 2) in {1.0, -1.0}
    return math.copysign(math.inf, x) if odd else math.inf


_ON_VALUE_ERROR: dict[str, Scalar] = {
    "log": _minus_infinity_at(0),
    "log2": _minus_infinity_at(0),
    "log10": _minus_infinity_at(0),
    "log1p": _minus_infinity_at(-1),
    "atanh": _like_argument_at(1),
    "gamma": _like_argument_at(0),  # at negative integers C, too, returns nan
    "lgamma": _infinity,  # it raises at its poles only
    "pow": _pole_of_pow,
}

_ON_OVERFLOW: dict[str, Scalar] = {
    "sinh": _infinity_like_argument,
    # Overflows at large positive x and beside 0; between negative integers it only underflows.
    "gamma": _infinity_like_argument,
    "pow": _overflow_of_pow,
}


def _as_c_returns(name: str) -> Scalar:
    """Return a function of math that returns C's value where math raises."""
    function: Scalar = getattr(math, name)
    on_value_error = _ON_VALUE_ERROR.get(name, _nan)
    on_overflow = _ON_OVERFLOW.get(name, _infinity)

    def scalar(*arguments: float) -> float:
        try:
            return function(*arguments)
        except ValueError:
            return on_value_error(*arguments)
        except OverflowError:
            return on_overflow(*arguments)

    return scalar


def _divide(dividend: float, divisor: float) -> float:
    """Divide as IEEE 754 does; Python raises for every division by zero."""
    try:
        return dividend / divisor
    except ZeroDivisionError:
        if dividend == 0 or math.isnan(dividend):
            return math.nan
        return math.copysign(math.inf, dividend) * math.copysign(1.0, divisor)


_OPERATIONS: dict[str, Scalar] = {
    **{name: _as_c_returns(name) for name in _NAMES},
    "+": lambda first, second: first + second,
    "-": lambda first, second: first - second,
    "*": lambda first, second: first * second,
    "/": _divide,
    "**": _as_c_returns("pow"),  # Python's own ** goes complex, and raises at other places
    "negate": lambda value: -value,
}

adapter = MathAdapter()
