from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halfulp.exceptions import RunError
from halfulp_reports.numbers import (
    about,
    count,
    decimal,
    mean,
    percent,
    plain_power,
    plural,
    rounded_up,
    superscript,
)


@pytest.mark.parametrize(
    ("exact", "shown"),
    [
        ("0", "0"),
        ("0.5", "0.5"),
        ("0.5000000000000543", "0.5001"),
        ("0.4999999999999999", "0.5"),
        ("1", "1"),
        ("1.00000000001", "1.001"),
        ("0.99995", "1"),
        ("12345.6", "12350"),
        ("999999", "1e6"),
        ("8388608.3", "8.389e6"),
        ("1e-320", "1e-320"),
        ("1.23456e631", "1.235e631"),
    ],
)
def test_maxima_are_rounded_up(exact: str, shown: str) -> None:
    assert rounded_up(Decimal(exact)) == shown


@given(st.decimals(min_value=0, max_value="1e700", allow_nan=False, places=None))
def test_a_shown_maximum_is_not_below_and_not_far_above(value: Decimal) -> None:
    shown = Decimal(rounded_up(value))
    assert value <= shown <= value * Decimal("1.0011")


@pytest.mark.parametrize("text", ["", "nan", "Infinity", "0x1p3", "1e", "<b>"])
def test_what_is_no_decimal_is_a_damaged_run(text: str) -> None:
    with pytest.raises(RunError, match="expected a decimal number"):
        decimal(text)


def test_a_share_is_never_rounded_to_none_or_all() -> None:
    shares = (None, 0.0, 1e-9, 0.0123, 3.14159, 99.99999, 100.0)
    assert [percent(share) for share in shares] == [
        "\N{EN DASH}", "0", "<0.01", "0.0123", "3.14", ">99.9", "100",
    ]  # fmt: skip


def test_integers_and_powers() -> None:
    assert count(1234567) == "1\u202f234\u202f567"
    assert (plural(1, "row"), plural(2, "row")) == ("1\u00a0row", "2\u00a0rows")
    assert superscript(-126) == "2⁻¹²⁶"


def test_powers_are_plain_where_they_are_short() -> None:
    assert [plain_power(exponent) for exponent in (-5, -4, 0, 9, 10)] == [
        "2⁻⁵", "0.0625", "1", "512", "2¹⁰",
    ]  # fmt: skip


def test_a_mean_of_almost_nothing_is_not_written_as_nothing() -> None:
    assert [mean(value) for value in (None, 0.0, 1e-9, 0.2512)] == [
        "\N{EN DASH}", "0", "<0.001", "0.251",
    ]  # fmt: skip


def test_arguments_are_said_in_decimal() -> None:
    minus = "\N{MINUS SIGN}"
    assert about("-709.7826") == f"{minus}709.8"
    assert about("1e-300, -2.5") == f"1e{minus}300, {minus}2.5"
    assert about("<b>") == ""
