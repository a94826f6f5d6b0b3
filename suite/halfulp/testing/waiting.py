"""A check of devices: what is timed ends when the device has ended, not when it was asked."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from halfulp.backend import Unavailable
from halfulp.subject.timed import Bound, Setting
from halfulp.testing.bench import Bench, ConformanceError
from halfulp.testing.samples import mild

if TYPE_CHECKING:
    from halfulp.backend import Request

_PROBED = 1_000
_LARGEST = 1 << 18
"""Elements of a call where the library is fast."""

_WORK_S = 0.1
"""Work that is enough to be told from the time of a message."""

_MOST_CALLS = 1 << 14
_TRIES = 3


def waits_for_its_device(bench: Bench) -> None:
    """Check that no work is left when a sample of calls has been taken.

    Much work is asked for; if the next small evaluation then takes longer than the sample did, the
    library had not waited. Thrice, because other programs disturb.
    """
    request = bench.native(bench.few[0], bench.formats[-1])
    routine = bench.prepared(request)
    if routine is None:
        return
    bound = _bound(bench, routine, request)
    if bound is not None and all(_is_late(bench, request, bound) for _ in range(_TRIES)):
        raise ConformanceError(
            f"{bench.name}: {request.function} in {request.format.name} is still being computed "
            "when the library says that it has waited for it"
        )


def _bound(bench: Bench, routine: int, request: Request) -> Bound | None:
    """Return a call of many elements, as many as take a tenth of a second at most."""
    inputs = mild(request.format, _PROBED, len(request.arguments))
    _seconds(bench, request, _PROBED)  # the first may be compiled
    each_s = _seconds(bench, request, _PROBED) / _PROBED
    size = max(min(_LARGEST, int(_WORK_S / each_s)), 1)
    for allocation in ("out", "fresh"):
        try:
            return bench.subject.bind(routine, inputs, Setting(size, allocation), 0)
        except Unavailable:
            continue
    return None


def _is_late(bench: Bench, request: Request, bound: Bound) -> bool:
    """Tell whether more than half of some work is done after its end was reported."""
    calls = 1
    while True:
        idle = _seconds(bench, request, 1)
        begin = time.perf_counter()
        bench.subject.sample(bound, calls)
        sampled = time.perf_counter() - begin
        left = _seconds(bench, request, 1) - idle
        if sampled + left > _WORK_S or calls >= _MOST_CALLS:
            return left > sampled and left > _WORK_S / 2
        calls *= 2


def _seconds(bench: Bench, request: Request, count: int) -> float:
    """Return how long an evaluation takes, its message included."""
    inputs = mild(request.format, count, len(request.arguments))
    begin = time.perf_counter()
    bench.evaluated(request, *inputs)
    return time.perf_counter() - begin
