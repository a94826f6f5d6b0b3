"""Bessel functions of order 0 and 1."""

from __future__ import annotations

from halfulp.functions.asymptotes import beyond
from halfulp.functions.exactness import only_at
from halfulp.functions.record import (
    HALVES,
    OVERFLOWS,
    POSITIVE,
    Function,
    Special,
    specials,
)

_LIMIT = "limit"


def _vanishing(zero: str, minus_zero: str) -> dict[str, Special]:
    """Return the table of a function that oscillates to 0: of which sign, nobody says."""
    return {
        **specials(_LIMIT, nan="nan", zero=zero, minus_zero=minus_zero),
        "inf": Special("0", _LIMIT, convention=True),
        "-inf": Special("0", _LIMIT, convention=True),
    }


_SECOND_KIND = {
    **specials(_LIMIT, nan="nan", zero="-inf", minus_zero="-inf"),
    "inf": Special("0", _LIMIT, convention=True),
    "-inf": Special("nan", "outside the domain", convention=True),
}

FUNCTIONS = (
    Function(
        name="i0",
        summary="modified Bessel function of the first kind, order 0",
        definition="i0(x)",
        exact=only_at({0: 1}),
        asymptote=beyond(3_000, left=(OVERFLOWS, 1), right=(OVERFLOWS, 1)),
        specials=specials(_LIMIT, nan="nan", inf="inf", minus_inf="inf", zero="1", minus_zero="1"),
        linear_order=2,
        pieces=HALVES,
        points=("8", "-8"),
        parity="even",
    ),
    Function(
        name="i1",
        summary="modified Bessel function of the first kind, order 1",
        definition="i1(x)",
        exact=only_at({0: 0}),
        asymptote=beyond(3_000, left=(OVERFLOWS, -1), right=(OVERFLOWS, 1)),
        specials=specials(
            _LIMIT, nan="nan", inf="inf", minus_inf="-inf", zero="0", minus_zero="-0"
        ),
        linear_order=2,
        pieces=HALVES,
        points=("8", "-8"),
        parity="odd",
    ),
    Function(
        name="i0e",
        summary="exponentially scaled i0, exp(-|x|) i0(x)",
        definition="i0e(x)",
        exact=only_at({0: 1}),
        specials=specials(_LIMIT, nan="nan", inf="0", minus_inf="0", zero="1", minus_zero="1"),
        linear_order=1,
        pieces=HALVES,
        points=("8", "-8"),
        parity="even",
    ),
    Function(
        name="i1e",
        summary="exponentially scaled i1, exp(-|x|) i1(x)",
        definition="i1e(x)",
        exact=only_at({0: 0}),
        specials=specials(_LIMIT, nan="nan", inf="0", minus_inf="-0", zero="0", minus_zero="-0"),
        linear_order=1,
        points=("8", "-8", "1.545"),
        parity="odd",
    ),
    Function(
        name="j0",
        summary="Bessel function of the first kind, order 0",
        definition="j0(x)",
        exact=only_at({0: 1}),
        specials=_vanishing("1", "1"),
        linear_order=2,
        points=("2.404825557695773", "-2.404825557695773", "5.520078110286311", "8", "100"),
        parity="even",
    ),
    Function(
        name="j1",
        summary="Bessel function of the first kind, order 1",
        definition="j1(x)",
        exact=only_at({0: 0}),
        specials=_vanishing("0", "-0"),
        linear_order=2,
        points=("3.831705970207512", "-3.831705970207512", "7.015586669815619", "8", "100"),
        parity="odd",
    ),
    Function(
        name="y0",
        summary="Bessel function of the second kind, order 0",
        definition="y0(x)",
        domain=POSITIVE,
        exact_is_complete=False,
        specials=_SECOND_KIND,
        points=("0.8935769662791675", "3.957678419314858", "8", "100"),
    ),
    Function(
        name="y1",
        summary="Bessel function of the second kind, order 1",
        definition="y1(x)",
        domain=POSITIVE,
        exact_is_complete=False,
        specials=_SECOND_KIND,
        points=("2.197141326031017", "5.429681040794135", "8", "100"),
    ),
)
