"""What is known of a function over a run of neighbouring inputs."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

Keys = tuple[int, int]
"""A closed range of keys (`halfulp.formats`)."""


class Kind(IntEnum):
    """What is known of R over a block."""

    OPEN = 0
    """Nothing: enclosures of single inputs serve."""
    MODEL = 1
    """The polynomial."""
    EXACT = 2
    """R is the number `base`, or overflows."""
    NAN = 3
    """The result is not a number."""
    OSCILLATION = 4
    """sin, cos or tan of an argument to be reduced (`halfulp.reference.oscillation`)."""
    SAME = 5
    """The result of one input is that of all."""
    UNDERFLOW = 6
    """gamma between the poles, too small for the format (`halfulp.reference.reflection`)."""
    REFLECTION = 7
    """lgamma between the poles: a polynomial plus a table of fractions."""


class Block(NamedTuple):
    """A run of keys and what is known of R there.

    Parameters
    ----------
    kind
        A `Kind`.
    first, count
        The keys.
    trivial
        Whether means leave these inputs out.
    base, slope, centre, shift, coefficients
        The model; `base` is an encoding, sign included. `EXACT` has only `base`.
    bound
        |R/ulp - model| is less than this, for the model as compiled loops evaluate it.
    """

    kind: Kind
    first: int
    count: int  # type: ignore[assignment] # hides tuple.count, which no block needs
    trivial: bool = False
    base: int = 0
    slope: int = 0
    centre: int = 0
    shift: int = 0
    coefficients: tuple[float, ...] = ()
    bound: float = 0.0

    @property
    def last(self) -> int:
        """The last key."""
        return self.first + self.count - 1


def block_of(kind: Kind, keys: Keys, *, trivial: bool = False, base: int = 0) -> Block:
    """Return the block of a closed range of keys."""
    return Block(kind, keys[0], keys[1] - keys[0] + 1, trivial, base)
