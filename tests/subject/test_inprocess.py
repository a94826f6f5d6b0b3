from __future__ import annotations

import ctypes
import importlib.util
import math
import platform
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from halfulp.backend import Request, Unavailable
from halfulp.expressions import parse
from halfulp.formats import FORMATS
from halfulp.subject.fpstate import DEFAULT
from halfulp.subject.inprocess import InProcess
from halfulp.subject.protocol import Evaluator, SubjectError

if TYPE_CHECKING:
    from types import ModuleType

    from halfulp.encodings import Bits

VALUES = [-2.5, -0.0, 1e-40, 0.5, 3.0]


def native(fmt: str, *arguments: str) -> Request:
    return Request("exp", None, FORMATS[fmt], arguments or ("x",))


def evaluated(function: Any, fmt: str = "float32", inputs: Bits | None = None) -> Bits:
    with InProcess(function) as subject:
        routine = subject.prepare(native(fmt))
        return subject.evaluate(routine, encodings(VALUES, fmt) if inputs is None else inputs)


def encodings(values: list[float], fmt: str = "float32") -> Bits:
    return np.array([values], fmt).view(f"u{FORMATS[fmt].width // 8}")


def failure(function: Any, fmt: str = "float32") -> str:
    with pytest.raises(SubjectError) as caught:
        evaluated(function, fmt)
    assert caught.value.status == "failed"
    return caught.value.reason


def test_it_is_an_evaluator() -> None:
    assert isinstance(InProcess(math.exp), Evaluator)


@pytest.mark.parametrize("fmt", ["float16", "float32", "float64"])
def test_array_callables_get_the_formats_dtype(fmt: str) -> None:
    expected = np.exp(np.array(VALUES, fmt))
    assert evaluated(np.exp, fmt).view(fmt).tolist() == expected.tolist()


def test_two_arguments_come_as_two_arrays() -> None:
    pairs = np.array([[2.0, 3.0], [5.0, 0.5]])
    with InProcess(np.power) as subject:
        routine = subject.prepare(native("float64", "x", "y"))
        output = subject.evaluate(routine, pairs.view(np.uint64))
    assert output.view(np.float64).tolist() == [32.0, 3.0**0.5]


@pytest.mark.parametrize("fmt", ["float16", "float32", "float64"])
@pytest.mark.parametrize("values", [VALUES, [0.25]])
def test_scalar_callables_are_looped_over_and_rounded_once(fmt: str, values: list[float]) -> None:
    inputs = encodings(values, fmt)
    record = FORMATS[fmt]
    exact = [Fraction(math.exp(record.value(int(bits)))) for bits in inputs[0]]
    assert evaluated(math.exp, fmt, inputs).tolist() == [record.round(real) for real in exact]


def test_callables_that_branch_are_looped_over() -> None:
    def clipped(x: float) -> float:
        return x if x > 0 else -0.0

    assert evaluated(clipped).view(np.float32).tolist() == [
        -0.0, -0.0, float(np.float32(1e-40)), 0.5, 3.0,
    ]  # fmt: skip
    assert np.signbit(evaluated(clipped).view(np.float32)[:2]).all()


def test_scalar_specials_are_encoded() -> None:
    fmt = FORMATS["float16"]
    for value, bits in ((math.nan, fmt.nan), (-math.inf, 0xFC00), (1e9, 0x7C00), (-0.0, 0x8000)):

        def always(x: float, value: float = value) -> float:
            return math.ldexp(value, 0 * int(math.isnan(x)))  # refuses arrays

        assert set(evaluated(always, "float16").tolist()) == {bits}


def test_the_output_is_a_copy_and_the_inputs_are_copies() -> None:
    kept: list[Any] = []

    def greedy(x: Any) -> Any:
        x += 1
        kept.append(x)
        return x

    inputs = encodings(VALUES)
    before = inputs.copy()
    output = evaluated(greedy, inputs=inputs).copy()
    kept[-1][:] = 0
    assert (inputs == before).all()
    assert output.view(np.float32)[-1] == 4.0


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda x: x[:-1], "returned an array of float32 of shape (4,)"),
        (lambda x: x.astype(np.float64), "returned an array of float64 of shape (5,)"),
        (list, "returned a list"),
        (lambda x: np.float32(x.sum()), "returned a float32"),
        (int, "was expected to return a float, but returned a int"),
        (math.log, "log raised ValueError at -0x1.4000000000000p+1: math domain error"),
        (lambda x: {}[0], "raised KeyError: 0"),
    ],
)
def test_wrong_results_fail_with_a_reason(function: Any, reason: str) -> None:
    assert reason in failure(function)


def test_formulas_and_formats_without_dtype_are_unavailable() -> None:
    with InProcess(np.exp) as subject:
        with pytest.raises(Unavailable, match="formula needs a backend"):
            subject.prepare(Request("exp", parse("exp(x)"), FORMATS["float32"], ("x",)))
        if importlib.util.find_spec("ml_dtypes") is None:
            with pytest.raises(Unavailable, match="NumPy has no bfloat16"):
                subject.prepare(native("bfloat16"))


def test_wrong_use_is_refused() -> None:
    with InProcess(np.exp) as subject, pytest.raises(RuntimeError, match="Prepare"):
        subject.evaluate(1, encodings(VALUES))


@pytest.fixture
def faults() -> ModuleType:
    path = Path(__file__).parent / "faults" / "halfulp_faults.py"
    spec = importlib.util.spec_from_file_location("halfulp_faults_here", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_changed_rounding_mode_is_noticed(faults: ModuleType) -> None:
    def careless(x: Any) -> Any:
        faults.set_rounding_upward()
        return x

    try:
        with InProcess(careless) as subject, pytest.raises(SubjectError) as caught:
            subject.prepare(native("float32"))
    finally:
        ctypes.CDLL("libm.so.6").fesetround(0)
    assert "changed the rounding mode from nearest to upward" in caught.value.reason


@pytest.mark.skipif(platform.machine() != "x86_64", reason="sets x86 control bits")
def test_flushing_is_noticed_even_if_the_callable_raises(faults: ModuleType) -> None:
    calls: list[int] = []

    def careless(x: Any) -> Any:
        calls.append(1)
        if len(calls) > 1:  # the first call is the probe for arrays
            faults.set_flushing(True)
            raise ArithmeticError
        return x

    with InProcess(careless) as subject:
        routine = subject.prepare(native("float32"))
        assert subject.floating_point_state == DEFAULT
        try:
            with pytest.raises(SubjectError) as caught:
                subject.evaluate(routine, encodings(VALUES))
        finally:
            faults.set_flushing(False)
    assert "flush-to-zero from off to on and denormals-are-zero" in caught.value.reason
    assert subject.floating_point_state.flush_to_zero
