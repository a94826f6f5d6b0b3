"""The maps of `halfulp.formats` on NumPy arrays of encodings, by integer arithmetic only.

Encodings are arrays of the format's unsigned type; keys, ordinals and significands are int64.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from halfulp.formats import Format

Bits: TypeAlias = npt.NDArray[np.unsignedinteger[Any]]
"""Encodings: unsigned integers of the width of their format."""

Int: TypeAlias = npt.NDArray[np.int64]
Bool: TypeAlias = npt.NDArray[np.bool_]

UNSIGNED: dict[int, type[np.unsignedinteger[Any]]] = {
    8: np.uint8,
    16: np.uint16,
    32: np.uint32,
    64: np.uint64,
}
"""The unsigned type that holds encodings of a width in bits."""


def bits_type(fmt: Format) -> np.dtype[np.unsignedinteger[Any]]:
    """Return the unsigned dtype of a format's encodings."""
    return np.dtype(UNSIGNED[fmt.width])


def magnitudes(fmt: Format, bits: Bits) -> Int:
    """Return the encodings without their signs."""
    return (bits & bits.dtype.type(fmt.sign_bit - 1)).astype(np.int64)


def negative(fmt: Format, bits: Bits) -> Bool:
    """Return where the sign bit is set."""
    return bits >= bits.dtype.type(fmt.sign_bit)


def ordinals(fmt: Format, bits: Bits) -> Int:
    """Return signed counts of numbers from zero; +0 and -0 are both 0."""
    magnitude = magnitudes(fmt, bits)
    return np.where(negative(fmt, bits), -magnitude, magnitude)


def keys(fmt: Format, bits: Bits) -> Int:
    """Return places in the total order in which -0 precedes +0."""
    magnitude = magnitudes(fmt, bits)
    return np.where(negative(fmt, bits), -1 - magnitude, magnitude)


def from_keys(fmt: Format, places: Int) -> Bits:
    """Return the encodings at these keys, C-contiguous, as subjects expect them."""
    magnitude = np.where(places < 0, -1 - places, places).astype(np.uint64)
    sign = np.where(places < 0, np.uint64(fmt.sign_bit), np.uint64(0))
    return (magnitude | sign).astype(bits_type(fmt), order="C")


def is_nan(fmt: Format, bits: Bits) -> Bool:
    """Return where encodings are nans."""
    return magnitudes(fmt, bits) > fmt.max_magnitude + fmt.has_inf


def is_inf(fmt: Format, bits: Bits) -> Bool:
    """Return where encodings are infinities."""
    if not fmt.has_inf:
        return np.zeros(bits.shape, dtype=np.bool_)
    found: Bool = magnitudes(fmt, bits) == fmt.max_magnitude + 1
    return found


def significands(fmt: Format, bits: Bits) -> tuple[Int, Int]:
    """Return (m, e) with each number equal to m * 2^e and |m| < 2^p.

    An infinity comes out as ±2^(emax+1), where an overflowed result counts; a nan as some number.
    """
    magnitude = magnitudes(fmt, bits)
    biased = magnitude >> (fmt.p - 1)
    fraction = magnitude & ((1 << (fmt.p - 1)) - 1)
    significand = fraction | np.where(biased > 0, 1 << (fmt.p - 1), 0)
    exponent = np.where(biased > 0, biased, 1) + (fmt.emin - 1 - (fmt.p - 1))
    return np.where(negative(fmt, bits), -significand, significand), exponent
