from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from halfulp.subject.timed import Sample
from halfulp.timing.contenders import Failure, LostError


def sample(ns: float, calls: int = 1, **changes: Any) -> Sample:
    """Return a sample in which nothing else happened."""
    whole = round(ns)
    known = {
        "ns": whole, "host_ns": whole, "device_ns": None,
        "processor_ns": whole, "taken": 0, "waits": 0,
    }  # fmt: skip
    return Sample(calls, **{**known, **changes})


@dataclass
class Fake:
    """A contender on a clock of its own: `cost` is the time of a call, by number of the sample."""

    name: str
    cost: Callable[[int], float]
    diary: list[tuple[str, str, int]] = field(default_factory=list)
    fails_at: int = -1
    samples: int = 0

    def bind(self, seed: int) -> str:
        self.diary.append((self.name, "bind", seed))
        return f"call {self.name}"

    def sample(self, calls: int, warm: int = 0, expected_ns: float = 0) -> Sample:
        if self.samples == self.fails_at:
            raise LostError(Failure("crashed", "killed by SIGSEGV"))
        self.diary.append((self.name, "sample", calls))
        took = calls * self.cost(self.samples)
        self.samples += 1
        return sample(took, calls)

    def release(self) -> None:
        self.diary.append((self.name, "release", 0))


@pytest.fixture
def make_sample() -> Callable[..., Sample]:
    return sample


@pytest.fixture
def make_fake() -> Callable[..., Fake]:
    diary: list[tuple[str, str, int]] = []

    def make(name: str, cost: float | Callable[[int], float], **changes: Any) -> Fake:
        steady = cost if callable(cost) else (lambda _: cost)
        return Fake(name, steady, diary, **changes)

    return make


FAULTS = Path(__file__).parent / "faults"


@pytest.fixture
def mistimed_adapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Install the adapter of tests/timing/faults for subjects to find, and return its name."""
    installed = tmp_path / "installed"
    record = installed / "halfulp_timing_faults-1.dist-info"
    record.mkdir(parents=True)
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: mistimed\nVersion: 1\n")
    (record / "entry_points.txt").write_text(
        "[halfulp.adapters]\nmistimed = halfulp_timing_faults:adapter\n"
    )
    (installed / "halfulp_timing_faults.py").symlink_to(FAULTS / "halfulp_timing_faults.py")
    monkeypatch.setenv("PYTHONPATH", str(installed))
    monkeypatch.syspath_prepend(installed)
    return "mistimed"
