"""Where compiled loops are kept: read-only places, folders that the user names, other processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import halfulp.compiled

PACKAGE = Path(halfulp.compiled.__file__).parent
NAMES = ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "HOME")
LOOP = """
import json, sys, numpy, numba
from halfulp.compiled import cache_folder
from halfulp.judge.elements import decided_within
value = decided_within(0.125)
hits = sum(decided_within.stats.cache_hits.values())
print(json.dumps({"folder": cache_folder(), "value": value, "hits": hits}))
"""


def run(path: Path | None = None, **places: str) -> dict[str, Any]:
    """Compile one loop in a process of its own, and return what it says."""
    environment = {name: value for name, value in os.environ.items() if name not in NAMES}
    environment |= {"HOME": "/nowhere"} | places
    if path is not None:
        environment["PYTHONPATH"] = str(path)
    done = subprocess.run(
        [sys.executable, "-c", LOOP], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    assert said["value"] == 0.375 - 2.0**-53
    return said


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*.nbc")}


def test_another_process_uses_what_one_compiled(tmp_path: Path) -> None:
    first = run(XDG_CACHE_HOME=str(tmp_path))
    assert first["hits"] == 0
    assert Path(first["folder"]).is_relative_to(tmp_path / "halfulp" / "compiled")
    kept = files(tmp_path)
    assert kept
    second = run(XDG_CACHE_HOME=str(tmp_path))
    assert second["folder"] == first["folder"]
    assert second["hits"] == 1
    assert files(tmp_path) == kept


def test_the_user_may_name_the_folder(tmp_path: Path) -> None:
    chosen, other = tmp_path / "chosen", tmp_path / "other"
    said = run(NUMBA_CACHE_DIR=str(chosen), XDG_CACHE_HOME=str(other))
    assert Path(said["folder"]).parent == chosen
    assert files(chosen)
    assert not other.exists()


def test_without_a_name_it_is_in_the_home_folder(tmp_path: Path) -> None:
    said = run(HOME=str(tmp_path))
    assert Path(said["folder"]).parent == tmp_path / ".cache" / "halfulp" / "compiled"
    assert files(tmp_path)


@pytest.mark.parametrize("kind", ["a file", "below a file"])
def test_where_nothing_can_be_kept_a_private_folder_serves(tmp_path: Path, kind: str) -> None:
    """A file in the way stops root too, whom no permission does."""
    block = tmp_path / "block"
    block.write_text("")
    home = block if kind == "a file" else block / "home"
    said = run(HOME=str(home), TMPDIR=str(tmp_path))
    assert Path(said["folder"]).name.startswith("halfulp-compiled-")
    assert not Path(said["folder"]).exists(), "left behind"


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_home_is_no_obstacle(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    said = run(HOME=str(home), TMPDIR=str(tmp_path))
    assert not Path(said["folder"]).is_relative_to(home)


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Return the folder of a copy of the package, found before the one under test."""
    shutil.copytree(
        PACKAGE, tmp_path / "site" / "halfulp", ignore=shutil.ignore_patterns("__pycache__")
    )
    return tmp_path / "site"


def test_changed_sources_get_a_folder_of_their_own(tmp_path: Path, installed: Path) -> None:
    cache = str(tmp_path / "cache")
    before = run(installed, XDG_CACHE_HOME=cache)
    assert run(installed, XDG_CACHE_HOME=cache)["folder"] == before["folder"]
    with (installed / "halfulp" / "judge" / "tiles.py").open("a") as source:
        source.write("# changed\n")
    after = run(installed, XDG_CACHE_HOME=cache)
    assert after["folder"] != before["folder"]
    assert after["hits"] == 0


def test_nothing_is_written_beside_the_sources(tmp_path: Path, installed: Path) -> None:
    run(installed, XDG_CACHE_HOME=str(tmp_path / "cache"), PYTHONDONTWRITEBYTECODE="1")
    assert not list((installed / "halfulp").rglob("__pycache__"))
