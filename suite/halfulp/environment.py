"""What a run is measured on: machine, system, and the versions behind the references."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from halfulp._version import __version__

REFERENCE_PACKAGES = ("mpmath", "gmpy2", "python-flint", "numpy")
"""Packages that the references and the judge stand on."""

DISPATCHED = (
    *("sse4_1", "avx", "avx2", "fma", "fma4", "avx512f", "avx512dq", "avx512vl", "avx512_fp16"),
    *("asimd", "asimdhp", "sve", "sve2"),
)
"""Processor features that libraries ask for before they choose a routine: x86-64's, then Arm's."""


def environment() -> dict[str, str]:
    """Return names and values, all text, for the run and the report."""
    facts = {
        "halfulp": __version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.release()}",
        "libc": " ".join(platform.libc_ver()).strip() or "unknown",
        "machine": platform.machine(),
        "processor": _processor(),
        "processor features": " ".join(_features()) or "unknown",
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": _memory(),
    }
    return facts | {name: _version(name) for name in REFERENCE_PACKAGES}


def usable_cores() -> int:
    """Return how many cores this process may run on."""
    return len(os.sched_getaffinity(0))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    """Return the processor's name as the kernel gives it."""
    return _told_by_kernel("model name") or platform.processor() or "unknown"


def _features() -> list[str]:
    """Return the features by which math libraries choose among variants of a routine."""
    present = (_told_by_kernel("flags") or _told_by_kernel("Features")).split()
    return [name for name in DISPATCHED if name in present]


def _told_by_kernel(key: str) -> str:
    """Return what the kernel says of the first processor, or ""."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    values = (line.partition(":")[2].strip() for line in lines if line.startswith(key))
    return next(values, "")


def _memory() -> str:
    import psutil

    return f"{psutil.virtual_memory().total / 2**30:.1f} GiB"
