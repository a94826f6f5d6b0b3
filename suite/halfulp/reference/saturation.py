"""Where results stop changing: overflow, underflow, limits, and the active region between.

A record names pieces on which its function is monotone; the thresholds are solved for by bisection
over encodings, so that they are right for every format.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

from halfulp.formats import Format, power_of_two
from halfulp.functions.record import Function, Interval
from halfulp.reals import Extended
from halfulp.reference.domains import bounds
from halfulp.reference.enclosures import balls
from halfulp.reference.referee import Referee
from halfulp.reference.values import Scaled

Keys = tuple[int, int]
"""A closed range of keys (`halfulp.formats`)."""


def finite_keys(fmt: Format) -> Keys:
    """Return the keys of all finite encodings."""
    return -1 - fmt.max_magnitude, fmt.max_magnitude


def keys_between(fmt: Format, low: Extended, high: Extended) -> Keys:
    """Return the keys of the encodings in [low, high], both zeros in it if 0 is.

    Infinite bounds include the infinities.
    """
    top = fmt.max_magnitude + fmt.has_inf
    first = -1 - top if low == "-inf" else top + 1 if low == "inf" else fmt.key_at_least(low)
    last = top if high == "inf" else -2 - top if high == "-inf" else fmt.key_at_most(high)
    return first, last


def interval_keys(fmt: Format, interval: Interval) -> Keys:
    """Return the keys of the finite encodings in an interval, its open bounds left out."""
    low, high = bounds(interval)
    first, last = keys_between(fmt, low, high)
    if interval.open_low and not isinstance(low, str) and fmt.value(fmt.from_key(first)) == low:
        first += 1 if low else 2  # both zeros
    if interval.open_high and not isinstance(high, str) and fmt.value(fmt.from_key(last)) == high:
        last -= 1 if high else 2
    least, greatest = finite_keys(fmt)
    return max(first, least), min(last, greatest)


@dataclass(frozen=True)
class Saturation:
    """A range of keys at one end of a monotone piece where the result does not change.

    Parameters
    ----------
    keys
        The range.
    scaled
        Bounds of R that hold on the whole range: by monotonicity, as they hold at both its ends.
    """

    keys: Keys
    scaled: Scaled


def shortest(fmt: Format) -> int:
    """Return how many inputs a run of equal results must have to be a saturation: two binades.

    A slow function such as log is flat over a fraction of a binade where its results are coarse.
    """
    return 1 << fmt.p


@cache
def saturations(function: Function, fmt: Format) -> tuple[Saturation, ...]:
    """Return the ranges on which one scaled result bounds them all."""
    referee = balls(function, fmt)
    found = []
    for end, keys in _ends(function, fmt):
        value = _scaled(referee, end)
        run = _run(fmt, end, keys, partial(_scaled, referee))
        if value is not None and run is not None:
            found.append(Saturation(run, value))
    return tuple(found)


@cache
def rounded_saturations(function: Function, fmt: Format) -> tuple[Keys, ...]:
    """Return the ranges at the ends of pieces on which the correctly rounded result is constant."""
    result = partial(_rounded, balls(function, fmt))
    runs = (_run(fmt, end, keys, result) for end, keys in _ends(function, fmt))
    return tuple(run for run in runs if run is not None)


def _ends(function: Function, fmt: Format) -> list[tuple[int, Keys]]:
    """Return both ends of every monotone piece, as a key with the piece's keys."""
    pieces = [interval_keys(fmt, piece) for piece in function.pieces]
    return [(end, keys) for keys in pieces for end in keys if keys[0] <= keys[1]]


def _scaled(referee: Referee, key: int) -> Scaled | None:
    scaled = referee.scaled(referee.fmt.from_key(key))
    return scaled if isinstance(scaled, Scaled) else None


def _rounded(referee: Referee, key: int) -> int | None:
    scaled = _scaled(referee, key)
    return None if scaled is None else scaled.rounded


def _run(fmt: Format, end: int, keys: Keys, result: Callable[[int], object | None]) -> Keys | None:
    """Return the longest range from one end with the result that it has there, if it is long."""
    step = 1 if end == keys[0] else -1
    at_end = result(end)
    inside, outside = shortest(fmt), keys[1] - keys[0] + 1
    if at_end is None or inside >= outside or result(end + step * inside) != at_end:
        return None
    while outside - inside > 1:
        middle = (inside + outside) // 2
        if result(end + step * middle) == at_end:
            inside = middle
        else:
            outside = middle
    return (end, end + inside) if step > 0 else (end - inside, end)


@cache
def active(function: Function, fmt: Format) -> tuple[Keys, ...]:
    """Return the ranges of keys where a one-argument function is neither trivial nor saturated.

    The domain, less the inputs so small that the result is f(0) + f'(0) x to less than half an
    ulp, less the saturated ends of the monotone pieces.
    """
    ranges = [interval_keys(fmt, function.domain)]
    for hole in (*_trivial_keys(function, fmt), *rounded_saturations(function, fmt)):
        ranges = [part for keys in ranges for part in _without(keys, hole)]
    return tuple(ranges)


SMALL_BITS = 4
"""From x^k < 2^-(p + 4) on the first neglected term is under half an ulp, for every record.

The largest is that of cospi, (pi x)^2/2 < 5 x^2 < 2^-(p + 1)."""


def _trivial_keys(function: Function, fmt: Format) -> list[Keys]:
    if function.linear_order is None:
        return []
    bits = -(-(fmt.p + SMALL_BITS) // function.linear_order)
    smallest = power_of_two(-bits)
    return [(fmt.key_at_least(-smallest) + 1, fmt.key_at_most(smallest) - 1)]


def _without(keys: Keys, hole: Keys) -> list[Keys]:
    parts = [(keys[0], min(keys[1], hole[0] - 1)), (max(keys[0], hole[1] + 1), keys[1])]
    return [part for part in parts if part[0] <= part[1]]
