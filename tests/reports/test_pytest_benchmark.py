"""The form that pytest-benchmark reads: by its own command."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from halfulp.cli import main
from halfulp.exceptions import UsageError
from halfulp.runs.forms import write_report
from halfulp.runs.store import Run, load_run

STUDY = """
schema = 1
[[case]]
functions = ["exp"]
backends = ["numpy", "c"]
formats = ["float32"]
inputs = ["spread:300"]
"""
TIMING = """
[timing]
sizes = [1, 500]
rounds = 8
sample_ms = 1
"""


def carried_out(folder: Path, text: str) -> Run:
    (folder / "study.toml").write_text(text)
    out = str(folder / "run")
    words = ["run", str(folder / "study.toml"), "--out", out, "--no-report", "-q"]
    assert main(words) == 0
    return load_run(out)


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return carried_out(tmp_path_factory.mktemp("timed"), STUDY + TIMING)


def test_pytest_benchmark_compares_two_exports(timed: Run, tmp_path: Path) -> None:
    written = write_report(timed, "pytest-benchmark")
    other = tmp_path / "other.json"
    other.write_text(written.read_text())
    command = [str(Path(sys.executable).parent / "pytest-benchmark"), "compare"]
    words = [*command, str(written), str(other), "--columns=median,rounds,iterations"]
    found = subprocess.run(words, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "benchmark 'exp float32 normal 1': 4 tests" in found.stdout
    assert found.stdout.count("exp/native/numpy/float32[normal-500-out-1-1-throughput]") == 2
    assert "Failed to load" not in found.stdout + found.stderr


def test_figures_are_those_of_the_run_in_seconds(timed: Run) -> None:
    document = json.loads(write_report(timed, "pytest-benchmark").read_text())
    rows = timed.records("timing")
    assert len(document["benchmarks"]) == len(rows) == 4
    for row, benchmark in zip(rows, document["benchmarks"], strict=True):
        stats = benchmark["stats"]
        assert stats["data"] == pytest.approx([ns / 1e9 for ns in row["raw_ns"]])
        assert stats["median"] == pytest.approx(row["median_ns"] / 1e9)
        assert stats["stddev"] == pytest.approx(statistics.stdev(stats["data"]))
        assert stats["q1"] <= stats["median"] <= stats["q3"]
        assert stats["rounds"] == 8
        assert stats["iterations"] == row["calls"]
        assert benchmark["extra_info"]["routine"] == row["routine"]


def test_a_run_without_times_is_refused(tmp_path: Path) -> None:
    run = carried_out(tmp_path, STUDY)
    with pytest.raises(UsageError, match=r"a study times where it has a \[timing\] table"):
        write_report(run, "pytest-benchmark")
