"""Each warning, provoked on a fake clock or by a machine that is told of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from halfulp.subject.timed import Sample
from halfulp.timing.doubts import of_machine, of_samples
from halfulp.timing.machine import Machine

TARGET = 1e7
QUIET = Machine(cores=4, caches={"L1": 1 << 15}, load=0.1, busy=1_000, stolen=0)
Make = Callable[..., Sample]


def doubts(make: Make, lengths: Sequence[float], **changes: int) -> list[str]:
    return of_samples([make(ns, 1_000, **changes) for ns in lengths], TARGET)


@pytest.mark.parametrize("seed", range(40))
def test_steady_samples_raise_no_doubt(seed: int, make_sample: Make) -> None:
    random = np.random.default_rng(seed)
    assert doubts(make_sample, 1.05e7 * (1 + np.abs(random.normal(0, 0.005, 30)))) == []


def test_a_drifting_clock(make_sample: Make) -> None:
    (said,) = doubts(make_sample, list(np.linspace(1.1e7, 1.3e7, 30)))
    assert said.startswith("The clock drifted: the last rounds took 12 % more time")
    (said,) = doubts(make_sample, list(np.linspace(1.3e7, 1.1e7, 30)))
    assert "11 % less" in said


def test_two_speeds(make_sample: Make) -> None:
    lengths = [1.1e7 + 1e4 * number for number in range(15)]
    lengths += [1.4e7 + 1e4 * number for number in range(15)]
    mixed = [lengths[number // 2 + 15 * (number % 2)] for number in range(30)]
    (said,) = doubts(make_sample, mixed)
    assert said.startswith("Samples are bimodal: 15 near")
    assert "near 1.107e+04 ns and 15 near 1.407e+04 ns" in said


def test_a_few_interruptions_are_not_two_speeds(make_sample: Make) -> None:
    lengths = [1.1e7 + 1e4 * number for number in range(28)]
    shuffled = [lengths[(5 * number) % 28] for number in range(28)]
    assert doubts(make_sample, [*shuffled[:14], 5e7, 6e7, *shuffled[14:]]) == []


def test_too_few_samples(make_sample: Make) -> None:
    (said,) = doubts(make_sample, [1.1e7] * 5)
    assert said.startswith("Too few samples: 5, and an interval of 95 % needs 6.")
    assert doubts(make_sample, [1.1e7] * 6) == []


def test_short_samples(make_sample: Make) -> None:
    (said,) = doubts(make_sample, [4e6] * 30)
    assert said.startswith("Samples are short: 4.0 ms, 10 ms were wanted.")


def test_a_loaded_machine_is_named_before_what_it_causes(make_sample: Make) -> None:
    lengths = np.linspace(1.1e7, 3e7, 30)
    samples = [make_sample(ns, 1_000, processor_ns=0.6 * ns, waits=1) for ns in lengths]
    (said,) = of_samples(samples, TARGET)
    assert said.startswith("The machine is loaded: the routine had its processor for 60 %")
    assert not [text for text in of_samples(samples, TARGET, device=True) if "loaded" in text]
    assert not [text for text in of_samples(samples, TARGET, threads=2) if "loaded" in text]


def test_a_quiet_machine_raises_no_doubt() -> None:
    after = replace(QUIET, busy=2_000)
    assert of_machine(QUIET, after, clock_ns=1, target_ns=TARGET) == []


@pytest.mark.parametrize(
    ("before", "after", "clock_ns", "said"),
    [
        ({"governors": ("powersave",)}, {}, 1, "A governor changes the frequency: powersave."),
        ({"quota": 0.5}, {}, 1, "A quota of 0.5 processors interferes"),
        ({"throttled": 3}, {"throttled": 9}, 1, "A quota interferes: this control group was stop"),
        ({"load": 3.5}, {}, 1, "The machine was loaded before timing began: 3.5 processes"),
        ({}, {"busy": 2_000, "stolen": 200}, 1, "The hypervisor took 20 %"),
        ({}, {}, 1e6, "The clock is coarse: it moves in steps of 1 ms."),
        ({"clock_source": "hpet"}, {}, 1, "The clock is slow to read"),
    ],
)  # fmt: skip
def test_what_a_machine_says(
    before: dict[str, object], after: dict[str, object], clock_ns: float, said: str
) -> None:
    first = replace(QUIET, **before)  # type: ignore[arg-type]
    last = replace(QUIET, **after)  # type: ignore[arg-type]
    (found,) = of_machine(first, last, clock_ns, TARGET)
    assert found.startswith(said)


def test_a_performance_governor_and_a_generous_quota_are_fine() -> None:
    fine = replace(QUIET, governors=("performance",), quota=4.0)
    assert of_machine(fine, fine, 1, TARGET) == []
