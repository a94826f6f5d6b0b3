"""The maps on arrays agree with the exact scalar ones, which `test_formats` proves."""

from __future__ import annotations

import struct
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halfulp import encodings
from halfulp.formats import FORMATS, Format

E4M3FN = Format(
    "float8_e4m3fn",
    p=4,
    emin=-6,
    emax=8,
    width=8,
    max_magnitude=0x7E,
    has_inf=False,
    overflow="nan",
)
SMALL = [FORMATS["float16"], FORMATS["bfloat16"], E4M3FN]
ALL = [*FORMATS.values(), E4M3FN]


def named(fmt: Format) -> str:
    return fmt.name


def array(fmt: Format, bits: list[int]) -> encodings.Bits:
    return np.array(bits, dtype=encodings.bits_type(fmt))


def landmarks(fmt: Format) -> list[int]:
    magnitudes = {0, 1, 2, 1 << (fmt.p - 1), (1 << (fmt.p - 1)) - 1, fmt.sign_bit - 1}
    magnitudes |= {fmt.max_magnitude + step for step in (-1, 0, 1)}
    return sorted(m | sign for m in magnitudes for sign in (0, fmt.sign_bit))


@st.composite
def some_bits(draw: st.DrawFn, fmt: Format) -> list[int]:
    every = st.integers(0, 2**fmt.width - 1)
    return draw(st.lists(every | st.sampled_from(landmarks(fmt)), min_size=1, max_size=40))


def assert_maps_agree(fmt: Format, bits: list[int]) -> None:
    given_bits = array(fmt, bits)
    pairs = [
        (encodings.magnitudes, fmt.magnitude),
        (encodings.negative, fmt.is_negative),
        (encodings.ordinals, fmt.ordinal),
        (encodings.keys, fmt.key),
        (encodings.is_nan, fmt.is_nan),
        (encodings.is_inf, fmt.is_inf),
    ]
    for vector, scalar in pairs:
        assert vector(fmt, given_bits).tolist() == [scalar(b) for b in bits], vector.__name__
    back = encodings.from_keys(fmt, encodings.keys(fmt, given_bits))
    assert back.tolist() == bits
    assert back.dtype == encodings.bits_type(fmt)


@pytest.mark.parametrize("fmt", SMALL, ids=named)
def test_every_encoding_of_a_small_format_maps_as_the_scalar_does(fmt: Format) -> None:
    assert_maps_agree(fmt, list(range(2**fmt.width)))


@pytest.mark.parametrize("fmt", ALL, ids=named)
def test_the_landmarks_map_as_the_scalar_does(fmt: Format) -> None:
    assert_maps_agree(fmt, landmarks(fmt))


@settings(max_examples=100, deadline=None)
@given(st.data(), st.sampled_from(ALL))
def test_random_encodings_map_as_the_scalar_does(data: st.DataObject, fmt: Format) -> None:
    assert_maps_agree(fmt, data.draw(some_bits(fmt)))


@settings(max_examples=100, deadline=None)
@given(st.data(), st.sampled_from(ALL))
def test_significands_give_the_value_and_infinities_count_as_the_next_power_of_two(
    data: st.DataObject, fmt: Format
) -> None:
    bits = data.draw(some_bits(fmt))
    significands, exponents = encodings.significands(fmt, array(fmt, bits))
    for b, m, e in zip(bits, significands.tolist(), exponents.tolist(), strict=True):
        if fmt.is_finite(b):
            assert m * Fraction(2) ** e == fmt.value(b)
        elif fmt.is_inf(b):
            sign = -1 if fmt.is_negative(b) else 1
            assert m * Fraction(2) ** e == sign * Fraction(2) ** (fmt.emax + 1)


@pytest.mark.parametrize("fmt", ALL, ids=named)
def test_keys_reach_both_ends_of_their_range(fmt: Format) -> None:
    places = np.array(fmt.key_range, dtype=np.int64)
    ends = encodings.from_keys(fmt, places)
    assert ends.tolist() == [2**fmt.width - 1, fmt.sign_bit - 1]
    assert encodings.keys(fmt, ends).tolist() == list(fmt.key_range)


@pytest.mark.parametrize("fmt", ALL, ids=named)
def test_encodings_from_keys_are_contiguous(fmt: Format) -> None:
    strided = np.arange(-20, 20, dtype=np.int64).reshape(4, 10).T
    assert encodings.from_keys(fmt, strided).flags.c_contiguous


@pytest.mark.parametrize(("name", "code"), [("float16", "e"), ("float32", "f"), ("float64", "d")])
def test_ordinals_step_as_numpys_nextafter_does(name: str, code: str) -> None:
    fmt = FORMATS[name]
    dtype = np.dtype(code)
    numbers = np.array([0.0, 1.0, -1.0, 1.5, -0.75, 2.0**-14, -(2.0**-14)], dtype=dtype)
    after = np.nextafter(numbers, np.array(np.inf, dtype=dtype))
    as_bits = [n.view(encodings.bits_type(fmt)) for n in (numbers, after)]
    first, second = (encodings.ordinals(fmt, bits) for bits in as_bits)
    assert (second - first).tolist() == [1] * len(numbers)
    assert struct.calcsize(code) * 8 == fmt.width
