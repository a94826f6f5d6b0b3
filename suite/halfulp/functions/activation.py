"""Activation functions of neural networks."""

from __future__ import annotations

from fractions import Fraction

from halfulp.expressions import parse
from halfulp.functions.asymptotes import beyond, itself
from halfulp.functions.exactness import only_at
from halfulp.functions.record import (
    HALVES,
    POSITIVE,
    POSITIVE_HALF,
    Function,
    Interval,
    Special,
    specials,
)

_LIMIT = "limit"


def _gate() -> dict[str, Special]:
    """Return the table of x g(x) with g from 0 to 1: 0 from below at -inf, x at +inf."""
    return specials(_LIMIT, nan="nan", inf="inf", minus_inf="-0", zero="0", minus_zero="-0")


FUNCTIONS = (
    Function(
        name="sigmoid",
        summary="logistic function, 1/(1 + e^-x)",
        definition="1 / (1 + exp(-x))",
        reference=parse("1 / (1 + exp(-x))"),
        aliases=("expit", "logistic"),
        range=Interval("0", "1", open_low=True, open_high=True),
        exact=only_at({0: Fraction(1, 2)}),
        asymptote=beyond(3_000, left=(0, 1), right=(1, -1)),
        specials={
            **specials(_LIMIT, nan="nan", inf="1", minus_inf="0"),
            **specials("exact value", zero="1/2", minus_zero="1/2"),
        },
        linear_order=1,
        pieces=HALVES,
        points=("log(2)", "-log(2)", "1", "-1"),
    ),
    Function(
        name="softplus",
        summary="log(1 + e^x)",
        definition="log(1 + exp(x))",
        range=POSITIVE,
        asymptote=beyond(3_000, left=(0, 1), right=(itself, 1)),
        specials=specials(_LIMIT, nan="nan", inf="inf", minus_inf="0"),
        linear_order=1,
        pieces=HALVES,
        points=("log(2)", "-log(2)", "20", "-20"),
    ),
    Function(
        name="silu",
        summary="x sigmoid(x), also called swish",
        definition="x / (1 + exp(-x))",
        reference=parse("x / (1 + exp(-x))"),
        aliases=("swish",),
        exact=only_at({0: 0}),
        asymptote=beyond(3_000, left=(0, -1), right=(itself, -1)),
        specials=_gate(),
        linear_order=1,
        pieces=(Interval("-inf", "-2", open_low=True), POSITIVE_HALF),
        points=("-1.2784645427610738", "1", "-1"),
    ),
    Function(
        name="gelu",
        summary="x ndtr(x), the exact Gaussian error linear unit",
        definition="x * (1 + erf(x / 2**0.5)) / 2",
        reference=parse("x * erfc(-x / 2**0.5) / 2"),
        exact=only_at({0: 0}),
        exact_is_complete=False,
        asymptote=beyond(80, left=(0, -1), right=(itself, -1)),
        specials=_gate(),
        linear_order=1,
        pieces=(Interval("-inf", "-2", open_low=True), POSITIVE_HALF),
        points=("-0.7517915246935645", "1", "-1", "-5"),
    ),
    Function(
        name="gelu_tanh",
        summary="the tanh form of gelu, with 0.044715 and sqrt(2/pi) exact",
        definition="x/2 * (1 + tanh((2/pi)**0.5 * (x + 0.044715*x**3)))",
        reference=parse("x / (1 + exp(-2 * (2/pi)**0.5 * (x + 0.044715*x**3)))"),
        exact=only_at({0: 0}),
        exact_is_complete=False,
        asymptote=beyond(36, left=(0, -1), right=(itself, -1)),
        specials=_gate(),
        linear_order=1,
        pieces=(Interval("-inf", "-2", open_low=True), POSITIVE_HALF),
        points=("-0.7524614220710156", "1", "-1", "-5"),
    ),
    Function(
        name="mish",
        summary="x tanh(softplus(x))",
        definition="x * tanh(log(1 + exp(x)))",
        reference=parse("x * tanh(softplus(x))"),
        exact=only_at({0: 0}),
        asymptote=beyond(3_000, left=(0, -1), right=(itself, -1)),
        specials=_gate(),
        linear_order=1,
        pieces=(Interval("-inf", "-2", open_low=True), POSITIVE_HALF),
        points=("-1.1924312145154283", "1", "-1"),
    ),
)
