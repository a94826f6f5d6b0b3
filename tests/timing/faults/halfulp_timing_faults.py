"""An adapter that evaluates well, and misbehaves only in the middle of timing.

Settings: `fault` names what happens, `after` in which turn, counted over the life of the process.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from halfulp.backend import Arrays, Call, Evaluate, Request


def segfault() -> None:
    ctypes.string_at(0)


def hang() -> None:
    time.sleep(3_600)


def give_up() -> None:
    raise ArithmeticError("the routine gave up")


def nothing() -> None:
    """Go on."""


FAULTS: dict[str, Callable[[], None]] = {
    each.__name__: each for each in (segfault, hang, give_up, nothing)
}


class _Device:
    """Work of 3 ms that goes on after calls have returned; its own clock says 2.5 ms."""

    def __init__(self) -> None:
        self.until = 0.0

    def begin(self) -> None:
        self.until = max(self.until, time.perf_counter()) + 0.003

    def wait(self) -> None:
        time.sleep(max(0.0, self.until - time.perf_counter()))

    def start(self) -> None:
        self.wait()

    def stop(self) -> int:
        self.wait()
        return 2_500_000


class _Adapter:
    name = "mistimed"
    requires: tuple[str, ...] = ()
    formats = ("float32", "float64")
    functions: Mapping[str, str] = {"exp": "misbehave", "sin": "behave", "cos": "on a device"}
    note = ""

    def load(self, settings: Mapping[str, Any]) -> _Library:
        return _Library(settings)


class _Library:
    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings
        self.versions = {"mistimed": "1"}
        self.turns = 0

    def routine(self, request: Request) -> Evaluate:
        def evaluate(inputs: Any, output: Any) -> None:
            output[:] = inputs[0]

        return evaluate

    def bind(self, request: Request, arrays: Arrays) -> Call:
        if request.function == "sin":
            return Call(nothing, "nothing()")
        if request.function == "cos":
            device = _Device()
            return Call(device.begin, "begin()", None, device.wait, device)
        fault = FAULTS[self.settings["fault"]]
        return Call(nothing, "misbehave()", partial(self._misbehave, fault))

    def _misbehave(self, fault: Callable[[], None], calls: int) -> None:
        self.turns += 1
        if self.turns >= self.settings["after"]:
            fault()
        end = time.perf_counter_ns() + 20_000 * calls
        while time.perf_counter_ns() < end:
            pass


adapter = _Adapter()
