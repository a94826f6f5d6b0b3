"""Key ranges, and the way from real values to keys.

Values are taken through float64 with + - * / only: these are places to look at, not references, but
they are the same on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from halfulp.encodings import Int
from halfulp.formats import Format
from halfulp.inputs.regions import Region
from halfulp.reference.saturation import Keys, keys_between

Doubles = npt.NDArray[np.float64]


def region_keys(fmt: Format, region: Region, place: int) -> Keys:
    """Return the range of keys of one argument of a region, every encoding for `all`."""
    if region.is_all:
        return fmt.key_range
    return keys_between(fmt, *region.bounds[place])


@dataclass(frozen=True)
class KeyRanges:
    """Disjoint ranges of keys in order, addressed as if they were one."""

    ranges: tuple[Keys, ...]

    @property
    def size(self) -> int:
        """The number of keys."""
        return sum(high - low + 1 for low, high in self.ranges)

    def clipped(self, low: int, high: int) -> KeyRanges:
        """Return the part within [low, high]."""
        parts = ((max(low, first), min(high, last)) for first, last in self.ranges)
        return KeyRanges(tuple(part for part in parts if part[0] <= part[1]))

    def at(self, offsets: npt.NDArray[np.uint64]) -> Int:
        """Return the keys at offsets from the start."""
        keys = np.zeros(offsets.shape, dtype=np.int64)
        passed = 0
        for low, high in self.ranges:
            size = high - low + 1
            inside = (offsets >= np.uint64(passed)) & (offsets - np.uint64(passed) < _word(size))
            base = np.uint64((low - passed) % 2**64)
            keys = np.where(inside, (offsets + base).astype(np.int64), keys)
            passed += size
        return keys


def _word(size: int) -> np.uint64:
    """Return a size as a 64-bit word; 2^64 itself, which no offset reaches, as the largest."""
    return np.uint64(min(size, 2**64 - 1))


@dataclass(frozen=True)
class ValueBounds:
    """A range of values as float64, divided by a scale at which its length does not overflow."""

    low: float
    high: float
    scale: float

    def at(self, share: Doubles) -> Doubles:
        """Return the values at shares in [0, 1] of the range."""
        return (self.low + (self.high - self.low) * share) * self.scale


def value_bounds(*ranges: tuple[Fraction, Fraction]) -> list[ValueBounds]:
    """Return ranges of finite values at one scale, which is 1 where subnormals would lose bits."""
    largest = max((abs(end) for bounds in ranges for end in bounds), default=Fraction(0))
    scale = 4 if largest >= 1 << 1021 else 1
    return [ValueBounds(float(low / scale), float(high / scale), scale) for low, high in ranges]


def doubles_to_keys(fmt: Format, values: Doubles) -> Int:
    """Return the keys of finite float64 values, truncated towards zero to the format."""
    bits = values.view(np.int64)
    magnitude = bits & ((1 << 63) - 1)
    exponent = (magnitude >> 52) - 1023
    normal = magnitude >> 52 > 0
    fraction = (magnitude & ((1 << 52) - 1)) | np.where(normal, 1 << 52, 0)
    exponent = np.where(normal, exponent, -1022)
    # Below emin the significand loses a bit a binade.
    lost = np.minimum(53 - fmt.p + np.maximum(fmt.emin - exponent, 0), 63)
    binade = np.maximum(exponent - fmt.emin, 0)
    kept = (fraction >> lost) + (binade << (fmt.p - 1))
    kept = np.minimum(kept, fmt.max_magnitude)
    keys: Int = np.where(bits < 0, -1 - kept, kept)
    return keys


def keys_to_doubles(fmt: Format, keys: Int) -> Doubles:
    """Return the values of finite keys as float64, exactly (formats have at most 53 bits)."""
    magnitude = np.where(keys < 0, -1 - keys, keys)
    biased = magnitude >> (fmt.p - 1)
    fraction = magnitude & ((1 << (fmt.p - 1)) - 1)
    if fmt.width == 64:
        values = magnitude.view(np.float64)
    else:
        significand = (fraction + np.where(biased > 0, 1 << (fmt.p - 1), 0)).astype(np.float64)
        exponent = np.maximum(biased, 1) + (fmt.emin - fmt.p)
        values = significand * ((exponent + 1023) << 52).view(np.float64)
    return np.where(keys < 0, -values, values)
