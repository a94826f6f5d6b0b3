"""Exact real numbers read from text."""

from __future__ import annotations

import time
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halfulp.exceptions import UsageError
from halfulp.formats import FORMATS
from halfulp.reals import Extended, below, encode, parse_extended


@settings(max_examples=200, deadline=None)
@given(st.floats(allow_nan=False))
def test_hexadecimal_and_decimal_texts_of_floats_read_exactly(number: float) -> None:
    expected: Extended = Fraction(number) if abs(number) < float("inf") else f"{number}"  # type: ignore[assignment]
    assert parse_extended(number.hex()) == expected
    if isinstance(expected, Fraction):
        assert parse_extended(repr(number)) == Fraction(repr(number))
        assert parse_extended(f"{number:.1100f}") == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", Fraction(1, 10)),
        ("-1e-3", Fraction(-1, 1000)),
        (" +.5 ", Fraction(1, 2)),
        ("0x1.8p-4", Fraction(3, 32)),
        ("-0X.8P+1", Fraction(-1)),
        ("0x10", Fraction(16)),
        ("0x1p-1075", Fraction(1, 2**1075)),
        ("inf", "inf"),
        ("-Infinity", "-inf"),
    ],
)
def test_texts_and_their_values(text: str, value: Extended) -> None:
    assert parse_extended(text) == value


@pytest.mark.parametrize(
    "text",
    ["", "x", "nan", "1e", "0x", "0x.", "1,5", "1 2", "--1", "1e99999999999", "1e999999",
     "0x1p99999", "0x1p-999999999", "9" * 10_001, "__import__('os')", "1/3", "1_0"],
)  # fmt: skip
def test_other_texts_are_refused_at_once(text: str) -> None:
    begun = time.perf_counter()
    with pytest.raises(UsageError) as caught:
        parse_extended(text)
    assert time.perf_counter() - begun < 0.5
    assert len(str(caught.value)) < 200


def test_below_orders_the_extended_line() -> None:
    line: list[Extended] = ["-inf", Fraction(-(10**400)), Fraction(0), Fraction(1, 3), "inf"]
    for (place, first), (other, second) in product(enumerate(line), repeat=2):
        assert below(first, second) == (place < other)


@pytest.mark.parametrize("name", FORMATS)
def test_numbers_are_encoded_with_one_rounding_and_the_sign_of_zero(name: str) -> None:
    fmt = FORMATS[name]
    assert encode(fmt, "0.1") == fmt.round(Fraction(1, 10))
    assert [encode(fmt, text) for text in ("0", "-0", "-0.0")] == [0, fmt.sign_bit, fmt.sign_bit]
    assert encode(fmt, "-inf") == fmt.infinity | fmt.sign_bit
    assert fmt.is_nan(encode(fmt, "nan"))
    assert encode(fmt, "1/3") == fmt.round(Fraction(1, 3))
    assert encode(fmt, "-1e-9999") == fmt.sign_bit
