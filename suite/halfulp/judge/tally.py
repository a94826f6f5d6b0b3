"""The mergeable summary of a routine's errors on some inputs.

All numbers are exact integers, and of equal maxima the one at the smallest input key is kept, so
merging tallies in any order or grouping gives the same bits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

COUNTERS = (
    "count",
    "judged",
    "nontrivial",
    "sum",
    "capped",
    "wrongly_rounded",
    "wrongly_rounded_nontrivial",
    "unfaithful",
    "undecided_error",
    "undecided_rounding",
    "undecided_faithful",
)
"""Counters beside those of the classes. `sum` adds floor(|error| * 2^20) of nontrivial inputs."""

MEAN_BITS = 20
"""Means are sums of floor(|error| * 2^20)."""


FLUSHING = "max_ulp_flushing"
"""The largest error of a backend that flushes, held against what it promises."""


class Witness(NamedTuple):
    """An input with what came and what was due; encodings, and keys for the order of inputs."""

    keys: tuple[int, ...]
    inputs: tuple[int, ...]
    got: int
    want: int | None


class Extreme(NamedTuple):
    """A largest value and the input at which it was seen.

    Parameters
    ----------
    value
        The upper bound of the value. Errors are in units of 2^-60 ulp; steps are counts; the first
        input of a class has 0.
    lower
        The lower bound of the value.
    signed
        Bounds of the signed error there in units of 2^-60 ulp, if there is one.
    witness
        The input.
    """

    value: int
    lower: int
    signed: tuple[int, int] | None
    witness: Witness


class Bin(NamedTuple):
    """One bin of the profile along the first argument."""

    inputs: int = 0
    nontrivial: int = 0
    largest: int = 0
    sum: int = 0
    wrongly_rounded: int = 0
    specials: int = 0


@dataclass(frozen=True)
class Tally:
    """Counts, extremes, histogram and profile of some inputs.

    Parameters
    ----------
    counters
        `COUNTERS` and classes; absent ones are 0.
    extremes
        By quantity: "max_ulp", "max_above", "max_below", "max_steps", "unfaithful", "undecided",
        and the classes seen.
    histogram
        Counts over signed error (`halfulp.runs.schema`).
    profile
        Bins by number; absent ones are empty.
    """

    counters: Mapping[str, int] = field(default_factory=dict)
    extremes: Mapping[str, Extreme] = field(default_factory=dict)
    histogram: tuple[int, ...] = ()
    profile: Mapping[int, Bin] = field(default_factory=dict)

    def __getitem__(self, counter: str) -> int:
        return self.counters.get(counter, 0)


def with_extreme(tally: Tally, name: str, extreme: Extreme | None) -> Tally:
    """Return a tally with one more extreme, if there is one."""
    if extreme is None:
        return tally
    return replace(tally, extremes=dict(sorted({**tally.extremes, name: extreme}.items())))


def larger(first: Extreme | None, second: Extreme | None) -> Extreme | None:
    """Return the larger of two extremes; of equal ones that at the smaller input."""
    if first is None or second is None:
        return second if first is None else first
    return max(first, second, key=rank)


def rank(extreme: Extreme) -> tuple[int, int, tuple[int, ...]]:
    """Return the order of extremes: by value, then by the smaller input, then by the output."""
    witness = extreme.witness
    return extreme.value, extreme.lower, tuple(-number for number in (*witness.keys, witness.got))


def merged(tallies: Iterable[Tally]) -> Tally:
    """Return the tally of all inputs together."""
    counters: dict[str, int] = {}
    extremes: dict[str, Extreme] = {}
    histogram: list[int] = []
    profile: dict[int, Bin] = {}
    for tally in tallies:
        for name, count in tally.counters.items():
            counters[name] = counters.get(name, 0) + count
        for name, extreme in tally.extremes.items():
            kept = larger(extremes.get(name), extreme)
            assert kept is not None
            extremes[name] = kept
        histogram = _added(histogram, tally.histogram)
        for number, content in tally.profile.items():
            profile[number] = _merged_bin(profile.get(number, Bin()), content)
    return Tally(
        dict(sorted(counters.items())),
        dict(sorted(extremes.items())),
        tuple(histogram),
        dict(sorted(profile.items())),
    )


def _added(first: list[int], second: tuple[int, ...]) -> list[int]:
    if not first or not second:
        return list(first or second)
    return [one + other for one, other in zip(first, second, strict=True)]


def _merged_bin(first: Bin, second: Bin) -> Bin:
    added = [one + other for one, other in zip(first, second, strict=True)]
    return Bin(*added)._replace(largest=max(first.largest, second.largest))


def to_json(tally: Tally) -> dict[str, Any]:
    """Return a tally as JSON values; integers of any size stay integers."""
    return {
        "counters": dict(tally.counters),
        "extremes": tally.extremes,  # named tuples are JSON lists
        "histogram": tally.histogram,
        "profile": {str(number): content for number, content in tally.profile.items()},
    }


def from_json(document: Mapping[str, Any]) -> Tally:
    """Return the tally that `to_json` wrote."""
    return Tally(
        dict(document["counters"]),
        {name: _extreme(value) for name, value in document["extremes"].items()},
        tuple(document["histogram"]),
        {int(number): Bin(*content) for number, content in document["profile"].items()},
    )


def _extreme(document: list[Any]) -> Extreme:
    value, lower, signed, (keys, inputs, got, want) = document
    return Extreme(
        value,
        lower,
        None if signed is None else (signed[0], signed[1]),
        Witness(tuple(keys), tuple(inputs), got, want),
    )
