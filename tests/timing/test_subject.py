"""What a subject's own process does when it is timed: real libraries in real processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from halfulp import functions
from halfulp.backend import Request, Unavailable
from halfulp.formats import FORMATS
from halfulp.subject.protocol import SubjectError
from halfulp.subject.timed import Setting, TimedSubject

FLOAT64 = FORMATS["float64"]
POINTS = np.linspace(0.1, 10, 1_000)
INPUTS = POINTS.view(np.uint64)[None]


def asked(function: str = "exp", formula: str | None = None) -> Request:
    tree = None if formula is None else functions.parse(formula)
    return Request(function, tree, FLOAT64, functions.get(function).arguments)


@pytest.fixture(params=["numpy", "math", "c"])
def subject(request: pytest.FixtureRequest) -> Iterator[TimedSubject]:
    with TimedSubject(request.param, {}) as started:
        yield started


@pytest.mark.parametrize("formula", [None, "exp(x) - 1/3"])
@pytest.mark.parametrize("size", [1, 7, 1_000, 2_500])
@pytest.mark.parametrize("stride", [1, 3])
def test_what_is_timed_is_what_is_judged(
    subject: TimedSubject, formula: str | None, size: int, stride: int
) -> None:
    routine = subject.prepare(asked(formula=formula))
    judged = subject.evaluate(routine, INPUTS).copy()
    bound = subject.bind(routine, INPUTS, Setting(size, stride=stride), seed=1)
    subject.sample(bound, 1)
    timed = subject.outputs(bound, FLOAT64, size)
    expected = judged[np.arange(size) * stride % POINTS.size]
    # The library's own loop may take other code at the ends of an array than at its middle.
    apart = np.abs(timed.view(np.int64) - expected.view(np.int64))
    assert apart.max() <= 1
    assert bound.shown


def test_the_time_of_more_calls_is_more(subject: TimedSubject) -> None:
    routine = subject.prepare(asked())
    bound = subject.bind(routine, INPUTS, Setting(1_000), seed=1)
    few, many = (
        min(subject.sample(bound, calls, warm=10).own_ns for _ in range(5)) for calls in (20, 400)
    )
    assert 10 < many / few < 40


def test_a_sample_says_where_its_time_went(subject: TimedSubject) -> None:
    routine = subject.prepare(asked())
    bound = subject.bind(routine, INPUTS, Setting(1_000), seed=1)
    found = subject.sample(bound, 500)
    assert 0 < found.own_ns <= found.ns
    assert found.host_ns <= found.ns
    assert found.device_ns is None
    assert found.processor_ns > 0


@pytest.mark.parametrize("label", ["numpy", "math", "c"])
def test_fresh_outputs_cost_what_making_them_costs(label: str) -> None:
    with TimedSubject(label, {}) as started:
        routine = started.prepare(asked("sqrt"))
        fresh = started.bind(routine, INPUTS, Setting(1_000, allocation="fresh"), seed=1)
        assert started.sample(fresh, 10).ns > 0
        given = started.bind(routine, INPUTS, Setting(1_000), seed=1)
        assert fresh.shown != given.shown


def test_numpys_fresh_output_is_slower_than_a_given_one_where_it_is_large() -> None:
    # NumPy asks the system for each large array anew, and touching it costs more than sqrt.
    size = 10_000_000
    with TimedSubject("numpy", {}) as started:
        routine = started.prepare(asked("sqrt"))

        def least(allocation: str) -> int:
            setting = Setting(size, allocation=allocation)
            bound = started.bind(routine, INPUTS, setting, seed=1)
            return min(started.sample(bound, 1).own_ns for _ in range(5))

        assert least("fresh") > 1.2 * least("out")


def test_latency_is_timed_in_c_alone() -> None:
    latency = Setting(1_000, mode="latency")
    with TimedSubject("c", {}) as started:
        routine = started.prepare(asked("exp"))
        waiting = started.bind(routine, INPUTS, latency, seed=1)
        free = started.bind(routine, INPUTS, Setting(1_000), seed=1)
        slow = min(started.sample(waiting, 50).own_ns for _ in range(5))
        fast = min(started.sample(free, 50).own_ns for _ in range(5))
        assert slow > 1.5 * fast
        results = started.outputs(waiting, FLOAT64, 1_000).view(np.float64)
        assert np.allclose(results, np.exp(POINTS), rtol=1e-14)
    for label in ("numpy", "math"):
        with TimedSubject(label, {}) as started:
            routine = started.prepare(asked("exp"))
            with pytest.raises(Unavailable):
                started.bind(routine, INPUTS, latency, seed=1)


def test_subnormal_inputs_reach_the_routine_as_they_are() -> None:
    tiny = np.arange(1, 1_001, dtype=np.uint64)[None]
    with TimedSubject("numpy", {}) as started:
        routine = started.prepare(asked("sin"))
        bound = started.bind(routine, tiny, Setting(1_000), seed=1)
        started.sample(bound, 1)
        assert (started.outputs(bound, FLOAT64, 1_000) == tiny[0]).all()


def test_what_is_released_cannot_be_timed() -> None:
    with TimedSubject("math", {}) as started:
        routine = started.prepare(asked())
        bound = started.bind(routine, INPUTS, Setting(10), seed=1)
        started.release(bound)
        with pytest.raises(SubjectError, match="KeyError"):
            started.sample(bound, 1)


def test_a_subject_that_hangs_is_ended(bad_adapter: str) -> None:
    with TimedSubject(bad_adapter, {"fault": "sleep"}, time_limit_s=1) as started:
        routine = started.prepare(asked())
        bound = started.bind(routine, INPUTS, Setting(10), seed=1)
        with pytest.raises(SubjectError, match="timed out"):
            started.sample(bound, 1, expected_ns=1_000)
        assert started.pid is None


def test_threads_are_those_that_are_asked_for() -> None:
    for threads in (1, 3):
        with TimedSubject("numpy", {}, threads=threads) as started:
            environment = Path(f"/proc/{started.pid}/environ").read_bytes().split(b"\0")
            assert f"OMP_NUM_THREADS={threads}".encode() in environment


def test_where_math_raises_the_evaluation_that_is_judged_is_timed() -> None:
    for largest, plain in ((700.0, True), (800.0, False)):
        inputs = np.linspace(0, largest, 100).view(np.uint64)[None]
        with TimedSubject("math", {}) as started:
            routine = started.prepare(asked("exp"))
            bound = started.bind(routine, inputs, Setting(100), seed=1)
            started.sample(bound, 1)
            assert bool(bound.shown) == plain
            with np.errstate(over="ignore"):
                expected = np.exp(inputs.view(np.float64)[0])
            results = started.outputs(bound, FLOAT64, 100).view(np.float64)
            assert np.allclose(results, expected, rtol=1e-14)


def test_a_formula_without_an_operation_is_nothing_to_time() -> None:
    with TimedSubject("numpy", {}) as started:
        routine = started.prepare(asked("exp", "x"))
        with pytest.raises(Unavailable, match="x has no operation that could be timed"):
            started.bind(routine, INPUTS, Setting(10), seed=1)


def test_the_call_is_shown_as_a_user_writes_it() -> None:
    shown = {}
    for label in ("numpy", "math", "c"):
        with TimedSubject(label, {}) as started:
            routine = started.prepare(asked("expm1", "exp(x) - 1"))
            shown[label] = started.bind(routine, INPUTS, Setting(10), seed=1).shown
    assert shown == {
        "numpy": "numpy.subtract(numpy.exp(x), 1, out=out)",
        "math": "[math.exp(x) - 1 for x in points], stored in out one by one",
        "c": "for (i = 0; i < n; ++i) out[i] = exp(x) - 1; with x[i]",
    }
