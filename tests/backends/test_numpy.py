from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from halfulp.backend import Adapter, Library, Request, Unavailable, adapter_named
from halfulp.exceptions import UsageError
from halfulp.expressions import parse
from halfulp.formats import FORMATS
from halfulp_backends.numpy import adapter

X, Y = ("x",), ("x", "y")
BINARY = {"pow", "atan2", "hypot", "logaddexp"}
SPECIALS = [0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, 1e-40, 6e-8, 1e300, 2.0, -3.0]


def inputs(fmt: str, rows: int) -> Any:
    """Return values of a format, shape (rows, n): of every magnitude, and special ones."""
    generator = np.random.default_rng(1)
    patterns = generator.integers(0, 1 << FORMATS[fmt].width, (rows, 500), dtype=np.uint64)
    with np.errstate(over="ignore"):
        special = generator.permuted(np.tile(np.array(SPECIALS, fmt), (rows, 1)), axis=1)
    some = patterns.astype(f"u{FORMATS[fmt].width // 8}").view(fmt)
    small = generator.uniform(-2, 2, (rows, 500)).astype(fmt)
    return np.concatenate([some, small, special], axis=1)


def evaluated(request: Request, values: Any) -> Any:
    """Return the adapter's results as the format's own dtype."""
    code = {16: "H", 32: "I", 64: "Q"}[request.format.width]
    rows = [memoryview(row.tobytes()).cast(code) for row in values]
    output = memoryview(bytearray(rows[0].nbytes)).cast(code)
    assert adapter.load({}).routine(request)(rows, output) is None
    return np.frombuffer(output, request.format.name)


def same(first: Any, second: Any) -> bool:
    """Compare bits, so that -0 is not 0 and nan is nan."""
    return first.tobytes() == second.tobytes()


def test_it_keeps_the_contract_and_is_found() -> None:
    assert isinstance(adapter, Adapter)
    assert isinstance(adapter.load({}), Library)
    assert adapter_named("numpy").name == "numpy"
    with pytest.raises(UsageError, match="no settings, but got device"):
        adapter.load({"device": 1})


@pytest.mark.parametrize("fmt", ["float16", "float32", "float64"])
@pytest.mark.parametrize("function", adapter.functions)
def test_native_routines_are_numpys_to_the_bit(function: str, fmt: str) -> None:
    arguments = Y if function in BINARY else X
    values = inputs(fmt, len(arguments))
    with np.errstate(all="ignore"):
        expected = getattr(np, adapter.functions[function])(*values)
    assert expected.dtype == fmt
    assert same(evaluated(Request(function, None, FORMATS[fmt], arguments), values), expected)


@pytest.mark.parametrize("fmt", ["float16", "float32", "float64"])
def test_formulas_are_evaluated_operator_by_operator_in_the_format(fmt: str) -> None:
    of = np.dtype(fmt).type
    (x,) = inputs(fmt, 1)

    def expected(text: str) -> Any:
        with np.errstate(all="ignore"):
            match text:
                case "exp(x) - 1":
                    return np.exp(x) - of(1)
                case "2*tanh(x/2) / (1 - tanh(x/2))":
                    half = np.tanh(x / of(2))
                    return of(2) * half / (of(1) - half)
                case "-x**2 + pow(x, 3)*0.5":
                    return -np.power(x, of(2)) + np.power(x, of(3)) * of(0.5)
                case "sin(pi*x)/pi":
                    return np.sin(of(np.pi) * x) / of(np.pi)

    for text in ("exp(x) - 1", "2*tanh(x/2) / (1 - tanh(x/2))", "-x**2 + pow(x, 3)*0.5",
                 "sin(pi*x)/pi"):  # fmt: skip
        request = Request("f", parse(text), FORMATS[fmt], X)
        assert same(evaluated(request, [x]), expected(text)), text


def test_constants_are_rounded_once_to_the_format() -> None:
    # 1 + 2^-11 + 2^-60 lies above the midpoint of two float16 numbers; as a float64 it is the
    # midpoint, which goes to the even one.
    text = str(1 + 2**-11) + "0" * 7 + "1"
    assert float(text) == 1 + 2**-11
    for fmt in (FORMATS["float16"], FORMATS["float32"]):
        value = evaluated(Request("f", parse(f"x*{text}"), fmt, X), [np.ones(1, fmt.name)])
        bits = int(value.view(f"u{fmt.width // 8}")[0])
        assert bits == fmt.round(Fraction(text))
    assert FORMATS["float16"].round(Fraction(text)) == 0x3C01
    assert np.float16(float(text)) == 1.0


def test_a_constant_formula_fills_every_element() -> None:
    output = evaluated(
        Request("f", parse("exp(1)*pi"), FORMATS["float32"], X), inputs("float32", 1)
    )
    assert same(output, np.full(output.shape, np.exp(np.float32(1)) * np.float32(np.pi)))


def test_arguments_are_taken_by_name() -> None:
    values = inputs("float64", 2)
    with np.errstate(all="ignore"):
        expected = values[1] - values[0]
    assert same(evaluated(Request("f", parse("y - x"), FORMATS["float64"], Y), values), expected)


@pytest.mark.parametrize(
    ("function", "formula", "fmt", "words"),
    [
        ("erf", None, "float32", "NumPy has no routine for erf"),
        ("sigmoid", None, "float64", "NumPy has no routine for sigmoid"),
        ("exp", None, "bfloat16", "NumPy has no bfloat16"),
        ("f", "1 + erf(x)", "float32", "NumPy has no erf, which 1 "),
    ],
)
def test_what_numpy_lacks_is_unavailable(
    function: str, formula: str | None, fmt: str, words: str
) -> None:
    tree = None if formula is None else parse(formula)
    with pytest.raises(Unavailable, match=words):
        adapter.load({}).routine(Request(function, tree, FORMATS[fmt], X))


def test_one_operand_too_many_does_not_reach_out() -> None:
    values = inputs("float32", 2)
    with pytest.raises(AssertionError, match="exp takes 1 arguments"):
        evaluated(Request("f", parse("exp(x, y)"), FORMATS["float32"], Y), values)
