"""Compiled evaluation of sin, cos and tan at large arguments, by exact reduction modulo 2 pi.

In a binade of x, neighbours are a constant apart, so x / (2 pi) is a significand times a constant.
Its fraction is taken in integers of 104 bits (`halfulp.reference.oscillation` makes the constant),
and the rest is a polynomial in double precision. docs/error-bound.md bounds what is lost.
"""

from __future__ import annotations

import math

import numpy as np

from halfulp.compiled import compiled
from halfulp.judge.marks import INFINITE, NOT_A_NUMBER

SIN, COS, TAN = range(3)

LOW_BITS = 40
"""Bits of the constant below 2^-64."""

TINY = 2.0**-40
"""The middle of an open interval from 0 on in which an underflowing result lies, in ulps."""

_PER_TURN = 2.0 * math.pi * 2.0**-64
"""An angle of 2^-64 turns; the double nearest to 2 pi is off by less than 2^-53 of itself."""

_NEAR = np.int64(1) << 34
"""Angles of fewer units than this are too small to be known well: the result is left open."""


@compiled
def _sine(t):
    """Return sin(t)/t for t^2, |t| <= pi/4: Taylor to t^14, the next term is below 2^-54."""
    return 1.0 + t * (
        -1.0 / 6
        + t
        * (
            1.0 / 120
            + t
            * (
                -1.0 / 5040
                + t
                * (
                    1.0 / 362880
                    + t * (-1.0 / 39916800 + t * (1.0 / 6227020800 + t * (-1.0 / 1307674368000)))
                )
            )
        )
    )


@compiled
def _cosine(t):
    """Return cos of the root of t, |t| <= (pi/4)^2: Taylor to the 16th power."""
    return 1.0 + t * (
        -0.5
        + t
        * (
            1.0 / 24
            + t
            * (
                -1.0 / 720
                + t
                * (
                    1.0 / 40320
                    + t
                    * (
                        -1.0 / 3628800
                        + t
                        * (1.0 / 479001600 + t * (-1.0 / 87178291200 + t * (1.0 / 20922789888000)))
                    )
                )
            )
        )
    )


@compiled
def oscillate(key, n, function, reduction, rho, rest):
    """Fill a tile with results of float32 and their rests, for neighbouring keys of one binade.

    `reduction` holds the constant: its upper 64 bits, its lower 40, and the bits of a fraction and
    of the format (`halfulp.reference.oscillation.Reduction`). A rest of 0.5 marks an open result.
    """
    high, low = reduction[0], reduction[1]
    field = np.int64(reduction[2])
    least = np.int64(reduction[3])
    sign_bit = np.int64(reduction[4])
    max_magnitude = np.int64(reduction[5])
    hidden = np.int64(1) << field
    drop = 52 - field
    half = np.int64(1) << (drop - 1)
    scale = 1.0 / (np.int64(1) << drop)
    mask = (np.int64(1) << drop) - 1
    bias = np.int64(1023 + least) << 52
    for i in range(n):
        place = key + i
        negative = place < 0
        magnitude = -1 - place if negative else place
        significand = np.uint64((magnitude & (hidden - 1)) | hidden)
        lower = significand * low
        turns = significand * high + (lower >> np.uint64(LOW_BITS))
        part = np.int64(lower & np.uint64((1 << LOW_BITS) - 1))
        quadrant = np.int64((turns + np.uint64(1 << 61)) >> np.uint64(62))
        units = np.int64(turns - (np.uint64(quadrant) << np.uint64(62)))
        angle = (np.float64(units) + np.float64(part) * 2.0**-40) * _PER_TURN
        square = angle * angle
        sine, cosine = angle * _sine(square), _cosine(square)
        odd = (quadrant & 1) != 0
        if function == SIN:
            value = cosine if odd else sine
            flip = quadrant >= 2
            opened = not odd
        elif function == COS:
            value = sine if odd else cosine
            flip = quadrant == 1 or quadrant == 2
            opened = odd
        else:
            value = -cosine / sine if odd else sine / cosine
            flip = False
            opened = True
        if flip:
            value = -value
        if negative and function != COS:
            value = -value
        bits = np.float64(abs(value)).view(np.int64) - bias
        cut = bits & mask
        up = np.int64(cut >= half)
        sign = sign_bit if value < 0 else np.int64(0)
        rho[i] = ((bits >> drop) + up) | sign
        rest[i] = np.float64(cut - (up << drop)) * scale
        outside = bits < (np.int64(1) << 52) or bits >> drop >= max_magnitude
        if (opened and abs(units) < _NEAR) or outside:
            rest[i] = 0.5


@compiled
def reflect(key, n, centre, scale, coefficients, table, reduction, rho, rest):
    """Fill a tile with log|gamma(x)| below 0; the inputs that are integers are poles."""
    field, bits_of_fraction = np.int64(reduction[2]), np.int64(reduction[0])
    bias = np.int64(1023 + np.int64(reduction[3])) << 52
    sign_bit, drop = np.int64(reduction[4]), 52 - field
    half, mask = np.int64(1) << (drop - 1), (np.int64(1) << drop) - 1
    unit = 1.0 / (np.int64(1) << drop)
    fractions = (np.int64(1) << bits_of_fraction) - 1
    for i in range(n):
        u = np.float64(key + i - centre) * scale
        value = coefficients[7]
        for k in range(6, -1, -1):
            value = value * u + coefficients[k]
        place = (-1 - (key + i)) & fractions
        bits = np.float64(-(value + table[place])).view(np.int64) - bias
        cut = bits & mask
        up = np.int64(cut >= half)
        rho[i] = ((bits >> drop) + up) | sign_bit
        rest[i] = np.float64(cut - (up << drop)) * unit
        if place == 0:
            rest[i] = INFINITE


@compiled
def underflow(key, n, reduction, rho, rest):
    """Fill a tile with gamma where it underflows: 0 with the sign of its unit interval."""
    field, least = np.int64(reduction[2]), np.int64(reduction[3])
    sign_bit = np.int64(reduction[4])
    for i in range(n):
        magnitude = -1 - (key + i)
        # The biased exponent, less `least` and the bits of the fraction, tells where the point is.
        behind = field - ((magnitude >> field) + least)
        significand = (magnitude & ((np.int64(1) << field) - 1)) | (np.int64(1) << field)
        whole = significand >> behind
        is_integer = (whole << behind) == significand
        # In (-1, 0) gamma is negative, in (-2, -1) positive.
        rho[i] = sign_bit if whole % 2 == 0 else 0
        rest[i] = NOT_A_NUMBER if is_integer else TINY
