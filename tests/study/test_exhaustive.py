"""Every float32 input: published maxima are found again, and so is one wrong value among 2^32."""

from __future__ import annotations

import csv
import json
import platform
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from halfulp import load_run
from halfulp.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = Path(__file__).parents[1] / "data" / "published_maxima.csv"
FLOAT32 = FORMATS["float32"]
EVERY = 1 << 32

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_800)]


def published() -> Iterator[Any]:
    with DATA.open() as file:
        for row in csv.DictReader(file):
            if row["format"] == "binary32":
                yield pytest.param(row["max_ulp"], row["input"], id=row["function"])


def measured(*words: str) -> dict[str, Any]:
    """Return the object that the real command prints about one row."""
    command = [sys.executable, "-m", "halfulp", "--quiet", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.skipif(platform.libc_ver() != ("glibc", "2.36"), reason="published for glibc 2.36")
@pytest.mark.parametrize(("maximum", "place"), list(published()))
def test_published_maxima_and_worst_inputs_are_found(
    request: pytest.FixtureRequest, maximum: str, place: str
) -> None:
    function = request.node.callspec.id
    found = measured(
        "measure", function, "--backend=c", "--format=float32", "--inputs=exhaustive", "--json"
    )
    assert (found["count"], found["kind"]) == (EVERY, "exhaustive")
    assert found["proved"]
    assert found["undecided"] == 0
    assert abs(found["max_ulp"] - float(maximum)) <= 0.5e-6
    low, high = found["max_ulp_interval"]
    assert low <= found["max_ulp"] <= high
    # Of both signs of an odd function the smaller number is named.
    assert found["witness"]["input"].lstrip("-") == place


KERNEL = """
#include <math.h>
#include <string.h>
#include <stdint.h>

float spoiled_expf(float x)
{
    uint32_t bits;
    float y = expf(x);
    memcpy(&bits, &x, sizeof bits);
    if (bits == 0x%08xu) {
        memcpy(&bits, &y, sizeof bits);
        bits += %d;
        memcpy(&y, &bits, sizeof bits);
    }
    return y;
}
"""
STUDY = """
schema = 1
title = "One wrong value"
[backend.spoiled]
adapter = "c"
source = "spoiled.c"
symbols = { exp = { float32 = "spoiled_expf" } }
[[case]]
functions = ["exp"]
backends = ["spoiled"]
formats = ["float32"]
inputs = ["exhaustive"]
"""


@pytest.mark.parametrize(
    ("x", "steps"), [("-0x1.91p+6", 2), ("0x1.234566p-3", -1)], ids=["subnormal", "ordinary"]
)
def test_one_wrong_value_among_all_is_found_and_reported(
    tmp_path: Path, arbiter: Any, x: str, steps: int
) -> None:
    """One step more is less than what some routines are off by, and more than glibc's expf is."""
    bits = FLOAT32.round(Fraction(float.fromhex(x)))
    (tmp_path / "spoiled.c").write_text(KERNEL % (bits, steps))
    (tmp_path / "study.toml").write_text(STUDY)
    out = tmp_path / "run"
    command = [sys.executable, "-m", "halfulp", "--quiet", "run", str(tmp_path / "study.toml")]
    done = subprocess.run(
        [*command, "--out", str(out)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    run = load_run(out)
    (row,) = run.rows
    assert (row["status"], row["count"], row["proved"]) == ("measured", EVERY, True)
    low, high = arbiter.bounds("exp", [FLOAT32.value(bits)], 200)
    right = FLOAT32.round(low)
    assert right == FLOAT32.round(high)
    errors = [(FLOAT32.value(right + steps) - real) / FLOAT32.ulp(real) for real in (low, high)]
    assert row["max_ulp_low"] <= abs(errors[0]) <= row["max_ulp"]
    assert row["max_ulp"] - row["max_ulp_low"] < 2.0**-48
    assert row["max_steps"] == str(abs(steps))
    # One step is what other results are off by as well, half an ulp further from the middle.
    for quantity in ("max_ulp", "max_steps")[: abs(steps)]:
        (witness,) = (w for w in run.records("witnesses") if w["quantity"] == quantity)
        assert witness["input_hex"] == FLOAT32.hex(bits)
        assert witness["got_hex"] == FLOAT32.hex(right + steps)
        assert witness["want_hex"] == FLOAT32.hex(right)
