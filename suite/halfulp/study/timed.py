"""The timing of a study: what of its plan is timed, and the stage after everything is judged."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from halfulp import functions, inputs
from halfulp.exceptions import UsageError
from halfulp.suggest import hint
from halfulp.timing.plan import Entry, Options, Series, TimingPlan
from halfulp.timing.regions import REGIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from halfulp.study.names import BackendSpec
    from halfulp.study.plan import Plan, Row
    from halfulp.study.runner import Progress
    from halfulp.subject.timed import TimedSubject
    from halfulp.timing.stage import Timings

Record = dict[str, Any]


def timing_plan(
    options: Options,
    rows: Sequence[Row],
    regions: Mapping[str, str],
    seed: int,
    known: Sequence[Row] = (),
) -> TimingPlan:
    """Return what is timed: every routine of a plan, compared by function and format.

    Parameters
    ----------
    options
        How.
    rows
        Of the plan; each routine is timed once, whatever its regions and samplers.
    known
        All rows, of which the base must be one; by default those of the plan.
    regions
        Bounds by label.
    seed
        Of the inputs and of the order in which routines take turns.

    Raises
    ------
    UsageError
        If a region is not known, or no routine is of the base.
    """
    tables: dict[tuple[str, str], dict[Entry, None]] = {}
    for row in rows:
        key = (row.routine.function, row.routine.format)
        tables.setdefault(key, {})[Entry(row.routine, row.expression)] = None
    bounds = {label: _bounds(label, regions) for label in options.regions}
    axes = (options.allocations, options.strides, options.threads, options.modes)
    series = [
        Series(function, form, label, bounds[label], tuple(entries), *setting)
        for (function, form), entries in tables.items()
        for label in bounds
        for setting in itertools.product(*axes)
    ]
    _check(series, options, known or rows)
    return TimingPlan(tuple(series), options, seed)


def _bounds(label: str, regions: Mapping[str, str]) -> str:
    """Return the bounds of a region; a study's own labels go before the names of derived ones."""
    if label in regions:
        return regions[label]
    if label in REGIONS or label == "all" or ":" in label:
        return label
    raise UsageError(
        f"Unknown region {label!r}: {hint(label, [*regions, *REGIONS, 'all'])} "
        "Bounds such as 0.5:2 will do too."
    )


def _check(series: Sequence[Series], options: Options, known: Sequence[Row]) -> None:
    for each in series:
        if each.bounds not in REGIONS:
            inputs.parse_region(each.bounds, functions.get(each.function).arity)
    formula, _, label = options.base.rpartition("/")
    routines = {(row.routine.formula, row.routine.backend) for row in known}
    if options.base and not any(
        backend == label and formula in {"", own} for own, backend in routines
    ):
        labels = sorted({backend for _, backend in routines})
        raise UsageError(
            f"The base {options.base!r} is no backend that is timed: {hint(label, labels)}"
        )


def subject_of(spec: BackendSpec, threads: int) -> TimedSubject:
    """Return the subject of a configured backend that is timed, not started."""
    from halfulp.subject.timed import TimedSubject

    return TimedSubject(
        spec.adapter,
        spec.settings,
        time_limit_s=spec.time_limit_s,
        memory_limit_mb=spec.memory_limit_mb,
        python=spec.python,
        folder=spec.folder,
        threads=threads,
    )


def timing_of(
    plan: Plan, status: str, progress: Progress
) -> tuple[Mapping[str, list[Record]], Mapping[str, Any], str]:
    """Return the tables of a run's timing, what its manifest says of it, and the run's status.

    Nothing is timed where the plan does not ask for it, or the run was interrupted before.
    """
    if plan.timing is None or status != "complete":
        return {}, {}, status
    progress.message(
        f"timing {plan.timing.rows:,} cases, one at a time; about {plan.timing.estimate_s:,.0f} s"
    )
    try:
        found = time_plan(plan, progress)
    except KeyboardInterrupt:
        return {}, {}, "interrupted"
    for doubt in found.facts["warnings"]:
        progress.message(f"timing: {doubt}")
    return found.tables, {"timing": found.facts}, status


def time_plan(plan: Plan, progress: Progress | None = None) -> Timings:
    """Time what a plan asks for; nothing else of halfulp may be at work meanwhile."""
    from halfulp.timing.stage import timings

    assert plan.timing is not None, "the plan has timing"
    told: dict[str, Any] = {} if progress is None else {"notice": progress.message}
    return timings(plan.timing, lambda label, n: subject_of(plan.backends[label], n), **told)
