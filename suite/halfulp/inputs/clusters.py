"""`clusters:PxN`: N neighbouring inputs at each of P places, placed as by `spread:P`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from halfulp import encodings
from halfulp.encodings import Bits
from halfulp.exceptions import UsageError
from halfulp.formats import Format
from halfulp.inputs.samplers import Sampler
from halfulp.inputs.spread import Spread


@dataclass(frozen=True)
class Clusters:
    """Runs of neighbouring inputs around places.

    Parameters
    ----------
    fmt
        The format.
    places
        The inputs around which the runs lie.
    size
        Inputs of a run.
    low, high
        The keys within which the runs stay.
    """

    fmt: Format
    places: Spread
    size: int
    low: int
    high: int

    def __len__(self) -> int:
        return len(self.places) * self.size

    def take(self, start: int, count: int) -> Bits:
        """Return a part of the runs, one after the other."""
        keys = [np.arange(key, key + n, dtype=np.int64) for key, n in self.runs(start, count)]
        return encodings.from_keys(self.fmt, np.concatenate(keys))[np.newaxis]

    def runs(self, start: int, count: int) -> list[tuple[int, int]]:
        """Return first key and length of the runs of a part."""
        first, last = start // self.size, (start + count - 1) // self.size
        middles = encodings.keys(self.fmt, self.places.take(first, last - first + 1)[0]).tolist()
        found = []
        for number, middle in enumerate(middles, start=first):
            begin = max(start, number * self.size)
            end = min(start + count, (number + 1) * self.size)
            key = min(max(middle - self.size // 2, self.low), self.high - self.size + 1)
            found.append((key + begin - number * self.size, end - begin))
        return found


def clusters(
    sampler: Sampler, fmt: Format, boxes: Sequence[tuple[int, int]], places: Spread
) -> Clusters:
    """Return the runs of a sampler in a box of keys.

    Raises
    ------
    UsageError
        If there are two arguments, or the box is smaller than a run.
    """
    if len(boxes) != 1:
        raise UsageError(f"{sampler.text} is for functions of one argument; take spread:N for two.")
    low, high = boxes[0]
    if high - low + 1 < sampler.count:
        raise UsageError(
            f"Expected a region with at least the {sampler.count} inputs of a cluster, but it has "
            f"{high - low + 1}. Take exhaustive."
        )
    return Clusters(fmt, places, sampler.count, low, high)
