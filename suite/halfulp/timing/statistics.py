"""Medians, ratios and their intervals, exact for any distribution; verdicts; the line t = a + b n.

An interval between two order statistics of n independent samples holds the median with a
probability that the binomial distribution gives, whatever the samples are distributed like. The
ratio of two routines is taken round by round, so that what both share, such as a drifting clock,
cancels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

CONFIDENCE = 0.95
"""Of the interval of one median, and of all intervals of a table of ratios together."""

Verdict: TypeAlias = Literal["faster", "slower", "equivalent", "inconclusive", "not comparable"]


class Interval(NamedTuple):
    """A median with the bounds of its interval; None where there are too few samples for any."""

    middle: float
    low: float | None
    high: float | None


def rank(samples: int, confidence: float) -> int:
    """Return k such that the k-th smallest and the k-th largest sample bound the median.

    k is the largest with which they do so with at least this confidence; 0 where none does. The
    chance that the median lies below the k-th smallest of n is that of fewer than k heads among n
    tosses of a coin.
    """
    below, k = 0, 0
    while k < samples // 2:
        below += math.comb(samples, k)
        if below / 2**samples > (1 - confidence) / 2:
            break
        k += 1
    return k


def needed(confidence: float) -> int:
    """Return how many samples an interval of this confidence needs at least."""
    return max(2, math.ceil(1 - math.log2(1 - confidence) - 1e-9))


def corrected(comparisons: int, confidence: float = CONFIDENCE) -> float:
    """Return the confidence of each interval so that all of a table hold with `confidence`.

    This is Bonferroni's correction, which needs no independence. Holm's would find more
    differences, but has no intervals to show.
    """
    return 1 - (1 - confidence) / max(comparisons, 1)


def median(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """Return the median of at least one value, and its interval by order statistics."""
    ordered = sorted(values)
    k = rank(len(ordered), confidence)
    middle = float(np.median(ordered))
    return Interval(middle, ordered[k - 1], ordered[-k]) if k else Interval(middle, None, None)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return a percentile, between samples linearly."""
    return float(np.percentile(values, percent))


def paired(
    times: Mapping[int, float], base: Mapping[int, float], confidence: float = CONFIDENCE
) -> tuple[Interval, int] | None:
    """Return the ratio of two routines' times with its interval, and the number of paired rounds.

    Parameters
    ----------
    times, base
        Time of a call by number of the round.
    confidence
        Of the interval.

    Returns
    -------
    tuple or None
        None where no round has both.
    """
    both = sorted(times.keys() & base.keys())
    if not both:
        return None
    return median([times[number] / base[number] for number in both], confidence), len(both)


def verdict(ratio: Interval, margin: float) -> Verdict:
    """Return what an interval of a ratio says.

    "equivalent" if it lies within a factor of 1 + margin of 1; "slower" or "faster" if it leaves
    1 out and reaches beyond that; "inconclusive" otherwise.
    """
    if ratio.low is None or ratio.high is None:
        return "inconclusive"
    if ratio.low >= 1 / (1 + margin) and ratio.high <= 1 + margin:
        return "equivalent"
    if ratio.low > 1:
        return "slower"
    return "faster" if ratio.high < 1 else "inconclusive"


class Line(NamedTuple):
    """t = call + element * n, and the largest relative distance of a time from it."""

    call: float
    element: float
    largest_residual: float


def line(sizes: Sequence[int], times: Sequence[float]) -> Line | None:
    """Fit t = a + b n to positive times by least squares of relative distances, a and b >= 0.

    Returns
    -------
    Line or None
        None for fewer than two sizes.
    """
    if len(set(sizes)) < 2:
        return None
    n, t = np.asarray(sizes, np.float64), np.asarray(times, np.float64)
    columns = np.stack([1 / t, n / t], axis=1)
    ones = np.ones_like(t)
    call, element = np.linalg.lstsq(columns, ones, rcond=None)[0]
    if call < 0:
        call, element = 0.0, float(columns[:, 1] @ ones / (columns[:, 1] @ columns[:, 1]))
    if element < 0:
        call, element = float(columns[:, 0] @ ones / (columns[:, 0] @ columns[:, 0])), 0.0
    distance = np.abs((call + element * n) / t - 1)
    return Line(float(call), float(element), float(distance.max()))
