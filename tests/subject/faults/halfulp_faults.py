"""An adapter whose routine misbehaves as its setting `fault` says; otherwise it returns its input.

Standard library only. Anything that a fault needs from the machine is asked for when it strikes.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halfulp.backend import Evaluate, Request, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def _copy(inputs: Sequence[memoryview], output: memoryview) -> None:
    output[:] = inputs[0]


def set_rounding_upward() -> None:
    """Change the rounding mode, as a library may that forgets to restore it."""
    upward = {"x86_64": 0x800, "aarch64": 0x400000}[platform.machine()]
    assert ctypes.CDLL("libm.so.6").fesetround(upward) == 0


def set_flushing(on: bool, bits: int = 0x8040) -> None:
    """Set or clear flush-to-zero and denormals-are-zero, as -ffast-math start-up code sets them."""
    assert platform.machine() == "x86_64"
    libm, environment = ctypes.CDLL("libm.so.6"), (ctypes.c_uint32 * 8)()
    libm.fegetenv(environment)
    environment[7] = environment[7] | bits if on else environment[7] & ~bits  # MXCSR
    libm.fesetenv(environment)


def segfault(inputs: Sequence[memoryview], output: memoryview) -> None:
    sys.stderr.write("about to read address 0\n")
    sys.stderr.flush()
    ctypes.string_at(0)


def abort(inputs: Sequence[memoryview], output: memoryview) -> None:
    os.abort()


def loop(inputs: Sequence[memoryview], output: memoryview) -> None:
    while True:
        pass


def loop_in_c(inputs: Sequence[memoryview], output: memoryview) -> None:
    ctypes.PyDLL(None).sleep(3600)  # PyDLL keeps the GIL: no Python thread can help


def error(inputs: Sequence[memoryview], output: memoryview) -> None:
    raise ArithmeticError("the routine gave up")


def leave(inputs: Sequence[memoryview], output: memoryview) -> None:
    os._exit(3)


def leave_politely(inputs: Sequence[memoryview], output: memoryview) -> None:
    sys.exit(5)


def leave_midway(inputs: Sequence[memoryview], output: memoryview) -> None:
    half = len(output) // 2
    output[:half] = inputs[0][:half]
    os._exit(3)


def hog_memory(inputs: Sequence[memoryview], output: memoryview) -> None:
    held = []
    while True:
        held.append(b"x" * (32 << 20))  # written, so that it is resident


def sleep(inputs: Sequence[memoryview], output: memoryview) -> None:
    time.sleep(3600)


def print_gigabyte(inputs: Sequence[memoryview], output: memoryview) -> None:
    line = b"z" * 65535 + b"\n"
    for _ in range(16 * 1024):
        os.write(1, line)
    _copy(inputs, output)


def print_much(inputs: Sequence[memoryview], output: memoryview) -> None:
    line = b"z" * 1023 + b"\n"
    for descriptor in (1, 2):
        for _ in range(50 * 1024):  # 50 MiB each
            os.write(descriptor, line)
    _copy(inputs, output)


def overwrite_inputs(inputs: Sequence[memoryview], output: memoryview) -> None:
    _copy(inputs, output)
    inputs[0][-1] ^= 1


def forget_last(inputs: Sequence[memoryview], output: memoryview) -> None:
    output[:-1] = inputs[0][:-1]


def one_wrong(inputs: Sequence[memoryview], output: memoryview) -> None:
    _copy(inputs, output)
    output[len(output) // 2] ^= 1


def too_long(inputs: Sequence[memoryview], output: memoryview) -> None:
    output[:] = memoryview(bytes(output.nbytes + output.itemsize)).cast(output.format)


def wrong_format(inputs: Sequence[memoryview], output: memoryview) -> None:
    output[:] = memoryview(bytes(8 * len(output))).cast("d")


def fork(inputs: Sequence[memoryview], output: memoryview) -> None:
    _copy(inputs, output)
    os.fork()


def fork_and_leave(inputs: Sequence[memoryview], output: memoryview) -> None:
    if os.fork():
        os._exit(0)
    time.sleep(3600)


def fork_and_loop(inputs: Sequence[memoryview], output: memoryview) -> None:
    os.fork()
    loop(inputs, output)


def _daemon(environment: dict[str, str]) -> None:
    """Leave a process of another session and group behind, forked without Python's knowledge."""
    libc = ctypes.PyDLL(None)
    if libc.fork() == 0:
        libc.setsid()
        if libc.fork() == 0:
            os.execve("/bin/sleep", ["sleep", os.environ["FAULT_SLEEP"]], environment)
        os._exit(0)


