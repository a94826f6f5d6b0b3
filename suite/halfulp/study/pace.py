"""How long a plan still takes, judged by how long its shards took lately."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from halfulp.study.shards import Group

_KEPT = 0.9
"""What a shard's weight is multiplied by with each later one: about the last ten of them count."""

_FIRST_GUESS_S = {False: 2e-5, True: 5e-9}
"""Seconds an input, one by one and swept, as long as no shard of the kind has been timed.

Orders of magnitude alone: a spread of a million takes some ten seconds on two cores, and so does a
sweep over float32.
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
        return _FIRST_GUESS_S[group.is_swept]


def _kinds(group: Group) -> Iterator[tuple[object, ...]]:
    """Yield what a group's rate is likely to be shared with, the likeliest first."""
    swept, function = group.is_swept, group.function
    yield "group", group.number
    yield "function and format", swept, function.name, group.fmt.name
    yield "function", swept, function.name
    yield "arity and format", swept, function.arity, group.fmt.name
    yield "arity", swept, function.arity
    yield "way", swept
