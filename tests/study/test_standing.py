"""How far a plan has come: the same whatever is done first, written down, or done twice over."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halfulp.exceptions import RunError
from halfulp.study.model import Study
from halfulp.study.plan import Plan, make_plan
from halfulp.study.standing import Standing, shard_record
from halfulp.study.worker import Failure, Outcome, Task, Worker, outcome_to_json

if TYPE_CHECKING:
    from halfulp.study.shards import Shard

STUDY = """
schema = 1
title = "two groups of a few shards, one row that fails"
[[case]]
functions = ["exp"]
backends = ["numpy", "math"]
formats = ["float32"]
regions = ["-1 : 1"]
inputs = ["grid:20000"]
[[case]]
functions = ["sin"]
backends = ["numpy"]
formats = ["float16"]
inputs = ["grid:10000"]
"""


def fail_above_zero(x: Any) -> Any:
    if (x > 0).any():
        raise ArithmeticError("only up to 0")
    return np.exp(x)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan(Study.from_text(STUDY))


@pytest.fixture(scope="module")
def outcomes(plan: Plan) -> dict[tuple[int, int], Outcome]:
    """Return what every shard comes to; the row of `math` fails from the third shard on."""
    task = Task(plan.rows, plan.backends, plan.seed)
    calls = {"exp": np.exp, "sin": np.sin}
    worker = Worker(task, {"numpy": lambda x: calls[_function(x)](x), "math": fail_above_zero})
    return {
        (shard.group, shard.number): worker.carry_out(shard.group, shard.number)
        for shard in Standing(plan).remaining()
    }


def _function(x: Any) -> str:
    return "sin" if x.dtype == np.float16 else "exp"


def outcome_of(shard: Shard, outcomes: dict[tuple[int, int], Outcome]) -> Outcome:
    """Return what a worker tells of a shard: nothing of the rows that are skipped."""
    whole = outcomes[shard.group, shard.number]
    results = {row: found for row, found in whole.results.items() if row not in shard.skip}
    return replace(whole, results=results)


def carried_out(
    plan: Plan,
    outcomes: dict[tuple[int, int], Outcome],
    lag: int = 0,
    stop: int | None = None,
    kept: list[str] | None = None,
) -> tuple[Standing, list[str]]:
    """Carry out what is left: outcomes come `lag` shards late, and from `stop` shards on never."""
    standing = Standing(plan)
    standing.restore([json.loads(record) for record in kept or []])
    journal = list(kept or [])
    under_way: list[Shard] = []

    def take(shard: Shard) -> None:
        outcome = outcome_of(shard, outcomes)
        journal.append(shard_record(shard, json.dumps(outcome_to_json(outcome))))
        standing.meet(outcome.backends)
        standing.take(shard, outcome)

    for count, shard in enumerate(standing.remaining()):
        if count == stop:
            return standing, journal
        under_way.append(shard)
        if len(under_way) > lag:
            take(under_way.pop(-1 if count % 2 else 0))  # not in the order in which they began
    for shard in under_way:
        take(shard)
    return standing, journal


def told(standing: Standing) -> list[Any]:
    return [json.loads(record) for record in standing.records()]


@pytest.fixture(scope="module")
def whole(plan: Plan, outcomes: dict[tuple[int, int], Outcome]) -> list[Any]:
    return told(carried_out(plan, outcomes)[0])


def test_a_row_fails_at_its_first_shard_and_the_others_go_on(whole: list[Any]) -> None:
    _, first, second = whole
    assert first["done"] == [[0, 5]]
    assert second["done"] == [[0, 3]]
    failures = {row: state["failure"] for row, state in (first["rows"] | second["rows"]).items()}
    assert failures["0"] is None
    assert failures["2"] is None
    shard, (status, reason, killed) = failures["1"]
    assert (shard, status, killed) == (2, "failed", False)
    assert "only up to 0" in reason
    assert first["rows"]["0"]["tally"]["counters"]["count"] == 20_000


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_interruptions_and_checkpoints_change_nothing(
    plan: Plan,
    outcomes: dict[tuple[int, int], Outcome],
    whole: list[Any],
    data: Any,
) -> None:
    kept: list[str] = []
    for _ in range(data.draw(st.integers(0, 4))):
        lag, stop = data.draw(st.integers(0, 4)), data.draw(st.integers(0, 9))
        standing, kept = carried_out(plan, outcomes, lag, stop, kept)
        if data.draw(st.booleans()):
            kept = list(standing.records())
    standing, journal = carried_out(plan, outcomes, data.draw(st.integers(0, 4)), None, kept)
    assert told(standing) == whole
    again = Standing(plan)
    again.restore([json.loads(record) for record in journal])
    assert told(again) == whole
    assert list(again.remaining()) == []
    assert all(again.inputs_left(group) == 0 for group in again.groups)


def test_a_row_is_finished_when_all_its_shards_are_done(
    plan: Plan, outcomes: dict[tuple[int, int], Outcome]
) -> None:
    standing = Standing(plan)
    exp, sin = standing.groups
    for shard in standing.remaining():
        assert not standing.is_finished(2, sin)
        standing.take(shard, outcome_of(shard, outcomes))
    assert standing.is_finished(0, exp)
    assert standing.is_finished(2, sin)
    assert not standing.is_finished(1, exp)  # it failed


def test_inputs_left_are_those_of_the_shards_that_are_not_done(
    plan: Plan, outcomes: dict[tuple[int, int], Outcome]
) -> None:
    standing = Standing(plan)
    exp = standing.groups[0]
    assert standing.inputs_left(exp) == 20_000
    for shard in list(standing.remaining())[3:5]:
        standing.take(shard, outcome_of(shard, outcomes))
    assert standing.inputs_left(exp) == 3 * 4096


# -- backends ----------------------------------------------------------------------------------

KNOWN = {
    "status": "available",
    "versions": {"numpy": "2.4.6"},
    "facts": {"threads": "1", "command": "cc -O2"},
    "floating_point_state": {"rounding": "nearest"},
}


def met(plan: Plan, before: dict[str, Any], **now: Any) -> Standing:
    standing = Standing(plan)
    standing.restore([{"backends": {"numpy": before}}])
    standing.meet({"numpy": {**before, **now}})
    return standing


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"versions": {"numpy": "2.5.0"}}, "numpy was 2.4.6 and is 2.5.0"),
        ({"facts": {"command": "cc -O3"}}, "command was cc -O2 and is cc -O3"),
        ({"status": "unavailable"}, "status was available and is unavailable"),
        ({"floating_point_state": {"rounding": "up"}}, "rounding was nearest and is up"),
    ],
)
def test_a_backend_that_changed_since_the_run_began_is_refused(
    plan: Plan, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(RunError, match=f"backend numpy is not what the run began with: {words}"):
        met(plan, KNOWN, **change)


def test_what_says_nothing_of_figures_may_change(plan: Plan) -> None:
    found = met(plan, KNOWN, facts={"threads": "4", "command": "cc -O2"}, reason="other words")
    assert found.backends["numpy"]["facts"]["threads"] == "4"


def test_workers_of_one_run_must_see_one_version(plan: Plan) -> None:
    standing = Standing(plan)
    standing.meet({"numpy": KNOWN})
    standing.meet({"numpy": {**KNOWN, "status": "unavailable", "versions": {}}})
    standing.meet({"numpy": KNOWN})
    with pytest.raises(RunError, match=r"numpy was 2\.4\.6 and is 2\.5\.0"):
        standing.meet({"numpy": {**KNOWN, "versions": {"numpy": "2.5.0"}}})


def test_a_failure_by_a_kill_is_known_for_what_it_is(plan: Plan) -> None:
    standing = Standing(plan)
    shard = next(standing.remaining())
    standing.take(shard, Outcome({1: Failure("crashed", "killed by SIGKILL", True)}))
    again = Standing(plan)
    again.restore(told(standing))
    assert again.rows[1].failure == (0, Failure("crashed", "killed by SIGKILL", True))
