"""The table of faults: whatever a routine does, only its own row says so (docs/isolation.md).

Each fault goes through the real thing: a study with a bad routine between two good ones, by the
command line, with workers and subjects in processes of their own.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from halfulp.cli import main
from halfulp.runs.store import load_run

STUDY = """
schema = 1
{backend}
[[case]]
functions = ["exp"]
backends = ["math", {bad} "numpy"]
formats = ["float32"]
inputs = ["spread:9000"]
"""

BAD = """
[backend.bad]
adapter = "faulty"
fault = "{fault}"
{settings}
"""


@dataclass(frozen=True)
class Fault:
    """What becomes of the row of a bad routine; `reason` is how the reason begins."""

    name: str
    status: str
    reason: str | None
    settings: str = ""


TABLE = [
    Fault("segfault", "crashed", "killed by SIGSEGV; its last words: about to read address 0"),
    Fault("abort", "crashed", "killed by SIGABRT"),
    Fault("loop", "timed out", "no result within the limit of 1 s", "time_limit_s = 1"),
    Fault("loop_in_c", "timed out", "no result within the limit of 1 s", "time_limit_s = 1"),
    Fault("sleep", "timed out", "no result within the limit of 0.5 s", "time_limit_s = 0.5"),
    Fault(
        "hog_memory",
        "crashed",
        "killed: it held more memory than the limit of 300 MB",
        "memory_limit_mb = 300",
    ),
    Fault("error", "failed", "ArithmeticError: the routine gave up"),
    Fault("too_long", "failed", "ValueError: memoryview assignment: lvalue and rvalue have diff"),
    Fault("wrong_format", "failed", "ValueError: memoryview assignment: lvalue and rvalue have"),
    Fault("overwrite_inputs", "failed", "exp wrote into its inputs"),
    Fault("round_upward", "failed", "it changed the rounding mode from nearest to upward"),
    Fault(
        "load_fast_math",
        "failed",
        "it changed flush-to-zero from off to on and denormals-are-zero from off to on",
    ),
    Fault("print_gigabyte", "measured", None),
    Fault("fork", "measured", None),
    Fault("fork_and_leave", "crashed", "it exited with code 0"),
    Fault("daemon", "measured", None),
    Fault("nameless_daemon", "measured", None),
    Fault("daemon_and_abort", "crashed", "killed by SIGABRT"),
    Fault("close_descriptors", "crashed", "it closed its connection to the judge"),
    Fault("write_everywhere", "crashed", "it wrote into its connection to the judge"),
    Fault("leave", "crashed", "it exited with code 3"),
    Fault("leave_midway", "crashed", "it exited with code 3"),
    Fault("shrink_buffer", "measured", None),
]


@pytest.fixture
def sleep_seconds(monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the argument by which the daemons of this test are known."""
    seconds = str(10**6 + secrets.randbelow(10**8))
    monkeypatch.setenv("FAULT_SLEEP", seconds)
    return seconds


@pytest.fixture
def nothing_is_left(sleep_seconds: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Assert that no process, shared memory or descriptor is left behind."""
    mark = secrets.token_hex(8)
    monkeypatch.setenv("FAULT_MARK", mark)
    memory, descriptors = set(Path("/dev/shm").iterdir()), open_descriptors()
    yield
    assert not processes_of(mark, sleep_seconds)
    assert set(Path("/dev/shm").iterdir()) <= memory
    assert open_descriptors() <= descriptors


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def processes_of(mark: str, sleep_seconds: str) -> list[psutil.Process]:
    """Return processes that a test started, by their environment, or a daemon's argument."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid != os.getpid() and (
                process.environ().get("FAULT_MARK") == mark or sleep_seconds in process.cmdline()
            ):
                found.append(process)
    return found


def write_study(folder: Path, fault: Fault | None) -> Path:
    backend = BAD.format(fault=fault.name, settings=fault.settings) if fault else ""
    path = folder / "study.toml"
    path.write_text(STUDY.format(backend=backend, bad='"bad",' if fault else ""))
    return path


