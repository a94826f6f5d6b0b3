"""Starting up costs little: nothing heavy is loaded to answer a simple question."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ["numpy", "numba", "pandas", "pyarrow", "mpmath", "matplotlib", "torch", "rich"]

PROBE = """
import sys
from halfulp.cli import main
code = main(sys.argv[2:])
loaded = {name.partition(".")[0] for name in sys.modules}
print("LOADED", *sorted(loaded.intersection(sys.argv[1].split(","))), file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        (["--help"], [*HEAVY, "pydantic"]),
        (["--version"], [*HEAVY, "pydantic"]),
        (["measure", "--help"], HEAVY),
        (["list", "functions"], [*HEAVY, "flint"]),
        (["list", "functions", "gelu"], [*HEAVY, "flint"]),
        (["list", "functions", "--json"], [*HEAVY, "flint"]),
        (["list", "backends"], HEAVY),
        (["list", "studies"], HEAVY),
    ],
)
def test_nothing_heavy_is_loaded(arguments: list[str], absent: list[str]) -> None:
    command = [sys.executable, "-c", PROBE, ",".join(absent), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "LOADED"
    assert done.stdout.strip()


def test_importing_the_package_loads_nothing() -> None:
    code = "import halfulp, sys; print([n for n in ('numpy', 'typer') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_as_a_module_and_without_a_verb() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "halfulp"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("Usage: halfulp [OPTIONS] COMMAND")


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = f"{sys.executable} -m halfulp schema run | head -c 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode in {0, 141}  # 0 where the pipe's buffer held everything
