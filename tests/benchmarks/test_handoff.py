"""What it costs that a routine runs in another process: nanoseconds an element.

The subject makes its inputs from a start and a count, and the judge reads the outputs where they
lie. The cost is the processor time that the subject spends on an element, less that of the same
call in place; wall time is printed beside it, and a NumPy copy for scale. Processor time, because
the two processes may share a machine's processors with others. Those cost cache and clock all the
same (0.1 to 0.2 ns an element were seen), so that a busy machine gets figures but no verdict.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import numpy as np
import pytest

from halfulp.backend import Request, adapter_named
from halfulp.formats import FORMATS
from halfulp.subject.handle import Subject

FLOAT32 = FORMATS["float32"]
FIRST = 0x3F000000  # 0.5
CHUNKS = 64
ROUNDS = 15
LIMIT_NS = 0.3


def processor_ns(pid: int) -> int:
    """Return the processor time that a process has used; 0 is this one."""
    return time.clock_gettime_ns(~pid << 3 | 2)  # clock_getcpuclockid(3), CPUCLOCK_SCHED


def least(measure: Callable[[], float]) -> float:
    return min(measure() for _ in range(ROUNDS))


def in_place(adapter: str, request: Request, chunk: int) -> Callable[[], float]:
    """Return a measurement of the routine in this process, on inputs that lie there."""
    evaluate = adapter_named(adapter).load({}).routine(request)
    inputs = memoryview(bytearray(np.arange(FIRST, FIRST + chunk, dtype=np.uint32))).cast("I")
    output = memoryview(bytearray(4 * chunk)).cast("I")

    def measure() -> float:
        before = processor_ns(0)
        for _ in range(CHUNKS):
            evaluate([inputs], output)
        return (processor_ns(0) - before) / (CHUNKS * chunk)

    return measure


def copied(chunk: int) -> float:
    """Return what NumPy needs to copy an element."""
    source, target = np.ones(chunk, np.uint32), np.ones(chunk, np.uint32)
    before = time.perf_counter_ns()
    for _ in range(CHUNKS):
        np.copyto(target, source)
    return (time.perf_counter_ns() - before) / (CHUNKS * chunk)


@pytest.mark.benchmark
@pytest.mark.parametrize("chunk", [1 << 16, 1 << 17, 1 << 18])
@pytest.mark.parametrize("adapter", ["numpy", "c"])
def test_handing_over_costs_little(
    adapter: str, chunk: int, record_property: Callable[[str, object], None]
) -> None:
    request = Request("exp", None, FLOAT32, ("x",))
    walls = []
    with Subject(adapter, {}) as subject:
        assert subject.pid is not None
        routine = subject.prepare(request)

        def streamed() -> float:
            before, start = processor_ns(subject.pid or 0), time.perf_counter_ns()
            for output in subject.stream_keys(routine, FIRST, CHUNKS * chunk, chunk):
                int(output[0])
            walls.append((time.perf_counter_ns() - start) / (CHUNKS * chunk))
            return (processor_ns(subject.pid or 0) - before) / (CHUNKS * chunk)

        local, remote = least(in_place(adapter, request, chunk)), least(streamed)
    figures = {
        "in place": local,
        "in the subject": remote,
        "handing over": remote - local,
        "wall": min(walls),
        "NumPy copy": least(lambda: copied(chunk)),
    }
    for name, figure in figures.items():
        record_property(name, round(figure, 3))
    shown = ", ".join(f"{name} {figure:.3f}" for name, figure in figures.items())
    print(f"\n{adapter}, {chunk} float32, ns an element: {shown}")  # noqa: T201 - its result
    if os.getloadavg()[0] > len(os.sched_getaffinity(0)) / 2:
        pytest.skip(f"no verdict, the machine is busy with other work; {shown}")
    assert figures["handing over"] < LIMIT_NS
