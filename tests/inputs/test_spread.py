"""`spread`: stratified over all encodings, over the active region, and in value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from halfulp import encodings, functions
from halfulp.formats import FORMATS, Format
from halfulp.inputs import parse_region, parse_sampler
from halfulp.inputs.sources import source
from halfulp.inputs.spread import Spread
from halfulp.reference.saturation import active
from halfulp.reference.truth import Kind, truth

COUNT = 3_000
THIRD = COUNT // 3


def spread(function: str, fmt: Format, region: str = "all", count: int = COUNT) -> Spread:
    record = functions.get(function)
    sampler = parse_sampler(f"spread:{count}")
    made = source(sampler, record, fmt, parse_region(region, record.arity), 3)
    assert isinstance(made, Spread)
    return made


def keys(made: Spread) -> Any:
    return encodings.keys(made.fmt, made.take(0, len(made)))


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=lambda fmt: fmt.name)
def test_each_stratum_of_all_encodings_is_hit_once(fmt: Format) -> None:
    first = sorted(keys(spread("exp", fmt))[0, :THIRD].tolist())
    low, high = -2 - fmt.max_magnitude, fmt.max_magnitude + 1
    width = (high - low + 1) / THIRD
    for number, key in enumerate(first):
        assert low + number * width - 2 <= key <= low + (number + 1) * width + 2


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=lambda fmt: fmt.name)
@pytest.mark.parametrize("function", ["exp", "tanh", "log"])
def test_the_second_and_third_thirds_lie_in_the_active_region(fmt: Format, function: str) -> None:
    found = keys(spread(function, fmt))[0, THIRD:]
    inside = np.zeros(found.shape, dtype=bool)
    for low, high in active(functions.get(function), fmt):
        inside |= (found >= low) & (found <= high)
    assert inside.all()


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=lambda fmt: fmt.name)
def test_the_last_third_is_even_in_value(fmt: Format) -> None:
    made = spread("exp", fmt, "-4 : 4")
    bits = made.take(2 * THIRD, COUNT - 2 * THIRD)[0].tolist()
    found = sorted(float(fmt.value(each)) for each in bits)
    counts, _ = np.histogram(found, bins=16, range=(-4, 4))
    assert counts.min() > 0.8 * THIRD / 16
    assert counts.max() < 1.2 * THIRD / 16


@pytest.mark.parametrize("function", ["exp", "tanh"])
def test_most_inputs_of_float64_have_a_result_that_is_not_trivial(function: str) -> None:
    fmt = FORMATS["float64"]
    made = spread(function, fmt)
    share = truth(functions.get(function), fmt, made.take(0, COUNT)).nontrivial.mean()
    assert share > 0.6


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=lambda fmt: fmt.name)
def test_most_powers_are_within_the_format(fmt: Format) -> None:
    made = spread("pow", fmt, count=1500)
    found = truth(functions.get("pow"), fmt, made.take(0, 1500))
    magnitude = encodings.magnitudes(fmt, found.rounded)
    in_range = (found.kind == Kind.NUMBER) & (magnitude > 0) & (magnitude <= fmt.max_magnitude)
    assert in_range[500:].mean() > 0.7
    assert in_range.mean() > 0.55


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=lambda fmt: fmt.name)
def test_powers_reach_both_ends_of_the_format_and_negative_bases(fmt: Format) -> None:
    made = spread("pow", fmt, count=1500)
    inputs = made.take(500, 1000)
    found = truth(functions.get("pow"), fmt, inputs)
    magnitude = encodings.magnitudes(fmt, found.rounded)
    numbers = (found.kind == Kind.NUMBER) & (magnitude > 0) & (magnitude <= fmt.max_magnitude)
    binades = magnitude[numbers] >> (fmt.p - 1)
    whole = fmt.max_magnitude >> (fmt.p - 1)
    counts, _ = np.histogram(binades, bins=4, range=(0, whole + 1))
    assert counts.min() > 0.1 * counts.sum()
    negative = encodings.negative(fmt, inputs[0]) & (found.kind == Kind.NUMBER)
    assert negative.mean() > 0.05


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_few_inputs_are_still_as_many_as_asked_for(count: int) -> None:
    for function in ("exp", "pow"):
        made = spread(function, FORMATS["float32"], count=count)
        assert made.take(0, count).shape == (functions.get(function).arity, count)


def test_a_region_of_one_number_gives_that_number() -> None:
    made = spread("exp", FORMATS["float32"], "1 : 1", count=30)
    assert set(made.take(0, 30)[0].tolist()) == {0x3F800000}
