from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from halfulp.subject.fpstate import (
    DEFAULT,
    FloatingPointState,
    difference,
    floating_point_state,
)

CHANGE = """
import sys, ctypes, dataclasses
sys.path.insert(0, sys.argv[1])
import halfulp_faults
from halfulp.subject.fpstate import floating_point_state
exec(sys.argv[2])
print(floating_point_state())
"""
FAULTS = Path(__file__).parent / "faults"
x86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="sets x86 control bits")


def state_after(change: str) -> str:
    """Return the state probed in a process after a change."""
    command = [sys.executable, "-c", CHANGE, str(FAULTS), change]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_this_process_is_in_the_default_state() -> None:
    assert floating_point_state() == DEFAULT == FloatingPointState("nearest", False, False)


@x86
@pytest.mark.parametrize(
    ("mode", "name"),
    [(0, "nearest"), (0x400, "downward"), (0x800, "upward"), (0xC00, "toward zero")],
)
def test_rounding_modes_are_told_apart(mode: int, name: str) -> None:
    change = f"ctypes.CDLL('libm.so.6').fesetround({mode})"
    assert state_after(change) == str(FloatingPointState(name))  # type: ignore[arg-type] # a case


@x86
@pytest.mark.parametrize(("bits", "flush", "denormals"), [(0x8000, 1, 0), (0x40, 0, 1)])
def test_flushing_is_told_from_zeroed_operands(bits: int, flush: int, denormals: int) -> None:
    change = f"halfulp_faults.set_flushing(True, {bits})"
    expected = FloatingPointState(flush_to_zero=bool(flush), denormals_are_zero=bool(denormals))
    assert state_after(change) == str(expected)


def test_differences_are_put_in_words() -> None:
    changed = FloatingPointState("upward", flush_to_zero=True)
    assert difference(DEFAULT, DEFAULT) == ""
    assert difference(DEFAULT, changed) == (
        "the rounding mode from nearest to upward and flush-to-zero from off to on"
    )
