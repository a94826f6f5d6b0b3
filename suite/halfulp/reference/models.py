"""Taylor models in units of an ulp, with proved bounds, and the runs over which they hold."""

from __future__ import annotations

import math
from collections.abc import Iterator
from enum import Enum
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

from flint import arb, ctx

from halfulp.formats import Format
from halfulp.functions.record import Function
from halfulp.reference.block import Block, Keys, Kind, block_of
from halfulp.reference.series import NoSeries, coefficient, series_of, variable

Ball = Any  # python-flint ships no types

TARGET = 2.0**-24
"""Truncation errors, in ulp, at which a block is not split any more."""

ACCEPTABLE = 2.0**-21
"""The largest bound, in ulp: error intervals are then narrower than 2^-20 ulp."""

SMALLEST = 12
"""Runs of so few inputs are left open: enclosing them costs less than a model."""

HORNER_UNIT = 2.0**-53 * 1.01
"""Unit roundoff of double precision, with room for the denominator of gamma_k (Higham, 5.1)."""

LARGEST = 2.0**30
"""D stays below this, so that its rounding to an integer fits 32 bits."""

BEYOND = 1 << 4_096
"""An end, in half ulps, of what has none."""

UNDERFLOW = 2.0**-1000
"""More than what all underflows of one evaluation can add up to."""


class _Outcome(Enum):
    """What becomes of R: a number, 0 by rounding, or an overflow."""

    NUMBER = 0
    ZERO = 1
    OVERFLOW = 2


class _Model(NamedTuple):
    """A Taylor model in units of an ulp that holds near its centre, sign taken out."""

    negative: bool
    unit: int
    whole: int
    slope: int
    centre: int
    shift: int
    coefficients: tuple[float, ...]
    truncation: float
    bound: float

    def at(self, key: int) -> tuple[int, float]:
        """Return the model at a key, as a whole number of ulps and D."""
        offset = key - self.centre
        u = math.ldexp(offset, -self.shift)
        value = 0.0
        for c in reversed(self.coefficients):
            value = value * u + c
        return self.whole + self.slope * offset, value


