"""What is exact: the real values of constant expressions, proved by Arb and checked by mpmath."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from halfulp import functions
from halfulp.exceptions import DisagreementError, UsageError
from halfulp.expectations.claims_model import Exact, Spaced
from halfulp.expressions import Apply, Expression, Name, arguments, fold, to_text
from halfulp.expressions import Number as Constant
from halfulp.reals import parse_extended

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from halfulp.expectations.claims_model import Number, Points
    from halfulp.functions import Function

ACCURATE = 200
"""Bits of relative accuracy of a nonzero value: about 60 digits."""

TINY = -4_000
"""Binary exponent below which a value that is not known to be 0 needs no relative accuracy."""

_LARGEST_PRECISION = 16_384
_FARTHEST = 100_000
"""Binary exponent beyond which a value is left undecided: nobody prints it."""


@dataclass(frozen=True)
class Real:
    """A real number between proved bounds, or what is none.

    Parameters
    ----------
    low, high
        The bounds; equal where the number is known exactly.
    special
        "inf", "-inf" or "nan" instead of a number, or "undecided" where none was proved.
    """

    low: Fraction = Fraction(0)
    high: Fraction = Fraction(0)
    special: Literal["", "inf", "-inf", "nan", "undecided"] = ""

    @property
    def middle(self) -> Fraction:
        """The middle of the bounds."""
        return (self.low + self.high) / 2


def known(value: Fraction) -> Real:
    """Return a number that is known exactly."""
    return Real(value, value)


UNDECIDED = Real(special="undecided")


# -- points ------------------------------------------------------------------------------------


def number(written: Number) -> Fraction:
    """Return a number as it is written: 0.1 is one tenth, not the float64 beside it.

    Raises
    ------
    UsageError
        If it is no finite number.
    """
    text = str(written).strip()
    head, slash, tail = text.partition("/")
    value, divisor = parse_extended(head), parse_extended(tail) if slash else Fraction(1)
    if isinstance(value, str) or isinstance(divisor, str) or not divisor:
        raise UsageError(f"Expected a finite number such as 0.5, 1/3 or 0x1p-10, but got {text!r}.")
    return value / divisor


def points(at: Points | Spaced | tuple[()]) -> list[tuple[Fraction, ...]]:
    """Return points as exact numbers, one an argument."""
    if isinstance(at, Spaced):
        low, high = number(at.low), number(at.high)
        step = (high - low) / (at.count - 1)
        return [(low + place * step,) for place in range(at.count)]
    return [
        tuple(number(part) for part in point) if isinstance(point, tuple) else (number(point),)
        for point in at
    ]


# -- expressions -------------------------------------------------------------------------------


def trees(exact: Exact, at: Points | Spaced | tuple[()] = ()) -> list[Expression]:
    """Return the constant expressions of a table; `at` serves a function without points.

    Raises
    ------
    UsageError
        If something in it is not understood.
    """
    if exact.values:
        return [_constant(str(value)) for value in exact.values]
    if exact.iterate:
        return [_iterated(exact)]
    function = functions.get(exact.function)
    places = points(exact.at or at)
    if not places:
        raise UsageError(f"{exact.function} needs points, such as at = [1, 2, 3].")
    return [at_point(function, point) for point in places]


def at_point(function: Function, point: Sequence[Fraction]) -> Expression:
    """Return a function at a point as a constant expression."""
    if len(point) != function.arity:
        raise UsageError(
            f"{function.name} takes {function.arity} number{'s' * (function.arity > 1)} a point, "
            f"but a point has {len(point)}."
        )
    values = [Constant(f"({value})", value) for value in point]
    if function.is_catalogue:
        return Apply(function.name, tuple(values))
    assert function.reference is not None, "an expression is its own reference"
    return substituted(function.reference, dict(zip(function.arguments, values, strict=True)))


def substituted(tree: Expression, values: Mapping[str, Expression]) -> Expression:
    """Return an expression with expressions in the place of its arguments."""

    def name(text: str) -> Expression:
        return values.get(text, Name(text))

    return fold(tree, lambda constant: constant, name, Apply)


def _constant(text: str) -> Expression:
    tree = functions.parse(text)
    if names := arguments(tree):
        raise UsageError(f"Expected constants such as exp(1), but {text!r} has {names[0]} in it.")
    return tree


def _iterated(exact: Exact) -> Expression:
    step = functions.parse(exact.iterate)
    if arguments(step) != ("x",):
        raise UsageError(f"Expected an expression of x to iterate, but got {exact.iterate!r}.")
    start = number(exact.start)
    tree: Expression = Constant(f"({start})", start)
    for _ in range(exact.times):
        tree = substituted(step, {"x": tree})
    return tree


# -- values ------------------------------------------------------------------------------------


def real(tree: Expression) -> Real:
    """Return the value of a constant expression over the reals.

    Raises
    ------
    DisagreementError
        If Arb and mpmath contradict each other.
    """
    from halfulp.reference import extended

    point = extended.evaluate(tree, {})
    if point is None:
        return _enclosed(tree)
    if point.kind == "finite":
        return known(point.value)
    return Real(special="nan" if point.kind == "nan" else "-inf" if point.negative else "inf")


def _enclosed(tree: Expression) -> Real:
    from flint import ctx

    from halfulp.reference.enclosures import evaluate_tree

    precision = ACCURATE + 56
    while precision <= _LARGEST_PRECISION:
        ctx.prec = precision
        ball = evaluate_tree(tree, {})
        if ball.is_finite():
            middle, exponent = map(int, ball.mid().man_exp())
            radius, radius_exponent = map(int, ball.rad().man_exp())
            top = middle.bit_length() + exponent if middle else TINY
            if abs(top) > _FARTHEST:
                return UNDECIDED
            if not radius or radius.bit_length() + radius_exponent <= max(top - ACCURATE, TINY):
                low = _dyadic(middle, exponent) - _dyadic(radius, radius_exponent)
                high = _dyadic(middle, exponent) + _dyadic(radius, radius_exponent)
                return _confirmed(tree, Real(low, high))
        precision *= 2
    return UNDECIDED


def _dyadic(significand: int, exponent: int) -> Fraction:
    return Fraction(significand) * Fraction(2) ** exponent


def _confirmed(tree: Expression, found: Real) -> Real:
    """Return an enclosure that mpmath's value does not contradict."""
    from halfulp.reference.oracle import solve

    if not found.low * found.high > 0:
        return found  # around 0 mpmath has no error bound to hold it against
    try:
        value = solve(tree, 3 * ACCURATE)
    except ValueError:
        return UNDECIDED
    room = abs(found.middle) / 2 ** (ACCURATE // 2)
    if not found.low - room <= value <= found.high + room:
        raise DisagreementError(
            f"Arb and mpmath disagree about {to_text(tree)[:200]}: {float(found.middle)!r} and "
            f"{float(value)!r}. Please report it."
        )
    return found
