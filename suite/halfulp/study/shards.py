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
from halfulp.inputs.sources import Neighbours, Source, source
from halfulp.inputs.values import region_keys
from halfulp.judge.judging import Axis
from halfulp.reference.saturation import finite_keys
from halfulp.study.plan import Row

SHARD_INPUTS = 4_096
"""Inputs of a shard: a fraction of a second for the oracle, so that progress is smooth."""

SWEPT_INPUTS = 1 << 22
"""Inputs of a shard that blocks judge: some hundredths of a second, and 32 MiB at most."""

CLUSTERED_INPUTS = 1 << 22
"""The same for clusters, each of which needs a block of its own."""

WORTH_SWEEPING = 1 << 16
"""Fewer inputs are enclosed one by one before compiled loops are loaded."""


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

    @cached_property
    def is_swept(self) -> bool:
        """Whether inputs come in runs of neighbours, and are so many that blocks pay."""
        return isinstance(self.source, Neighbours) and len(self.source) >= WORTH_SWEEPING

    @cached_property
    def shard_inputs(self) -> int:
        """Inputs of every shard but the last; of clusters whole ones."""
        if not self.is_swept:
            return SHARD_INPUTS
        if self.sampler.name == "clusters":
            return self.sampler.count * max(1, CLUSTERED_INPUTS // self.sampler.count)
        return max(WORTH_SWEEPING // 4, min(SWEPT_INPUTS, len(self.source) // 64))

    @property
    def shards(self) -> int:
        """The number of shards."""
        return -(-len(self.source) // self.shard_inputs)

    def span(self, shard: int) -> tuple[int, int]:
        """Return the first input and the number of inputs of a shard."""
        start = shard * self.shard_inputs
        return start, min(self.shard_inputs, len(self.source) - start)

    def runs(self, shard: int) -> list[tuple[int, int]]:
        """Return first key and length of the runs of a shard that is swept."""
        assert isinstance(self.source, Neighbours)
        return self.source.runs(*self.span(shard))


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
