"""Compiled judgement of one element: any output against any decided result.

The vectorised loops of `halfulp.judge.tiles` judge plain elements, whose output lies in the
binade of R. What is left comes here: other binades, other signs, zeros, infinities and nans.
"""

from __future__ import annotations

import math

import numpy as np

from halfulp.compiled import compiled
from halfulp.judge.marks import INFINITE, NOT_A_NUMBER

MEAN_SCALE = 2.0**20
MEAN_CAP = 2.0**40
"""Means add floor(min(|error|, 2^40) * 2^20)."""

HALF_BITS = 30
"""Sums are kept in two halves of such a term."""

LINEAR = 128
TAIL = 62
"""Entries of a histogram: linear ones over [-2, 2), then a tail a side (`halfulp.runs.schema`)."""

FAR = 2.0**1000
"""Larger errors leave the range of doubles, and are left open."""

(
    NUMERIC,
    WRONG,
    UNFAITHFUL,
    SUM_HIGH,
    SUM_LOW,
    CAPPED,
    NAN_RETURNED,
    NAN_MISSING,
    WRONG_SIGN,
    WRONG_ZERO_SIGN,
    WRONG_INF_SIGN,
    STEPS,
    NAN_EXPECTED,
    INF_EXPECTED,
    FINITE_AT_POLE,
    COUNTERS,
) = range(16)
"""Columns of a segment's counters, and of the places where each was first seen."""

ABOVE, BELOW = range(2)
"""Columns of a segment's largest errors: above R and below it, as numbers of ulps."""


@compiled
def decided_within(bound):
    """Return a double below 1/2 - bound: so far from rho, R certainly rounds to it.

    The difference may be rounded up by 2^-55. What is taken away beside covers that.
    """
    return 0.5 - bound - 2.0**-53


@compiled
def tail_place(error):
    """Return the entry of a histogram for an error in ulps."""
    if -2.0 <= error < 2.0:
        return np.int64(math.floor(error * 32.0)) + LINEAR // 2
    exponent = min((np.float64(abs(error)).view(np.int64) >> 52) - 1023, TAIL)
    return LINEAR + exponent - 1 + (TAIL if error > 0 else 0)


@compiled
def _significand(magnitude, field, max_magnitude):
    """Return significand and biased exponent; infinity counts as the next power of two."""
    if magnitude > max_magnitude:
        return np.int64(1) << (field + 1), max_magnitude >> field
    biased = magnitude >> field
    fraction = magnitude & ((np.int64(1) << field) - 1)
    if biased > 0:
        return fraction | (np.int64(1) << field), biased
    return fraction, np.int64(1)


@compiled
def _scaled(significand, shift):
    """Return significand * 2^shift as a double."""
    if -1022 <= shift <= 900:
        return np.float64(significand) * np.int64((shift + 1023) << 52).view(np.float64)
    return math.ldexp(np.float64(significand), max(shift, -1200))


@compiled
def _odd_error(got, opposite, want, rest, field, max_magnitude):
    """Return the error of any number, in ulps of R and away from 0 where R is.

    `got` and `want` are magnitudes. Differences of whole ulps are taken in integers: they are exact
    where they do not dwarf the rest.
    """
    middle, exponent = _significand(want, field, max_magnitude)
    if rest < 0 and middle == np.int64(1) << field and exponent > 1:
        middle, exponent = middle << 1, exponent - 1  # R lies in the binade below rho
    significand, its_exponent = _significand(got, field, max_magnitude)
    shift = its_exponent - exponent
    sign = -1 if opposite else 1
    if significand == 0:
        return float(-middle) - rest
    if shift > 61 - field:
        return sign * _scaled(significand, shift) - middle - rest
    if shift >= 0:
        return float(sign * (significand << shift) - middle) - rest
    if shift < -62:
        return float(-middle) - rest + sign * _scaled(significand, shift)
    whole = significand >> -shift
    part = _scaled(significand - (whole << -shift), shift)
    return (float(sign * whole - middle) + sign * part) - rest


