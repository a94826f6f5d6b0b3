"""How many calls make a sample: so many that the clock and a message are nothing beside it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

TRUSTED = 0.2
"""Part of a sample's length from which on a trial tells the time of a call well enough."""

_GROWTH = 64
_ROOM = 1.1
"""A sample is made longer than it need be, so that one that happens to be fast still is."""


def calibrated(trial: Callable[[int], int], target_ns: float) -> int:
    """Return how many calls a sample has.

    Parameters
    ----------
    trial
        Makes so many calls and returns how many nanoseconds they took.
    target_ns
        How long a sample shall last at least.
    """
    calls, least = 1, float("inf")
    for number in itertools.count():
        # The least, because what is in the way of a call makes it longer, never shorter.
        took = max(trial(calls), 1)
        least = min(least, took / calls)
        if number == 0 and took >= TRUSTED * target_ns:
            continue  # the arrays were new to the caches: once more
        wanted = max(1, int(-(-_ROOM * target_ns // least)))
        if took >= TRUSTED * target_ns or wanted <= calls:
            return wanted
        calls = min(calls * _GROWTH, max(calls * 2, int(wanted * TRUSTED * 2)))
    raise AssertionError("the count has no end")
