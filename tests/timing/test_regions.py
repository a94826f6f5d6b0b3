"""Regions that are derived: what lies in them, by another way than that by which they were made."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from halfulp import encodings, functions
from halfulp.backend import Unavailable
from halfulp.exceptions import UsageError
from halfulp.formats import FORMATS
from halfulp.timing.pools import DRAWN, drawn, pool
from halfulp.timing.regions import REGIONS, derived

FORMAT_NAMES = ("float16", "float32", "float64")


def values(name: str, form: str, region: str) -> list[Fraction]:
    fmt = FORMATS[form]
    bits = drawn(functions.get(name), fmt, region, seed=3)
    assert bits.shape == (functions.get(name).arity, DRAWN)
    return [fmt.value(int(each)) for each in bits[0, :2_000] if fmt.is_finite(int(each))]


@pytest.mark.parametrize("form", FORMAT_NAMES)
@pytest.mark.parametrize("name", ["exp", "sin", "log", "asin", "erfc", "gamma", "sqrt"])
def test_normal_arguments_are_moderate_and_of_the_domain(name: str, form: str) -> None:
    found = values(name, form, "normal")
    assert all(Fraction(1, 64) <= abs(value) <= 64 for value in found)
    if name in {"log", "sqrt"}:
        assert min(found) > 0
    if name == "asin":
        assert max(found) <= 1
        assert len({value > 0 for value in found}) == 2


@pytest.mark.parametrize("form", FORMAT_NAMES)
def test_results_of_normal_arguments_are_normal(form: str) -> None:
    with np.errstate(all="ignore"):
        for name in ("exp", "expm1", "tanh"):
            inputs = drawn(functions.get(name), FORMATS[form], "normal", 0)[0].view(form)
            results = getattr(np, name)(inputs)
            info = np.finfo(form)
            # An ulp of room: the result that is computed is not quite the exact one.
            assert (np.abs(results) >= info.smallest_normal * (1 - 4 * info.eps)).all()
            assert np.isfinite(results).all()


@pytest.mark.parametrize("form", FORMAT_NAMES)
def test_subnormal_results_are_subnormal(form: str) -> None:
    for name in ("exp", "expm1", "tanh"):
        fmt = FORMATS[form]
        inputs = drawn(functions.get(name), fmt, "subnormal-results", 0)[0].view(form)
        results = getattr(np, name)(inputs.astype(np.float64) if form != "float64" else inputs)
        sizes = np.abs(results)
        tiny = float(fmt.smallest_normal)
        assert (sizes < tiny * (1 + 2**-8)).all(), name
        assert (sizes > float(fmt.smallest_subnormal) * 0.49).all(), name


def test_the_ends_of_subnormal_results_are_exact() -> None:
    # For float16 every input can be asked for: NumPy's float64 exp is far more accurate than that.
    fmt = FORMATS["float16"]
    ((low, high),) = derived("subnormal-results", functions.get("exp"), fmt).keys
    keys = np.arange(-1 - fmt.max_magnitude, fmt.max_magnitude + 1)
    inputs = encodings.from_keys(fmt, keys).view(np.float16).astype(np.float64)
    with np.errstate(all="ignore"):
        rounded = np.exp(inputs).astype(np.float16).view(np.uint16)
    inside = keys[(rounded > 0) & (rounded < 1 << 10)]
    assert (low, high) == (inside[0], inside[-1])


@pytest.mark.parametrize("form", FORMAT_NAMES)
def test_tiny_huge_and_subnormal_arguments(form: str) -> None:
    fmt = FORMATS[form]
    tiny, huge = values("sin", form, "tiny"), values("sin", form, "huge")
    subnormal = values("sin", form, "subnormal-inputs")
    assert all(fmt.smallest_normal <= abs(value) <= Fraction(1, 2**fmt.p) for value in tiny)
    assert all(2 ** (fmt.emax // 2) <= abs(value) <= fmt.max_finite for value in huge)
    assert all(0 < abs(value) < fmt.smallest_normal for value in subnormal)


def test_what_a_function_has_not_is_said() -> None:
    fmt = FORMATS["float32"]
    with pytest.raises(Unavailable, match="asin has no inputs in float32 that are huge"):
        drawn(functions.get("asin"), fmt, "huge", 0)
    with pytest.raises(Unavailable, match="its record names no pieces"):
        drawn(functions.get("sin"), fmt, "subnormal-results", 0)


def test_bounds_of_a_study_are_regions_too() -> None:
    found = values("exp", "float32", "0.5 : 2")
    assert all(Fraction(1, 2) <= value <= 2 for value in found)
    with pytest.raises(UsageError, match="2 ranges"):
        drawn(functions.get("pow"), FORMATS["float32"], "0.5:2", 0)


@pytest.mark.parametrize("region", list(REGIONS))
def test_draws_depend_on_the_seed_alone_and_are_in_no_order(region: str) -> None:
    function, fmt = functions.get("expm1"), FORMATS["float32"]
    one, again, other = (drawn(function, fmt, region, seed) for seed in (1, 1, 2))
    assert (one == again).all()
    assert (one != other).any()
    keys = encodings.keys(fmt, one[0])
    turns = np.count_nonzero(np.diff(np.sign(np.diff(keys))))
    assert turns > DRAWN / 2  # of random numbers two thirds are turns; a ramp has none


# -- pools -----------------------------------------------------------------------------------------


def encoded(values: list[float]) -> np.ndarray:
    return np.array(values, np.float32).view(np.uint32)


def test_inputs_are_kept_at_which_all_results_are_finite() -> None:
    inputs = encoded([float(number) for number in range(100)])[None]
    one, other = np.arange(100.0), np.arange(100.0)
    one[3], other[7] = np.nan, np.inf
    found = pool("exp", "float32", inputs, {"a": encoded(one), "b": encoded(other)})  # type: ignore[arg-type]
    kept = found.inputs.view(np.float32)[0]
    assert sorted(set(range(100)) - set(kept.tolist())) == [3, 7]
    assert (found.outputs["a"] == found.outputs["b"]).all()
    assert found.refused == {}


def test_a_routine_that_fails_at_many_inputs_is_not_compared() -> None:
    inputs = encoded([float(number) for number in range(100)])[None]
    good, bad = np.arange(100.0), np.arange(100.0)
    bad[20:] = np.nan
    found = pool("exp", "float32", inputs, {"good": encoded(good), "bad": encoded(bad)})  # type: ignore[arg-type]
    assert found.inputs.shape == (1, 100)
    assert found.refused == {
        "bad": "its results are not finite at 80 of 100 inputs that are valid for the others"
    }


def test_where_nothing_is_finite_there_is_nothing_to_time() -> None:
    inputs = encoded([1.0] * 50)[None]
    with pytest.raises(Unavailable, match="Only 0 of 50 inputs have finite results"):
        pool("exp", "float32", inputs, {"a": encoded([float("nan")] * 50)})


def test_results_are_judged_where_they_are_timed() -> None:
    inputs = encoded([float(number) / 8 for number in range(64)])[None]
    exact = np.exp(inputs.view(np.float32)[0].astype(np.float64)).astype(np.float32)
    wrong = exact.view(np.uint32).copy()
    wrong[5] += 3
    found = pool("exp", "float32", inputs, {"a": wrong})
    tally = found.judged(found.outputs["a"])
    assert tally["judged"] == 64
    assert 2 < tally.extremes["max_ulp"].value / 2**60 < 4
    assert tally.extremes["max_ulp"].witness.inputs == (int(inputs[0, 5]),)
    strided = found.judged(found.outputs["a"][found.places(32, 2)], 2)
    assert strided.extremes["max_ulp"].value / 2**60 <= 0.5
