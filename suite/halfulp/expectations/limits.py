"""Limits held against what a run measured.

For each case (a row of the run) and each quantity the most specific rule holds: the one with the
most selectors without a wildcard; of equal ones that with the most selectors; of equal ones the
last. A limit is held against the upper end of what was measured, a slowdown against the lower end,
so that noise alone breaks nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Context, Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from halfulp.expectations.limits_measured import (
    BROKEN_STATUSES,
    Measured,
    Record,
    Witnesses,
    measured,
    plain,
    quantities,
    slowdown,
    timed_as,
)
from halfulp.routines import SELECTOR_KEYS, Routine, Selector, matches, selector
from halfulp.runs.schema import IDENTITY

if TYPE_CHECKING:
    from halfulp.expectations.limits_model import Limit

Tables: TypeAlias = Mapping[str, Sequence[Record]]

_WILD = set("*?[")
_TWO_DIGITS = Context(prec=2, rounding=ROUND_CEILING)


@dataclass(frozen=True)
class Rule:
    """A limit and where it stands.

    Parameters
    ----------
    limit
        What it says.
    source
        Who says it: the name of a study or of a file.
    number
        Its number there, from 1.
    file
        Path of the file that it stands in, or "" for a study that is no file.
    """

    limit: Limit
    source: str
    number: int
    file: str = ""

    @property
    def place(self) -> str:
        """The rule's name in reports."""
        return f"{self.source}, limit {self.number}"

    @cached_property
    def selectors(self) -> tuple[Selector, ...]:
        """Its selectors."""
        return tuple(selector(key, glob) for key, glob in self.limit.globs.items())

    @cached_property
    def rank(self) -> tuple[int, int]:
        """How specific it is."""
        literal = sum(not _WILD & set(item.glob) for item in self.selectors)
        return literal, len(self.selectors)

    @property
    def selected(self) -> str:
        """Its selectors as text."""
        return " ".join(f"{key}={glob}" for key, glob in self.limit.globs.items()) or "everything"

    @property
    def expects_failure(self) -> bool:
        """Whether its bounds, or those that would hold without it, are known not to be kept."""
        return self.limit.expect == "fail"

    def accepts(self, row: Record) -> bool:
        """Tell whether it selects a case."""
        routine = Routine(row["function"], row["formula"], row["backend"], row["format"])
        return matches(routine, row["region"], self.selectors)


@dataclass(frozen=True)
class Held:
    """One bound on one case, and what became of it."""

    rule: Rule
    case: Record
    quantity: str
    bound: float
    found: Measured
    verdict: str
    reason: str


def held(rules: Sequence[Rule], tables: Tables) -> list[dict[str, Any]]:
    """Return the records of the table `limits`.

    Parameters
    ----------
    rules
        In the order in which they stand.
    tables
        The run's tables: accuracy, witnesses, and timing_ratios if anything was timed.
    """
    if not rules:
        return []
    judged = _with_room_told(_with_expectations(list(_cases(rules, tables))))
    witnesses = Witnesses(tables["witnesses"])
    records = [_record(item, witnesses) for item in judged]
    return records + [_unused(*lacking) for lacking in _without_case(rules, tables, judged)]


# -- which rule holds ----------------------------------------------------------------------------


def _cases(rules: Sequence[Rule], tables: Tables) -> Iterator[Held]:
    for row in tables["accuracy"]:
        accepting = [rule for rule in rules if rule.accepts(row)]
        for quantity in quantities(row):
            yield from _held(accepting, row, quantity, measured(row, quantity))
    for ratio in tables.get("timing_ratios", ()):
        accepting = [rule for rule in rules if rule.accepts(ratio)]
        case = {**ratio, "sampler": timed_as(ratio)}
        yield from _held(accepting, case, "max_slowdown", slowdown(ratio))


