"""The inputs that a sampler takes from a region: exact length, seekable, the same for a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import Protocol, runtime_checkable

import numpy as np

from halfulp import encodings
from halfulp.encodings import Bits, Int
from halfulp.exceptions import UsageError
from halfulp.formats import Format
from halfulp.functions.record import Function
from halfulp.inputs.clusters import clusters
from halfulp.inputs.edges import edges
from halfulp.inputs.hard import hard_inputs
from halfulp.inputs.joint import JOINTS
from halfulp.inputs.regions import Region
from halfulp.inputs.samplers import Sampler, rows
from halfulp.inputs.spread import Spread
from halfulp.inputs.values import KeyRanges, doubles_to_keys, region_keys, value_bounds
from halfulp.reals import encode
from halfulp.reference.saturation import Keys, active, finite_keys

LARGEST_PRODUCT = 1 << 40
"""Most inputs that an exhaustive sweep may have."""


class Source(Protocol):
    """A finite sequence of inputs, of which any part can be taken."""

    def __len__(self) -> int:
        """Return the exact number of inputs."""
        ...

    def take(self, start: int, count: int) -> Bits:
        """Return encodings of shape (arity, count), from the input numbered `start` on."""
        ...


@runtime_checkable
class Neighbours(Protocol):
    """A source of one argument whose inputs come in runs of neighbouring keys."""

    def runs(self, start: int, count: int) -> list[tuple[int, int]]:
        """Return first key and length of the runs of a part, in order."""
        ...


def source(sampler: Sampler, function: Function, fmt: Format, region: Region, seed: int) -> Source:
    """Return the inputs of a sampler for a function in a format over a region.

    Raises
    ------
    UsageError
        If the region has no number of the format, or too many inputs to take all.
    """
    boxes = [region_keys(fmt, region, place) for place in range(function.arity)]
    if any(low > high for low, high in boxes):
        raise UsageError(f"The region {region.text!r} has no number of {fmt.name} in it. Widen it.")
    match sampler.name:
        case "exhaustive":
            return _exhaustive(fmt, boxes, region)
        case "clusters":
            return clusters(sampler, fmt, boxes, _spread(sampler, function, fmt, region, seed))
        case "spread":
            return _spread(sampler, function, fmt, region, seed)
        case "grid":
            return Grid(fmt, _value_boxes(function, fmt, region), sampler.count)
        case "edges":
            return Stored(fmt, edges(function, fmt, region))
        case "hard":
            return Stored(
                fmt, _inside(boxes, _keys(fmt, function, hard_inputs(function.name, fmt)))
            )
        case "corpus":
            return Stored(fmt, _inside(boxes, _encoded(fmt, function, sampler.listed)))
    return Stored(fmt, _listed(sampler, function, fmt))


@dataclass(frozen=True)
class Stored:
    """A list of inputs: keys of shape (arity, n)."""

    fmt: Format
    keys: Int

    def __len__(self) -> int:
        return int(self.keys.shape[1])

    def take(self, start: int, count: int) -> Bits:
        """Return a part of the list."""
        return encodings.from_keys(self.fmt, self.keys[:, start : start + count])


@dataclass(frozen=True)
class Line:
    """Every key of a range."""

    fmt: Format
    low: int
    high: int

    def __len__(self) -> int:
        return self.high - self.low + 1

    def take(self, start: int, count: int) -> Bits:
        """Return consecutive inputs."""
        places = np.arange(start, start + count, dtype=np.int64)
        return encodings.from_keys(self.fmt, places + self.low)[np.newaxis]

    def runs(self, start: int, count: int) -> list[tuple[int, int]]:
        """Return the part as one run."""
        return [(self.low + start, count)]


@dataclass(frozen=True)
class Exhaustive:
    """Every pair of a box of keys, the last argument changing fastest."""

    fmt: Format
    boxes: tuple[tuple[int, int], ...]

    def __len__(self) -> int:
        total = 1
        for low, high in self.boxes:
            total *= high - low + 1
        return total

    def take(self, start: int, count: int) -> Bits:
        """Return consecutive inputs."""
        places = np.arange(start, start + count, dtype=np.int64)
        columns = []
        for low, high in reversed(self.boxes):
            size = high - low + 1
            columns.append(places % size + low)
            places = places // size
        return encodings.from_keys(self.fmt, np.stack(columns[::-1]))


def _exhaustive(fmt: Format, boxes: list[tuple[int, int]], region: Region) -> Line | Exhaustive:
    total = 1
    for low, high in boxes:
        total *= high - low + 1
    if total > LARGEST_PRODUCT:
        raise UsageError(
            f"{region.text!r} has {float(total):.3g} inputs in {fmt.name}: too many to take all. "
            "Narrow the region, or take spread:N."
        )
    return Line(fmt, *boxes[0]) if len(boxes) == 1 else Exhaustive(fmt, tuple(boxes))


@dataclass(frozen=True)
class Grid:
    """Inputs even in value between finite bounds, both ends included.

    For two arguments floor(sqrt(N)) values each.
    """

    fmt: Format
    boxes: tuple[tuple[Fraction, Fraction], ...]
    count: int

    @property
    def side(self) -> int:
        """Values an argument."""
        return self.count if len(self.boxes) == 1 else isqrt(self.count)

    def __len__(self) -> int:
        return int(self.side ** len(self.boxes))

    def take(self, start: int, count: int) -> Bits:
        """Return consecutive points, the last argument changing fastest."""
        places = np.arange(start, start + count, dtype=np.int64)
        columns = []
        for low, high in reversed(self.boxes):
            position = places % self.side
            share = position / np.float64(max(self.side - 1, 1))
            keys = doubles_to_keys(self.fmt, value_bounds((low, high))[0].at(share))
            first, last = self.fmt.key_at_least(low), self.fmt.key_at_most(high)
            keys = np.minimum(np.maximum(keys, first), last)  # sums may be rounded outward
            keys = np.where(position == (self.side - 1 or 1), last, keys)
            columns.append(np.where(position == 0, first, keys))
            places = places // self.side
        return encodings.from_keys(self.fmt, np.stack(columns[::-1]))


def _value_boxes(
    function: Function, fmt: Format, region: Region
) -> tuple[tuple[Fraction, Fraction], ...]:
    """Return finite bounds an argument: the region's, and the active region's for infinite ones."""
    boxes = []
    ends = _active_ranges(function, fmt).ranges
    least, greatest = finite_keys(fmt)
    for place in range(function.arity):
        low, high = region_keys(fmt, region, place)
        first = low if low >= least else ends[0][0]
        last = high if high <= greatest else ends[-1][1]
        if first > last:
            first, last = max(low, least), min(high, greatest)
        if first > last:
            raise UsageError(f"The region {region.text!r} has no finite number to spread over.")
        boxes.append((fmt.value(fmt.from_key(first)), fmt.value(fmt.from_key(last))))
    return tuple(boxes)


def _active_ranges(function: Function, fmt: Format) -> KeyRanges:
    if function.arity > 1 or not function.is_catalogue:
        return KeyRanges((finite_keys(fmt),))
    return KeyRanges(active(function, fmt))


def _spread(sampler: Sampler, function: Function, fmt: Format, region: Region, seed: int) -> Spread:
    salt = f"{seed}/{function.name}/{fmt.name}/{region.text}/{sampler.text}"
    top = fmt.max_magnitude + fmt.has_inf
    every = []
    inner = []
    for place in range(function.arity):
        box = region_keys(fmt, region, place)
        numbers = KeyRanges((box,)).clipped(-1 - top, top)
        every.append(numbers)
        inside = _active_ranges(function, fmt).clipped(*box)
        finite = numbers.clipped(*finite_keys(fmt))
        inner.append(inside if inside.ranges else finite if finite.ranges else numbers)
    joint = None if function.joint is None else JOINTS[function.joint](fmt, tuple(every))
    count = sampler.places or sampler.count
    return Spread(fmt, tuple(every), tuple(inner), count, salt, joint)


def _listed(sampler: Sampler, function: Function, fmt: Format) -> Int:
    """Return the keys of listed inputs; each number is rounded to the format once."""
    found = rows(sampler.listed)
    for row in found:
        if len(row) != function.arity:
            raise UsageError(
                f"{function.name} takes {function.arity} arguments, but an input of "
                f"{sampler.text[:60]!r} has {len(row)}. Write listed:1,2;3,4 for two arguments."
            )
    return _keys(fmt, function, found)


def _encoded(fmt: Format, function: Function, listed: str) -> Int:
    """Return the keys of inputs given as encodings, shape (arity, n)."""
    inputs = [[fmt.key(int(word, 16)) for word in row.split()] for row in listed.split(";") if row]
    return np.array(inputs, dtype=np.int64).reshape(-1, function.arity).T


def _keys(fmt: Format, function: Function, texts: Sequence[tuple[str, ...]]) -> Int:
    """Return the keys of inputs given as texts, shape (arity, n)."""
    keys = [[fmt.key(encode(fmt, word)) for word in row] for row in texts]
    return np.array(keys, dtype=np.int64).reshape(-1, function.arity).T


def _inside(boxes: Sequence[Keys], keys: Int) -> Int:
    """Return the inputs that lie in a box."""
    kept = np.ones(keys.shape[1], dtype=np.bool_)
    for column, (low, high) in zip(keys, boxes, strict=True):
        kept &= (column >= low) & (column <= high)
    return keys[:, kept]
