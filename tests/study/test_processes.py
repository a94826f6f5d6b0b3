"""The real command as a process: interrupted, killed, bereft of a worker; nothing stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

import halfulp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COMMAND = [sys.executable, "-m", "halfulp"]

LONG = """
schema = 1
title = "a short row, then minutes of work"
[[case]]
functions = ["exp"]
backends = ["numpy"]
formats = ["float16"]
inputs = ["grid:50"]
[[case]]
functions = ["exp"]
backends = ["numpy"]
formats = ["float64"]
inputs = ["spread:20000000"]
"""

WAIT_S = 30


def within(limit_s: float, condition: Callable[[], Any]) -> bool:
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return bool(condition())


class Run:
    """A `halfulp run` under way, with all the processes that it started."""

    def __init__(self, folder: Path) -> None:
        (folder / "long.toml").write_text(LONG)
        self.process = subprocess.Popen(
            [*COMMAND, "run", "long.toml", "--workers", "2", "--no-report"],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        # The short row is done as soon as both workers have a subject that shares memory.
        assert within(WAIT_S, lambda: len(self.subjects()) == 2)
        assert within(WAIT_S, lambda: all(map(shares_memory, self.subjects())))
        time.sleep(1)
        self.started = psutil.Process(self.process.pid).children(recursive=True)

    def workers(self) -> list[psutil.Process]:
        return self.named("halfulp.study.worker")

    def subjects(self) -> list[psutil.Process]:
        return self.named("halfulp.subject")

    def named(self, module: str) -> list[psutil.Process]:
        found = []
        for process in psutil.Process(self.process.pid).children(recursive=True):
            try:
                if module in process.cmdline():
                    found.append(process)
            except psutil.NoSuchProcess:
                continue
        return found

    def is_gone(self) -> bool:
        """Tell whether no process that this run started is alive."""
        return not any(
            process.is_running() and process.status() != psutil.STATUS_ZOMBIE
            for process in self.started
        )


def shares_memory(process: psutil.Process) -> bool:
    try:
        return "memfd:halfulp" in Path(f"/proc/{process.pid}/maps").read_text()
    except OSError:
        return False


def shared_memory() -> set[str]:
    return {entry.name for entry in os.scandir("/dev/shm")}


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Run]:
    run = Run(tmp_path)
    assert len(run.workers()) == 2
    yield run
    run.process.kill()
    run.process.communicate()


def test_ctrl_c_keeps_the_rows_that_were_finished(started: Run, tmp_path: Path) -> None:
    started.process.send_signal(signal.SIGINT)
    out, err = started.process.communicate(timeout=WAIT_S)
    assert started.process.returncode == 130, err
    assert "halfulp: interrupted; 1 of 2 rows are saved" in err
    assert f"`halfulp resume {out.strip()}` goes on with it." in err
    assert "Traceback" not in err
    run = halfulp.load_run(tmp_path / out.strip())
    assert run.manifest["status"] == "interrupted"
    assert [row["status"] for row in run.rows] == ["measured", "not measured"]
    assert run.rows[0]["count"] == 50
    assert within(10, started.is_gone)


def test_killing_the_judge_leaves_no_process_and_no_shared_memory(started: Run) -> None:
    before = shared_memory()
    assert len(started.started) >= 4
    started.process.send_signal(signal.SIGKILL)
    started.process.communicate(timeout=WAIT_S)
    assert within(10, started.is_gone)
    assert {name for name in shared_memory() - before if "halfulp" in name} == set()


def test_a_worker_that_is_killed_again_and_again_ends_the_run_with_a_sentence(started: Run) -> None:
    for _ in range(3):
        assert within(WAIT_S, lambda: len(started.workers()) == 2)
        # The newest has the shard of the one killed before, and has hardly begun it.
        newest = max(started.workers(), key=psutil.Process.create_time)
        newest.kill()
        assert within(WAIT_S, lambda gone=newest: gone not in started.workers())
    _, err = started.process.communicate(timeout=WAIT_S)
    assert started.process.returncode == 4
    said = [line for line in err.splitlines() if "A worker of the judge ended with st" in line]
    assert [line.endswith("Its shard is begun again.") for line in said] == [True, True, False]
    assert said[-1].startswith("halfulp: A worker of the judge ended with status -9: it said noth")
    assert "What was finished is saved: `halfulp resume " in said[-1]
    assert "Traceback" not in err
    assert within(10, started.is_gone)


def test_a_script_without_a_main_guard_can_run_the_quick_study(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import halfulp\n"
        "run = halfulp.run('quick', only=['function=exp', 'format=float16'])\n"
        "print(run.manifest['status'], sorted(row['routine'] for row in run.rows))\n"
    )
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    routines = ["exp/native/math/float16", "exp/native/numpy/float16"]
    assert done.stdout == f"complete {routines}\n"
    (folder,) = (tmp_path / "halfulp-runs").iterdir()
    assert (folder / "report.html").stat().st_size > 10_000
