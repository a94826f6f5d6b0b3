"""The catalogue: one record a function, and the way from text to functions and expressions."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType

from halfulp import expressions
from halfulp.exceptions import ExpressionError, UsageError
from halfulp.expressions import ARITHMETIC, Apply, Expression, Number
from halfulp.functions import (
    activation,
    algebraic,
    bessel,
    circular,
    exponential,
    gamma,
    hyperbolic,
    probability,
)
from halfulp.functions.record import Function, Interval, Point, Special

__all__ = ["CATALOGUE", "GROUPS", "Function", "Interval", "Point", "Special", "get", "parse"]

GROUPS: Mapping[str, tuple[Function, ...]] = MappingProxyType(
    {
        "Exponentials and logarithms": exponential.FUNCTIONS,
        "Roots and powers": algebraic.FUNCTIONS,
        "Circular functions": circular.FUNCTIONS,
        "Hyperbolic functions": hyperbolic.FUNCTIONS,
        "Error functions, probability, entropy": probability.FUNCTIONS,
        "Activation functions": activation.FUNCTIONS,
        "Gamma and zeta": gamma.FUNCTIONS,
        "Bessel functions": bessel.FUNCTIONS,
    }
)
"""The records by subject, in the order in which they are shown."""

CATALOGUE: Mapping[str, Function] = MappingProxyType(
    {record.name: record for records in GROUPS.values() for record in records}
)
"""Every function by its canonical name."""

_NAMES = {
    spelling: record.name
    for record in CATALOGUE.values()
    for spelling in (record.name, *record.aliases)
}


def canonical_name(spelling: str) -> str | None:
    """Return the canonical name behind a name or alias, or None."""
    return _NAMES.get(spelling)


def nearest_names(spelling: str) -> str:
    """Return "; did you mean ...?" with the nearest names, or ""."""
    close = get_close_matches(spelling, _NAMES, n=3)
    return f" Did you mean {' or '.join(close)}?" if close else ""


def parse(text: str) -> Expression:
    """Parse an expression whose calls are catalogue functions, with aliases made canonical.

    Raises
    ------
    ExpressionError
        If the text is no expression, calls something unknown, or with too many or few arguments.
    """
    return _resolve(expressions.parse(text))


def _resolve(tree: Expression) -> Expression:
    if not isinstance(tree, Apply):
        return tree
    operands = tuple(_resolve(operand) for operand in tree.operands)
    if tree.operation in ARITHMETIC:
        return Apply(tree.operation, operands)
    if tree.operation == "polygamma" and len(operands) == 2:
        return _polygamma(*operands)
    name = canonical_name(tree.operation)
    if name is None:
        raise ExpressionError(
            f"Unknown function {tree.operation!r} in an expression."
            f"{nearest_names(tree.operation)} `halfulp list functions` shows all."
        )
    expected = CATALOGUE[name].arity
    if len(operands) != expected:
        raise ExpressionError(
            f"{name} takes {expected} argument{'s' if expected > 1 else ''}, "
            f"but the expression gives it {len(operands)}."
        )
    return Apply(name, operands)


def _polygamma(order: Expression, argument: Expression) -> Expression:
    """Return polygamma(n, x) as the function of one argument that the catalogue has."""
    if isinstance(order, Number) and order.text in {"1", "2", "3"}:
        return Apply(f"polygamma{order.text}", (argument,))
    raise ExpressionError("polygamma(n, x) is in the catalogue for n = 1, 2 and 3.")


@cache
def get(text: str) -> Function:
    """Return the function with this name or alias, or the function that an expression defines.

    Raises
    ------
    UsageError
        If the text is neither; the sentence names the nearest functions.
    """
    name = canonical_name(text.strip())
    if name is not None:
        return CATALOGUE[name]
    if text.strip().isidentifier() and text.strip() not in expressions.ARGUMENTS:
        raise UsageError(
            f"Unknown function {text!r}.{nearest_names(text.strip())} "
            "`halfulp list functions` shows all; an expression such as log(1 + exp(x)) will do too."
        )
    return _from_expression(parse(text))


def _from_expression(tree: Expression) -> Function:
    """Return the function that an expression over the reals defines."""
    names = expressions.arguments(tree)
    if not names or names != expressions.ARGUMENTS[: len(names)] or len(names) > 2:
        raise ExpressionError(
            "A function needs the argument x, or x and y, but "
            f"{expressions.to_text(tree)[:80]!r} has {', '.join(names) or 'none'}."
        )
    text = expressions.to_text(tree)
    if isinstance(tree, Apply) and tree.operation in CATALOGUE:
        record = CATALOGUE[tree.operation]
        if tree.operands == tuple(expressions.Name(name) for name in record.arguments):
            return record  # exp(x) is exp
    return Function(
        name=text,
        summary="an expression over the reals",
        definition=text,
        reference=expressions.folded(tree),
        arguments=names,
        exact_is_complete=False,
        is_catalogue=False,
    )
