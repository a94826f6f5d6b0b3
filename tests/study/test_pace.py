"""The time left: by what shards took lately, group by group."""

from __future__ import annotations

import pytest

from halfulp.study import pace as module
from halfulp.study.model import Study
from halfulp.study.pace import Pace
from halfulp.study.plan import make_plan
from halfulp.study.shards import Group, groups

STUDY = """
schema = 1
[[case]]
functions = ["exp", "sin"]
backends = ["math"]
formats = ["float32", "float64"]
inputs = ["spread:100000"]
[[case]]
functions = ["pow"]
backends = ["math"]
formats = ["float64"]
inputs = ["spread:100000"]
"""
SHARD = 4096


@pytest.fixture(scope="module")
def made() -> list[Group]:
    plan = make_plan(Study.from_text(STUDY))
    found = groups(plan.rows, plan.seed)
    names = [(group.function.name, group.fmt.name) for group in found]
    assert names == [
        ("exp", "float32"),
        ("exp", "float64"),
        ("sin", "float32"),
        ("sin", "float64"),
        ("pow", "float64"),
    ]
    return found


def pace(made: list[Group], left: dict[int, int], workers: int = 1) -> Pace:
    return Pace(made, dict.fromkeys(range(len(made)), 0) | left, workers)


def test_an_even_pace_is_told_exactly(made: list[Group]) -> None:
    found = pace(made, {0: 100 * SHARD}, workers=2)
    for _ in range(20):
        found.count(0, SHARD, 0.5)
    assert found.seconds_left() == pytest.approx(80 * 0.5 / 2)


def test_what_was_long_ago_is_forgotten(made: list[Group]) -> None:
    found = pace(made, {0: 200 * SHARD})
    for _ in range(60):
        found.count(0, SHARD, 0.01)
    for _ in range(40):
        found.count(0, SHARD, 1.0)
    # Over all shards so far it would be 41 seconds.
    assert 95 < found.seconds_left() <= 100


def test_each_group_has_a_rate_of_its_own(made: list[Group]) -> None:
    found = pace(made, {0: 20 * SHARD, 4: 20 * SHARD})
    for _ in range(10):
        found.count(0, SHARD, 0.1)
        found.count(4, SHARD, 10.0)
    assert found.seconds_left() == pytest.approx(10 * 0.1 + 10 * 10.0)


def test_a_group_that_has_not_begun_is_taken_for_its_likes(made: list[Group]) -> None:
    found = pace(made, {0: SHARD, 3: SHARD, 1: 10 * SHARD, 2: 10 * SHARD})
    found.count(0, SHARD, 1.0)
    found.count(3, SHARD, 4.0)
    # exp in float64 as exp in float32, sin in float32 as sin in float64.
    assert found.seconds_left() == pytest.approx(10 * 1.0 + 10 * 4.0)


def test_what_nobody_has_measured_is_a_guess_that_is_not_nothing(made: list[Group]) -> None:
    found = pace(made, {4: 1_000_000})
    assert 1 < found.seconds_left() < 1_000


def test_skipped_shards_are_done_without_changing_the_rate(made: list[Group]) -> None:
    found = pace(made, {0: 30 * SHARD})
    for _ in range(10):
        found.count(0, SHARD, 1.0)
    for _ in range(10):
        found.count(0, SHARD, None)
    assert found.seconds_left() == pytest.approx(10)


def test_it_is_told_twice_a_second_at_most(
    made: list[Group], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    found = pace(made, {0: SHARD})
    assert not found.is_due
    now[0] = 0.6
    assert found.is_due
    found.seconds_left()
    assert not found.is_due
