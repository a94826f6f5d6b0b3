"""How a plan is cut: groups of rows that share inputs and references, and shards of a group.

A shard is a pure function of plan and numbers: whoever carries it out, in whatever order, gets the
same inputs and the same tallies.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from halfulp import functions
from halfulp.formats import Format, format_named
from halfulp.functions import Function
from halfulp.inputs import Region, Sampler, parse_region, parse_sampler
from halfulp.inputs.sources import Source, source
from halfulp.inputs.values import region_keys
from halfulp.judge.judging import Axis
from halfulp.reference.saturation import finite_keys
from halfulp.study.plan import Row

SHARD_INPUTS = 4_096
"""Inputs of a shard: a fraction of a second for the oracle, so that progress is smooth."""


class Shard(NamedTuple):
    """A shard to carry out, and the rows that need not be evaluated in it."""

    group: int
    number: int
    skip: tuple[int, ...]


@dataclass(frozen=True)
class Group:
    """Rows that are measured on the same inputs against the same references.

    Parameters
    ----------
    number
        Its place in the plan.
    rows
        Numbers of the rows in the plan.
    function, fmt, region, sampler, seed
        What makes the inputs.
    """

    number: int
    rows: tuple[int, ...]
    function: Function
    fmt: Format
    region: Region
    sampler: Sampler
    seed: int

    @cached_property
    def source(self) -> Source:
        """The inputs.

        Raises
        ------
        UsageError
            If the region holds no number of the format, or too many to take all.
        """
        return source(self.sampler, self.function, self.fmt, self.region, self.seed)

    @cached_property
    def axis(self) -> Axis:
        """The bins of the profile: the finite numbers of the region of the first argument."""
        low, high = region_keys(self.fmt, self.region, 0)
        least, greatest = finite_keys(self.fmt)
        return Axis(min(max(low, least), greatest), max(min(high, greatest), least))

    @property
    def shards(self) -> int:
        """The number of shards."""
        return -(-len(self.source) // SHARD_INPUTS)

    def span(self, shard: int) -> tuple[int, int]:
        """Return the first input and the number of inputs of a shard."""
        start = shard * SHARD_INPUTS
        return start, min(SHARD_INPUTS, len(self.source) - start)


def groups(rows: Sequence[Row], seed: int) -> list[Group]:
    """Return the groups of a plan's rows, in the order in which the rows first need them."""
    members: dict[tuple[str, str, str, str, str], list[int]] = {}
    for number, row in enumerate(rows):
        routine = row.routine
        key = (routine.function, routine.format, row.bounds, row.sampler, row.listed)
        members.setdefault(key, []).append(number)
    return [
        _group(number, key, tuple(numbers), seed)
        for number, (key, numbers) in enumerate(members.items())
    ]


def _group(
    number: int, key: tuple[str, str, str, str, str], rows: tuple[int, ...], seed: int
) -> Group:
    function, fmt = functions.get(key[0]), format_named(key[1])
    region, sampler = parse_region(key[2], function.arity), parse_sampler(key[3])
    if key[4]:
        sampler = replace(sampler, listed=key[4])
    return Group(number, rows, function, fmt, region, sampler, seed)


def all_shards(made: Sequence[Group]) -> Iterator[tuple[int, int]]:
    """Yield every shard as (group, shard), in order."""
    for group in made:
        for shard in range(group.shards):
            yield group.number, shard
