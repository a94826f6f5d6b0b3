"""How much memory a subject holds, and how much it may.

The limit is watched from outside, by resident memory. RLIMIT_AS would be kept by the kernel, but it
counts addresses, not memory: CUDA and several runtimes reserve hundreds of gigabytes that they
never touch.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path

MOST_MB = 8192
"""The default limit on machines that have twice as much."""

_MB = 1 << 20


@cache
def default_limit_mb() -> int:
    """Return the limit where a study says nothing: half of the memory there is, at most 8 GiB."""
    sizes = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    with contextlib.suppress(OSError, ValueError):  # "max", or another version of control groups
        sizes.append(int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return min(MOST_MB, min(sizes) // 2 // _MB)


def resident_mb(processes: Iterable[int]) -> int:
    """Return the resident memory of processes together; what they share counts for each."""
    pages = 0
    for process in processes:
        with contextlib.suppress(OSError, IndexError):  # it ended meanwhile
            pages += int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // _MB
