"""A run held against an earlier one, its baseline.

Accuracy is compared on the same inputs only, and a figure is worse where its lower end lies above
the baseline's upper end. Times are compared between like environments only, by the lower end of
the slowdown. What is missing on either side, or cannot be compared, is told as that: it is no pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from halfulp.expectations.baseline_model import ALIKE, Baseline, Case, CaseKey, Speed
from halfulp.expectations.limits import shown
from halfulp.expectations.limits_measured import (
    BROKEN_STATUSES,
    Measured,
    Record,
    Witnesses,
    timed_as,
    without_figures,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_SLOWDOWN = 1.05
"""By how much a routine may be slower than in the baseline where nothing else is asked for."""

_EXACT = Decimal(2**53)

Verdict = tuple[str, str]
"""One of `halfulp.runs.schema.LIMIT_VERDICTS`, and a sentence."""


def compared(
    base: Baseline,
    head: Baseline,
    witnesses: Iterable[Record],
    *,
    max_slowdown: float = MAX_SLOWDOWN,
) -> list[dict[str, Any]]:
    """Return the records of the table `limits` that a baseline gives rise to.

    Parameters
    ----------
    base, head
        The baseline, and the run that is checked.
    witnesses
        The table of witnesses of the run that is checked.
    max_slowdown
        The ratio of times up to which a routine is not slower.
    """
    found = Witnesses(witnesses)
    records = []
    for key in sorted(base.cases.keys() | head.cases.keys()):
        records += [
            _record(base, key, *verdict, found)
            for verdict in _accuracy(base, head, base.cases.get(key), head.cases.get(key))
        ]
    if base.speeds:
        records += _speed(base, head, max_slowdown)
    return records


# -- accuracy --------------------------------------------------------------------------------------


def _accuracy(
    base: Baseline, head: Baseline, before: Case | None, now: Case | None
) -> Iterator[tuple[str, Measured, Measured, Verdict]]:
    """Yield (quantity, the baseline's, the run's, verdict) of one case."""
    nothing = Measured(None)
    if reason := _incomparable(base, head, before, now):
        broken = now is not None and now.status in BROKEN_STATUSES
        yield "max_ulp", nothing, nothing, ("broken" if broken else "not measured", reason)
        return
    assert before is not None
    assert now is not None
    for quantity, read in (
        ("max_ulp", _max_ulp),
        ("wrongly_rounded_percent", _wrongly_rounded),
        ("special_mismatches", _specials),
    ):
        was, came = read(before), read(now)
        yield quantity, Measured(was[1]), Measured(came[1]), _verdict(was, came, before, now)


def _incomparable(base: Baseline, head: Baseline, before: Case | None, now: Case | None) -> str:
    """Return why there is nothing to compare, or ""."""
    if before is None:
        return "the baseline has no such case"
    if now is None:
        return "the baseline has this case, the run has not"
    if now.status != "measured":
        return without_figures(now.status, now.reason)
    if before.status != "measured":
        return f"in the baseline {without_figures(before.status, before.reason)}"
    return other_inputs(base, head, before, now)


def other_inputs(base: Baseline, head: Baseline, before: Case, now: Case) -> str:
    """Return in what the inputs of two cases differ, or ""."""
    for name in ("kind", "bounds", "count"):
        was, came = getattr(before, name), getattr(now, name)
        if was != came:
            return f"other inputs: {name} {came}, in the baseline {was}"
    if before.kind == "sampled" and before.seed != now.seed:
        return f"other inputs: seed {now.seed}, in the baseline {before.seed}"
    if before.kind == "sampled" and base.halfulp != head.halfulp:
        return f"halfulp {base.halfulp} took the baseline's inputs; make the baseline anew"
    if now.sampler == "corpus" and base.corpus != head.corpus:
        return "the corpus has changed since; make the baseline anew"
    return ""


Bounds = tuple[Decimal | None, Decimal | None]


def _max_ulp(case: Case) -> Bounds:
    if case.max_ulp_text is None:
        return None, None
    high = Decimal(case.max_ulp_text)
    low = Decimal(case.max_ulp_interval[0]) if case.max_ulp_interval else high
    return low, high


def _wrongly_rounded(case: Case) -> Bounds:
    """Return the count of wrong roundings in percent of the nontrivial inputs."""
    total = case.nontrivial or case.count or 1
    wrong = Decimal(100 * (case.wrongly_rounded or 0)) / total
    return wrong, wrong + Decimal(100 * (case.undecided or 0)) / total


def _specials(case: Case) -> Bounds:
    wrong = Decimal(case.specials or 0)
    return wrong, wrong + (case.undecided or 0)


def _verdict(was: Bounds, came: Bounds, before: Case, now: Case) -> Verdict:
    if was[1] is None or came[0] is None or came[1] is None:
        same = was == came
        return ("kept", "no input has a numeric error") if same else ("not measured", _APART)
    if came[0] > was[1]:
        return "broken", f"{shown(came[1])}, in the baseline {shown(was[1])}"
    if (now.undecided or 0) > (before.undecided or 0):
        reason = f"{now.undecided} judgements are open, in the baseline {before.undecided}"
        return "undecided", reason
    better = was[0] is not None and came[1] < was[0]
    return "kept", f"better: {shown(came[1])}, was {shown(was[1])}" if better else "no worse"


_APART = "one of the two has no numeric error"


# -- speed -----------------------------------------------------------------------------------------


def _speed(base: Baseline, head: Baseline, allowed: float) -> Iterator[dict[str, Any]]:
    unlike = _unlike(base.environment, head.environment)
    for key in sorted(base.speeds.keys() | head.speeds.keys(), key=str):
        before, now = base.speeds.get(key), head.speeds.get(key)
        found, verdict = Measured(None), ("not measured", "")
        if before is None or now is None:
            side = "the baseline" if before is None else "the run"
            verdict = "not measured", f"{side} has not timed this case"
        elif unlike:
            verdict = "not measured", f"unlike environments: {unlike}"
        else:
            found, verdict = _slowdown(before, now, allowed, _same_versions(base, head, now.base))
        yield _timed(base, before or now, allowed, found, verdict)


def _unlike(first: Mapping[str, str], second: Mapping[str, str]) -> str:
    """Return in what two environments differ that changes times, or ""."""
    return "; ".join(
        f"{name} {second.get(name)}, in the baseline {first.get(name)}"
        for name in ALIKE
        if first.get(name) != second.get(name)
    )


def _same_versions(base: Baseline, head: Baseline, routine: str | None) -> bool:
    """Tell whether the routine that ratios are taken to is the same on both sides."""
    if routine is None:
        return False
    label = routine.rsplit("/", 2)[1]
    return label in base.versions and base.versions[label] == head.versions.get(label)


def _slowdown(before: Speed, now: Speed, allowed: float, same: bool) -> tuple[Measured, Verdict]:
    """Return the lower end of a slowdown; by ratios to the same routine, where both have them."""
    high, low_now = before.ratio_high, now.ratio_low
    if same and before.base == now.base and high and low_now:
        low, how = low_now / high, f"against {now.base}"
    else:
        low, how = now.median_low_ns / before.median_high_ns, "by its own time"
    said = f"at least {low:.4g} times the baseline's time, {how}"
    if low > allowed:
        return Measured(Decimal(repr(low))), ("broken", f"{said}; at most {allowed:g} is allowed")
    return Measured(Decimal(repr(low))), ("kept", said)


# -- records ---------------------------------------------------------------------------------------


def _record(
    base: Baseline,
    key: CaseKey,
    quantity: str,
    was: Measured,
    came: Measured,
    verdict: Verdict,
    witnesses: Witnesses,
) -> dict[str, Any]:
    case = {"routine": key[0], "region": key[1], "sampler": key[2]}
    columns = witnesses.columns(case, quantity if verdict[0] == "broken" else "")
    return {**_common(base, case, quantity, verdict), **_figures(was.number, came), **columns}


def _timed(
    base: Baseline, case: Speed | None, allowed: float, found: Measured, verdict: Verdict
) -> dict[str, Any]:
    assert case is not None
    place = {
        "routine": case.routine,
        "region": case.region,
        "sampler": timed_as(case.model_dump()),
    }
    nothing = dict.fromkeys(("witness", "got", "want", "command"))
    return {
        **_common(base, place, "max_slowdown", verdict),
        **_figures(allowed, found),
        **nothing,
    }


def _common(
    base: Baseline, case: Mapping[str, str], quantity: str, verdict: Verdict
) -> dict[str, Any]:
    function, formula, backend, form = parts_of(case["routine"])
    return {
        "rule": f"baseline {base.name}",
        "selectors": "the same inputs",
        "routine": case["routine"],
        "function": function,
        "formula": formula,
        "backend": backend,
        "format": form,
        "region": case["region"],
        "sampler": case["sampler"],
        "quantity": quantity,
        "verdict": verdict[0],
        "reason": verdict[1],
        "note": None,
        "issue": None,
    }


def parts_of(routine: str) -> tuple[str, str, str, str]:
    """Return function, formula, backend and format of an identity, as far as it tells them apart.

    A function or a formula may be an expression, with slashes of its own.
    """
    rest, backend, form = (*routine.rsplit("/", 2), "", "")[:3]
    if rest.endswith("/native"):
        return rest.removesuffix("/native"), "native", backend, form
    function, _, formula = rest.partition("/")
    return function, formula, backend, form


def _figures(bound: float | None, found: Measured) -> dict[str, Any]:
    return {"bound": bound, "measured": found.number, "measured_text": found.text}
