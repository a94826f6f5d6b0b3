"""The references against published data, and against the traps that catch naive ones."""

from __future__ import annotations

import csv
import math
import platform
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from halfulp import functions
from halfulp.encodings import bits_type
from halfulp.formats import FORMATS, Format
from halfulp.functions import CATALOGUE
from halfulp.judge.errors import errors
from halfulp.reals import encode
from halfulp.reference.enclosures import balls
from halfulp.reference.oracle import oracle
from halfulp.reference.truth import truth
from halfulp.reference.values import OPEN, Limit, Scaled, Undecided

DATA = Path(__file__).parents[1] / "data"
FLOAT64 = FORMATS["float64"]
HARD = sorted(path.name for path in (DATA / "hard_to_round").glob("*.csv"))
SOURCES = [balls, oracle]


def rows_of(path: Path) -> list[dict[str, str]]:
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines))


# -- published data ----------------------------------------------------------------------------


def test_every_list_is_of_a_function_of_the_catalogue() -> None:
    assert len(HARD) == 15
    assert all(name.split("_")[0] in CATALOGUE for name in HARD)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", HARD)
def test_hard_to_round_inputs_round_to_the_published_result(name: str, source: Any) -> None:
    referee = source(CATALOGUE[name.split("_", maxsplit=1)[0]], FLOAT64)
    rows = rows_of(DATA / "hard_to_round" / name)
    assert len(rows) >= 50
    for row in rows:
        inputs = [encode(FLOAT64, row[key]) for key in row if key.startswith("input")]
        scaled = referee.scaled(*inputs)
        assert isinstance(scaled, Scaled), row
        assert not scaled.flags & OPEN, row
        assert FLOAT64.ordinal(scaled.rounded) == FLOAT64.ordinal(
            encode(FLOAT64, row["correct_rn_hex"])
        ), row


MATH_ROWS = [
    row
    for row in rows_of(DATA / "published_maxima.csv")
    if row["format"] == "binary64" and hasattr(math, row["function"])
]


@pytest.mark.skipif(
    platform.libc_ver() != ("glibc", "2.36"), reason="the figures are those of glibc 2.36"
)
@pytest.mark.parametrize("row", MATH_ROWS, ids=lambda row: row["function"])
def test_math_has_the_published_error_at_the_published_input(row: dict[str, str]) -> None:
    bits = encode(FLOAT64, row["input"])
    got = getattr(math, row["function"])(float.fromhex(row["input"]))
    inputs = np.array([[bits]], dtype=bits_type(FLOAT64))
    outputs = np.array([got]).view(np.uint64)
    found = errors(truth(CATALOGUE[row["function"]], FLOAT64, inputs), outputs).largest
    error = int(found.whole[0]) + int(found.fraction[0]) / 2**60
    assert error == pytest.approx(float(row["max_ulp"]), rel=0, abs=1e-5 * max(1.0, error))


def test_math_computes_most_of_the_published_rows() -> None:
    assert len(MATH_ROWS) >= 12


# -- every input of the 16-bit formats -----------------------------------------------------------


@pytest.mark.parametrize("fmt", [FORMATS["float16"], FORMATS["bfloat16"]], ids=lambda f: f.name)
@pytest.mark.parametrize("name", ["exp", "log", "sin", "cbrt", "tanh", "sigmoid"])
def test_all_65536_results_equal_an_independent_slow_computation(
    name: str, fmt: Format, arbiter: Any
) -> None:
    record = CATALOGUE[name]
    inputs = np.arange(1 << 16, dtype=np.uint16)[None, :]
    found = truth(record, fmt, inputs)
    numbers = np.flatnonzero(found.kind == 0)
    assert numbers.size > 30_000
    for bits in numbers.tolist():
        value = fmt.value(bits) if fmt.is_finite(bits) else None
        if not value or abs(value) > 100 or record.exact(value) is not None:
            continue  # special inputs, exact results and saturation have tests of their own
        bounds = arbiter.bounds(name, [value], 3 * fmt.p + 40)
        assert bounds is not None
        assert fmt.round_enclosure(*bounds) == found.rounded[bits], fmt.hex(bits)


