"""How far a plan has come: which shards are done, and what they came to so far."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from halfulp.exceptions import RunError
from halfulp.judge.tally import Tally, from_json, merged, to_json
from halfulp.study.plan import Plan
from halfulp.study.shards import Group, Shard, groups
from halfulp.study.worker import Failure, Outcome, outcome_from_json


@dataclass
class RowStanding:
    """What a row came to so far.

    Parameters
    ----------
    tally
        Of the shards that are done.
    failure
        The first shard in which the row failed, and how.
    """

    tally: Tally = field(default_factory=Tally)
    failure: tuple[int, Failure] | None = None


class Standing:
    """What is done of a plan. It depends on which shards are done, and not on their order.

    Raises
    ------
    UsageError
        If a region holds no number of a format, or too many to take all.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.groups: list[Group] = groups(plan.rows, plan.seed)
        self.rows: dict[int, RowStanding] = {}
        self.backends: dict[str, Mapping[str, Any]] = {}
        self._backends_before: dict[str, Mapping[str, Any]] = {}
        self._done: list[set[int]] = [set() for _ in self.groups]
        for group in self.groups:
            for row in group.rows:
                self.rows[row] = RowStanding(failure=_without_inputs(group))

    def remaining(self) -> Iterator[Shard]:
        """Yield the shards that are not done, in order; what they skip is known when they are due.

        A row is skipped after the first shard in which it failed, never before, so that which one
        is the first does not depend on how shards came to be done.
        """
        for group in self.groups:
            done = self._done[group.number]
            for number in range(group.shards):
                if number not in done:
                    skip = tuple(row for row in group.rows if self._failed_before(row, number))
                    yield Shard(group.number, number, skip)

    def _failed_before(self, row: int, shard: int) -> bool:
        failure = self.rows[row].failure
        return failure is not None and failure[0] < shard

    def take(self, shard: Shard, outcome: Outcome) -> list[int]:
        """Add what a shard came to, and return the rows that failed for the first time."""
        failed = []
        for row, result in outcome.results.items():
            standing = self.rows[row]
            if isinstance(result, Failure):
                failed += [row] if standing.failure is None else []
                self._fail(row, shard.number, result)
            else:
                standing.tally = merged([standing.tally, result])
        self._done[shard.group].add(shard.number)  # last: Ctrl-C may come between any two lines
        return failed

    def _fail(self, row: int, shard: int, failure: Failure) -> None:
        known = self.rows[row].failure
        if known is None or shard < known[0]:
            self.rows[row].failure = shard, failure

    def meet(self, backends: Mapping[str, Mapping[str, Any]]) -> None:
        """Keep what is known of backends.

        What is compared with the same run's other workers is the versions alone: a device may be
        there for one of them, and taken when the next one asks.

        Raises
        ------
        RunError
            If one is not what it was for the shards before.
        """
        for label, news in backends.items():
            if label in self._backends_before:
                changes = _changes(self._backends_before[label], news)
            else:
                changes = _changes(self.backends.get(label, news), news, ("versions",))
            if changes:
                raise RunError(
                    f"The backend {label} is not what the run began with: {', '.join(changes)}. "
                    "Figures of two libraries cannot be one row: restore it, or run the study "
                    "again."
                )
        self.backends |= backends

    def is_finished(self, row: int, group: Group) -> bool:
        """Tell whether every input of a row was judged."""
        return self.rows[row].failure is None and len(self._done[group.number]) == group.shards

    def inputs_left(self, group: Group) -> int:
        """Return how many inputs of a group are still to be evaluated."""
        done = sum(group.span(number)[1] for number in self._done[group.number])
        return len(group.source) - done

    # -- as records of a journal ---------------------------------------------------------------

    def records(self) -> Iterator[str]:
        """Yield all that is known, as JSON texts for `restore`."""
        yield json.dumps({"backends": self.backends})
        for group in self.groups:
            if done := self._done[group.number]:
                rows = {row: _row_to_json(self.rows[row]) for row in group.rows}
                yield json.dumps({"group": group.number, "done": _ranges(done), "rows": rows})

    def restore(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Take what a journal holds: records of `records` and of `shard_record`."""
        for record in records:
            if "shard" in record:
                outcome = outcome_from_json(record["outcome"])
                group, number = record["shard"]
                self.take(Shard(group, number, ()), outcome)
                self.backends |= outcome.backends
            elif "group" in record:
                self._restore_group(record)
            else:
                self.backends |= record["backends"]
        self._backends_before = dict(self.backends)

    def _restore_group(self, record: Mapping[str, Any]) -> None:
        for first, end in record["done"]:
            self._done[record["group"]].update(range(first, end))
        for row, document in record["rows"].items():
            standing = self.rows[int(row)]
            standing.tally = merged([standing.tally, from_json(document["tally"])])
            if document["failure"] is not None:
                shard, failure = document["failure"]
                self._fail(int(row), shard, Failure(*failure))


def shard_record(shard: Shard, outcome: str) -> str:
    """Return the record of a shard, from the text in which a worker told what it came to."""
    return f'{{"shard":[{shard.group},{shard.number}],"outcome":{outcome}}}'


def _row_to_json(row: RowStanding) -> dict[str, Any]:
    tally = Tally() if row.failure else row.tally  # a row that failed has no figures
    return {"tally": to_json(tally), "failure": row.failure}


def _ranges(numbers: set[int]) -> list[list[int]]:
    """Return sorted numbers as ranges [first, end)."""
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and ranges[-1][1] == number:
            ranges[-1][1] += 1
        else:
            ranges.append([number, number + 1])
    return ranges


_FLEETING = ("threads",)
"""Facts of a subject that say nothing about its figures."""


_COMPARED = ("status", "versions", "facts", "floating_point_state")


def _changes(
    before: Mapping[str, Any], now: Mapping[str, Any], keys: Sequence[str] = _COMPARED
) -> list[str]:
    """Return in words what of a backend has changed."""
    told: list[str] = []
    for key in keys:
        first, second = _facts(before, key), _facts(now, key)
        told += [
            f"{name.replace('_', ' ')} was {first[name]} and is {second[name]}"
            for name in sorted(first.keys() & second.keys() - set(_FLEETING))
            if first[name] != second[name]
        ]
    return told


def _facts(known: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = known.get(key, {})
    return dict(found) if isinstance(found, Mapping) else {key: found}


def _without_inputs(group: Group) -> tuple[int, Failure] | None:
    """Return why a group's rows cannot be measured, if the sampler has nothing for them."""
    if len(group.source):
        return None
    reason = f"{group.sampler.text} has no inputs for {group.function.name} in {group.fmt.name}"
    if group.sampler.name == "hard":
        reason = f"no hard-to-round inputs of {group.function.name} are listed for {group.fmt.name}"
    return 0, Failure("unavailable", f"{reason}, region {group.region.text}")
