"""Errors planted in good routines are found by the default samplers, without being told where.

Each routine is NumPy's or `math`'s in float64, rounded once to the format, with one fault. The
spread is a fiftieth of the default one: what it finds, the default finds too.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest

import halfulp

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Array = npt.NDArray[Any]
    Routine = Callable[[Array], Array]

SAMPLERS = ("edges", "hard", "spread:20000")
"""The samplers that are taken where none is asked for; of spread, 1e6."""

GOOD = 2.0
"""Errors of the routines without a fault are below, in ulp."""


class Planted(NamedTuple):
    """A fault: what is computed, in which format, where it is wrong, and what it gives there."""

    function: str
    routine: Routine
    format: str
    place: Callable[[Array], Any]
    wrong: Callable[[Array, Array], Any]


def slightly_off(_: Array, y: Array) -> Array:
    return y * (1 + 2.0**-8)


def signed_one(x: Array, _: Array) -> Array:
    return np.copysign(1.0, x)


def _gamma(x: float) -> float:
    try:
        return math.gamma(x)
    except OverflowError:
        return math.inf
    except ValueError:  # a pole
        return math.copysign(math.inf, x) if x == 0 else math.nan


def gamma(x: Array) -> Array:
    return np.array([_gamma(value) for value in x.tolist()])


def within(low: float, high: float) -> Callable[[Array], Any]:
    """The inputs with low <= |x| < high."""
    return lambda x: (np.abs(x) >= low) & (np.abs(x) < high)


def just_below_minus_two(x: Array) -> Any:
    """The three float32 numbers below the pole at -2."""
    step = 2.0**-22
    return (x < -2) & (x >= -2 - 3 * step)


PLANTED = {
    "one side of a pole": Planted(
        "log", np.log, "float32", lambda x: (x > 0) & (x < 2.0**-147), slightly_off
    ),
    "one side of a pole in float64": Planted(
        "log", np.log, "float64", lambda x: (x > 0) & (x < 2.0**-1072), slightly_off
    ),
    "one side of a pole within": Planted(
        "gamma", gamma, "float32", just_below_minus_two, slightly_off
    ),
    # Float32 results round to 1 from 9.01 on, float64 results from 19.06 on.
    "saturated a binade early": Planted("tanh", np.tanh, "float32", within(4.6, 9.0), signed_one),
    "saturated a binade early in float64": Planted(
        "tanh", np.tanh, "float64", within(9.6, 19.0), signed_one
    ),
    "large arguments": Planted("sin", np.sin, "float64", within(1e15, np.inf), slightly_off),
    "large arguments in float32": Planted(
        "sin", np.sin, "float32", within(1e15, np.inf), slightly_off
    ),
    "a subnormal binade": Planted(
        "expm1", np.expm1, "float32", within(2.0**-127, 2.0**-126), slightly_off
    ),
    "a subnormal binade in float64": Planted(
        "sqrt", np.sqrt, "float64", within(2.0**-1023, 2.0**-1022), slightly_off
    ),
}


def rounded(routine: Routine, planted: Planted | None = None) -> Routine:
    """A routine in float64 with one rounding, and with a fault."""

    def routine_under_test(x: Array) -> Array:
        with np.errstate(all="ignore"):
            wide = x.astype(np.float64)
            y = routine(wide)
            if planted is not None:
                y = np.where(planted.place(wide), planted.wrong(wide, y), y)
            return y.astype(x.dtype)

    return routine_under_test


def worst(planted: Planted, routine: Routine) -> tuple[float, float]:
    """The largest error that the default samplers find, and the input at which."""
    measured = halfulp.measure(
        planted.function, backend=routine, format=planted.format, inputs=SAMPLERS, workers=1
    )
    found = [
        (figures.max_ulp if figures.max_ulp is not None else math.inf, figures.witness.input)
        for figures in measured.figures
        if figures.count and figures.witness is not None
    ]
    error, witness = max(found)
    return error, float.fromhex(witness)


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_error_is_found_in_its_place(name: str) -> None:
    planted = PLANTED[name]
    error, _ = worst(planted, rounded(planted.routine))
    assert error < GOOD, "the routine itself is not good"
    error, place = worst(planted, rounded(planted.routine, planted))
    assert planted.place(np.array([place])).all(), place.hex()
    assert error > 2 * GOOD


@pytest.mark.parametrize(("format_", "binade"), [("float32", -138), ("float64", -1050)])
def test_an_error_in_a_subnormal_binade_deep_down_is_found(format_: str, binade: int) -> None:
    there = within(2.0**binade, 2.0 ** (binade + 1))
    planted = Planted("expm1", np.expm1, format_, there, slightly_off)
    _, place = worst(planted, rounded(np.expm1, planted))
    assert there(np.array([place])).all(), place.hex()
