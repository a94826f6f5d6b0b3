"""Encodings to try: every kind of number a format has, the same in every run."""

from __future__ import annotations

from fractions import Fraction
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

    All encodings of a format of 16 bits; else the neighbours of all powers of two, and some
    subnormals and some of all encodings by lot.
    """
    if fmt.width <= 16:
        return np.arange(1 << fmt.width).astype(bits_type(fmt))
    rng = np.random.default_rng(_SEED)
    binade = _binade(fmt)
    powers = [*(1 << place for place in range(fmt.p)), *range(binade, fmt.sign_bit, binade)]
    magnitudes = {
        *(power + step for power in powers for step in (-1, 0, 1)),
        *rng.integers(0, binade, _SOME).tolist(),
        *rng.integers(0, fmt.sign_bit, _SOME).tolist(),
    }
    signed = [sign | magnitude for sign in (0, fmt.sign_bit) for magnitude in sorted(magnitudes)]
    return np.array(signed, bits_type(fmt))


def pairs(fmt: Format) -> tuple[Bits, Bits]:
    """Return pairs of encodings: special ones each with each, some around 1, and some by lot."""
    rng = np.random.default_rng(_SEED)
    binade, one = _binade(fmt), fmt.round(Fraction(1))
    finite = (0, 1, binade - 1, binade, one, one + 1, fmt.max_magnitude)
    special = [sign | m for m in (*finite, fmt.infinity, fmt.nan) for sign in (0, fmt.sign_bit)]
    near = rng.integers(one - 4 * binade, one + 4 * binade, (_PAIRS, 2))
    lots = rng.choice(every_kind(fmt), (_PAIRS, 2))
    drawn = [*product(special, special), *near.tolist(), *lots.tolist()]
    first, second = np.array(drawn, bits_type(fmt)).T.copy()
    return first, second


def mild(fmt: Format, count: int, arity: int) -> Bits:
    """Return numbers from 1/4 to 3/4, at which most functions are defined, shape (arity, count)."""
    rng = np.random.default_rng(_SEED)
    quarter = fmt.round(Fraction(1, 4))
    drawn = rng.integers(quarter, fmt.round(Fraction(3, 4)), (arity, count))
    return drawn.astype(bits_type(fmt))


def _binade(fmt: Format) -> int:
    """Return the encoding of the smallest normal number, and the distance of powers of two."""
    return 1 << (fmt.p - 1)
