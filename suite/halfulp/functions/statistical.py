"""Error functions, distribution functions and activations."""

from __future__ import annotations

from fractions import Fraction

from halfulp.expressions import parse
from halfulp.functions.exactness import only_at
from halfulp.functions.record import Function, Interval, Special

_ERF = "C23 F.10.5.1"

_HALVES = (
    Interval("-inf", "0", open_low=True),
    Interval("0", "inf", open_high=True),
)

FUNCTIONS = (
    Function(
        name="erf",
        summary="error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x",
        definition="erf(x)",
        range=Interval("-1", "1", open_low=True, open_high=True),
        exact=only_at({0: 0}),
        specials={
            "nan": Special("nan", _ERF),
            "inf": Special("1", _ERF),
            "-inf": Special("-1", _ERF),
            "0": Special("0", _ERF),
            "-0": Special("-0", _ERF),
        },
        linear_order=2,
        pieces=_HALVES,
        points=("0.84375", "1.25", "1/0.35", "6", "-1"),
        parity="odd",
    ),
    Function(
        name="sigmoid",
        summary="logistic function, 1 / (1 + e^-x)",
        definition="1 / (1 + exp(-x))",
        reference=parse("1 / (1 + exp(-x))"),
        aliases=("expit", "logistic"),
        range=Interval("0", "1", open_low=True, open_high=True),
        exact=only_at({0: Fraction(1, 2)}),
        specials={
            "nan": Special("nan", "limit"),
            "inf": Special("1", "limit"),
            "-inf": Special("0", "limit"),
            "0": Special("1/2", "exact value"),
            "-0": Special("1/2", "exact value"),
        },
        linear_order=1,
        pieces=_HALVES,
        points=("log(2)", "-log(2)", "1", "-1"),
    ),
)
