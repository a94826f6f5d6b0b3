"""What timing itself costs: the time beside its samples, at default settings."""

from __future__ import annotations

import pytest

import halfulp
from halfulp.timing.machine import look

BACKENDS = ("numpy", "c", "math")


@pytest.mark.benchmark
def test_little_time_is_spent_outside_of_samples() -> None:
    machine = look()
    found = halfulp.time("exp", backends=BACKENDS, formats=("float64",))
    share = found.facts["wall_s"] / found.facts["sampled_s"]
    if machine.load is not None and machine.load > machine.cores / 2:
        pytest.skip(f"no verdict at a load of {machine.load}: it was {share:.2f}")
    assert share < 1.5
