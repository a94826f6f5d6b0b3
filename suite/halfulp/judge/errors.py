"""ULP errors of many outputs, as proved intervals in fixed point.

An error (y - R) / ulp(R) is kept as whole ulps (int64) and a fraction in units of 2^-60; beyond
2^61 ulp (`far`) as a Python integer in the same units. Infinities count as ±2^(emax+1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from halfulp import encodings
from halfulp.encodings import Bits, Bool, Int
from halfulp.reference.truth import Kind, Truth
from halfulp.reference.values import FRACTION_BITS, ONE, Flag

_MASK = ONE - 1


class Fixed(NamedTuple):
    """Numbers whole + fraction * 2^-60 with 0 <= fraction < 2^60, as two arrays."""

    whole: Int
    fraction: Int


def carried(whole: Int, fraction: Int) -> Fixed:
    """Return fixed-point numbers with their fractions brought into [0, 1)."""
    return Fixed(whole + (fraction >> FRACTION_BITS), fraction & _MASK)


def negated(number: Fixed) -> Fixed:
    """Return the negatives."""
    return carried(-number.whole, -number.fraction)


def where(condition: Bool, first: Fixed, second: Fixed) -> Fixed:
    """Return elements of the first where the condition holds, else of the second."""
    return Fixed(
        np.where(condition, first.whole, second.whole),
        np.where(condition, first.fraction, second.fraction),
    )


def less(first: Fixed, second: Fixed) -> Bool:
    """Return where first < second."""
    found: Bool = (first.whole < second.whole) | (
        (first.whole == second.whole) & (first.fraction < second.fraction)
    )
    return found


def middle(low: Fixed, high: Fixed) -> Fixed:
    """Return the middles of bounds, rounded down."""
    return _halved(carried(low.whole + high.whole, low.fraction + high.fraction))


@dataclass(frozen=True)
class Errors:
    """Errors of outputs; all arrays have shape (n,) and hold where `numeric`.

    Parameters
    ----------
    numeric
        Where both the exact result and the output are numbers (infinities of overflow included).
    low, high
        Bounds of the signed error in ulp.
    smallest, largest
        Bounds of its absolute value; at `far` places the cap of 2^62 ulp.
    proved
        Where the bounds are no farther apart than 2^-20 * max(1, |error|).
    far
        Where the error is beyond 2^61 ulp.
    far_errors
        Bounds of the signed error at each far place, in units of 2^-60 ulp.
    """

    numeric: Bool
    low: Fixed
    high: Fixed
    smallest: Fixed
    largest: Fixed
    proved: Bool
    far: Bool
    far_errors: dict[int, tuple[int, int]]


FAR_BITS = 61
"""Errors of 2^61 ulp and more leave 64-bit arithmetic."""


def errors(truth: Truth, outputs: Bits) -> Errors:
    """Return the errors of outputs, encodings of shape (n,) in the format of the truth."""
    fmt = truth.fmt
    numeric = (truth.kind == Kind.NUMBER) & ~encodings.is_nan(fmt, outputs)
    significand, exponent = encodings.significands(fmt, outputs)
    shift = np.where(numeric, exponent - truth.unit, 0)
    far = numeric & (shift > FAR_BITS - fmt.p) & (significand != 0)
    open_binade = (truth.flags & int(Flag.OPEN_BINADE)) != 0
    low, high = _signed(truth, significand, np.where(far, 0, shift), open_binade)
    smallest, largest = _absolute(low, high)
    cap = np.int64(1) << (FAR_BITS + 1)
    return Errors(
        numeric=numeric,
        low=low,
        high=high,
        smallest=Fixed(np.where(far, cap, smallest.whole), smallest.fraction),
        largest=Fixed(np.where(far, cap, largest.whole), largest.fraction),
        proved=np.where(far, ~open_binade, _proved(smallest, largest)),
        far=far,
        far_errors=_far_errors(truth, significand, shift, far, open_binade),
    )


def scaled_outputs(significand: Int, shift: Int) -> tuple[Fixed, Bool]:
    """Return significand * 2^shift rounded down to fixed point, and where that was not exact."""
    left = np.where(shift > 0, shift, 0)
    right = np.where(shift < 0, -shift, 0)
    # Up to 60 bits to the right nothing is lost; beyond, the bits below 2^-60 are.
    kept = np.minimum(right, FRACTION_BITS)
    dropped = np.minimum(right - kept, 63)
    coarse = significand >> dropped
    inexact = coarse << dropped != significand
    whole = (coarse << left) >> kept
    fraction = (coarse & ((np.int64(1) << kept) - 1)) << (FRACTION_BITS - kept)
    return Fixed(whole, fraction), inexact


def _signed(truth: Truth, significand: Int, shift: Int, open_binade: Bool) -> tuple[Fixed, Fixed]:
    """Return bounds of the signed errors."""
    scaled, inexact = scaled_outputs(significand, shift)
    distance = scaled.whole - truth.whole
    low = carried(distance, scaled.fraction - truth.high)
    high = carried(distance, scaled.fraction + inexact - truth.low)
    # If R lies in the binade above, its ulp is twice the unit, and the error half of that.
    nearer_low = where(open_binade & (low.whole >= 0), _halved(low), low)
    nearer_high = where(open_binade & (high.whole < 0), negated(_halved(negated(high))), high)
    return nearer_low, nearer_high


def _absolute(low: Fixed, high: Fixed) -> tuple[Fixed, Fixed]:
    """Return bounds of the absolute value of numbers in [low, high]."""
    below, above = low.whole < 0, ~((high.whole < 0) | ((high.whole == 0) & (high.fraction == 0)))
    opposite_low, opposite_high = negated(low), negated(high)
    zero = Fixed(np.zeros_like(low.whole), np.zeros_like(low.fraction))
    straddles = below & above
    smallest = where(straddles, zero, where(below, opposite_high, low))
    largest = where(below, opposite_low, high)
    largest = where(straddles & less(largest, high), high, largest)
    return smallest, largest


def _halved(number: Fixed) -> Fixed:
    """Return half of each number, rounded down."""
    fraction = (number.fraction + ((number.whole & 1) << FRACTION_BITS)) >> 1
    return Fixed(number.whole >> 1, fraction)


def _proved(smallest: Fixed, largest: Fixed) -> Bool:
    """Return where the bounds are no farther apart than 2^-20 * max(1, |error|)."""
    width = carried(largest.whole - smallest.whole, largest.fraction - smallest.fraction)
    absolute = (width.whole == 0) & (width.fraction <= 1 << (FRACTION_BITS - 20))
    relative = (width.whole < 1 << 40) & ((width.whole + 1) << 20 <= smallest.whole)
    found: Bool = absolute | relative
    return found


def _far_errors(
    truth: Truth, significand: Int, shift: Int, far: Bool, open_binade: Bool
) -> dict[int, tuple[int, int]]:
    bounds = {}
    for place in far.nonzero()[0].tolist():
        scaled = int(significand[place]) << (int(shift[place]) + FRACTION_BITS)
        whole = int(truth.whole[place]) << FRACTION_BITS
        low = scaled - whole - int(truth.high[place])
        high = scaled - whole - int(truth.low[place])
        if open_binade[place]:
            low, high = (low >> 1, high) if low > 0 else (low, -(-high >> 1))
        bounds[place] = low, high
    return bounds
