"""Sweeps of many short runs in one shard, as `clusters` takes them, against single references."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from halfulp import encodings, functions
from halfulp.formats import FORMATS
from halfulp.judge.judging import Axis, judge
from halfulp.judge.segments import segments
from halfulp.judge.sweep import sweep
from halfulp.reference import truth as references
from halfulp.reference.saturation import finite_keys
from halfulp.reference.truth import truth

if TYPE_CHECKING:
    from halfulp.encodings import Bits
    from halfulp.judge.tally import Tally

FLOAT64 = FORMATS["float64"]
AXIS = Axis(*finite_keys(FLOAT64))
SIZE = 256
PLACES = (700.0, -700.0, 709.7, 709.782712893384, -745.1, 1.0, -1e-300, 2.0**-1074, 0.5, 0.5, -30.0)
"""Results next to overflow and underflow, and one place twice: regions of `clusters` overlap."""


@pytest.fixture(autouse=True)
def oracle_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave mpmath out: its checks change no figure."""
    monkeypatch.setattr(references, "ORACLE_SECONDS", 0.0)


def shard() -> tuple[list[tuple[int, int]], Bits]:
    """Return runs around the places, and their inputs."""
    middles = (FLOAT64.key_at_least(Fraction(place)) for place in PLACES)
    runs = [(middle - SIZE // 2, SIZE) for middle in middles]
    keys = np.concatenate([np.arange(first, first + count) for first, count in runs])
    return runs, encodings.from_keys(FLOAT64, keys)[np.newaxis]


def both(outputs: Bits) -> tuple[Tally, Tally]:
    runs, inputs = shard()
    function = functions.get("exp")
    exact = truth(function, FLOAT64, inputs)
    swept = sweep(segments(function, FLOAT64, runs, AXIS), outputs, AXIS)
    return swept, judge(exact, inputs, outputs, AXIS)


def right() -> Any:
    _, inputs = shard()
    return truth(functions.get("exp"), FLOAT64, inputs).rounded.copy()


def assert_same(swept: Tally, single: Tally) -> None:
    ignored = {"enclosed", "sum"}
    ours, theirs = (
        {name: count for name, count in tally.counters.items() if name not in ignored}
        for tally in (swept, single)
    )
    assert ours == theirs
    assert swept.extremes == single.extremes


def test_right_results_are_right_everywhere() -> None:
    swept, single = both(right())
    assert_same(swept, single)
    assert swept["wrongly_rounded"] == 0
    assert swept["judged"] == len(PLACES) * SIZE
    assert 0 < swept.extremes["max_ulp"].value <= 1 << 59


@pytest.mark.parametrize("place", range(len(PLACES)))
def test_one_nan_is_seen_wherever_it_is(place: int) -> None:
    outputs = right()
    outputs[place * SIZE + 77] = FLOAT64.nan
    swept, single = both(outputs)
    assert_same(swept, single)
    assert swept["nan_returned"] == 1


@pytest.mark.parametrize("step", [1, -1, 5_000, -(1 << 40)])
def test_one_wrong_result_is_seen_wherever_it_is(step: int) -> None:
    for place in range(len(PLACES) - 3):
        outputs = right()
        at = place * SIZE + 200
        ordinal = FLOAT64.ordinal(int(outputs[at])) + step
        outputs[at] = min(max(ordinal, 0), FLOAT64.max_magnitude)
        swept, single = both(outputs)
        assert_same(swept, single)
        assert swept["wrongly_rounded"] == 1
        witness = swept.extremes["max_steps"].witness
        assert witness is not None
        assert witness.got == outputs[at]
