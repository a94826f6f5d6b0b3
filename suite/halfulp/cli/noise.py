"""`halfulp doctor --timing`: which differences of speed this machine can tell."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from halfulp import api
from halfulp.cli.errors import say
from halfulp.cli.state import emit, table

if TYPE_CHECKING:
    from collections import Counter

    from halfulp.timing.machine import Machine
    from halfulp.timing.noise import Noise

_LATER = 20
_KINDS = ("equivalent", "inconclusive", "faster", "slower")


def show_noise(repetitions: int, *, quiet: bool) -> None:
    """Time routines against themselves and print what that says about this machine.

    Raises
    ------
    UsageError
        If fewer than one repetition is asked for.
    """
    from halfulp.timing import doubts, machine
    from halfulp.timing.plan import Options

    before = machine.look()
    found = api.noise(repetitions, (lambda *_: None) if quiet else _tell)
    emit(_machine(before))
    emit(_found(found, repetitions))
    sample_ns = Options().sample_ms * 1e6
    for doubt in doubts.of_machine(before, machine.look(), 1.0, sample_ns):
        emit(f"* {doubt}")


def _tell(done: int, total: int) -> None:
    if done % _LATER == 0 and done < total and not sys.stderr.isatty():
        say(f"{done} of {total} comparisons")


def _machine(found: Machine) -> str:
    caches = ", ".join(f"{name} {size / 2**10:,.0f} KiB" for name, size in found.caches.items())
    rows = (
        ("  caches", caches or "unknown"),
        ("  clock", found.clock_source or "unknown"),
        ("  governors", ", ".join(found.governors) or "none to be seen"),
        ("  quota", "none" if found.quota is None else f"{found.quota:g} processors"),
        ("  load", "unknown" if found.load is None else f"{found.load:g}"),
    )
    return f"timing\n{table(rows)}"


def _found(noise: Noise, repetitions: int) -> str:
    from halfulp.timing.noise import MORE, ROUTINES, SIZE, reach_of

    more = f"{100 * (MORE - 1):.0f} % more elements"
    verdicts = (
        ("  a routine against itself", _counts(noise.verdicts(more=False))),
        (f"  against {more}", _counts(noise.verdicts(more=True))),
        ("  found different, though the same", f"{100 * noise.share_of_differences:.1f} %"),
        (f"  found slower, with {more}", f"{100 * noise.share_found:.1f} %"),
        ("  differences that can be told", f"above {100 * noise.floor:.1f} %"),
        (
            "  the widest interval",
            f"{noise.widest.routine} ({100 * reach_of(noise.widest.same):.1f} %)",
        ),
    )
    counted = f"{repetitions} repetition{'' if repetitions == 1 else 's'}"
    title = f"noise: {len(ROUTINES)} routines at {SIZE:,} elements, {counted}"
    return f"\n{title}\n{table(verdicts)}"


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[kind]} {kind}" for kind in _KINDS if counts[kind])
