"""Compiled judgement of one element: any output against any decided result.

The vectorised loops of `halfulp.judge.tiles` judge plain elements, whose output lies in the binade of
R. What is left comes here: other binades, other signs, zeros, infinities and nans.
"""

from __future__ import annotations

import math

import numpy as np

from halfulp.compiled import compiled

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
    COUNTERS,
) = range(13)
"""Columns of a segment's counters, and of the places where each was first seen."""

ABOVE, BELOW = range(2)
"""Columns of a segment's largest errors: above R and below it, as numbers of ulps."""


@compiled
def tail_place(error):
    """Return the entry of a histogram for an error in ulps."""
    if -2.0 <= error < 2.0:
        return int(math.floor(error * 32.0)) + LINEAR // 2
    exponent = min(math.frexp(abs(error))[1] - 1, TAIL)
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
    if shift > 61 - field:
        return sign * math.ldexp(float(significand), shift) - middle - rest
    if shift >= 0:
        return float(sign * (significand << shift) - middle) - rest
    if shift < -62:
        return float(-middle) - rest + sign * math.ldexp(float(significand), max(shift, -1100))
    whole = significand >> -shift
    part = math.ldexp(float(significand - (whole << -shift)), shift)
    return (float(sign * whole - middle) + sign * part) - rest


@compiled
def note(first, counters, row, column, place):
    counters[row, column] += 1
    if first[row, column] < 0:
        first[row, column] = place


@compiled
def judge_element(got, want, rest, bound, place, row, tile, shape, results):
    """Judge one element of any kind; return False where it has to be left open."""
    field, sign_shift, max_magnitude, has_inf = shape
    counters, first, largest, histogram = results
    mask = (np.int64(1) << sign_shift) - 1
    magnitude, due = np.int64(got) & mask, np.int64(want) & mask
    negative, due_negative = (got >> sign_shift) & 1, (want >> sign_shift) & 1
    if magnitude > max_magnitude + has_inf:
        note(first, counters, row, NAN_RETURNED, place)
        return True
    opposite = negative != due_negative
    if opposite:
        up, distance = False, np.uint64(magnitude) + np.uint64(due)
    else:
        up = magnitude > due
        distance = np.uint64(magnitude - due) if up else np.uint64(due - magnitude)
    away = abs(rest)
    if away > 0.5 - bound or (distance == 1 and away < bound):
        return False
    on_border = due & ((np.int64(1) << field) - 1) == 0
    if on_border and distance > 0 and away < bound:
        return False  # which of two binades R lies in is not known
    error = _odd_error(magnitude, opposite, due, rest, field, max_magnitude)
    size = abs(error)
    if not size < FAR:
        return False
    overflow = due > max_magnitude
    counters[row, NUMERIC] += 1
    if distance > 0:
        counters[row, WRONG] += 1
    beside = distance == 1 and ((up and rest > 0) or (not up and rest < 0) or overflow)
    if distance > 0 and not beside:
        note(first, counters, row, UNFAITHFUL, place)
    if distance > np.uint64(counters[row, STEPS]):
        counters[row, STEPS] = np.int64(distance)  # its 64 bits; read back without a sign
        first[row, STEPS] = place
    if opposite:
        if overflow and magnitude > max_magnitude:
            note(first, counters, row, WRONG_INF_SIGN, place)
        elif magnitude != 0:
            note(first, counters, row, WRONG_SIGN, place)
        else:
            note(first, counters, row, WRONG_ZERO_SIGN, place)
    term = np.int64(min(size, MEAN_CAP) * MEAN_SCALE)
    counters[row, SUM_HIGH] += term >> HALF_BITS
    counters[row, SUM_LOW] += term & ((1 << HALF_BITS) - 1)
    if size >= MEAN_CAP:
        counters[row, CAPPED] += 1
    signed = -error if due_negative else error
    side = ABOVE if signed > 0 else BELOW
    largest[tile, side] = max(largest[tile, side], size)
    histogram[tail_place(signed)] += 1
    return True


@compiled
def element_error(got, want, rest, shape):
    """Return the signed error of one number, or 0 for a nan."""
    field, sign_shift, max_magnitude, has_inf = shape
    mask = (np.int64(1) << sign_shift) - 1
    magnitude, due = np.int64(got) & mask, np.int64(want) & mask
    if magnitude > max_magnitude + has_inf:
        return 0.0
    negative, due_negative = (got >> sign_shift) & 1, (want >> sign_shift) & 1
    error = _odd_error(magnitude, negative != due_negative, due, rest, field, max_magnitude)
    return -error if due_negative else error
