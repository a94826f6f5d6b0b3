"""What every source of exact results shares: what is known without evaluation, and when to stop.

A source (`halfulp.reference.oracle` by mpmath, `halfulp.reference.enclosures` by Arb) encloses a
function at ordinary arguments. Special inputs, domains, exact results and asymptotes come from the
record; precision is raised here until rounding, neighbours and binade of the result are decided.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from fractions import Fraction

from halfulp.formats import Format
from halfulp.functions.record import FAR, OVERFLOWS, REAL_LINE, Function, Point, Special
from halfulp.reference import extended
from halfulp.reference.domains import bounds, in_domain
from halfulp.reference.values import (
    OPEN,
    Dyadic,
    Enclosure,
    Exact,
    Flag,
    Limit,
    Result,
    Scaled,
    Scaler,
    Undecided,
)

MAX_PRECISION = 8_192
"""Extra bits beyond which no further attempt is made: the result is left undecided."""

WIDEST = 1 << 8
"""Widest bounds, in units of 2^-60 ulp, at which precision is not raised any more."""


class Referee(ABC):
    """The exact results of one function in one format, from one source.

    Parameters
    ----------
    function
        A record of the catalogue or a function made from an expression.
    fmt
        The format of arguments and results.
    """

    def __init__(self, function: Function, fmt: Format) -> None:
        self.function = function
        self.fmt = fmt
        self.scaler = Scaler(fmt)
        self._everywhere = function.domain == REAL_LINE
        self._range = tuple(
            bound if isinstance(bound, Fraction) and bound else None
            for bound in bounds(function.range)
        )

    asks_exact_first = True
    """Whether evaluation is so slow that exact results are better asked for at every input."""

    @abstractmethod
    def enclose(self, arguments: Sequence[Dyadic], extra: int) -> Result:
        """Enclose the result at ordinary arguments.

        Parameters
        ----------
        arguments
            Exact values m * 2^e.
        extra
            Bits of relative accuracy wanted beyond those that a typical result needs.

        Returns
        -------
        Result
            An `Enclosure` without 0 inside, `Exact`, a nan where a part of an expression is not
            real, or `Undecided`.
        """

    @abstractmethod
    def enclose_constant(self, text: str) -> Enclosure:
        """Enclose an irrational constant such as "pi/2"."""

    def point(self, bits: int) -> Point:
        """Return an encoding as the rules of special inputs see it."""
        fmt = self.fmt
        if fmt.is_nan(bits):
            return extended.NAN
        if fmt.is_inf(bits):
            return extended.infinite(negative=fmt.is_negative(bits))
        return extended.finite(fmt.value(bits), negative_zero=fmt.is_negative(bits))

    def scaled(self, *bits: int) -> Scaled | Limit | Undecided:
        """Return the exact result at an input, in units of its ulp.

        Parameters
        ----------
        bits
            One encoding an argument.
        """
        known = self._known([self.point(encoding) for encoding in bits])
        if known is None:
            return self.scaled_ordinary(*bits)
        if isinstance(known, Exact):
            return self.scaler.exact(known)
        return self.scaler.enclosure(known) if isinstance(known, Enclosure) else known

    def scaled_ordinary(self, *bits: int) -> Scaled | Limit | Undecided:
        """Return the same at an input that is neither special nor outside the domain."""
        arguments = [self.fmt.significand(encoding) for encoding in bits]
        beyond = self._beyond(arguments)
        if beyond is not None:
            return self.scaler.enclosure(beyond)
        extra, rational = 0, True
        if self.asks_exact_first:
            if (exact := self._exact(arguments)) is not None:
                return self.scaler.exact(exact)
            rational = False
        while True:
            result = self.enclose(arguments, extra)
            if isinstance(result, Exact):
                return self.scaler.exact(result)
            if not isinstance(result, Enclosure):
                exact = self._exact(arguments) if isinstance(result, Undecided) else None
                return result if exact is None else self.scaler.exact(exact)
            scaled = self.scaler.enclosure(result)
            if scaled.flags & OPEN:
                if rational and (exact := self._exact(arguments)) is not None:
                    return self.scaler.exact(exact)
                rational = False
                scaled = self.scaler.enclosure(self._opened(result))
            if self._is_decided(scaled) or extra > MAX_PRECISION:
                return scaled
            extra = 2 * extra + 4 * self.fmt.p

    @staticmethod
    def _is_decided(scaled: Scaled) -> bool:
        return not scaled.flags & OPEN and scaled.high - scaled.low <= WIDEST

    # -- what the record knows ---------------------------------------------------------------

    def _known(self, points: list[Point]) -> Result | None:
        """Return what special inputs, the domain or an expression's parts decide."""
        if not self.function.is_catalogue:
            return self._known_expression(points)
        special = self.function.special(*points)
        if special is not None:
            return self._special(special)
        values = [point.value for point in points]
        assert all(point.kind == "finite" for point in points), self.function.name
        if not (self._everywhere or in_domain(self.function, *values)):
            return Limit("nan")
        return None

    def _special(self, special: Special) -> Result:
        if not special.is_rational:
            return self.enclose_constant(special.result)
        result = extended.to_result(extended.from_text(special.result))
        assert isinstance(result, Exact | Limit)
        return result._replace(convention=special.convention)

    def _known_expression(self, points: list[Point]) -> Result | None:
        assert self.function.reference is not None
        named = dict(zip(self.function.arguments, points, strict=True))
        value = extended.evaluate(self.function.reference, named)
        if value is not None:
            # Which sign an exact zero of an expression has is a matter of its formula.
            return Exact(Fraction(0)) if value.is_zero else extended.to_result(value)
        if any(point.kind != "finite" for point in points):
            return Undecided("the expression has no exact limit at this special input")
        return None

    def _exact(self, arguments: Sequence[Dyadic]) -> Exact | None:
        """Return an exact rational result, asked where an enclosure may hold one."""
        if not self.function.is_catalogue:
            return None  # rational parts were folded before
        exact = self.function.exact(*(_fraction(*argument) for argument in arguments))
        return None if exact is None else Exact(exact)

    def _beyond(self, arguments: Sequence[Dyadic]) -> Enclosure | None:
        """Return the enclosure that an asymptote gives far out, where no precision tells."""
        asymptote = self.function.asymptote
        if asymptote is None:
            return None
        if max([m.bit_length() + e for m, e in arguments]) < FAR:
            return None
        near = asymptote(*(_fraction(*argument) for argument in arguments))
        if near is None:
            return None
        base, side = near
        if base is OVERFLOWS:
            return Enclosure(1, 2, 2_048) if side > 0 else Enclosure(-2, -1, 2_048)
        assert isinstance(base, Fraction)
        unit = -4_096
        middle = int(base * (1 << -unit))
        low, high = (middle, middle + 1) if side > 0 else (middle - 1, middle)
        return Enclosure(low, high, unit, open_ends=True)

    def _opened(self, enclosure: Enclosure) -> Enclosure:
        """Return an enclosure cut at the function's range, its ends known not to be reached.

        tanh(1e300) is 1 to any precision, but below 1: no precision tells, the range does. (A
        bound of 0 needs no cut: a nonzero value has its sign.)
        """
        low, high, exponent, _ = enclosure
        if exponent < 0:
            for bound, is_low in zip(self._range, (True, False), strict=True):
                if bound is not None and exponent > -2 * MAX_PRECISION:
                    place = bound * (1 << -exponent)
                    low, high = (
                        (max(low, place.__floor__()), high)
                        if is_low
                        else (low, min(high, place.__ceil__()))
                    )
        return Enclosure(low, high, exponent, self.function.exact_is_complete)


def _fraction(significand: int, exponent: int) -> Fraction:
    if exponent >= 0:
        return Fraction(significand << exponent)
    return Fraction(significand, 1 << -exponent)


def agree(first: Scaled | Limit | Undecided, second: Scaled | Limit | Undecided) -> bool:
    """Tell whether two sources do not contradict each other."""
    if isinstance(first, Undecided) or isinstance(second, Undecided):
        return True
    if isinstance(first, Limit) or isinstance(second, Limit):
        return first == second
    opened = (first.flags | second.flags) & Flag.OPEN_ROUNDING
    if first.rounded != second.rounded and not opened:
        return False
    one, other = _interval(first), _interval(second)
    return one[0] <= other[1] and other[0] <= one[1]


def _interval(scaled: Scaled) -> tuple[Fraction, Fraction]:
    base = scaled.whole << 60
    return (
        _fraction(base + scaled.low, scaled.unit - 60),
        _fraction(base + scaled.high, scaled.unit - 60),
    )
