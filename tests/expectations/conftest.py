"""A project with kernels of its own, and the command line as its users call it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[1] / "example_project"
MARK = "  /* faults are injected here by a test */\n"


@dataclass(frozen=True)
class Project:
    """A copy of the example project."""

    folder: Path

    def halfulp(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "halfulp", *arguments, "--quiet"],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def check(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.halfulp("check", *arguments)

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
