"""Published inputs: those that are hard to round, and the worst known of the C library."""

from __future__ import annotations

import csv
import math
import platform
import struct
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from halfulp.formats import FORMATS
from halfulp.functions import CATALOGUE
from halfulp.reals import encode
from halfulp.reference.enclosures import balls
from halfulp.reference.oracle import oracle
from halfulp.reference.values import OPEN, Scaled

if TYPE_CHECKING:
    from collections.abc import Callable

DATA = Path(__file__).parents[1] / "data"
LISTS = sorted((DATA / "hard_to_round").glob("*_binary64.csv"))
DOUBLE = FORMATS["float64"]
EXPECTED_LISTS = {"exp", "expm1", "log10", "log1p", "cbrt", "cos", "erf", "sin", "tanh", "pow"}


def rows_of(path: Path) -> list[dict[str, str]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def function_of(path: Path) -> str:
    return path.name.removesuffix("_binary64.csv")


def test_the_lists_are_there_and_name_their_source() -> None:
    assert {function_of(path) for path in LISTS} >= EXPECTED_LISTS
    for path in LISTS:
        assert path.read_text(encoding="utf-8").startswith("# hard-to-round inputs for ")
        assert "core-math" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("make", [oracle, balls], ids=["mpmath", "arb"])
@pytest.mark.parametrize("path", LISTS, ids=function_of)
def test_hard_inputs_round_to_the_values_given(path: Path, make: Callable[..., Any]) -> None:
    name = function_of(path)
    if name not in CATALOGUE:
        pytest.skip(f"{name} is not in the catalogue yet")
    rows = rows_of(path)
    assert len(rows) == 60
    for row in rows:
        bits = [encode(DOUBLE, row[key]) for key in row if key.startswith("input")]
        result = make(CATALOGUE[name], DOUBLE).scaled(*bits)
        assert isinstance(result, Scaled), row
        assert not result.flags & OPEN, row
        assert result.rounded == encode(DOUBLE, row["correct_rn_hex"]), row


@pytest.mark.parametrize("path", LISTS, ids=function_of)
def test_hard_inputs_are_as_hard_as_given(path: Path) -> None:
    """With k identical bits, MPFR found the result 2^-(k + 1) ulp from what it is close to."""
    name = function_of(path)
    if name not in CATALOGUE:
        pytest.skip(f"{name} is not in the catalogue yet")
    for row in rows_of(path):
        bits = [encode(DOUBLE, row[key]) for key in row if key.startswith("input")]
        result = balls(CATALOGUE[name], DOUBLE).scaled(*bits)
        assert isinstance(result, Scaled)
        fractions = [Fraction(part, 1 << 60) for part in (result.low, result.high)]
        place = Fraction(1, 2) if row["kind"] == "midpoint" else round(sum(fractions) / 2)
        near, far = sorted(abs(fraction - place) for fraction in fractions)
        identical = float(row["identical_bits_after_round_bit"])
        assert near < Fraction(2.0 ** -min(identical + 0.9, 57)), row
        assert far > Fraction(2.0 ** -(identical + 1.1)) or identical > 57, row


def published() -> list[dict[str, str]]:
    rows = rows_of(DATA / "published_maxima.csv")
    return [r for r in rows if r["format"] == "binary64" and hasattr(math, r["function"])]


def test_the_rows_that_math_can_compute_are_many() -> None:
    assert {row["function"] for row in published()} >= {"exp", "cbrt", "erf", "log10", "tanh"}


def has_fma() -> bool:
    processor = Path("/proc/cpuinfo")
    return processor.exists() and " fma " in processor.read_text(encoding="utf-8")


@pytest.mark.skipif(
    platform.libc_ver() != ("glibc", "2.36") or not has_fma(),
    reason="the maxima are those of glibc 2.36 with FMA",
)
@pytest.mark.parametrize("row", published(), ids=lambda row: row["function"])
def test_math_has_the_published_error_at_the_published_input(
    row: dict[str, str], arbiter: Any
) -> None:
    x = float.fromhex(row["input"])
    got = Fraction(getattr(math, row["function"])(x))
    low, high = arbiter.bounds(row["function"], [Fraction(x)], 200)
    unit = Fraction(2) ** (math.frexp(float(low))[1] - 53)
    errors = [abs(got - real) / unit for real in (low, high)]
    assert abs(errors[0] - errors[1]) < Fraction(1, 10**12)
    assert f"{float(errors[0]):.5g}" == f"{float(row['max_ulp']):.5g}"

    result = oracle(CATALOGUE[row["function"]], DOUBLE).scaled(encode(DOUBLE, row["input"]))
    assert isinstance(result, Scaled)
    whole = got / Fraction(2) ** result.unit
    judged = abs(whole - result.whole - Fraction(result.low, 1 << 60))
    assert abs(judged - errors[0]) < Fraction(1, 10**12)
    assert struct.pack("<d", x) == encode(DOUBLE, row["input"]).to_bytes(8, "little")
