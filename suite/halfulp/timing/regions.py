"""Parts of the input axis on which libraries are known to differ in speed.

They are derived from the record of a function and from the format, so that no threshold is typed
in: where results are subnormal is solved for against the references. Bounds and labels of a study
are understood as everywhere; these names are for timing alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from halfulp.backend import Unavailable
from halfulp.formats import power_of_two

if TYPE_CHECKING:
    from collections.abc import Callable

    from halfulp.formats import Format
    from halfulp.functions import Function

NORMAL = "normal"
MIXED = "mixed"

REGIONS = {
    NORMAL: "moderate arguments, 2^-6 to 2^6, where results are normal and not saturated",
    "tiny": "normal numbers below 2^-p, p the format's precision",
    "huge": "numbers from the square root of the largest on",
    "subnormal-inputs": "every subnormal argument",
    "subnormal-results": "arguments whose results are subnormal",
    MIXED: "a third over all encodings, a third where errors are, a third even in value",
}
"""Names of the regions that are derived, and what they are."""

_MODERATE = 6

Keys = tuple[int, int]


@dataclass(frozen=True)
class Ranges:
    """Ranges of keys for every argument, and whether inputs are even in value or over encodings."""

    keys: tuple[Keys, ...]
    by_value: bool = False


def derived(name: str, function: Function, fmt: Format) -> Ranges:
    """Return one of `REGIONS` for a function in a format, but for `mixed`, which is a sampler.

    Raises
    ------
    Unavailable
        If the function has no such inputs.
    """
    from halfulp.reference.saturation import interval_keys

    keys = {
        NORMAL: _normal,
        "tiny": _tiny,
        "huge": _huge,
        "subnormal-inputs": _subnormal_inputs,
        "subnormal-results": _subnormal_results,
    }[name](function, fmt)
    if function.arity == 1:
        domain = interval_keys(fmt, function.domain)
        clipped = ((max(low, domain[0]), min(high, domain[1])) for low, high in keys)
        keys = tuple(pair for pair in clipped if pair[0] <= pair[1])
    if not keys:
        raise Unavailable(f"{function.name} has no inputs in {fmt.name} that are {name}.")
    return Ranges(keys, by_value=name == NORMAL)


def _both_signs(fmt: Format, low: Fraction, high: Fraction) -> tuple[Keys, ...]:
    first, last = fmt.key_at_least(low), fmt.key_at_most(high)
    return ((-1 - last, -1 - first), (first, last)) if first <= last else ()


def _normal(function: Function, fmt: Format) -> tuple[Keys, ...]:
    """Return moderate arguments, less the ends where results saturate or are subnormal."""
    from halfulp.reference.saturation import rounded_saturations

    keys = _both_signs(fmt, power_of_two(-_MODERATE), power_of_two(_MODERATE))
    if function.arity > 1:
        return keys
    holes = [*rounded_saturations(function, fmt), *_small_results(function, fmt)]
    for hole in holes:
        keys = tuple(part for pair in keys for part in _without(pair, hole))
    return keys


def _without(pair: Keys, hole: Keys) -> list[Keys]:
    parts = [(pair[0], min(pair[1], hole[0] - 1)), (max(pair[0], hole[1] + 1), pair[1])]
    return [part for part in parts if part[0] <= part[1]]


def _tiny(_: Function, fmt: Format) -> tuple[Keys, ...]:
    return _both_signs(fmt, fmt.smallest_normal, power_of_two(-fmt.p))


def _huge(_: Function, fmt: Format) -> tuple[Keys, ...]:
    return _both_signs(fmt, power_of_two(fmt.emax // 2), fmt.max_finite)


def _subnormal_inputs(_: Function, fmt: Format) -> tuple[Keys, ...]:
    return _both_signs(fmt, fmt.smallest_subnormal, fmt.smallest_normal - fmt.smallest_subnormal)


def _subnormal_results(function: Function, fmt: Format) -> tuple[Keys, ...]:
    if function.arity > 1 or not function.pieces:
        raise Unavailable(
            f"Where {function.name} has subnormal results is not known: its record names no pieces "
            "on which it is monotone."
        )
    return _small_results(function, fmt)


def _small_results(function: Function, fmt: Format) -> tuple[Keys, ...]:
    """Return where the correctly rounded result is subnormal, on the monotone pieces."""
    from halfulp.reference.saturation import interval_keys

    place = _place_of_result(function, fmt)
    largest = (1 << (fmt.p - 1)) - 1
    found = []
    for piece in function.pieces:
        low, high = interval_keys(fmt, piece)
        if low > high:
            continue
        rising = place(low) <= place(high)
        for first, last in ((-1 - largest, -2), (1, largest)):  # keys, without the zeros
            found.append(_between(place, (low, high), (first, last), rising=rising))
    return tuple(pair for pair in found if pair[0] <= pair[1])


def _place_of_result(function: Function, fmt: Format) -> Callable[[int], int]:
    """Return the map from the key of an input to that of the correctly rounded result."""
    from halfulp.reference.enclosures import balls
    from halfulp.reference.values import Limit, Scaled

    referee = balls(function, fmt)

    def place(key: int) -> int:
        scaled = referee.scaled(fmt.from_key(key))
        if isinstance(scaled, Scaled):
            return fmt.key(scaled.rounded)
        if isinstance(scaled, Limit) and scaled.text != "nan":
            return fmt.key(fmt.overflowed(negative=scaled.text == "-inf"))
        raise Unavailable(f"The exact result of {function.name} is not known everywhere.")

    return place


def _between(place: Callable[[int], int], keys: Keys, results: Keys, *, rising: bool) -> Keys:
    """Return the keys whose results lie between two keys, for a monotone map."""

    def first(reached: Callable[[int], bool]) -> int:
        low, high = keys[0], keys[1] + 1
        while low < high:
            middle = (low + high) // 2
            if reached(middle):
                high = middle
            else:
                low = middle + 1
        return low

    if rising:
        return first(lambda key: place(key) >= results[0]), first(
            lambda key: place(key) > results[1]
        ) - 1
    return first(lambda key: place(key) <= results[1]), first(
        lambda key: place(key) < results[0]
    ) - 1
