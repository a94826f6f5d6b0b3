"""How figures are written: a shown maximum is never smaller than the one that was found."""

from __future__ import annotations

import re
from decimal import ROUND_UP, Decimal, InvalidOperation

from halfulp.exceptions import RunError

NONE = "\N{EN DASH}"
"""Stands where there is no figure."""

_EXPONENT = re.compile(r"e\+?(-?)0*")

_PLAIN_BELOW = 6
"""Numbers of up to this many digits before the point are written without an exponent."""


def decimal(text: str) -> Decimal:
    """Return a finite decimal that a run holds as text.

    Raises
    ------
    RunError
        If it is none: the run was damaged or made by hand.
    """
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise RunError(f"The run is damaged: expected a decimal number, got {text[:40]!r}.")
    return value


def rounded_up(value: Decimal, digits: int = 4) -> str:
    """Return a number rounded away from zero to so many significant digits.

    0.5000000000000543 gives 0.5001: "0.5" would claim a correctly rounded result.
    """
    if not value:
        return "0"
    unit = Decimal(1).scaleb(value.adjusted() - digits + 1)
    rounded = value.quantize(unit, rounding=ROUND_UP).normalize()
    exponent = rounded.adjusted()
    if -_PLAIN_BELOW < exponent < _PLAIN_BELOW:
        return f"{rounded:f}"
    return f"{rounded.scaleb(-exponent):f}e{exponent}"


def percent(value: float | None) -> str:
    """Return a percentage; a share that is not 0 is never shown as 0, nor one below 100 as 100."""
    if value is None:
        return NONE
    if 0 < value < 0.01:
        return "<0.01"
    if 99.9 < value < 100:
        return ">99.9"
    return f"{value:.3g}"


def short(value: float | None) -> str:
    """Return a mean or the like at three digits."""
    return NONE if value is None else _EXPONENT.sub(r"e\1", f"{value:.3g}")


def mean(value: float | None) -> str:
    """Return a mean error; one of almost nothing is not written out."""
    return "<0.001" if value is not None and 0 < value < 0.001 else short(value)


def nanoseconds(value: float | None) -> str:
    """Return a time at three digits; the unit, ns, stands beside it."""
    if value is None:
        return NONE
    return f"{value:,.0f}".replace(",", "\u202f") if value >= 999.5 else f"{value:#.3g}".rstrip(".")


def ratio(value: float | None) -> str:
    """Return a ratio of times: as a multiple, at two or three digits."""
    if value is None:
        return NONE
    return (f"{value:.0f}" if value >= 10 else f"{value:.2f}") + "\N{MULTIPLICATION SIGN}"


def count(value: int | None) -> str:
    """Return an integer with its thousands set apart by thin spaces."""
    return NONE if value is None else f"{value:,}".replace(",", "\u202f")


def plural(number: int, noun: str, nouns: str | None = None) -> str:
    """Return "1 routine" or "3 routines"."""
    return f"{count(number)}\u00a0{noun if number == 1 else nouns or noun + 's'}"


def superscript(exponent: int) -> str:
    """Return a power of two as text: 2⁻¹²⁶."""
    return "2" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def plain_power(exponent: int) -> str:
    """Return a power of two as text: a plain number where that is short."""
    return f"{2.0**exponent:g}" if -4 <= exponent <= 9 else superscript(exponent)


def about(text: str) -> str:
    """Return the decimal arguments of a witness at four digits; "" if they are no numbers."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        return ""
    shown = (_EXPONENT.sub(r"e\1", f"{number:.4g}") for number in numbers)
    return ", ".join(shown).replace("-", "\N{MINUS SIGN}")
