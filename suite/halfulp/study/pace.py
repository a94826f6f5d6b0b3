"""How long a plan still takes, judged by how long its shards took lately."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from halfulp.study.shards import SHARD_INPUTS, Group

_KEPT = 0.9
"""What a shard's weight is multiplied by with each later one: about the last ten of them count."""

_FIRST_GUESS_S = {False: 2e-5, True: 5e-9}
"""Seconds an input, one by one and in large shards, until a shard of the kind has been timed.

The first is what a spread of a million over float64 takes, the second what a sweep over float32
takes; both on one core of the machine that the figures of the README are from.
"""

_SAY_EVERY_S = 0.5


@dataclass
class _Rate:
    """Seconds and inputs of recent shards."""

    seconds: float = 0.0
    inputs: float = 0.0

    def add(self, seconds: float, inputs: int) -> None:
        self.seconds = self.seconds * _KEPT + seconds
        self.inputs = self.inputs * _KEPT + inputs


class Pace:
    """The time that an input takes, by group, and the inputs left.

    An input of one group may take ten thousand times what one of another takes, so each group has
    a rate of its own. One that has not begun takes that of its likes: the same function and
    format, the same function, the same number of arguments.

    Parameters
    ----------
    groups
        All groups of the plan.
    left
        Inputs still to be evaluated by number of the group.
    workers
        How many processes share the work.
    """

    def __init__(self, groups: Sequence[Group], left: Mapping[int, int], workers: int) -> None:
        self._groups = groups
        self._left = dict(left)
        self._workers = workers
        self._rates: dict[tuple[object, ...], _Rate] = {}
        self._said = time.monotonic()

    def count(self, group: int, inputs: int, seconds: float | None) -> None:
        """Count a shard that is done; without seconds if nothing was evaluated for it."""
        self._left[group] -= inputs
        if seconds is not None:
            for key in _kinds(self._groups[group]):
                self._rates.setdefault(key, _Rate()).add(seconds, inputs)

    @property
    def is_due(self) -> bool:
        """Whether it is time to say again how much is left."""
        return time.monotonic() - self._said >= _SAY_EVERY_S

    def seconds_left(self) -> float:
        """Return an estimate of the time that the rest takes."""
        self._said = time.monotonic()
        work = sum(
            left * self._seconds_an_input(self._groups[number])
            for number, left in self._left.items()
            if left
        )
        return work / max(self._workers, 1)

    def _seconds_an_input(self, group: Group) -> float:
        for key in _kinds(group):
            if key in self._rates:
                return self._rates[key].seconds / self._rates[key].inputs
        return _FIRST_GUESS_S[_is_large(group)]


def _kinds(group: Group) -> Iterator[tuple[object, ...]]:
    """Yield what a group's rate is likely to be shared with, the likeliest first."""
    large = _is_large(group)
    yield "group", group.number
    yield "function and format", large, group.function.name, group.fmt.name
    yield "function", large, group.function.name
    yield "arity and format", large, group.function.arity, group.fmt.name
    yield "arity", large, group.function.arity
    yield "size", large


def _is_large(group: Group) -> bool:
    """Tell whether shards are of the size that is judged by the block."""
    return group.shards > 0 and group.span(0)[1] > SHARD_INPUTS
