"""Real runs that are killed, interrupted or out of disk, and resumed: the same tables, each bit."""

from __future__ import annotations

import contextlib
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil
import pytest

import halfulp
from halfulp.runs.schema import TABLES
from halfulp.study.model import Study
from halfulp.study.plan import make_plan
from halfulp.study.shards import groups

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

COMMAND = [sys.executable, "-m", "halfulp"]
WAIT_S = 120

STUDY = """
schema = 1
title = "a few seconds of work in several groups, some of it unavailable"
seed = 11
[region]
near = "-2 : 2"
[formula]
naive = "exp(x) - 1"
[[case]]
functions = ["expm1"]
formulas = ["native", "naive"]
backends = ["numpy", "math"]
formats = ["float32", "float64"]
regions = ["all", "near"]
inputs = ["spread:12000"]
[[case]]
functions = ["erf"]
backends = ["numpy", "math"]
formats = ["float16"]
inputs = ["exhaustive"]
[[case]]
functions = ["atan2"]
backends = ["numpy"]
formats = ["float32"]
inputs = ["edges", "spread:8000"]
[[case]]
functions = ["exp"]
backends = ["numpy"]
formats = ["float32"]
regions = ["1 : 1.5"]
inputs = ["exhaustive"]
"""

SWEEP = """
schema = 1
title = "every float32"
[[case]]
functions = ["exp"]
backends = ["numpy"]
formats = ["float32"]
inputs = ["exhaustive"]
"""


def contents(run: Path) -> dict[str, bytes]:
    """Return all tables of a run, bit for bit."""
    return {name: (run / f"{name}.parquet").read_bytes() for name in TABLES}


@dataclass
class Resumable:
    """A run that is begun and gone on with by real commands, each with its number of workers."""

    home: Path
    workers: Sequence[int] = (2,)
    study: str = STUDY
    calls: int = 0

    def __post_init__(self) -> None:
        (self.home / "study.toml").write_text(self.study)

    def shards(self) -> int:
        """Return how many shards the study has."""
        plan = make_plan(Study.from_text(self.study))
        return sum(group.shards for group in groups(plan.rows, plan.seed))

    @property
    def folder(self) -> Path:
        return self.home / "run"

    def start(self) -> subprocess.Popen[str]:
        """Start the run, or go on with it."""
        known = (self.folder / "run.json").exists()
        words = ["resume", "run"] if known else ["run", "study.toml", "--out", "run"]
        workers = self.workers[self.calls % len(self.workers)]
        self.calls += 1
        return subprocess.Popen(
            [*COMMAND, *words, "--workers", str(workers), "--no-report"],
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self) -> str:
        """Go on until the end and return what was said."""
        process = self.start()
        _, said = process.communicate(timeout=WAIT_S)
        assert process.returncode == 0, said
        return said

    def lines(self) -> int:
        """Return how many lines the journal has."""
        try:
            return (self.folder / "journal.jsonl").read_bytes().count(b"\n")
        except FileNotFoundError:
            return 0

    def wait_for(self, process: subprocess.Popen[str], lines: int) -> None:
        """Wait until the journal has so many lines, or the process has come to its end."""
        deadline = time.monotonic() + WAIT_S
        while self.lines() < lines and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)


def children(process: subprocess.Popen[str], module: str) -> list[psutil.Process]:
    """Return the living processes of a module that a command has started."""
    found = []
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if module in child.cmdline():
                    found.append(child)
    return found


