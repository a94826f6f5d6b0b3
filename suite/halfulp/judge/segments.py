"""The blocks of a shard as arrays, divided at the borders of the profile's bins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from halfulp import encodings
from halfulp.encodings import Bits, Bool
from halfulp.formats import Format
from halfulp.functions.record import Function
from halfulp.judge.assumptions import require_default_state
from halfulp.judge.judging import Axis
from halfulp.reference.block import Block, Kind
from halfulp.reference.blocks import DEGREE, SHORT_DEGREE, planner
from halfulp.reference.oscillation import Reduction, reduction
from halfulp.reference.reflection import table

SHORT_RUN = 1 << 13
"""Runs of formats with more than `WIDE_BITS` bits that are so short span too little of x for the
higher terms of a model to matter."""

WIDE_BITS = 24

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

Run = tuple[int, int]
"""The first key and the number of neighbouring inputs."""


@dataclass(frozen=True)
class Segments:
    """Blocks of a shard, divided at the borders of the profile's bins, as arrays.

    Parameters
    ----------
    function, fmt
        Of what the blocks are.
    count
        The inputs of the shard.
    blocks
        The block of each segment, reduced to the segment's keys.
    places
        Where each segment starts among the inputs of the shard.
    bins
        Number of the bin of each segment, -1 outside the axis.
    """

    function: Function
    fmt: Format
    count: int
    blocks: tuple[Block, ...]
    places: tuple[int, ...]
    bins: tuple[int, ...]

    @cached_property
    def arrays(self) -> tuple[Any, ...]:
        """What the compiled loops take, places counted from the start of the shard."""
        rows = len(self.blocks)
        coefficients = np.zeros((rows, DEGREE + 1))
        reductions = np.zeros((rows, len(Reduction._fields)), dtype=np.uint64)
        tables = _Tables()
        offsets = [0] * rows
        for row, block in enumerate(self.blocks):
            coefficients[row, : len(block.coefficients)] = block.coefficients
            if block.kind >= Kind.OSCILLATION:
                constants = reduction(self.fmt, block.first)
                if block.kind == Kind.REFLECTION:
                    constants = constants._replace(high=block.base)
                    offsets[row] = tables.offset(block.base)
                reductions[row] = [value % 2**64 for value in constants]
        kinds, keys, counts, _, bases, slopes, centres, shifts, _, bounds = zip(
            *self.blocks, strict=True
        )
        first, places = integers(keys), integers(self.places)
        return (
            integers(kinds),
            places,
            integers(counts),
            integers([self._signed(base) for base in bases]),
            integers(slopes) + integers(offsets),
            integers(centres) - first + places,
            np.ldexp(1.0, -integers(shifts)),
            coefficients,
            np.array(bounds),
            first,
            reductions,
            tables.joined(),
        )

    @cached_property
    def trivial(self) -> Bool:
        """Whether means leave the inputs of each segment out."""
        return np.array([block.trivial for block in self.blocks], dtype=np.bool_)

    @cached_property
    def is_nan(self) -> Bool:
        """Whether no result of each segment is a number."""
        found: Bool = self.arrays[0] == Kind.NAN
        return found

    def _signed(self, encoding: int) -> int:
        """Return an encoding as the loops have it: a signed integer of the arrays' width."""
        width = max(self.fmt.width, 32)
        return encoding - (1 << width) if encoding >> (width - 1) else encoding

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """What the compiled loops need to know of the format."""
        fmt = self.fmt
        return fmt.p - 1, fmt.width - 1, fmt.max_magnitude, int(fmt.has_inf)

    @cached_property
    def tiles(self) -> Ints:
        """Segment, first place and length of every tile, of shape (tiles, 3)."""
        from halfulp.judge.tiles import TILE

        places, counts = self.arrays[1], self.arrays[2]
        each = -(-counts // TILE)
        rows = np.repeat(np.arange(len(self.blocks)), each)
        before = np.repeat(np.cumsum(each) - each, each)
        starts = (np.arange(len(rows)) - before) * TILE
        lengths = np.minimum(TILE, counts[rows] - starts)
        return np.stack([rows, places[rows] + starts, lengths], axis=1)

    def rows(self, places: Ints) -> Ints:
        """Return the segments of some places."""
        return np.searchsorted(self.arrays[1], places, side="right") - 1

    def inputs(self, places: Ints) -> Bits:
        """Return encodings of shape (1, n) of the inputs at some places."""
        return encodings.from_keys(self.fmt, self.keys(places))[np.newaxis]

    def keys(self, places: Ints) -> Ints:
        """Return the keys of the inputs at some places."""
        rows = self.rows(places)
        keys: Ints = self.arrays[9][rows] + (places - self.arrays[1][rows])
        return keys


class _Tables:
    """The tables of fractions that a shard needs, one after the other."""

    def __init__(self) -> None:
        self._offsets: dict[int, int] = {}
        self._values: list[float] = []

    def offset(self, bits: int) -> int:
        """Return where the table for so many bits starts; it is added if it is new."""
        if bits not in self._offsets:
            self._offsets[bits] = len(self._values)
            self._values += table(bits)[0]
        return self._offsets[bits]

    def joined(self) -> Floats:
        """Return all tables as one array, never empty."""
        return np.array(self._values or [0.0])


def integers(values: Iterable[int]) -> Ints:
    """Return an array of 64-bit integers."""
    return np.array(values, dtype=np.int64)


def segments(function: Function, fmt: Format, runs: Iterable[Run], axis: Axis) -> Segments:
    """Return the segments of runs of neighbouring keys of a one-argument function."""
    require_default_state()
    runs = list(runs)
    short = fmt.p > WIDE_BITS and max(count for _, count in runs) <= SHORT_RUN
    plan = planner(function, fmt, SHORT_DEGREE if short else DEGREE)
    blocks, places, bins, place = [], [], [], 0
    for first, count in runs:
        found = plan.blocks(first, count)
        if len(found) == 1 and (number := axis.only_number(first, first + count - 1)) is not None:
            blocks.append(found[0])
            places.append(place)
            bins.append(number)
            found = []
        for block in found:
            for part, number in _by_bin(block, axis):
                blocks.append(part)
                places.append(place + part.first - first)
                bins.append(number)
        place += count
    return Segments(function, fmt, place, tuple(blocks), tuple(places), tuple(bins))


def _by_bin(block: Block, axis: Axis) -> Iterable[tuple[Block, int]]:
    """Yield the parts of a block in each bin of the profile."""
    place, last = block.first, block.last
    while place <= last:
        if place < axis.low:
            number, end = -1, axis.low - 1
        elif place > axis.high:
            number, end = -1, last
        else:
            number = axis.number(place)
            end = axis.bounds(number)[1]
        if place == block.first and end >= last:
            yield block, number
            return
        end = min(end, last)
        yield block._replace(first=place, count=end - place + 1), number
        place = end + 1
