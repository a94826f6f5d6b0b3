"""The project's own tests: its kernels by the fixture, its promises by the command line."""

import ctypes
import subprocess
from pathlib import Path

import example_kernels
import numpy as np
import pytest

HERE = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def expm1(tmp_path_factory: pytest.TempPathFactory):
    """Return the C kernel as a function of arrays."""
    built = tmp_path_factory.mktemp("build") / "kernels.so"
    command = ["cc", "-O2", "-ffp-contract=off", "-shared", "-fPIC", "-o", built, "kernels.c"]
    subprocess.run(command, check=True, cwd=HERE)
    kernel = ctypes.CDLL(str(built)).ours_expm1f
    kernel.argtypes, kernel.restype = [ctypes.c_float], ctypes.c_float

    def call(x: np.ndarray) -> np.ndarray:
        return np.array([kernel(value) for value in x], dtype=np.float32)

    return call


def test_expm1_is_as_good_as_correctly_rounded(halfulp, expm1) -> None:
    halfulp.assert_ulp(expm1, "expm1", max_ulp=0.51, inputs=["edges", "spread:3000"])


@pytest.mark.halfulp(max_ulp=0.51, inputs=["edges", "spread:3000"])
def test_softplus_in_a_process_of_its_own(halfulp) -> None:
    halfulp.assert_ulp(example_kernels.softplus, "softplus", isolated=True)


@pytest.mark.halfulp(max_ulp=0.51)
def test_arrays_of_the_project(halfulp) -> None:
    x = np.linspace(-5, 5, 101, dtype=np.float32)
    halfulp.assert_array_ulp(example_kernels.softplus(x), "softplus", x)
    assert np.abs(halfulp.ulp_error("softplus", x, example_kernels.softplus(x))).max() <= 0.51


@pytest.mark.xfail(raises=AssertionError, strict=True, reason="exp overflows, and 1 + exp cancels")
def test_the_naive_form_is_worse(halfulp) -> None:
    halfulp.assert_ulp(example_kernels.naive_softplus, "softplus", max_ulp=4, inputs="spread:3000")
