"""The condition number of a function along its axis: it tells a hard problem from a bad routine.

|x f'(x) / f(x)| says by how much a relative change of the input is magnified in the exact result.
It is drawn and proves nothing, so a central difference of balls serves for the derivative.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from halfulp.expressions import Apply
from halfulp.reference.enclosures import PRIMITIVES, evaluate_tree

if TYPE_CHECKING:
    from halfulp.expressions import Expression
    from halfulp.formats import Format
    from halfulp.functions import Function

Ball = Any  # python-flint ships no types

_STEP = 60
"""The difference is taken over 2^-60 of the input, or of 1 where the input is larger."""

_ACCURATE = 10
"""Bits to which a condition number is wanted, unless it is next to 0."""

_PRECISION = 320
"""Bits beside those that the exponent of the input takes."""

_COSTLY, _COSTLY_REACH = ("zeta",), 64
"""Functions that take Arb long at many bits, and the binary exponents within which they are asked.

The reach is no time limit, which would make a run's tables depend on the machine.
"""

_LARGEST = 2.0**1000
"""Condition numbers are capped here: beyond, only their size is known."""


@cache
def condition(function: Function, fmt: Format, low: int, high: int) -> float | None:
    """Return the condition number in the middle between two keys, to about three digits.

    Returns
    -------
    float or None
        None for two arguments, at 0, outside the domain, where the exact result is 0 or leaves the
        format, and where Arb does not say or would take long.
    """
    bits = fmt.from_key((low + high) // 2)
    if function.arity != 1 or not fmt.is_finite(bits):
        return None
    significand, exponent = fmt.significand(bits)
    reach = _COSTLY_REACH if _is_costly(function) else fmt.p + fmt.emax
    if not significand or abs(significand.bit_length() + exponent) > reach:
        return None
    try:
        return _condition(function, fmt, significand, exponent)
    except (ValueError, ZeroDivisionError, OverflowError):  # what Arb raises outside a domain
        return None


@cache
def _is_costly(function: Function) -> bool:
    return function.name in _COSTLY or _mentions(function.reference)


def _mentions(tree: Expression | None) -> bool:
    """Tell whether a costly function stands anywhere in an expression."""
    if not isinstance(tree, Apply):
        return False
    return tree.operation in _COSTLY or any(map(_mentions, tree.operands))


def _condition(function: Function, fmt: Format, significand: int, exponent: int) -> float | None:
    """Return |x f'(x) / f(x)| by a central difference."""
    from flint import arb, ctx

    top = significand.bit_length() + exponent
    before = ctx.prec
    ctx.prec = _PRECISION + abs(top)
    try:
        x = arb(significand) * arb((1, exponent))
        step = arb((1, min(top, 0) - _STEP))
        value = _evaluate(function, x)
        if not value.is_finite() or not _in_format(abs(value), fmt):
            return None
        rise = _evaluate(function, x + step) - _evaluate(function, x - step)
        found = abs(x * rise / (2 * step * value))
        if not found.is_finite():
            return None
        if found.rel_accuracy_bits() < _ACCURATE:
            return 0.0 if found < arb((1, -_STEP)) else None
        return min(float(found.mid()), _LARGEST)
    finally:
        ctx.prec = before


def _in_format(size: Ball, fmt: Format) -> bool:
    """Tell whether a result is neither 0 in the format nor beyond it: there nothing is computed."""
    from flint import arb

    return bool(size > arb((1, fmt.emin - fmt.p))) and bool(size < arb((1, fmt.emax + 1)))


def _evaluate(function: Function, x: Ball) -> Ball:
    if function.reference is None:
        return PRIMITIVES[function.name](x)
    return evaluate_tree(function.reference, {function.arguments[0]: x})
