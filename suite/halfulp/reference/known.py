"""Runs of inputs that need no model: records know them, or one result serves all."""

from __future__ import annotations

import math

from halfulp.formats import Format, power_of_two
from halfulp.functions.record import Function
from halfulp.reals import encode
from halfulp.reference.block import Block, Keys, Kind, block_of
from halfulp.reference.enclosures import balls
from halfulp.reference.reflection import poles, underflowing
from halfulp.reference.saturation import Saturation, finite_keys, interval_keys, saturations
from halfulp.reference.values import ONE, Flag, Limit

UNDERFLOWN = 2.0**-40
"""More than twice the size of what underflows, in ulps, where gamma does."""

ZERO_AT_INTEGERS = ("sinpi", "sinc")
"""Functions that are 0 at every integer: from 2^(p-1) on there is nothing else."""


def known_runs(function: Function, fmt: Format) -> list[Block]:
    """Return the runs that need no model: nans, outside the domain, saturated, special inputs."""
    least, greatest = finite_keys(fmt)
    low, high = fmt.key_range
    inner = least, greatest
    by_table = function.is_catalogue and function.special_rule is None
    if by_table:
        first, last = interval_keys(fmt, function.domain)
        inner = max(least, first), min(greatest, last)
    runs = [
        *_not_a_number(function, fmt, (low, least - 1 - fmt.has_inf)),
        *_not_a_number(function, fmt, (greatest + 1 + fmt.has_inf, high)),
    ]
    singles = {-1, 0}
    if fmt.has_inf:
        singles |= {least - 1, greatest + 1}
    if by_table:
        table = (text for text in function.specials or () if text != "nan")
        singles |= {fmt.key(encode(fmt, text)) for text in table}
    settled = [_saturated(fmt, saturation) for saturation in saturations(function, fmt)]
    outside = [(least, inner[0] - 1), (inner[1] + 1, greatest)]
    settled += [block_of(Kind.NAN, keys) for keys in outside if keys[0] <= keys[1]]
    settled += _beyond_the_point(function, fmt)
    runs += _with_holes(settled, singles)
    return runs + [block_of(Kind.OPEN, (key, key)) for key in singles]


def _beyond_the_point(function: Function, fmt: Format) -> list[Block]:
    """Return the runs of integers and of poles: there a rule decides, the same for all."""
    found = []
    if (keys := poles(function, fmt)) is not None:
        found.append(block_of(Kind.SAME, keys, trivial=True))
    if (keys := underflowing(function, fmt)) is not None:
        found.append(block_of(Kind.UNDERFLOW, keys, trivial=True)._replace(bound=UNDERFLOWN))
    if function.name in ZERO_AT_INTEGERS:
        first = fmt.round(power_of_two(fmt.p - 1))
        last = fmt.max_magnitude
        found += [block_of(Kind.SAME, keys) for keys in ((first, last), (-1 - last, -1 - first))]
    return found


def _not_a_number(function: Function, fmt: Format, keys: Keys) -> list[Block]:
    """Return the run of nan inputs; where a function is a number there, it is left open."""
    if keys[0] > keys[1]:
        return []
    found = balls(function, fmt).scaled(fmt.from_key(keys[0]))
    is_nan = isinstance(found, Limit) and found.text == "nan"
    return [block_of(Kind.NAN if is_nan else Kind.OPEN, keys)]


def _with_holes(runs: list[Block], holes: set[int]) -> list[Block]:
    """Return runs without some keys, which have runs of their own."""
    for hole in sorted(holes):
        kept = []
        for run in runs:
            if not run.first <= hole <= run.last:
                kept.append(run)
                continue
            parts = ((run.first, hole - 1), (hole + 1, run.last))
            kept += [
                run._replace(first=low, count=high - low + 1) for low, high in parts if low <= high
            ]
        runs = kept
    return runs


def _saturated(fmt: Format, saturation: Saturation) -> Block:
    """Return the block of a saturated run: a model of degree 0.

    The bounds of |R| around the rounded result are kept as an open interval of doubles. Where R
    lies on one side of a number, the interval ends there, so that the side stays known.
    """
    scaled, keys = saturation.scaled, saturation.keys
    magnitude = fmt.magnitude(scaled.rounded)
    overflows = magnitude > fmt.max_magnitude
    if scaled.flags & Flag.EXACT:
        return block_of(Kind.EXACT, keys, trivial=True, base=scaled.rounded)
    if scaled.flags or overflows:
        return block_of(Kind.OPEN, keys)
    low, high = scaled.low, scaled.high
    whole = scaled.whole
    if scaled.whole < 0 or fmt.is_negative(scaled.rounded):
        whole, low, high = -whole, -high, -low
    nearest = _in_unit(fmt, magnitude, scaled.unit)
    low, high = low + (whole - nearest) * ONE, high + (whole - nearest) * ONE
    middle, bound = _open_interval(low, high)
    block = block_of(Kind.MODEL, keys, trivial=True, base=scaled.rounded)
    return block._replace(centre=keys[0], coefficients=(middle,), bound=bound)


def _in_unit(fmt: Format, magnitude: int, unit: int) -> int:
    significand, exponent = fmt.significand(magnitude)
    shift = exponent - unit
    return significand << shift if shift >= 0 else significand >> -shift


def _open_interval(low: int, high: int) -> tuple[float, float]:
    """Return middle and radius of an interval around (low, high) in units of 2^-60.

    Rounded outward; an end at 0 stays there, because R is strictly inside where it is not exact.
    """
    first = math.nextafter(low / ONE, -math.inf) if low else 0.0
    last = math.nextafter(high / ONE, math.inf) if high else 0.0
    if not low:
        return last, last
    if not high:
        return first, -first
    middle = (first + last) / 2
    return middle, math.nextafter(max(last - middle, middle - first), math.inf)
