"""Formats against rational arithmetic, and against numpy and struct where these are exact."""

from __future__ import annotations

import struct
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halfulp.exceptions import UsageError
from halfulp.formats import FORMATS, Format, floor_log2, format_named, power_of_two

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
"""An 8-bit format of the OCP specification of 2023, of which the suite knows nothing."""

ALL = (*FORMATS.values(), E4M3FN)
NUMPY = {"float16": np.float16, "float32": np.float32, "float64": np.float64}
CODES = {"float16": "e", "float32": "f", "float64": "d"}
TWO = Fraction(2)

formats = st.sampled_from(ALL)
thorough = settings(max_examples=150, deadline=None)


def bits_of(fmt: Format) -> st.SearchStrategy[int]:
    return st.integers(0, 2**fmt.width - 1)


def finite_bits(fmt: Format) -> st.SearchStrategy[int]:
    magnitudes = st.integers(0, fmt.max_magnitude)
    return st.builds(lambda m, s: m | (s << (fmt.width - 1)), magnitudes, st.integers(0, 1))


def definition_of_value(fmt: Format, bits: int) -> Fraction:
    """IEEE 754-2019, 3.4: the value of an encoding, from its fields."""
    sign = -1 if bits >> (fmt.width - 1) else 1
    biased = (bits >> (fmt.p - 1)) % 2 ** (fmt.width - fmt.p)
    trailing = Fraction(bits % 2 ** (fmt.p - 1), 2 ** (fmt.p - 1))
    if biased == 0:
        return sign * TWO**fmt.emin * trailing
    bias = 1 - fmt.emin
    return sign * TWO ** (biased - bias) * (1 + trailing)


@st.composite
def reals_near_numbers(draw: st.DrawFn, fmt: Format) -> Fraction:
    """A number of the format, a midpoint, a binade border, or something close to one of these."""
    place = definition_of_value(fmt, draw(finite_bits(fmt)))
    top = TWO ** (fmt.emax + 1)
    place = draw(st.sampled_from([place, place, TWO ** (floor_log2(place) if place else 0), top]))
    step = TWO ** (max(floor_log2(place) if place else fmt.emin, fmt.emin) - fmt.p)
    tiny = draw(st.sampled_from([Fraction(0), TWO**-70, -(TWO**-70), Fraction(1, 3)]))
    return (place + draw(st.integers(-3, 3)) * step + tiny * step) * draw(st.sampled_from([1, -1]))


def last_at_most(fmt: Format, magnitude: Fraction) -> int:
    """The largest finite encoding whose number is at most the magnitude, by bisection."""
    low, high = 0, fmt.max_magnitude
    while low < high:
        middle = (low + high + 1) // 2
        if definition_of_value(fmt, middle) <= magnitude:
            low = middle
        else:
            high = middle - 1
    return low


def gap_above(fmt: Format, bits: int) -> Fraction:
    """The distance to the next number, above the largest as if exponents went on."""
    bits = min(bits, fmt.max_magnitude - 1)
    return definition_of_value(fmt, bits + 1) - definition_of_value(fmt, bits)


def nearest_even(fmt: Format, real: Fraction) -> int:
    """The definition of round to nearest, ties to even, by search among the encodings."""
    sign = 2 ** (fmt.width - 1) if real < 0 else 0
    low = last_at_most(fmt, abs(real))
    below = abs(real) - definition_of_value(fmt, low)
    above = gap_above(fmt, low) - below
    up = above < below or (above == below and (low & 1 or low == fmt.max_magnitude))
    return sign | (low + up)


def test_the_shipped_formats_have_the_parameters_of_ieee_754_and_of_bfloat16() -> None:
    parameters = {f.name: (f.p, f.emin, f.emax, f.width) for f in FORMATS.values()}
    assert parameters == {
        "float16": (11, -14, 15, 16),
        "bfloat16": (8, -126, 127, 16),
        "float32": (24, -126, 127, 32),
        "float64": (53, -1022, 1023, 64),
    }


