"""The adapter `c` on libraries of others: glibc against published figures, musl, SLEEF, libmvec."""

from __future__ import annotations

import csv
import ctypes.util
import platform
from pathlib import Path

import pytest

from halfulp import api
from halfulp.cli import main
from halfulp.functions import CATALOGUE
from halfulp.runs.store import load_run
from halfulp.study.names import BackendSpec, Names
from halfulp.study.plan import Product, expand, plan_of

PUBLISHED = Path(__file__).parents[1] / "data" / "published_maxima.csv"
MUSL = Path(f"/usr/lib/{platform.machine()}-linux-musl/libc.so")
SLEEF = ctypes.util.find_library("sleef")
FORMATS = {"binary32": "float32", "binary64": "float64"}


def published() -> list[dict[str, str]]:
    with PUBLISHED.open() as lines:
        return list(csv.DictReader(lines))


def glibc_2_36_with_fma() -> bool:
    has_fma = Path("/proc/cpuinfo").exists() and " fma " in Path("/proc/cpuinfo").read_text()
    return platform.libc_ver() == ("glibc", "2.36") and has_fma


@pytest.mark.skipif(not glibc_2_36_with_fma(), reason="the figures are glibc 2.36's, with FMA")
@pytest.mark.parametrize(
    "row", published(), ids=lambda row: f"{row['function']}-{FORMATS[row['format']]}"
)
def test_published_worst_inputs_come_out_as_published(row: dict[str, str]) -> None:
    if row["function"] not in CATALOGUE:
        pytest.skip(f"{row['function']} is not in the catalogue yet")
    measured = api.measure(
        row["function"],
        backend="c",
        format=FORMATS[row["format"]],
        inputs=f"listed:{row['input']}",
        workers=1,
    )
    assert measured.max_ulp is not None
    digits = len(row["max_ulp"].replace(".", "").lstrip("0"))
    assert digits >= 6
    assert f"{measured.max_ulp:.5g}" == f"{float(row['max_ulp']):.5g}"


def largest_error(spec: BackendSpec, function: str, fmt: str, inputs: str) -> float:
    product = Product((function,), (spec.label,), (fmt,), inputs=(inputs,))
    names = Names(backends={spec.label: spec})
    (figures,) = api.measured(plan_of(expand(product, names), names, name="test", seed=0))
    assert figures.status == "measured", figures.reason
    assert figures.max_ulp is not None
    return figures.max_ulp


@pytest.mark.skipif(not MUSL.exists(), reason="musl is not installed (Debian: musl)")
def test_musl_is_musl_and_not_a_mixture_with_glibc() -> None:
    # The place of musl's largest known error in tanh: it comes from its own expm1.
    spec = BackendSpec("musl", "c", {"library": str(MUSL)})
    worst = largest_error(spec, "tanh", "float64", "listed:-0x1.e134557098e37p-3")
    assert f"{worst:.5f}" == "2.21499"
    glibc = BackendSpec("glibc", "c", {})
    assert largest_error(glibc, "tanh", "float64", "listed:-0x1.e134557098e37p-3") < 2


@pytest.mark.skipif(SLEEF is None, reason="SLEEF is not installed (Debian: libsleef3)")
@pytest.mark.parametrize("fmt", ["float32", "float64"])
def test_sleef_keeps_its_promise_of_one_ulp(fmt: str) -> None:
    settings = {"library": SLEEF, "symbol": "Sleef_{name}{suffix}_u10"}
    spec = BackendSpec("sleef", "c", settings)
    assert 0.5 <= largest_error(spec, "sin", fmt, "spread:2000") <= 1


def test_the_shipped_study_puts_libraries_side_by_side(tmp_path: Path) -> None:
    """Libraries that are missing are rows that say so, in the dynamic linker's words."""
    out = tmp_path / "run"
    chosen = ["--only", "function=tanh", "--only", "format=float32"]
    assert main(["run", "libms", *chosen, "--out", str(out), "--no-report", "-q"]) == 0
    rows = load_run(out).rows
    assert {row["backend"] for row in rows} >= {"c", "c-fast", "musl", "sleef"}
    for row in rows:
        assert row["status"] == "measured" or "cannot be loaded" in row["reason"], row["reason"]
