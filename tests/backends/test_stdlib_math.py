from __future__ import annotations

import math
import random
import struct
from fractions import Fraction

import pytest

from halfulp.backend import Adapter, Library, Request, Unavailable
from halfulp.exceptions import UsageError
from halfulp.expressions import parse
from halfulp.formats import FORMATS, Format
from halfulp_backends.stdlib_math import _narrow, adapter

INF, NAN = math.inf, math.nan
FLOAT64 = FORMATS["float64"]
NARROW = [FORMATS[name] for name in ("float16", "bfloat16", "float32")]
BINARY = {"pow", "atan2", "hypot"}


def bits64(value: float) -> int:
    return int(struct.unpack("<Q", struct.pack("<d", value))[0])


def from64(bits: int) -> float:
    return float(struct.unpack("<d", struct.pack("<Q", bits))[0])


def evaluated(request: Request, *columns: list[int]) -> list[int]:
    """Return the encodings that the adapter gives for encodings."""
    code = {16: "H", 32: "I", 64: "Q"}[request.format.width]
    views = [memoryview(bytearray(len(column) * request.format.width // 8)).cast(code)
             for column in (*columns, columns[0])]  # fmt: skip
    for view, column in zip(views, columns, strict=False):
        for place, bits in enumerate(column):
            view[place] = bits
    adapter.load({}).routine(request)(views[:-1], views[-1])
    return views[-1].tolist()


def at(function: str, *point: float) -> float:
    """Return the native float64 result at one point."""
    arguments = ("x", "y")[: len(point)]
    request = Request(function, None, FLOAT64, arguments)
    return from64(evaluated(request, *([bits64(value)] for value in point))[0])


def formula(text: str, *point: float) -> float:
    arguments = ("x", "y")[: len(point)]
    request = Request("f", parse(text), FLOAT64, arguments)
    return from64(evaluated(request, *([bits64(value)] for value in point))[0])


def identical(first: float, second: float) -> bool:
    return (math.isnan(first) and math.isnan(second)) or bits64(first) == bits64(second)


def some_encodings(fmt: Format, count: int = 400) -> list[int]:
    """Return encodings of every kind, and those of moderate numbers, where results vary."""
    chosen = random.Random(1)
    anywhere = [chosen.randrange(1 << fmt.width) for _ in range(count)]
    moderate = [fmt.round(Fraction(chosen.uniform(-20, 20))) for _ in range(count)]
    kinds = (0, 1, fmt.max_magnitude, fmt.infinity, fmt.nan)
    return [*anywhere, *moderate, *kinds, *(fmt.sign_bit | kind for kind in kinds)]


def exactly_narrowed(fmt: Format, value: float) -> int:
    """Round a double by rational arithmetic; nans keep their sign."""
    negative = math.copysign(1, value) < 0
    if math.isnan(value):
        return fmt.nan | (fmt.sign_bit if negative else 0)
    if math.isinf(value):
        return fmt.overflowed(negative)
    return fmt.round(Fraction(value), negative_zero=negative)


def test_it_keeps_the_contract() -> None:
    assert isinstance(adapter, Adapter)
    library = adapter.load({})
    assert isinstance(library, Library)
    assert set(library.versions) == {"python", "libc"}
    assert "rounded once" in adapter.note
    with pytest.raises(UsageError, match="no settings"):
        adapter.load({"flags": []})


@pytest.mark.parametrize("function", adapter.functions)
def test_float64_is_math_called_directly(function: str) -> None:
    arity = 2 if function in BINARY else 1
    chosen = random.Random(2)
    points = [tuple(chosen.uniform(1, 2) for _ in range(arity)) for _ in range(50)]
    for point in points:
        inside = (
            tuple(value - 1 for value in point) if function in {"asin", "acos", "atanh"} else point
        )
        assert identical(at(function, *inside), getattr(math, function)(*inside))


@pytest.mark.parametrize("fmt", NARROW, ids=lambda fmt: fmt.name)
@pytest.mark.parametrize("function", ["exp", "log", "tanh", "cbrt", "gamma", "pow"])
def test_narrow_formats_are_computed_in_double_and_rounded_once(function: str, fmt: Format) -> None:
    columns = [some_encodings(fmt) for _ in range(2 if function == "pow" else 1)]
    columns[-1].reverse()
    wide = [[bits64(double(fmt, bits)) for bits in column] for column in columns]
    arguments = ("x", "y")[: len(columns)]
    in_double = evaluated(Request(function, None, FLOAT64, arguments), *wide)
    expected = [exactly_narrowed(fmt, from64(bits)) for bits in in_double]
    assert evaluated(Request(function, None, fmt, arguments), *columns) == expected


def double(fmt: Format, bits: int) -> float:
    """Return the exact value of an encoding as a double."""
    sign = -1.0 if fmt.is_negative(bits) else 1.0
    if fmt.is_finite(bits):
        return math.copysign(float(fmt.value(bits)), sign)
    return math.copysign(NAN if fmt.is_nan(bits) else INF, sign)


@pytest.mark.parametrize("fmt", NARROW, ids=lambda fmt: fmt.name)
def test_rounding_is_right_at_every_border(fmt: Format) -> None:
    borders = [
        fmt.overflow_threshold, fmt.max_finite, fmt.smallest_normal, fmt.smallest_subnormal,
        fmt.smallest_subnormal / 2, fmt.smallest_normal - fmt.smallest_subnormal / 2,
        Fraction(1) + fmt.ulp(Fraction(1)) / 2, Fraction(1) + fmt.ulp(Fraction(1)) * 3 / 2,
        Fraction(2) - fmt.ulp(Fraction(1)) / 2,
    ]  # fmt: skip
    for border in borders:
        middle = FLOAT64.round(border)
        assert FLOAT64.value(middle) == border
        for bits in (middle - 1, middle, middle + 1):
            for value in (from64(bits), -from64(bits)):
                assert _narrow(fmt, bits64(value)) == exactly_narrowed(fmt, value)


@pytest.mark.parametrize(
    ("function", "point", "expected"),
    [
        ("exp", (1000.0,), INF), ("exp", (-INF,), 0.0), ("expm1", (1000.0,), INF),
        ("exp2", (1024.0,), INF), ("exp2", (-1080.0,), 0.0), ("cosh", (-1000.0,), INF),
        ("sinh", (-1000.0,), -INF), ("sinh", (1000.0,), INF), ("sinh", (-0.0,), -0.0),
        ("log", (0.0,), -INF), ("log", (-0.0,), -INF), ("log", (-1.0,), NAN),
        ("log2", (0.0,), -INF), ("log10", (-0.0,), -INF), ("log2", (-INF,), NAN),
        ("log1p", (-1.0,), -INF), ("log1p", (-2.0,), NAN), ("log1p", (-0.0,), -0.0),
        ("sqrt", (-1.0,), NAN), ("sqrt", (-0.0,), -0.0), ("cbrt", (-0.0,), -0.0),
        ("sin", (INF,), NAN), ("cos", (-INF,), NAN), ("tan", (INF,), NAN),
        ("asin", (2.0,), NAN), ("acosh", (0.5,), NAN), ("atanh", (1.0,), INF),
        ("atanh", (-1.0,), -INF), ("atanh", (1.5,), NAN), ("erfc", (100.0,), 0.0),
        ("gamma", (0.0,), INF), ("gamma", (-0.0,), -INF), ("gamma", (-3.0,), NAN),
        ("gamma", (200.0,), INF), ("gamma", (-1e-310,), -INF), ("gamma", (1e-310,), INF),
        ("gamma", (-INF,), NAN), ("lgamma", (0.0,), INF), ("lgamma", (-3.0,), INF),
        ("lgamma", (1e308,), INF), ("lgamma", (-INF,), INF),
        ("hypot", (1e308, 1.7e308), INF), ("hypot", (INF, NAN), INF),
        ("atan2", (-0.0, -1.0), -math.pi),
        # C23 F.10.4.4
        ("pow", (0.0, -3.0), INF), ("pow", (-0.0, -3.0), -INF), ("pow", (-0.0, -2.0), INF),
        ("pow", (-0.0, -2.5), INF), ("pow", (0.0, -INF), INF), ("pow", (-0.0, -INF), INF),
        ("pow", (-0.0, 3.0), -0.0), ("pow", (-0.0, 2.0), 0.0), ("pow", (-1.0, INF), 1.0),
        ("pow", (-1.0, -INF), 1.0), ("pow", (1.0, NAN), 1.0), ("pow", (NAN, 0.0), 1.0),
        ("pow", (NAN, -0.0), 1.0), ("pow", (-8.0, 1 / 3), NAN), ("pow", (0.5, -INF), INF),
        ("pow", (2.0, -INF), 0.0), ("pow", (0.5, INF), 0.0), ("pow", (2.0, INF), INF),
        ("pow", (-INF, -3.0), -0.0), ("pow", (-INF, -2.0), 0.0), ("pow", (-INF, 3.0), -INF),
        ("pow", (-INF, 2.5), INF), ("pow", (INF, -1.0), 0.0), ("pow", (INF, 1.0), INF),
        ("pow", (-10.0, 309.0), -INF), ("pow", (-10.0, 310.0), INF), ("pow", (-2.0, 1e300), INF),
        ("pow", (NAN, 1.0), NAN), ("pow", (2.0, NAN), NAN),
    ],
)  # fmt: skip
def test_specials_are_what_c_returns(
    function: str, point: tuple[float, ...], expected: float
) -> None:
    assert identical(at(function, *point), expected)


@pytest.mark.parametrize(
    ("text", "point", "expected"),
    [
        ("exp(x) - 1", (1.0,), math.exp(1.0) - 1.0),
        ("1 / (1 + exp(-x))", (-1000.0,), 0.0),
        ("x / y", (1.0, 0.0), INF), ("x / y", (1.0, -0.0), -INF), ("x / y", (-1.0, 0.0), -INF),
        ("x / y", (-INF, -0.0), INF), ("x / y", (0.0, -0.0), NAN), ("x / y", (NAN, 0.0), NAN),
        ("x * y", (1e300, 1e300), INF), ("x - y", (INF, INF), NAN),
        ("x**y", (-8.0, 1 / 3), NAN), ("x**2", (1e200,), INF), ("-x", (0.0,), -0.0),
        ("x**(-1)", (-0.0,), -INF), ("0.1*pi + x", (0.0,), 0.1 * math.pi),
        ("y - log(x)", (0.0, 1.0), INF), ("2", (7.0,), 2.0),
    ],
)  # fmt: skip
def test_formulas_have_ieee_results(text: str, point: tuple[float, ...], expected: float) -> None:
    assert identical(formula(text, *point), expected)


def test_what_math_lacks_is_unavailable_natively_but_not_as_a_formula() -> None:
    with pytest.raises(Unavailable, match="Python's math has no routine for sigmoid"):
        at("sigmoid", 1.0)
    with pytest.raises(Unavailable, match="Python's math has no sigmoid, which 1"):
        formula("1 - sigmoid(x)", 1.0)
    assert formula("1 / (1 + exp(-x))", 0.0) == 0.5
