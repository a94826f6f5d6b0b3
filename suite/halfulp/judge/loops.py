"""The compiled sweep: all segments of a shard, tile by tile, and the search for the worst inputs.

A segment is a block, or the part of one in one bin of the profile. Arrays of segments have one
entry each; `results` are filled in place. What cannot be decided here is listed as open.
"""

from __future__ import annotations

import numpy as np

from halfulp.compiled import compiled
from halfulp.judge.elements import (
    ABOVE,
    BELOW,
    HALF_BITS,
    LINEAR,
    NUMERIC,
    STEPS,
    SUM_HIGH,
    SUM_LOW,
    UNFAITHFUL,
    WRONG,
    decided_within,
    element_error,
    judge_elements,
    tail_place,
)
from halfulp.judge.reduced import oscillate, reflect, underflow
from halfulp.judge.tiles import (
    TILE,
    add_bins,
    all_equal,
    any_odd,
    compare,
    count_unfaithful,
    count_wrong,
    extremes,
    largest_steps,
    make_bins,
    model,
    nans,
    sum_of_sizes,
)

OPEN, MODEL, EXACT, NAN, OSCILLATION, SAME, UNDERFLOW, REFLECTION = range(8)
"""As `halfulp.reference.block.Kind`."""


@compiled
def expected(y, start, n, row, segments, rho, rest):
    """Fill a tile with what is due from the place `start` of the shard on."""
    kinds, first, _, base, slope, centre, scale, coefficients, _, keys, reduction, tables = segments
    key = keys[row] + (start - first[row])
    if kinds[row] == OSCILLATION:
        oscillate(key, n, base[row], reduction[row], rho, rest)
        return
    if kinds[row] == UNDERFLOW:
        underflow(key, n, reduction[row], rho, rest)
        return
    if kinds[row] == REFLECTION:
        middle = key - (start - centre[row])
        table = tables[slope[row] :]
        reflect(key, n, middle, scale[row], coefficients[row], table, reduction[row], rho, rest)
        return
    model(
        np.int32(start - centre[row]),
        n,
        scale[row],
        coefficients[row],
        y.dtype.type(base[row]),
        y.dtype.type(slope[row]),
        rho,
        rest,
    )


@compiled
def is_constant(row, segments):
    """Tell whether one result is due in all of a segment."""
    kinds, _, _, _, slope, _, _, coefficients, _, _, _, _ = segments
    if (kinds[row] != MODEL and kinds[row] != EXACT) or slope[row] != 0:
        return False
    higher = 0.0
    for k in range(1, coefficients.shape[1]):
        higher += abs(coefficients[row, k])
    return higher == 0.0


@compiled
def judge_plain(n, place, row, tile, sign, work, results):
    """Judge a tile of plain elements from their steps and errors."""
    _, rest, steps, error, patterns, bins, sub = work
    counters, first, largest, histogram = results
    counters[row, NUMERIC] += n
    wrong = count_wrong(steps, n)
    if wrong:
        counters[row, WRONG] += wrong
        most = largest_steps(steps, n)
        if np.uint64(most) > np.uint64(counters[row, STEPS]):
            counters[row, STEPS] = most
            first[row, STEPS] = place + first_of_size(steps, n, most)
        unfaithful = count_unfaithful(steps, rest, n)
        if unfaithful and first[row, UNFAITHFUL] < 0:
            first[row, UNFAITHFUL] = place + first_unfaithful(steps, rest, n)
        counters[row, UNFAITHFUL] += unfaithful
    counters[row, SUM_LOW] += sum_of_sizes(error, n)
    outward, inward = extremes(patterns, n)
    if sign > 0:
        largest[tile, ABOVE], largest[tile, BELOW] = as_double(outward), as_double(inward)
    else:
        largest[tile, ABOVE], largest[tile, BELOW] = as_double(inward), as_double(outward)
    if max(largest[tile, ABOVE], largest[tile, BELOW]) < 1.99:
        make_bins(error, n, sign, bins)
        add_bins(bins, n, sub)
    else:
        for i in range(n):
            histogram[tail_place(sign * error[i])] += 1


@compiled
def as_double(pattern):
    """Return the double with these bits; of a negative pattern 0."""
    if pattern <= 0:
        return 0.0
    return np.int64(pattern).view(np.float64)


@compiled
def first_of_size(steps, n, size):
    """Return the first element with so many steps either way."""
    for i in range(n):
        if abs(steps[i]) == size:
            return i
    return n


@compiled
def first_unfaithful(steps, rest, n):
    """Return the first element that `count_unfaithful` counts."""
    for i in range(n):
        step, away = steps[i], rest[i]
        if step > 1 or step < -1 or (step == 1 and away <= 0) or (step == -1 and away >= 0):
            return i
    return n


