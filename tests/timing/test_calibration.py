from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from halfulp.timing.calibration import calibrated

TARGET = 10_000_000


@given(st.integers(1, 10**9))
def test_a_sample_is_as_long_as_wanted_and_not_much_longer(call_ns: int) -> None:
    calls = calibrated(lambda count: count * call_ns, TARGET)
    assert calls * call_ns >= TARGET
    assert calls == 1 or (calls - 1) * call_ns <= 1.2 * TARGET


@given(st.integers(1, 10**9))
def test_trials_take_little_more_than_one_sample(call_ns: int) -> None:
    spent = []

    def trial(count: int) -> int:
        spent.append(count * call_ns)
        return spent[-1]

    calibrated(trial, TARGET)
    assert sum(spent) <= 2 * max(TARGET, call_ns) + TARGET


def test_a_clock_that_does_not_move_ends_all_the_same() -> None:
    clock = iter([0, 0, 0, *[50_000_000] * 10])
    assert calibrated(lambda _: next(clock), TARGET) >= 1


def test_an_interruption_while_counting_does_not_shorten_samples() -> None:
    # The second trial is interrupted; its calls look ten times as long.
    trials = iter([(1, 10), (20, 10)])

    def trial(count: int) -> int:
        _, slow = next(trials, (0, 1))
        return count * 1_000 * slow

    assert calibrated(trial, TARGET) * 1_000 >= TARGET
