"""A project with kernels of its own, and the command line as its users call it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pytest

from halfulp.cli import main

EXAMPLE = Path(__file__).parents[1] / "example_project"
MARK = "  /* faults are injected here by a test */\n"


class Done(NamedTuple):
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Project:
    """A copy of the example project."""

    folder: Path

    def halfulp(self, *arguments: str) -> Done:
        """Run the command line in this process, which spares a second a call."""
        out, err = StringIO(), StringIO()
        with chdir(self.folder), redirect_stdout(out), redirect_stderr(err):
            code = main([*arguments, "--quiet"])
        assert "Traceback" not in err.getvalue(), err.getvalue()
        return Done(code, out.getvalue(), err.getvalue())

    def check(self, *arguments: str) -> Done:
        return self.halfulp("check", *arguments)

    def check_in_a_shell(self, *arguments: str) -> Done:
        command = [sys.executable, "-m", "halfulp", "check", *arguments, "--quiet"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, check=False)
        return Done(done.returncode, done.stdout, done.stderr)

    def inject(self, code: str, file: str = "kernels.c") -> None:
        """Put C code at the beginning of the kernel."""
        source = self.read(file)
        assert MARK in source
        self.write(file, source.replace(MARK, f"{MARK}  {code}\n"))

    def read(self, name: str) -> str:
        return (self.folder / name).read_text()

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def runs(self) -> list[Path]:
        return sorted((self.folder / "halfulp-runs").glob("*"))


def copied(folder: Path) -> Project:
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return Project(folder)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a copy of the example project to change."""
    return copied(tmp_path / "example")


@pytest.fixture(scope="session")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a copy whose check has passed, with its run in `good`; not to be changed."""
    project = copied(tmp_path_factory.mktemp("checked") / "example")
    done = project.check("accuracy.toml", "--require", "--out", "good")
    assert done.returncode == 0, done.stdout + done.stderr
    return project
