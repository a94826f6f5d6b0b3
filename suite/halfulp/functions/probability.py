"""Error functions, the normal distribution, entropies and log-odds."""

from __future__ import annotations

from fractions import Fraction

from halfulp.expressions import parse
from halfulp.functions.asymptotes import beyond, larger_argument
from halfulp.functions.exactness import only_at
from halfulp.functions.record import (
    HALVES,
    INSIDE_UNIT,
    REAL_LINE,
    Function,
    Interval,
    Point,
    Special,
    specials,
)

_LIMIT = "limit"
_ERFINV = "limit; C has no erfinv"
_UNIT = Interval("0", "1", open_low=True, open_high=True)
_HALF = Fraction(1, 2)


def entr_special(x: Point) -> Special | None:
    """Return -inf below 0, as scipy.special.entr and torch.special.entr define it."""
    return Special("-inf", "SciPy entr") if x.negative and not x.is_zero else None


def logaddexp_special(x: Point, y: Point) -> Special | None:
    """Return the limits of log(e^x + e^y)."""
    if "nan" in {x.kind, y.kind}:
        return Special("nan", _LIMIT)
    if "inf" not in {x.kind, y.kind}:
        return None
    if any(point.kind == "inf" and not point.negative for point in (x, y)):
        return Special("inf", _LIMIT)
    if x.kind == y.kind:
        return Special("-inf", _LIMIT)
    finite = x if y.kind == "inf" else y
    return Special(str(finite.value), _LIMIT, convention=finite.is_zero)  # log(1) is +0


def xlog1py_special(x: Point, y: Point) -> Special | None:
    """Return the special results of x log(1 + y), 0 where x is 0 (scipy.special.xlog1py)."""
    if "nan" in {x.kind, y.kind}:
        return Special("nan", _LIMIT)
    if x.is_zero:
        return Special("0", "SciPy xlog1py", convention=True)
    if (y.kind == "finite" and y.value < -1) or (y.kind == "inf" and y.negative):
        return Special("nan", _LIMIT)
    if y.is_zero:
        infinite = x.kind == "inf"
        return Special("nan" if infinite else "0", _LIMIT, convention=not infinite)
    at_pole = y.kind == "finite" and y.value == -1
    if at_pole or "inf" in {x.kind, y.kind}:
        negative = x.negative != (at_pole or y.negative)
        return Special("-inf" if negative else "inf", _LIMIT)
    return None


