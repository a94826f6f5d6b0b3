"""Intervals that hold whatever the samples are like, and the verdicts that follow."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from halfulp.timing.statistics import (
    Interval,
    corrected,
    line,
    median,
    needed,
    paired,
    rank,
    verdict,
)

times = st.floats(min_value=1e-3, max_value=1e12)


def coverage(samples: int, k: int) -> Fraction:
    """Return the chance that the median lies between the k-th smallest and the k-th largest."""
    outside = sum(Fraction(math.comb(samples, heads), 2**samples) for heads in range(k))
    return 1 - 2 * outside


@given(st.integers(1, 400), st.floats(0.5, 0.9999))
def test_the_rank_is_the_largest_with_the_confidence(samples: int, confidence: float) -> None:
    k = rank(samples, confidence)
    assert 0 <= k <= samples // 2
    if k:
        assert coverage(samples, k) >= confidence - 1e-12
    if k < samples // 2:
        assert coverage(samples, k + 1) < confidence + 1e-12


@pytest.mark.parametrize(("samples", "k"), [(5, 0), (6, 1), (30, 10), (100, 40), (2000, 956)])
def test_known_ranks_of_95_percent(samples: int, k: int) -> None:
    # Tables of the sign test, such as that in Conover, Practical Nonparametric Statistics.
    assert rank(samples, 0.95) == k


@given(st.floats(0.5, 0.99999))
def test_needed_is_the_fewest_samples_with_an_interval(confidence: float) -> None:
    samples = needed(confidence)
    assert rank(samples, confidence - 1e-9) >= 1
    assert samples == 2 or rank(samples - 1, confidence + 1e-9) == 0


@given(st.lists(times, min_size=1, max_size=80))
def test_an_interval_holds_its_median_and_is_made_of_samples(values: list[float]) -> None:
    found = median(values)
    if found.low is None or found.high is None:
        assert len(values) < 6
        return
    assert found.low <= found.middle <= found.high
    assert {found.low, found.high} <= set(values)


@given(st.lists(times, min_size=6, max_size=40), st.floats(0.1, 1000))
def test_a_drift_that_both_share_cancels(values: list[float], factor: float) -> None:
    base = dict(enumerate(values))
    found = paired({number: factor * value for number, value in base.items()}, base)
    assert found is not None
    ratio, pairs = found
    assert pairs == len(values)
    assert ratio.middle == pytest.approx(factor)
    assert ratio.low == pytest.approx(factor)
    assert ratio.high == pytest.approx(factor)


def test_only_rounds_that_both_have_count() -> None:
    found = paired({0: 2.0, 1: 4.0, 5: 1.0}, {1: 2.0, 5: 1.0, 7: 3.0})
    assert found == (Interval(1.5, None, None), 2)
    assert paired({0: 1.0}, {1: 1.0}) is None


def heavy_tailed(random: np.random.Generator, rounds: int, ratio: float) -> list[float]:
    """Return ratios of two routines on a drifting clock with rare, large interruptions."""
    drift = np.exp(np.cumsum(random.normal(0, 0.02, rounds)))
    noise = 1 + np.abs(random.standard_cauchy((2, rounds))) * 0.01
    first, second = drift * noise
    return list(ratio * second / first)


@pytest.mark.parametrize("rounds", [10, 30])
def test_intervals_hold_as_often_as_they_say_under_heavy_tails_and_drift(rounds: int) -> None:
    random = np.random.default_rng(7)
    trials, missed = 2_000, 0
    for _ in range(trials):
        found = median(heavy_tailed(random, rounds, ratio=1.2), 0.9)
        assert found.low is not None
        assert found.high is not None
        missed += not found.low <= 1.2 <= found.high
    # 10 % may miss; four standard deviations of 2,000 trials are 2.7 %.
    assert missed / trials < 0.1 + 0.027


def test_a_corrected_table_of_equal_routines_is_wrong_in_one_of_twenty() -> None:
    random = np.random.default_rng(11)
    confidence, wrong, tables = corrected(20), 0, 400
    for _ in range(tables):
        ratios = [median(heavy_tailed(random, 30, ratio=1), confidence) for _ in range(20)]
        wrong += any(verdict(ratio, 1e-9) in {"faster", "slower"} for ratio in ratios)
    assert wrong / tables < 0.05 + 4 * math.sqrt(0.05 * 0.95 / tables)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (1.01, 1.06, "slower"),
        (1.0, 1.06, "inconclusive"),
        (0.9, 0.99, "faster"),
        (0.9, 1.0, "inconclusive"),
        (0.98, 1.02, "equivalent"),
        (1.001, 1.029, "equivalent"),
        (0.9, 1.2, "inconclusive"),
        (1 / 1.03, 1.03, "equivalent"),
        (None, None, "inconclusive"),
    ],
)
def test_verdicts(low: float | None, high: float | None, expected: str) -> None:
    assert verdict(Interval(1.0, low, high), 0.03) == expected


@given(st.floats(0.5, 2), st.floats(0, 0.5), st.floats(0.001, 0.5))
def test_verdicts_of_swapped_routines_mirror_each_other(
    low: float, width: float, margin: float
) -> None:
    high = low + width
    mirrored = {"faster": "slower", "slower": "faster"}
    one = verdict(Interval(low, low, high), margin)
    other = verdict(Interval(1 / low, 1 / high, 1 / low), margin)
    edges = (1 + margin, 1 / (1 + margin), 1)
    if all(abs(end - edge) > 1e-9 for end in (low, high) for edge in edges):
        assert other == mirrored.get(one, one)


@given(
    st.floats(0, 1e4),
    st.floats(1e-3, 10),
    st.lists(st.integers(1, 10**7), min_size=2, max_size=6, unique=True),
)
def test_a_line_is_found_again(call: float, element: float, sizes: list[int]) -> None:
    found = line(sizes, [call + element * size for size in sizes])
    assert found is not None
    assert found.largest_residual < 1e-6
    for size in sizes:
        assert found.call + found.element * size == pytest.approx(call + element * size)


@given(st.lists(st.tuples(st.integers(1, 10**7), times), min_size=2, max_size=6))
def test_neither_a_call_nor_an_element_has_a_negative_cost(cases: list[tuple[int, float]]) -> None:
    found = line(*zip(*cases, strict=True))
    if found is not None:
        assert found.call >= 0
        assert found.element >= 0


def test_one_size_makes_no_line() -> None:
    assert line([5, 5], [1.0, 1.0]) is None
