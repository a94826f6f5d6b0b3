"""Carrying out a plan: shards to workers, tallies together, rows of tables out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, Protocol

from halfulp.compiled import is_compiled
from halfulp.environment import usable_cores
from halfulp.expectations.limits import held
from halfulp.judge.tally import Tally
from halfulp.reference.truth import confirm
from halfulp.study.claimed import claims_of
from halfulp.study.fingerprint import check, fingerprint
from halfulp.study.manifest import manifest, note_of, now
from halfulp.study.pace import Pace
from halfulp.study.plan import Plan
from halfulp.study.pool import Finished, Pool
from halfulp.study.results import (
    Record,
    RowContext,
    measured,
    profile,
    unmeasured,
    witnesses,
)
from halfulp.study.shards import Group, Shard
from halfulp.study.standing import Standing, shard_record
from halfulp.study.timed import timing_of
from halfulp.study.worker import Task, Worker, outcome_to_json

if TYPE_CHECKING:
    from halfulp.study.journal import Journal

Callables = Mapping[str, Callable[..., Any]]


class Progress(Protocol):
    """Who is told how far a run has come."""

    def start(self, total_inputs: int, rows: int) -> None:
        """Begin; `total_inputs` counts each input once, however many routines it is for."""
        ...

    def advance(self, inputs: int) -> None:
        """Count inputs that are done."""
        ...

    def expect(self, seconds: float) -> None:
        """Take an estimate of the time left."""
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
    def expect(self, seconds: float) -> None: ...
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
    journal: Journal | None = None,
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
    journal
        Where to keep what is finished, and what was finished before.

    Returns
    -------
    Results
        With status "interrupted" after Ctrl-C: rows that were finished keep their figures.

    Raises
    ------
    UsageError
        If a region holds no number of a format, or too many to take all.
    RunError
        If the journal is not of this plan, or a backend has changed since it was begun.
    HalfulpError
        If a worker of the judge fails, or the journal cannot be written.
    """
    carrying = _Carrying(plan, progress or _Silent(), journal)
    started = now()
    status = "complete"
    try:
        carrying.run(workers or usable_cores(), callables or {})
    except KeyboardInterrupt:
        status = "interrupted"
    finally:
        carrying.progress.finish()
    return carrying.results(status, started)


