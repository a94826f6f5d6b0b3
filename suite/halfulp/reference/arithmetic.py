"""IEEE 754's arithmetic on encodings: exact on rationals, and rounded once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halfulp.expressions import Apply, Name
from halfulp.reference import extended

if TYPE_CHECKING:
    from halfulp.formats import Format
    from halfulp.functions.record import Point

_NAMES = ("x", "y")


def point(fmt: Format, bits: int) -> Point:
    """Return an encoding as an extended real with signed zeros."""
    if fmt.is_nan(bits):
        return extended.NAN
    if fmt.is_inf(bits):
        return extended.infinite(negative=fmt.is_negative(bits))
    return extended.finite(fmt.value(bits), negative_zero=fmt.is_negative(bits))


def rounded(fmt: Format, symbol: str, *encodings: int) -> int:
    """Return the correctly rounded `+ - * /` of two encodings, or the "negate" of one.

    What has no value, such as inf - inf, is the format's quiet nan.
    """
    names = _NAMES[: len(encodings)]
    points = {name: point(fmt, bits) for name, bits in zip(names, encodings, strict=True)}
    result = extended.evaluate(Apply(symbol, tuple(Name(name) for name in names)), points)
    if result is None or result.kind == "nan":
        return fmt.nan
    if result.kind == "inf":
        return infinite(fmt, negative=result.negative)
    return fmt.round(result.value, negative_zero=result.negative)


def infinite(fmt: Format, *, negative: bool) -> int:
    """Return the encoding of an infinity."""
    return fmt.infinity | (fmt.sign_bit if negative else 0)
