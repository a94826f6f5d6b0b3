"""The real command with the real runner, on studies that take a second."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

import halfulp as package
from halfulp.study.json_schema import run_json_schema

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = [sys.executable, "-m", "halfulp"]

STUDY = """
schema = 1
title = "Two ways to expm1"
[region]
tiny = "0x1p-30 : 0x1p-20"
[formula]
naive = "exp(x) - 1"
[[case]]
functions = ["expm1"]
formulas = ["native", "naive"]
backends = ["numpy"]
formats = ["float32"]
regions = ["tiny"]
inputs = ["spread:500"]
[[case]]
functions = ["erf"]
backends = ["numpy", "math"]
formats = ["float16"]
inputs = ["grid:50"]
"""


def call(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, check=False, cwd=cwd
    )


def test_measure_finds_cancellation(tmp_path) -> None:
    words = "measure expm1 --region 0x1p-30:0x1p-20 --inputs spread:500 --json --quiet"
    native = call(*words.split(), cwd=tmp_path)
    naive = call(*words.split(), "--formula", "exp(x) - 1", cwd=tmp_path)
    assert (native.returncode, native.stderr) == (0, "")
    small, large = json.loads(native.stdout), json.loads(naive.stdout)
    assert list(small) == run_json_schema()["$defs"]["measurement"]["required"]
    assert small["count"] == large["count"] == 500
    assert small["kind"] == "sampled"
    assert small["max_ulp"] < 2
    assert large["max_ulp"] > 2**20
    assert list(tmp_path.iterdir()) == []


def test_the_witness_repeats_by_its_own_command(tmp_path) -> None:
    import shlex

    words = "measure log10 --inputs spread:300 --json --quiet"
    first = json.loads(call(*words.split(), cwd=tmp_path).stdout)
    repeat = shlex.split(first["witness"]["command"])[1:]
    again = json.loads(call(*repeat, "--json", "--quiet", cwd=tmp_path).stdout)
    assert again["kind"] == "replayed"
    assert again["max_ulp"] == first["max_ulp"]
    assert again["witness"]["got_bits"] == first["witness"]["got_bits"]


def test_run_report_and_what_is_unavailable(tmp_path) -> None:
    (tmp_path / "mine.toml").write_text(STUDY)
    done = call("run", "mine.toml", "--workers", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    page = tmp_path / done.stdout.strip()
    assert page.name == "report.html"
    assert page.stat().st_size > 1000
    run = package.load_run(page.parent)
    statuses = {row["routine"]: row["status"] for row in run.rows}
    assert statuses == {
        "expm1/native/numpy/float32": "measured",
        "expm1/naive/numpy/float32": "measured",
        "erf/native/numpy/float16": "unavailable",
        "erf/native/math/float16": "measured",
    }
    assert run.manifest["command"] == "halfulp run mine.toml"
    assert run.manifest["study"]["text"] == STUDY


def test_a_script_without_a_main_guard(tmp_path) -> None:
    script = tmp_path / "script.py"
    (tmp_path / "mine.toml").write_text(STUDY)
    script.write_text(
        "import halfulp\n"
        "run = halfulp.run('mine.toml', only=['function=expm1'], report=False)\n"
        "print(len(run.rows), run.manifest['status'])\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.stdout == "2 complete\n", done.stderr


def test_measure_a_callable() -> None:
    import numpy as np

    measured = package.measure("exp", backend=np.exp, format="float32", inputs="spread:300")
    named = package.measure("exp", inputs="spread:300")
    assert measured.status == "measured", measured.reason
    assert measured.max_ulp == named.max_ulp


@pytest.mark.slow
def test_ctrl_c_saves_what_was_finished(tmp_path) -> None:
    command = [*COMMAND, "run", "quick", "--no-report", "--quiet"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    time.sleep(10)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.startswith("halfulp: interrupted;")
    assert package.load_run(tmp_path / out.strip()).manifest["status"] == "interrupted"
