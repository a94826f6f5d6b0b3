"""Carrying out a plan: shards to workers, tallies together, rows of tables out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from halfulp._version import __version__
from halfulp.backend import adapter_named
from halfulp.environment import environment, usable_cores
from halfulp.exceptions import UsageError
from halfulp.judge.tally import Tally, merged
from halfulp.reference.truth import confirm
from halfulp.runs.schema import SCHEMA
from halfulp.study.plan import BackendSpec, Plan
from halfulp.study.pool import Pool, Shard
from halfulp.study.results import (
    Record,
    RowContext,
    measured,
    profile,
    unmeasured,
    witnesses,
)
from halfulp.study.shards import Group, groups
from halfulp.study.worker import Failure, Outcome, Task, Worker
from halfulp.subject.memory import default_limit_mb

Callables = Mapping[str, Callable[..., Any]]


class Progress(Protocol):
    """Who is told how far a run has come."""

    def start(self, total_inputs: int, rows: int) -> None:
        """Begin; `total_inputs` counts each input once, however many routines it is for."""
        ...

    def advance(self, inputs: int) -> None:
        """Count inputs that are done."""
        ...

    def message(self, text: str) -> None:
        """Say something that the user should know now."""
        ...

    def finish(self) -> None:
        """End."""
        ...


class _Silent:
    def start(self, total_inputs: int, rows: int) -> None: ...
    def advance(self, inputs: int) -> None: ...
    def message(self, text: str) -> None: ...
    def finish(self) -> None: ...


@dataclass(frozen=True)
class Results:
    """What a plan came to: records by name of the table, and the manifest of the run."""

    tables: Mapping[str, list[Record]]
    manifest: dict[str, Any]

    @property
    def accuracy(self) -> list[Record]:
        """One record a routine, region and sampler."""
        return self.tables["accuracy"]

    @property
    def witnesses(self) -> list[Record]:
        """One record a quantity that has a witness."""
        return self.tables["witnesses"]

    @property
    def profile(self) -> list[Record]:
        """One record a bin of the input axis."""
        return self.tables["profile"]

    @property
    def status(self) -> Literal["complete", "interrupted"]:
        """Whether every row was carried out."""
        status: Literal["complete", "interrupted"] = self.manifest["status"]
        return status


def execute(
    plan: Plan,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
    callables: Callables | None = None,
) -> Results:
    """Carry out a plan.

    Parameters
    ----------
    plan
        Rows and backends.
    workers
        How many processes judge; as many as there are cores by default. The figures do not
        depend on it.
    progress
        Who is told how far it has come.
    callables
        Python callables by label of their backend. They are called in this process, one shard
        after the other.

    Returns
    -------
    Results
        With status "interrupted" after Ctrl-C: rows that were finished keep their figures.

    Raises
    ------
    UsageError
        If a region holds no number of a format, or too many to take all.
    HalfulpError
        If a worker of the judge fails.
    """
    carrying = _Carrying(plan, progress or _Silent())
    started = _now()
    status = "complete"
    try:
        carrying.run(workers or usable_cores(), callables or {})
    except KeyboardInterrupt:
        status = "interrupted"
    finally:
        carrying.progress.finish()
    return carrying.results(status, started)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass
class _RowState:
    """How far a row has come."""

    shards_left: int
    tally: Tally = field(default_factory=Tally)
    failure: tuple[int, Failure] | None = None


class _Carrying:
    """The state of a plan that is being carried out."""

    def __init__(self, plan: Plan, progress: Progress) -> None:
        self.plan = plan
        self.progress = progress
        self.groups: list[Group] = groups(plan.rows, plan.seed)
        self.rows: dict[int, _RowState] = {}
        self.backends: dict[str, Mapping[str, Any]] = {}
        for group in self.groups:
            for row in group.rows:
                self.rows[row] = _RowState(group.shards, failure=_without_inputs(group))

    def run(self, workers: int, callables: Callables) -> None:
        """Carry out every shard, in workers or here."""
        total = sum(len(group.source) for group in self.groups)
        self.progress.start(total, len(self.plan.rows))
        task = Task(self.plan.rows, self.plan.backends, self.plan.seed)
        if callables:
            self._run_here(Worker(task, callables))
        else:
            shards = sum(group.shards for group in self.groups)
            self._run_in(Pool(task, max(1, min(workers, shards))))

    def _run_here(self, worker: Worker) -> None:
        try:
            for shard in self._shards():
                outcome = worker.carry_out(shard.group, shard.number, shard.skip)
                self._take(shard, outcome)
        finally:
            worker.close()

    def _run_in(self, pool: Pool) -> None:
        shards = self._shards()
        waiting = next(shards, None)
        try:
            while waiting is not None or pool.is_busy:
                while waiting is not None and pool.has_room:
                    pool.begin(waiting)
                    waiting = next(shards, None)
                for shard, outcome in pool.finished():
                    self._take(shard, outcome)
        finally:
            pool.close()

    def _shards(self) -> Iterator[Shard]:
        """Yield shards in order; rows that failed by then are skipped, and groups without rows."""
        for group in self.groups:
            for number in range(group.shards):
                skip = tuple(row for row in group.rows if self.rows[row].failure is not None)
                if len(skip) < len(group.rows):
                    yield Shard(group.number, number, skip)
                else:
                    self.progress.advance(group.span(number)[1])

    def _take(self, shard: Shard, outcome: Outcome) -> None:
        """Add what a worker found."""
        self.backends |= outcome.backends
        for row, result in outcome.results.items():
            state = self.rows[row]
            if isinstance(result, Failure):
                self._fail(row, shard.number, result)
            else:
                state.tally = merged([state.tally, result])
            state.shards_left -= 1  # last: Ctrl-C may come between any two lines
        self.progress.advance(self.groups[shard.group].span(shard.number)[1])

    def _fail(self, row: int, shard: int, failure: Failure) -> None:
        """Keep the failure of the first shard that failed: shards before it were all begun."""
        state = self.rows[row]
        if state.failure is None and failure.status != "unavailable":
            identity = self.plan.rows[row].routine.identity
            self.progress.message(f"{identity} {failure.status}: {failure.reason}")
        if state.failure is None or shard < state.failure[0]:
            state.failure = shard, failure

    # -- results -----------------------------------------------------------------------------

    def results(self, status: str, started: str) -> Results:
        """Return the tables and the manifest."""
        accuracy: list[Record] = []
        seen: list[Record] = []
        bins: list[Record] = []
        contexts = self._contexts()
        for number, context in contexts.items():
            state = self.rows[number]
            if state.failure is not None:
                accuracy.append(unmeasured(context, *state.failure[1]))
            elif state.shards_left:
                reason = "the run was interrupted before this row was finished"
                accuracy.append(unmeasured(context, "not measured", reason))
            else:
                _confirm_witnesses(context.group, state.tally)
                accuracy.append(measured(context, state.tally))
                seen += witnesses(context, state.tally)
                bins += profile(context, state.tally)
        tables = {"accuracy": accuracy, "witnesses": seen, "profile": bins}
        return Results(tables, self._manifest(status, started))

    def _contexts(self) -> dict[int, RowContext]:
        notes = {label: _note(spec) for label, spec in self.plan.backends.items()}
        found = {}
        for group in self.groups:
            for number in group.rows:
                row = self.plan.rows[number]
                label = row.routine.backend
                spec = self.plan.backends[label]
                found[number] = RowContext(row, group, spec, notes[label])
        return dict(sorted(found.items()))

    def _manifest(self, status: str, started: str) -> dict[str, Any]:
        plan = self.plan
        return {
            "schema": SCHEMA,
            "halfulp": __version__,
            "study": {
                "name": plan.name,
                "title": plan.title,
                "seed": plan.seed,
                "text": plan.text,
            },
            "command": f"halfulp run {plan.name}",
            "started": started,
            "finished": _now(),
            "status": status,
            "environment": environment(),
            "backends": {label: self._backend(spec) for label, spec in plan.backends.items()},
        }

    def _backend(self, spec: BackendSpec) -> dict[str, Any]:
        known = {
            "adapter": spec.adapter,
            "settings": dict(spec.settings),
            "python": spec.python or None,
            "time_limit_s": spec.time_limit_s,
            "memory_limit_mb": spec.memory_limit_mb or default_limit_mb(),
            "status": "unavailable",
            "reason": "it was not started",
            "versions": {},
            "facts": {},
            "note": _note(spec) or "",
            "floating_point_state": {},
        }
        return {**known, **self.backends.get(spec.label, {})}


def _without_inputs(group: Group) -> tuple[int, Failure] | None:
    """Return why a group's rows cannot be measured, if the sampler has nothing for them."""
    if len(group.source):
        return None
    reason = f"{group.sampler.text} has no inputs for {group.function.name} in {group.fmt.name}"
    if group.sampler.name == "hard":
        reason = f"no hard-to-round inputs of {group.function.name} are listed for {group.fmt.name}"
    return 0, Failure("unavailable", f"{reason}, region {group.region.text}")


def _confirm_witnesses(group: Group, tally: Tally) -> None:
    """Ask the oracle about the reference at every witness that will be reported."""
    for extreme in tally.extremes.values():
        confirm(group.function, group.fmt, *extreme.witness.inputs)


def _note(spec: BackendSpec) -> str | None:
    """Return how a backend computes where it is not obvious; callables have no adapter."""
    try:
        return adapter_named(spec.adapter).note or None
    except UsageError:
        return None
