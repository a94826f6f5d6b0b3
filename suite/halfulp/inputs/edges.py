"""`edges`: the neighbours of every place where routines go wrong.

Zero, one, the ends of the format and of the domain, the record's interesting points, exact cases,
and the inputs where the result overflows, underflows, becomes subnormal, saturates or passes into
another binade: these are solved for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from functools import cache, partial
from itertools import product

import numpy as np

from halfulp.encodings import Int
from halfulp.formats import Format, power_of_two
from halfulp.functions.record import Function
from halfulp.inputs.regions import Region
from halfulp.inputs.values import region_keys
from halfulp.reference.domains import in_domain
from halfulp.reference.enclosures import balls
from halfulp.reference.oracle import solve
from halfulp.reference.referee import Referee
from halfulp.reference.saturation import finite_keys, interval_keys, rounded_saturations
from halfulp.reference.values import Scaled

NEIGHBOURS = 64
"""Inputs taken on each side of a place."""

_ONE = Fraction(1)

JOINT_NEIGHBOURS = 4
"""The same around places of which there are many."""

MANY = 64
"""Places taken of a kind that has as many as there are binades."""


def edges(function: Function, fmt: Format, region: Region) -> Int:
    """Return the keys of the edge inputs within a region, shape (arity, n), in order."""
    if function.arity == 1:
        return _one_argument(function, fmt, region)
    return _two_arguments(function, fmt, region)


def _one_argument(function: Function, fmt: Format, region: Region) -> Int:
    low, high = region_keys(fmt, region, 0)
    places = {*landmarks(fmt), *_function_places(function, fmt), low, high}
    keys = {key + step for key in places for step in range(-NEIGHBOURS, NEIGHBOURS + 1)}
    many = {*_exact_places(function, fmt), *_binade_borders(function, fmt), *_powers_of_two(fmt)}
    keys |= {key + step for key in many for step in _steps()}
    top = fmt.max_magnitude + fmt.has_inf
    keys = {key for key in keys if -1 - top <= key <= top} | set(_nans(fmt))
    return np.array([sorted(key for key in keys if low <= key <= high)], dtype=np.int64)


@cache
def landmarks(fmt: Format) -> tuple[int, ...]:
    """Return the keys of 0, 1, the smallest and largest numbers and the infinities, both signs."""
    one = fmt.key(fmt.round(_ONE))
    magnitudes = (0, 1, 1 << (fmt.p - 1), one, fmt.max_magnitude)
    return tuple(key for magnitude in magnitudes for key in (magnitude, -1 - magnitude))


def _nans(fmt: Format) -> tuple[int, ...]:
    return fmt.key(fmt.nan), fmt.key(fmt.nan | fmt.sign_bit)


@cache
def _function_places(function: Function, fmt: Format) -> tuple[int, ...]:
    """Return the keys of the places that the record names or that follow from it."""
    places = [*interval_keys(fmt, function.domain)]
    for point in function.points:
        real = solve(point)
        places += [fmt.key_at_least(real), fmt.key_at_most(real)]
    for saturation in rounded_saturations(function, fmt):
        places += saturation
    places += _crossings(function, fmt)
    return tuple(places)


def _crossings(function: Function, fmt: Format) -> list[int]:
    """Return where results on monotone pieces overflow, become subnormal, or vanish."""
    found = []
    referee = balls(function, fmt)
    for piece in function.pieces:
        low, high = interval_keys(fmt, piece)
        found += list(crossings(partial(rounded_ordinal, referee), low, high, fmt))
    return found


def crossings(
    ordinal: Callable[[int], int | None], low: int, high: int, fmt: Format
) -> Iterator[int]:
    """Yield the first key past each level that a monotone function crosses between two keys.

    Parameters
    ----------
    ordinal
        Key -> ordinal of the correctly rounded result, or None where it is no number.
    """
    first, last = ordinal(low), ordinal(high)
    if first is None or last is None:
        return
    for level in _levels(fmt):
        if (first < level) != (last < level):
            yield _bisect(ordinal, level, low, high, rising=first < level)


def _levels(fmt: Format) -> tuple[int, ...]:
    """Return the ordinals that results pass: infinity, the smallest normal, the first nonzero."""
    magnitudes = (fmt.max_magnitude + 1, 1 << (fmt.p - 1), 1)
    return tuple(level for magnitude in magnitudes for level in (magnitude, 1 - magnitude))


def _bisect(
    ordinal: Callable[[int], int | None], level: int, low: int, high: int, *, rising: bool
) -> int:
    """Return the first key past a level of a monotone function."""
    while high - low > 1:
        middle = (low + high) // 2
        value = ordinal(middle)
        before = value is not None and (value < level) == rising
        low, high = (middle, high) if before else (low, middle)
    return high


def rounded_ordinal(referee: Referee, *keys: int) -> int | None:
    """Return the ordinal of the correctly rounded result, or None if it is no number."""
    fmt = referee.fmt
    scaled = referee.scaled(*(fmt.from_key(key) for key in keys))
    return fmt.ordinal(scaled.rounded) if isinstance(scaled, Scaled) else None


@cache
def _binade_borders(function: Function, fmt: Format) -> tuple[int, ...]:
    """Return where results on monotone pieces pass into another binade, spread over all of them."""
    referee = balls(function, fmt)
    found: list[int] = []
    for piece in function.pieces:
        low, high = interval_keys(fmt, piece)
        first, last = rounded_ordinal(referee, low), rounded_ordinal(referee, high)
        if first is None or last is None:
            continue
        binades = range(min(first, last) >> (fmt.p - 1), (max(first, last) >> (fmt.p - 1)) + 1)
        for binade in binades[:: max(1, len(binades) // MANY)]:
            level = binade << (fmt.p - 1)
            if (first < level) != (last < level):
                found.append(_level_key(referee, level, low, high, rising=first < level))
    return tuple(found)


def _level_key(referee: Referee, level: int, low: int, high: int, *, rising: bool) -> int:
    return _bisect(partial(rounded_ordinal, referee), level, low, high, rising=rising)


@cache
def _exact_places(function: Function, fmt: Format) -> tuple[int, ...]:
    """Return inputs with exact results, which no enclosure decides: small numbers and powers."""
    whole = [Fraction(number) for number in range(-64, 65)]
    powers = [Fraction(base**k) for base in (3, 5, 10) for k in range(1, 24)]
    twos = [power_of_two(k) for k in range(max(fmt.emin, -64), min(fmt.emax, 64))]
    halves = [number / 2 for number in whole]
    squares = [number**n for number in whole for n in (2, 3)]
    candidates = {*whole, *powers, *twos, *halves, *squares}
    return tuple(
        fmt.key(fmt.round(value))
        for value in candidates
        if abs(value) <= fmt.max_finite
        and fmt.value(fmt.round(value)) == value
        and in_domain(function, value)
        and value
        and function.exact(value) is not None
    )


@cache
def _powers_of_two(fmt: Format) -> tuple[int, ...]:
    """Return powers of two of both signs: every subnormal one, and normal ones spread evenly."""
    binades = range(1, (fmt.max_magnitude >> (fmt.p - 1)) + 1)
    normal = [binade << (fmt.p - 1) for binade in binades[:: max(1, len(binades) // MANY)]]
    magnitudes = [*(1 << bit for bit in range(fmt.p - 1)), *normal]
    return tuple(key for magnitude in magnitudes for key in (magnitude, -1 - magnitude))


# -- two arguments -----------------------------------------------------------------------------


def _two_arguments(function: Function, fmt: Format, region: Region) -> Int:
    places = _joint_places(function, fmt)
    pairs = {*product(places, repeat=function.arity), *_thresholds(function, fmt)}
    boxes = [region_keys(fmt, region, place) for place in range(function.arity)]
    inside = sorted(
        pair
        for pair in pairs
        if all(low <= key <= high for key, (low, high) in zip(pair, boxes, strict=True))
    )
    return np.array(inside, dtype=np.int64).reshape(-1, function.arity).T


@cache
def _joint_places(function: Function, fmt: Format) -> tuple[int, ...]:
    """Return keys of which every pair is taken: landmarks with their neighbours, points, nan."""
    near = {key + step for key in landmarks(fmt) for step in (-1, 0, 1)}
    points = {fmt.key_at_least(solve(point)) for point in function.points}
    top = fmt.max_magnitude + fmt.has_inf
    return tuple(sorted({key for key in near if -1 - top <= key <= top} | points | {_nans(fmt)[0]}))


@cache
def _thresholds(function: Function, fmt: Format) -> tuple[tuple[int, int], ...]:
    """Return neighbours of the y at which the result overflows or vanishes, for many x."""
    if function.joint != "power":
        return ()
    referee = balls(function, fmt)
    _, top = finite_keys(fmt)
    pairs = []
    for x in _bases(fmt):
        for low, high in ((-1 - top, -2), (1, top)):
            found = crossings(partial(rounded_ordinal, referee, x), low, high, fmt)
            pairs += [(x, y + step) for y in found for step in _steps()]
    return tuple(pairs)


def _bases(fmt: Format) -> Iterable[int]:
    """Return the keys of a positive x in every region: tiny, small, about 1, 2, large."""
    one = fmt.key(fmt.round(_ONE))
    binade = 1 << (fmt.p - 1)
    return (1, binade, one // 2, one - 1, one + 1, one + binade // 2, one + binade, 2 * one)


def _steps() -> range:
    return range(-JOINT_NEIGHBOURS, JOINT_NEIGHBOURS + 1)
