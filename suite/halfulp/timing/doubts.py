"""What makes times doubtful, each with what can be done about it.

The rules look at samples and at what the machine says; they never change a figure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from halfulp.timing.statistics import median, needed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from halfulp.subject.timed import Sample
    from halfulp.timing.machine import Machine

DRIFT = 0.05
"""Relative change of the time of a call from the first third of the rounds to the last."""

SHARE = 0.95
"""Part of a sample in which one thread should have had its processor."""

GAP = 0.05
"""Relative distance of two groups of samples that counts as two speeds."""

_GROUP = 0.2
_APART = 3.0
_SHORT = 0.8
_STOLEN = 0.02
_COARSE = 0.01
_FEWEST_TO_SPLIT = 10


def of_samples(
    samples: Sequence[Sample], target_ns: float, *, threads: int = 1, device: bool = False
) -> list[str]:
    """Return the doubts about the samples of one case, in the order of the rounds.

    Parameters
    ----------
    samples
        At least one.
    target_ns
        How long a sample should last.
    threads
        Threads that the routine may use.
    device
        Whether the work is done elsewhere than on the processor.
    """
    times = [sample.own_ns / sample.calls for sample in samples]
    shared = "" if threads > 1 or device else _shared(samples)
    # Where another load is at work, it is why times change.
    changing = [] if shared else [_drift(times), _split(times)]
    found = [_few(len(times)), _short(samples, target_ns), shared, *changing]
    return [text for text in found if text]


def _few(samples: int) -> str:
    least = needed(0.95)
    if samples >= least:
        return ""
    return (
        f"Too few samples: {samples}, and an interval of 95 % needs {least}. Raise `rounds`, or "
        "take smaller sizes."
    )


def _short(samples: Sequence[Sample], target_ns: float) -> str:
    typical = median([sample.own_ns for sample in samples]).middle
    if typical >= _SHORT * target_ns:
        return ""
    return (
        f"Samples are short: {typical / 1e6:.1f} ms, {target_ns / 1e6:g} ms were wanted. The "
        "machine was slower while calls were counted; time it again."
    )


def _drift(times: Sequence[float]) -> str:
    """Compare the medians of the first and of the last third."""
    third = len(times) // 3
    if third < 3:
        return ""
    first, last = median(times[:third]).middle, median(times[-third:]).middle
    change = last / first - 1
    if abs(change) < DRIFT:
        return ""
    return (
        f"The clock drifted: the last rounds took {100 * abs(change):.0f} % "
        f"{'more' if change > 0 else 'less'} time than the first. Let the machine settle, or fix "
        "its frequency. Ratios of paired rounds are not affected."
    )


def _split(times: Sequence[float]) -> str:
    """Look for two groups with a wide gap between them and little spread within."""
    ordered = sorted(times)
    if len(ordered) < _FEWEST_TO_SPLIT:
        return ""
    fewest = max(2, int(_GROUP * len(ordered)))
    places = range(fewest, len(ordered) - fewest + 1)
    cut = max(places, key=lambda place: ordered[place] - ordered[place - 1])
    slow, fast = ordered[cut:], ordered[:cut]
    spread = max(_middle_half(slow), _middle_half(fast))
    gap = ordered[cut] - ordered[cut - 1]
    if gap < GAP * ordered[cut - 1] or gap < _APART * spread:
        return ""
    low, high = median(fast).middle, median(slow).middle
    return (
        f"Samples are bimodal: {len(fast)} near {low:.4g} ns and {len(slow)} near {high:.4g} ns. "
        "A median says little here. Look for another load, a changing frequency, or memory that "
        "lies differently from time to time."
    )


def _middle_half(ordered: Sequence[float]) -> float:
    quarter = len(ordered) // 4
    return ordered[-1 - quarter] - ordered[quarter]


def _shared(samples: Sequence[Sample]) -> str:
    """Tell whether something else had the processor."""
    share = median([sample.processor_ns / sample.ns for sample in samples]).middle
    if share >= SHARE:
        return ""
    return (
        f"The machine is loaded: the routine had its processor for {100 * share:.0f} % of the "
        "time. The rest is not counted, but caches were shared. Stop what else runs, and time it "
        "again."
    )


def of_machine(before: Machine, after: Machine, clock_ns: float, target_ns: float) -> list[str]:
    """Return the doubts about the machine during the whole timing.

    Parameters
    ----------
    before, after
        What it said at the beginning and at the end.
    clock_ns
        Resolution of the clock.
    target_ns
        How long a sample should last.
    """
    found = [_governor(before), _quota(before, after), _load(before), _steal(before, after)]
    if clock_ns > _COARSE * target_ns:
        found.append(
            f"The clock is coarse: it moves in steps of {clock_ns / 1e6:g} ms. Raise `sample_ms`."
        )
    if before.clock_source in {"hpet", "acpi_pm"}:
        found.append(
            f"The clock is slow to read: the kernel takes the time from {before.clock_source}. "
            "Boot with clocksource=tsc if the processor's counter is reliable."
        )
    return [text for text in found if text]


def _governor(machine: Machine) -> str:
    others = [name for name in machine.governors if name != "performance"]
    if not others:
        return ""
    return (
        f"A governor changes the frequency: {', '.join(others)}. "
        "`cpupower frequency-set -g performance` keeps it up."
    )


def _quota(before: Machine, after: Machine) -> str:
    stops = (after.throttled or 0) - (before.throttled or 0)
    if stops <= 0 and (before.quota is None or before.quota >= 1):
        return ""
    quota = "" if before.quota is None else f" of {before.quota:g} processors"
    return (
        f"A quota{quota} interferes: this control group was stopped {stops} times. Time outside "
        "of the container, or raise its limit."
    )


def _load(machine: Machine) -> str:
    if machine.load is None or machine.load < machine.cores / 2:
        return ""
    return (
        f"The machine was loaded before timing began: {machine.load:g} processes wanted to run on "
        f"{machine.cores} processors. Wait until it is quiet, and time it again."
    )


def _steal(before: Machine, after: Machine) -> str:
    if None in {before.busy, before.stolen, after.busy, after.stolen}:
        return ""
    assert before.busy is not None
    assert after.busy is not None
    assert before.stolen is not None
    assert after.stolen is not None
    busy, stolen = after.busy - before.busy, after.stolen - before.stolen
    if busy <= 0 or stolen < _STOLEN * busy:
        return ""
    return (
        f"The hypervisor took {100 * stolen / busy:.0f} % of the processors' time for others. Use "
        "a machine of its own for figures that matter."
    )
