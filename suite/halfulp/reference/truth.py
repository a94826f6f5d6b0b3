"""The exact results of many inputs, as arrays that a judge can hold outputs against."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from halfulp import encodings
from halfulp.encodings import Bits, Bool, Int
from halfulp.formats import Format
from halfulp.functions.record import Function
from halfulp.reference.oracle import oracle
from halfulp.reference.saturation import Saturation, active, saturations
from halfulp.reference.values import Flag, Limit, Scaled, Undecided

WORTH_SOLVING = 256
"""Fewer inputs are cheaper one by one than the thresholds of a function are to solve."""


class Kind(IntEnum):
    """What an exact result is."""

    NUMBER = 0
    NAN = 1
    PLUS_INF = 2
    MINUS_INF = 3
    UNDECIDED = 4


_LIMITS = {"nan": Kind.NAN, "inf": Kind.PLUS_INF, "-inf": Kind.MINUS_INF}


@dataclass(frozen=True)
class Truth:
    """Exact results in units of their ulp; all arrays have shape (n,).

    Parameters
    ----------
    fmt
        The format of the results.
    kind
        A `Kind` an input.
    rounded
        Encodings of the correctly rounded results, of every kind (0 where undecided).
    unit, whole, low, high, flags
        As in `halfulp.reference.values.Scaled`; zeros where the kind is no number.
    nontrivial
        Where the result is neither trivial, nor saturated, nor exact by overflow or underflow.
    """

    fmt: Format
    kind: npt.NDArray[np.uint8]
    rounded: Bits
    unit: Int
    whole: Int
    low: Int
    high: Int
    flags: Int
    nontrivial: Bool


def truth(function: Function, fmt: Format, inputs: Bits) -> Truth:
    """Return the exact results at these inputs.

    Parameters
    ----------
    inputs
        Encodings of shape (arity, n).
    """
    columns = _Columns(fmt, inputs.shape[1])
    places = encodings.keys(fmt, inputs[0])
    left = np.ones(inputs.shape[1], dtype=np.bool_)
    if function.arity == 1 and inputs.shape[1] > WORTH_SOLVING:
        for saturation in saturations(function, fmt):
            left &= ~columns.fill(saturation, places)
    columns.ask(function, inputs, left)
    return columns.truth(_active_mask(function, fmt, places))


def _active_mask(function: Function, fmt: Format, places: Int) -> Bool:
    """Return where inputs lie in the function's active region."""
    if function.arity > 1 or not function.is_catalogue:
        return np.ones(places.shape, dtype=np.bool_)
    mask = np.zeros(places.shape, dtype=np.bool_)
    for low, high in active(function, fmt):
        mask |= (places >= low) & (places <= high)
    return mask


class _Columns:
    """Columns of a `Truth` while they are filled."""

    def __init__(self, fmt: Format, count: int) -> None:
        self.fmt = fmt
        self.kind = np.zeros(count, dtype=np.uint8)
        self.rounded = np.zeros(count, dtype=encodings.bits_type(fmt))
        self.scaled = np.zeros((5, count), dtype=np.int64)

    def fill(self, saturation: Saturation, places: Int) -> Bool:
        """Fill in the inputs of a saturated range, and return where they are."""
        low, high = saturation.keys
        mask = (places >= low) & (places <= high)
        self.rounded[mask] = saturation.scaled.rounded
        self.scaled[:, mask] = np.array(saturation.scaled[1:], dtype=np.int64)[:, None]
        return mask

    def ask(self, function: Function, inputs: Bits, where: Bool) -> None:
        """Ask the oracle about every input in `where`."""
        referee = oracle(function, self.fmt)
        places = where.nonzero()[0].tolist()
        for place, bits in zip(places, inputs[:, where].T.tolist(), strict=True):
            result = referee.scaled(*bits)
            if isinstance(result, Scaled):
                self.rounded[place] = result.rounded
                self.scaled[:, place] = result[1:]
            elif isinstance(result, Undecided):
                self.kind[place] = Kind.UNDECIDED
            else:
                self._limit(place, result)

    def _limit(self, place: int, result: Limit) -> None:
        self.kind[place] = _LIMITS[result.text]
        magnitude = self.fmt.nan if result.text == "nan" else self.fmt.infinity
        self.rounded[place] = magnitude | (self.fmt.sign_bit if result.text == "-inf" else 0)

    def truth(self, in_active_region: Bool) -> Truth:
        """Return the finished columns."""
        unit, whole, low, high, flags = self.scaled
        overflowed = (unit == self.fmt.emax - self.fmt.p + 1) & (
            (whole == 1 << self.fmt.p) | (whole == -(1 << self.fmt.p))
        )
        vanished = (self.rounded & self.rounded.dtype.type(self.fmt.sign_bit - 1)) == 0
        decided = (self.kind == Kind.NUMBER) & ~overflowed & ~vanished
        return Truth(
            self.fmt, self.kind, self.rounded, unit, whole, low, high, flags,
            in_active_region & decided,
        )


def is_exact(truth: Truth) -> Bool:
    """Return where the result is a number of the format, exactly."""
    return (truth.flags & int(Flag.EXACT)) != 0
