from __future__ import annotations

import platform
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def fast_math(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a shared object whose start-up code switches subnormals off; GCC adds that code."""
    compiler = shutil.which("gcc")
    if compiler is None or platform.machine() != "x86_64":
        pytest.skip("needs GCC on x86-64")
    folder = tmp_path_factory.mktemp("fast_math")
    (folder / "nothing.c").write_text("int nothing;\n")
    built = folder / "fast_math.so"
    command = [compiler, "-shared", "-fPIC", "-ffast-math", "nothing.c", "-o", str(built)]
    subprocess.run(command, cwd=folder, check=True)
    if b"set_fast_math" not in built.read_bytes():
        pytest.skip("this GCC leaves subnormals alone with -ffast-math in shared objects")
    return built


@pytest.fixture
def members() -> Callable[[int | None], list[int]]:
    """Return a function that lists the living processes of a process group."""
    return _members


@pytest.fixture
def ends() -> Callable[[int | None], bool]:
    """Return a function that tells whether a process group ends within some seconds.

    A process that was sent SIGKILL takes a moment to end.
    """

    def ends(group: int | None, within_s: float = 10) -> bool:
        deadline = time.monotonic() + within_s
        while _members(group) and time.monotonic() < deadline:
            time.sleep(0.02)
        return not _members(group)

    return ends


def _members(group: int | None) -> list[int]:
    found = []
    for process in psutil.process_iter():
        try:
            fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if fields[0] != "Z" and int(fields[2]) == group:
            found.append(process.pid)
    return found
