"""Records of the tables: maxima are rounded up, numbers of any size have a text."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halfulp.formats import FORMATS, Format
from halfulp.judge.tally import Extreme, Tally, Witness
from halfulp.reference.values import ONE
from halfulp.study import results
from halfulp.study.model import Study
from halfulp.study.plan import Plan, make_plan
from halfulp.study.results import (
    RowContext,
    decimal_up,
    log2_of,
    measured,
    rounded_up,
    shortest_decimal,
    witnesses,
)
from halfulp.study.shards import groups

STUDY = """
schema = 1
title = "one row"
[[case]]
functions = ["exp"]
backends = ["numpy"]
formats = ["float32"]
inputs = ["edges"]
"""


def plan(text: str = STUDY) -> Plan:
    return make_plan(Study.from_text(text))


def context(text: str = STUDY) -> RowContext:
    made = plan(text)
    (row,) = made.rows
    return RowContext(row, groups(made.rows, 0)[0], made.backends[row.routine.backend], None)


def tally(value: int, lower: int | None = None, sign: int = 1) -> Tally:
    low = value if lower is None else lower
    signed = (low, value) if sign > 0 else (-value, -low)
    witness = Witness((1,), (0x3F800000,), 0x402DF855, 0x402DF854)
    extreme = Extreme(value, low, signed, witness)
    side = "max_above" if sign > 0 else "max_below"
    return Tally({"count": 1, "judged": 1}, {"max_ulp": extreme, side: extreme})


def test_a_maximum_just_above_half_is_not_shown_as_half() -> None:
    for value in (int(Fraction(0.5000000000000543) * ONE) - below for below in (0, 1, 100)):
        record = measured(context(), tally(value))
        assert record["max_ulp"] == 0.5000000000000543
        assert record["max_ulp_text"].startswith("0.5000000000000542")
        assert Fraction(record["max_ulp_text"]) >= Fraction(value, ONE)


def test_the_smallest_excess_over_half_survives_in_every_column() -> None:
    record = measured(context(), tally(ONE // 2 + 1, ONE // 2))
    assert record["max_ulp"] == math.nextafter(0.5, 1)
    assert record["max_ulp_low"] == 0.5
    assert record["max_ulp_text"] == "0.50000000000000000087"
    assert record["max_signed_ulp"] == math.nextafter(0.5, 1)
    assert record["min_signed_ulp"] == 0.0


def test_the_lower_end_is_rounded_down() -> None:
    record = measured(context(), tally(ONE, ONE - 1, sign=-1))
    assert record["max_ulp"] == 1.0
    assert record["max_ulp_low"] == math.nextafter(1, 0)
    assert (record["max_signed_ulp"], record["min_signed_ulp"]) == (0.0, -1.0)


@settings(deadline=None, max_examples=200)
@given(units=st.integers(0, 1 << 113) | st.integers(0, 1 << 200))
def test_floats_and_texts_are_never_below_and_never_far(units: int) -> None:
    exact = Fraction(units, ONE)
    shown = rounded_up(exact)
    assert Fraction(math.nextafter(shown, -math.inf)) < exact <= Fraction(shown)
    text = Fraction(decimal_up(units))
    assert exact <= text <= exact * (1 + Fraction(1, 10**19))


@pytest.mark.parametrize(
    ("units", "text"),
    [
        (0, "0"),
        (ONE, "1"),
        (ONE // 4, "0.25"),
        (10 * ONE, "10"),
        (1, "0.00000000000000000086736173798840354721"),
        (3 * ONE << 100, "3802951800684688204500000000000"),
        (ONE << 2098, None),
    ],
)
def test_decimals_have_no_exponent(units: int, text: str | None) -> None:
    shown = decimal_up(units)
    assert shown == (text or shown)
    assert set(shown) <= set("0123456789.")
    assert Fraction(shown) >= Fraction(units, ONE)


@pytest.mark.parametrize("exponent", [-60, -1, 0, 1, 52, 53, 54, 1000, 1024, 2098])
def test_logarithms_of_any_size(exponent: int) -> None:
    assert log2_of(1 << (exponent + 60)) == exponent
    if exponent > 0:
        assert log2_of(3 << (exponent + 60)) == pytest.approx(exponent + math.log2(3), rel=1e-15)


def test_no_error_has_no_logarithm() -> None:
    assert log2_of(0) is None
    record = measured(context(), tally(0))
    assert (record["max_ulp"], record["max_ulp_log2"], record["max_ulp_text"]) == (0.0, None, "0")


def test_errors_beyond_2_to_53_are_text_and_log2_only() -> None:
    record = measured(context(), tally((ONE << 53) + 1))
    assert record["max_ulp"] is record["max_ulp_low"] is record["max_signed_ulp"] is None
    assert record["max_ulp_log2"] == 53.0
    assert record["max_ulp_text"] == "9007199254740992.0001"
    assert measured(context(), tally(ONE << 53))["max_ulp"] == 2.0**53
    giant = measured(context(), tally(ONE << 2098))
    assert giant["max_ulp_log2"] == 2098.0
    assert len(giant["max_ulp_text"]) == 632


def test_a_row_without_inputs_in_the_active_region_has_no_mean() -> None:
    record = measured(context(), Tally({"count": 3}))
    assert record["mean_ulp"] is record["wrongly_rounded_percent"] is record["max_ulp"] is None
    assert (record["count"], record["judged"], record["specials"]) == (3, 0, 0)


# -- decimals of numbers -----------------------------------------------------------------------


@settings(deadline=None, max_examples=300)
@given(fmt=st.sampled_from(list(FORMATS.values())), data=st.data())
def test_the_shortest_decimal_rounds_back_and_no_shorter_one_does(
    fmt: Format, data: st.DataObject
) -> None:
    bits = data.draw(st.integers(0, fmt.max_magnitude) | st.integers(0, 3)) | data.draw(
        st.sampled_from([0, fmt.sign_bit])
    )
    text = shortest_decimal(fmt, bits)
    negative = text.startswith("-")
    assert fmt.round(Fraction(text), negative_zero=negative) == bits
    digits = len(text.lstrip("-").split("e")[0].replace(".", "").strip("0"))
    if digits > 1:
        shorter = f"{float(fmt.value(bits)):.{digits - 2}e}"
        assert fmt.round(Fraction(shorter)) != bits


@pytest.mark.parametrize(
    ("name", "bits", "text"),
    [
        ("float64", 0x3FB999999999999A, "0.1"),
        ("float32", 0x3DCCCCCD, "0.1"),
        ("float16", 0x2E66, "0.1"),
        ("bfloat16", 0x3DCD, "0.1"),
        ("float64", 1, "5e-324"),
        ("float32", 1, "1e-45"),
        ("float16", 1, "6e-08"),
        ("float16", 0x7BFF, "6.55e+04"),
        ("float64", 0x7FEFFFFFFFFFFFFF, "1.7976931348623157e+308"),
        ("float32", 0x80000000, "-0.0"),
        ("float32", 0x7F800000, "inf"),
        ("float32", 0xFF800000, "-inf"),
        ("float32", 0x7FC00000, "nan"),
    ],
)
def test_well_known_decimals(name: str, bits: int, text: str) -> None:
    assert shortest_decimal(FORMATS[name], bits) == text


# -- witnesses ---------------------------------------------------------------------------------


def test_a_witness_in_hex_bits_and_decimal() -> None:
    (record,) = witnesses(context(), tally(ONE))
    assert record["quantity"] == "max_ulp"
    assert [record[name] for name in ("input_bits", "input_hex", "input")] == [
        "0x3f800000", "0x1p+0", "1",
    ]  # fmt: skip
    assert [record[name] for name in ("got_bits", "got_hex", "got")] == [
        "0x402df855", "0x1.5bf0aap+1", "2.718282",
    ]  # fmt: skip
    assert [record[name] for name in ("want_bits", "want_hex", "want")] == [
        "0x402df854", "0x1.5bf0a8p+1", "2.7182817",
    ]  # fmt: skip
    assert record["error_ulp"] == 1.0
    assert record["command"] == (
        "halfulp measure exp --backend numpy --format float32 --inputs listed:0x1p+0"
    )


def test_a_configured_backend_has_no_command() -> None:
    text = STUDY.replace("[[case]]", '[backend.mine]\nadapter = "numpy"\n[[case]]')
    (record,) = witnesses(context(text.replace('"numpy"]', '"mine"]')), tally(ONE))
    assert record["command"] is None


def test_formulas_and_pairs_are_quoted_for_the_shell() -> None:
    text = STUDY.replace('"exp"', '"pow"').replace(
        "inputs", 'formulas = ["exp(y * log(x))"]\ninputs'
    )
    command = results.command(context(text), (0x3F800000, 0x40000000))
    assert command == (
        "halfulp measure pow --formula 'exp(y * log(x))' --backend numpy --format float32 "
        "--inputs 'listed:0x1p+0,0x1p+1;'"
    )


def test_a_function_that_begins_with_a_minus_goes_last() -> None:
    command = results.command(context(STUDY.replace('"exp"', '"-exp(x)"')), (0x3F800000,))
    assert command is not None
    assert command.endswith(" -- '-exp(x)'")
