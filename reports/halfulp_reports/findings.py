"""What a run found, in sentences: the forms of plain text and Markdown begin with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from halfulp_reports.numbers import about
from halfulp_reports.plain import visible

if TYPE_CHECKING:
    from halfulp_reports.routines import Routine
    from halfulp_reports.summary import Summary

Quote: TypeAlias = Callable[[str], str]


def findings(summary: Summary, quote: Quote = visible) -> list[str]:
    """Return the sentences, most important first; `quote` makes a label fit to stand in them."""
    sentences = []
    status = summary.run.manifest["status"]
    if status != "complete":
        sentences.append(
            f"This run is {quote(status)}: it ended before the study was carried out, and what it "
            "did not finish is listed as not measured."
        )
    sentences += _promised(summary)
    worst = summary.ranking[0] if summary.ranking else None
    if worst is None:
        return [*sentences, "Nothing was measured: no routine of this run has a figure."]
    return [
        *sentences,
        _share(summary),
        _worst(worst, quote),
        _specials(summary),
        *_paced(summary, quote),
        *_rest(summary),
    ]


def _promised(summary: Summary) -> list[str]:
    """Say whether limits are kept and claims hold."""
    promises = summary.promises
    sentences = []
    if promises.limits:
        broken = len(promises.broken)
        sentences.append(
            f"{broken} of {_some(len(promises.limits), 'limit')} {_is(broken)} broken."
            if broken
            else f"No limit of {len(promises.limits)} is broken."
        )
    if promises.claims:
        false = len(promises.false)
        sentences.append(
            f"{false} of {_some(len(promises.claims), 'claim')} {_is(false)} false."
            if false
            else f"No claim of {len(promises.claims)} is false."
        )
    if promises.unsettled:
        sentences.append(f"{promises.unsettled} could not be settled, which is not a pass.")
    return sentences


def _paced(summary: Summary, quote: Quote) -> list[str]:
    """Say how fast the routines are."""
    speed = summary.speed
    times = [time for routine in summary.routines if (time := speed.of(routine.name))]
    if not times or speed.case is None:
        return []
    ordered = sorted(times, key=lambda time: time.element_ns or 0)
    text = (
        f"An element takes {ordered[0].shown} to {ordered[-1].shown} ns ({quote(speed.case.text)})"
    )
    verdicts = ", ".join(
        f"{number} {_is(number)} {quote(verdict)}" for verdict, number in speed.verdicts.items()
    )
    base = f" {quote(speed.base)}" if speed.base else ""
    return [f"{text}; against the base{base}, {verdicts}." if verdicts else f"{text}."]


def _share(summary: Summary) -> str:
    measured = len(summary.measured)
    correct = sum(routine.correct for routine in summary.measured)
    beyond = summary.grades["four"] + summary.grades["more"]
    if correct == measured:
        text = "Every routine measured is correctly rounded wherever it was tested."
    else:
        text = (
            f"Of {_some(measured, 'routine')} measured, {correct} {_is(correct)} correctly rounded "
            "wherever tested."
        )
    if beyond:
        return (
            f"{text} {_some(beyond, 'routine')} err{'s' if beyond == 1 else ''} by more than 1 ulp."
        )
    return text if correct == measured else f"{text} None errs by more than 1 ulp where tested."


def _worst(worst: Routine, quote: Quote) -> str:
    formula = "" if worst.formula == "native" else f" as {quote(worst.formula)}"
    text = (
        f"The largest error is {worst.shown} ulp, of {quote(worst.function)}{formula} on "
        f"{quote(worst.backend)} in {quote(worst.format)}"
    )
    witness = worst.worst.witness if worst.worst else None
    if witness is None:
        return f"{text}."
    decimal = about(witness["input"])
    return f"{text}, at {quote(witness['input_hex'])}{f' (about {decimal})' if decimal else ''}."


def _specials(summary: Summary) -> str:
    defective = sum(bool(routine.specials) for routine in summary.measured)
    if not defective:
        return "No special value is wrong."
    return (
        f"{_some(defective, 'routine')} give{'s' if defective == 1 else ''} a wrong special value, "
        f"{summary.total('specials')} in all."
    )


def _rest(summary: Summary) -> list[str]:
    undecided = sum(routine.undecided for routine in summary.measured)
    missing = sum(item.rows for item in summary.missing)
    sentences = []
    if undecided:
        sentences.append(f"{_some(undecided, 'judgement')} {_is(undecided)} undecided.")
    if missing:
        sentences.append(f"{_some(missing, 'row')} {_is(missing)} without figures.")
    return sentences


def _some(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _is(number: int) -> str:
    return "is" if number == 1 else "are"
