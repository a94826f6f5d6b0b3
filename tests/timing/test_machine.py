from __future__ import annotations

from pathlib import Path

import pytest

from halfulp.timing.machine import copy_gb_per_s, look

FILES = {
    "sys/devices/system/cpu/cpu0/cache/index0/size": "48K",
    "sys/devices/system/cpu/cpu0/cache/index0/level": "1",
    "sys/devices/system/cpu/cpu0/cache/index0/type": "Data",
    "sys/devices/system/cpu/cpu0/cache/index1/size": "64K",
    "sys/devices/system/cpu/cpu0/cache/index1/level": "1",
    "sys/devices/system/cpu/cpu0/cache/index1/type": "Instruction",
    "sys/devices/system/cpu/cpu0/cache/index2/size": "2048K",
    "sys/devices/system/cpu/cpu0/cache/index2/level": "2",
    "sys/devices/system/cpu/cpu0/cache/index2/type": "Unified",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave\n",
    "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor": "performance\n",
    "sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc\n",
    "sys/fs/cgroup/cpu.max": "150000 100000\n",
    "sys/fs/cgroup/cpu.stat": "usage_usec 12\nnr_throttled 7\n",
    "proc/loadavg": "1.25 0.8 0.5 1/99 1234\n",
    "proc/stat": "cpu  10 20 30 400 50 1 2 6 0 0\ncpu0 1 2 3\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


def test_a_machine_that_tells_everything(root: Path) -> None:
    found = look(root)
    assert found.caches == {"L1": 48 << 10, "L2": 2 << 20}
    assert found.governors == ("performance", "powersave")
    assert found.clock_source == "tsc"
    assert found.quota == 1.5
    assert found.throttled == 7
    assert found.load == 1.25
    assert (found.busy, found.stolen) == (10 + 20 + 30 + 1 + 2 + 6, 6)


@pytest.mark.parametrize("limit", ["max 100000", "", "garbage", "-1\n"])
def test_no_quota(root: Path, limit: str) -> None:
    (root / "sys/fs/cgroup/cpu.max").write_text(limit)
    assert look(root).quota is None


def test_a_machine_that_tells_nothing(tmp_path: Path) -> None:
    found = look(tmp_path)
    assert found.caches == {}
    assert found.quota is None
    assert found.load is None
    assert found.busy is None
    assert found.fits(1) == "memory"


def test_arrays_are_named_by_the_cache_that_holds_them(root: Path) -> None:
    found = look(root)
    sizes = {1: "L1", 48 << 10: "L1", (48 << 10) + 1: "L2", 2 << 20: "L2", 1 << 30: "memory"}
    assert {size: found.fits(size) for size in sizes} == sizes


def test_a_copy_moves_bytes() -> None:
    assert copy_gb_per_s(1 << 20) > 0.1
