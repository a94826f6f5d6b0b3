"""Errors, steps, faithfulness and classes against their definitions in rational arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halfulp import encodings
from halfulp.formats import FORMATS, Format
from halfulp.judge.errors import Errors, errors
from halfulp.judge.verdicts import classes, faithful, steps
from halfulp.reference.values import ONE, Enclosure, Exact, Flag, Limit, Scaled, Scaler, Undecided
from halfulp.runs.schema import CLASSES

if TYPE_CHECKING:
    from collections.abc import Callable

    from halfulp.reference.truth import Truth

TWO = Fraction(2)


def power(exponent: int) -> Fraction:
    return TWO**exponent


@dataclass(frozen=True)
class Case:
    """An exact result, and what a routine returned for it."""

    fmt: Format
    real: Fraction
    output: int


def rationals() -> st.SearchStrategy[Fraction]:
    """Return offsets in ulp: none, halves, quarters, thirds, and far smaller than 2^-60."""
    tiny = st.integers(30, 300).map(lambda bits: power(-bits))
    plain = st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(1, 4), Fraction(1, 3)])
    return st.builds(
        lambda sign, first, second, extra: sign * (first + extra * second),
        st.sampled_from([1, -1]),
        plain | st.fractions(0, 1, max_denominator=1000),
        tiny,
        st.sampled_from([0, 0, 1, -1]),
    )


@st.composite
def reals(draw: st.DrawFn, fmt: Format) -> Fraction:
    """Draw exact results: near floats, at borders, below and beyond the format."""
    offset = draw(rationals())
    kind = draw(st.sampled_from(["float", "border", "tiny", "subnormal", "threshold", "huge"]))
    if kind == "float":
        base = fmt.value(draw(st.integers(0, fmt.max_magnitude)))
    elif kind == "border":
        base = power(draw(st.integers(fmt.emin - 3, fmt.emax + 1)))
    elif kind == "tiny":
        base = fmt.smallest_subnormal * draw(st.fractions(0, 2, max_denominator=10**6))
        base *= power(-draw(st.sampled_from([0, 0, 1, 59, 60, 61, 4000])))
        offset *= draw(st.sampled_from([0, 0, 1]))
    elif kind == "subnormal":
        base = fmt.value(draw(st.integers(0, 2 << (fmt.p - 1))))
    elif kind == "threshold":
        base = draw(st.sampled_from([fmt.max_finite, fmt.overflow_threshold, power(fmt.emax + 1)]))
    else:
        base = power(draw(st.integers(fmt.emax, 4 * fmt.emax)))
    return draw(st.sampled_from([1, -1])) * (base + offset * fmt.ulp(base))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    fmt = draw(st.sampled_from(list(FORMATS.values())))
    real = draw(reals(fmt))
    near = fmt.ordinal(fmt.round(real)) + draw(st.integers(-3, 3))
    top = fmt.max_magnitude + 1
    close = fmt.from_ordinal(max(min(near, top), -top))
    special = [0, fmt.sign_bit, fmt.infinity, fmt.infinity | fmt.sign_bit, fmt.nan, 1]
    special += [fmt.max_magnitude, fmt.max_magnitude | fmt.sign_bit]
    anything = st.integers(0, (1 << fmt.width) - 1)
    output = draw(st.just(close) | st.sampled_from(special) | anything)
    return Case(fmt, real, output)


@st.composite
def enclosed(draw: st.DrawFn) -> tuple[Case, Enclosure]:
    """Draw an exact result planted somewhere in proved bounds, up to a few ulp apart."""
    case = draw(cases().filter(lambda case: bool(case.real)))
    fmt, real = case.fmt, case.real
    # An oracle's bounds are a share of the result; far below the format they may reach to zero.
    unit = min(fmt.ulp(real), abs(real))
    radii = st.sampled_from([0, 20, 40, 58, 59, 60, 61, 62, 70, 100, 200]).map(lambda k: power(-k))
    radii = radii | st.just(Fraction(0)) | st.sampled_from([Fraction(3, 2), Fraction(1, 2)])
    scale = power(max(4096, 2 * fmt.p - fmt.emin))
    low = ((real - draw(radii) * unit) * scale).__floor__()
    high = ((real + draw(radii) * unit) * scale).__ceil__()
    low, high = (max(low, 0), high) if real > 0 else (low, min(high, 0))
    quarter = real / fmt.ulp(real) * 2
    ordinary = quarter.denominator > 1 and low < real * scale < high
    open_ends = draw(st.booleans()) and ordinary
    return case, Enclosure(low, high, -(scale.numerator.bit_length() - 1), open_ends)


def judged(truth: Truth, output: int) -> tuple[Errors, Any]:
    outputs = np.array([output], dtype=encodings.bits_type(truth.fmt))
    return errors(truth, outputs), outputs


def fixed(number: Any, place: int = 0) -> Fraction:
    return int(number.whole[place]) + Fraction(int(number.fraction[place]), ONE)


def signed_bounds(found: Errors) -> tuple[Fraction, Fraction]:
    if found.far[0]:
        low, high = found.far_errors[0]
        return Fraction(low, ONE), Fraction(high, ONE)
    return fixed(found.low), fixed(found.high)


def assert_contains(found: Errors, error: Fraction) -> None:
    low, high = signed_bounds(found)
    assert low <= error <= high
    if found.far[0]:
        assert abs(error) >= power(59)
        assert fixed(found.largest) >= power(61)
        return
    assert 0 <= fixed(found.smallest) <= abs(error) <= fixed(found.largest)
    if found.proved[0]:
        width = fixed(found.largest) - fixed(found.smallest)
        assert width <= power(-20) * max(1, abs(error))


@settings(deadline=None, max_examples=800)
@given(case=cases())
def test_an_exact_result_gives_the_exact_error(
    case: Case, definitions: Callable[..., Any], truth_of: Callable[..., Truth]
) -> None:
    slow = definitions(case.fmt)
    truth = truth_of(case.fmt, [Scaler(case.fmt).exact(Exact(case.real))])
    found, outputs = judged(truth, case.output)
    is_nan = slow.decode(case.output) == "nan"
    assert bool(found.numeric[0]) is not is_nan
    if is_nan:
        return
    error = slow.error(case.output, case.real)
    assert_contains(found, error)
    low, high = signed_bounds(found)
    assert high - low <= power(-59)
    assert found.proved[0]
    assert slow.decode(int(truth.rounded[0])) == slow.rounded(case.real)
    assert int(steps(truth, outputs)[0]) == slow.steps(case.output, case.real)
    assert bool(faithful(truth, outputs)[0]) is slow.faithful(case.output, case.real)


@settings(deadline=None, max_examples=1500)
@given(drawn=enclosed())
def test_an_enclosure_holds_the_exact_error_and_decides_only_what_it_proves(
    drawn: tuple[Case, Enclosure], definitions: Callable[..., Any], truth_of: Callable[..., Truth]
) -> None:
    case, enclosure = drawn
    slow = definitions(case.fmt)
    truth = truth_of(case.fmt, [Scaler(case.fmt).enclosure(enclosure)])
    found, outputs = judged(truth, case.output)
    if slow.decode(case.output) == "nan":
        return
    flags = int(truth.flags[0])
    assert_contains(found, slow.error(case.output, case.real))
    if not flags & Flag.OPEN_ROUNDING:
        assert slow.decode(int(truth.rounded[0])) == slow.rounded(case.real)
        assert int(steps(truth, outputs)[0]) == slow.steps(case.output, case.real)
    if not flags & Flag.OPEN_FAITHFUL:
        assert bool(faithful(truth, outputs)[0]) is slow.faithful(case.output, case.real)


@settings(deadline=None, max_examples=400)
@given(case=cases(), bits=st.integers(90, 200))
def test_a_narrow_enclosure_of_an_ordinary_result_decides_everything(
    case: Case, bits: int, definitions: Callable[..., Any], truth_of: Callable[..., Truth]
) -> None:
    fmt = case.fmt
    # A third of an ulp from every float, midpoint and power of two.
    unit = fmt.ulp(case.real)
    real = (case.real // unit + Fraction(1, 3)) * unit
    scale = 2 ** (bits + 4096)
    low, high = (real * (1 - power(-bits)), real * (1 + power(-bits)))
    low, high = sorted((low, high))
    enclosure = Enclosure((low * scale).__floor__(), (high * scale).__ceil__(), -bits - 4096)
    scaled = Scaler(fmt).enclosure(enclosure)
    assert not scaled.flags & (Flag.OPEN_ROUNDING | Flag.OPEN_FAITHFUL | Flag.OPEN_BINADE)
    found, _ = judged(truth_of(fmt, [scaled]), case.output)
    assert found.proved[0] or not found.numeric[0]
    assert definitions(fmt).decode(scaled.rounded) == definitions(fmt).rounded(real)


@pytest.mark.parametrize(
    ("width", "error", "proved"),
    [
        (Fraction(3, 2), 1 << 20, False),
        (Fraction(3, 2), 1 << 22, True),
        (Fraction(7, 8), 1 << 19, False),
        (Fraction(7, 8), (1 << 20) + 1, True),
        (power(-19), 0, False),
        (power(-20), 0, True),
        (power(-19), 1 << 10, False),
    ],
)
def test_an_error_is_proved_when_it_is_known_to_a_millionth(
    width: Fraction, error: int, proved: bool, truth_of: Callable[..., Truth]
) -> None:
    fmt = FORMATS["float32"]
    base = 3 << 22  # 1.5, in units of 2^-23
    low, high = base * ONE + 1, base * ONE + 1 + int(width * ONE)
    truth = truth_of(fmt, [Scaler(fmt).enclosure(Enclosure(low, high, -83))])
    found, _ = judged(truth, fmt.round(Fraction(base - error, 1 << 23)))
    assert fixed(found.largest) - fixed(found.smallest) == width
    assert bool(found.proved[0]) is proved


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=lambda fmt: fmt.name)
def test_the_overflow_threshold_splits_half_an_ulp_from_one(
    fmt: Format, truth_of: Callable[..., Truth]
) -> None:
    tiny = fmt.ulp(fmt.max_finite) * power(-58)
    beyond = power(fmt.emax + 1)
    reals = [
        fmt.overflow_threshold - tiny, fmt.overflow_threshold, beyond, beyond * 1000,
    ]  # fmt: skip
    truth = truth_of(fmt, [Scaler(fmt).exact(Exact(real)) for real in reals])
    outputs = np.full(4, fmt.max_magnitude, dtype=encodings.bits_type(fmt))
    found = errors(truth, outputs)
    assert [fixed(found.low, place) for place in range(4)] == [
        power(-58) - Fraction(1, 2), -1, -1, -1,
    ]  # fmt: skip
    assert steps(truth, outputs).tolist() == [0, 1, 1, 1]
    infinite = errors(truth, np.full_like(outputs, fmt.infinity))
    assert [fixed(infinite.low, place) for place in range(4)] == [
        power(-58) + Fraction(1, 2), 0, 0, 0,
    ]  # fmt: skip


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=lambda fmt: fmt.name)
def test_an_infinity_too_early_counts_as_the_power_after_the_largest(
    fmt: Format, truth_of: Callable[..., Truth]
) -> None:
    truth = truth_of(fmt, [Scaler(fmt).exact(Exact(real)) for real in (power(0), fmt.max_finite)])
    found = errors(truth, np.full(2, fmt.infinity, dtype=encodings.bits_type(fmt)))
    at_one = (power(fmt.emax + 1) - 1) * power(fmt.p - 1)
    if found.far[0]:
        assert found.far_errors[0] == (at_one * ONE, at_one * ONE)
    else:
        assert fixed(found.low) == fixed(found.high) == at_one
    assert fixed(found.low, 1) == fixed(found.high, 1) == 1


def test_the_farthest_error_of_float64_is_exact(truth_of: Callable[..., Truth]) -> None:
    fmt = FORMATS["float64"]
    truth = truth_of(fmt, [Scaler(fmt).exact(Exact(Fraction(0), "+"))])
    found, outputs = judged(truth, fmt.infinity | fmt.sign_bit)
    assert found.far_errors[0] == (-(1 << 2098) * ONE, -(1 << 2098) * ONE)
    assert int(steps(truth, outputs)[0]) == fmt.max_magnitude + 1


def test_errors_leave_64_bits_without_a_gap(truth_of: Callable[..., Truth]) -> None:
    fmt = FORMATS["float64"]
    unit = fmt.smallest_subnormal
    full = (1 << 53) - 1
    reals = [sign * digits * power(exponent) * unit for exponent in range(20) for digits in
             (1 << 52, full) for sign in (1, -1)]  # fmt: skip
    truth = truth_of(fmt, [Scaler(fmt).exact(Exact(unit * 3))] * len(reals))
    outputs = np.array([fmt.round(real) for real in reals], dtype=np.uint64)
    found = errors(truth, outputs)
    assert 0 < np.count_nonzero(found.far) < len(reals)
    # Sums of two, as middles are taken, must stay within 64 bits too.
    assert np.abs(found.low.whole).max() < 1 << 62
    for place, real in enumerate(reals):
        low, high = found.far_errors.get(place, (None, None))
        exact = int(real / unit - 3)
        if low is None:
            assert fixed(found.low, place) == fixed(found.high, place) == exact
        else:
            assert low == high == exact * ONE


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=lambda fmt: fmt.name)
def test_the_float_below_a_power_of_two_is_half_an_ulp_away_and_wrong(
    fmt: Format, truth_of: Callable[..., Truth]
) -> None:
    one = fmt.round(Fraction(1))
    truth = truth_of(fmt, [Scaler(fmt).exact(Exact(Fraction(1)))])
    found, outputs = judged(truth, one - 1)
    assert signed_bounds(found) == (Fraction(-1, 2), Fraction(-1, 2))
    assert steps(truth, outputs).tolist() == [1]
    assert not faithful(truth, outputs)[0]


# -- classes -----------------------------------------------------------------------------------


def expected_classes(
    slow: Any, result: Fraction | Limit, output: int, zero_sign: str = "any"
) -> set[str]:
    """Return the classes by their descriptions."""
    got, negative = slow.decode(output), bool(slow.sign(output))
    if isinstance(result, Limit):
        if result.text == "nan":
            return {"nan_expected"} | ({"nan_missing"} if got != "nan" else set())
        wrong = {"nan": "nan_returned", result.text: ""}.get(str(got))
        if wrong is None:
            wrong = "wrong_inf_sign" if isinstance(got, str) else "finite_at_pole"
        return {"inf_expected", wrong} - {""}
    if got == "nan":
        return {"nan_returned"}
    if not result:
        if got != 0:
            return {"nonzero_at_zero"}
        right = zero_sign == "any" or negative == (zero_sign == "-")
        return set() if right else {"wrong_zero_sign"}
    if negative == (result < 0):
        return set()
    if got == 0:
        return {"wrong_zero_sign"}
    overflows = abs(result) >= slow.threshold
    return {"wrong_inf_sign" if overflows and isinstance(got, str) else "wrong_sign"}


@settings(deadline=None, max_examples=500)
@given(
    case=cases(),
    limit=st.none() | st.sampled_from(["nan", "inf", "-inf"]),
    zero=st.none() | st.sampled_from(["+", "-", "any"]),
)
def test_classes_are_what_their_descriptions_say(
    case: Case,
    limit: Any,
    zero: Any,
    definitions: Callable[..., Any],
    truth_of: Callable[..., Truth],
) -> None:
    slow = definitions(case.fmt)
    result: Fraction | Limit = case.real if zero is None else Fraction(0)
    scaled: Scaled | Limit = Scaler(case.fmt).exact(Exact(result, zero or "any"))
    if limit is not None:
        scaled = result = Limit(limit)
    truth = truth_of(case.fmt, [scaled])
    _, outputs = judged(truth, case.output)
    found = classes(truth, outputs)
    assert list(found) == list(CLASSES)
    names = {name for name, mask in found.items() if mask[0]}
    assert names == expected_classes(slow, result, case.output, zero or "any")


def test_a_wrong_sign_keeps_its_numeric_error(truth_of: Callable[..., Truth]) -> None:
    fmt = FORMATS["float32"]
    truth = truth_of(fmt, [Scaler(fmt).exact(Exact(Fraction(1)))])
    found, outputs = judged(truth, fmt.round(Fraction(-1)))
    assert classes(truth, outputs)["wrong_sign"][0]
    assert fixed(found.low) == -(1 << 24)


def test_what_is_undecided_has_no_error_and_no_class(truth_of: Callable[..., Truth]) -> None:
    fmt = FORMATS["float16"]
    truth = truth_of(fmt, [Undecided("capped")] * 3)
    outputs = np.array([0, fmt.nan, fmt.infinity], dtype=np.uint16)
    assert not errors(truth, outputs).numeric.any()
    assert not any(mask.any() for mask in classes(truth, outputs).values())
