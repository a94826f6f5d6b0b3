"""The example project as its authors run it: their tests by the plugin, their gate by the verb."""

from __future__ import annotations

import json
import os
import re
import shlex
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


def test_the_workflow_of_the_documents_does_what_it_says(example) -> None:
    workflow = (EXAMPLE.parents[1] / "docs/examples/accuracy.yml").read_text()
    folded = re.search(r"run: >\n((?: {10}.*\n)+)", workflow)
    assert folded is not None
    halfulp = f"{shlex.quote(sys.executable)} -m halfulp"
    command = " ".join(folded[1].split()).replace("halfulp", halfulp, 1)
    first = f"{halfulp} run accuracy.toml --quiet --no-report --out before"
    made = f"{halfulp} report before --as json --out baseline.json"
    notices = f"{halfulp} report accuracy-run --as github-annotations --out -"
    summary = example / "summary.md"
    done = subprocess.run(
        f"{first} && {made} && {command} && {notices}",
        shell=True,
        cwd=example,
        env={**os.environ, "GITHUB_STEP_SUMMARY": str(summary)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "::error" not in done.stdout
    assert summary.read_text().startswith("## ✅")
    assert (example / "accuracy.xml").stat().st_size > 1000
    assert len(json.loads((example / "accuracy-figures.json").read_text())) == 5


def test_its_gate_passes_and_leaves_what_ci_reads(example) -> None:
    words = "check accuracy.toml --require --quiet --report junit=junit.xml --report github=-"
    command = [sys.executable, "-m", "halfulp", *words.split()]
    done = subprocess.run(command, cwd=example, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("## ✅ halfulp: ")
    assert done.stdout.splitlines()[-1].startswith("passed. 10 limits: ")
    read = JUnitXml.fromfile(str(example / "junit.xml"))
    assert (read.tests, read.failures, read.errors, read.skipped) == (10, 0, 0, 0)
