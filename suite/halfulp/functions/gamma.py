"""The gamma function, its relatives, and the zeta function."""

from __future__ import annotations

from fractions import Fraction

from halfulp.functions.asymptotes import beyond
from halfulp.functions.exactness import factorial, only_at
from halfulp.functions.record import (
    OVERFLOWS,
    POSITIVE,
    Function,
    Interval,
    Point,
    Special,
    specials,
)

_GAMMA = "C23 F.10.5.4"
_LGAMMA = "C23 F.10.5.3"
_LIMIT = "limit"

_NEAR_POLES = ("-1", "-2", "-3", "-10", "-100")
_HALVES = ("1/2", "-1/2", "-3/2", "-5/2")
_FROM_TWO = Interval("2", "inf", open_high=True)
_TO_ONE = Interval("0", "1", open_low=True)


def is_pole(point: Point) -> bool:
    """Tell whether a point is a negative integer."""
    return point.is_integer and point.value < 0


def gamma_special(x: Point) -> Special | None:
    """Return nan at negative integers, where the one-sided limits differ."""
    return Special("nan", _GAMMA) if is_pole(x) else None


def lgamma_special(x: Point) -> Special | None:
    """Return +inf at negative integers."""
    return Special("inf", _LGAMMA) if is_pole(x) else None


def psi_special(x: Point) -> Special | None:
    """Return nan at negative integers, where the one-sided limits differ; libraries vary."""
    return Special("nan", _LIMIT, convention=True) if is_pole(x) else None


def even_pole_special(x: Point) -> Special | None:
    """Return +inf at negative integers, the limit from both sides."""
    return Special("inf", _LIMIT, convention=True) if is_pole(x) else None


def zeta_special(x: Point) -> Special | None:
    """Return the trivial zeros, at negative even integers; nobody says of which sign."""
    is_zero = is_pole(x) and x.value.numerator % 2 == 0
    return Special("0", "exact value", convention=True) if is_zero else None


def zeta_exact(x: Fraction) -> Fraction | None:
    """Return -1/2 at 0 and the trivial zeros at negative even integers.

    At negative odd integers zeta is rational, but no dyadic number.
    """
    if not x:
        return Fraction(-1, 2)
    return Fraction(0) if x < 0 and x.denominator == 1 and x.numerator % 2 == 0 else None


def _polygamma(n: int, ordinal: str, at_poles: str) -> Function:
    """Return the n-th derivative of digamma."""
    odd = n % 2 == 1
    return Function(
        name=f"polygamma{n}",
        summary=f"{ordinal} derivative of digamma, polygamma({n}, x)",
        definition=f"polygamma{n}(x)",
        aliases=("trigamma",) if n == 1 else (),
        exact_is_complete=False,
        special_rule=even_pole_special if odd else psi_special,
        specials={
            **specials(_LIMIT, nan="nan", inf="0" if odd else "-0"),
            "-inf": Special("nan", _LIMIT, convention=True),
            "0": Special("inf" if odd else "-inf", _LIMIT, convention=not odd),
            "-0": Special(at_poles, _LIMIT, convention=not odd),
        },
        pieces=(POSITIVE,),
        points=("1", "2", *_HALVES, *_NEAR_POLES),
    )


FUNCTIONS = (
    Function(
        name="gamma",
        summary="gamma function",
        definition="gamma(x)",
        aliases=("tgamma",),
        exact=factorial,
        exact_is_complete=False,
        asymptote=beyond(1_000, right=(OVERFLOWS, 1)),
        special_rule=gamma_special,
        specials=specials(
            _GAMMA, nan="nan", inf="inf", minus_inf="nan", zero="inf", minus_zero="-inf"
        ),
        pieces=(_TO_ONE, _FROM_TWO),
        points=("1", "2", "3", "8", "9", "1.4616321449683623", "171", *_HALVES, *_NEAR_POLES),
    ),
    Function(
        name="lgamma",
        summary="logarithm of |gamma(x)|",
        definition="lgamma(x)",
        aliases=("gammaln", "loggamma"),
        exact=only_at({1: 0, 2: 0}),
        exact_is_complete=False,
        special_rule=lgamma_special,
        specials={
            **specials(
                _LGAMMA, nan="nan", inf="inf", minus_inf="inf", zero="inf", minus_zero="inf"
            ),
            "1": Special("0", _LGAMMA),
            "2": Special("0", _LGAMMA),
        },
        pieces=(_TO_ONE, _FROM_TWO),
        points=(
            "1",
            "2",
            "3",
            "1.4616321449683623",
            *_HALVES,
            *_NEAR_POLES,
            "-2.4570247382208006",
            "-2.7476826467274127",
            "-3.1435808883499798",
        ),
    ),
    Function(
        name="digamma",
        summary="logarithmic derivative of the gamma function",
        definition="digamma(x)",
        aliases=("psi",),
        exact_is_complete=False,
        special_rule=psi_special,
        specials={
            **specials(_LIMIT, nan="nan", inf="inf", minus_inf="nan"),
            "0": Special("-inf", _LIMIT, convention=True),
            "-0": Special("inf", _LIMIT, convention=True),
        },
        pieces=(POSITIVE,),
        points=("1", "2", "1.4616321449683623", "-0.5040830082644554", *_HALVES, *_NEAR_POLES),
    ),
    _polygamma(1, "first", "inf"),
    _polygamma(2, "second", "inf"),
    _polygamma(3, "third", "inf"),
    Function(
        name="zeta",
        summary="Riemann's zeta function of a real argument",
        definition="zeta(x)",
        exact=zeta_exact,
        exact_is_complete=False,
        special_rule=zeta_special,
        asymptote=beyond(4_200, right=(1, 1)),
        specials={
            **specials(_LIMIT, nan="nan", inf="1", minus_inf="nan"),
            "1": Special("inf", _LIMIT, convention=True),
        },
        pieces=(Interval("1", "inf", open_low=True, open_high=True),),
        points=("0", "1", "2", "1/2", "-1", "-2", "-3", "-4", "-2.7172628292045741"),
    ),
)
