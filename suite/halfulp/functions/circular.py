"""Circular functions and their inverses."""

from __future__ import annotations

from halfulp.functions.exactness import cosine_of_half_turns, only_at, sine_of_half_turns
from halfulp.functions.record import (
    HALVES,
    REAL_LINE,
    UNIT,
    Function,
    Interval,
    Point,
    Special,
    specials,
)

_ATAN2 = "C23 F.10.1.4"
_COSPI = "C23 F.10.1.12"
_SINPI = "C23 F.10.1.13"

_QUARTER_TURNS = tuple(
    f"{sign}{k}*pi/2"
    for k in (1, 2, 3, 4, 5, 6, 7, 8, 22, 355, 10**5, 10**10)
    for sign in ("", "-")
)
_NEAR_QUARTER_TURNS = ("6381956970095103 * 2**797", "16367173 * 2**72", "-16367173 * 2**72")
"""Floats closest to a multiple of pi/2 in float64 and float32 (Muller et al., Handbook of
Floating-Point Arithmetic, 2nd ed., section 10.2)."""

_HALF_INTEGERS = tuple(f"{sign}{k}/2" for k in (1, 2, 3, 4, 5, 7, 101) for sign in ("", "-"))


def _angle(clause: str, zero: str, minus_zero: str) -> dict[str, Special]:
    return specials(clause, nan="nan", inf="nan", minus_inf="nan", zero=zero, minus_zero=minus_zero)


def sinpi_special(x: Point) -> Special | None:
    """Return the zeros of sin(pi x): at integers, with the sign of x."""
    return Special("-0" if x.negative else "0", _SINPI) if x.is_integer else None


def cospi_special(x: Point) -> Special | None:
    """Return the zeros of cos(pi x): +0 at n + 1/2."""
    is_half = x.kind == "finite" and x.value.denominator == 2
    return Special("0", _COSPI) if is_half else None


def sinc_special(x: Point) -> Special | None:
    """Return the zeros of sinc at nonzero integers and infinities; nobody says of which sign."""
    if x.kind == "inf" or (x.is_integer and not x.is_zero):
        return Special("0", "limit", convention=True)
    return None


def atan2_special(y: Point, x: Point) -> Special | None:
    """Return the special results of atan2(y, x), as C23 F.10.1.4 lists them."""
    if "nan" in {x.kind, y.kind}:
        return Special("nan", _ATAN2)
    sign = "-" if y.negative else ""
    if x.kind == "inf":
        if y.kind == "inf":
            return Special(f"{sign}3*pi/4" if x.negative else f"{sign}pi/4", _ATAN2)
        return Special(f"{sign}pi" if x.negative else f"{sign}0", _ATAN2)
    if y.is_zero:
        return Special(f"{sign}pi" if x.negative else f"{sign}0", _ATAN2)
    if y.kind == "inf" or x.is_zero:
        return Special(f"{sign}pi/2", _ATAN2)
    return None


FUNCTIONS = (
    Function(
        name="sin",
        summary="sine of an angle in radians",
        definition="sin(x)",
        range=UNIT,
        exact=only_at({0: 0}),
        specials=_angle("C23 F.10.1.6", "0", "-0"),
        linear_order=2,
        tangent="inward",
        points=(*_QUARTER_TURNS, *_NEAR_QUARTER_TURNS, "pi/4", "-pi/4"),
        parity="odd",
    ),
    Function(
        name="cos",
        summary="cosine of an angle in radians",
        definition="cos(x)",
        range=UNIT,
        exact=only_at({0: 1}),
        specials=_angle("C23 F.10.1.5", "1", "1"),
        linear_order=2,
        points=(*_QUARTER_TURNS, *_NEAR_QUARTER_TURNS, "pi/4", "-pi/4"),
        parity="even",
    ),
    Function(
        name="tan",
        summary="tangent of an angle in radians",
        definition="sin(x) / cos(x)",
        exact=only_at({0: 0}),
        specials=_angle("C23 F.10.1.7", "0", "-0"),
        linear_order=2,
        tangent="outward",
        points=(*_QUARTER_TURNS, *_NEAR_QUARTER_TURNS, "pi/4", "-pi/4"),
        parity="odd",
    ),
    Function(
        name="asin",
        summary="arc sine, in radians",
        definition="asin(x)",
        aliases=("arcsin",),
        domain=UNIT,
        exact=only_at({0: 0}),
        specials=_angle("C23 F.10.1.2", "0", "-0"),
        linear_order=2,
        tangent="outward",
        pieces=(Interval("-1", "0"), Interval("0", "1")),
        points=("1/2", "-1/2", "2**-0.5"),
        parity="odd",
    ),
    Function(
        name="acos",
        summary="arc cosine, in radians",
        definition="acos(x)",
        aliases=("arccos",),
        domain=UNIT,
        exact=only_at({1: 0}),
        specials={
            **specials("C23 F.10.1.1", nan="nan", inf="nan", minus_inf="nan"),
            "1": Special("0", "C23 F.10.1.1"),
        },
        linear_order=1,
        pieces=(Interval("-1", "0"), Interval("0", "1")),
        points=("1/2", "-1/2", "2**-0.5"),
    ),
    Function(
        name="atan",
        summary="arc tangent, in radians",
        definition="atan(x)",
        aliases=("arctan",),
        exact=only_at({0: 0}),
        specials=specials(
            "C23 F.10.1.3", nan="nan", inf="pi/2", minus_inf="-pi/2", zero="0", minus_zero="-0"
        ),
        linear_order=2,
        tangent="inward",
        pieces=HALVES,
        points=("1", "-1", "7/16", "11/16", "19/16", "39/16"),
        parity="odd",
    ),
    Function(
        name="atan2",
        summary="angle of the point (x, y), in radians; the first argument is y",
        definition="atan2(y, x)",
        arguments=("y", "x"),
        aliases=("arctan2",),
        special_rule=atan2_special,
        ordinary=(REAL_LINE, REAL_LINE),
        points=("2", "-2", "1/2", "-1/2"),
        joint="exponents",
    ),
    Function(
        name="sinpi",
        summary="sine of an angle in half turns, sin(pi x)",
        definition="sin(pi*x)",
        range=UNIT,
        exact=sine_of_half_turns,
        special_rule=sinpi_special,
        specials=_angle(_SINPI, "0", "-0"),
        linear_order=2,
        points=(*_HALF_INTEGERS, "1/4", "1/6"),
        parity="odd",
    ),
    Function(
        name="cospi",
        summary="cosine of an angle in half turns, cos(pi x)",
        definition="cos(pi*x)",
        range=UNIT,
        exact=cosine_of_half_turns,
        special_rule=cospi_special,
        specials=_angle(_COSPI, "1", "1"),
        linear_order=2,
        points=(*_HALF_INTEGERS, "1/4", "1/3"),
        parity="even",
    ),
    Function(
        name="sinc",
        summary="normalised cardinal sine, sin(pi x)/(pi x)",
        definition="sin(pi*x) / (pi*x)",
        special_rule=sinc_special,
        specials=specials("limit", nan="nan", zero="1", minus_zero="1"),
        linear_order=2,
        points=(*_HALF_INTEGERS, "1/4"),
        parity="even",
    ),
)
