"""Exponentials and logarithms."""

from __future__ import annotations

from fractions import Fraction

from halfulp.functions.exactness import (
    binary_logarithm,
    binary_power,
    decimal_logarithm,
    only_at,
)
from halfulp.functions.record import Function, Interval, Special


def _towards(clause: str, **results: str) -> dict[str, Special]:
    """Return the table of special inputs at nan, inf, -inf, 0 and -0 that one clause gives."""
    names = {"nan": "nan", "inf": "inf", "minus_inf": "-inf", "zero": "0", "minus_zero": "-0"}
    return {names[key]: Special(result, clause) for key, result in results.items()}


def _exponential(clause: str) -> dict[str, Special]:
    return _towards(clause, nan="nan", inf="inf", minus_inf="0", zero="1", minus_zero="1")


def _logarithm(clause: str) -> dict[str, Special]:
    table = _towards(clause, nan="nan", inf="inf", minus_inf="nan", zero="-inf", minus_zero="-inf")
    return {**table, "1": Special("0", clause)}


_NEGATIVE = Interval("-inf", "0", open_low=True)
_POSITIVE = Interval("0", "inf", open_high=True)
_ABOVE_ZERO = Interval("0", "inf", open_low=True, open_high=True)

FUNCTIONS = (
    Function(
        name="exp",
        summary="exponential, e^x",
        definition="exp(x)",
        range=_ABOVE_ZERO,
        exact=only_at({0: 1}),
        specials=_exponential("C23 F.10.3.1"),
        linear_order=1,
        pieces=(_NEGATIVE, _POSITIVE),
        points=("log(2)", "-log(2)", "1", "-1"),
    ),
    Function(
        name="exp2",
        summary="base-2 exponential, 2^x",
        definition="2**x",
        range=_ABOVE_ZERO,
        exact=binary_power,
        specials=_exponential("C23 F.10.3.4"),
        linear_order=1,
        pieces=(_NEGATIVE, _POSITIVE),
        points=("1/2", "-1/2", "3", "-3", "10"),
    ),
    Function(
        name="expm1",
        summary="e^x - 1, accurate near zero",
        definition="exp(x) - 1",
        range=Interval("-1", "inf", open_low=True, open_high=True),
        exact=only_at({0: 0}),
        specials=_towards(
            "C23 F.10.3.6", nan="nan", inf="inf", minus_inf="-1", zero="0", minus_zero="-0"
        ),
        linear_order=1,
        pieces=(_NEGATIVE, _POSITIVE),
        points=("log(2)", "-log(2)", "log(2)/2", "-log(2)/2", "1", "-1"),
    ),
    Function(
        name="log",
        summary="natural logarithm",
        definition="log(x)",
        aliases=("ln",),
        domain=_ABOVE_ZERO,
        exact=only_at({1: 0}),
        specials=_logarithm("C23 F.10.3.11"),
        pieces=(_ABOVE_ZERO,),
        points=("exp(1)", "2**0.5", "2**-0.5", "2"),
    ),
    Function(
        name="log2",
        summary="base-2 logarithm",
        definition="log(x) / log(2)",
        domain=_ABOVE_ZERO,
        exact=binary_logarithm,
        specials=_logarithm("C23 F.10.3.15"),
        pieces=(_ABOVE_ZERO,),
        points=("2", "1/2", "4", "2**0.5", "2**-0.5"),
    ),
    Function(
        name="log10",
        summary="base-10 logarithm",
        definition="log(x) / log(10)",
        domain=_ABOVE_ZERO,
        exact=decimal_logarithm,
        specials=_logarithm("C23 F.10.3.12"),
        pieces=(_ABOVE_ZERO,),
        points=("10", "100", "1000", "1/10", "2**0.5"),
    ),
    Function(
        name="log1p",
        summary="log(1 + x), accurate near zero",
        definition="log(1 + x)",
        domain=Interval("-1", "inf", open_low=True, open_high=True),
        exact=only_at({0: Fraction(0)}),
        specials={
            **_towards(
                "C23 F.10.3.14", nan="nan", inf="inf", minus_inf="nan", zero="0", minus_zero="-0"
            ),
            "-1": Special("-inf", "C23 F.10.3.14"),
        },
        linear_order=1,
        pieces=(Interval("-1", "0", open_low=True), _POSITIVE),
        points=("-1/2", "1", "2**0.5 - 1", "2**-0.5 - 1"),
    ),
)
