"""Hyperbolic functions and their inverses."""

from __future__ import annotations

from halfulp.functions.asymptotes import beyond
from halfulp.functions.exactness import only_at
from halfulp.functions.record import (
    HALVES,
    INSIDE_UNIT,
    OVERFLOWS,
    Function,
    Interval,
    Special,
    specials,
)

_FROM_ONE = Interval("1", "inf", open_high=True)


def _odd(clause: str, at_infinity: str) -> dict[str, Special]:
    """Return the table of an odd function with f(±0) = ±0."""
    negative = "nan" if at_infinity == "nan" else f"-{at_infinity}"
    return specials(
        clause, nan="nan", inf=at_infinity, minus_inf=negative, zero="0", minus_zero="-0"
    )


FUNCTIONS = (
    Function(
        name="sinh",
        summary="hyperbolic sine",
        definition="(exp(x) - exp(-x)) / 2",
        exact=only_at({0: 0}),
        asymptote=beyond(3_000, left=(OVERFLOWS, -1), right=(OVERFLOWS, 1)),
        specials=_odd("C23 F.10.2.5", "inf"),
        linear_order=2,
        tangent="outward",
        pieces=HALVES,
        points=("1", "-1", "22", "-22"),
        parity="odd",
    ),
    Function(
        name="cosh",
        summary="hyperbolic cosine",
        definition="(exp(x) + exp(-x)) / 2",
        range=Interval("1", "inf", open_high=True),
        exact=only_at({0: 1}),
        asymptote=beyond(3_000, left=(OVERFLOWS, 1), right=(OVERFLOWS, 1)),
        specials=specials(
            "C23 F.10.2.4", nan="nan", inf="inf", minus_inf="inf", zero="1", minus_zero="1"
        ),
        linear_order=2,
        pieces=HALVES,
        points=("1", "-1", "22", "-22"),
        parity="even",
    ),
    Function(
        name="tanh",
        summary="hyperbolic tangent",
        definition="(exp(x) - exp(-x)) / (exp(x) + exp(-x))",
        range=INSIDE_UNIT,
        exact=only_at({0: 0}),
        asymptote=beyond(1_500, left=(-1, 1), right=(1, -1)),
        specials=_odd("C23 F.10.2.6", "1"),
        linear_order=2,
        tangent="inward",
        pieces=HALVES,
        points=("1/2", "-1/2", "1", "-1"),
        parity="odd",
    ),
    Function(
        name="asinh",
        summary="inverse hyperbolic sine",
        definition="log(x + (x**2 + 1)**0.5)",
        aliases=("arcsinh",),
        exact=only_at({0: 0}),
        specials=_odd("C23 F.10.2.2", "inf"),
        linear_order=2,
        tangent="inward",
        pieces=HALVES,
        points=("1", "-1", "2"),
        parity="odd",
    ),
    Function(
        name="acosh",
        summary="inverse hyperbolic cosine",
        definition="log(x + (x**2 - 1)**0.5)",
        aliases=("arccosh",),
        domain=_FROM_ONE,
        exact=only_at({1: 0}),
        specials={
            **specials("C23 F.10.2.1", nan="nan", inf="inf", minus_inf="nan"),
            "1": Special("0", "C23 F.10.2.1"),
        },
        pieces=(_FROM_ONE,),
        points=("2", "5/4"),
    ),
    Function(
        name="atanh",
        summary="inverse hyperbolic tangent",
        definition="log((1 + x) / (1 - x)) / 2",
        aliases=("arctanh",),
        domain=INSIDE_UNIT,
        exact=only_at({0: 0}),
        specials={
            **_odd("C23 F.10.2.3", "nan"),
            "1": Special("inf", "C23 F.10.2.3"),
            "-1": Special("-inf", "C23 F.10.2.3"),
        },
        linear_order=2,
        tangent="outward",
        pieces=(Interval("-1", "0", open_low=True), Interval("0", "1", open_high=True)),
        points=("1/2", "-1/2"),
        parity="odd",
    ),
)
