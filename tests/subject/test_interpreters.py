"""Subjects in another environment: its own Python and NumPy, and two packages of ours."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import numpy as np
import pytest

from halfulp.backend import Request, Unavailable
from halfulp.cli import main
from halfulp.formats import FORMATS
from halfulp.runs.store import load_run
from halfulp.subject.handle import Subject
from halfulp.subject.launch import Launch
from halfulp.subject.protocol import SubjectError

EXP = Request("exp", None, FORMATS["float32"], ("x",))
ONE = np.array([[1.0]], np.float32).view(np.uint32)
OLDER_NUMPY = "2.0.2"


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the interpreter of an environment in which nothing is installed."""
    folder = tmp_path_factory.mktemp("environments") / "bare"
    venv.create(folder, with_pip=False, symlinks=True)
    return folder / "bin" / "python"


def test_another_environment_needs_nothing_of_ours(bare: Path) -> None:
    with Subject("math", {}, python=str(bare)) as subject:
        output = subject.evaluate(subject.prepare(EXP), ONE)
        assert output.view(np.float32).tolist() == [np.float32(np.e)]
        assert subject.facts["interpreter"].startswith("CPython 3.")


def test_another_environment_sees_nothing_of_ours(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Neither what is installed beside us, nor what our PYTHONPATH shows.
    (tmp_path / "numpy.py").write_text("__version__ = 'shadow'")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Unavailable, match="NumPy cannot be imported"):
        Subject("numpy", {}, python=str(bare)).start()


def test_an_adapter_of_a_third_party_is_lent_as_well(bare: Path, bad_adapter: str) -> None:
    with Subject(bad_adapter, {}, python=str(bare)) as subject:
        assert (subject.evaluate(subject.prepare(EXP), ONE) == ONE).all()


def test_an_interpreter_that_is_missing_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"There is no interpreter .*nowhere"):
        Subject("math", {}, python=str(tmp_path / "nowhere")).start()


def test_a_program_that_is_no_interpreter_crashes() -> None:
    with pytest.raises(SubjectError, match="it exited with code"):
        Subject("math", {}, python="/bin/false").start()


def test_an_older_python_says_so(tmp_path: Path) -> None:
    # The first program must be understood by any Python 3: it is run under a false version.
    _, _, program, *rest = Launch("python", "halfulp_backends.numpy:adapter").command(0)
    fake = f"import sys; sys.version_info = (3, 8, 1); exec({program!r})"
    ended = subprocess.run(
        [sys.executable, "-c", fake, *rest], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr == "halfulp needs Python 3.11 or newer, but this is Python 3.8\n"


def test_a_study_names_an_interpreter_beside_itself(bare: Path, tmp_path: Path) -> None:
    (tmp_path / "environment").symlink_to(bare.parents[1])
    study = tmp_path / "study.toml"
    study.write_text("""
        schema = 1
        [backend.there]
        adapter = "math"
        python = "environment/bin/python"
        [backend.nowhere]
        adapter = "math"
        python = "no/bin/python"
        [[case]]
        functions = ["exp"]
        backends = ["math", "there", "nowhere"]
        formats = ["float32"]
        inputs = ["spread:300"]
    """)
    out = tmp_path / "run"
    assert main(["run", str(study), "--out", str(out), "--no-report", "-q"]) == 0
    rows = {row["backend"]: row for row in load_run(out).rows}
    assert rows["there"]["max_ulp_text"] == rows["math"]["max_ulp_text"] is not None
    assert rows["nowhere"]["status"] == "unavailable"
    assert rows["nowhere"]["reason"] == f"There is no interpreter {tmp_path}/no/bin/python."


@pytest.mark.slow
def test_another_numpy_is_judged_as_the_same_backend(tmp_path: Path) -> None:
    folder = tmp_path / "older"
    venv.create(folder, with_pip=True, symlinks=True)
    python = folder / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", f"numpy=={OLDER_NUMPY}"]
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    if subprocess.run(install, check=False, env=environment).returncode:
        pytest.skip(f"NumPy {OLDER_NUMPY} cannot be installed here")
    assert np.__version__ != OLDER_NUMPY
    with Subject("numpy", {}, python=str(python)) as subject:
        assert subject.versions == {"numpy": OLDER_NUMPY}
        assert "dispatch" in subject.facts
        output = subject.evaluate(subject.prepare(EXP), ONE)
        assert abs(output.view(np.float32)[0] - np.e) < 1e-6
