"""The kinds of exact results, and their reduction to fixed point in units of ulp(R).

An exact result is a `Limit` (nan or an infinity), `Exact` (a rational), an `Enclosure` (proved
bounds) or `Undecided`. A judge wants it `Scaled`: R in units of its own ulp, an integer part and a
fraction in units of 2^-60, so that every error is integer arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias

from halfulp.formats import Format, floor_log2, power_of_two

FRACTION_BITS = 60
"""Fractions of an ulp are integers in units of 2^-60."""

ONE = 1 << FRACTION_BITS


Dyadic: TypeAlias = tuple[int, int]
"""An exact value m * 2^e as (m, e)."""


class Enclosure(NamedTuple):
    """Proved bounds: low * 2^exponent <= R <= high * 2^exponent, with no 0 strictly inside.

    With `open_ends` R equals neither bound, and no float, midpoint or power of two at all: the
    record's `exact` has ruled that out.
    """

    low: int
    high: int
    exponent: int
    open_ends: bool = False

    @property
    def bounds(self) -> tuple[Fraction, Fraction]:
        """The bounds as rationals."""
        unit = power_of_two(self.exponent)
        return self.low * unit, self.high * unit


class Exact(NamedTuple):
    """An exact rational result; `zero_sign` is the sign due to a zero.

    With `convention`, libraries are known to differ here, and another result is no defect.
    """

    value: Fraction
    zero_sign: Literal["+", "-", "any"] = "any"
    convention: bool = False


class Limit(NamedTuple):
    """A result that is exactly "nan", "inf" or "-inf"; `convention` as in `Exact`."""

    text: Literal["nan", "inf", "-inf"]
    convention: bool = False


class Undecided(NamedTuple):
    """A result that the caps on precision and exponents leave open, and why."""

    reason: str


Result: TypeAlias = Enclosure | Exact | Limit | Undecided


class Flag:
    """What is known about a scaled result beside its bounds: bits of a plain integer.

    Not an `enum.IntFlag`, whose operators would take a fifth of the time of a reference.
    """

    EXACT = 1
    """R is a number of the format: `whole` ulps with no fraction."""
    ANY_ZERO_SIGN = 2
    """R is 0 and either sign of zero will do."""
    OPEN_ROUNDING = 4
    """The enclosure holds a midpoint: the correctly rounded result is not decided."""
    OPEN_FAITHFUL = 8
    """The enclosure holds a number of the format: which floats lie beside R is not decided."""
    OPEN_BINADE = 16
    """The enclosure holds a power of two: errors come out up to twice too large."""
    CONVENTION = 32
    """Libraries are known to differ here: another special result is no defect."""


OPEN = Flag.OPEN_ROUNDING | Flag.OPEN_FAITHFUL | Flag.OPEN_BINADE
"""The flags that more precision may clear."""


class Scaled(NamedTuple):
    """A numeric result in units of its ulp.

    R / 2^unit lies in [whole + low * 2^-60, whole + high * 2^-60]; `rounded` is the encoding of the
    correctly rounded result (of a candidate if `OPEN_ROUNDING`). Beyond the overflow threshold R
    counts as 2^(emax+1), so that max_finite where infinity was due is -1 ulp.
    """

    rounded: int
    unit: int
    whole: int
    low: int
    high: int
    flags: int


@dataclass(frozen=True)
class Scaler:
    """Reduces results to units of their ulp in one format."""

    fmt: Format

    @cached_property
    def _least(self) -> int:
        """The exponent of the smallest subnormal."""
        return self.fmt.emin - self.fmt.p + 1

    @cached_property
    def _threshold(self) -> tuple[int, int]:
        """The overflow threshold as m * 2^e."""
        threshold = self.fmt.overflow_threshold
        exponent = floor_log2(threshold) - self.fmt.p
        return int(threshold / power_of_two(exponent)), exponent

    def exact(self, result: Exact) -> Scaled:
        """Scale an exact result; its rounding and its neighbours are always decided."""
        real, fmt = result.value, self.fmt
        convention = Flag.CONVENTION if result.convention else 0
        if not real:
            bits = fmt.sign_bit if result.zero_sign == "-" else 0
            any_sign = Flag.ANY_ZERO_SIGN if result.zero_sign == "any" else 0
            return Scaled(bits, self._least, 0, 0, 0, Flag.EXACT | any_sign | convention)
        if abs(real) >= fmt.overflow_threshold:
            return self._overflowed(negative=real < 0)
        unit = fmt.ulp_exponent(real)
        whole, rest = divmod(real / power_of_two(unit), 1)
        fraction = rest * ONE
        flags = convention if rest else Flag.EXACT | convention
        return Scaled(
            fmt.round(real), unit, int(whole), fraction.__floor__(), fraction.__ceil__(), flags
        )

    def enclosure(self, result: Enclosure) -> Scaled:
        """Scale an enclosure; the flags of `OPEN` tell what it leaves undecided."""
        if result.high > 0:
            return self._positive(result)
        mirrored = result._replace(low=-result.high, high=-result.low)
        return self._mirrored(self._positive(mirrored))

    def _mirrored(self, scaled: Scaled) -> Scaled:
        """Return the same for -R, with low in [0, 1)."""
        whole, low, high = -scaled.whole, -scaled.high, -scaled.low
        carry = low >> FRACTION_BITS
        low, high = low - (carry << FRACTION_BITS), high - (carry << FRACTION_BITS)
        return scaled._replace(
            rounded=scaled.rounded ^ self.fmt.sign_bit, whole=whole + carry, low=low, high=high
        )

    def _overflowed(self, *, negative: bool) -> Scaled:
        whole = 1 << self.fmt.p
        return Scaled(
            self.fmt.overflowed(negative),
            self.fmt.emax - self.fmt.p + 1,
            -whole if negative else whole,
            0,
            0,
            Flag.EXACT,
        )

    def _positive(self, result: Enclosure) -> Scaled:
        """Scale an enclosure of a positive result."""
        fmt = self.fmt
        low, high, exponent, open_ends = result
        top = high.bit_length() + exponent  # R < 2^top
        if top > fmt.emax and self._beyond_threshold(low, exponent):
            return self._overflowed(negative=False)
        reaches_threshold = top > fmt.emax and self._beyond_threshold(high, exponent)
        if top < self._least - FRACTION_BITS - 4:
            # Far below the smallest subnormal: any bounds of that kind will do.
            low, high, exponent, open_ends = 0, 1, self._least - FRACTION_BITS - 4, True
        binade = low.bit_length() - 1 + exponent if low else fmt.emin - 1
        unit = min(max(binade, fmt.emin), fmt.emax) - fmt.p + 1
        drop = unit - exponent  # bits of the bounds below one ulp
        if drop < 2:
            low, high, drop = low << (2 - drop), high << (2 - drop), 2
        flags, rounded = self._decided(low, high, drop, open_ends=open_ends)
        if fmt.emin <= binade < fmt.emax and _reaches(high, drop + fmt.p, open_ends=open_ends):
            flags |= Flag.OPEN_BINADE
        if reaches_threshold:
            # R counts as 2^(emax+1) if it is T or more, and may be that.
            high = 1 << (drop + fmt.p)
        whole = low >> drop
        low, high = low - (whole << drop), high - (whole << drop)
        magnitude = min(rounded + ((unit - self._least) << (fmt.p - 1)), fmt.overflowed())
        return Scaled(magnitude, unit, whole, _floor(low, drop), _ceiling(high, drop), flags)

    def _beyond_threshold(self, bound: int, exponent: int) -> bool:
        """Tell whether bound * 2^exponent >= T."""
        significand, threshold_exponent = self._threshold
        bottom = bound.bit_length() - 1 + exponent
        if bottom > self.fmt.emax or not bound:
            return bool(bound)
        shift = exponent - threshold_exponent
        if shift >= 0:
            return bound << shift >= significand
        return bound >= significand << -shift

    @staticmethod
    def _decided(low: int, high: int, drop: int, *, open_ends: bool) -> tuple[int, int]:
        """Return the open questions, and R rounded to an integer number of ulps.

        In units of half an ulp the midpoints are the odd integers. The lower bound's floor and the
        upper bound's ceiling give the roundings of the two ends taken as open.
        """
        half = drop - 1
        floor, ceiling = low >> half, -(-high >> half)
        first, last = (floor + 1) >> 1, ceiling >> 1
        flags = 0 if first == last else Flag.OPEN_ROUNDING
        inside = -(-high >> drop) - (low >> drop) > 1  # an integer strictly between the bounds
        if not open_ends:
            on_low, on_high = floor << half == low, ceiling << half == high
            if (on_low and floor & 1) or (on_high and ceiling & 1):
                flags |= Flag.OPEN_ROUNDING
            inside |= (on_low and not floor & 1) or (on_high and not ceiling & 1)
        return (flags | Flag.OPEN_FAITHFUL if inside else flags), first


def _reaches(high: int, power: int, *, open_ends: bool) -> bool:
    """Tell whether R may be 2^power or more."""
    return high > 1 << power if open_ends else high >= 1 << power


def _floor(bound: int, drop: int) -> int:
    """Return a lower bound of bound / 2^drop in units of 2^-60."""
    shift = FRACTION_BITS - drop
    return bound << shift if shift >= 0 else bound >> -shift


def _ceiling(bound: int, drop: int) -> int:
    return -_floor(-bound, drop)
