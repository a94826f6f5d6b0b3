"""What results are next to, far out: closer than any precision that is tried can tell."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from halfulp.functions.record import OVERFLOWS, Asymptote

Near = tuple[Fraction | None, int] | None
Base = Fraction | int | Callable[[Fraction], Fraction] | None


def beyond(
    limit: int, *, left: tuple[Base, int] | None = None, right: tuple[Base, int] | None = None
) -> Asymptote:
    """Return the asymptote of a function that is near `left` below -limit, `right` above limit.

    Each is (base, side): a number or a function of x, and on which side of it the result lies; or
    (OVERFLOWS, sign). The limit must be so large that the distance is below 2^-4096, or the result
    above 2^2048.
    """

    def near(x: Fraction) -> Near:
        side = right if x > limit else left if x < -limit else None
        if side is None:
            return None
        base, direction = side
        if base is OVERFLOWS:
            return OVERFLOWS, direction
        return Fraction(base(x) if callable(base) else base), direction

    return near


def itself(x: Fraction) -> Fraction:
    """Return the argument: where f(x) is next to x."""
    return x


def larger_argument(x: Fraction, y: Fraction) -> Near:
    """Return the asymptote of logaddexp where one argument is far above the other."""
    return (max(x, y), 1) if abs(x - y) > 3_000 else None
