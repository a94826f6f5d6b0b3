"""The calls that tests make: errors of arrays, assertions, exact results, in any library."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import halfulp
from halfulp.exceptions import HalfulpError, UsageError
from halfulp.formats import FORMATS

X = np.array([-2.0, -0.5, 0.25, 1.0, 3.0], dtype=np.float32)


def right(function: str, x, fmt: str = "float32"):
    return [halfulp.reference(function, float(value)).rounded(fmt) for value in x]


# -- ulp_error -------------------------------------------------------------------------------------


@settings(deadline=None)  # the first call imports the references
@given(st.floats(-80, 80, width=32), st.integers(-5, 5))
def test_errors_are_those_of_rational_arithmetic(x, steps) -> None:
    fmt = FORMATS["float32"]
    exact = halfulp.reference("exp", x)
    bits = exact.bits("float32") + steps
    got = np.uint32(bits).view(np.float32)
    middle = (exact.lo + exact.hi) / 2
    wanted = (fmt.value(bits) - middle) / fmt.ulp(middle)
    found = halfulp.ulp_error("exp", np.float32(x), got)
    assert found.shape == ()
    assert abs(Fraction(float(found)) - wanted) < Fraction(1, 2**40)


def test_special_results_have_no_error_if_they_are_right() -> None:
    x = np.array([0.0, -1.0, np.inf, np.nan, 1.0])
    y = np.array([-np.inf, np.nan, np.inf, np.nan, -0.0])
    assert halfulp.ulp_error("log", x, y).tolist() == [0, 0, 0, 0, 0]
    wrong = halfulp.ulp_error("log", x, np.array([np.inf, 1.0, np.nan, 0.0, np.nan]))
    assert np.isnan(wrong).all()


def test_errors_of_any_size_and_shape() -> None:
    x = np.array([[-700.0], [700.0]])
    huge = halfulp.ulp_error("exp", x, np.array([[1e300], [np.inf]]))
    assert huge.shape == (2, 1)
    assert huge[0, 0] == np.inf
    # infinity counts as 2^1024: one rational number, once more
    wanted = (Fraction(2) ** 1024 - Fraction(math.exp(700))) / Fraction(math.ulp(math.exp(700)))
    assert huge[1, 0] == pytest.approx(float(wanted), rel=1e-12)
    assert halfulp.ulp_error("exp", np.empty((0, 3)), np.empty((0, 3))).shape == (0, 3)


def test_two_arguments_and_expressions() -> None:
    y = np.array(right("x**3", X), dtype=np.float32)
    three = np.full_like(X, 3)
    assert np.abs(halfulp.ulp_error("pow", (X, three), y)).max() <= 0.5
    assert np.abs(halfulp.ulp_error("x*y", (X, three), X * three)).max() <= 0.5


def torch_array(values, dtype):
    torch = pytest.importorskip("torch")
    return torch.tensor(values.tolist(), dtype=getattr(torch, dtype))


def jax_array(values, dtype):
    return pytest.importorskip("jax.numpy").array(values, dtype=dtype)


class Dlpack:
    """An array of a library that nobody knows, and that speaks DLPack."""

    def __init__(self, values) -> None:
        self.values = values

    def __dlpack__(self, **keywords):
        return self.values.__dlpack__(**keywords)

    def __dlpack_device__(self):
        return self.values.__dlpack_device__()


class OnDevice:
    """An array as CuPy has it: only `get` brings it here."""

    def __init__(self, values) -> None:
        self.values = values

    def get(self):
        return self.values


OnDevice.__module__ = "cupy._core.core"


@pytest.mark.parametrize(
    "make",
    [
        lambda values: values,
        lambda values: values.astype(">f4"),
        lambda values: values[::-1].copy()[::-1],
        lambda values: torch_array(values, "float32"),
        lambda values: jax_array(values, "float32"),
        Dlpack,
        OnDevice,
    ],
    ids=["numpy", "big-endian", "strided", "torch", "jax", "dlpack", "cupy"],
)
def test_arrays_of_every_library_are_recognised(make) -> None:
    y = np.array(right("expm1", X), dtype=np.float32)
    expected = halfulp.ulp_error("expm1", X, y)
    assert np.abs(expected).max() <= 0.5
    assert halfulp.ulp_error("expm1", make(X), make(y)).tolist() == expected.tolist()


@pytest.mark.parametrize("make", [torch_array, jax_array])
def test_bfloat16_keeps_its_bits(make) -> None:
    y = make(np.array(right("expm1", X, "bfloat16")), "bfloat16")
    x = make(X, "bfloat16")
    assert np.abs(halfulp.ulp_error("expm1", x, y)).max() <= 0.5


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        (X.astype(np.float64), X, "x is float64 and y float32"),
        (X[:2], X, "x has (2,) and y (5,)"),
        (X, X * 1j, "y has the type complex64"),
        (X, "text", "Expected an array of floats for y"),
        (X, None, "Expected an array of floats for y"),
        (0.1, np.float32(0.1), "x has 0.1, which is no number of float32"),
        ([1.0, [2.0]], X, "x is a list whose parts differ in length"),
    ],
)
def test_arrays_that_do_not_fit(x, y, said) -> None:
    with pytest.raises(UsageError, match=said.replace("(", r"\(").replace(")", r"\)")):
        halfulp.ulp_error("exp", x, y)


def test_functions_that_do_not_fit() -> None:
    with pytest.raises(UsageError, match="Did you mean expm1"):
        halfulp.ulp_error("expml", X, X)
    with pytest.raises(UsageError, match="pow takes 2 arguments"):
        halfulp.ulp_error("pow", X, X)


# -- assert_array_ulp ------------------------------------------------------------------------------


def test_the_message_shows_the_worst_and_its_command_repeats_it() -> None:
    y = np.array(right("expm1", X), dtype=np.float32).reshape(1, 5)
    halfulp.assert_array_ulp(y, "expm1", X.reshape(1, 5), max_ulp=0.5)
    y[0, 3] = np.nextafter(np.nextafter(y[0, 3], np.float32(9)), np.float32(9))
    with pytest.raises(AssertionError) as caught:
        halfulp.assert_array_ulp(y, "expm1", X.reshape(1, 5), max_ulp=1.5)
    message = str(caught.value)
    assert "2.30754 ulp, more than 1.5 ulp (1 of 5 results are)" in message
    assert "at    0x1p+0  (bits 0x3f800000)  place 0, 3" in message
    assert "got   0x1.b7e156p+0" in message
    assert "want  0x1.b7e152p+0" in message
    command = message.partition("judge again: ")[2].replace("python", sys.executable, 1)
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert float(done.stdout) == pytest.approx(2.3075338)


def test_a_wrong_special_result_breaks_the_assertion() -> None:
    zero = np.zeros(1)
    with pytest.raises(AssertionError, match="1 wrong special results, the first a zero of the"):
        halfulp.assert_array_ulp(-zero, "sin", zero, max_ulp=1)
    halfulp.assert_array_ulp(-zero, "sin", zero, max_ulp=1, special_mismatches=1)
    with pytest.raises(AssertionError, match="a nan where a number was due"):
        halfulp.assert_array_ulp([np.nan], "sin", zero, max_ulp=1)


def test_what_is_not_decided_is_no_pass() -> None:
    infinity = np.array([np.inf])
    with pytest.raises(AssertionError, match="not decided at 1 of 1 inputs"):
        halfulp.assert_array_ulp(infinity, "x - log(x)", infinity, max_ulp=1)


def test_a_process_whose_state_was_changed_judges_nothing(monkeypatch) -> None:
    from halfulp.subject.fpstate import FloatingPointState

    changed = FloatingPointState(flush_to_zero=True)
    monkeypatch.setattr(
        "halfulp.assertions.judgement.floating_point_state", lambda: changed, raising=True
    )
    with pytest.raises(HalfulpError, match="flush-to-zero from off to on"):
        halfulp.ulp_error("exp", X, X)


# -- assert_ulp ------------------------------------------------------------------------------------


def naive(x):
    return np.exp(x) - np.float32(1)


def test_a_callable_is_measured() -> None:
    measured = halfulp.assert_ulp(np.expm1, "expm1", max_ulp=4, inputs="spread:500")
    assert measured is not None
    assert measured.status == "measured"
    assert measured.max_ulp is not None
    assert measured.max_ulp <= 4
    default = halfulp.assert_ulp(np.tanh, "tanh", max_ulp=4, region="0.5:1")
    assert default is not None
    assert [figures.sampler for figures in default.figures] == ["edges", "spread:10000"]


def test_the_command_in_the_message_repeats_the_failure() -> None:
    with pytest.raises(AssertionError) as caught:
        halfulp.assert_ulp(np.sin, "expm1", max_ulp=4, inputs=["spread:300"])
    message = str(caught.value)
    assert "ulp; at most 4 is allowed" in message
    command = message.partition("repeat: ")[2].replace("python", sys.executable, 1)
    again = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert message.splitlines()[1] in again.stderr


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ({"max_ulp": 1e12, "max_steps": 0}, "max_steps: broken"),
        ({"max_ulp": 1e12}, "special_mismatches: broken"),
    ],
)
def test_other_bounds(bounds, said) -> None:
    def flawed(x):
        return np.where(x == 0, np.float32(0), naive(x))

    with pytest.raises(AssertionError, match=said):
        halfulp.assert_ulp(flawed, "expm1", inputs="listed:-0,1e-3", **bounds)


def test_inputs_of_the_users_own() -> None:
    torch = pytest.importorskip("torch")
    assert halfulp.assert_ulp(torch.expm1, "expm1", max_ulp=2, inputs=torch.tensor([0.5])) is None
    halfulp.assert_ulp(np.hypot, "hypot", max_ulp=1, inputs=(X, X))
    with pytest.raises(AssertionError, match="more than 1 ulp"):
        halfulp.assert_ulp(naive, "expm1", max_ulp=1, inputs=np.array([1e-4], dtype=np.float32))
    halfulp.assert_ulp(np.expm1, "expm1", format="float64", max_ulp=2, inputs=[0.1, 2])


def test_a_routine_that_raises_breaks_the_assertion() -> None:
    def raising(x):
        raise RuntimeError("on purpose")

    with pytest.raises(AssertionError, match="raising raised RuntimeError"):
        halfulp.assert_ulp(raising, "exp", max_ulp=1, inputs="spread:10")


def test_in_a_process_of_its_own(tmp_path, monkeypatch) -> None:
    (tmp_path / "own_kernels.py").write_text(
        "import os, numpy as np\n"
        "def expm1(x): return np.expm1(x)\n"
        "def pid(x): raise RuntimeError(os.getpid())\n"
        "def crash(x): os.abort()\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    import own_kernels

    few = {"max_ulp": 4, "inputs": "spread:50", "isolated": True}
    assert halfulp.assert_ulp(own_kernels.expm1, "expm1", **few) is not None
    assert halfulp.assert_ulp("own_kernels:expm1", "expm1", **few) is not None
    with pytest.raises(AssertionError, match="crashed: killed by SIGABRT"):
        halfulp.assert_ulp(own_kernels.crash, "expm1", **few)
    with pytest.raises(AssertionError, match="RuntimeError: ") as caught:
        halfulp.assert_ulp(own_kernels.pid, "expm1", **few)
    assert str(os.getpid()) not in str(caught.value)
    with pytest.raises(HalfulpError, match="No module named 'no_such_module'"):
        halfulp.assert_ulp("no_such_module:f", "expm1", **few)
    with pytest.raises(UsageError, match="no function at the top of a module"):
        halfulp.assert_ulp(lambda x: x, "expm1", **few)


@pytest.mark.parametrize(
    "arguments",
    [
        {"max_ulp": -1},
        {"max_ulp": "1"},
        {"max_ulp": math.nan},
        {"max_ulp": 1, "format": "float33"},
        {"max_ulp": 1, "inputs": "no-such"},
        {"max_ulp": 1, "inputs": {"a": 1}},
        {"max_ulp": 1, "inputs": [object()]},
    ],
)
def test_arguments_that_are_not_understood(arguments) -> None:
    with pytest.raises(UsageError):
        halfulp.assert_ulp(np.exp, "exp", **arguments)


# -- reference -------------------------------------------------------------------------------------


def test_exact_values() -> None:
    value = halfulp.reference("exp", 1)
    assert value.lo < value.hi
    assert abs(Fraction("2.71828182845904523536028747135266") - value.lo) < Fraction(1, 10**30)
    assert value.rounded("float64") == math.e
    assert value.bits("float32") == int(np.float32(math.e).view(np.uint32))
    assert str(value) == "2.7182818284590452"
    tenth, float_tenth = (halfulp.reference("x+0", x) for x in ("0.1", 0.1))
    assert tenth.lo == Fraction(1, 10) < float_tenth.lo == Fraction(0.1)


@pytest.mark.parametrize(
    ("function", "x", "rounded"),
    [
        ("log", (0.0,), "-inf"),
        ("log", (-1.0,), "nan"),
        ("sin", (-0.0,), "-0x0.0p+0"),
        ("exp", (-math.inf,), "0x0.0p+0"),
        ("exp", (1000,), "inf"),
        ("pow", (2, "0x1p-1"), "0x1.6a09e667f3bcdp+0"),
        ("exp", (np.float32(0.5),), "0x1.a61298e1e069cp+0"),
    ],
)
def test_special_values_and_signs(function, x, rounded) -> None:
    assert halfulp.reference(function, *x).rounded("float64").hex() == rounded


def test_points_that_are_none() -> None:
    for arguments in ((), (1, 2), ("one",), (None,), (True,), ([1.0],)):
        with pytest.raises(UsageError):
            halfulp.reference("exp", *arguments)


def test_the_call_and_the_package_of_that_name_get_along() -> None:
    code = (
        "import halfulp; first = halfulp.reference('exp', 0); import halfulp.reference.oracle; "
        "second = halfulp.reference('exp', 0); from halfulp import reference; "
        "assert first == second == reference('exp', 0); print(first)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("1\n", "")