@compiled
def _verdict(got, want, rest, bound, shape):
    """Return what one output is: decided, a number, steps, faithful, error and a class.

    Scalars only, so that the loop around it keeps its arrays in registers. The error is in ulps of
    R, away from 0 where R is. The class is a column of counters, or -1.
    """
    field, sign_shift, max_magnitude, has_inf = shape
    mask = (np.int64(1) << sign_shift) - 1
    magnitude, due = np.int64(got) & mask, np.int64(want) & mask
    if rest == NOT_A_NUMBER:
        missing = magnitude <= max_magnitude + has_inf
        return True, False, np.uint64(0), True, 0.0, NAN_MISSING if missing else -1
    if magnitude > max_magnitude + has_inf:
        return True, False, np.uint64(0), True, 0.0, NAN_RETURNED
    if rest == INFINITE:
        found = FINITE_AT_POLE if magnitude <= max_magnitude else -1
        if found < 0 and (got >> sign_shift) & 1:
            found = WRONG_INF_SIGN
        return True, False, np.uint64(0), True, 0.0, found
    opposite = ((got ^ want) >> sign_shift) & 1 != 0
    up = magnitude > due and not opposite
    if opposite:
        distance = np.uint64(magnitude) + np.uint64(due)
    else:
        distance = np.uint64(abs(magnitude - due))
    away = abs(rest)
    on_border = due & ((np.int64(1) << field) - 1) == 0
    # Next to a border with R on either side of it, the unit of the error is not known.
    open_side = away < bound and (distance == 1 or (on_border and distance > 0))
    if away > decided_within(bound) or open_side:
        return False, False, distance, True, 0.0, -1
    error = _odd_error(magnitude, opposite, due, rest, field, max_magnitude)
    if not abs(error) < FAR:
        return False, False, distance, True, 0.0, -1
    overflow = due > max_magnitude
    beside = distance == 1 and (overflow or (rest > 0 if up else rest < 0))
    found = -1
    if opposite:
        found = WRONG_SIGN if magnitude != 0 else WRONG_ZERO_SIGN
        if overflow and magnitude > max_magnitude:
            found = WRONG_INF_SIGN
    return True, True, distance, distance == 0 or beside, error, found


@compiled
def judge_elements(  # noqa: C901 # one loop: a call an element would pass all arrays
    y, rho, rest, bound, start, row, tile, shape, results, open_places, opened
):
    """Judge the elements of a tile one by one; return how many places of the shard are open."""
    counters, first, largest, histogram = results
    sign_shift = shape[1]
    above, below = largest[tile, ABOVE], largest[tile, BELOW]
    for i in range(y.shape[0]):
        decided, numeric, distance, faithful, error, found = _verdict(
            y[i], rho[i], rest[i], bound, shape
        )
        place = start + i
        if not decided:
            if opened < open_places.shape[0]:
                open_places[opened] = place
            opened += 1
            continue
        if rest[i] >= NOT_A_NUMBER:
            due = NAN_EXPECTED if rest[i] == NOT_A_NUMBER else INF_EXPECTED
            counters[row, due] += 1
            if first[row, due] < 0:
                first[row, due] = place
        if found >= 0:
            counters[row, found] += 1
            if first[row, found] < 0:
                first[row, found] = place
        if not numeric:
            continue
        counters[row, NUMERIC] += 1
        if distance > 0:
            counters[row, WRONG] += 1
            if distance > np.uint64(counters[row, STEPS]):
                counters[row, STEPS] = np.int64(distance)  # its 64 bits, read without a sign
                first[row, STEPS] = place
        if not faithful:
            counters[row, UNFAITHFUL] += 1
            if first[row, UNFAITHFUL] < 0:
                first[row, UNFAITHFUL] = place
        size = abs(error)
        term = np.int64(min(size, MEAN_CAP) * MEAN_SCALE)
        counters[row, SUM_HIGH] += term >> HALF_BITS
        counters[row, SUM_LOW] += term & ((1 << HALF_BITS) - 1)
        if size >= MEAN_CAP:
            counters[row, CAPPED] += 1
        signed = -error if (rho[i] >> sign_shift) & 1 else error
        above, below = max(above, signed), max(below, -signed)
        histogram[tail_place(signed)] += 1
    largest[tile, ABOVE], largest[tile, BELOW] = above, below
    return opened


@compiled
def element_error(got, want, rest, shape):
    """Return the signed error of one number, or 0 for a nan and at a pole."""
    field, sign_shift, max_magnitude, has_inf = shape
    mask = (np.int64(1) << sign_shift) - 1
    magnitude, due = np.int64(got) & mask, np.int64(want) & mask
    if magnitude > max_magnitude + has_inf or rest >= NOT_A_NUMBER:
        return 0.0
    negative, due_negative = (got >> sign_shift) & 1, (want >> sign_shift) & 1
    error = _odd_error(magnitude, negative != due_negative, due, rest, field, max_magnitude)
    return -error if due_negative else error
