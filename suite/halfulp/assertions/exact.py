"""Exact values of functions at points, each taken exactly."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import isinf, isnan
from typing import TYPE_CHECKING, Any

from halfulp import functions
from halfulp.exceptions import HalfulpError, UsageError
from halfulp.expectations.claims_exact import at_point, number, real
from halfulp.expressions import Apply, Name
from halfulp.reals import parse_extended
from halfulp.reference import extended

if TYPE_CHECKING:
    from halfulp.functions import Function
    from halfulp.functions.record import Point

Value = tuple[Fraction | None, Fraction | None, str, bool]
"""The bounds, or what the value is instead, and whether it is a negative zero."""


def exact_value(function: str, x: Sequence[object]) -> Value:
    """Return the exact value of a function at a point; see `halfulp.reference`."""
    record = functions.get(function)
    if len(x) != record.arity:
        raise UsageError(
            f"{record.name} takes {record.arity} argument{'s' * (record.arity > 1)}, but got "
            f"{len(x)}."
        )
    points = [_point(argument) for argument in x]
    known = _known(record, points)
    if known is not None:
        return _of_point(known)
    if any(point.kind != "finite" for point in points):
        raise HalfulpError(f"{record.name} has no exact limit that is known at this special input.")
    found = real(at_point(record, [point.value for point in points]))
    if found.special == "undecided":
        raise HalfulpError(
            f"The value of {record.name} cannot be enclosed here: it is too extreme."
        )
    return (
        (None, None, found.special, False) if found.special else (found.low, found.high, "", False)
    )


def _known(record: Function, points: Sequence[Point]) -> Point | None:
    """Return a value that special inputs and exact rules decide, signs of zeros included."""
    names = [Name(name) for name in record.arguments]
    tree = Apply(record.name, tuple(names)) if record.is_catalogue else record.reference
    assert tree is not None, "an expression is its own reference"
    return extended.evaluate(tree, dict(zip(record.arguments, points, strict=True)))


def _of_point(point: Point) -> Value:
    if point.kind == "finite":
        return point.value, point.value, "", point.negative and not point.value
    return None, None, "nan" if point.kind == "nan" else "-inf" if point.negative else "inf", False


def _point(argument: Any) -> Point:
    """Return a number as it is given, exactly."""
    value = argument.item() if hasattr(argument, "item") else argument  # a scalar of NumPy
    if isinstance(value, float) and not isnan(value) and not isinf(value):
        return extended.finite(Fraction(value), negative_zero=value.hex().startswith("-"))
    text = str(value).strip().lower()
    if text.lstrip("+-") == "nan":
        return extended.NAN
    if isinstance(value, int | float | str | Fraction) and not isinstance(value, bool):
        if text.lstrip("+-") in ("inf", "infinity"):
            return extended.infinite(negative=parse_extended(text) == "-inf")
        return extended.finite(number(str(value)), negative_zero=text.startswith("-"))
    raise UsageError(f"Expected a number such as 0.5 or '0x1p-3', but got {argument!r}.")