def rows_of(out: Path) -> dict[str, dict[str, Any]]:
    return {row["backend"]: row for row in load_run(out).rows}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Return the rows of the good routines without a bad one."""
    folder = tmp_path_factory.mktemp("undisturbed")
    out = folder / "run"
    study = str(write_study(folder, None))
    assert main(["run", study, "--out", str(out), "--no-report", "-q"]) == 0
    return rows_of(out)


@pytest.mark.parametrize("fault", TABLE, ids=lambda fault: fault.name)
def test_only_the_bad_routines_row_says_what_happened(
    fault: Fault,
    bad_adapter: str,
    undisturbed: dict[str, dict[str, Any]],
    nothing_is_left: None,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    if fault.name == "load_fast_math":
        monkeypatch.setenv("FAULT_FAST_MATH", str(request.getfixturevalue("fast_math")))
    out = tmp_path / "run"
    code = main(
        ["run", str(write_study(tmp_path, fault)), "--out", str(out), "--no-report", "--quiet"]
    )
    assert code == 0  # carried out, even if rows say crashed
    rows = rows_of(out)
    bad = rows.pop("bad")
    assert bad["status"] == fault.status
    if fault.reason is None:
        assert bad["reason"] is None
        assert bad["max_ulp_text"]
    else:
        assert bad["reason"].startswith(fault.reason)
        assert bad["max_ulp_text"] is None
    assert rows == undisturbed
    assert load_run(out).manifest["status"] == "complete"


def test_a_backend_that_flushes_from_the_start_is_judged_under_both_policies(
    bad_adapter: str,
    fast_math: Path,
    undisturbed: dict[str, dict[str, Any]],
    nothing_is_left: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("FAULT_FAST_MATH", str(fast_math))
    out = tmp_path / "run"
    fault = Fault("load_fast_math", "measured", None, 'at = "load"')
    study = str(write_study(tmp_path, fault))
    assert main(["run", study, "--out", str(out), "--no-report", "-q"]) == 0
    run = load_run(out)
    rows = rows_of(out)
    assert rows.pop("bad")["note"].startswith("The backend flushes subnormals; against results")
    second = [row for row in run.records("witnesses") if row["quantity"] == "max_ulp_flushing"]
    assert [row["backend"] for row in second] == ["bad"]
    assert rows == undisturbed
    assert run.manifest["backends"]["bad"]["floating_point_state"]["flush_to_zero"] == "True"
    assert run.manifest["backends"]["math"]["floating_point_state"]["flush_to_zero"] == "False"


def test_if_every_routine_is_bad_nothing_was_measured(
    bad_adapter: str, nothing_is_left: None, tmp_path: Path
) -> None:
    study = write_study(tmp_path, Fault("abort", "crashed", None))
    study.write_text(study.read_text().replace('"math", "bad", "numpy"', '"bad"'))
    assert main(["run", str(study), "--out", str(tmp_path / "run"), "-q", "--no-report"]) == 3


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_nothing_outlives_a_run_that_is_ended(
    end: signal.Signals,
    bad_adapter: str,
    sleep_seconds: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Daemons included, which left their group, their session and their environment behind."""
    mark = secrets.token_hex(8)
    monkeypatch.setenv("FAULT_MARK", mark)
    study = write_study(tmp_path, Fault("daemon_and_loop", "", None))
    command = [sys.executable, "-m", "halfulp", "run", str(study), "--out", str(tmp_path / "run")]

    def started() -> list[psutil.Process]:
        return processes_of(mark, sleep_seconds)

    with subprocess.Popen([*command, "--no-report", "-q"], stderr=subprocess.PIPE) as run:
        assert within(20, lambda: any(name_of(process) == "sleep" for process in started()))
        run.send_signal(end)
        code = run.wait(30)
    assert code == (130 if end == signal.SIGINT else -signal.SIGKILL)
    assert within(15, lambda: not started())


def name_of(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.Error:  # it ended meanwhile
        return ""


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
