"""What a sweep rests on, checked in every shard: the state of the arithmetic, and its models."""

from __future__ import annotations

from fractions import Fraction

from halfulp.exceptions import HalfulpError
from halfulp.formats import Format, power_of_two
from halfulp.reference.truth import Kind, Truth
from halfulp.reference.values import ONE, Flag
from halfulp.subject.fpstate import DEFAULT, difference, floating_point_state


def require_default_state() -> None:
    """Check that this thread rounds to nearest and keeps subnormals, as the bounds assume.

    Raises
    ------
    HalfulpError
        If something in this process has changed that.
    """
    changed = difference(DEFAULT, floating_point_state())
    if changed:
        raise HalfulpError(
            "The judge needs IEEE 754's default floating-point state, but something in its "
            f"process changed {changed}; no figure of this shard could be trusted. Measure a "
            "Python callable that does so through a backend, which has a process of its own."
        )


def agrees(exact: Truth, number: int, rounded: int, rest: float, bound: float) -> bool:
    """Tell whether a model and an enclosure can both be right.

    Parameters
    ----------
    exact, number
        Enclosures, and which of them.
    rounded, rest, bound
        What the model says: |R| = |rounded| + rest in ulps of R, within the bound.
    """
    fmt = exact.fmt
    if exact.kind[number] != Kind.NUMBER:
        return bool(exact.kind[number] == Kind.UNDECIDED)
    same = rounded == exact.rounded[number]
    if same and fmt.magnitude(rounded) > fmt.max_magnitude:
        return True
    low, high = _bounds(exact, number, negative=fmt.is_negative(rounded))
    middle, unit = _number_and_unit(fmt, rounded, rest)
    first = middle + unit * (Fraction(rest) - Fraction(bound))
    last = middle + unit * (Fraction(rest) + Fraction(bound))
    is_open = int(exact.flags[number]) & int(Flag.OPEN_ROUNDING)
    is_settled = abs(Fraction(rest)) < Fraction(1, 2) - Fraction(bound) and not is_open
    return first <= high and low <= last and (same or not is_settled)


def _bounds(exact: Truth, number: int, *, negative: bool) -> tuple[Fraction, Fraction]:
    """Return the bounds of R, or of -R."""
    unit = power_of_two(int(exact.unit[number]))
    whole = int(exact.whole[number])
    low, high = (
        unit * (whole + Fraction(int(part[number]), ONE)) for part in (exact.low, exact.high)
    )
    return (-high, -low) if negative else (low, high)


def _number_and_unit(fmt: Format, rounded: int, rest: float) -> tuple[Fraction, Fraction]:
    """Return |rounded| and the ulp of the binade in which a model sees R."""
    significand, exponent = fmt.significand(fmt.magnitude(rounded))
    middle = significand * power_of_two(exponent)
    is_border = significand == 1 << (fmt.p - 1) and exponent > fmt.emin - fmt.p + 1
    return middle, power_of_two(exponent - (is_border and rest < 0))
