"""Every sampler: its exact length, any part of it by number, the same for a seed, in its region."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halfulp import encodings, functions
from halfulp.exceptions import UsageError
from halfulp.formats import FORMATS, Format
from halfulp.inputs import parse_region, parse_sampler
from halfulp.inputs.sources import source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from halfulp.encodings import Bits
    from halfulp.inputs.sources import Source

SAMPLERS = ("exhaustive", "spread:1000", "spread:7", "grid:333", "edges", "listed:1,0.5,nan,-0")
JOINT = ("spread:1000", "grid:500", "edges", "listed:1,2;3,4")


def made(sampler: str, function: str, fmt: Format, region: str = "all", seed: int = 0) -> Source:
    record = functions.get(function)
    return source(parse_sampler(sampler), record, fmt, parse_region(region, record.arity), seed)


def everything(inputs: Source) -> Bits:
    return inputs.take(0, len(inputs))


def values(fmt: Format, column: Any) -> list[Fraction]:
    return [fmt.value(bits) for bits in column.tolist() if fmt.is_finite(bits)]


def combinations() -> list[Any]:
    one = [
        (sampler, function, "float16", "-3 : 5")
        for sampler in SAMPLERS
        for function in ("exp", "sin", "log1p")
    ]
    wide = [
        (sampler, "expm1", fmt, "all")
        for sampler in SAMPLERS
        for fmt in FORMATS
        if sampler != "exhaustive" or FORMATS[fmt].width == 16
    ]
    two = [(sampler, "pow", fmt, "all") for sampler in JOINT for fmt in FORMATS]
    return [*one, *wide, *two]


@pytest.mark.parametrize(("sampler", "function", "fmt", "region"), combinations())
def test_any_part_can_be_taken_by_number(
    sampler: str, function: str, fmt: str, region: str
) -> None:
    inputs = made(sampler, function, FORMATS[fmt], region)
    total = len(inputs)
    whole = everything(inputs)
    assert whole.shape == (functions.get(function).arity, total)
    assert whole.dtype == encodings.bits_type(FORMATS[fmt])
    random = np.random.default_rng(total)
    for _ in range(4):
        cuts = sorted({0, total, *random.integers(0, total + 1, 5).tolist()})
        parts = [inputs.take(low, high - low) for low, high in pairwise(cuts)]
        assert all(part.flags.c_contiguous for part in parts)
        assert np.array_equal(np.concatenate(parts, axis=1), whole)


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=lambda fmt: fmt.name)
@pytest.mark.parametrize("function", ["exp", "pow"])
def test_a_seed_gives_the_same_inputs_and_another_seed_others(fmt: Format, function: str) -> None:
    first, again, other = (
        everything(made("spread:3000", function, fmt, seed=seed)) for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert np.mean((first == other).all(axis=0)) < 0.5


def test_other_samplers_do_not_depend_on_the_seed() -> None:
    for sampler in ("grid:100", "edges", "listed:1,2"):
        first, other = (
            everything(made(sampler, "exp", FORMATS["float32"], seed=seed)) for seed in (1, 2)
        )
        assert np.array_equal(first, other)


# -- regions -----------------------------------------------------------------------------------


@st.composite
def bounds(draw: st.DrawFn, fmt: Format) -> tuple[Fraction, Fraction]:
    """Draw bounds that are numbers of the format or lie beside them, near or far apart."""
    ends = []
    for _ in range(2):
        bits = draw(st.integers(0, fmt.max_magnitude))
        value = fmt.value(bits) * draw(st.sampled_from([1, -1]))
        ends.append(value + draw(st.sampled_from([0, Fraction(1, 4)])) * fmt.ulp(value))
    if draw(st.booleans()):
        ends[1] = ends[0] + draw(st.integers(0, 40)) * fmt.ulp(ends[0]) / 2
    low, high = sorted(ends)
    return low, high


def exact_text(value: Fraction) -> str:
    """Return a dyadic rational as a hexadecimal float."""
    sign = "-" if value < 0 else ""
    return f"{sign}0x{abs(value.numerator):x}p{1 - value.denominator.bit_length()}"


@settings(deadline=None, max_examples=250)
@given(data=st.data(), fmt=st.sampled_from(list(FORMATS.values())))
@pytest.mark.parametrize("sampler", ["spread:60", "grid:40", "edges"])
def test_inputs_lie_within_the_region(sampler: str, data: st.DataObject, fmt: Format) -> None:
    low, high = data.draw(bounds(fmt))
    function = data.draw(st.sampled_from(["exp", "tanh", "log"]))
    region = f"{exact_text(low)} : {exact_text(high)}"
    first, last = fmt.key_at_least(low), fmt.key_at_most(high)
    if first > last or low > fmt.max_finite or high < -fmt.max_finite:
        with pytest.raises(UsageError, match="no number"):
            made(sampler, function, fmt, region)
        return
    found = everything(made(sampler, function, fmt, region))
    assert all(low <= value <= high for value in values(fmt, found[0]))
    assert all(fmt.is_finite(bits) for bits in found[0].tolist())
    if sampler == "edges":
        assert {fmt.from_key(first), fmt.from_key(last)} <= set(found[0].tolist())


@settings(deadline=None, max_examples=60)
@given(data=st.data(), fmt=st.sampled_from(list(FORMATS.values())))
@pytest.mark.parametrize("sampler", ["spread:90", "grid:49", "edges"])
def test_pairs_lie_within_the_box(sampler: str, data: st.DataObject, fmt: Format) -> None:
    boxes = [data.draw(bounds(fmt)) for _ in range(2)]
    keys = [(fmt.key_at_least(low), fmt.key_at_most(high)) for low, high in boxes]
    if any(first > last or last > fmt.max_magnitude for first, last in keys):
        return
    region = ", ".join(f"{exact_text(low)} : {exact_text(high)}" for low, high in boxes)
    found = everything(made(sampler, "pow", fmt, region))
    for column, (low, high) in zip(found, boxes, strict=True):
        assert all(low <= value <= high for value in values(fmt, column))


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=lambda fmt: fmt.name)
@pytest.mark.parametrize("sampler", ["spread:300", "edges"])
def test_an_infinite_bound_includes_the_infinity_and_no_nan(sampler: str, fmt: Format) -> None:
    found = everything(made(sampler, "exp", fmt, "3 : inf"))[0].tolist()
    assert not any(fmt.is_nan(bits) for bits in found)
    assert all(fmt.is_inf(bits) or fmt.value(bits) >= 3 for bits in found)
    assert not any(fmt.is_negative(bits) for bits in found)
    if sampler == "edges":
        assert fmt.infinity in found


@pytest.mark.parametrize(
    ("region", "said"),
    [
        ("2 : 1", "reversed"),
        ("inf : -inf", "reversed"),
        ("1", "colon"),
        ("1 : 2 : 3", "colon"),
        ("a : b", "number"),
        ("1 : 2, 3 : 4", "1 range"),
    ],
)
def test_a_region_that_makes_no_sense_is_refused(region: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse_region(region, 1)


def test_a_region_between_two_floats_is_refused() -> None:
    narrow = "1.0000001 : 1.0000002"
    assert len(made("grid:5", "exp", FORMATS["float64"], narrow)) == 5
    with pytest.raises(UsageError, match="no number of float16"):
        made("grid:5", "exp", FORMATS["float16"], narrow)


# -- exhaustive --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_all_inputs_are_every_encoding_once(name: str) -> None:
    inputs = made("exhaustive", "exp", FORMATS[name])
    assert len(inputs) == 1 << 16
    assert sorted(everything(inputs)[0].tolist()) == list(range(1 << 16))


def test_a_small_region_of_float32_is_taken_without_a_gap() -> None:
    fmt = FORMATS["float32"]
    found = everything(made("exhaustive", "exp", fmt, "-0x1.8p-148 : 0x1p-145"))[0].tolist()
    zeros = [fmt.sign_bit, 0]
    assert found == [fmt.sign_bit | 3, fmt.sign_bit | 2, fmt.sign_bit | 1, *zeros, *range(1, 17)]


def test_pairs_are_taken_with_the_last_argument_fastest() -> None:
    found = everything(
        made("exhaustive", "pow", FORMATS["float16"], "1 : 0x1.008p0, 2 : 0x1.004p1")
    )
    assert found.T.tolist() == [
        [x, y] for x in (0x3C00, 0x3C01, 0x3C02) for y in (0x4000, 0x4001)
    ]  # fmt: skip


def test_too_many_inputs_are_refused_with_advice() -> None:
    with pytest.raises(UsageError, match=r"too many to take all.*spread:N"):
        made("exhaustive", "exp", FORMATS["float64"])


# -- grid --------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=200)
@given(
    data=st.data(),
    fmt=st.sampled_from(list(FORMATS.values())),
    count=st.integers(2, 50),
)
def test_a_grid_is_even_in_value_and_has_both_ends(
    data: st.DataObject, fmt: Format, count: int
) -> None:
    low, high = data.draw(bounds(fmt))
    first, last = fmt.key_at_least(low), fmt.key_at_most(high)
    if first > last or last > fmt.max_magnitude or first < -1 - fmt.max_magnitude:
        return
    region = f"{exact_text(low)} : {exact_text(high)}"
    found = everything(made(f"grid:{count}", "exp", fmt, region))[0].tolist()
    assert (found[0], found[-1]) == (fmt.from_key(first), fmt.from_key(last))
    start, end = fmt.value(found[0]), fmt.value(found[-1])
    for place, bits in enumerate(found):
        ideal = start + (end - start) * place / (count - 1)
        assert abs(fmt.value(bits) - ideal) <= 2 * fmt.ulp(max(abs(start), abs(end), abs(ideal)))


def test_a_grid_of_a_whole_axis_spans_the_active_region() -> None:
    fmt = FORMATS["float32"]
    found = values(fmt, everything(made("grid:101", "exp", fmt))[0])
    assert -105 < found[0] < -103  # beyond, exp vanishes
    assert 88 < found[-1] < 89  # beyond, it overflows


def test_a_grid_of_one_point_is_the_low_end() -> None:
    assert everything(made("grid:1", "exp", FORMATS["float16"], "1 : 2"))[0].tolist() == [0x3C00]


# -- listed ------------------------------------------------------------------------------------


def listed(text: str, function: str = "exp", fmt: str = "float16") -> list[Sequence[int]]:
    found: list[Sequence[int]] = everything(
        made(f"listed:{text}", function, FORMATS[fmt])
    ).T.tolist()
    return found


def test_listed_numbers_are_rounded_to_the_format_once() -> None:
    # 1 + 2^-11 + 2^-60 is above a midpoint of float16, but not when it is rounded to double first.
    found = listed("0x1p-3,0.5,-0,0,nan,-nan,inf,-inf,0x1.00200000000000001p0,1e-20,-1e-20,1e9")
    assert [bits for (bits,) in found] == [
        0x3000, 0x3800, 0x8000, 0, 0x7E00, 0xFE00, 0x7C00, 0xFC00, 0x3C01, 0, 0x8000, 0x7C00,
    ]  # fmt: skip


def test_listed_pairs() -> None:
    assert listed("1,2;3,4", "pow") == [[0x3C00, 0x4000], [0x4200, 0x4400]]
    assert listed("1,2;", "pow") == [[0x3C00, 0x4000]]


def test_listed_from_a_file(tmp_path: Any) -> None:
    path = tmp_path / "inputs.txt"
    path.write_text("# inputs\n0x1p-3\n\n 0.5  # half\n-0\nnan\n")
    assert listed(f"@{path}") == [[0x3000], [0x3800], [0x8000], [0x7E00]]
    path.write_text("1, 2\n3,4\n")
    assert listed(f"@{path}", "pow") == [[0x3C00, 0x4000], [0x4200, 0x4400]]


@pytest.mark.parametrize(
    ("text", "function", "said"),
    [
        ("listed:1,2", "pow", "2 arguments"),
        ("listed:1,2;3", "pow", "2 arguments"),
        ("listed:x", "exp", "number"),
        ("listed:@nowhere", "exp", "cannot be read"),
        ("listed:1e999999", "exp", "beyond every format"),
        ("listed:", "exp", "Unknown way"),
        ("spread:0", "exp", "from 1 to"),
        ("spread:1e13", "exp", "from 1 to"),
        ("spread:1.5", "exp", "from 1 to"),
        ("spread", "exp", "Unknown way"),
        ("everything", "exp", "Unknown way"),
    ],
)
def test_inputs_that_make_no_sense_are_refused(text: str, function: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        made(text, function, FORMATS["float16"])


@pytest.mark.parametrize("text", ["spread:1e3", "spread:1000", "spread:1.0e3"])
def test_counts_have_one_spelling(text: str) -> None:
    assert parse_sampler(text).text == "spread:1000"
    assert parse_sampler("grid:2^4") == parse_sampler("grid:2**4") == parse_sampler("grid:16")
