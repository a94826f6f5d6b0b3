"""The example project as its authors run it: their tests by the plugin, their gate by the verb."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from junitparser import JUnitXml

EXAMPLE = Path(__file__).parents[1] / "example_project"


@pytest.fixture
def example(tmp_path: Path) -> Path:
    folder = tmp_path / "example"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def test_its_tests_pass(example) -> None:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q"]
    done = subprocess.run(command, cwd=example, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "3 passed, 1 xfailed" in done.stdout


def test_its_gate_passes_and_leaves_what_ci_reads(example) -> None:
    words = "check accuracy.toml --require --quiet --report junit=junit.xml --report github=-"
    command = [sys.executable, "-m", "halfulp", *words.split()]
    done = subprocess.run(command, cwd=example, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("## ✅ halfulp: ")
    assert done.stdout.splitlines()[-1].startswith("passed. 10 limits: ")
    read = JUnitXml.fromfile(str(example / "junit.xml"))
    assert (read.tests, read.failures, read.errors, read.skipped) == (10, 0, 0, 0)
