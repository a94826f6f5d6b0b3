"""The timing of a whole plan: verified inputs, rounds for every series and size, tables out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from halfulp import functions
from halfulp.backend import Request, Unavailable
from halfulp.exceptions import UsageError
from halfulp.formats import format_named
from halfulp.subject.timed import Setting
from halfulp.timing import doubts, machine, records
from halfulp.timing.contenders import Failure, InSubject, Lanes, LostError
from halfulp.timing.pools import Pool, drawn, pool
from halfulp.timing.records import Accuracy, Record
from halfulp.timing.rounds import Conditions, Course, hold, too_long
from halfulp.timing.statistics import corrected, needed

if TYPE_CHECKING:
    from halfulp.timing.contenders import Lane, Make
    from halfulp.timing.plan import Entry, Series, TimingPlan

CRASHES = 2
"""A routine that has taken its process with it so often is not tried again."""

Notice = Callable[[str], None]
Advance = Callable[[int], None]


@dataclass
class Timings:
    """What timing came to.

    Parameters
    ----------
    tables
        Records of `timing`, `timing_fits`, `timing_ratios` and `timing_stages`.
    facts
        What the manifest of a run says: the machine, the clock, warnings, wall time and the time
        inside samples.
    """

    tables: dict[str, list[Record]]
    facts: dict[str, Any]


def timings(
    plan: TimingPlan,
    make: Make,
    *,
    notice: Notice = lambda _: None,
    advance: Advance = lambda _: None,
) -> Timings:
    """Time a plan.

    Parameters
    ----------
    plan
        What is timed.
    make
        Returns the subject of a backend for a number of threads, not started.
    notice
        Is told what the user should know now.
    advance
        Is told how many more cases are done.

    Raises
    ------
    UsageError
        If a setting of a backend is not understood.
    """
    before, begin = machine.look(), time.perf_counter_ns()
    stages: list[Record] = []

    def told(backend: str, routine: str | None, stage: str, ns: int) -> None:
        stages.append({"backend": backend, "routine": routine, "stage": stage, "ns": float(ns)})

    with Lanes(make, told) as lanes:
        carrying = _Carrying(plan, lanes, before, notice, advance, stages)
        for shared in plan.by_pool():
            carrying.time(shared)
    wall = time.perf_counter_ns() - begin
    tables = {**carrying.tables, "timing_stages": stages}
    return Timings(tables, _facts(plan, before, wall, carrying.sampled_ns))


def _facts(plan: TimingPlan, before: machine.Machine, wall: int, sampled: int) -> dict[str, Any]:
    clock = time.get_clock_info("perf_counter").resolution * 1e9
    options = plan.options
    found = doubts.of_machine(before, machine.look(), clock, options.sample_ms * 1e6)
    return {
        "machine": before.as_dict(),
        "clock_resolution_ns": clock,
        "rounds": options.rounds,
        "sample_ms": options.sample_ms,
        "margin": options.margin,
        "comparisons": plan.comparisons,
        "confidence": corrected(plan.comparisons),
        "correction": "Bonferroni",
        "wall_s": wall / 1e9,
        "sampled_s": sampled / 1e9,
        "warnings": found,
    }


@dataclass
class _Carrying:
    """The state of a plan that is being carried out."""

    plan: TimingPlan
    lanes: Lanes
    machine: machine.Machine
    notice: Notice
    advance: Advance
    stages: list[Record]
    tables: dict[str, list[Record]] = field(
        default_factory=lambda: {"timing": [], "timing_fits": [], "timing_ratios": []}
    )
    sampled_ns: int = 0
    crashes: dict[str, int] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.random = np.random.default_rng([self.plan.seed, 0])
        options = self.plan.options
        fewest = needed(corrected(self.plan.comparisons)) + 1
        self.conditions = Conditions(
            target_ns=options.sample_ms * 1e6,
            rounds=max(options.rounds, 1),
            fewest=min(fewest, options.rounds),
            call_limit_ns=options.call_limit_s * 1e9,
        )

    def time(self, shared: Sequence[Series]) -> None:
        """Time the series that share their inputs."""
        verified = self._verified(shared[0])
        for series in shared:
            self._time_series(series, verified)

    # -- verify ------------------------------------------------------------------------------

    def _verified(self, series: Series) -> _Verified:
        """Evaluate inputs by every routine and keep those that are valid for all."""
        fmt, found = format_named(series.format), _Verified()
        try:
            inputs = drawn(functions.get(series.function), fmt, series.bounds, self.plan.seed)
        except (Unavailable, UsageError) as error:
            found.fail_all(series, Failure("unavailable", str(error)))
            return found
        results = {}
        for entry in series.entries:
            name = entry.routine.identity
            try:
                results[name] = self._evaluated(entry, inputs)
            except LostError as error:
                self._count_crash(name, error.failure)
                found.failures[name] = error.failure
        if not results:
            return found
        try:
            found.pool = pool(series.function, series.format, inputs, results)
        except Unavailable as error:
            found.fail_all(series, Failure("unavailable", str(error)))
            return found
        for name, why in found.pool.refused.items():
            found.failures[name] = Failure("not measured", why)
        for name, outputs in found.pool.outputs.items():
            judged = found.pool.judged(outputs[: found.pool.checked])
            found.accuracy[name] = Accuracy.of(judged)
        return found

    def _evaluated(self, entry: Entry, inputs: Any) -> Any:
        lane = self._lane(entry, 1)
        number = lane.routine(entry.routine.identity, request(entry))
        return lane.attempt(lambda: lane.subject.evaluate(number, inputs).copy())

    def _lane(self, entry: Entry, threads: int) -> Lane:
        return self.lanes.lane(entry.routine.backend, threads)

    def _count_crash(self, name: str, failure: Failure) -> None:
        if failure.status in {"crashed", "timed out"}:
            self.crashes[name] = self.crashes.get(name, 0) + 1
        if failure.status not in {"unavailable", "not measured"}:
            self.notice(f"{name} {failure.status} while it was timed: {failure.reason}")

    # -- time --------------------------------------------------------------------------------

    def _time_series(self, series: Series, verified: _Verified) -> None:
        """Time routines size by size, smallest first, and write down how they compare."""
        names = [entry.routine.identity for entry in series.entries]
        by_routine: dict[str, list[Record]] = {name: [] for name in names}
        for size in sorted(self.plan.options.sizes):
            setting = Setting(size, series.allocation, series.stride, series.threads, series.mode)
            for record in self._time_size(series, setting, verified, by_routine):
                by_routine[record["routine"]].append(record)
            self.advance(len(series.entries))
        rows: list[Record] = []
        for name, found in by_routine.items():
            by_routine[name], fit = records.with_bounds(found)
            rows += by_routine[name]
            self.tables["timing_fits"] += [fit] if fit else []
        self.tables["timing"] += rows
        self.tables["timing_ratios"] += self._ratios(series, by_routine)

    def _time_size(
        self,
        series: Series,
        setting: Setting,
        verified: _Verified,
        before: Mapping[str, Sequence[Record]],
    ) -> list[Record]:
        """Return the records of all routines at one size, in the order of the series."""
        failures = {}
        for name in before:
            failure = verified.failures.get(name) or self._forbidden(name, setting, before[name])
            if failure is not None:
                failures[name] = failure
        contenders = [
            self._contender(entry, setting, verified.pool)
            for entry in series.entries
            if entry.routine.identity not in failures and verified.pool is not None
        ]
        arity = functions.get(series.function).arity
        held = records.held_bytes(series, setting.size, arity)
        copy = machine.copy_gb_per_s(held)
        courses: dict[str, Course] = {}
        for course in hold(contenders, self.conditions.for_arrays(held), self.random):
            self._keep(course)
            courses[course.name] = course
        rows = []
        for entry in series.entries:
            name = entry.routine.identity
            failure = failures.get(name) or courses[name].failure
            if failure is not None:
                row = records.untimed(series, entry, setting, *failure)
            else:
                accuracy = verified.accuracy_of(courses[name], setting)
                target = self.conditions.target_ns
                row = records.timed(series, entry, setting, courses[name], accuracy, target)
            rows.append(records.with_memory(row, arity, self.machine, copy))
        return rows

    def _contender(self, entry: Entry, setting: Setting, verified: Pool) -> InSubject:
        return InSubject(
            entry.routine.identity,
            self._lane(entry, setting.threads),
            request(entry),
            verified.inputs,
            setting,
            look=verified.checked,
        )

    def _forbidden(self, name: str, setting: Setting, before: Sequence[Record]) -> Failure | None:
        """Return why a routine is not tried at a size, from what is known of it."""
        if self.crashes.get(name, 0) >= CRASHES:
            return Failure("not measured", f"it ended its process {CRASHES} times before")
        measured = [record for record in before if record["status"] == "measured"]
        if not measured:
            return None
        last = measured[-1]
        # No routine becomes faster an element by more than this as arrays grow that are large.
        expected = last["element_ns"] * setting.size / 2
        if last["size"] >= _LARGE and expected > self.conditions.call_limit_ns:
            return too_long(2 * expected, self.conditions.call_limit_ns)
        return None

    def _keep(self, course: Course) -> None:
        """Count what a course used, and note its first stages."""
        self.sampled_ns += sum(sample.ns for sample in course.samples.values())
        backend = course.name.split("/")[-2]
        if course.failure is not None:
            self._count_crash(course.name, course.failure)
        elif course.name not in self.known:
            self.known.add(course.name)
            for stage, ns in (("first call", course.first_ns), ("warm-up", course.warm_ns)):
                row = {"backend": backend, "routine": course.name, "stage": stage, "ns": float(ns)}
                self.stages.append(row)

    def _ratios(self, series: Series, by_routine: Mapping[str, Sequence[Record]]) -> list[Record]:
        wanted, options = series.base(self.plan.options.base), self.plan.options
        if wanted is None:
            return []
        base = {record["size"]: record for record in by_routine[wanted.routine.identity]}
        return [
            records.ratio(
                record,
                base.get(record["size"]),
                wanted.routine.identity,
                options.margin,
                self.plan.comparisons,
            )
            for name, found in by_routine.items()
            if name != wanted.routine.identity
            for record in found
        ]


_LARGE = 1_000


@dataclass
class _Verified:
    """The inputs of some series, what is known of the errors there, and who is left out."""

    pool: Pool | None = None
    accuracy: dict[str, Accuracy] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)

    def accuracy_of(self, course: Course, setting: Setting) -> Accuracy:
        """Return the errors of what was timed: of its own results, where they were seen to differ.

        Without what surrounds it while it is judged, a call may take other code at its end.
        """
        assert self.pool is not None, "there were inputs to time"
        seen = getattr(course.contender, "seen", None)
        if seen is None:
            return self.accuracy[course.name]
        places = self.pool.places(seen.size, setting.stride)
        if (seen == self.pool.outputs[course.name][places]).all():
            return self.accuracy[course.name]
        return Accuracy.of(self.pool.judged(seen, setting.stride))

    def fail_all(self, series: Series, failure: Failure) -> None:
        """Leave out every routine that has not failed for a reason of its own."""
        for entry in series.entries:
            self.failures.setdefault(entry.routine.identity, failure)


def request(entry: Entry) -> Request:
    """Return what a subject is asked to make ready."""
    routine = entry.routine
    return Request(
        routine.function,
        None if entry.expression is None else functions.parse(entry.expression),
        format_named(routine.format),
        functions.get(routine.function).arguments,
    )
