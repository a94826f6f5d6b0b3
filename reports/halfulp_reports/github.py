"""The verdict for GitHub: the summary of a step, and annotations.

A step's summary may have 1 MiB, and a step ten annotations of a kind: what is cut off is said.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from halfulp_reports.checks import Check, checks_of
from halfulp_reports.markup import code

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from halfulp.runs.store import Run

MOST_BYTES = 1000 * 1024
"""A little less than GitHub takes."""

MOST_ANNOTATIONS = 10

_ROOM_FOR_NOTE = 200
_BAD = ("failed", "error")


@dataclass(frozen=True)
class SummaryForm:
    """The summary of a step, in GitHub's Markdown."""

    suffix: str = ".md"

    def render(self, run: Run) -> str:
        """Return the counts, then what is broken, then what was not measured."""
        checks = checks_of(run)
        counts = Counter(check.outcome for check in checks)
        bad = [check for check in checks if check.outcome in _BAD]
        skipped = [check for check in checks if check.outcome == "skipped"]
        name = code(run.manifest["study"]["title"] or run.manifest["study"]["name"])
        told = ", ".join(f"{number} {outcome}" for outcome, number in counts.items())
        mark = "❌" if bad else "⚠️" if skipped or not checks else "✅"
        head = f"## {mark} halfulp: {name}\n\n{told or 'nothing was checked'}\n\n"
        return _fitting([head, *_broken(bad), *_skipped(skipped), *_passed(checks)])


form = SummaryForm()
"""What the entry point `halfulp.reports` names."""


@dataclass(frozen=True)
class AnnotationsForm:
    """Workflow commands, which GitHub shows as annotations when a step prints them."""

    suffix: str = ".txt"

    def render(self, run: Run) -> str:
        """Return a line for each of the first ten checks that are broken."""
        bad = [check for check in checks_of(run) if check.outcome in _BAD]
        lines = [_annotation(check) for check in bad[:MOST_ANNOTATIONS]]
        if len(bad) > MOST_ANNOTATIONS:
            rest = len(bad) - MOST_ANNOTATIONS + 1
            more = f"{rest} more are broken: the summary of this step names them."
            lines[-1] = f"::error title=halfulp::{more}"
        return "".join(f"{line}\n" for line in lines)


notices = AnnotationsForm()
"""What the entry point `halfulp.reports` names."""


# -- the summary -----------------------------------------------------------------------------------


def _broken(checks: Sequence[Check]) -> Iterator[str]:
    if checks:
        yield "| what | case | verdict | why |\n| --- | --- | --- | --- |\n"
    for check in checks:
        details = "".join(f"<br>{code(detail, None)}" for detail in check.details)
        cells = (code(check.subject), code(check.name), code(check.verdict))
        yield f"| {' | '.join(cells)} | {code(check.message, 500)}{details} |\n"
    if checks:
        yield "\n"


def _skipped(checks: Sequence[Check]) -> Iterator[str]:
    if not checks:
        return
    yield f"<details><summary>{len(checks)} not measured</summary>\n\n"
    for check in checks:
        yield f"- {code(check.subject)}, {code(check.name)}: {code(check.message, 500)}\n"
    yield "\n</details>\n\n"


def _passed(checks: Iterable[Check]) -> Iterator[str]:
    passed = [check for check in checks if check.outcome == "passed"]
    if not passed:
        return
    yield f"<details><summary>{len(passed)} kept</summary>\n\n"
    for check in passed:
        yield f"- {code(check.subject)}, {code(check.name)}: {code(check.message, 500)}\n"
    yield "\n</details>\n"


def _fitting(parts: Iterable[str]) -> str:
    """Join parts while they fit, and say what was cut off."""
    kept: list[str] = []
    room = MOST_BYTES - _ROOM_FOR_NOTE
    for part in parts:
        room -= len(part.encode("utf-8", "replace"))
        if room < 0:
            kept.append(
                f"\n\nCut off at {MOST_BYTES // 1024} KiB: the run's report has the rest.\n"
            )
            break
        kept.append(part)
    return "".join(kept)


# -- annotations -----------------------------------------------------------------------------------


def _annotation(check: Check) -> str:
    title = _property(f"halfulp: {check.subject} {check.verdict}"[:200])
    lines = "\n".join([f"{check.name}: {check.message}", *check.details])
    return f"::error title={title}::{_data(lines[:4000])}"


def _data(text: str) -> str:
    """Return a text as workflow commands take it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
