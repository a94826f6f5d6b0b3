"""Expressions at special inputs: exact arithmetic on rationals, signed zeros, infinities and nan.

An expression has no table of special inputs of its own, but its parts have. Where every operation
is exact, or decided by its limits, so is the result; inf - inf, 0 * inf and the like are not.
"""

from __future__ import annotations

from fractions import Fraction

from halfulp.expressions import ARITHMETIC, Apply, Expression, Name, Number
from halfulp.functions import CATALOGUE
from halfulp.functions.record import Function, Point
from halfulp.reference.domains import in_domain
from halfulp.reference.values import Exact, Limit, Result

NAN = Point("nan")


def finite(value: Fraction, *, negative_zero: bool = False) -> Point:
    """Return the point of a rational, with a sign for zero."""
    return Point("finite", value < 0 or (not value and negative_zero), value)


def infinite(*, negative: bool) -> Point:
    """Return the point of an infinity."""
    return Point("inf", negative)


def from_text(text: str) -> Point:
    """Return the point that a table of special inputs spells."""
    if text == "nan":
        return NAN
    if text.endswith("inf"):
        return infinite(negative=text.startswith("-"))
    return finite(Fraction(text), negative_zero=text.startswith("-"))


def to_result(point: Point) -> Result:
    """Return the result that a point stands for."""
    if point.kind == "nan":
        return Limit("nan")
    if point.kind == "inf":
        return Limit("-inf" if point.negative else "inf")
    return Exact(point.value, "-" if point.negative else "+")


def evaluate(tree: Expression, arguments: dict[str, Point]) -> Point | None:
    """Return the exact value of an expression, or None where it is irrational or not decided."""
    match tree:
        case Number(value=value):
            return finite(value)
        case Name(name=name):
            return arguments.get(name)  # pi is irrational: None
        case Apply(operation, operands):
            values = [evaluate(operand, arguments) for operand in operands]
            known = [value for value in values if value is not None]
            if len(known) == len(values):
                return _apply(operation, known)
            return NAN if NAN in known else None
    raise TypeError(tree)


def _apply(operation: str, values: list[Point]) -> Point | None:
    if operation == "**":
        return catalogue_value(CATALOGUE["pow"], values)
    if operation in ARITHMETIC:
        return _arithmetic(operation, *values)
    return catalogue_value(CATALOGUE[operation], values)


def catalogue_value(function: Function, values: list[Point]) -> Point | None:
    """Return the exact value of a catalogue function at points, or None if it is irrational."""
    special = function.special(*values)
    if special is not None:
        return from_text(special.result) if special.is_rational else None
    if any(value.kind != "finite" for value in values):
        return None
    numbers = [value.value for value in values]
    if not in_domain(function, *numbers):
        return NAN
    if function.reference is not None:
        named = dict(zip(function.arguments, values, strict=True))
        return evaluate(function.reference, named)
    exact = function.exact(*numbers)
    return None if exact is None else finite(exact)


def _arithmetic(operation: str, first: Point, second: Point | None = None) -> Point | None:
    if "nan" in {first.kind, second.kind if second else ""}:
        return NAN
    if operation == "negate":
        return Point(first.kind, not first.negative, -first.value)
    assert second is not None
    if operation == "-":
        return _add(first, Point(second.kind, not second.negative, -second.value))
    if operation == "+":
        return _add(first, second)
    return _multiply(first, second) if operation == "*" else _divide(first, second)


def _add(first: Point, second: Point) -> Point | None:
    if first.kind == second.kind == "inf":
        return first if first.negative == second.negative else None
    if "inf" in {first.kind, second.kind}:
        return first if first.kind == "inf" else second
    both_negative = first.negative and second.negative
    return finite(first.value + second.value, negative_zero=both_negative)


def _multiply(first: Point, second: Point) -> Point | None:
    negative = first.negative != second.negative
    if "inf" in {first.kind, second.kind}:
        if first.is_zero or second.is_zero:
            return None
        return infinite(negative=negative)
    return finite(first.value * second.value, negative_zero=negative)


def _divide(first: Point, second: Point) -> Point | None:
    negative = first.negative != second.negative
    if second.kind == "inf":
        return None if first.kind == "inf" else finite(Fraction(0), negative_zero=negative)
    if first.kind == "inf":
        return infinite(negative=negative)
    if second.is_zero:
        return None if first.is_zero else infinite(negative=negative)
    return finite(first.value / second.value, negative_zero=negative)
