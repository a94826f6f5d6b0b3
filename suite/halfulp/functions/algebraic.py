"""Roots and powers."""

from __future__ import annotations

from fractions import Fraction

from halfulp.functions.exactness import cube_root, rational_power, square_root
from halfulp.functions.record import Function, Interval, Point, Special

_SQRT = "C23 F.10.4.10"
_CBRT = "C23 F.10.4.1"
_POW = "C23 F.10.4.5"


def _is_integer(point: Point) -> bool:
    return point.kind == "finite" and point.value.denominator == 1


def _is_odd(point: Point) -> bool:
    return _is_integer(point) and point.value.numerator & 1 == 1


def _signed(text: str, negative: bool) -> Special:
    return Special(f"-{text}" if negative else text, _POW)


def pow_special(x: Point, y: Point) -> Special | None:
    """Return the special results of pow, in the order of C23 F.10.4.5."""
    if y.is_zero or (x.kind == "finite" and x.value == 1):
        return Special("1", _POW)  # even for a nan
    if "nan" in {x.kind, y.kind}:
        return Special("nan", _POW)
    if y.kind == "inf":
        return _infinite_exponent(x, y)
    odd = _is_odd(y)
    if x.is_zero:
        return _signed("inf" if y.negative else "0", x.negative and odd)
    if x.kind == "inf":
        return _signed("0" if y.negative else "inf", x.negative and odd)
    if x.negative and not _is_integer(y):
        return Special("nan", _POW)
    return None


def _infinite_exponent(x: Point, y: Point) -> Special:
    """Return pow(x, ±inf): 1 at x = -1, else 0 or inf by whether |x| is below or above 1."""
    if x.kind == "finite" and x.value == -1:
        return Special("1", _POW)
    large = x.kind == "inf" or abs(x.value) > 1
    return Special("0" if large == y.negative else "inf", _POW)


FUNCTIONS = (
    Function(
        name="sqrt",
        summary="square root",
        definition="x**0.5",
        domain=Interval("0", "inf", open_high=True),
        exact=square_root,
        specials={
            "nan": Special("nan", _SQRT),
            "inf": Special("inf", _SQRT),
            "-inf": Special("nan", _SQRT),
            "0": Special("0", _SQRT),
            "-0": Special("-0", _SQRT),
        },
        pieces=(Interval("0", "inf", open_high=True),),
        points=("2", "4", "1/4", "9"),
    ),
    Function(
        name="cbrt",
        summary="real cube root",
        definition="cbrt(x)",
        exact=cube_root,
        specials={
            "nan": Special("nan", _CBRT),
            "inf": Special("inf", _CBRT),
            "-inf": Special("-inf", _CBRT),
            "0": Special("0", _CBRT),
            "-0": Special("-0", _CBRT),
        },
        pieces=(
            Interval("-inf", "0", open_low=True),
            Interval("0", "inf", open_high=True),
        ),
        points=("8", "-8", "27", "1/8"),
        parity="odd",
    ),
    Function(
        name="pow",
        summary="power, x^y",
        definition="x**y",
        arguments=("x", "y"),
        aliases=("power",),
        exact=rational_power,
        special_rule=pow_special,
        points=("2", "-2", "3", "-3", "1/2", "-1/2", str(Fraction(3, 2)), "10", "-1"),
        joint="power",
    ),
)
