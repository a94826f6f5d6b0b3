"""Processes that a subject leaves behind: found by their environment, or by adoption.

A process group is not enough: whoever calls setsid leaves it. What stays is the environment that
processes inherit, and that a process whose parent ends becomes the child of the next *subreaper*
above it. Linux only.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_ROUNDS = 50
_PAUSE_S = 0.01

_adopting = False


def adopt_orphans() -> None:
    """Become the parent of orphans among the descendants; for a worker's own process only.

    From then on every child that is not known to `end_strays` counts as a stray.
    """
    global _adopting
    _adopting = ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


def end_strays(name: str, value: str, known: frozenset[int] = frozenset()) -> None:
    """Kill every process whose environment has `name=value`, and orphans that were adopted.

    Parameters
    ----------
    known
        Children of this process that are no strays.
    """
    mark = f"{name}={value}".encode()
    for _ in range(_ROUNDS):  # what is killed may have forked meanwhile
        strays = {*_marked(mark), *(_children() - known if _adopting else ())}
        for stray in strays:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(stray, signal.SIGKILL)
        for stray in strays:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(stray, os.WNOHANG)
        if not strays:
            return
        time.sleep(_PAUSE_S)


def descendants(process: int) -> set[int]:
    """Return a process and all that it started, as far as they have not been orphaned."""
    found, new = {process}, {process}
    while new:
        new = set().union(*(_children(one) for one in new)) - found
        found |= new
    return found


def _marked(mark: bytes) -> set[int]:
    """Return the living processes that have a text in their environment."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):  # another user's, or gone
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.add(int(entry.name))
    return found


def _children(process: int | None = None) -> set[int]:
    """Return the children of a process, of this one by default, zombies included."""
    found: set[int] = set()
    tasks = Path(f"/proc/{process or os.getpid()}/task")
    with contextlib.suppress(OSError):
        for task in tasks.iterdir():
            with contextlib.suppress(OSError):
                found.update(map(int, (task / "children").read_text().split()))
    return found
