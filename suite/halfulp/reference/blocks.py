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

from bisect import bisect_right
from collections.abc import Iterator
from functools import cache

from halfulp.formats import Format
from halfulp.functions.record import Function
from halfulp.reference.block import Block, Keys, Kind, block_of
from halfulp.reference.known import known_runs
from halfulp.reference.models import SMALLEST, Modeller
from halfulp.reference.oscillation import BOUNDS, FUNCTIONS, oscillates
from halfulp.reference.reflection import Smooth, fraction_bits, reflected, smooth
from halfulp.reference.saturation import active, finite_keys
from halfulp.reference.series import NoSeries

DEGREE = 7
"""Degree of the polynomials over wide blocks."""

SHORT_DEGREE = 2
"""Degree over blocks of a few thousand inputs of float64, where higher terms vanish."""


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
        known = sorted(known_runs(function, fmt), key=lambda run: run.first)
        self._known = [(run.first, run.last, run) for run in known]
        self._active = active(function, fmt) if function.is_catalogue else (finite_keys(fmt),)
        self._reflected = reflected(function, fmt)
        try:
            self._modeller: Modeller | None = Modeller(function, fmt, degree)
        except NoSeries:
            self._modeller = None

        self._plain = list(self._plain_runs()) if self._modeller else []
        self._starts = [low for (low, _), _ in self._plain]

    def blocks(self, first: int, count: int) -> list[Block]:
        """Return blocks that cover keys first ... first + count - 1, in order."""
        block = self._single(first, first + count - 1)
        return [block] if block else _joined(self._pieces((first, first + count - 1)))

    def _plain_runs(self) -> Iterator[tuple[Keys, bool]]:
        """Yield the runs in which only binades and models divide, with whether they are active."""
        least, greatest = finite_keys(self.fmt)
        if self._reflected or any(
            oscillates(self.function, self.fmt, key) for key in (least, greatest)
        ):
            return
        place = least
        for first, last, _ in [*self._known, (greatest + 1, greatest + 1, None)]:
            if place < min(first, greatest + 1):
                yield from _by_activity((place, min(first - 1, greatest)), self._active)
            place = max(place, last + 1)

    def _single(self, first: int, last: int) -> Block | None:
        """Return the one block of a short run amid others, the way most clusters lie."""
        number = bisect_right(self._starts, first) - 1
        if number < 0 or last - first < SMALLEST or not self._modeller:
            return None
        (_, high), is_active = self._plain[number]
        # The complement of a negative key is its magnitude, so both ends have one sign and binade.
        if last > high or (first ^ last) >> (self.fmt.p - 1):
            return None
        found = self._modeller.attempt(first, last)
        if not isinstance(found, Block):
            return None
        return found if is_active else found._replace(trivial=True)

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
            yield block_of(Kind.OPEN, keys)
        elif self._reflected and _inside(keys, self._reflected):
            for part in smooth(self.fmt, keys):
                yield _reflection(self.fmt, part)
        elif oscillates(self.function, self.fmt, max(keys, key=abs)):
            function = self.function.name
            block = block_of(Kind.OSCILLATION, keys, base=FUNCTIONS[function])
            yield block._replace(bound=BOUNDS[function])
        else:
            yield from self._modeller.blocks(keys)


def _inside(keys: Keys, outer: Keys) -> bool:
    return outer[0] <= keys[0] and keys[1] <= outer[1]


def _reflection(fmt: Format, part: Smooth) -> Block:
    block = block_of(Kind.REFLECTION, part.keys, base=fraction_bits(fmt, part.centre))
    return block._replace(
        centre=part.centre, shift=part.shift, coefficients=part.coefficients, bound=part.bound
    )


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
