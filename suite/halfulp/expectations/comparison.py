"""Two runs side by side: what became better or worse, what is new and what is gone.

Figures are compared on the same inputs only, and times between like environments only; what cannot
be compared is said to be so, with the reason. Nothing here is a pass or a failure: that is what
limits and baselines of `check` are for.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from halfulp.expectations.baseline import other_inputs
from halfulp.expectations.baseline_model import ALIKE, Baseline, Case, Speed

if TYPE_CHECKING:
    from collections.abc import Iterator

VERDICTS = ("worse", "mixed", "better", "new", "gone", "not comparable", "not measured", "same")
"""What can become of a row, most important first. `mixed`: worse in one figure, better in another.

`new` and `gone`: only one of the two runs has figures, and no crash is the reason."""

SPEED_VERDICTS = ("slower", "faster", "inconclusive", "new", "gone", "not comparable", "equivalent")
"""What can become of a time, most important first."""

FIGURES = ("max_ulp", "wrongly_rounded", "specials", "unfaithful", "undecided")
"""What is compared of a row; less is better of each."""

MARGIN = 0.05
"""Times of two runs are not paired: a difference below this is none, whatever the intervals say."""

_BROKEN = ("crashed", "timed out", "failed")

Direction = Literal["worse", "better", "same"]


@dataclass(frozen=True)
class Figure:
    """One figure of a row in both runs, each as the bounds within which it is known."""

    name: str
    before: tuple[Decimal, Decimal]
    now: tuple[Decimal, Decimal]

    @property
    def direction(self) -> Direction:
        """Which way it went: bounds that overlap leave that open, and count as the same."""
        if self.now[0] > self.before[1]:
            return "worse"
        return "better" if self.now[1] < self.before[0] else "same"


@dataclass(frozen=True)
class Change:
    """What became of one row: a routine, a region and a sampler."""

    key: tuple[str, str, str]
    verdict: str
    reason: str
    before: Case | None
    now: Case | None
    figures: tuple[Figure, ...] = ()

    @property
    def routine(self) -> str:
        """The routine's identity."""
        return self.key[0]

    @property
    def growth(self) -> float:
        """How many times the largest error is what it was, for the order of rows."""
        found = next((figure for figure in self.figures if figure.name == "max_ulp"), None)
        if found is None:
            return 1.0
        before, now = max(found.before[1], Decimal("1e-9")), max(found.now[1], Decimal("1e-9"))
        return float(min(max(now / before, Decimal("1e-300")), Decimal("1e300")))


@dataclass(frozen=True)
class SpeedChange:
    """What became of one time; `ratio` bounds the time of the second run over that of the first."""

    routine: str
    verdict: str
    reason: str
    before: Speed | None
    now: Speed | None
    ratio: tuple[float, float] | None = None


@dataclass(frozen=True)
class Difference:
    """In what the two runs differ beside their figures."""

    name: str
    before: str
    now: str
    forbids_times: bool


@dataclass(frozen=True)
class Comparison:
    """Two runs side by side."""

    base: Baseline
    head: Baseline
    changes: tuple[Change, ...]
    speeds: tuple[SpeedChange, ...]
    differences: tuple[Difference, ...]

    @cached_property
    def counts(self) -> dict[str, int]:
        """Rows by verdict, in the order of `VERDICTS`."""
        return _counted((change.verdict for change in self.changes), VERDICTS)

    @cached_property
    def speed_counts(self) -> dict[str, int]:
        """Times by verdict, in the order of `SPEED_VERDICTS`."""
        return _counted((change.verdict for change in self.speeds), SPEED_VERDICTS)


def compare(base: Baseline, head: Baseline) -> Comparison:
    """Return two runs side by side, what matters most first."""
    keys = sorted(base.cases.keys() | head.cases.keys())
    changes = [_change(base, head, key) for key in keys]
    changes.sort(key=lambda change: (VERDICTS.index(change.verdict), -change.growth))
    differences = tuple(_differences(base, head))
    times = sorted(base.speeds.keys() | head.speeds.keys(), key=str)
    unlike = "; ".join(
        f"{item.name}: {item.before} and {item.now}" for item in differences if item.forbids_times
    )
    speeds = [_speed_change(base.speeds.get(key), head.speeds.get(key), unlike) for key in times]
    speeds.sort(key=lambda change: SPEED_VERDICTS.index(change.verdict))
    return Comparison(base, head, tuple(changes), tuple(speeds), differences)


