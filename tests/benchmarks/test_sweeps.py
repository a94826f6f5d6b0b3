"""What proved sweeps cost, through the command line, beside what they cannot do without.

The floor of an exhaustive sweep is to call the routine on every input, once. `HALFULP_SWEEPS=all`
sweeps all functions (some 8 minutes); without it the first ones. A quiet machine is needed: these
are times of whole processes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from typing import Any

import gmpy2
import numpy as np
import psutil
import pytest

from halfulp import encodings
from halfulp.formats import FORMATS

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(900)]

CHUNK = 1 << 17
"""Inputs of a call, as a subject is asked for them."""

EVERY = 1 << 32
ROUTINES = {
    "exp": np.exp, "exp2": np.exp2, "expm1": np.expm1, "log": np.log, "log1p": np.log1p,
    "log2": np.log2, "tanh": np.tanh, "atan": np.arctan, "sin": np.sin, "cos": np.cos,
    "tan": np.tan,
}  # fmt: skip
LIMITS_S = {"exp": 20, "sin": 60, "cos": 60, "tan": 60, "lgamma": 180, "gamma": 180}
"""Wall times on two cores; 40 for the others, twice that of exp."""

FIRST = (("exp", "numpy", ()), ("expm1", "numpy", ("--formula", "exp(x) - 1")))
OTHERS = (
    *((name, "numpy", ()) for name in list(ROUTINES)[1:]),
    ("sigmoid", "numpy", ("--formula", "1/(1 + exp(-x))")),
    ("erf", "c", ()),
    ("lgamma", "c", ()),
    ("gamma", "c", ()),
)
SWEPT = (*FIRST, *OTHERS) if os.environ.get("HALFULP_SWEEPS") == "all" else FIRST


class Watched:
    """A command with its wall time and the largest memory of all its processes together."""

    def __init__(self, *words: str) -> None:
        began = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "halfulp", *words],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.memory = 0
        watcher = threading.Thread(target=self._watch, daemon=True)
        watcher.start()
        self.output = self._process.communicate()[0]
        self.seconds = time.perf_counter() - began
        watcher.join()

    def _watch(self) -> None:
        while self._process.poll() is None:
            self.memory = max(self.memory, _proportional(self._process.pid))
            time.sleep(0.2)

    @property
    def figures(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.output.splitlines()[-1])
        return found


def _proportional(pid: int) -> int:
    """Return the bytes of a process and all below it, shared pages divided among their users."""
    total = 0
    try:
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            total += process.memory_full_info().pss
    except psutil.Error:
        pass  # it has ended since
    return total


def one_core_s(name: str) -> float:
    """Return how long one core takes to call a routine on all inputs in the same chunks."""
    routine, fmt = ROUTINES[name], FORMATS["float32"]
    sample, out = 0.0, np.empty(CHUNK, np.float32)
    starts = range(-(1 << 31), 1 << 31, 64 * CHUNK)  # one chunk in 64
    with np.errstate(all="ignore"):
        for start in starts:
            keys = np.arange(start, start + CHUNK, dtype=np.int64)
            inputs = encodings.from_keys(fmt, keys).view(np.float32)
            began = time.process_time()
            routine(inputs, out=out)
            sample += time.process_time() - began
    return sample * 64


@pytest.mark.parametrize(("name", "backend", "more"), SWEPT, ids=lambda part: str(part)[:14])
def test_every_float32(benchmark: Any, name: str, backend: str, more: tuple[str, ...]) -> None:
    words = ("measure", name, *more, "--backend", backend, "--format", "float32")
    run = benchmark.pedantic(
        Watched, (*words, "--inputs", "exhaustive", "--json"), rounds=1, warmup_rounds=0
    )
    figures = run.figures
    assert figures["count"] == EVERY
    assert figures["undecided"] == 0
    assert figures["proved"] is True
    benchmark.extra_info |= {"wall_s": round(run.seconds, 1), "memory_mb": run.memory >> 20}
    if name in ROUTINES and not more:
        benchmark.extra_info["ratio_to_calling_it"] = round(run.seconds / one_core_s(name), 2)
    assert run.memory < 900 << 20
    if name == "exp":
        assert benchmark.extra_info["ratio_to_calling_it"] <= 8
    assert run.seconds <= LIMITS_S.get(name, 40)


def test_clusters_of_float64(benchmark: Any) -> None:
    """Proved inputs a second, beside a loop over MPFR at 120 bits."""
    words = ("measure", "exp", "--backend", "c", "--format", "float64", "--json", "--inputs")
    few = Watched(*words, "clusters:1024x1024")
    many = benchmark.pedantic(Watched, (*words, "clusters:262144x1024"), rounds=1)
    assert many.figures["proved"] is True
    inputs = many.figures["count"] - few.figures["count"]
    rate = inputs / (many.seconds - few.seconds)  # what starting takes falls out
    benchmark.extra_info["million_inputs_a_second"] = round(rate / 1e6, 1)
    benchmark.extra_info["ratio_to_mpfr"] = round(rate * _mpfr_s_an_input(), 1)
    assert benchmark.extra_info["ratio_to_mpfr"] >= 80


def _mpfr_s_an_input() -> float:
    values = np.linspace(-700, 700, 100_000).tolist()
    with gmpy2.context(precision=120):
        began = time.process_time()
        for value in values:
            gmpy2.exp(gmpy2.mpfr(value))
        return (time.process_time() - began) / len(values)
