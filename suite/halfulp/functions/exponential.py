"""Exponentials and logarithms."""

from __future__ import annotations

from halfulp.functions.asymptotes import beyond
from halfulp.functions.exactness import (
    binary_logarithm,
    binary_power,
    decimal_logarithm,
    decimal_power,
    only_at,
)
from halfulp.functions.record import (
    HALVES,
    OVERFLOWS,
    POSITIVE,
    POSITIVE_HALF,
    Function,
    Interval,
    Special,
    specials,
)


def _exponential(clause: str) -> dict[str, Special]:
    return specials(clause, nan="nan", inf="inf", minus_inf="0", zero="1", minus_zero="1")


def _logarithm(clause: str) -> dict[str, Special]:
    table = specials(clause, nan="nan", inf="inf", minus_inf="nan", zero="-inf", minus_zero="-inf")
    return {**table, "1": Special("0", clause)}


FUNCTIONS = (
    Function(
        name="exp",
        summary="exponential, e^x",
        definition="exp(x)",
        range=POSITIVE,
        exact=only_at({0: 1}),
        asymptote=beyond(3_000, left=(0, 1), right=(OVERFLOWS, 1)),
        specials=_exponential("C23 F.10.3.1"),
        linear_order=1,
        pieces=HALVES,
        points=("log(2)", "-log(2)", "1", "-1"),
    ),
    Function(
        name="exp2",
        summary="base-2 exponential, 2^x",
        definition="2**x",
        range=POSITIVE,
        exact=binary_power,
        asymptote=beyond(4_200, left=(0, 1), right=(OVERFLOWS, 1)),
        specials=_exponential("C23 F.10.3.4"),
        linear_order=1,
        pieces=HALVES,
        points=("1/2", "-1/2", "3", "-3", "10"),
    ),
    Function(
        name="exp10",
        summary="base-10 exponential, 10^x",
        definition="10**x",
        range=POSITIVE,
        exact=decimal_power,
        asymptote=beyond(1_300, left=(0, 1), right=(OVERFLOWS, 1)),
        specials=_exponential("C23 F.10.3.2"),
        linear_order=1,
        pieces=HALVES,
        points=("1/2", "-1/2", "1", "-1", "3", "10", "22", "23", "log10(2)"),
    ),
    Function(
        name="expm1",
        summary="e^x - 1, accurate near zero",
        definition="exp(x) - 1",
        range=Interval("-1", "inf", open_low=True, open_high=True),
        exact=only_at({0: 0}),
        asymptote=beyond(3_000, left=(-1, 1), right=(OVERFLOWS, 1)),
        specials=specials(
            "C23 F.10.3.6", nan="nan", inf="inf", minus_inf="-1", zero="0", minus_zero="-0"
        ),
        linear_order=1,
        tangent="above",
        pieces=HALVES,
        points=("log(2)", "-log(2)", "log(2)/2", "-log(2)/2", "1", "-1"),
    ),
    Function(
        name="log",
        summary="natural logarithm",
        definition="log(x)",
        aliases=("ln",),
        domain=POSITIVE,
        exact=only_at({1: 0}),
        specials=_logarithm("C23 F.10.3.11"),
        pieces=(POSITIVE,),
        points=("exp(1)", "2**0.5", "2**-0.5", "2"),
    ),
    Function(
        name="log2",
        summary="base-2 logarithm",
        definition="log(x) / log(2)",
        domain=POSITIVE,
        exact=binary_logarithm,
        specials=_logarithm("C23 F.10.3.15"),
        pieces=(POSITIVE,),
        points=("2", "1/2", "4", "2**0.5", "2**-0.5"),
    ),
    Function(
        name="log10",
        summary="base-10 logarithm",
        definition="log(x) / log(10)",
        domain=POSITIVE,
        exact=decimal_logarithm,
        specials=_logarithm("C23 F.10.3.12"),
        pieces=(POSITIVE,),
        points=("10", "100", "1000", "1/10", "2**0.5"),
    ),
    Function(
        name="log1p",
        summary="log(1 + x), accurate near zero",
        definition="log(1 + x)",
        domain=Interval("-1", "inf", open_low=True, open_high=True),
        exact=only_at({0: 0}),
        specials={
            **specials(
                "C23 F.10.3.14", nan="nan", inf="inf", minus_inf="nan", zero="0", minus_zero="-0"
            ),
            "-1": Special("-inf", "C23 F.10.3.14"),
        },
        linear_order=1,
        tangent="below",
        pieces=(Interval("-1", "0", open_low=True), POSITIVE_HALF),
        points=("-1/2", "1", "2**0.5 - 1", "2**-0.5 - 1"),
    ),
)
