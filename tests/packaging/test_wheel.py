"""The wheel, installed outside the repository, is complete and works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PACKAGES = {
    "halfulp": REPOSITORY / "suite",
    "halfulp_backends": REPOSITORY / "backends",
    "halfulp_reports": REPOSITORY / "reports",
}


@dataclass(frozen=True)
class Installed:
    """An environment outside the repository with the wheel in it."""

    root: Path

    @property
    def python(self) -> Path:
        return self.root / "bin" / "python"

    def run(self, *command: str) -> str:
        """Run a program of the environment in an empty folder and return what it printed."""
        program, *arguments = command
        clean = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
        work = self.root.parent / "work"
        work.mkdir(exist_ok=True)
        done = subprocess.run(
            [self.root / "bin" / program, *arguments],
            cwd=work,
            env=clean,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def pip(installed: Installed, *arguments: str) -> None:
    """Run this environment's pip on another environment."""
    command = [sys.executable, "-m", "pip", "--python", str(installed.python), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def empty_environment(folder: Path) -> Installed:
    root = folder / "environment"
    command = [sys.executable, "-m", "venv", "--without-pip", str(root)]
    subprocess.run(command, check=True, capture_output=True)
    return Installed(root)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    done = subprocess.run([*command, str(REPOSITORY)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel alone in a fresh environment, which borrows the dependencies of this one.

    A folder that a .pth file names is searched, but .pth files in it are not read: the editable
    install of the repository stays out.
    """
    made = empty_environment(tmp_path_factory.mktemp("installed"))
    pip(made, "install", "--no-deps", "--no-index", str(wheel))
    (site,) = made.root.glob("lib/python*/site-packages")
    (site / "borrowed.pth").write_text(sysconfig.get_path("platlib") + "\n")
    return made


def test_every_file_of_the_packages_is_in_the_wheel(wheel: Path) -> None:
    sources = {
        str(path.relative_to(root))
        for name, root in PACKAGES.items()
        for path in (root / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    studies = {
        f"halfulp/study/shipped/{path.name}" for path in (REPOSITORY / "configs").glob("*.toml")
    }
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert "halfulp/study/shipped/quick.toml" in studies
    assert {f"{name}/py.typed" for name in PACKAGES} <= sources
    assert names == sources | studies


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (record,) = {name.partition("/")[0] for name in archive.namelist() if ".dist-info/" in name}
        entries = archive.read(f"{record}/entry_points.txt").decode()
        metadata = archive.read(f"{record}/METADATA").decode()
        licence = archive.read(f"{record}/licenses/LICENSE").decode()
    for section in ("console_scripts", "halfulp.adapters", "halfulp.reports"):
        assert f"[{section}]" in entries
    assert "Requires-Python: >=3.11" in metadata
    assert licence == (REPOSITORY / "LICENSE").read_text()


def test_the_installed_package_is_the_one_that_runs(installed: Installed) -> None:
    code = "import halfulp, halfulp_reports as reports; print(halfulp.__file__, reports.__file__)"
    for path in installed.run("python", "-c", code).split():
        assert Path(path).is_relative_to(installed.root)


def test_the_shipped_studies_are_found(installed: Installed) -> None:
    listed = installed.run("halfulp", "list", "studies")
    assert [line.split()[0] for line in listed.splitlines()] == [
        "study",
        *sorted(path.stem for path in (REPOSITORY / "configs").glob("*.toml")),
    ]


def test_the_installed_command_measures(installed: Installed) -> None:
    arguments = ["exp", "--format", "float16", "--inputs", "listed:1", "--json"]
    figures = json.loads(installed.run("halfulp", "measure", *arguments))
    assert figures["status"] == "measured"
    assert figures["count"] == 1
    assert figures["witness"]["want"] == "0x1.5cp+1"  # e is 2.71875 to 11 bits


def run_a_part_of_quick(installed: Installed) -> str:
    """Run two routines of `quick` and return the report's text."""
    only = ["--only", "format=float16", "--only", "function=exp"]
    printed = installed.run("halfulp", "run", "quick", "--out", "run", *only)
    return (installed.root.parent / "work" / printed.strip()).read_text()


def test_the_installed_command_writes_a_report(installed: Installed) -> None:
    assert "exp/native/numpy/float16" in run_a_part_of_quick(installed)


@pytest.mark.slow
def test_the_wheel_with_its_dependencies_in_an_empty_environment(
    wheel: Path, tmp_path: Path
) -> None:
    made = empty_environment(tmp_path)
    pip(made, "install", "--constraint", str(REPOSITORY / "constraints.txt"), str(wheel))
    assert "exp/native/numpy/float16" in run_a_part_of_quick(made)