@compiled
def judge_equal(n, row, tile, rho, rest, shape, results):
    """Judge a tile in which one result is due everywhere and has come everywhere."""
    counters, _, largest, histogram = results
    negative = (rho >> shape[1]) & 1
    error = rest if negative else -rest
    counters[row, NUMERIC] += n
    term = np.int64(abs(error) * 1048576.0) * n
    counters[row, SUM_HIGH] += term >> HALF_BITS
    counters[row, SUM_LOW] += term & ((1 << HALF_BITS) - 1)
    histogram[tail_place(error)] += n
    side = ABOVE if error > 0 else BELOW
    largest[tile, side] = abs(error)


@compiled
def orient(rho, n, sign_shift, error):
    """Give the errors of a tile the sign that they have beside R, not beside |R|."""
    for i in range(n):
        if (rho[i] >> sign_shift) & 1:
            error[i] = -error[i]


@compiled
def sweep(y, shape, segments, work, results, open_places):  # noqa: C901 # a case a kind
    """Judge all segments of a shard.

    Parameters
    ----------
    y
        Outputs, encodings as signed integers.
    shape
        Bits of the fraction, place of the sign bit, largest finite magnitude, whether infinities
        exist.
    segments, work, results
        Arrays; see `halfulp.judge.sweep`.
    open_places
        Filled with the places that are left open, as many as fit.

    Returns
    -------
    int
        How many places are left open.
    """
    kinds, first, counts, base, _, _, _, _, bounds, _, _, _ = segments
    rho, rest, steps, error, _, _, sub = work
    field, sign_shift, _, _ = shape
    fraction = y.dtype.type((np.int64(1) << field) - 1)
    opened, tile = 0, 0
    for row in range(kinds.shape[0]):
        constant = is_constant(row, segments)
        if constant:
            expected(y, first[row], 1, row, segments, rho, rest)
            due, away = rho[0], rest[0]
        sign = -1.0 if (base[row] >> sign_shift) & 1 else 1.0
        for place in range(first[row], first[row] + counts[row], TILE):
            n = min(TILE, first[row] + counts[row] - place)
            chunk = y[place : place + n]
            if kinds[row] == SAME:
                pass  # judged outside: one element stands for all with its output
            elif kinds[row] == OPEN:
                opened = leave_open(place, n, open_places, opened)
            elif kinds[row] == NAN:
                nans(chunk, n, row, place, shape, results[0], results[1])
            elif constant and abs(away) <= decided_within(bounds[row]) and all_equal(chunk, n, due):
                judge_equal(n, row, tile, due, away, shape, results)
            else:
                expected(y, place, n, row, segments, rho, rest)
                compare(chunk, rho, rest, n, steps, error)
                if any_odd(chunk, rho, rest, n, steps, bounds[row], field, fraction):
                    opened = judge_elements(
                        chunk,
                        rho,
                        rest,
                        bounds[row],
                        place,
                        row,
                        tile,
                        shape,
                        results,
                        open_places,
                        opened,
                    )
                else:
                    if kinds[row] >= OSCILLATION:
                        orient(rho, n, sign_shift, error)
                        sign = 1.0
                    judge_plain(n, place, row, tile, sign, work, results)
            tile += 1
    for i in range(LINEAR):
        results[3][i] += sub[0, i + 1] + sub[1, i + 1] + sub[2, i + 1] + sub[3, i + 1]
    return opened


@compiled
def leave_open(place, n, open_places, opened):
    """List places as open, as far as there is room; return how many there are."""
    for i in range(n):
        if opened + i < open_places.shape[0]:
            open_places[opened + i] = place + i
    return opened + n


@compiled
def collect(y, shape, segments, work, tiles, sign, thresholds, found, sizes):
    """List the inputs whose error reaches the threshold of its segment.

    Parameters
    ----------
    tiles
        Segment, place and length of the tiles to look at.
    sign
        1 for errors above R, -1 for errors below.
    thresholds
        By segment, positive numbers of ulps.
    found, sizes
        Filled with places and errors, as many as fit.

    Returns
    -------
    int
        How many inputs reach their threshold. Of equal results in a constant segment only the first
        is counted.
    """
    rho, rest, _, _, _, _, _ = work
    count, last = 0, -1
    for number in range(tiles.shape[0]):
        row, place, n = tiles[number, 0], tiles[number, 1], tiles[number, 2]
        constant = is_constant(row, segments)
        expected(y, place, n, row, segments, rho, rest)
        for i in range(n):
            if constant and y[place + i] == rho[i]:
                if last == row:
                    continue
                last = row
            error = sign * element_error(y[place + i], rho[i], rest[i], shape)
            if error >= thresholds[row]:
                if count < found.shape[0]:
                    found[count] = place + i
                    sizes[count] = error
                count += 1
    return count