def daemon(inputs: Sequence[memoryview], output: memoryview) -> None:
    _daemon(dict(os.environ))
    _copy(inputs, output)


def nameless_daemon(inputs: Sequence[memoryview], output: memoryview) -> None:
    _daemon({})
    _copy(inputs, output)


def daemon_and_abort(inputs: Sequence[memoryview], output: memoryview) -> None:
    _daemon({})
    os.abort()


def daemon_and_loop(inputs: Sequence[memoryview], output: memoryview) -> None:
    _daemon({})
    loop(inputs, output)


def close_descriptors(inputs: Sequence[memoryview], output: memoryview) -> None:
    os.closerange(0, 1024)


def write_everywhere(inputs: Sequence[memoryview], output: memoryview) -> None:
    for descriptor in range(3, 64):
        with contextlib.suppress(OSError):
            os.write(descriptor, b"\xff" * 64)


def shrink_buffer(inputs: Sequence[memoryview], output: memoryview) -> None:
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if "memfd:halfulp" in str(entry.readlink()):
                os.truncate(entry, 0)
    _copy(inputs, output)


def round_upward(inputs: Sequence[memoryview], output: memoryview) -> None:
    _copy(inputs, output)
    set_rounding_upward()


def flush(inputs: Sequence[memoryview], output: memoryview) -> None:
    _copy(inputs, output)
    set_flushing(True)


def load_fast_math(inputs: Sequence[memoryview], output: memoryview) -> None:
    ctypes.CDLL(os.environ["FAULT_FAST_MATH"])
    _copy(inputs, output)


FAULTS: dict[str, Callable[[Sequence[memoryview], memoryview], None]] = {
    fault.__name__: fault
    for fault in (
        *(segfault, abort, loop, loop_in_c, error, leave, leave_politely, print_much),
        *(overwrite_inputs, forget_last, one_wrong, too_long, fork, fork_and_leave, fork_and_loop),
        *(close_descriptors, write_everywhere, shrink_buffer, round_upward, flush),
        *(leave_midway, hog_memory, sleep, print_gigabyte, wrong_format, load_fast_math),
        *(daemon, nameless_daemon, daemon_and_abort, daemon_and_loop),
    )
}


class _Faulty:
    """The adapter; settings: `fault`, and `at` = "load" or "prepare" to fail there instead."""

    name = "faulty"
    requires: tuple[str, ...] = ()
    formats = ("float16", "bfloat16", "float32", "float64")
    functions: Mapping[str, str] = {"exp": "misbehave"}
    note = ""

    def load(self, settings: Mapping[str, Any]) -> _Library:
        if settings.get("at") == "load":
            if settings["fault"] == "load_fast_math":
                ctypes.CDLL(os.environ["FAULT_FAST_MATH"])
            else:
                raise settings_error(settings)
        return _Library(settings)


class _Library:
    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings
        self.versions = {
            "faulty": "1",
            "threads": os.environ["OMP_NUM_THREADS"],
            "numpy loaded": str("numpy" in sys.modules),
        }

    def routine(self, request: Request) -> Evaluate:
        if self.settings.get("at") == "prepare" and request.formula is None:
            raise settings_error(self.settings)
        if request.formula is not None:
            raise Unavailable("there are no formulas here")
        return FAULTS.get(self.settings.get("fault", ""), _copy)


def settings_error(settings: Mapping[str, Any]) -> Exception:
    kinds = {"unavailable": Unavailable("no such device: faulty0"), "bug": KeyError("device")}
    return kinds[settings["fault"]]


adapter = _Faulty()
