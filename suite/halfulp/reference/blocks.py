"""Blocks: proved models of a function over runs of neighbouring inputs.

In a block, R in units of its ulp is an integer that moves by a whole number of ulps an input, plus
a polynomial in double precision:

    |R| / ulp = base + slope * (key - centre) + D(u),   u = (key - centre) * 2^-shift in [-1, 1]

within `bound`, which covers truncation, the rounding of the coefficients and the evaluation of D by
Horner's rule (docs/error-bound.md writes it out). A block lies in one binade of x, where neighbours
are equally far apart, and in one binade of R, where ulp(R) is constant. What no block covers is
left open, for enclosures of single inputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import cache
from typing import Any, NamedTuple

from flint import arb, ctx

from halfulp.formats import Format, power_of_two
from halfulp.functions.record import Function
from halfulp.reals import encode
from halfulp.reference.enclosures import balls
from halfulp.reference.oscillation import BOUNDS, FUNCTIONS, oscillates
from halfulp.reference.reflection import (
    Smooth,
    fraction_bits,
    poles,
    reflected,
    smooth,
    underflowing,
)
from halfulp.reference.saturation import Saturation, active, finite_keys, interval_keys, saturations
from halfulp.reference.series import NoSeries, coefficient, series_of, variable
from halfulp.reference.values import FRACTION_BITS, ONE, Flag, Limit

Ball = Any
Keys = tuple[int, int]

DEGREE = 7
"""Degree of the polynomials over wide blocks."""

SHORT_DEGREE = 3
"""Degree over blocks of a few thousand inputs of float64, where higher terms vanish."""

TARGET = 2.0**-24
"""Truncation errors, in ulp, at which a block is not split any more."""

ACCEPTABLE = 2.0**-21
"""The largest bound, in ulp: error intervals are then narrower than 2^-20 ulp."""

SMALLEST = 12
"""Runs of so few inputs are left open: enclosing them costs less than a model."""

HORNER_UNIT = 2.0**-53 * 1.01
"""Unit roundoff of double precision, with room for the denominator of gamma_k (Higham 2002, 5.1)."""

LARGEST = 2.0**30
"""D stays below this, so that its rounding to an integer fits 32 bits."""

BEYOND = 1 << 4_096
"""An end, in half ulps, of what has none."""

UNDERFLOWN = 2.0**-40
"""More than twice the size of what underflows, in ulps, where gamma does."""

ZERO_AT_INTEGERS = ("sinpi", "sinc")
"""Functions that are 0 at every integer: from 2^(p-1) on there is nothing else."""

UNDERFLOW = 2.0**-1000
"""More than what all underflows of one evaluation can add up to."""


class Kind(IntEnum):
    """What is known of R over a block."""

    OPEN = 0
    """Nothing: enclosures of single inputs serve."""
    MODEL = 1
    """The polynomial."""
    EXACT = 2
    """R is the number `base`, or overflows."""
    NAN = 3
    """The result is not a number."""
    OSCILLATION = 4
    """sin, cos or tan of an argument to be reduced (`halfulp.reference.oscillation`)."""
    SAME = 5
    """The result of one input is that of all."""
    UNDERFLOW = 6
    """gamma between the poles, too small for the format (`halfulp.reference.reflection`)."""
    REFLECTION = 7
    """lgamma between the poles: a polynomial plus a table of fractions."""


class Block(NamedTuple):
    """A run of keys and what is known of R there.

    Parameters
    ----------
    kind
        A `Kind`.
    first, count
        The keys.
    trivial
        Whether means leave these inputs out.
    base, slope, centre, shift, coefficients
        The model; `base` is an encoding, sign included. `EXACT` has only `base`.
    bound
        |R/ulp - model| is less than this, for the model as compiled loops evaluate it.
    """

    kind: Kind
    first: int
    count: int  # type: ignore[assignment] # hides tuple.count, which no block needs
    trivial: bool = False
    base: int = 0
    slope: int = 0
    centre: int = 0
    shift: int = 0
    coefficients: tuple[float, ...] = ()
    bound: float = 0.0

    @property
    def last(self) -> int:
        """The last key."""
        return self.first + self.count - 1


def _block(kind: Kind, keys: Keys, *, trivial: bool = False, base: int = 0) -> Block:
    return Block(kind, keys[0], keys[1] - keys[0] + 1, trivial, base)


@cache
def planner(function: Function, fmt: Format, degree: int = DEGREE) -> Planner:
    """Return the planner of a function and format; each process has its own."""
    return Planner(function, fmt, degree)


class Planner:
    """Divides runs of keys of a one-argument function into blocks.

    The blocks of a run depend on the function, the format and the run alone.
    """

    def __init__(self, function: Function, fmt: Format, degree: int = DEGREE) -> None:
        assert function.arity == 1, function.name
        self.function = function
        self.fmt = fmt
        known = sorted(_known_runs(function, fmt), key=lambda run: run.first)
        self._known = [(run.first, run.last, run) for run in known]
        self._active = active(function, fmt) if function.is_catalogue else (finite_keys(fmt),)
        self._reflected = reflected(function, fmt)
        try:
            self._modeller: Modeller | None = Modeller(function, fmt, degree)
        except NoSeries:
            self._modeller = None

    def blocks(self, first: int, count: int) -> list[Block]:
        """Return blocks that cover keys first ... first + count - 1, in order."""
        return _joined(self._pieces((first, first + count - 1)))

    def _pieces(self, keys: Keys) -> Iterator[Block]:
        place = keys[0]
        for first, last, known in self._known:
            if last < place or first > keys[1]:
                continue
            low, high = max(first, place), min(last, keys[1])
            if place < low:
                yield from self._ordinary((place, low - 1))
            yield known._replace(first=low, count=high - low + 1)
            place = high + 1
        if place <= keys[1]:
            yield from self._ordinary((place, keys[1]))

    def _ordinary(self, keys: Keys) -> Iterator[Block]:
        """Yield the blocks of ordinary finite inputs, split where activity and binades end."""
        for part, is_active in _by_activity(keys, self._active):
            for run in _by_binade(self.fmt, part):
                for block in self._modelled(run):
                    yield block if is_active else block._replace(trivial=True)

    def _modelled(self, keys: Keys) -> Iterator[Block]:
        if self._modeller is None:
            yield _block(Kind.OPEN, keys)
        elif self._reflected and _inside(keys, self._reflected):
            for part in smooth(self.fmt, keys):
                yield _reflection(self.fmt, part)
        elif oscillates(self.function, self.fmt, max(keys, key=abs)):
            function = self.function.name
            block = _block(Kind.OSCILLATION, keys, base=FUNCTIONS[function])
            yield block._replace(bound=BOUNDS[function])
        else:
            yield from self._modeller.blocks(keys)


# -- what records know -------------------------------------------------------------------------


def _known_runs(function: Function, fmt: Format) -> list[Block]:
    """Return the runs that need no model: nans, outside the domain, saturated, special inputs."""
    least, greatest = finite_keys(fmt)
    low, high = fmt.key_range
    inner = least, greatest
    by_table = function.is_catalogue and function.special_rule is None
    if by_table:
        first, last = interval_keys(fmt, function.domain)
        inner = max(least, first), min(greatest, last)
    runs = [
        *_not_a_number(function, fmt, (low, least - 1 - fmt.has_inf)),
        *_not_a_number(function, fmt, (greatest + 1 + fmt.has_inf, high)),
    ]
    singles = {-1, 0}
    if fmt.has_inf:
        singles |= {least - 1, greatest + 1}
    if by_table:
        table = (text for text in function.specials or () if text != "nan")
        singles |= {fmt.key(encode(fmt, text)) for text in table}
    settled = [_saturated(fmt, saturation) for saturation in saturations(function, fmt)]
    outside = [(least, inner[0] - 1), (inner[1] + 1, greatest)]
    settled += [_block(Kind.NAN, keys) for keys in outside if keys[0] <= keys[1]]
    settled += _beyond_the_point(function, fmt)
    runs += _with_holes(settled, singles)
    return runs + [_block(Kind.OPEN, (key, key)) for key in singles]


def _beyond_the_point(function: Function, fmt: Format) -> list[Block]:
    """Return the runs of integers and of poles: there a rule decides, the same for all."""
    found = []
    if (keys := poles(function, fmt)) is not None:
        found.append(_block(Kind.SAME, keys, trivial=True))
    if (keys := underflowing(function, fmt)) is not None:
        found.append(_block(Kind.UNDERFLOW, keys, trivial=True)._replace(bound=UNDERFLOWN))
    if function.name in ZERO_AT_INTEGERS:
        first = fmt.round(power_of_two(fmt.p - 1))
        last = fmt.max_magnitude
        found += [_block(Kind.SAME, keys) for keys in ((first, last), (-1 - last, -1 - first))]
    return found


def _inside(keys: Keys, outer: Keys) -> bool:
    return outer[0] <= keys[0] and keys[1] <= outer[1]


def _reflection(fmt: Format, part: Smooth) -> Block:
    block = _block(Kind.REFLECTION, part.keys, base=fraction_bits(fmt, part.centre))
    return block._replace(
        centre=part.centre, shift=part.shift, coefficients=part.coefficients, bound=part.bound
    )


def _not_a_number(function: Function, fmt: Format, keys: Keys) -> list[Block]:
    """Return the run of nan inputs; where a function is a number there, it is left open."""
    if keys[0] > keys[1]:
        return []
    found = balls(function, fmt).scaled(fmt.from_key(keys[0]))
    is_nan = isinstance(found, Limit) and found.text == "nan"
    return [_block(Kind.NAN if is_nan else Kind.OPEN, keys)]


def _with_holes(runs: list[Block], holes: set[int]) -> list[Block]:
    """Return runs without some keys, which have runs of their own."""
    for hole in sorted(holes):
        kept = []
        for run in runs:
            if not run.first <= hole <= run.last:
                kept.append(run)
                continue
            parts = ((run.first, hole - 1), (hole + 1, run.last))
            kept += [
                run._replace(first=low, count=high - low + 1) for low, high in parts if low <= high
            ]
        runs = kept
    return runs


def _saturated(fmt: Format, saturation: Saturation) -> Block:
    """Return the block of a saturated run: a model of degree 0.

    The bounds of |R| around the rounded result are kept as an open interval of doubles. Where R lies
    on one side of a number, the interval ends there, so that the side stays known.
    """
    scaled, keys = saturation.scaled, saturation.keys
    magnitude = fmt.magnitude(scaled.rounded)
    overflows = magnitude > fmt.max_magnitude
    if scaled.flags & Flag.EXACT:
        return _block(Kind.EXACT, keys, trivial=True, base=scaled.rounded)
    if scaled.flags or overflows:
        return _block(Kind.OPEN, keys)
    low, high = scaled.low, scaled.high
    whole = scaled.whole
    if scaled.whole < 0 or fmt.is_negative(scaled.rounded):
        whole, low, high = -whole, -high, -low
    nearest = _in_unit(fmt, magnitude, scaled.unit)
    low, high = low + (whole - nearest) * ONE, high + (whole - nearest) * ONE
    middle, bound = _open_interval(low, high)
    block = _block(Kind.MODEL, keys, trivial=True, base=scaled.rounded)
    return block._replace(centre=keys[0], coefficients=(middle,), bound=bound)


def _in_unit(fmt: Format, magnitude: int, unit: int) -> int:
    significand, exponent = fmt.significand(magnitude)
    shift = exponent - unit
    return significand << shift if shift >= 0 else significand >> -shift


def _open_interval(low: int, high: int) -> tuple[float, float]:
    """Return middle and radius of an interval around (low, high) in units of 2^-60.

    Rounded outward; an end at 0 stays there, because R is strictly inside where it is not exact.
    """
    first = math.nextafter(low / ONE, -math.inf) if low else 0.0
    last = math.nextafter(high / ONE, math.inf) if high else 0.0
    if not low:
        return last, last
    if not high:
        return first, -first
    middle = (first + last) / 2
    return middle, math.nextafter(max(last - middle, middle - first), math.inf)


# -- dividing runs -----------------------------------------------------------------------------


def _by_activity(keys: Keys, ranges: tuple[Keys, ...]) -> Iterator[tuple[Keys, bool]]:
    """Yield parts of a run with whether they lie in the active region."""
    place = keys[0]
    for low, high in sorted(ranges):
        first, last = max(low, place), min(high, keys[1])
        if first > last:
            continue
        if place < first:
            yield (place, first - 1), False
        yield (first, last), True
        place = last + 1
    if place <= keys[1]:
        yield (place, keys[1]), False


def _by_binade(fmt: Format, keys: Keys) -> Iterator[Keys]:
    """Yield parts of a run of one sign with equal distances; subnormals go with the first binade.

    Parts end at multiples of 2^(p-1) of the magnitude, so they depend on the keys alone.
    """
    place = keys[0]
    size = 1 << (fmt.p - 1)
    while place <= keys[1]:
        if place < 0:
            magnitude = -1 - place
            end = -1 - max(magnitude // size * size, 0)
        else:
            end = (place // size + 1) * size - 1
        end = min(end, keys[1])
        yield place, end
        place = end + 1


def _joined(blocks: Iterator[Block]) -> list[Block]:
    """Return blocks with neighbouring open runs of one kind made into one."""
    found: list[Block] = []
    for block in blocks:
        last = found[-1] if found else None
        if last and block.kind == Kind.OPEN and last[0] == Kind.OPEN:
            found[-1] = last._replace(count=last.count + block.count)
        else:
            found.append(block)
    return found


# -- models ------------------------------------------------------------------------------------


class _Outcome(Enum):
    """What becomes of R: a number, 0 by rounding, or an overflow."""

    NUMBER = 0
    ZERO = 1
    OVERFLOW = 2


@dataclass(frozen=True)
class _Model:
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
                yield _block(Kind.OPEN, (first, last))
                continue
            found = self._attempt(first, last)
            if isinstance(found, Block):
                yield found
            else:
                waiting += reversed(found)

    def _attempt(self, first: int, last: int) -> Block | list[Keys]:
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
            near = self._series(variable(middle, step, self.degree + 1))
            radius = arb(half) * _power(exponent)
            wide = self._series(
                variable((middle - radius).union(middle + radius), step, self.degree + 2)
            )
            rest = coefficient(wide, self.degree + 1)
        except (NoSeries, ZeroDivisionError, ValueError):
            return None
        values = coefficient(wide, 0)
        if abs(values) >= self._threshold:
            base = fmt.overflowed(bool(values < 0))
            return _block(Kind.EXACT, (first, last), trivial=True, base=base)
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
        lost = sum((abs(ball - c) for ball, c in zip(scaled, rounded, strict=True)), arb(0))
        horner = sum((arb(abs(c)) * (2 * k + 1) for k, c in enumerate(rounded)), arb(0))
        truncation = abs(rest * factor)
        bound = _upper(truncation + lost + horner * HORNER_UNIT + UNDERFLOW)
        if not math.isfinite(bound) or sum(map(abs, rounded)) > LARGEST:
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
        linear = model.slope + model.coefficients[1] * 2.0**-model.shift
        bends = sum(k * abs(c) for k, c in enumerate(model.coefficients) if k > 1)
        bends *= 2.0**-model.shift
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
            return _block(Kind.EXACT, (first, last), trivial=True, base=base)
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
    return [(low, high - 1) for low, high in zip(borders, borders[1:], strict=False)]


@cache
def _power(exponent: int) -> Ball:
    """Return 2^exponent exactly."""
    return arb((1, exponent))


def _upper(ball: Ball) -> float:
    """Return a float that is not below a ball."""
    return math.nextafter(float(ball.upper()), math.inf) if ball.is_finite() else math.inf
