"""Draws from ranges of keys: stratified and jittered, or even."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from halfulp.encodings import Int
from halfulp.inputs.values import Doubles, KeyRanges

Words = npt.NDArray[np.uint64]
"""Random 64-bit words."""

WORDS = 4
"""Random words an input; Philox makes four at a time."""


def stratified(ranges: KeyRanges, places: Int, size: int, words: Words) -> Int:
    """Return one key from each of `size` equal parts of the ranges; places number the parts."""
    places = np.minimum(np.maximum(places, 0), max(size - 1, 0)).astype(np.uint64)
    width, rest = divmod(ranges.size, max(size, 1))
    starts = places * np.uint64(width) + places * np.uint64(rest) // np.uint64(max(size, 1))
    following = places + np.uint64(1)
    ends = following * np.uint64(width) + following * np.uint64(rest) // np.uint64(max(size, 1))
    widths = np.maximum(ends - starts, np.uint64(1))
    return ranges.at(np.minimum(starts + words % widths, np.uint64(ranges.size - 1)))


def drawn(ranges: KeyRanges, words: Words) -> Int:
    """Return keys drawn evenly from the ranges."""
    return ranges.at(words % np.uint64(min(ranges.size, 2**64 - 1)))


def unit(words: Words) -> Doubles:
    """Return numbers in [0, 1) from the upper 53 bits."""
    return (words >> np.uint64(11)).astype(np.float64) * 2.0**-53
