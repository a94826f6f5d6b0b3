"""A judge's worker: makes inputs and references, asks the subjects, judges.

One lives in a process of its own for each core (`python -m halfulp.study.worker`), started by
subprocess so that a user's script is not imported again; one can also live in the caller's process,
for Python callables.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from halfulp import functions
from halfulp.backend import Request, Unavailable
from halfulp.encodings import Bits
from halfulp.exceptions import HalfulpError, UsageError
from halfulp.formats import format_named
from halfulp.judge.flushing import flushing_maximum, zeroed_inputs
from halfulp.judge.judging import judge
from halfulp.judge.tally import FLUSHING, Tally, from_json, to_json, with_extreme
from halfulp.reference.truth import Truth, truth
from halfulp.routines import Routine
from halfulp.study.names import BackendSpec
from halfulp.study.plan import Row
from halfulp.study.runs_of_inputs import Runs
from halfulp.study.shards import Group, groups
from halfulp.subject.fpstate import Flushing
from halfulp.subject.handle import Subject
from halfulp.subject.inprocess import InProcess
from halfulp.subject.protocol import Evaluator, SubjectError


class Failure(NamedTuple):
    """Why a row has no figures: a status of `halfulp.runs.schema`, and a sentence.

    `killed` tells that somebody else ended the subject, so that it is worth trying again.
    """

    status: str
    reason: str
    killed: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of one shard.

    Parameters
    ----------
    results
        A tally or a failure by number of the row; rows that were to be skipped are absent.
    backends
        What is known of backends that were started for it.
    """

    results: Mapping[int, Tally | Failure]
    backends: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    """The part of a plan that a worker needs."""

    rows: tuple[Row, ...]
    backends: Mapping[str, BackendSpec]
    seed: int

    def to_json(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "rows": [asdict(row) for row in self.rows],
            "backends": {label: asdict(spec) for label, spec in self.backends.items()},
            "seed": self.seed,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Task:
        """Return the task that `to_json` wrote."""
        rows = tuple(
            Row(**{**row, "routine": Routine(**row["routine"])}) for row in document["rows"]
        )
        specs = {label: BackendSpec(**spec) for label, spec in document["backends"].items()}
        return cls(rows, specs, document["seed"])


class Worker:
    """Carries out shards of a task.

    Parameters
    ----------
    task
        Rows, backends and seed.
    callables
        Python callables by label of their backend; they are called in this process.
    """

    def __init__(
        self, task: Task, callables: Mapping[str, Callable[..., Any]] | None = None
    ) -> None:
        self.task = task
        self.groups: list[Group] = groups(task.rows, task.seed)
        self._callables = callables or {}
        self._subjects: dict[str, Evaluator | Failure] = {}
        self._routines: dict[int, int] = {}
        self._flushing: dict[str, frozenset[str]] = {}
        self._news: dict[str, Mapping[str, Any]] = {}

    def close(self) -> None:
        """End all subjects."""
        for subject in self._subjects.values():
            if not isinstance(subject, Failure):
                subject.close()
        self._subjects.clear()
        self._routines.clear()

    def carry_out(self, group_number: int, shard: int, skip: Sequence[int] = ()) -> Outcome:
        """Return the outcome of one shard.

        Parameters
        ----------
        group_number, shard
            Which one.
        skip
            Numbers of rows that need not be evaluated any more.
        """
        group = self.groups[group_number]
        results = self._results(group, shard, [row for row in group.rows if row not in skip])
        killed = [row for row, result in results.items() if _was_killed(result)]
        if killed:
            # Once: a system short of memory may kill again, and then that is the row's status.
            self._forget_killed()
            results |= self._results(group, shard, killed)
        news, self._news = self._news, {}
        return Outcome(results, news)

    def _results(self, group: Group, shard: int, rows: Sequence[int]) -> dict[int, Tally | Failure]:
        results: dict[int, Tally | Failure] = {}
        ready = []
        for row in rows:
            failure = self._prepare(row)
            if failure is None:
                ready.append(row)
            else:
                results[row] = failure
        if ready:
            results |= self._judge(group, shard, ready)
        return results

    def _forget_killed(self) -> None:
        """Forget that subjects could not be started because somebody ended them."""
        for label, subject in list(self._subjects.items()):
            if isinstance(subject, Failure) and _was_killed(subject):
                del self._subjects[label]

    def _judge(self, group: Group, shard: int, rows: list[int]) -> dict[int, Tally | Failure]:
        return (self._sweep if group.is_swept else self._judge_singly)(group, shard, rows)

    def _sweep(self, group: Group, shard: int, rows: list[int]) -> dict[int, Tally | Failure]:
        """Judge runs of neighbouring inputs by blocks."""
        from halfulp.judge.segments import segments
        from halfulp.judge.sweep import sweep

        runs = group.runs(shard)
        parts = segments(group.function, group.fmt, runs, group.axis)
        results: dict[int, Tally | Failure] = {}
        for row in rows:
            outputs = self._evaluate(row, Runs(group.fmt, runs))
            if isinstance(outputs, Failure):
                results[row] = outputs
            else:
                results[row] = sweep(parts, outputs, group.axis)
        return results

    def _judge_singly(
        self, group: Group, shard: int, rows: list[int]
    ) -> dict[int, Tally | Failure]:
        inputs = group.source.take(*group.span(shard))
        exact = truth(group.function, group.fmt, inputs)
        zeroed: list[Truth] = []
        results: dict[int, Tally | Failure] = {}
        for row in rows:
            outputs = self._evaluate(row, inputs)
            if isinstance(outputs, Failure):
                results[row] = outputs
                continue
            tally = judge(exact, inputs, outputs, group.axis)
            if self._flushes(row):
                zeroed = zeroed or _truth_at_zeros(group, inputs)
                extreme = flushing_maximum([exact, *zeroed], inputs, outputs)
                tally = with_extreme(tally, FLUSHING, extreme)
            results[row] = tally
        return results

    def _flushes(self, row: int) -> bool:
        routine = self.task.rows[row].routine
        return routine.format in self._flushing.get(routine.backend, ())

    def _evaluate(self, row: int, inputs: Bits | Runs) -> Bits | Failure:
        failure = self._prepare(row)  # a crash of another routine may have ended the subject
        if failure is not None:
            return failure
        label = self.task.rows[row].routine.backend
        subject = self._subjects[label]
        assert not isinstance(subject, Failure)
        try:
            if isinstance(inputs, Runs):
                return inputs.evaluated(subject, self._routines[row])
            return subject.evaluate(self._routines[row], inputs)
        except SubjectError as error:
            self._lost(label, error)
            return Failure(error.status, error.reason, error.killed)

    def _lost(self, label: str, error: SubjectError) -> None:
        """Forget a subject whose process is gone; the next routine starts it afresh."""
        if error.ended:
            subject = self._subjects.pop(label)
            assert not isinstance(subject, Failure)
            subject.close()
            for row, other in enumerate(self.task.rows):
                if other.routine.backend == label:
                    self._routines.pop(row, None)

    # -- subjects ----------------------------------------------------------------------------

    def _prepare(self, row: int) -> Failure | None:
        """Make a row's routine ready, its subject started if need be."""
        if row in self._routines:
            return None
        label = self.task.rows[row].routine.backend
        subject = self._subject(label)
        if isinstance(subject, Failure):
            return subject
        try:
            self._routines[row] = subject.prepare(request(self.task.rows[row]))
        except Unavailable as error:
            return Failure("unavailable", str(error))
        except SubjectError as error:
            self._lost(label, error)
            return Failure(error.status, error.reason, error.killed)
        return None

    def _subject(self, label: str) -> Evaluator | Failure:
        if label not in self._subjects:
            self._subjects[label] = self._start(label)
        return self._subjects[label]

    def _start(self, label: str) -> Evaluator | Failure:
        spec = self.task.backends[label]
        if label in self._callables:
            subject: Evaluator = InProcess(self._callables[label], name=label)
        else:
            subject = subject_of(spec)
        known = {"adapter": spec.adapter, "settings": dict(spec.settings)}
        try:
            subject.start()
            flushing = self._probe(label, subject)
        except Unavailable as error:
            self._news[label] = {**known, "status": "unavailable", "reason": str(error)}
            return Failure("unavailable", str(error))
        except SubjectError as error:
            self._news[label] = {**known, "status": "unavailable", "reason": error.reason}
            return Failure(error.status, error.reason, error.killed)
        self._flushing[label] = frozenset(name for name, found in flushing.items() if found)
        self._news[label] = {
            **known,
            "status": "available",
            "reason": None,
            "versions": dict(subject.versions),
            "facts": dict(getattr(subject, "facts", {})),
            "floating_point_state": {
                **{
                    name: str(value) for name, value in asdict(subject.floating_point_state).items()
                },
                **{name: str(found) for name, found in flushing.items()},
            },
        }
        return subject

    def _probe(self, label: str, subject: Evaluator) -> dict[str, Flushing]:
        """Return what a backend does to subnormals, for each format that it is measured in."""
        if not isinstance(subject, Subject):
            return {}
        routines = (row.routine for row in self.task.rows)
        formats = sorted({routine.format for routine in routines if routine.backend == label})
        return flushing_by_format(subject, formats)


def _was_killed(result: Tally | Failure) -> bool:
    return isinstance(result, Failure) and result.killed


def subject_of(spec: BackendSpec) -> Subject:
    """Return the subject of a configured backend, not started."""
    return Subject(
        spec.adapter,
        spec.settings,
        time_limit_s=spec.time_limit_s,
        memory_limit_mb=spec.memory_limit_mb,
        python=spec.python,
        folder=spec.folder,
    )


def flushing_by_format(subject: Subject, formats: Iterable[str]) -> dict[str, Flushing]:
    """Return what a started subject does to subnormals, for each format."""
    state = subject.floating_point_state
    # A library without formulas cannot be asked; its process' state is all that is known.
    otherwise = Flushing(state.flush_to_zero, state.denormals_are_zero)
    probed = {name: subject.probe(format_named(name)) for name in formats}
    return {name: otherwise if found is None else found for name, found in probed.items()}


def _truth_at_zeros(group: Group, inputs: Bits) -> list[Truth]:
    """Return the exact results where a backend that flushes takes subnormal inputs for zeros."""
    return [truth(group.function, group.fmt, zeroed) for zeroed in zeroed_inputs(group.fmt, inputs)]


def request(row: Row) -> Request:
    """Return what a subject is asked to make ready for a row."""
    return Request(
        row.routine.function,
        None if row.expression is None else functions.parse(row.expression),
        format_named(row.routine.format),
        functions.get(row.routine.function).arguments,
    )


# -- as a process ------------------------------------------------------------------------------


def outcome_to_json(outcome: Outcome) -> dict[str, Any]:
    """Return JSON values."""
    return {
        "results": {
            str(row): list(result) if isinstance(result, Failure) else to_json(result)
            for row, result in outcome.results.items()
        },
        "backends": dict(outcome.backends),
    }


def outcome_from_json(document: Mapping[str, Any]) -> Outcome:
    """Return the outcome that `outcome_to_json` wrote."""
    return Outcome(
        {
            int(row): Failure(*result) if isinstance(result, list) else from_json(result)
            for row, result in document["results"].items()
        },
        document["backends"],
    )


def main() -> None:
    """Read a task, then shards, from standard input; write outcomes to standard output.

    Each message is a line of JSON. What anything else prints goes to standard error.
    """
    from halfulp.subject.lifetime import die_with_parent
    from halfulp.subject.strays import adopt_orphans

    # Asked to end, it ends its subjects and whatever they left running; only then itself.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    die_with_parent(int(sys.argv[1]), signal.SIGTERM)
    adopt_orphans()
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = Worker(Task.from_json(json.loads(sys.stdin.readline())))
    try:
        for line in sys.stdin:
            replies.write(json.dumps(_answer(worker, json.loads(line))) + "\n")
            replies.flush()
    finally:
        worker.close()


def _answer(worker: Worker, message: Mapping[str, Any]) -> dict[str, Any]:
    try:
        group, shard = message["shard"]
        return outcome_to_json(worker.carry_out(group, shard, message["skip"]))
    except HalfulpError as error:
        kind = UsageError if isinstance(error, UsageError) else HalfulpError
        return {"error": str(error), "usage": kind is UsageError}


if __name__ == "__main__":
    main()
