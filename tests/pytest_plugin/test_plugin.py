"""The plugin in projects of others: harmless where it is not used, the same calls where it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = (
    *("numpy", "numba", "pandas", "pyarrow", "torch", "jax", "mpmath", "flint", "pydantic"),
    *("typer", "rich", "matplotlib", "psutil"),
)


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest as a project does that has halfulp installed."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *arguments]
    # pytest-benchmark does not measure in a worker of xdist, which these tests may run in.
    own = {name: value for name, value in os.environ.items() if "XDIST" not in name}
    return subprocess.run(command, cwd=folder, env=own, capture_output=True, text=True, check=False)


def write(folder: Path, text: str) -> None:
    (folder / "test_it.py").write_text(text)


def test_a_project_that_does_not_use_it_pays_nothing(tmp_path) -> None:
    write(
        tmp_path,
        f"""
import sys
def test_nothing_was_loaded(request):
    assert request.config.pluginmanager.hasplugin("halfulp")
    assert "halfulp.pytest_plugin" in sys.modules
    assert [name for name in {HEAVY!r} if name in sys.modules] == []
    ours = {{name for name in sys.modules if name.split(".")[0] == "halfulp"}}
    assert ours == {{"halfulp", "halfulp._version", "halfulp.pytest_plugin"}}
""",
    )
    # pytest-benchmark and hypothesis' plugin are there for other reasons, and load what they like.
    done = run_pytest(tmp_path, "-p", "no:benchmark", "-p", "no:hypothesispytest")
    assert done.returncode == 0, done.stdout


MEASURING = """
import numpy as np
import pytest

pytestmark = pytest.mark.halfulp(max_ulp=4, inputs="spread:50")

def test_kept(halfulp):
    assert halfulp.assert_ulp(np.expm1, "expm1").status == "measured"

@pytest.mark.halfulp(max_ulp=0.1)
def test_broken(halfulp):
    halfulp.assert_ulp(np.expm1, "expm1")

@pytest.mark.halfulp(format="float64", inputs="spread:60")
def test_two(halfulp):
    halfulp.assert_ulp(np.exp, "exp")
    halfulp.assert_ulp(np.exp, "exp", inputs="listed:1", format="float32")

def test_arrays(halfulp):
    x = np.float32([1, 2])
    halfulp.assert_array_ulp(np.exp(x), "exp", x)
    assert np.abs(halfulp.ulp_error("exp", x, np.exp(x))).max() < 4
    assert halfulp.reference("exp", 0).rounded("float32") == 1
"""


@pytest.mark.parametrize("parallel", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_the_report_has_every_figure(tmp_path, parallel) -> None:
    write(tmp_path, MEASURING)
    target = ("--halfulp-report", "out/figures.jsonl")
    done = run_pytest(tmp_path, "--strict-markers", *target, *parallel)
    assert done.returncode == 1
    assert "1 failed, 3 passed" in done.stdout
    assert "halfulp: 4 figures in out/figures.jsonl" in done.stdout
    lines = [json.loads(line) for line in (tmp_path / "out/figures.jsonl").read_text().splitlines()]
    found = [(line["test"], line["outcome"], line["routine"], line["sampler"]) for line in lines]
    assert found == [
        ("test_it.py::test_broken", "failed", "expm1/native/expm1/float32", "spread:50"),
        ("test_it.py::test_kept", "passed", "expm1/native/expm1/float32", "spread:50"),
        ("test_it.py::test_two", "passed", "exp/native/exp/float32", "listed:1"),
        ("test_it.py::test_two", "passed", "exp/native/exp/float64", "spread:60"),
    ]
    assert [line["allowed_ulp"] for line in lines] == [0.1, 4, 4, 4]
    assert all(float(line["max_ulp"]) > 0 and line["witness"] for line in lines)


def test_a_failure_shows_the_witness_and_none_of_our_code(tmp_path) -> None:
    write(tmp_path, MEASURING)
    done = run_pytest(tmp_path, "-k", "broken")
    assert "ulp; at most 0.1 is allowed" in done.stdout
    assert "repeat: python -c" in done.stdout
    assert "pytest_plugin.py" not in done.stdout


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("@pytest.mark.halfulp(max_ulps=1)\ndef test_it(halfulp): ...", "takes max_ulp, format,"),
        ("@pytest.mark.halfulp(1)\ndef test_it(halfulp): ...", "by name, not 1."),
        ('def test_it(halfulp): halfulp.assert_ulp(abs, "abs")', "Expected max_ulp, here or in a"),
    ],
)
def test_a_marker_that_is_not_understood(tmp_path, code, said) -> None:
    write(tmp_path, f"import pytest\n{code}\n")
    done = run_pytest(tmp_path)
    assert done.returncode == 1
    assert said in done.stdout


TIMED = """
import numpy as np

def test_timed(halfulp):
    halfulp.benchmark(np.exp, "exp", max_ulp=4, inputs="spread:50", size=256)

def test_wrong_is_not_timed(halfulp):
    halfulp.benchmark(np.exp, "expm1", max_ulp=4, inputs="spread:50", size=256)
"""


def test_what_is_right_is_timed_by_pytest_benchmark(tmp_path) -> None:
    write(tmp_path, TIMED)
    settings = ("--benchmark-json", "times.json", "--benchmark-max-time", "0.1")
    done = run_pytest(tmp_path, *settings, "-W", "error")
    assert "1 failed, 1 passed" in done.stdout
    (timed,) = json.loads((tmp_path / "times.json").read_text())["benchmarks"]
    assert timed["name"] == "test_timed"
    assert timed["extra_info"]["halfulp"] == "exp, 256 elements"
    without = run_pytest(tmp_path, "-k", "timed and not wrong", "-p", "no:benchmark")
    assert "Timing in pytest needs the package pytest-benchmark" in without.stdout


def test_a_report_that_cannot_be_written(tmp_path) -> None:
    write(tmp_path, "def test_it(): ...")
    done = run_pytest(tmp_path, "--halfulp-report", "/proc/no/figures.jsonl")
    assert done.returncode != 0
    assert "cannot write /proc/no/figures.jsonl" in done.stdout + done.stderr
    assert "INTERNALERROR" not in done.stdout