class _Carrying:
    """A plan that is being carried out."""

    def __init__(self, plan: Plan, progress: Progress, journal: Journal | None) -> None:
        self.plan = plan
        self.progress = progress
        self.journal = journal
        self.standing = Standing(plan)
        if journal is not None:
            self._open(journal)

    def _open(self, journal: Journal) -> None:
        """Take over what a journal holds, or begin it."""
        present = fingerprint(self.plan, self.standing.groups)
        if not journal.records:
            journal.add(json.dumps(present))
            return
        check(journal.records[0], present)
        self.standing.restore(journal.records[1:])

    def run(self, workers: int, callables: Callables) -> None:
        """Carry out every shard that is not done, in workers or here."""
        groups = self.standing.groups
        left = {group.number: self.standing.inputs_left(group) for group in groups}
        total, remaining = sum(len(group.source) for group in groups), sum(left.values())
        size = len(list(islice(self.standing.remaining(), 1 if callables else workers)))
        self.pace = Pace(groups, left, size)
        if remaining < total:
            self.progress.message(f"{total - remaining:,} of {total:,} inputs were done before")
        self.progress.start(remaining, len(self.plan.rows))
        if any(left[group.number] and group.is_swept for group in groups) and not is_compiled():
            self.progress.message("compiling the judge's loops, once on this machine: about 10 s")
        task = Task(self.plan.rows, self.plan.backends, self.plan.seed)
        if callables:
            self._run_here(Worker(task, callables))
        elif size:
            self._run_in(Pool(task, size, self.progress.message))

    def _run_here(self, worker: Worker) -> None:
        try:
            for shard in self._due():
                began = time.monotonic()
                outcome = worker.carry_out(shard.group, shard.number, shard.skip)
                text = "" if self.journal is None else json.dumps(outcome_to_json(outcome))
                self._take(Finished(shard, outcome, text, time.monotonic() - began))
        finally:
            worker.close()

    def _run_in(self, pool: Pool) -> None:
        shards = self._due()
        waiting = next(shards, None)
        try:
            while waiting is not None or pool.is_busy:
                while waiting is not None and pool.has_room:
                    pool.begin(waiting)
                    waiting = next(shards, None)
                for finished in pool.finished():
                    self._take(finished)
        finally:
            pool.close()

    def _due(self) -> Iterator[Shard]:
        """Yield the shards to carry out; those whose rows have all failed by then are passed by."""
        for shard in self.standing.remaining():
            group = self.standing.groups[shard.group]
            if len(shard.skip) < len(group.rows):
                yield shard
            else:
                self._advance(shard, None)

    def _take(self, finished: Finished) -> None:
        """Keep what a shard came to: in the journal first, so that nothing counts that is not."""
        shard, outcome = finished.shard, finished.outcome
        self.standing.meet(outcome.backends)
        if self.journal is not None:
            self.journal.add(shard_record(shard, finished.text))
        for row in self.standing.take(shard, outcome):
            self._tell(row)
        if self.journal is not None and self.journal.is_large:
            header = json.dumps(fingerprint(self.plan, self.standing.groups))
            self.journal.rewrite([header, *self.standing.records()])
        self._advance(shard, finished.seconds)

    def _tell(self, row: int) -> None:
        failure = self.standing.rows[row].failure
        if failure is not None and failure[1].status != "unavailable":
            identity = self.plan.rows[row].routine.identity
            self.progress.message(f"{identity} {failure[1].status}: {failure[1].reason}")

    def _advance(self, shard: Shard, seconds: float | None) -> None:
        inputs = self.standing.groups[shard.group].span(shard.number)[1]
        self.pace.count(shard.group, inputs, seconds)
        self.progress.advance(inputs)
        if self.pace.is_due:
            self.progress.expect(self.pace.seconds_left())

    # -- results -----------------------------------------------------------------------------

    def results(self, status: str, started: str) -> Results:
        """Return the tables and the manifest."""
        accuracy: list[Record] = []
        seen: list[Record] = []
        bins: list[Record] = []
        contexts = self._contexts()
        for number, context in contexts.items():
            row = self.standing.rows[number]
            if row.failure is not None:
                failure = row.failure[1]
                accuracy.append(unmeasured(context, failure.status, failure.reason))
            elif not self.standing.is_finished(number, context.group):
                reason = "the run was interrupted before this row was finished"
                accuracy.append(unmeasured(context, "not measured", reason))
            else:
                _confirm_witnesses(context.group, row.tally)
                accuracy.append(measured(context, row.tally))
                seen += witnesses(context, row.tally)
                bins += profile(context, row.tally)
        tables = {"accuracy": accuracy, "witnesses": seen, "profile": bins}
        timed, facts, status = timing_of(self.plan, status, self.progress)
        tables |= timed
        if self.plan.claims:
            tables["claims"], status = claims_of(self.plan, tables, status)
        tables["limits"] = held(self.plan.rules, tables)
        made = manifest(self.plan, status, started, finished=now(), backends=self.standing.backends)
        return Results(tables, {**made, **facts})

    def _contexts(self) -> dict[int, RowContext]:
        notes = {label: note_of(spec) for label, spec in self.plan.backends.items()}
        found = {}
        for group in self.standing.groups:
            for number in group.rows:
                row = self.plan.rows[number]
                label = row.routine.backend
                spec = self.plan.backends[label]
                found[number] = RowContext(row, group, spec, notes[label])
        return dict(sorted(found.items()))


def _confirm_witnesses(group: Group, tally: Tally) -> None:
    """Ask the oracle about the reference at every witness that will be reported."""
    for extreme in tally.extremes.values():
        confirm(group.function, group.fmt, *extreme.witness.inputs)