def kill_oldest(process: subprocess.Popen[str], module: str) -> bool:
    """Kill a worker or a subject, and tell whether there was one."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in sorted(children(process, module), key=psutil.Process.create_time):
            child.kill()
            return True
    return False


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    run = Resumable(tmp_path_factory.mktemp("uninterrupted"))
    run.finish()
    found = contents(run.folder)
    assert {row["status"] for row in halfulp.load_run(run.folder).rows} == {
        "measured",
        "unavailable",
    }
    assert sorted(entry.name for entry in run.folder.iterdir()) == sorted(
        [".gitignore", "run.json", *(f"{name}.parquet" for name in TABLES)]
    )
    return found


@pytest.fixture
def run(tmp_path: Path) -> Resumable:
    return Resumable(tmp_path, workers=(2, 1, 3))


# -- killed ------------------------------------------------------------------------------------


def kill_until_done(run: Resumable, kills: int, choice: random.Random) -> list[str]:
    """Kill something of a run at random moments, resume it each time, and return what was killed.

    The death of a worker or a subject ends nothing: the judge is killed a little later.
    """
    killed = []
    shards = run.shards()
    for left in range(kills, 0, -1):
        process = run.start()
        done = run.lines()
        run.wait_for(process, done + choice.randrange(2 + 2 * max(shards - done, 0) // left))
        time.sleep(choice.random() / 10)
        killed.append(choice.choice(["judge", "worker", "subject"]))
        if killed[-1] != "judge":
            module = {"worker": "halfulp.study.worker", "subject": "halfulp.subject"}[killed[-1]]
            kill_oldest(process, module)
            time.sleep(choice.random())
        process.kill()
        process.communicate(timeout=WAIT_S)
        assert process.returncode in (0, -signal.SIGKILL)
    return killed


def test_kills_at_random_moments_change_no_bit(
    run: Resumable, uninterrupted: dict[str, bytes]
) -> None:
    kill_until_done(run, 4, random.Random(20))
    run.finish()
    assert contents(run.folder) == uninterrupted


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("study", [STUDY, SWEEP], ids=["study", "sweep"])
def test_twenty_kills_at_random_moments_change_no_bit(tmp_path: Path, study: str) -> None:
    for name in ("killed", "whole"):
        (tmp_path / name).mkdir()
    killed = Resumable(tmp_path / "killed", workers=(2, 1, 3), study=study)
    assert set(kill_until_done(killed, 20, random.Random(5))) == {"judge", "worker", "subject"}
    killed.finish()
    whole = Resumable(tmp_path / "whole", study=study)
    whole.finish()
    assert contents(killed.folder) == contents(whole.folder)


@pytest.mark.parametrize("module", ["halfulp.study.worker", "halfulp.subject"])
def test_workers_and_subjects_may_be_killed_and_the_run_goes_on(
    run: Resumable, uninterrupted: dict[str, bytes], module: str
) -> None:
    process = run.start()
    killed = 0
    for lines in (3, 10, 17):
        run.wait_for(process, lines)
        killed += kill_oldest(process, module)
    _, said = process.communicate(timeout=WAIT_S)
    assert process.returncode == 0, said
    assert killed == 3
    assert contents(run.folder) == uninterrupted
    if module == "halfulp.study.worker":
        assert "A worker of the judge ended with status -9" in said


def test_a_run_is_its_judges_alone_and_says_so_when_that_was_killed(
    run: Resumable, uninterrupted: dict[str, bytes]
) -> None:
    process = run.start()
    run.wait_for(process, 10)
    second = subprocess.run(
        [*COMMAND, "resume", "run"], cwd=run.home, capture_output=True, text=True, check=False
    )
    assert second.returncode == 2
    assert "Another process is carrying out the run in run right now" in second.stderr
    process.kill()
    process.communicate(timeout=WAIT_S)
    with pytest.raises(halfulp.RunError, match=r"is not finished.*`halfulp resume .*run` goes on"):
        halfulp.load_run(run.folder)
    done = run.lines() - 1
    assert done >= 9
    said = run.finish()
    # What was in the journal was not done again.
    assert "inputs were done before" in said
    assert contents(run.folder) == uninterrupted


# -- interrupted -------------------------------------------------------------------------------


def test_ctrl_c_saves_what_is_finished_and_tells_how_to_go_on(
    run: Resumable, uninterrupted: dict[str, bytes]
) -> None:
    process = run.start()
    run.wait_for(process, 10)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=WAIT_S)
    assert process.returncode == 130, said
    assert "halfulp: interrupted; " in said
    assert "`halfulp resume run` goes on with it." in said
    assert "Traceback" not in said
    saved = halfulp.load_run(run.folder)
    assert saved.manifest["status"] == "interrupted"
    assert "not measured" in {row["status"] for row in saved.rows}
    run.finish()
    finished = halfulp.load_run(run.folder)
    assert finished.manifest["status"] == "complete"
    assert finished.manifest["command"] == "halfulp run study.toml"
    assert finished.manifest["started"] == saved.manifest["started"]
    assert contents(run.folder) == uninterrupted
    before = (run.folder / "run.json").read_bytes()
    assert "the run in run is complete; there was nothing to resume." in run.finish()
    assert contents(run.folder) == uninterrupted
    assert (run.folder / "run.json").read_bytes() == before


# -- without room ------------------------------------------------------------------------------


def test_a_disk_that_fills_up_loses_nothing(
    run: Resumable, uninterrupted: dict[str, bytes]
) -> None:
    process = run.start()
    run.wait_for(process, 5)
    # No file of the judge may grow any more; its workers are as they were.
    limit = (run.folder / "journal.jsonl").stat().st_size + 5_000
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limit, limit))
    _, said = process.communicate(timeout=WAIT_S)
    assert process.returncode == 4
    assert "halfulp: The disk has no room left to write run/journal.jsonl. Free some" in said
    assert "What was finished is saved: `halfulp resume run` goes on with it." in said
    assert "Traceback" not in said
    assert run.lines() >= 5
    run.finish()
    assert contents(run.folder) == uninterrupted


SMALL_DISK = """
set -e
mkdir disk
mount -t tmpfs -o size=160k none disk
for size in 400k 64m; do
  rc=0; {halfulp} ${{verb:-run study.toml --out}} disk/run --no-report --quiet || rc=$?
  echo "$rc"
  mount -o remount,size=$size disk
  verb=resume
done
{halfulp} resume disk/run --no-report --quiet
cp -r disk/run run
"""


def in_a_namespace(script: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a script that may mount what nobody else sees."""
    return subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", script],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def namespaces(tmp_path: Path) -> Callable[[str, Path], subprocess.CompletedProcess[str]]:
    """Return how to run a script with mounts of its own, where the system lets a user do that."""
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare")
    if in_a_namespace("mkdir try && mount -t tmpfs none try", tmp_path).returncode:
        pytest.skip("this user may not mount in a namespace")
    return in_a_namespace


def test_a_small_disk_that_is_really_full(
    run: Resumable,
    uninterrupted: dict[str, bytes],
    namespaces: Callable[[str, Path], subprocess.CompletedProcess[str]],
) -> None:
    done = namespaces(SMALL_DISK.format(halfulp=" ".join(COMMAND)), run.home)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:2] == ["4", "4"]
    assert done.stderr.count("The disk has no room left to write disk/run/journal.jsonl") == 2
    assert done.stderr.count("`halfulp resume disk/run` goes on with it.") == 2
    assert contents(run.folder) == uninterrupted
