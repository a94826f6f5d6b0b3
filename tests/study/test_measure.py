"""`halfulp measure` from end to end, as issue and documentation promise it."""

from __future__ import annotations

import json
import math
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from pathlib import Path

KEYS = {
    "routine", "region", "sampler", "kind", "count", "max_ulp", "witness", "mean_ulp",
    "wrongly_rounded", "undecided", "specials", "seed",
}  # fmt: skip


def measure(*words: str) -> list[dict[str, Any]]:
    """Return the objects that the real command prints."""
    command = [sys.executable, "-m", "halfulp", "--quiet", "measure", *words, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


def expm1(count: int, *words: str) -> dict[str, Any]:
    inputs = ("--backend", "numpy", "--format", "float32", "--inputs", f"spread:{count}")
    (found,) = measure("expm1", *inputs, *words)
    return found


@pytest.mark.parametrize("count", [2000, pytest.param(200_000, marks=pytest.mark.slow)])
def test_measuring_expm1_prints_its_figures_and_its_witness(count: int) -> None:
    found = expm1(count)
    assert set(found) >= KEYS
    assert found["routine"] == "expm1/native/numpy/float32"
    assert (found["region"], found["sampler"]) == ("all", f"spread:{count}")
    assert (found["kind"], found["count"], found["seed"]) == ("sampled", count, 0)
    assert 0.5 < found["max_ulp"] < 8
    assert 0 < found["mean_ulp"] < 0.5
    witness = found["witness"]
    for name in ("input", "got", "want"):
        decimal = np.float32(witness[f"{name}_decimal"])
        assert float.fromhex(witness[name]) == decimal
        assert int(witness[f"{name}_bits"], 16) == decimal.view(np.uint32)
        assert len(witness[f"{name}_bits"]) == len("0x00000000")


@pytest.mark.parametrize("count", [2000, pytest.param(200_000, marks=pytest.mark.slow)])
def test_a_formula_that_cancels_is_off_by_millions_of_ulps(count: int) -> None:
    found = expm1(count, "--formula", "exp(x) - 1")
    assert found["routine"] == "expm1/exp(x) - 1/numpy/float32"
    assert found["max_ulp"] >= 2**23
    assert abs(float.fromhex(found["witness"]["input"])) < 2**-20
    assert expm1(count)["max_ulp"] < 8  # the same inputs


def test_a_region_confines_the_inputs() -> None:
    formula = ("--formula", "exp(x) - 1")
    large = expm1(1000, *formula, "--region", "1:80")
    assert large["region"] == "1:80"
    assert 1 <= float.fromhex(large["witness"]["input"]) <= 80
    assert large["max_ulp"] < 16
    small = expm1(1000, *formula, "--region", "0x1p-30:0x1p-20")
    assert 2**-30 <= float.fromhex(small["witness"]["input"]) <= 2**-20
    assert 2**10 < small["max_ulp"] < 2**26
    assert small["judged"] == 1000


def test_all_inputs_of_float16() -> None:
    (found,) = measure("exp", "--format", "float16", "--inputs", "exhaustive")
    assert (found["kind"], found["count"]) == ("exhaustive", 65_536)
    assert found["classes"]["nan_expected"] == 2046
    assert 0.49 < found["max_ulp"] < 1


@pytest.mark.parametrize(
    "words",
    [
        ("exp", "--format", "float64", "--inputs", "spread:500"),
        ("pow", "--backend", "math", "--format", "float32", "--inputs", "spread:200"),
        ("-sin(x)", "--formula", "sin(-x)", "--inputs", "spread:200"),
    ],
    ids=lambda words: words[0],
)
def test_the_command_of_a_witness_repeats_it(words: tuple[str, ...]) -> None:
    function, *options = words
    if function.startswith("-"):
        found = measure_last(function, *options)
    else:
        (found,) = measure(*words)
    program, *arguments = shlex.split(found["witness"]["command"])
    assert program == "halfulp"
    command = [sys.executable, "-m", "halfulp", "--quiet", *json_before_dashes(arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    again = json.loads(done.stdout)
    assert again["kind"] == "replayed"
    assert again["count"] == 1
    assert again["max_ulp"] == found["max_ulp"]
    assert {**again["witness"], "command": ""} == {**found["witness"], "command": ""}
    assert again["witness"]["command"] == found["witness"]["command"]


def measure_last(function: str, *options: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "halfulp", "--quiet", "measure", *options, "--json"]
    done = subprocess.run([*command, "--", function], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def json_before_dashes(arguments: list[str]) -> list[str]:
    place = arguments.index("--") if "--" in arguments else len(arguments)
    return [*arguments[:place], "--json", *arguments[place:]]


def test_a_giant_error_is_text_and_a_logarithm() -> None:
    words = ("--format", "float64", "--formula", "1/x - 1/x + 1e300", "--inputs", "listed:1")
    (found,) = measure("log", *words)
    assert found["max_ulp"] is None
    exact = 10**300 / 2.0**-1074
    assert math.isinf(exact)
    assert math.isclose(found["max_ulp_log2"], 300 * math.log2(10) + 1074, rel_tol=1e-12)
    assert found["max_ulp_text"].isdigit()
    assert len(found["max_ulp_text"]) == int(found["max_ulp_log2"] * math.log10(2)) + 1


def test_regions_of_two_arguments(tmp_path: Path) -> None:
    (found,) = measure("pow", "--region", "0.5:2, -1:1", "--inputs", "spread:300")
    first, second = found["witness"]["input"].split(", ")
    assert 0.5 <= float.fromhex(first) <= 2
    assert -1 <= float.fromhex(second) <= 1
