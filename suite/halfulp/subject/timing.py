"""The subject's side of timing: routines bound to arrays, and the loop that takes samples.

The process times itself, because a message costs more than a call of a small array. It does so by
the standard library alone, and touches nothing between the first and the last call of a sample.
"""

from __future__ import annotations

import gc
import itertools
import mmap
import random
import resource
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from halfulp.backend import Arrays, Call, Evaluate, Library, Request, Staged, Unavailable
from halfulp.subject.messages import item_code

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_LINE = 64
_PAGE = mmap.PAGESIZE
_HUGE = 1 << 22
"""Arrays from 4 MiB on ask for large pages, as NumPy's do."""


@dataclass(frozen=True)
class _Bound:
    """A call with the memory that it works on."""

    call: Call
    repeat: Callable[[int], None]
    arrays: Arrays


class Stopwatch:
    """Binds routines of a loaded library to arrays, and takes samples of them."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._bound: dict[int, _Bound] = {}
        gc.collect()
        gc.freeze()  # the library's own objects need not be looked through again

    def bind(
        self,
        request: Request,
        evaluate: Evaluate,
        pool: Sequence[memoryview],
        message: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Bind a routine to arrays of its own, filled from a pool of inputs again and again."""
        size, stride = message["size"], message["stride"]
        lines = random.Random(message["seed"])  # noqa: S311 - places in memory are no secret
        fresh, latency = message["allocation"] == "fresh", message["mode"] == "latency"
        inputs = tuple(_filled(view, size * stride, lines) for view in pool)
        output = None if fresh else _room(request.format.width // 8, size, lines)
        arrays = Arrays(inputs, output, stride, latency)
        call = _call(self._library, request, evaluate, arrays)
        self._bound[message["call"]] = _Bound(call, call.repeat or _repeated(call.run), arrays)
        return {"shown": call.shown}

    def outputs(self, message: Mapping[str, Any]) -> memoryview:
        """Return the first results of a call that has an output of its own."""
        output = self._bound[message["call"]].arrays.output
        assert output is not None, "the output was given"
        return output[: message["count"]]

    def release(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Let go of a call and its arrays."""
        self._bound.pop(message["call"], None)
        return {}

    def sample(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Make some calls, then time some more as one; see `halfulp.subject.timed.Sample`."""
        bound = self._bound[message["call"]]
        if message["warm"]:
            bound.repeat(message["warm"])
            _wait(bound.call)
        collecting = gc.isenabled()
        gc.disable()
        try:
            return _timed(bound, message["calls"])
        finally:
            if collecting:
                gc.enable()


def _timed(bound: _Bound, calls: int) -> dict[str, Any]:
    repeat, device, clock = bound.repeat, bound.call.device, time.perf_counter_ns
    before = resource.getrusage(resource.RUSAGE_SELF)
    processor = time.process_time_ns()
    if device is not None:
        device.start()
    begin = clock()
    repeat(calls)
    returned = clock()
    device_ns = None if device is None else device.stop()
    _wait(bound.call)
    end = clock()
    processor = time.process_time_ns() - processor
    after = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "ns": end - begin,
        "host_ns": returned - begin,
        "device_ns": device_ns,
        "processor_ns": processor,
        "taken": after.ru_nivcsw - before.ru_nivcsw,
        "waits": after.ru_nvcsw - before.ru_nvcsw,
    }


def _wait(call: Call) -> None:
    if call.synchronise is not None:
        call.synchronise()


def _repeated(run: Callable[[], object]) -> Callable[[int], None]:
    """Return a loop over a call; its own cost is some tens of nanoseconds a call."""

    def repeat(calls: int) -> None:
        for _ in itertools.repeat(None, calls):
            run()

    return repeat


def _call(library: Library, request: Request, evaluate: Evaluate, arrays: Arrays) -> Call:
    """Return what is timed: the library's own call where the adapter knows it."""
    bind = getattr(library, "bind", None)
    if bind is not None:
        call: Call = bind(request, arrays)
        return call
    if arrays.latency or arrays.stride != 1:
        asked = "latency" if arrays.latency else "strided inputs"
        raise Unavailable(f"This backend's adapter has no way to time {asked}.")
    if isinstance(evaluate, Staged):
        output = _like(arrays.inputs[0]) if arrays.output is None else arrays.output
        stage = evaluate.stage(arrays.inputs, output)
        return Call(stage.run, "", synchronise=stage.synchronise)
    if arrays.output is None:
        raise Unavailable("This backend's adapter has no way to time a fresh output.")
    return Call(partial(evaluate, arrays.inputs, arrays.output), "")


def _filled(pool: memoryview, count: int, lines: random.Random) -> memoryview:
    """Return an array of `count` elements that repeats a pool of inputs."""
    view = _room(pool.itemsize, count, lines)
    done = min(len(pool), count)
    view[:done] = pool[:done]
    while done < count:
        more = min(done, count - done)
        view[done : done + more] = view[:more]
        done += more
    return view


def _room(itemsize: int, count: int, lines: random.Random) -> memoryview:
    """Return memory of this process alone, every page of it touched.

    It begins on a random cache line of a page: where arrays lie towards each other decides about
    some per cent, and must not be the same in each binding.
    """
    used, start = itemsize * count, _LINE * lines.randrange(_PAGE // _LINE)
    memory = mmap.mmap(-1, start + used)
    if used >= _HUGE:
        memory.madvise(mmap.MADV_HUGEPAGE)
    whole = memoryview(memory)
    whole[::_PAGE] = bytes(-(-len(whole) // _PAGE))
    return whole[start : start + used].cast(item_code(8 * itemsize))


def _like(view: memoryview) -> memoryview:
    return memoryview(bytearray(len(view) * view.itemsize)).cast(item_code(8 * view.itemsize))
