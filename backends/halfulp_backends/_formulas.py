"""What adapters share: formulas made callable, exact constants, and words for what is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from halfulp.backend import Adapter, Request, Settings, Unavailable
from halfulp.exceptions import UsageError
from halfulp.expressions import calls, fold, to_text

if TYPE_CHECKING:
    from halfulp.expressions import Number

V = TypeVar("V")
Node: TypeAlias = Callable[[Sequence[V]], V]
"""A part of a formula as a callable of the arguments."""

_PI_BITS = 512


def compiled(
    request: Request,
    library: str,
    constant: Callable[[Fraction], V],
    operations: Mapping[str, Callable[..., V]],
) -> Node[V]:
    """Return a request's formula as a callable that applies operation after operation.

    Parameters
    ----------
    request
        Its formula must not be None.
    library
        What to call the library in messages.
    constant
        Turns an exact number into a value, rounding once.
    operations
        What to apply for `+ - * / **`, "negate" and each function that can be called.

    Raises
    ------
    Unavailable
        If the formula calls a function that is not among the operations.
    """
    assert request.formula is not None
    if missing := sorted(calls(request.formula) - operations.keys()):
        raise Unavailable(
            f"{library} has no {', '.join(missing)}, which {to_text(request.formula)} calls."
        )

    def number(node: Number) -> Node[V]:
        return _always(constant(node.value))

    def name(text: str) -> Node[V]:
        if text in request.arguments:
            return _argument(request.arguments.index(text))
        assert text == "pi", f"no constant is called {text}"
        return _always(constant(pi()))

    def apply(operation: str, operands: tuple[Node[V], ...]) -> Node[V]:
        return _applied(operations[operation], operands)

    return fold(request.formula, number, name, apply)


def _always(value: V) -> Node[V]:
    return lambda _: value


def _argument(place: int) -> Node[V]:
    return lambda arguments: arguments[place]


def _applied(operation: Callable[..., V], operands: tuple[Node[V], ...]) -> Node[V]:
    # One and two operands are spelled out: scalar formulas run through here once an input.
    match operands:
        case (only,):
            return lambda arguments: operation(only(arguments))
        case (left, right):
            return lambda arguments: operation(left(arguments), right(arguments))
    return lambda arguments: operation(*(operand(arguments) for operand in operands))


@cache
def pi() -> Fraction:
    """Return pi within 2^-500, far closer than any format's rounding of it can tell.

    Machin's formula, pi = 16 atan(1/5) - 4 atan(1/239), summed in integers.
    """
    scale = 1 << _PI_BITS
    return Fraction(16 * _inverse_tangent(5, scale) - 4 * _inverse_tangent(239, scale), scale)


def _inverse_tangent(inverse: int, scale: int) -> int:
    """Return atan(1/inverse) in units of 1/scale, each term rounded down."""
    power, total, divisor, sign = scale // inverse, 0, 1, 1
    while power:
        total += sign * (power // divisor)
        power, divisor, sign = power // inverse**2, divisor + 2, -sign
    return total


def refuse_settings(adapter: Adapter, settings: Settings) -> None:
    """Raise UsageError if there are any settings: this adapter has none."""
    if settings:
        raise UsageError(
            f"The adapter {adapter.name} has no settings, but got {', '.join(sorted(settings))}."
        )


def refuse_unless_served(adapter: Adapter, library: str, request: Request) -> None:
    """Raise Unavailable if the library lacks the request's format, or its function for native."""
    if request.format.name not in adapter.formats:
        raise Unavailable(
            f"{library} has no {request.format.name}; it has {', '.join(adapter.formats)}."
        )
    if request.formula is None and request.function not in adapter.functions:
        raise Unavailable(
            f"{library} has no routine for {request.function}; a formula can be measured instead."
        )
