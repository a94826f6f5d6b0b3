"""Interleaved rounds: every routine takes its turn in each, in an order that is drawn anew.

How many calls a sample has and how many rounds there are is settled before the first sample that
counts, so that no figure decides about its own number of samples. All samples are kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from halfulp.timing.calibration import calibrated
from halfulp.timing.contenders import Failure, LostError

if TYPE_CHECKING:
    import numpy as np

    from halfulp.subject.timed import Sample
    from halfulp.timing.contenders import Contender

BLOCKS = 3
"""How often large arrays are laid out afresh; small ones are in every round.

Where arrays lie towards each other decides about some per cent. If that changes from round to round
it is part of what an interval is about; if not, two equal routines differ for good.
"""

SMALL = 1 << 20
"""Bytes of arrays that are small."""

WARM = 20
"""One call in so many is made before a sample and not timed: others had the caches meanwhile."""

LONGEST = 10
"""Rounds become fewer where samples are longer than so many times their target."""


@dataclass(frozen=True)
class Conditions:
    """How rounds are held.

    Parameters
    ----------
    target_ns
        How long a sample lasts at least.
    rounds
        How many rounds, if samples are not much longer than that.
    fewest
        How many there are at least.
    call_limit_ns
        A call that takes longer is not timed.
    blocks
        How often arrays are laid out.
    """

    target_ns: float
    rounds: int
    fewest: int
    call_limit_ns: float
    blocks: int = BLOCKS

    def for_arrays(self, size: int) -> Conditions:
        """Return the conditions for arrays of so many bytes together."""
        return replace(self, blocks=self.rounds if size <= SMALL else BLOCKS)


@dataclass
class Course:
    """How one routine fared: its samples by number of the round, or why there are none.

    Parameters
    ----------
    contender
        The routine.
    shown
        The call in the library's words.
    calls
        Calls of one sample.
    first_ns, warm_ns
        What the first call took, and all those before the first round.
    typical_ns
        What a call took while they were counted.
    is_cold
        Whether the arrays are new, so that a call must be made before one is timed.
    """

    contender: Contender
    shown: str = ""
    calls: int = 0
    first_ns: int = 0
    warm_ns: int = 0
    typical_ns: float = math.inf
    is_cold: bool = False
    samples: dict[int, Sample] = field(default_factory=dict)
    failure: Failure | None = None

    @property
    def name(self) -> str:
        """The routine's identity."""
        return self.contender.name

    @property
    def alive(self) -> bool:
        """Whether it still takes its turns."""
        return self.failure is None

    @property
    def sample_ns(self) -> float:
        """How long a sample should take."""
        return self.calls * self.typical_ns

    @property
    def call_ns(self) -> Mapping[int, float]:
        """Time of a call by number of the round."""
        return {number: sample.own_ns / sample.calls for number, sample in self.samples.items()}


def hold(
    contenders: Sequence[Contender], conditions: Conditions, random: np.random.Generator
) -> list[Course]:
    """Time routines against each other and return how each fared, in the order given.

    A routine that crashes, hangs or raises leaves the rounds; the others go on.
    """
    courses = [Course(contender) for contender in contenders]
    for course in courses:
        _attempt(course, _begin, conditions, random)
    rounds = _rounds(courses, conditions)
    block = -(-rounds // conditions.blocks)
    for number in range(rounds):
        if number > 0 and number % block == 0:
            for course in courses:
                _attempt(course, _lay_out, conditions, random)
        for place in random.permutation(len(courses)):
            _attempt(courses[place], _turn, number)
    for course in courses:
        _attempt(course, _end)
    return courses


def too_long(ns: float, limit_ns: float) -> Failure:
    """Return the failure of a routine of which one call would take too long."""
    return Failure(
        "not measured",
        f"one call takes about {ns / 1e9:.3g} s, and `call_limit_s` is {limit_ns / 1e9:g}",
    )


def _attempt(course: Course, action: Callable[..., None], *arguments: object) -> None:
    """Let a routine do something unless it has failed; keep how it fails."""
    if not course.alive:
        return
    try:
        action(course, *arguments)
    except LostError as error:
        course.failure = error.failure


def _begin(course: Course, conditions: Conditions, random: np.random.Generator) -> None:
    """Bind, make the first call, and count how many calls make a sample."""
    contender = course.contender
    course.shown = contender.bind(_word(random))
    course.first_ns = contender.sample(1).ns
    if course.first_ns > conditions.call_limit_ns:  # the first may have compiled
        again = contender.sample(1).ns
        if again > conditions.call_limit_ns:
            raise LostError(too_long(again, conditions.call_limit_ns))

    def trial(calls: int) -> int:
        took = contender.sample(calls).own_ns
        course.warm_ns += took
        course.typical_ns = min(course.typical_ns, took / calls)
        return took

    course.calls = calibrated(trial, conditions.target_ns)


def _rounds(courses: Sequence[Course], conditions: Conditions) -> int:
    """Return how many rounds there are: fewer where samples are long, as every call is."""
    lengths = [course.sample_ns for course in courses if course.alive]
    if not lengths:
        return 0
    affordable = LONGEST * conditions.rounds * conditions.target_ns * len(lengths) / sum(lengths)
    return max(conditions.fewest, min(conditions.rounds, int(affordable)))


def _lay_out(course: Course, conditions: Conditions, random: np.random.Generator) -> None:
    """Bind to other arrays, but not where a call is so long that this would matter less."""
    if course.typical_ns <= LONGEST * conditions.target_ns:
        course.contender.bind(_word(random))
        course.is_cold = True


def _turn(course: Course, number: int) -> None:
    """Take one sample."""
    warm = max(course.calls // WARM, int(course.is_cold))
    course.is_cold = False
    expected = course.sample_ns + warm * course.typical_ns
    course.samples[number] = course.contender.sample(course.calls, warm, expected)


def _end(course: Course) -> None:
    course.contender.release()


def _word(random: np.random.Generator) -> int:
    return int(random.integers(1 << 32))
