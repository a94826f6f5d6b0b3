"""Circular and hyperbolic functions."""

from __future__ import annotations

from halfulp.functions.exactness import only_at
from halfulp.functions.record import Function, Interval, Special

_SIN = "C23 F.10.1.6"
_COS = "C23 F.10.1.5"
_TANH = "C23 F.10.2.6"

_UNIT = Interval("-1", "1")
_QUARTER_TURNS = tuple(
    f"{sign}{k}*pi/2" for k in (1, 2, 3, 4, 5, 6, 7, 8, 22, 355, 10**5, 10**10) for sign in ("", "-")
)

FUNCTIONS = (
    Function(
        name="sin",
        summary="sine of an angle in radians",
        definition="sin(x)",
        range=_UNIT,
        exact=only_at({0: 0}),
        specials={
            "nan": Special("nan", _SIN),
            "inf": Special("nan", _SIN),
            "-inf": Special("nan", _SIN),
            "0": Special("0", _SIN),
            "-0": Special("-0", _SIN),
        },
        linear_order=2,
        points=(*_QUARTER_TURNS, "pi/4", "-pi/4"),
        parity="odd",
    ),
    Function(
        name="cos",
        summary="cosine of an angle in radians",
        definition="cos(x)",
        range=_UNIT,
        exact=only_at({0: 1}),
        specials={
            "nan": Special("nan", _COS),
            "inf": Special("nan", _COS),
            "-inf": Special("nan", _COS),
            "0": Special("1", _COS),
            "-0": Special("1", _COS),
        },
        linear_order=2,
        points=(*_QUARTER_TURNS, "pi/4", "-pi/4"),
        parity="even",
    ),
    Function(
        name="tanh",
        summary="hyperbolic tangent",
        definition="(exp(x) - exp(-x)) / (exp(x) + exp(-x))",
        range=Interval("-1", "1", open_low=True, open_high=True),
        exact=only_at({0: 0}),
        specials={
            "nan": Special("nan", _TANH),
            "inf": Special("1", _TANH),
            "-inf": Special("-1", _TANH),
            "0": Special("0", _TANH),
            "-0": Special("-0", _TANH),
        },
        linear_order=2,
        pieces=(
            Interval("-inf", "0", open_low=True),
            Interval("0", "inf", open_high=True),
        ),
        points=("1/2", "-1/2", "1", "-1"),
        parity="odd",
    ),
)