FUNCTIONS = (
    Function(
        name="erf",
        summary="error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x",
        definition="erf(x)",
        range=INSIDE_UNIT,
        exact=only_at({0: 0}),
        asymptote=beyond(64, left=(-1, 1), right=(1, -1)),
        specials=specials(
            "C23 F.10.5.1", nan="nan", inf="1", minus_inf="-1", zero="0", minus_zero="-0"
        ),
        linear_order=2,
        pieces=HALVES,
        points=("0.84375", "1.25", "1/0.35", "6", "-1"),
        parity="odd",
    ),
    Function(
        name="erfc",
        summary="complementary error function, 1 - erf(x)",
        definition="1 - erf(x)",
        range=Interval("0", "2", open_low=True, open_high=True),
        exact=only_at({0: 1}),
        asymptote=beyond(64, left=(2, -1), right=(0, 1)),
        specials=specials(
            "C23 F.10.5.2", nan="nan", inf="0", minus_inf="2", zero="1", minus_zero="1"
        ),
        linear_order=1,
        pieces=HALVES,
        points=("0.84375", "1.25", "1/0.35", "6", "-6", "28"),
    ),
    Function(
        name="erfinv",
        summary="inverse error function",
        definition="erfinv(x)",
        domain=INSIDE_UNIT,
        exact=only_at({0: 0}),
        exact_is_complete=False,
        specials={
            **specials(_ERFINV, nan="nan", inf="nan", minus_inf="nan", zero="0", minus_zero="-0"),
            "1": Special("inf", _ERFINV),
            "-1": Special("-inf", _ERFINV),
        },
        linear_order=2,
        pieces=(Interval("-1", "0", open_low=True), Interval("0", "1", open_high=True)),
        points=("1/2", "-1/2", "0.7", "0.9375"),
        parity="odd",
    ),
    Function(
        name="ndtr",
        summary="normal distribution function, erfc(-x/sqrt(2))/2",
        definition="(1 + erf(x / 2**0.5)) / 2",
        reference=parse("erfc(-x / 2**0.5) / 2"),
        range=_UNIT,
        exact=only_at({0: _HALF}),
        asymptote=beyond(80, left=(0, 1), right=(1, -1)),
        specials=specials(_LIMIT, nan="nan", inf="1", minus_inf="0", zero="1/2", minus_zero="1/2"),
        linear_order=1,
        pieces=HALVES,
        points=("1", "-1", "8", "-38"),
    ),
    Function(
        name="log_ndtr",
        summary="logarithm of the normal distribution function",
        definition="log(ndtr(x))",
        range=Interval("-inf", "0", open_low=True, open_high=True),
        exact_is_complete=False,
        asymptote=beyond(80, right=(0, -1)),
        specials=specials(_LIMIT, nan="nan", inf="-0", minus_inf="-inf"),
        linear_order=1,
        pieces=HALVES,
        points=("1", "-1", "-5", "-20", "8"),
    ),
    Function(
        name="ndtri",
        summary="inverse of the normal distribution function",
        definition="ndtri(x)",
        aliases=("norm_ppf",),
        domain=_UNIT,
        exact=only_at({_HALF: 0}),
        exact_is_complete=False,
        specials={
            "1/2": Special("0", "exact value", convention=True),
            **specials(
                _LIMIT, nan="nan", inf="nan", minus_inf="nan", zero="-inf", minus_zero="-inf"
            ),
            "1": Special("inf", _LIMIT),
        },
        pieces=(_UNIT,),
        points=("1/2", "1/4", "3/4", "exp(-2)", "1 - exp(-2)"),
    ),
    Function(
        name="entr",
        summary="entropy term, -x log(x); -inf below 0",
        definition="-x*log(x)",
        reference=parse("-x*log(x)"),
        exact=only_at({1: 0}),
        special_rule=entr_special,
        specials={
            **specials(_LIMIT, nan="nan", inf="-inf", minus_inf="-inf"),
            "0": Special("0", _LIMIT, convention=True),
            "-0": Special("0", _LIMIT, convention=True),
            "1": Special("0", "exact value", convention=True),
        },
        pieces=(Interval("1", "inf", open_high=True),),
        points=("exp(-1)", "2", "1/2"),
    ),
    Function(
        name="logit",
        summary="log-odds, log(x/(1 - x))",
        definition="log(x / (1 - x))",
        reference=parse("log(x / (1 - x))"),
        domain=_UNIT,
        exact=only_at({_HALF: 0}),
        specials={
            "1/2": Special("0", "exact value", convention=True),
            **specials(
                _LIMIT, nan="nan", inf="nan", minus_inf="nan", zero="-inf", minus_zero="-inf"
            ),
            "1": Special("inf", _LIMIT),
        },
        pieces=(_UNIT,),
        points=("1/2", "1/4", "3/4"),
    ),
    Function(
        name="logaddexp",
        summary="log(e^x + e^y)",
        definition="log(exp(x) + exp(y))",
        arguments=("x", "y"),
        asymptote=larger_argument,
        special_rule=logaddexp_special,
        ordinary=(REAL_LINE, REAL_LINE),
        points=("log(2)", "-log(2)", "-1/2", "10", "-10"),
        joint="difference",
    ),
    Function(
        name="xlog1py",
        summary="x log(1 + y), 0 where x is 0",
        definition="x*log(1 + y)",
        reference=parse("x*log1p(y)"),
        arguments=("x", "y"),
        special_rule=xlog1py_special,
        ordinary=(REAL_LINE, Interval("-1", "inf", open_low=True, open_high=True)),
        points=("2", "-1/2", "1/2", "10", "-1"),
    ),
)
