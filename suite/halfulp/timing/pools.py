"""The inputs that are timed: few, drawn from a region, valid for every routine that is compared.

Verify, then time. Every routine has evaluated the inputs before, and those are taken at which all
results are finite. Routines that fail at many of them are not compared. The results of the first
inputs are judged, so that a speed stands beside the error at the same inputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from halfulp import encodings, functions
from halfulp.backend import Unavailable
from halfulp.formats import Format, format_named
from halfulp.inputs import parse_region, parse_sampler
from halfulp.inputs.sources import source
from halfulp.inputs.strata import unit
from halfulp.inputs.values import KeyRanges, doubles_to_keys, value_bounds
from halfulp.timing.regions import MIXED, REGIONS, Ranges, derived

if TYPE_CHECKING:
    from halfulp.encodings import Bits, Bool
    from halfulp.functions import Function
    from halfulp.judge.tally import Tally

DRAWN = 1 << 14
"""Inputs that are drawn."""

POOL = 1 << 13
"""Inputs that are timed, again and again; as many float64 fill the first cache."""

LEAST = 16
"""Fewer valid inputs than these are no measurement."""

CHECKED = 1 << 10
"""Results that are judged."""

TOLERATED = 0.1
"""Part of the inputs at which a routine may have no finite result where others have one."""


def drawn(function: Function, fmt: Format, bounds: str, seed: int) -> Bits:
    """Return inputs of a region in random order, shape (arity, n).

    Parameters
    ----------
    bounds
        Bounds as in a study, "all", or one of `halfulp.timing.regions.REGIONS`.

    Raises
    ------
    Unavailable
        If the function has no inputs of that kind.
    UsageError
        If the region holds no number of the format.
    """
    random = np.random.default_rng([seed, *f"{function.name}/{fmt.name}/{bounds}".encode()])
    if bounds in REGIONS and bounds != MIXED:
        return _from_ranges(function, fmt, derived(bounds, function, fmt), random)
    region = parse_region("all" if bounds == MIXED else bounds, function.arity)
    inputs = source(parse_sampler(f"spread:{DRAWN}"), function, fmt, region, seed)
    bits = inputs.take(0, len(inputs))
    return np.ascontiguousarray(bits[:, random.permutation(bits.shape[1])])


def _from_ranges(
    function: Function, fmt: Format, ranges: Ranges, random: np.random.Generator
) -> Bits:
    columns = []
    for _ in range(function.arity):
        words = random.integers(0, 2**64, DRAWN, dtype=np.uint64)
        whole = KeyRanges(ranges.keys)
        if ranges.by_value:
            columns.append(_by_value(fmt, ranges, unit(words)))
        else:
            columns.append(whole.at(words % np.uint64(whole.size)))
    return encodings.from_keys(fmt, np.stack(columns))


def _by_value(fmt: Format, ranges: Ranges, share: np.ndarray) -> encodings.Int:
    """Return keys even in value over ranges, for shares in [0, 1)."""
    ends = [tuple(fmt.value(fmt.from_key(key)) for key in pair) for pair in ranges.keys]
    bounds = value_bounds(*((low, high) for low, high in ends))
    lengths = np.array([each.high - each.low for each in bounds])
    ends_of_share = np.cumsum(lengths) / lengths.sum() if lengths.sum() else np.ones(len(bounds))
    part = np.minimum(np.searchsorted(ends_of_share, share, side="right"), len(bounds) - 1)
    starts = np.concatenate([[0.0], ends_of_share[:-1]])
    keys = np.zeros(share.shape, np.int64)
    for number, (each, pair) in enumerate(zip(bounds, ranges.keys, strict=True)):
        inside = part == number
        width = ends_of_share[number] - starts[number]
        local = (share[inside] - starts[number]) / (width or 1.0)
        found = doubles_to_keys(fmt, each.at(np.clip(local, 0.0, 1.0)))
        keys[inside] = np.clip(found, *pair)
    return keys


@dataclass(frozen=True)
class Pool:
    """Inputs that are timed, and what became of their results.

    Parameters
    ----------
    inputs
        Encodings of shape (arity, n).
    outputs
        By routine: its results, shape (n,).
    refused
        By routine: why it is not compared.
    """

    function: str
    fmt: Format
    inputs: Bits
    outputs: Mapping[str, Bits]
    refused: Mapping[str, str]

    @property
    def checked(self) -> int:
        """How many results are judged."""
        return min(CHECKED, int(self.inputs.shape[1]))

    def places(self, count: int, stride: int = 1) -> encodings.Int:
        """Return which inputs the first elements of a call are, for inputs at a stride."""
        found: encodings.Int = np.arange(count, dtype=np.int64) * stride % self.inputs.shape[1]
        return found

    def judged(self, outputs: Bits, stride: int = 1) -> Tally:
        """Return the errors of results of the first elements of a call, shape (n,)."""
        from halfulp.judge.judging import Axis, judge
        from halfulp.reference.truth import truth

        head = np.ascontiguousarray(self.inputs[:, self.places(outputs.size, stride)])
        exact = truth(functions.get(self.function), self.fmt, head)
        return judge(exact, head, outputs, Axis(*self.fmt.key_range))


def pool(function: str, format_name: str, inputs: Bits, results: Mapping[str, Bits]) -> Pool:
    """Return the inputs that are valid for every routine that can be compared.

    Parameters
    ----------
    function, format_name
        What is computed, in what.
    inputs
        Encodings of shape (arity, n).
    results
        By routine: what it returned, shape (n,).

    Raises
    ------
    Unavailable
        If too few inputs are valid.
    """
    fmt = format_named(format_name)
    finite = {name: _finite(fmt, outputs) for name, outputs in results.items()}
    served = sum(finite.values(), np.zeros(inputs.shape[1], np.int64)) * 2 >= len(finite)
    total = int(np.count_nonzero(served))
    refused, kept = {}, served if finite else np.zeros(inputs.shape[1], np.bool_)
    for name, mask in finite.items():
        missing = int(np.count_nonzero(served & ~mask))
        if missing > TOLERATED * total:
            refused[name] = (
                f"its results are not finite at {missing:,} of {total:,} inputs that are valid for "
                "the others"
            )
        else:
            kept = kept & mask
    places = np.flatnonzero(kept)[:POOL]
    if places.size < LEAST:
        raise Unavailable(
            f"Only {places.size} of {inputs.shape[1]:,} inputs have finite results everywhere."
        )
    return Pool(
        function,
        fmt,
        np.ascontiguousarray(inputs[:, places]),
        {name: outputs[places] for name, outputs in results.items() if name not in refused},
        refused,
    )


def _finite(fmt: Format, outputs: Bits) -> Bool:
    return ~(encodings.is_nan(fmt, outputs) | encodings.is_inf(fmt, outputs))
