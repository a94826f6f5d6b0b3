"""What can be checked on a machine with an NVIDIA GPU alone: `pytest -m gpu`."""

from __future__ import annotations

import shutil
from importlib.util import find_spec

import numpy as np
import pytest

from halfulp.backend import Request, Unavailable
from halfulp.formats import FORMATS
from halfulp.functions import parse
from halfulp.subject.handle import Subject
from halfulp.subject.timed import Setting, TimedSubject
from halfulp.testing import Check, conformance_checks

BACKENDS = {"cupy": "cupy", "torch-cuda": "torch"}


def missing(name: str) -> str:
    """Return why a backend cannot be tested here, or ""."""
    if shutil.which("nvidia-smi") is None:
        return "there is no NVIDIA driver"
    if find_spec(BACKENDS[name]) is None:
        return f"{BACKENDS[name]} is not installed"
    try:
        with Subject(name, {}):
            return ""
    except Unavailable as error:
        return str(error)


@pytest.fixture(scope="module", params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """Return each backend that has its device here."""
    name = str(request.param)
    if reason := missing(name):
        pytest.skip(reason)
    return name


@pytest.mark.gpu
@pytest.mark.parametrize(
    "check", [check for name in BACKENDS for check in conformance_checks(name)], ids=str
)
def test_the_adapter_conforms_on_the_device(check: Check) -> None:
    check()


@pytest.mark.gpu
def test_the_devices_clock_and_ours_agree_about_much_work(backend: str) -> None:
    with TimedSubject(backend, {}) as subject:
        routine = subject.prepare(Request("exp", None, FORMATS["float32"], ("x",)))
        inputs = np.full((1, 1000), 0x3F000000, np.uint32)
        bound = subject.bind(routine, inputs, Setting(1 << 24), 0)
        sample = subject.sample(bound, 200, 20)
        assert sample.device_ns is not None
        assert 0.5 * sample.ns < sample.device_ns < 1.1 * sample.ns


@pytest.mark.gpu
@pytest.mark.parametrize("fmt", ["float16", "float32", "float64"])
def test_formulas_are_rounded_operator_by_operator(backend: str, fmt: str) -> None:
    # (1 + u)^2 - (1 + 2u) is u^2 where it is contracted, and 0 where each result is rounded.
    record = FORMATS[fmt]
    one = record.round(record.smallest_normal * 0 + 1)
    inputs = np.array([[one + 1] * 64, [one + 2] * 64]).astype(f"u{record.width // 8}")
    request = Request("f", parse("x*x - y"), record, ("x", "y"))
    with Subject(backend, {}) as subject:
        assert not subject.evaluate(subject.prepare(request), inputs).any()
    if backend == "cupy" and fmt != "float16":
        with Subject(backend, {"contract": True}) as subject:
            assert subject.evaluate(subject.prepare(request), inputs).all()
