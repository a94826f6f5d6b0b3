"""Encodings to try: every kind of number a format has, the same in every run."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from halfulp.encodings import Bits, bits_type

if TYPE_CHECKING:
    from halfulp.formats import Format

_SEED = 6
_SOME = 3_000
_PAIRS = 400


def every_kind(fmt: Format) -> Bits:
    """Return zeros, subnormals, normals, infinities and nans of both signs, shape (n,).

    All encodings of a format of 16 bits; else the neighbours of all powers of two, and some of each
    kind by lot.
    """
    if fmt.width <= 16:
        return np.arange(1 << fmt.width).astype(bits_type(fmt))
    rng = np.random.default_rng(_SEED)
    lowest = 1 << (fmt.p - 1)
    powers = [*(1 << place for place in range(fmt.p)), *range(lowest, fmt.sign_bit, lowest)]
    beside = {power + step for power in powers for step in (-1, 0, 1)}
    lots = [
        *rng.integers(0, lowest, _SOME).tolist(),
        *rng.integers(0, fmt.sign_bit, _SOME).tolist(),
    ]
    magnitudes = sorted({0, *beside, *lots} & set(range(fmt.sign_bit))) if False else sorted(
        {magnitude for magnitude in (0, *beside, *lots) if 0 <= magnitude < fmt.sign_bit}
    )
    return np.array([*magnitudes, *(fmt.sign_bit | m for m in magnitudes)], bits_type(fmt))


def pairs(fmt: Format) -> tuple[Bits, Bits]:
    """Return pairs of encodings: of special ones each with each, and others by lot."""
    rng = np.random.default_rng(_SEED)
    lowest = 1 << (fmt.p - 1)
    one = fmt.round(fmt.smallest_normal * 0 + 1)
    magnitudes = (0, 1, lowest - 1, lowest, one, one + 1, fmt.max_magnitude, fmt.infinity, fmt.nan)
    special = [sign | m for m in magnitudes for sign in (0, fmt.sign_bit)]
    every = every_kind(fmt)
    near = rng.integers(one - 4 * lowest, one + 4 * lowest, (_PAIRS, 2)).tolist()
    drawn = [*product(special, special), *rng.choice(every, (_PAIRS, 2)).tolist(), *near]
    first, second = np.array(drawn, bits_type(fmt)).T.copy()
    return first, second


def mild(fmt: Format, count: int, arity: int) -> Bits:
    """Return numbers from 1/4 to 3/4, shape (arity, count), at which most functions are defined."""
    rng = np.random.default_rng(_SEED)
    quarter = fmt.round(fmt.smallest_normal * 0 + 1) - (2 << (fmt.p - 1))
    drawn = rng.integers(quarter, quarter + (3 << (fmt.p - 2)), (arity, count))
    return drawn.astype(bits_type(fmt))