def _counted(verdicts: Iterator[str], order: tuple[str, ...]) -> dict[str, int]:
    found = Counter(verdicts)
    return {verdict: found[verdict] for verdict in order if found[verdict]}


# -- figures -----------------------------------------------------------------------------------


def _change(base: Baseline, head: Baseline, key: tuple[str, str, str]) -> Change:
    before, now = base.cases.get(key), head.cases.get(key)
    verdict, reason = _presence(before, now)
    if verdict is not None:
        return Change(key, verdict, reason, before, now)
    assert before is not None
    assert now is not None
    if reason := other_inputs(base, head, before, now):
        return Change(key, "not comparable", reason, before, now)
    figures = tuple(_figures(before, now))
    ways = {figure.direction for figure in figures}
    if {"worse", "better"} <= ways:
        verdict = "mixed"
    else:
        verdict = next((way for way in ("worse", "better") if way in ways), "same")
    return Change(key, verdict, "", before, now, figures)


def _presence(before: Case | None, now: Case | None) -> tuple[str | None, str]:
    """Return the verdict where not both runs have figures, and why."""
    had = before is not None and before.status == "measured"
    has = now is not None and now.status == "measured"
    if had and has:
        return None, ""
    if had:
        if now is None:
            return "gone", "the second run has no such row"
        return ("worse" if now.status in _BROKEN else "gone"), _status(now)
    if has:
        first = "the first run has no such row" if before is None else f"was {_status(before)}"
        return "new", first
    return "not measured", _status(now or before)


def _status(case: Case | None) -> str:
    return f"{case.status}: {case.reason or 'no reason given'}" if case else ""


def _figures(before: Case, now: Case) -> Iterator[Figure]:
    """Yield the figures that both rows have."""
    for name in FIGURES:
        read = _maximum if name == "max_ulp" else _count_of
        first, second = read(before, name), read(now, name)
        if first is not None and second is not None:
            yield Figure(name, first, second)


def _maximum(case: Case, _: str) -> tuple[Decimal, Decimal] | None:
    if case.max_ulp_text is None:
        return None
    high = Decimal(case.max_ulp_text)
    low = Decimal(case.max_ulp_interval[0]) if case.max_ulp_interval else high
    return low, high


def _count_of(case: Case, name: str) -> tuple[Decimal, Decimal] | None:
    """Return a count; what is undecided may belong to it, unless it is counted itself."""
    count = getattr(case, name)
    if count is None:
        return None
    spare = 0 if name in {"undecided", "specials"} else case.undecided or 0
    return Decimal(count), Decimal(count + spare)


# -- times -------------------------------------------------------------------------------------


def _speed_change(before: Speed | None, now: Speed | None, unlike: str) -> SpeedChange:
    present = now or before
    assert present is not None
    if before is None or now is None:
        verdict = "new" if before is None else "gone"
        side = "first" if before is None else "second"
        reason = f"the {side} run has not timed this"
        return SpeedChange(present.routine, verdict, reason, before, now)
    if unlike:
        reason = f"the runs are of unlike environments: {unlike}"
        return SpeedChange(present.routine, "not comparable", reason, before, now)
    ratio = now.median_low_ns / before.median_high_ns, now.median_high_ns / _least(before)
    verdict = "inconclusive"
    if ratio[0] > 1 + MARGIN:
        verdict = "slower"
    elif ratio[1] < 1 - MARGIN:
        verdict = "faster"
    elif ratio[0] > 1 - MARGIN and ratio[1] < 1 + MARGIN:
        verdict = "equivalent"
    return SpeedChange(present.routine, verdict, "", before, now, ratio)


def _least(speed: Speed) -> float:
    """Return the lower end of a time, kept off 0."""
    return max(speed.median_low_ns, 1e-9)


# -- environments ------------------------------------------------------------------------------


def _differences(base: Baseline, head: Baseline) -> Iterator[Difference]:
    """Yield in what the two runs were made otherwise: machine, versions, libraries."""
    for name in dict.fromkeys((*base.environment, *head.environment)):
        before, now = (side.environment.get(name, "not recorded") for side in (base, head))
        if before != now:
            yield Difference(name, before, now, name in ALIKE)
    for label in dict.fromkeys((*base.versions, *head.versions)):
        first, second = base.versions.get(label), head.versions.get(label)
        if first is None or second is None:
            continue
        for name in dict.fromkeys((*first, *second)):
            before, now = (side.get(name, "not recorded") for side in (first, second))
            if before != now:
                yield Difference(f"backend {label}: {name}", before, now, forbids_times=False)
