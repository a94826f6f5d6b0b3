"""Roots, powers and the hypotenuse."""

from __future__ import annotations

from halfulp.functions.exactness import (
    cube_root,
    hypotenuse,
    rational_power,
    reciprocal_square_root,
    square_root,
)
from halfulp.functions.record import (
    HALVES,
    POSITIVE,
    POSITIVE_HALF,
    REAL_LINE,
    Function,
    Point,
    Special,
    specials,
)

_HYPOT = "C23 F.10.4.4"
_POW = "C23 F.10.4.5"


def _is_odd(point: Point) -> bool:
    return point.is_integer and point.value.numerator & 1 == 1


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
    if x.negative and not y.is_integer:
        return Special("nan", _POW)
    return None


def _infinite_exponent(x: Point, y: Point) -> Special:
    """Return pow(x, ±inf): 1 at x = -1, else 0 or inf by whether |x| is below or above 1."""
    if x.kind == "finite" and x.value == -1:
        return Special("1", _POW)
    large = x.kind == "inf" or abs(x.value) > 1
    return Special("0" if large == y.negative else "inf", _POW)


def hypot_special(x: Point, y: Point) -> Special | None:
    """Return the special results of hypot: infinite if either is, even beside a nan."""
    if "inf" in {x.kind, y.kind}:
        return Special("inf", _HYPOT)
    if "nan" in {x.kind, y.kind}:
        return Special("nan", _HYPOT)
    if x.is_zero or y.is_zero:
        return Special(str(abs(x.value) or abs(y.value)), _HYPOT)
    return None


FUNCTIONS = (
    Function(
        name="sqrt",
        summary="square root",
        definition="x**0.5",
        domain=POSITIVE_HALF,
        exact=square_root,
        specials=specials(
            "C23 F.10.4.10", nan="nan", inf="inf", minus_inf="nan", zero="0", minus_zero="-0"
        ),
        pieces=(POSITIVE_HALF,),
        points=("2", "4", "1/4", "9"),
    ),
    Function(
        name="rsqrt",
        summary="reciprocal square root, 1/sqrt(x)",
        definition="1 / x**0.5",
        domain=POSITIVE,
        exact=reciprocal_square_root,
        specials=specials(
            "C23 F.10.4.9", nan="nan", inf="0", minus_inf="nan", zero="inf", minus_zero="-inf"
        ),
        pieces=(POSITIVE,),
        points=("2", "4", "1/4", "1/9"),
    ),
    Function(
        name="cbrt",
        summary="real cube root",
        definition="cbrt(x)",
        exact=cube_root,
        specials=specials(
            "C23 F.10.4.1", nan="nan", inf="inf", minus_inf="-inf", zero="0", minus_zero="-0"
        ),
        pieces=HALVES,
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
        ordinary=(POSITIVE, REAL_LINE),
        points=("2", "-2", "3", "-3", "1/2", "-1/2", "3/2", "10", "-1"),
        joint="power",
    ),
    Function(
        name="hypot",
        summary="length of the hypotenuse, sqrt(x^2 + y^2)",
        definition="(x**2 + y**2)**0.5",
        arguments=("x", "y"),
        exact=hypotenuse,
        special_rule=hypot_special,
        ordinary=(REAL_LINE, REAL_LINE),
        points=("2", "3", "4", "5", "12", "-3"),
        joint="exponents",
    ),
)
