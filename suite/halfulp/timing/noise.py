"""What this machine can tell apart: routines timed against themselves, and against 5 % more work.

The same routine runs in three processes, which take turns as three backends would. What differs
between the first two is noise. The third takes 5 % more elements and must come out slower. None has
a process in common with another: who runs twice in a round finds its caches warmer.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from halfulp import functions
from halfulp.exceptions import HalfulpError
from halfulp.formats import format_named
from halfulp.routines import Routine
from halfulp.subject.timed import Setting
from halfulp.timing.contenders import InSubject, Lane, Lanes, LostError
from halfulp.timing.plan import Entry, Options
from halfulp.timing.pools import drawn, pool
from halfulp.timing.regions import NORMAL
from halfulp.timing.rounds import Conditions, Course, hold
from halfulp.timing.stage import request
from halfulp.timing.statistics import Interval, corrected, needed, paired, verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from halfulp.timing.contenders import Make

MORE = 1.05
"""How many times as many elements the third contender takes."""

SIZE = 10_000
"""Elements of a call: so many that a call costs nothing beside them."""

ROUTINES = tuple(
    Routine(function, "native", backend, form)
    for backend, form, names in (
        ("numpy", "float64", "exp expm1 log log1p sin cos tanh sqrt cbrt"),
        ("numpy", "float32", "exp log sin tanh"),
        ("c", "float64", "exp log sin tanh"),
        ("c", "float32", "exp sin"),
        ("math", "float64", "exp"),
    )
    for function in names.split()
)
"""Twenty routines: vectorised ones, loops in C, and a loop in Python."""


class Outcome(NamedTuple):
    """One routine in one repetition: its ratio to itself, and that with more elements."""

    routine: str
    same: Interval
    more: Interval


@dataclass
class Noise:
    """What was found.

    Parameters
    ----------
    margin
        Of the verdicts.
    outcomes
        One a routine and repetition.
    """

    margin: float
    outcomes: list[Outcome] = field(default_factory=list)

    def verdicts(self, *, more: bool) -> Counter[str]:
        """Return how often each verdict was given."""
        intervals = (each.more if more else each.same for each in self.outcomes)
        return Counter(verdict(interval, self.margin) for interval in intervals)

    @property
    def widest(self) -> Outcome:
        """The routine whose interval reached farthest from 1."""
        return max(self.outcomes, key=lambda each: reach_of(each.same))

    @property
    def floor(self) -> float:
        """The relative difference that 95 of 100 intervals of a routine with itself stay within."""
        reach = sorted(reach_of(each.same) for each in self.outcomes)
        return reach[math.ceil(0.95 * len(reach)) - 1]

    @property
    def share_of_differences(self) -> float:
        """The part of comparisons of a routine with itself that came out faster or slower."""
        counts = self.verdicts(more=False)
        return (counts["faster"] + counts["slower"]) / max(len(self.outcomes), 1)

    @property
    def share_found(self) -> float:
        """The part of comparisons with more elements that came out slower."""
        return self.verdicts(more=True)["slower"] / max(len(self.outcomes), 1)


def reach_of(ratio: Interval) -> float:
    """Return how far an interval reaches from 1; infinity where there is none."""
    if ratio.low is None or ratio.high is None:
        return math.inf
    return max(ratio.high - 1, 1 - ratio.low)


def noise(
    make: Make,
    *,
    repetitions: int = 1,
    options: Options | None = None,
    routines: tuple[Routine, ...] = ROUTINES,
    seed: int = 0,
    advance: Callable[[int, int], None] = lambda *_: None,
) -> Noise:
    """Time routines against themselves.

    Parameters
    ----------
    make
        Returns the subject of a backend, not started.
    repetitions
        How often, with inputs and processes of their own each time.
    options
        Rounds, length of samples and margin.
    routines
        Which; each table of a repetition has as many ratios.
    seed
        Of inputs and order.
    advance
        Is told how many comparisons are done, of how many.

    Raises
    ------
    HalfulpError
        If a routine cannot be timed.
    """
    chosen = options or Options()
    confidence = corrected(len(routines))
    conditions = Conditions(
        chosen.sample_ms * 1e6,
        chosen.rounds,
        min(needed(confidence) + 1, chosen.rounds),
        chosen.call_limit_s * 1e9,
        blocks=chosen.rounds,
    )
    found = Noise(chosen.margin)
    total = repetitions * len(routines)
    for repetition in range(repetitions):
        random = np.random.default_rng([seed, repetition])
        with _Twins(make) as twins:
            for routine in routines:
                contenders = twins.contenders(routine, seed + repetition)
                courses = hold(contenders, conditions, random)
                found.outcomes.append(_outcome(routine.identity, courses, confidence))
                advance(len(found.outcomes), total)
    return found


def _outcome(name: str, courses: list[Course], confidence: float) -> Outcome:
    first, again, more = courses
    for course in courses:
        if course.failure is not None:
            raise HalfulpError(f"{name} {course.failure.status}: {course.failure.reason}")
    same = paired(again.call_ns, first.call_ns, confidence)
    larger = paired(more.call_ns, first.call_ns, confidence)
    assert same is not None
    assert larger is not None
    return Outcome(name, same[0], larger[0])


class _Twins(Lanes):
    """Three processes a backend, alike but for the elements that the third takes."""

    def __init__(self, make: Make) -> None:
        super().__init__(lambda label, _: make(label.partition("#")[0], 1), lambda *_: None)

    def contenders(self, routine: Routine, seed: int) -> list[InSubject]:
        """Return a routine, the same in another process, and there with more elements."""
        lanes = [self.lane(f"{routine.backend}#{which}", 1) for which in "123"]
        asked = request(Entry(routine))
        try:
            inputs = _inputs(routine, lanes[0], seed)
        except LostError as error:
            raise HalfulpError(f"{routine.identity} cannot be timed: {error}.") from error
        setting = Setting(SIZE)
        more = replace(setting, size=round(MORE * SIZE))
        name = routine.identity
        return [
            InSubject(f"{name} #1", lanes[0], asked, inputs, setting),
            InSubject(f"{name} #2", lanes[1], asked, inputs, setting),
            InSubject(f"{name} +5 %", lanes[2], asked, inputs, more),
        ]


def _inputs(routine: Routine, lane: Lane, seed: int) -> np.ndarray:
    """Return valid inputs of moderate size."""
    function, fmt = functions.get(routine.function), format_named(routine.format)
    inputs = drawn(function, fmt, NORMAL, seed)
    number = lane.routine(routine.identity, request(Entry(routine)))
    outputs = lane.attempt(lambda: lane.subject.evaluate(number, inputs).copy())
    return pool(routine.function, routine.format, inputs, {routine.identity: outputs}).inputs
