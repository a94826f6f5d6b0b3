"""Where a function is real: asked of exact inputs, before any evaluation can go complex."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

from halfulp.functions.record import Function, Interval
from halfulp.reals import Extended, below, parse_extended


@cache
def bounds(interval: Interval) -> tuple[Extended, Extended]:
    """Return the bounds of an interval as exact numbers."""
    return parse_extended(interval.low), parse_extended(interval.high)


def contains(interval: Interval, value: Fraction) -> bool:
    """Tell whether a real number lies in an interval."""
    low, high = bounds(interval)
    above = below(low, value) or (low == value and not interval.open_low)
    return above and (below(value, high) or (high == value and not interval.open_high))


def in_domain(function: Function, *arguments: Fraction) -> bool:
    """Tell whether a function is real at ordinary arguments.

    Functions of two arguments say so in their rule of special inputs.
    """
    return len(arguments) > 1 or contains(function.domain, arguments[0])
