"""Every adapter that is installed here, ours and a third party's, under the conformance kit."""

from __future__ import annotations

import shutil
from importlib.util import find_spec

import pytest

from halfulp.backend import adapter_entry_points, adapter_named
from halfulp.testing import Check, conformance_checks

QUICK = (
    "c",
    "cupy",
    "decimal",
    "math",
    "mpmath",
    "numpy",
    "scipy",
    "torch",
    "torch-cuda",
    "torch-mps",
)
COMPILED = {
    # Each routine is compiled for itself: a few of them, of one argument and two.
    "jax": ("exp", "pow", "gelu"),
    "jax-jit": ("exp", "pow", "gelu"),
    "torch-compile": ("exp", "pow"),
}
SLOW = {"torch-compile"}
WITHOUT_FUNCTIONS = {"python"}  # it calls what a backend's table names


def checks() -> list[object]:
    """Return the checks of every adapter, as test parameters."""
    found = []
    for name in (*QUICK, *COMPILED):
        marks = [pytest.mark.slow] if name in SLOW else []
        if name == "c" and not any(map(shutil.which, ("cc", "gcc", "clang"))):
            marks.append(pytest.mark.skip(reason="there is no C compiler"))
        if name in adapter_entry_points():
            missing = [name for name in adapter_named(name).requires if find_spec(name) is None]
            marks += [pytest.mark.skip(reason=f"{name} is not installed") for name in missing]
        found += [
            pytest.param(check, id=str(check), marks=marks)
            for check in conformance_checks(name, functions=COMPILED.get(name, ()))
        ]
    return found


@pytest.mark.parametrize("check", checks())
def test_the_adapter_conforms(check: Check) -> None:
    check()


def test_every_adapter_of_ours_is_under_the_kit() -> None:
    ours = {
        point.name
        for point in adapter_entry_points().values()
        if point.value.startswith("halfulp_backends.")
    }
    assert ours - WITHOUT_FUNCTIONS == {*QUICK, *COMPILED} - {"decimal"}


def test_a_third_partys_adapter_is_installed_and_found() -> None:
    assert adapter_entry_points()["decimal"].value == "halfulp_example.adapter:adapter"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "functions"),
    [
        ("jax", ()),
        ("jax-jit", ()),
        # One a module and all that differ: PyTorch's compiler needs a second for each format.
        ("torch-compile", ("erf", "ndtri", "silu", "gelu_tanh", "polygamma2", "zeta", "atan2")),
    ],
)
def test_what_is_compiled_is_ready_and_means_what_it_says(
    name: str, functions: tuple[str, ...]
) -> None:
    pytest.importorskip(adapter_named(name).requires[0])
    asked = {"has routines or reasons for all it names", "means what the catalogue means"}
    for check in conformance_checks(name, functions=functions):
        if check.name in asked:
            check()
