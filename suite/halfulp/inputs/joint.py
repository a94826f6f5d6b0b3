"""How two arguments are drawn together, so that the result is neither trivial nor out of range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from halfulp.encodings import Bool, Int
from halfulp.formats import Format
from halfulp.inputs.strata import Words, stratified, unit
from halfulp.inputs.values import Doubles, KeyRanges, doubles_to_keys, keys_to_doubles


class Joint(Protocol):
    """Two ways to draw a pair: shape (2, n) of keys for inputs numbered `places` of `size`."""

    def over_encodings(self, places: Int, size: int, words: Words) -> Int:
        """Return pairs whose first argument is even over encodings."""
        ...

    def near_one(self, places: Int, size: int, words: Words) -> Int:
        """Return pairs whose first argument is even in value at moderate size."""
        ...


@dataclass(frozen=True)
class JointPowers:
    """Arguments of x^y for which the result is within the format, or near its ends.

    Parameters
    ----------
    fmt
        The format.
    ranges
        The region's keys of x and y.
    """

    fmt: Format
    ranges: tuple[KeyRanges, ...]

    def over_encodings(self, places: Int, size: int, words: Words) -> Int:
        """Return x even over encodings and y such that y log2 x is even over the exponents.

        Of four inputs, one has a negative x and an integer y, if the region has any.
        """
        top = self.fmt.max_magnitude
        positive = self.ranges[0].clipped(1, top)
        negative = self.ranges[0].clipped(-1 - top, -2)
        keys = self._drawn(positive if positive.ranges else negative, places, size, words)
        turn = (words[3] & np.uint64(3)) == 0
        if negative.ranges and positive.ranges:
            keys = np.where(turn, self._drawn(negative, places, size, words), keys)
        return self._with_exponents(keys, words)

    def _drawn(self, ranges: KeyRanges, places: Int, size: int, words: Words) -> Int:
        return stratified(ranges if ranges.ranges else self.ranges[0], places, size, words[0])

    def near_one(self, places: Int, size: int, words: Words) -> Int:
        """Return x in [1/2, 2], half of them within a random power of two of 1."""
        share = (places + unit(words[0])) / max(size, 1)
        values = 0.5 + 1.5 * share
        distance = (words[3] >> np.uint64(8)) % np.uint64(self.fmt.p)
        scale = ((1023 - distance.astype(np.int64)) << 52).view(np.float64)
        near = 1.0 + (share - 0.5) * scale
        close = (words[3] & np.uint64(1)) == 1
        keys = doubles_to_keys(self.fmt, np.where(close, near, values))
        return self._with_exponents(_clipped(keys, self.ranges[0]), words)

    def _with_exponents(self, keys: Int, words: Words) -> Int:
        """Return (x, y) with y log2 |x| even over the exponents of the format."""
        top = self.fmt.max_magnitude
        clipped = np.minimum(np.maximum(keys, -1 - top), top)
        logarithm = rough_log2(np.abs(keys_to_doubles(self.fmt, clipped)))
        low, high = self.fmt.emin - self.fmt.p - 2, self.fmt.emax + 2
        wanted = low + (high - low) * unit(words[1])
        exponent = wanted / np.where(logarithm == 0.0, 1.0, logarithm)
        whole = _truncated(exponent)
        exponent = np.where(keys < 0, whole, exponent)
        return np.stack([keys, _clipped(doubles_to_keys(self.fmt, exponent), self.ranges[1])])


@dataclass(frozen=True)
class JointExponents:
    """Arguments whose exponents differ by at most p + 2: beyond, one of them is all that counts."""

    fmt: Format
    ranges: tuple[KeyRanges, ...]

    def over_encodings(self, places: Int, size: int, words: Words) -> Int:
        """Return x even over encodings and y a random number of binades away."""
        return self._paired(stratified(self.ranges[0], places, size, words[0]), words)

    def near_one(self, places: Int, size: int, words: Words) -> Int:
        """Return x even in value over [-4, 4]."""
        values = (places + unit(words[0])) * (8.0 / max(size, 1)) - 4.0
        return self._paired(_clipped(doubles_to_keys(self.fmt, values), self.ranges[0]), words)

    def _paired(self, keys: Int, words: Words) -> Int:
        fmt = self.fmt
        reach = (fmt.p + 2) << (fmt.p - 1)
        shift = (words[1] % np.uint64(2 * reach + 1)).astype(np.int64) - reach
        magnitude = np.where(keys < 0, -1 - keys, keys)
        # Both are below 2^63, but their sum need not be.
        moved = np.minimum(magnitude, fmt.max_magnitude - reach) + shift
        moved = np.minimum(np.maximum(moved, 0), fmt.max_magnitude)
        negative = (words[3] & np.uint64(1)) == 1
        return np.stack([keys, _clipped(np.where(negative, -1 - moved, moved), self.ranges[1])])


@dataclass(frozen=True)
class JointDifferences:
    """Arguments whose difference is at most 2p: beyond, the larger is all that counts."""

    fmt: Format
    ranges: tuple[KeyRanges, ...]

    def over_encodings(self, places: Int, size: int, words: Words) -> Int:
        """Return x even over encodings."""
        keys = stratified(self.ranges[0], places, size, words[0])
        top = self.fmt.max_magnitude
        finite = np.minimum(np.maximum(keys, -1 - top), top)
        return self._paired(keys, keys_to_doubles(self.fmt, finite), words)

    def near_one(self, places: Int, size: int, words: Words) -> Int:
        """Return x even in value over [-64, 64]."""
        values = (places + unit(words[0])) * (128.0 / max(size, 1)) - 64.0
        keys = _clipped(doubles_to_keys(self.fmt, values), self.ranges[0])
        return self._paired(keys, values, words)

    def _paired(self, keys: Int, values: Doubles, words: Words) -> Int:
        reach = 2.0 * self.fmt.p
        with np.errstate(over="ignore"):  # at the end of the format; clipped below
            others = values + (2.0 * unit(words[1]) - 1.0) * reach
        largest = np.finfo(np.float64).max
        others = np.minimum(np.maximum(others, -largest), largest)
        return np.stack([keys, _clipped(doubles_to_keys(self.fmt, others), self.ranges[1])])


JOINTS: dict[str, type[JointPowers] | type[JointExponents] | type[JointDifferences]] = {
    "power": JointPowers,
    "exponents": JointExponents,
    "difference": JointDifferences,
}
"""The ways by the word that a record uses."""


def _clipped(keys: Int, ranges: KeyRanges) -> Int:
    """Return keys brought into a region."""
    low, high = ranges.ranges[0][0], ranges.ranges[-1][1]
    return np.minimum(np.maximum(keys, low), high)


def rough_log2(values: Doubles) -> Doubles:
    """Return log2 of positive values to within 0.09, by the exponent and a straight line."""
    bits = values.view(np.int64)
    exponent = (bits >> 52) - 1023
    fraction = (bits & ((1 << 52) - 1)) * 2.0**-52
    return exponent + fraction


def _truncated(values: Doubles) -> Doubles:
    """Return values rounded towards zero to integers; large ones are integers already."""
    small: Bool = np.abs(values) < 2.0**52
    whole = np.where(small, values, 0.0).astype(np.int64).astype(np.float64)
    return np.where(small, whole, values)
