"""Compiled loops of the judge: outputs against models, a tile of neighbouring inputs at a time.

Several simple loops over a tile, which stays in the first cache, run several times faster than one
loop that does everything, because each of them is vectorised. Only + - *, comparisons, conversions
and bit operations are used. Contraction to fused multiply-add is allowed, since the bound of a
block holds with and without it; reassociation is not.

Encodings are signed integers as wide as the arrays (16-bit ones in int32). In a tile each element
has `rho`, the encoding of the correctly rounded result, and `rest`, with |R| = |rho| + rest in ulps
of R, known to less than the block's bound. An element is plain if its output lies in the binade of
R; every other one is looked at alone, and left open where its bound decides nothing.
"""

from __future__ import annotations

import numpy as np

from halfulp.compiled import compiled
from halfulp.judge.elements import MEAN_SCALE, NAN_MISSING, decided_within

TILE = 2_048
"""Elements of a tile: its arrays stay in the first cache."""

LARGE = 1_024
"""Plain errors are below this many ulps, so that the sums of a tile fit."""

MAGIC = 1.5 * 2.0**52
"""Added and taken away, it rounds a double below 2^51 to the nearest integer."""


@compiled
def model(first, n, scale, coefficients, base, slope, rho, rest):
    """Fill a tile from a model; `first` is its distance from the centre, in inputs."""
    c0, c1, c2, c3 = coefficients[0], coefficients[1], coefficients[2], coefficients[3]
    c4, c5, c6, c7 = coefficients[4], coefficients[5], coefficients[6], coefficients[7]
    for i in range(n):
        offset = np.int32(first + np.int32(i))
        u = offset * scale
        value = ((((((c7 * u + c6) * u + c5) * u + c4) * u + c3) * u + c2) * u + c1) * u + c0
        whole = (value + MAGIC) - MAGIC
        rest[i] = value - whole
        rho[i] = base + slope * offset + np.int32(whole)


@compiled
def compare(y, rho, rest, n, steps, error):
    """Fill steps and errors of a tile, as far as elements are plain."""
    for i in range(n):
        step = y[i] - rho[i]
        steps[i] = step
        error[i] = np.float64(steps[i]) - rest[i]


@compiled
def any_odd(y, rho, rest, n, steps, bound, field, fraction):
    """Return a number other than 0 if an element is not plain, or not decided by the bound."""
    found = 0
    decided = decided_within(bound)
    for i in range(n):
        away = abs(rest[i])
        step = steps[i]
        other = ((y[i] ^ rho[i]) >> field) | np.int32((rho[i] & fraction) == 0)
        found |= (
            np.int32(away > decided)
            | (np.int32((step == 1) | (step == -1)) & np.int32(away < bound))
            | (np.int32(step != 0) & np.int32(other != 0))
            | np.int32((step >= LARGE) | (step <= -LARGE))
        )
    return found


@compiled
def largest_steps(steps, n):
    """Return the most steps, either way."""
    most = steps[0] - steps[0]
    for i in range(n):
        most = max(most, abs(steps[i]))
    return most


@compiled
def count_wrong(steps, n):
    """Count elements that are not correctly rounded."""
    count = 0
    for i in range(n):
        count += np.int32(steps[i] != 0)
    return count


@compiled
def count_unfaithful(steps, rest, n):
    """Count plain elements with a float between them and R, or with R a float beside them."""
    count = 0
    for i in range(n):
        step, away = steps[i], rest[i]
        count += np.int32(
            (step > 1) | (step < -1) | ((step == 1) & (away <= 0)) | ((step == -1) & (away >= 0))
        )
    return count


@compiled
def sum_of_sizes(error, n):
    """Return the sum of floor(|error| * 2^20) of plain elements."""
    total = np.int64(0)
    for i in range(n):
        total += np.int32(abs(error[i]) * MEAN_SCALE)
    return total


@compiled
def extremes(patterns, n):
    """Return the patterns of the largest positive error and of the largest negative one.

    Positive doubles are ordered as their bits. Taken without its sign bit as the other side's, an
    error of the wrong sign is a negative integer, and is never the largest.
    """
    above, below = np.int64(0), np.int64(0)
    for i in range(n):
        above = max(above, patterns[i])
        below = max(below, patterns[i] ^ np.int64(-(2**63)))
    return above, below


@compiled
def make_bins(error, n, sign, bins):
    """Fill the bins of errors inside (-2, 2)."""
    scale = sign * 32.0
    for i in range(n):
        bins[i] = np.int32(np.floor(error[i] * scale)) + np.int32(65)


@compiled
def add_bins(bins, n, sub):
    """Count bins in four histograms, so that equal neighbours need not wait for each other."""
    whole = n - n % 4
    for i in range(0, whole, 4):
        sub[0, bins[i]] += 1
        sub[1, bins[i + 1]] += 1
        sub[2, bins[i + 2]] += 1
        sub[3, bins[i + 3]] += 1
    for i in range(whole, n):
        sub[0, bins[i]] += 1


@compiled
def all_equal(y, n, value):
    """Tell whether every element has one value."""
    different = 0
    for i in range(n):
        different |= y[i] ^ value
    return different == 0


@compiled
def nans(y, n, row, place, shape, counters, first):
    """Judge a tile in which no result is a number."""
    _, sign_shift, max_magnitude, has_inf = shape
    mask = y.dtype.type((np.int64(1) << sign_shift) - 1)
    least = y.dtype.type(max_magnitude + has_inf)
    missing = 0
    for i in range(n):
        missing += np.int32((y[i] & mask) <= least)
    if missing:
        counters[row, NAN_MISSING] += missing
        for i in range(n):
            if (y[i] & mask) <= least and first[row, NAN_MISSING] < 0:
                first[row, NAN_MISSING] = place + i
