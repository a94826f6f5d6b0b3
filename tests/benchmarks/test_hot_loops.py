"""How long the loops take that every run spends its time in; `make bench` prints them.

Each stands beside the cheapest thing that could be done with the same data: a ratio says more than
a time, because it survives a change of machine. Nothing here passes or fails by speed.
"""

from __future__ import annotations

import timeit
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from halfulp.backend import Request
from halfulp.formats import FORMATS
from halfulp.functions import CATALOGUE
from halfulp.inputs import parse_region, parse_sampler
from halfulp.inputs.sources import source
from halfulp.judge.judging import Axis, judge
from halfulp.reference.enclosures import balls
from halfulp.reference.oracle import oracle
from halfulp.reference.saturation import finite_keys
from halfulp.reference.truth import Truth, truth
from halfulp.subject.handle import Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from halfulp.encodings import Bits
    from halfulp.reference.referee import Referee

pytestmark = pytest.mark.benchmark

COUNT = 65_536
VALUES = 256
"""Inputs of a benchmark in which each is evaluated by itself."""

FLOAT32 = FORMATS["float32"]
EXP = CATALOGUE["exp"]


@pytest.fixture(scope="module")
def inputs() -> Bits:
    spread = parse_sampler(f"spread:{COUNT}")
    return source(spread, EXP, FLOAT32, parse_region("all", 1), 0).take(0, COUNT)


@pytest.fixture(scope="module")
def exact(inputs: Bits) -> Truth:
    return truth(EXP, FLOAT32, inputs)


@pytest.fixture(scope="module")
def subject() -> Iterator[Subject]:
    with Subject("numpy", {}) as started:
        yield started


def fastest_s(call: Callable[[], object]) -> float:
    """Return the least of many times of one call, in seconds."""
    return min(timeit.repeat(call, number=10, repeat=50)) / 10


def note(benchmark: Any, count: int, **beside: float) -> None:
    """Record nanoseconds an element, and the ratio to what the same data costs otherwise."""
    took = benchmark.stats["min"]
    benchmark.extra_info["ns_per_element"] = round(1e9 * took / count, 2)
    for name, seconds in beside.items():
        benchmark.extra_info[f"ratio_to_{name}"] = round(took / seconds, 2)


def test_judge(benchmark: Any, inputs: Bits, exact: Truth) -> None:
    with np.errstate(all="ignore"):
        outputs = np.exp(inputs[0].view(np.float32)).view(np.uint32)
    axis = Axis(*finite_keys(FLOAT32))
    tally = benchmark(judge, exact, inputs, outputs, axis)
    assert tally.counters["count"] == COUNT
    both = np.stack([inputs[0], outputs])
    note(benchmark, COUNT, copy=fastest_s(both.copy))


@pytest.mark.parametrize("name", ["exp", "erf"])
@pytest.mark.parametrize("referee", [balls, oracle], ids=["arb", "mpmath"])
def test_reference(
    benchmark: Any, referee: Callable[..., Referee], name: str, inputs: Bits
) -> None:
    active = np.linspace(-3, 3, VALUES, dtype=np.float32).view(np.uint32).tolist()
    scaled = referee(CATALOGUE[name], FLOAT32).scaled
    results = benchmark(lambda: [scaled(bits) for bits in active])
    assert len(results) == VALUES
    note(benchmark, VALUES)


def test_spread(benchmark: Any) -> None:
    spread = source(parse_sampler("spread:1000000"), EXP, FLOAT32, parse_region("all", 1), 0)
    taken = benchmark(spread.take, 0, COUNT)
    assert taken.shape == (1, COUNT)
    note(benchmark, COUNT, copy=fastest_s(taken.copy))


def test_subject(benchmark: Any, subject: Subject, inputs: Bits) -> None:
    """A routine in its own process, beside the same routine in this one."""
    routine = subject.prepare(Request("exp", None, FLOAT32, ("x",)))
    outputs = benchmark(subject.evaluate, routine, inputs)
    values, here = inputs[0].view(np.float32), np.empty(COUNT, np.float32)
    with np.errstate(all="ignore"):
        in_place_s = fastest_s(lambda: np.exp(values, out=here))
    assert np.array_equal(outputs, here.view(np.uint32))
    note(benchmark, COUNT, in_place=in_place_s)
