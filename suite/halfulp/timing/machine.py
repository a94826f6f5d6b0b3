"""What a machine says about itself that decides about times: caches, governor, quota, load.

Read from files below a root, so that other machines can be told of in tests. Whatever a machine
does not tell is None or absent, never guessed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

_COPIES = 5
_COPY_NS = 4_000_000
_LEAST_COPY = 1 << 14
"""Copies of less are those of this many bytes: they would measure the call, not the copy."""

_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_CPU = "sys/devices/system/cpu"


@dataclass(frozen=True)
class Machine:
    """What is known of a machine at one moment.

    Parameters
    ----------
    cores
        Processors that this process may use.
    caches
        Bytes by name: the data caches L1, L2, ... of the first processor.
    governors
        The frequency governors of its processors.
    clock_source
        What the kernel takes the time from.
    quota
        Processors that a control group may use at most.
    throttled
        How often the control group has been stopped for its quota.
    load
        Processes that wanted to run, over the last minute.
    busy, stolen
        Ticks in which processors worked, and in which a hypervisor ran something else.
    """

    cores: int
    caches: Mapping[str, int]
    governors: tuple[str, ...] = ()
    clock_source: str = ""
    quota: float | None = None
    throttled: int | None = None
    load: float | None = None
    busy: int | None = None
    stolen: int | None = None

    def fits(self, size: int) -> str:
        """Return the smallest cache that holds so many bytes, or "memory"."""
        by_size = sorted(self.caches.items(), key=lambda item: item[1])
        return next((name for name, room in by_size if size <= room), "memory")

    def as_dict(self) -> dict[str, object]:
        """Return what a run records."""
        return {
            "cores": self.cores,
            "caches": dict(self.caches),
            "governors": list(self.governors),
            "clock_source": self.clock_source or None,
            "quota": self.quota,
            "load": self.load,
        }


def look(root: Path = Path("/")) -> Machine:
    """Return what the machine says now."""
    busy, stolen = _ticks(root)
    load = _text(root / "proc/loadavg").split()
    governors = {_text(file) for file in (root / _CPU).glob("cpu*/cpufreq/scaling_governor")}
    source = _text(root / "sys/devices/system/clocksource/clocksource0/current_clocksource")
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        caches=_caches(root / _CPU / "cpu0/cache"),
        governors=tuple(sorted(governors - {""})),
        clock_source=source,
        quota=_quota(root),
        throttled=_throttled(root),
        load=float(load[0]) if load else None,
        busy=busy,
        stolen=stolen,
    )


def _text(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""


def _caches(folder: Path) -> dict[str, int]:
    found = {}
    for index in sorted(folder.glob("index*")):
        size, level = _text(index / "size"), _text(index / "level")
        if size and level and _text(index / "type") != "Instruction":
            number, unit = size.rstrip("KMG"), size[-1]
            found[f"L{level}"] = int(number) * _UNITS.get(unit, 1)
    return found


def _quota(root: Path) -> float | None:
    """Return the processors of a control group's quota, of either version."""
    limit = _text(root / "sys/fs/cgroup/cpu.max").split()
    if not limit:
        files = ("cpu.cfs_quota_us", "cpu.cfs_period_us")
        limit = [_text(root / "sys/fs/cgroup/cpu" / name) for name in files]
    if len(limit) != 2 or not all(word.isdigit() for word in limit) or not int(limit[1]):
        return None  # without a quota it says "max", or -1
    return int(limit[0]) / int(limit[1])


def _throttled(root: Path) -> int | None:
    for place in ("sys/fs/cgroup/cpu.stat", "sys/fs/cgroup/cpu/cpu.stat"):
        for line in _text(root / place).splitlines():
            name, _, count = line.partition(" ")
            if name == "nr_throttled":
                return int(count)
    return None


def _ticks(root: Path) -> tuple[int | None, int | None]:
    """Return the ticks of all processors that were not idle, and those that were stolen."""
    fields = _text(root / "proc/stat").partition("\n")[0].split()
    if len(fields) < 9 or fields[0] != "cpu":
        return None, None
    user, nice, system, _, _, irq, soft, steal = map(int, fields[1:9])
    return user + nice + system + irq + soft + steal, steal


@cache
def copy_gb_per_s(size: int) -> float:
    """Return the bytes that a copy reads and writes in a second, 1e9 a GB.

    Parameters
    ----------
    size
        Bytes that one copy reads and writes.
    """
    source = np.zeros(max(size, _LEAST_COPY) // 2, np.uint8)
    target = np.ones_like(source)
    begin = time.perf_counter_ns()
    np.copyto(target, source)
    calls = max(1, _COPY_NS // max(time.perf_counter_ns() - begin, 1))
    took = []
    for _ in range(_COPIES):
        begin = time.perf_counter_ns()
        for _ in range(calls):
            np.copyto(target, source)
        took.append((time.perf_counter_ns() - begin) / calls)
    return 2 * source.size / sorted(took)[_COPIES // 2]
