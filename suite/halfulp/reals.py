"""Exact real numbers read from text: decimal, hexadecimal float, infinities."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Literal, TypeAlias

from halfulp.exceptions import UsageError
from halfulp.formats import Format, power_of_two

Extended: TypeAlias = Fraction | Literal["inf", "-inf"]
"""A real number or an infinity."""

_LARGEST_EXPONENT = 20_000
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE]([+-]?\d{1,9}))?")
_HEX = re.compile(r"([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)(?:[pP]([+-]?\d{1,9}))?")


def parse_extended(text: str) -> Extended:
    """Read "0.5", "-1e-3", "0x1.8p-4", "inf" or "-inf" exactly.

    Raises
    ------
    UsageError
        If the text is none of these, or beyond 2^±20000.
    """
    word = text.strip()
    if word.lower() in {"inf", "+inf", "-inf", "infinity", "-infinity"}:
        return "-inf" if word.startswith("-") else "inf"
    if len(word) <= 10_000:
        if match := _DECIMAL.fullmatch(word):
            _check_exponent(text, int(match[3] or 0))
            return Fraction(word)
        match = _HEX.fullmatch(word)
        if match and (match[2] or match[3]):
            _check_exponent(text, int(match[4] or 0))
            digits = int(match[2] + match[3], 16) * power_of_two(
                int(match[4] or 0) - 4 * len(match[3])
            )
            return -digits if match[1] == "-" else digits
    raise UsageError(f"Expected a number such as 0.5, 1e-3, 0x1p-10 or inf, but got {text[:60]!r}.")


def _check_exponent(text: str, exponent: int) -> None:
    if abs(exponent) > _LARGEST_EXPONENT:
        raise UsageError(f"The number {text[:60]!r} is beyond every format.")


def below(first: Extended, second: Extended) -> bool:
    """Tell whether first < second."""
    if first == second or first == "inf" or second == "-inf":
        return False
    if first == "-inf" or second == "inf":
        return True
    assert isinstance(first, Fraction)
    assert isinstance(second, Fraction)
    return first < second


def encode(fmt: Format, text: str) -> int:
    """Return the encoding of a number's text, rounded to nearest once; "-0" and "nan" work."""
    negative = text.strip().startswith("-")
    if text.lower().lstrip("+-") == "nan":
        return fmt.nan | (fmt.sign_bit if negative else 0)
    value = Fraction(text) if "/" in text else parse_extended(text)
    if isinstance(value, str):
        return fmt.infinity | (fmt.sign_bit if negative else 0)
    return fmt.round(value, negative_zero=negative)