class Modeller:
    """Makes models of one function by its series."""

    def __init__(self, function: Function, fmt: Format, degree: int) -> None:
        self.fmt = fmt
        self.degree = degree
        self._series = series_of(function)
        self._least = fmt.emin - fmt.p + 1
        self._greatest = fmt.emax - fmt.p + 1
        self._threshold = arb(((2 << fmt.p) - 1, self._greatest - 1))  # exact at any precision

    def blocks(self, keys: Keys) -> Iterator[Block]:
        """Yield blocks that cover a run inside one binade of x."""
        waiting = [keys]
        while waiting:
            first, last = waiting.pop()
            if last - first < SMALLEST:
                yield block_of(Kind.OPEN, (first, last))
                continue
            found = self.attempt(first, last)
            if isinstance(found, Block):
                yield found
            else:
                waiting += reversed(found)

    def attempt(self, first: int, last: int) -> Block | list[Keys]:
        """Return the block of a run, or the parts to try instead."""
        model = self._model(first, last)
        if model is None:
            return _parts(first, last, 2)
        if isinstance(model, Block):
            return model
        if not model.truncation <= TARGET and not model.bound <= TARGET:
            wanted = (model.truncation / TARGET) ** (1 / (self.degree + 1))
            pieces = 2 if not wanted < 2 else 1
            while pieces < min(wanted, 64):
                pieces *= 2
            if pieces > 1:
                return _parts(first, last, pieces)
        if not model.bound <= ACCEPTABLE:
            return _parts(first, last, 2)
        return self._within_binade(model, first, last)

    def _model(self, first: int, last: int) -> _Model | Block | None:
        """Return a model over a run, or None where the series does not come to one.

        Where all of the run overflows, its block is returned.
        """
        fmt = self.fmt
        centre = (first + last) // 2
        half = max(centre - first, last - centre)
        shift = half.bit_length()
        significand, exponent = fmt.significand(fmt.from_key(centre))
        magnitude = significand.bit_length() + exponent
        ctx.prec = 96 + fmt.p + 2 * abs(magnitude)
        middle, step = arb(significand) * _power(exponent), _power(exponent + shift)
        try:
            radius = arb(half) * _power(exponent)
            wide = self._series(variable(middle + arb(0, radius), step, self.degree + 2))
            rest = coefficient(wide, self.degree + 1)
            near = self._series(variable(middle, step, self.degree + 1))
        except (NoSeries, ZeroDivisionError, ValueError):
            return None
        values = coefficient(wide, 0)
        if abs(values) >= self._threshold:
            base = fmt.overflowed(bool(values < 0))
            return block_of(Kind.EXACT, (first, last), trivial=True, base=base)
        return self._scaled(near, rest, centre, shift)

    def _scaled(self, near: Any, rest: Ball, centre: int, shift: int) -> _Model | None:
        """Return the model in units of an ulp, its bound rounded up once, at the end."""
        value = coefficient(near, 0)
        if not (value.is_finite() and rest.is_finite()) or value.contains(0):
            return None
        negative = bool(value < 0)
        mantissa, power = map(int, value.mid().man_exp())
        top = abs(mantissa).bit_length() + power - 1
        unit = max(top, self.fmt.emin) - self.fmt.p + 1
        factor = -_power(-unit) if negative else _power(-unit)
        scaled = [coefficient(near, k) * factor for k in range(self.degree + 1)]
        whole = _whole(abs(mantissa), power - unit)
        slope = _nearest(float(scaled[1].mid()) * 2.0**-shift)
        scaled[0] -= whole
        scaled[1] -= slope * _power(shift)
        rounded = tuple(float(ball.mid()) for ball in scaled)
        lost, horner, size = arb(0), 0.0, 0.0
        for k, (ball, c) in enumerate(zip(scaled, rounded, strict=True)):
            lost += abs(ball - c)
            horner += (2 * k + 1) * abs(c)
            size += abs(c)
        truncation = abs(rest * factor)
        horner *= HORNER_UNIT * (1 + 2.0**-48)  # more than what rounding took from these sums
        bound = _upper(truncation + lost + arb(horner + UNDERFLOW))
        if not math.isfinite(bound) or size > LARGEST:
            return None
        return _Model(
            negative, unit, whole, slope, centre, shift, rounded, _upper(truncation), bound
        )

    # -- one binade of the result ------------------------------------------------------------

    def _within_binade(self, model: _Model, first: int, last: int) -> Block | list[Keys]:
        """Return the block if R stays in one binade, else the parts on both sides of its border."""
        low, high, outcome = self._binade(model)
        steepness = self._steepness(model)
        if steepness is None:
            spread = abs(model.slope) * ((last - first + 1) // 2)
            loose = 2 * (sum(map(abs, model.coefficients)) + model.bound) * (1 + 2.0**-40)
            inside = 2 * (model.whole - spread) - low > loose < high - 2 * (model.whole + spread)
            accepted = self._accepted(model, first, last, outcome)
            return accepted if inside else _parts(first, last, 2)
        ends = [first, last] if steepness > 0 else [last, first]
        if _above(model, ends[0], low) and _below(model, ends[1], high):
            return self._accepted(model, first, last, outcome)
        border = low if not _above(model, ends[0], low) else high
        return self._split_at(model, ends, border, abs(steepness))

    def _binade(self, model: _Model) -> tuple[int, int, _Outcome]:
        """Return the bounds of the model's binade in halves of its ulp, and what becomes of R.

        Halves, because results next to 0 and next to overflow have their bounds there.
        """
        bottom, top = 1 << self.fmt.p, 2 << self.fmt.p
        if model.unit == self._least:
            if not model.whole and model.coefficients[0] < 0.5:
                return 0, 1, _Outcome.ZERO
            bottom = 1
        if model.unit > self._greatest:
            return bottom, BEYOND, _Outcome.OVERFLOW
        if model.unit == self._greatest:
            if 2 * (model.whole + model.coefficients[0]) >= top - 1:
                return top - 1, BEYOND, _Outcome.OVERFLOW
            top -= 1
        return bottom, top, _Outcome.NUMBER

    @staticmethod
    def _steepness(model: _Model) -> float | None:
        """Return the least change of R from input to input with its sign, None if not monotone."""
        scale = 2.0**-model.shift
        linear = model.slope + model.coefficients[1] * scale
        bends = 0.0
        for k in range(2, len(model.coefficients)):
            bends += k * abs(model.coefficients[k])
        bends *= scale
        if abs(linear) <= bends * 1.001:
            return None
        return linear - math.copysign(bends, linear)

    def _split_at(
        self, model: _Model, ends: list[int], border: int, steepness: float
    ) -> list[Keys]:
        """Return the parts below, at and above the key where R passes a border."""
        low, high = ends  # R at low is the smaller one
        while abs(high - low) > 1:
            middle = (low + high) // 2
            whole, value = model.at(middle)
            if 2 * whole - border + 2 * value < 0:
                low = middle
            else:
                high = middle
        guard = math.ceil(model.bound / steepness) + 1 if steepness > 1e-300 else 1 << 62
        first, last = min(ends), max(ends)
        if 2 * guard >= last - first:
            return _parts(first, last, 2)
        left, right = min(low, high) - guard, max(low, high) + guard
        parts = [(first, left - 1), (max(left, first), min(right, last)), (right + 1, last)]
        found = [part for part in parts if part[0] <= part[1]]
        return found if len(found) > 1 else _parts(first, last, 2)

    def _accepted(self, model: _Model, first: int, last: int, outcome: _Outcome) -> Block:
        if outcome == _Outcome.OVERFLOW:
            base = self.fmt.overflowed(model.negative)
            return block_of(Kind.EXACT, (first, last), trivial=True, base=base)
        binades = model.unit - self._least
        base = model.whole + (binades << (self.fmt.p - 1))
        return Block(
            Kind.MODEL,
            first,
            last - first + 1,
            outcome == _Outcome.ZERO,
            base | (self.fmt.sign_bit if model.negative else 0),
            model.slope,
            model.centre,
            model.shift,
            model.coefficients,
            model.bound,
        )


def _above(model: _Model, key: int, border: int) -> bool:
    """Tell whether R at a key is certainly above a number of half ulps.

    An integer is compared with a double, which is exact; the double is rounded up.
    """
    whole, value = model.at(key)
    return 2 * whole - border > math.nextafter(2 * (model.bound - value), math.inf)


def _below(model: _Model, key: int, border: int) -> bool:
    whole, value = model.at(key)
    return border - 2 * whole > math.nextafter(2 * (model.bound + value), math.inf)


def _whole(mantissa: int, exponent: int) -> int:
    """Return mantissa * 2^exponent rounded to an integer."""
    if exponent >= 0:
        return mantissa << exponent
    return ((mantissa >> (-exponent - 1)) + 1) >> 1


def _nearest(value: float) -> int:
    return round(value) if math.isfinite(value) and abs(value) < 2.0**62 else 0


def _parts(first: int, last: int, pieces: int) -> list[Keys]:
    """Return nearly equal parts of a run, none empty."""
    count = last - first + 1
    pieces = min(pieces, count)
    borders = [first + count * k // pieces for k in range(pieces + 1)]
    return [(low, high - 1) for low, high in pairwise(borders)]


@cache
def _power(exponent: int) -> Ball:
    """Return 2^exponent exactly."""
    return arb((1, exponent))


def _upper(ball: Ball) -> float:
    """Return a float that is not below a ball."""
    return math.nextafter(float(ball.upper()), math.inf) if ball.is_finite() else math.inf
