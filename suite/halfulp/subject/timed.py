"""The judge's handle on a subject that is timed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from halfulp.subject.handle import Subject
from halfulp.subject.protocol import check_inputs

if TYPE_CHECKING:
    from halfulp.encodings import Bits
    from halfulp.formats import Format

PATIENCE_S = 10.0
"""Seconds beyond what was expected of a sample after which its subject counts as hanging."""

_PATIENCE = 20


@dataclass(frozen=True)
class Setting:
    """How a routine is called when it is timed.

    Parameters
    ----------
    size
        Elements of one call.
    allocation
        "out" if the output is given, "fresh" if each call makes its own.
    stride
        Distance of neighbouring inputs, in elements.
    threads
        Threads that the routine may use.
    mode
        "throughput", or "latency" where each element waits for the result before it.
    """

    size: int
    allocation: str = "out"
    stride: int = 1
    threads: int = 1
    mode: str = "throughput"


@dataclass(frozen=True)
class Sample:
    """The time of some calls, one after the other.

    Parameters
    ----------
    calls
        How many.
    ns
        From the first call to the end of all work.
    host_ns
        Until the last call returned; less than `ns` where a device works on.
    device_ns
        By the device's clock; None without.
    processor_ns
        Processor time of the process.
    taken
        How often something else took its processor away.
    waits
        How often it gave its processor up by itself, to wait for something.
    """

    calls: int
    ns: int
    host_ns: int
    device_ns: int | None
    processor_ns: int
    taken: int
    waits: int

    @property
    def own_ns(self) -> int:
        """The time less that in which something else had taken the processor away.

        Where the process never waited by itself, what its processor time lacks is time that was
        taken from it. Where it did, as for a device or for other threads, all of the time counts.
        """
        if self.waits or not self.taken or self.device_ns is not None:
            return self.ns
        return min(self.ns, self.processor_ns)


@dataclass(frozen=True)
class Bound:
    """A routine that is bound to its arrays in the subject.

    Parameters
    ----------
    number
        By which the subject knows it.
    shown
        The call in the library's words, or "" where the adapter's evaluation is timed.
    """

    number: int
    shown: str


class TimedSubject(Subject):
    """A backend whose routines are timed, in a process of its own; see `Subject`."""

    _bindings = 0

    def bind(self, routine: int, inputs: Bits, setting: Setting, seed: int) -> Bound:
        """Bind a prepared routine to arrays in the subject's own memory.

        Parameters
        ----------
        routine
            What `prepare` returned since the last start.
        inputs
            Encodings of shape (arity, n): the inputs, taken again and again.
        setting
            How it is called.
        seed
            Decides where the arrays begin.

        Raises
        ------
        Unavailable
            If the library, or its adapter, has no such call.
        SubjectError
            If something else went wrong.
        """
        request = self._request(routine)
        check_inputs(request, inputs)
        self._arrays(request.format, len(request.arguments) + 1, inputs.shape[1])[:-1] = inputs
        self._bindings += 1
        message = {
            "do": "bind",
            "routine": routine,
            "count": inputs.shape[1],
            "call": self._bindings,
            "size": setting.size,
            "allocation": setting.allocation,
            "stride": setting.stride,
            "mode": setting.mode,
            "seed": seed,
        }
        reply = self._exchange(message, self.start_limit_s)
        return Bound(self._bindings, reply["shown"])

    def sample(self, bound: Bound, calls: int, warm: int = 0, expected_ns: float = 0) -> Sample:
        """Time some calls of what was bound.

        Parameters
        ----------
        calls
            How many are timed.
        warm
            How many are made before.
        expected_ns
            How long all this should take: a subject that needs twenty times as long and ten seconds
            is ended, but never one that is within its time limit for one call.

        Raises
        ------
        SubjectError
            "crashed", "timed out" or "failed".
        """
        limit_s = self.time_limit_s
        if expected_ns:
            limit_s = min(limit_s, PATIENCE_S + _PATIENCE * expected_ns / 1e9)
        message = {"do": "sample", "call": bound.number, "calls": calls, "warm": warm}
        reply = self._exchange(message, limit_s)
        figures = ("ns", "host_ns", "device_ns", "processor_ns", "taken", "waits")
        return Sample(calls, *(reply[name] for name in figures))

    def outputs(self, bound: Bound, fmt: Format, count: int) -> Bits:
        """Return a copy of the first results that the timed calls left in their output.

        Parameters
        ----------
        bound
            A binding with an output of its own.
        fmt
            The format of the results.
        count
            How many; no more than the binding has.
        """
        room = self._arrays(fmt, 1, count)
        self._exchange({"do": "outputs", "call": bound.number, "count": count}, self.start_limit_s)
        made: Bits = room[0].copy()
        return made

    def release(self, bound: Bound) -> None:
        """Let the subject forget a call and free its arrays."""
        self._exchange({"do": "release", "call": bound.number}, self.start_limit_s)
