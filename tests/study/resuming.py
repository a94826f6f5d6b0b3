"""Runs as processes that are killed and resumed, for the tests of resuming."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

import halfulp
from halfulp.runs.schema import TABLES

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

COMMAND = [sys.executable, "-m", "halfulp"]

STUDY = """
schema = 1
title = "a few seconds of work in several groups, some of it that fails"
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
inputs = ["spread:40000", "edges"]
[[case]]
functions = ["erf"]
backends = ["numpy", "math"]
formats = ["float16"]
inputs = ["exhaustive"]
[[case]]
functions = ["atan2"]
backends = ["numpy"]
formats = ["float32"]
inputs = ["spread:20000"]
"""


def contents(run: Path) -> dict[str, bytes]:
    """Return all tables of a run, bit for bit."""
    return {name: (run / f"{name}.parquet").read_bytes() for name in TABLES}


@dataclass
class Resumable:
    """A run in a folder that is begun and gone on with by real commands.

    Parameters
    ----------
    home
        Where the study lies and commands are called.
    workers
        Workers of each command in turn; the last number goes on.
    """

    home: Path
    study: str = STUDY
    workers: Sequence[int] = (2,)
    words: list[str] = field(default_factory=list)
    calls: int = 0

    def __post_init__(self) -> None:
        (self.home / "study.toml").write_text(self.study)

    @property
    def folder(self) -> Path:
        return self.home / "run"

    def start(self) -> subprocess.Popen[str]:
        """Start the run, or go on with it."""
        known = (self.folder / "run.json").exists()
        verb = ["resume", "run"] if known else ["run", "study.toml", "--out", "run"]
        workers = self.workers[min(self.calls, len(self.workers) - 1)]
        self.calls += 1
        return subprocess.Popen(
            [*COMMAND, *verb, "--workers", str(workers), "--no-report", "--quiet"],
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self) -> halfulp.runs.store.Run:  # type: ignore[name-defined] # imported lazily
        """Go on until the end and return the run."""
        process = self.start()
        _, self.said = process.communicate(timeout=240)
        assert process.returncode == 0, self.said
        return halfulp.load_run(self.folder)

    def shards(self) -> int:
        """Return how many lines the journal has."""
        try:
            return (self.folder / "journal.jsonl").read_bytes().count(b"\n")
        except FileNotFoundError:
            return 0


def processes(process: subprocess.Popen[str], module: str) -> list[psutil.Process]:
    """Return the living processes of a module that a command has started."""
    found = []
    try:
        for child in psutil.Process(process.pid).children(recursive=True):
            try:
                if module in child.cmdline():
                    found.append(child)
            except psutil.Error:
                continue
    except psutil.NoSuchProcess:
        pass
    return found


def kill_one(run: Resumable, random: random.Random, shards: int) -> str:
    """Start a run, kill one of its processes at a random moment, and return what was killed.

    A worker or a subject that is killed ends nothing: then the judge is killed a little later.
    """
    process = run.start()
    wait_for(run, process, run.shards() + random.randrange(shards))
    time.sleep(random.random() / 10)
    killed = random.choice(["judge", "worker", "subject"])
    if killed != "judge":
        module = {"worker": "halfulp.study.worker", "subject": "halfulp.subject"}[killed]
        victims = processes(process, module)
        for victim in victims and [random.choice(victims)]:
            with_suppressed_kill(victim)
        time.sleep(random.random())
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    return killed


def with_suppressed_kill(victim: psutil.Process) -> None:
    try:
        victim.kill()
    except psutil.NoSuchProcess:
        pass


def wait_for(run: Resumable, process: subprocess.Popen[str], shards: int) -> None:
    """Wait until the journal has some lines more, or the run has come to its end."""
    deadline = time.monotonic() + 60
    while run.shards() < shards and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)


def environment_with(folder: Path) -> dict[str, str]:
    """Return this environment with a folder of modules in front."""
    return {**os.environ, "PYTHONPATH": str(folder)}
