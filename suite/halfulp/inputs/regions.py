"""Regions: a part of the input axis, or a box for functions of more arguments."""

from __future__ import annotations

from dataclasses import dataclass

from halfulp.exceptions import UsageError
from halfulp.reals import Extended, below, parse_extended

Bounds = tuple[Extended, Extended]


@dataclass(frozen=True)
class Region:
    """Closed bounds, one pair an argument.

    Parameters
    ----------
    text
        As written, with single spaces; "all" for the whole axis.
    bounds
        One (low, high) an argument.
    is_all
        Whether this is every encoding, nans included.
    """

    text: str
    bounds: tuple[Bounds, ...]
    is_all: bool = False


def parse_region(text: str, arity: int) -> Region:
    """Read "all", "lo : hi", or "lo : hi, lo : hi" for two arguments.

    Raises
    ------
    UsageError
        If the text is malformed, has another number of arguments, or a bound is above its partner.
    """
    if text.strip() == "all":
        return Region("all", (("-inf", "inf"),) * arity, is_all=True)
    parts = text.split(",")
    if len(parts) != arity:
        raise UsageError(
            f"Expected a region with {arity} range{'s' if arity > 1 else ''} such as "
            f"{', '.join(['0.5 : 2'] * arity)!r}, but {text!r} has {len(parts)}."
        )
    bounds = tuple(_parse_range(part, text) for part in parts)
    shown = ", ".join(" : ".join(word.strip() for word in part.split(":")) for part in parts)
    return Region(shown, bounds)


def _parse_range(part: str, text: str) -> Bounds:
    words = part.split(":")
    if len(words) != 2:
        raise UsageError(
            f"Expected a region such as '0x1p-40 : 1' or 'all', but got {text!r}: "
            "write the lower bound, a colon, the upper bound."
        )
    low, high = (parse_extended(word) for word in words)
    if below(high, low):
        raise UsageError(
            f"The region {text!r} is reversed: its lower bound {words[0].strip()} is above its "
            f"upper bound {words[1].strip()}. Write {words[1].strip()} : {words[0].strip()}."
        )
    return low, high