# -- traps ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    ("text", "at", "want"),
    [
        ("log(1 + exp(x))", "-700", 9.859676543759771e-305),
        ("x * (1 + erf(x / 2**0.5)) / 2", "-30", -1.47204e-196),
        ("1 - 2 / (exp(2*x) + 1)", "0x1p-700", 2.0**-700),
    ],
)
def test_agreement_on_zero_is_no_answer(source: Any, text: str, at: str, want: float) -> None:
    scaled = source(functions.get(text), FLOAT64).scaled(encode(FLOAT64, at))
    assert isinstance(scaled, Scaled)
    assert float(FLOAT64.value(scaled.rounded)) == pytest.approx(want, rel=1e-5)


@pytest.mark.timeout(30)
@pytest.mark.parametrize("source", SOURCES)
def test_a_tower_of_exponentials_ends_undecided(source: Any) -> None:
    found = source(functions.get("exp(-exp(exp(x)))"), FLOAT64).scaled(encode(FLOAT64, "20"))
    assert isinstance(found, Undecided | Scaled)
    tower = oracle(functions.get("exp(exp(exp(x)))"), FLOAT64).scaled(encode(FLOAT64, "20"))
    assert isinstance(tower, Undecided)
    assert tower.reason


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    ("name", "fmt", "at", "want"),
    [
        ("exp2", "float64", "-1075", "0"),
        ("exp2", "float32", "-150", "0"),
        ("exp2", "float16", "-25", "0"),
        ("exp2", "bfloat16", "-134", "0"),
        ("exp2", "float64", "3", "8"),
        ("exp10", "float64", "23", "1e23"),
        ("cbrt", "float64", "27", "3"),
        ("gamma", "bfloat16", "8", "5040"),
        ("gamma", "bfloat16", "9", "40320"),
        ("log2", "float32", "0x1p-149", "-149"),
    ],
)
def test_exact_results_and_ties_are_decided(
    source: Any, name: str, fmt: str, at: str, want: str
) -> None:
    form = FORMATS[fmt]
    scaled = source(CATALOGUE[name], form).scaled(encode(form, at))
    assert isinstance(scaled, Scaled)
    assert not scaled.flags & OPEN
    assert scaled.rounded == form.round(Fraction(want))


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    ("name", "at", "want"),
    [
        ("tanh", "1e300", "1"),
        ("tanh", "-1e300", "-1"),
        ("expm1", "-1e300", "-1"),
        ("sigmoid", "800", "1"),
        ("sigmoid", "-800", "0"),
        ("cos", "1e-200", "1"),
        ("erf", "20", "1"),
        ("exp", "-1e300", "0"),
        ("exp", "1e300", "inf"),
        ("softplus", "1e6", "1e6"),
    ],
)
def test_saturated_results_are_decided(source: Any, name: str, at: str, want: str) -> None:
    scaled = source(CATALOGUE[name], FLOAT64).scaled(encode(FLOAT64, at))
    assert isinstance(scaled, Scaled)
    assert not scaled.flags & OPEN
    assert scaled.rounded == encode(FLOAT64, want)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    ("name", "at"), [("log", "-1"), ("acosh", "0.5"), ("y0", "-1"), ("sqrt", "-0x1p-1074")]
)
def test_outside_the_domain_is_nan(source: Any, name: str, at: str) -> None:
    assert source(CATALOGUE[name], FLOAT64).scaled(encode(FLOAT64, at)) == Limit("nan")


@pytest.mark.parametrize("source", SOURCES)
def test_a_real_cube_root_is_not_complex(source: Any) -> None:
    scaled = source(CATALOGUE["cbrt"], FLOAT64).scaled(encode(FLOAT64, "-8"))
    assert scaled.rounded == encode(FLOAT64, "-2")