def _held(rules: Sequence[Rule], case: Record, quantity: str, found: Measured) -> Iterator[Held]:
    """Yield the verdict of the rule that holds for a quantity, if there is one."""
    bounding = most_specific(rule for rule in rules if quantity in rule.limit.bounds)
    if bounding is None:
        return
    bound = bounding.limit.bounds[quantity]
    verdict, reason = _verdict(bound, quantity, found)
    failing = most_specific(
        rule for rule in rules if rule.expects_failure and not rule.limit.bounds
    )
    excused = failing is not None and not bounding.expects_failure
    rule = failing if excused and failing and failing.rank >= bounding.rank else bounding
    yield Held(rule, case, quantity, bound, found, verdict, reason)


def most_specific(rules: Iterable[Rule]) -> Rule | None:
    """Return the most specific rule, of equal ones the last."""
    best: Rule | None = None
    for rule in rules:
        if best is None or rule.rank >= best.rank:
            best = rule
    return best


UNITS = {
    "max_ulp": "ulp",
    "max_steps": "steps",
    "wrongly_rounded_percent": "% wrongly rounded",
    "special_mismatches": "wrong special results",
    "max_slowdown": "times the base's time",
}
"""What the numbers of a quantity count."""


def units(quantity: str, value: Decimal | None) -> str:
    """Return what a value counts, as it is said after the number."""
    return (
        UNITS[quantity].replace("steps", "step").replace("results", "result")
        if (value == 1)
        else UNITS[quantity]
    )


def _verdict(bound: float, quantity: str, found: Measured) -> tuple[str, str]:
    """Return whether a bound is kept, and a sentence."""
    allowed = written(bound)
    unit = units(quantity, found.value)
    if found.value is not None and found.value > allowed:
        return "broken", f"{shown(found.value)} {unit}; at most {plain(allowed)} is allowed"
    if found.status in BROKEN_STATUSES:
        return "broken", found.reason
    if found.status == "undecided":
        return "undecided", found.reason
    if found.value is None:
        return "not measured", found.reason
    return "kept", f"{shown(found.value)} {unit} of {plain(allowed)} allowed"


def written(bound: float) -> Decimal:
    """Return a bound as the decimal that was written."""
    return Decimal(repr(bound))


def shown(value: Decimal) -> str:
    """Return a measured value in few digits, rounded up."""
    short = Context(prec=6, rounding=ROUND_CEILING).plus(value)
    return f"{short:.2e}" if short >= 10**9 else plain(short)


# -- expected failures -----------------------------------------------------------------------------


def _with_expectations(found: list[Held]) -> list[Held]:
    """Return verdicts with those of expected failures turned round.

    A rule expects each routine that it selects to break a bound on at least one of its cases.
    """
    routines: dict[tuple[str, str], list[str]] = {}
    for item in found:
        if item.rule.expects_failure:
            key = item.rule.place, item.case["routine"]
            routines.setdefault(key, []).append(item.verdict)
    return [
        _expected(item, routines[item.rule.place, item.case["routine"]])
        if item.rule.expects_failure
        else item
        for item in found
    ]


def _expected(item: Held, verdicts: Sequence[str]) -> Held:
    if item.verdict == "broken":
        return replace(item, verdict="fails as expected")
    if "broken" not in verdicts and all(verdict == "kept" for verdict in verdicts):
        reason = f"{item.reason}, but it is expected to fail; the rule can be taken away"
        return replace(item, verdict="passes unexpectedly", reason=reason)
    return item


# -- limits with room to spare ---------------------------------------------------------------------


def tightened(quantity: str, needed: Decimal) -> Decimal:
    """Return the bound that is enough: counts as they are, others up to the next two digits."""
    if quantity in ("max_steps", "special_mismatches"):
        return needed
    return _TWO_DIGITS.plus(needed)


def needs(records: Iterable[Held]) -> dict[tuple[Rule, str], list[Held]]:
    """Return what each rule bounds by (rule, quantity); slowdowns are noise and have no need."""
    governed: dict[tuple[Rule, str], list[Held]] = {}
    for item in records:
        if not item.rule.expects_failure and item.quantity != "max_slowdown":
            governed.setdefault((item.rule, item.quantity), []).append(item)
    return governed


