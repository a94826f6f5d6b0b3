"""What a library does to subnormals, asked by its own arithmetic; runs in the subject."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halfulp.backend import Request
from halfulp.expressions import Apply, Name
from halfulp.formats import Format, power_of_two
from halfulp.subject.fpstate import Flushing
from halfulp.subject.messages import item_code

if TYPE_CHECKING:
    from halfulp.backend import Library

_REPEATS = 128
"""Enough of each product for the loop that a library has for long arrays."""

_PRODUCT = Apply("*", (Name("x"), Name("y")))


def flushing(library: Library, fmt: Format) -> Flushing:
    """Multiply numbers around the smallest normal one, as a formula, and look at the results.

    Raises
    ------
    Unavailable
        If the library serves no formula in this format.
    """
    largest_subnormal, smallest_normal = (1 << (fmt.p - 1)) - 1, 1 << (fmt.p - 1)
    up, half = fmt.round(power_of_two(fmt.p)), fmt.round(power_of_two(-1))
    first = [largest_subnormal, smallest_normal] * _REPEATS
    second = [up, half] * _REPEATS
    evaluate = library.routine(Request("x * y", _PRODUCT, fmt, ("x", "y")))
    output = _view(fmt, [fmt.nan] * len(first))
    evaluate([_view(fmt, first), _view(fmt, second)], output)
    zero = [not fmt.magnitude(bits) for bits in output]
    return Flushing(operands=any(zero[::2]), results=any(zero[1::2]))


def _view(fmt: Format, encodings: list[int]) -> memoryview:
    """Return encodings as an adapter gets them."""
    view = memoryview(bytearray(len(encodings) * fmt.width // 8)).cast(item_code(fmt.width))
    for place, bits in enumerate(encodings):
        view[place] = bits
    return view
