"""A process that ends with its parent, however that ends."""

from __future__ import annotations

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


def ask_for_death(by: signal.Signals = signal.SIGKILL) -> None:
    """Ask the kernel for a signal when the parent ends; forks do not inherit the wish."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, int(by), 0, 0, 0)


def die_with_parent(parent: int, by: signal.Signals = signal.SIGKILL) -> None:
    """End with the parent of this pid, also if it ended before the kernel knew the wish."""
    ask_for_death(by)
    if os.getppid() != parent:
        os.kill(os.getpid(), by)