def worst(cases: Sequence[Held]) -> Held | None:
    """Return the case that needs the largest bound, or None if one says nothing of its need."""
    if any(item.found.value is None or item.found.status != "measured" for item in cases):
        return None
    return max(cases, key=lambda item: item.found.value or Decimal(0))


def _with_room_told(found: list[Held]) -> list[Held]:
    """Return verdicts with `loose` at the worst case of each bound that is looser than needed."""
    loose: dict[int, Held] = {}
    for (_, quantity), cases in needs(found).items():
        top = worst(cases)
        if top is None or top.found.value is None or top.verdict != "kept":
            continue
        enough = tightened(quantity, top.found.value)
        if written(top.bound) > enough:
            reason = f"{top.reason}; {plain(enough)} would be enough for all that the rule bounds"
            loose[id(top)] = replace(top, verdict="loose", reason=reason)
    return [loose.get(id(item), item) for item in found]


def tightest(
    rules: Sequence[Rule], tables: Tables
) -> dict[tuple[Rule, str], tuple[float, Decimal]]:
    """Return (bound, what is enough) by rule and quantity, where all of its cases have figures."""
    found = {}
    for key, cases in needs(_cases(rules, tables)).items():
        top = worst(cases)
        if top is not None and top.found.value is not None:
            found[key] = top.bound, tightened(key[1], top.found.value)
    return found


# -- records ---------------------------------------------------------------------------------------


def _record(item: Held, witnesses: Witnesses) -> dict[str, Any]:
    limit = item.rule.limit
    bad = item.verdict in ("broken", "fails as expected")
    columns = witnesses.columns(item.case, item.quantity) if bad else _NO_WITNESS
    return {
        "rule": item.rule.place,
        "selectors": item.rule.selected,
        **{column.name: item.case[column.name] for column in IDENTITY},
        "quantity": item.quantity,
        "bound": item.bound,
        "measured": item.found.number,
        "measured_text": item.found.text,
        "verdict": item.verdict,
        "reason": item.reason,
        "note": limit.reason or None,
        "issue": limit.issue or None,
        **columns,
    }


_NO_WITNESS = dict.fromkeys(("witness", "got", "want", "command"))


def _without_case(
    rules: Sequence[Rule], tables: Tables, judged: Sequence[Held]
) -> Iterator[tuple[Rule, str, str]]:
    """Yield each rule with a quantity that it says nothing about in this run, and why."""
    used = {item.rule.place for item in judged}
    for rule in rules:
        accuracy = any(rule.accepts(row) for row in tables["accuracy"])
        speed = any(rule.accepts(row) for row in tables.get("timing_ratios", ()))
        for quantity in rule.limit.bounds:
            if quantity == "max_slowdown" and not speed:
                yield rule, quantity, "nothing was timed that it selects"
            elif quantity != "max_slowdown" and not accuracy:
                yield rule, quantity, "the run has no case that it selects"
        if not rule.limit.bounds and rule.place not in used:
            yield rule, "max_ulp", "nothing that it selects has a bound that could fail"


def _unused(rule: Rule, quantity: str, why: str) -> dict[str, Any]:
    """Return the record of a bound that no case of the run falls under; globs stand for names."""
    parts = {key: getattr(rule.limit, key) for key in SELECTOR_KEYS}
    identity = "/".join(parts[key] for key in ("function", "formula", "backend", "format"))
    return {
        "rule": rule.place,
        "selectors": rule.selected,
        "routine": identity,
        **parts,
        "sampler": "*",
        "quantity": quantity,
        "bound": rule.limit.bounds.get(quantity),
        "measured": None,
        "measured_text": None,
        "verdict": "not measured",
        "reason": why,
        "note": rule.limit.reason or None,
        "issue": rule.limit.issue or None,
        **_NO_WITNESS,
    }