@pytest.mark.parametrize("name", NUMPY)
def test_constants_are_those_of_numpy(name: str) -> None:
    fmt, info = FORMATS[name], np.finfo(NUMPY[name])
    assert fmt.max_finite == Fraction(float(info.max))
    assert fmt.smallest_normal == Fraction(float(info.smallest_normal))
    assert fmt.smallest_subnormal == Fraction(float(info.smallest_subnormal))
    assert struct.pack(f"<{CODES[name]}", np.inf) == fmt.infinity.to_bytes(fmt.width // 8, "little")


def test_bfloat16_is_the_upper_half_of_float32() -> None:
    wide, narrow = FORMATS["float32"], FORMATS["bfloat16"]
    for bits in range(1 << 16):
        assert narrow.is_nan(bits) == wide.is_nan(bits << 16)
        assert narrow.is_inf(bits) == wide.is_inf(bits << 16)
        if narrow.is_finite(bits):
            assert narrow.value(bits) == wide.value(bits << 16)


@thorough
@given(st.data(), formats)
def test_values_follow_the_fields_of_the_encoding(data: st.DataObject, fmt: Format) -> None:
    bits = data.draw(finite_bits(fmt))
    assert fmt.value(bits) == definition_of_value(fmt, bits)
    significand, exponent = fmt.significand(bits)
    assert significand * TWO**exponent == fmt.value(bits)
    assert abs(significand) < 2**fmt.p


@thorough
@given(st.data(), st.sampled_from(sorted(NUMPY)))
def test_values_are_those_that_struct_reads(data: st.DataObject, name: str) -> None:
    fmt = FORMATS[name]
    bits = data.draw(bits_of(fmt))
    (value,) = struct.unpack(f"<{CODES[name]}", bits.to_bytes(fmt.width // 8, "little"))
    if value != value:  # a nan
        assert fmt.is_nan(bits)
        assert not fmt.is_finite(bits)
    elif abs(value) == np.inf:
        assert fmt.is_inf(bits)
    else:
        assert fmt.value(bits) == Fraction(value)


@pytest.mark.parametrize("fmt", ALL, ids=lambda fmt: fmt.name)
def test_infinities_and_nans_have_no_value(fmt: Format) -> None:
    beyond = [fmt.nan, fmt.nan | fmt.sign_bit] + ([fmt.infinity] if fmt.has_inf else [])
    for bits in beyond:
        with pytest.raises(ValueError, match="is not a finite"):
            fmt.value(bits)


@thorough
@given(st.data(), formats)
def test_rounding_is_to_nearest_with_ties_to_even(data: st.DataObject, fmt: Format) -> None:
    real = data.draw(reals_near_numbers(fmt))
    expected = nearest_even(fmt, real)
    if real or fmt.magnitude(fmt.round(real)):
        assert fmt.round(real) == expected
    else:
        assert fmt.round(real) == 0
        assert fmt.round(real, negative_zero=True) == fmt.sign_bit


@thorough
@given(st.data())
def test_rounding_to_float64_is_that_of_pythons_fractions(data: st.DataObject) -> None:
    fmt = FORMATS["float64"]
    real = data.draw(reals_near_numbers(fmt))
    try:
        expected = float(real)  # one correctly rounded division of integers
    except OverflowError:
        expected = np.inf if real > 0 else -np.inf
    rounded = fmt.round(real, negative_zero=False)
    if real:
        assert rounded == struct.unpack("<Q", struct.pack("<d", expected))[0]


@thorough
@given(st.data(), st.sampled_from(["float16", "float32"]))
def test_rounding_of_float64_numbers_is_that_of_numpy(data: st.DataObject, name: str) -> None:
    fmt, dtype = FORMATS[name], NUMPY[name]
    real = data.draw(reals_near_numbers(fmt))
    double = float(real)  # another number perhaps, but then exactly that one is rounded
    with np.errstate(over="ignore", under="ignore"):
        expected = np.float64(double).astype(dtype)
    assert fmt.round(Fraction(double)) == int(expected.view(f"u{fmt.width // 8}"))


@pytest.mark.parametrize("fmt", ALL, ids=lambda fmt: fmt.name)
@pytest.mark.parametrize("negative", [False, True])
def test_results_from_the_threshold_on_overflow(fmt: Format, negative: bool) -> None:
    sign = -1 if negative else 1
    threshold = definition_of_value(fmt, fmt.max_magnitude) + TWO ** (fmt.emax - fmt.p)
    assert fmt.overflow_threshold == threshold
    largest = fmt.max_magnitude | (fmt.sign_bit if negative else 0)
    assert fmt.round(sign * (threshold - TWO**-2000)) == largest
    assert fmt.round(sign * threshold) == largest + 1
    assert fmt.round(sign * threshold * TWO**5000) == largest + 1


def test_a_format_may_saturate() -> None:
    fmt = Format("s", 4, -6, 8, 8, 0x7E, has_inf=False, overflow="saturate")
    assert fmt.round(Fraction(10**9)) == 0x7E
    assert fmt.round(Fraction(-(10**9))) == 0xFE


@thorough
@given(st.data(), formats)
def test_an_enclosure_rounds_if_and_only_if_both_ends_round_alike(
    data: st.DataObject, fmt: Format
) -> None:
    low, high = sorted([data.draw(reals_near_numbers(fmt)), data.draw(reals_near_numbers(fmt))])
    expected = fmt.round(low) if fmt.round(low) == fmt.round(high) else None
    assert fmt.round_enclosure(low, high) == expected
    middle = fmt.overflow_threshold - TWO ** (fmt.emax - fmt.p + 1)  # a tie below the largest
    assert fmt.round_enclosure(middle - TWO**-3000, middle + TWO**-3000) is None


@thorough
@given(st.data(), formats)
def test_an_ulp_is_the_spacing_of_the_binade_of_the_real(data: st.DataObject, fmt: Format) -> None:
    real = data.draw(reals_near_numbers(fmt))
    assert fmt.ulp(real) == gap_above(fmt, last_at_most(fmt, abs(real)))


@pytest.mark.parametrize("fmt", ALL, ids=lambda fmt: fmt.name)
def test_ulps_at_zero_at_binade_borders_and_beyond_the_largest(fmt: Format) -> None:
    assert fmt.ulp(Fraction(0)) == fmt.smallest_subnormal == definition_of_value(fmt, 1)
    assert fmt.ulp(TWO**-9999) == fmt.smallest_subnormal
    assert fmt.ulp(TWO**fmt.emin) == fmt.smallest_subnormal
    assert fmt.ulp(Fraction(1)) == 2 * fmt.ulp(1 - TWO**-999) == TWO ** (1 - fmt.p)
    assert fmt.ulp(TWO**9999) == TWO ** (fmt.emax - fmt.p + 1)


@settings(max_examples=150, deadline=None)
@given(st.fractions().filter(bool), st.integers(-1200, 1200))
def test_floor_log2_is_the_exponent_of_the_binade(fraction: Fraction, exponent: int) -> None:
    real = fraction * TWO**exponent
    binade = floor_log2(real)
    assert TWO**binade <= abs(real) < TWO ** (binade + 1)
    assert power_of_two(exponent) == TWO**exponent


# -- the two integer scales --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float8_e4m3fn"])
def test_keys_are_a_bijection_in_the_order_of_values(name: str) -> None:
    fmt = E4M3FN if name == E4M3FN.name else FORMATS[name]
    low, high = fmt.key_range
    every = [fmt.from_key(key) for key in range(low, high + 1)]
    assert sorted(every) == list(range(2**fmt.width))
    assert [fmt.key(bits) for bits in every] == list(range(low, high + 1))
    values = [fmt.value(bits) for bits in every if fmt.is_finite(bits)]
    assert values == sorted(values)
    assert [fmt.from_key(-1), fmt.from_key(0)] == [fmt.sign_bit, 0]


@thorough
@given(st.data(), formats)
def test_keys_and_ordinals_return_to_their_encoding(data: st.DataObject, fmt: Format) -> None:
    bits = data.draw(bits_of(fmt))
    assert fmt.from_key(fmt.key(bits)) == bits
    again = fmt.from_ordinal(fmt.ordinal(bits))
    assert again == (0 if bits == fmt.sign_bit else bits)


@thorough
@given(st.data(), formats)
def test_neighbouring_ordinals_have_no_number_between_them(
    data: st.DataObject, fmt: Format
) -> None:
    bits = fmt.from_ordinal(data.draw(st.integers(-fmt.max_magnitude, fmt.max_magnitude - 1)))
    upper = fmt.from_ordinal(fmt.ordinal(bits) + 1)
    low, high = fmt.value(bits), fmt.value(upper)
    assert low < high
    middle = (low + high) / 2
    assert fmt.neighbours(middle) == (low, high)
    assert fmt.neighbours(low) == (low, low)


@thorough
@given(st.data(), formats)
def test_keys_at_a_real_bracket_it(data: st.DataObject, fmt: Format) -> None:
    real = data.draw(reals_near_numbers(fmt))
    above, below = fmt.key_at_least(real), fmt.key_at_most(real)
    keys = [fmt.key(bits) for bits in (fmt.max_magnitude, fmt.max_magnitude | fmt.sign_bit)]
    if abs(real) > fmt.max_finite:
        assert above == (keys[0] + 1 if real > 0 else keys[1])
        assert below == (keys[0] if real > 0 else keys[1] - 1)
        return
    value = {key: fmt.value(fmt.from_key(key)) for key in (above, below)}
    assert value[below] <= real <= value[above]
    assert fmt.value(fmt.from_key(max(above - 1, keys[1]))) < real or above == keys[1]
    assert fmt.value(fmt.from_key(min(below + 1, keys[0]))) > real or below == keys[0]


def test_neighbours_beyond_the_largest_number_are_refused() -> None:
    with pytest.raises(ValueError, match="beyond the largest float16"):
        FORMATS["float16"].neighbours(Fraction(65505))


# -- an 8-bit format without infinity ------------------------------------------------------------


def test_the_8_bit_format_has_the_table_of_its_specification() -> None:
    assert E4M3FN.max_finite == 448
    assert E4M3FN.smallest_normal == TWO**-6
    assert E4M3FN.smallest_subnormal == TWO**-9
    assert [b for b in range(256) if E4M3FN.is_nan(b)] == [0x7F, 0xFF]
    assert not any(E4M3FN.is_inf(bits) for bits in range(256))
    assert E4M3FN.nan == 0x7F
    with pytest.raises(ValueError, match="no infinity"):
        _ = E4M3FN.infinity


def test_every_number_of_the_8_bit_format_rounds_to_itself() -> None:
    for bits in range(256):
        if E4M3FN.is_finite(bits):
            assert E4M3FN.round(E4M3FN.value(bits), negative_zero=bits >= 128) == bits


def test_the_8_bit_format_overflows_to_nan() -> None:
    assert E4M3FN.round(Fraction(464) - TWO**-99) == 0x7E
    assert E4M3FN.round(Fraction(464)) == E4M3FN.nan
    assert E4M3FN.round(Fraction(-464)) == E4M3FN.nan | 0x80


# -- text --------------------------------------------------------------------------------------


@thorough
@given(st.data(), formats)
def test_hex_reads_back_as_the_same_number(data: st.DataObject, fmt: Format) -> None:
    bits = data.draw(finite_bits(fmt))
    text = fmt.hex(bits)
    assert Fraction(float.fromhex(text)) == fmt.value(bits)
    assert text.startswith("-") == fmt.is_negative(bits)
    assert text.lstrip("-").startswith("0x1" if fmt.value(bits) else "0x0p+0")


@thorough
@given(st.data())
def test_hex_of_normal_float64_is_pythons_without_trailing_zeros(data: st.DataObject) -> None:
    fmt = FORMATS["float64"]
    bits = data.draw(st.integers(1 << 52, fmt.max_magnitude)) | data.draw(
        st.sampled_from([0, 1 << 63])
    )
    digits, exponent = float.hex(struct.unpack("<d", struct.pack("<Q", bits))[0]).split("p")
    assert fmt.hex(bits) == f"{digits.rstrip('0').rstrip('.')}p{exponent}"


def test_hex_of_special_encodings() -> None:
    fmt = FORMATS["bfloat16"]
    texts = [fmt.hex(bits) for bits in (0, 0x8000, 0x7F80, 0xFF80, 0x7FC0, 0xFFC1, 1)]
    assert texts == ["0x0p+0", "-0x0p+0", "inf", "-inf", "nan", "nan", "0x1p-133"]
    assert [fmt.bits_text(1), FORMATS["float64"].bits_text(1)] == ["0x0001", f"0x{1:016x}"]


def test_formats_are_found_by_their_usual_spellings() -> None:
    spellings = {
        "binary32": "float32",
        "np.float64": "float64",
        "bf16": "bfloat16",
        "half": "float16",
    }
    assert {text: format_named(text).name for text in spellings} == spellings
    with pytest.raises(UsageError, match=r"Unknown format 'float12'.*float16, bfloat16"):
        format_named("float12")
