"""Rounds on a fake clock: whose turn it is, how many there are, who leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from halfulp.subject.timed import Sample
from halfulp.timing.rounds import BLOCKS, Conditions, hold

CONDITIONS = Conditions(target_ns=1e7, rounds=12, fewest=8, call_limit_ns=1e9)


def held(contenders: list[Any], conditions: Conditions = CONDITIONS, seed: int = 0) -> list[Any]:
    return hold(contenders, conditions, np.random.default_rng(seed))


def test_each_takes_one_turn_a_round(make_fake: Callable[..., Any]) -> None:
    fakes = [make_fake(name, 1_000) for name in "abc"]
    courses = held(fakes)
    assert [sorted(course.samples) for course in courses] == [list(range(12))] * 3
    turns = [name for name, what, calls in fakes[0].diary if what == "sample" and calls > 5_000]
    counted = turns[-36:]
    for number in range(0, 36, 3):
        assert sorted(counted[number : number + 3]) == ["a", "b", "c"]


def test_the_order_is_drawn_anew_and_the_same_for_a_seed(make_fake: Callable[..., Any]) -> None:
    def turns(seed: int) -> list[str]:
        fakes = [make_fake(name, 1_000) for name in "abc"]
        fakes[0].diary.clear()
        held(fakes, seed=seed)
        return [name for name, what, _ in fakes[0].diary if what == "sample"][-36:]

    one, again, other = turns(0), turns(0), turns(1)
    assert one == again
    assert one != other
    assert len({tuple(one[number : number + 3]) for number in range(0, 36, 3)}) > 1


def test_samples_are_as_long_as_wanted(make_fake: Callable[..., Any]) -> None:
    for course in held([make_fake("fast", 3.0), make_fake("slow", 5e6)]):
        assert all(sample.ns >= 1e7 for sample in course.samples.values())
        assert set(course.call_ns.values()) == {3.0 if course.name == "fast" else 5e6}


def test_the_time_that_others_took_is_not_counted(make_sample: Callable[..., Sample]) -> None:
    assert make_sample(100, processor_ns=60, taken=2).own_ns == 60
    assert make_sample(100, processor_ns=60, taken=0).own_ns == 100
    assert make_sample(100, processor_ns=60, taken=2, waits=1).own_ns == 100
    assert make_sample(100, processor_ns=60, taken=2, device_ns=90).own_ns == 100
    assert make_sample(100, processor_ns=400, taken=2).own_ns == 100


def test_a_crash_leaves_the_others_their_rounds(make_fake: Callable[..., Any]) -> None:
    good, bad, late = held(
        [
            make_fake("good", 1_000),
            make_fake("bad", 1_000, fails_at=0),
            make_fake("late", 1_000, fails_at=8),
        ]
    )
    assert len(good.samples) == 12
    assert good.failure is None
    assert bad.samples == {}
    assert bad.failure.reason == "killed by SIGSEGV"
    assert late.failure is not None
    assert 0 < len(late.samples) < 12


def test_a_call_beyond_the_limit_is_not_timed(make_fake: Callable[..., Any]) -> None:
    (course,) = held([make_fake("slow", 2e9)])
    assert course.failure == ("not measured", "one call takes about 2 s, and `call_limit_s` is 1")


def test_a_first_call_that_compiles_may_be_long(make_fake: Callable[..., Any]) -> None:
    (course,) = held([make_fake("jit", lambda number: 5e9 if number == 0 else 1_000)])
    assert course.failure is None
    assert course.first_ns == 5e9
    assert set(course.call_ns.values()) == {1_000}


def test_long_samples_are_fewer_but_never_too_few(make_fake: Callable[..., Any]) -> None:
    lengths = {1e6: 12, 9e7: 12, 1.2e8: 10, 9e8: 8}
    for call_ns, rounds in lengths.items():
        (course,) = held([make_fake("one", call_ns)])
        assert len(course.samples) == rounds


@pytest.mark.parametrize(("size", "blocks"), [(1 << 10, 12), (1 << 26, BLOCKS)])
def test_arrays_are_laid_out_afresh(size: int, blocks: int, make_fake: Callable[..., Any]) -> None:
    fake = make_fake("a", 1_000)
    held([fake], CONDITIONS.for_arrays(size))
    seeds = [seed for _, what, seed in fake.diary if what == "bind"]
    assert len(seeds) == len(set(seeds)) == blocks


def test_everything_is_released(make_fake: Callable[..., Any]) -> None:
    fakes = [make_fake("a", 1_000), make_fake("b", 1_000)]
    held(fakes)
    assert fakes[0].diary[-2:] == [("a", "release", 0), ("b", "release", 0)]
