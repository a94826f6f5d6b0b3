"""The floating-point state of this process, found by arithmetic.

Registers are not read: what counts is how sums and products come out, and that can be asked on any
machine. Only the standard library is needed, so the subject can ask too.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Literal

Rounding = Literal["nearest", "upward", "downward", "toward zero"]


@dataclass(frozen=True)
class FloatingPointState:
    """How the arithmetic of a process rounds and treats subnormals.

    Parameters
    ----------
    rounding
        The direction in which sums are rounded.
    flush_to_zero
        Whether a subnormal result comes out as zero.
    denormals_are_zero
        Whether a subnormal operand is taken for zero.
    """

    rounding: Rounding = "nearest"
    flush_to_zero: bool = False
    denormals_are_zero: bool = False


@dataclass(frozen=True)
class Flushing:
    """What a library's own multiplication makes of subnormals in one format.

    A process' state does not tell: a library may compute in threads that have another one, on
    another device, or with instructions that have no subnormals.

    Parameters
    ----------
    results
        Whether a subnormal result comes out as zero.
    operands
        Whether a subnormal operand is taken for zero.
    """

    results: bool
    operands: bool

    def __bool__(self) -> bool:
        return self.results or self.operands

    def __str__(self) -> str:
        parts = [name for name in ("results", "operands") if getattr(self, name)]
        return f"flushes subnormal {' and '.join(parts)}" if parts else "keeps subnormals"


DEFAULT = FloatingPointState()
"""IEEE 754's default state, which every judgement assumes."""


def floating_point_state() -> FloatingPointState:
    """Return the state of the calling thread, probed by arithmetic on Python floats."""
    smallest_normal, subnormal = _from_bits(1 << 52), _from_bits(1)
    # Arguments of a call are not folded when Python compiles, literals in place would be.
    return FloatingPointState(
        rounding=_rounding(1.0, _from_bits(0x3C30 << 48)),
        # Bits tell, not a comparison: under denormals-are-zero a subnormal equals 0.
        flush_to_zero=not _bits(_product(smallest_normal, 0.5)),
        denormals_are_zero=not _bits(_product(subnormal, 2.0**100)),
    )


def difference(before: FloatingPointState, after: FloatingPointState) -> str:
    """Return in words what changed from one state to another, or "" if nothing did."""
    changes = []
    if before.rounding != after.rounding:
        changes.append(f"the rounding mode from {before.rounding} to {after.rounding}")
    for attribute in ("flush_to_zero", "denormals_are_zero"):
        was, now = getattr(before, attribute), getattr(after, attribute)
        if was != now:
            changes.append(f"{attribute.replace('_', '-')} from {_switch(was)} to {_switch(now)}")
    return " and ".join(changes)


def _switch(on: bool) -> str:
    return "on" if on else "off"


def _rounding(one: float, tiny: float) -> Rounding:
    """Name the direction from sums that lie 2^-60 beside ±1."""
    if one + tiny > one:
        return "upward"
    if -one - tiny < -one:
        return "downward"
    return "toward zero" if one - tiny < one else "nearest"


def _product(first: float, second: float) -> float:
    return first * second


def _from_bits(bits: int) -> float:
    value: float = struct.unpack("<d", struct.pack("<Q", bits))[0]
    return value


def _bits(value: float) -> int:
    bits: int = struct.unpack("<Q", struct.pack("<d", value))[0]
    return bits
