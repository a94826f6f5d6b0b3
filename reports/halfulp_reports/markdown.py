"""The report as Markdown, for a pull request: most important first, at most 1000 KiB.

Labels stand in code spans, where nothing is a link, a mention or markup; a label that could end its
span or its table's cell is written in character references.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from halfulp_reports.comparison_text import lines, sentences
from halfulp_reports.findings import findings
from halfulp_reports.markup import code, table, title
from halfulp_reports.numbers import NONE, percent
from halfulp_reports.promised_text import promised
from halfulp_reports.routines import GRADES, Routine
from halfulp_reports.rows import Record, Row
from halfulp_reports.summary import Summary, summarise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from halfulp.expectations.comparison import Comparison
    from halfulp.runs.store import Run

MOST_BYTES = 1000 * 1024
_FOR_THE_NOTE = 200


@dataclass(frozen=True)
class MarkdownForm:
    """The Markdown form of report."""

    suffix: str = ".md"

    def render(self, run: Run) -> str:
        """Return the findings, then tables: the worst routines first, commands last."""
        summary = summarise(run)
        study = run.manifest["study"]
        parts = [
            f"## halfulp: {title(study['title'] or study['name'] or 'Untitled study')}\n\n",
            "".join(f"- {sentence}\n" for sentence in findings(summary, code)),
            *promised(summary.promises),
            *_largest(summary),
            *_missing(summary),
            *_commands(summary),
            *_environment(run),
        ]
        return _fitting(parts)

    def render_comparison(self, comparison: Comparison) -> str:
        """Return what became of the rows, worst first; those that stayed are counted."""
        parts = ["## halfulp: two runs side by side\n\n"]
        parts += [f"- {sentence}\n" for sentence in sentences(comparison, code)]
        listed = [f"- {line}\n" for line in lines(comparison, code)]
        return _fitting([*parts, *(["\n### What changed\n\n"] if listed else []), *listed])


form = MarkdownForm()
"""What the entry point `halfulp.reports` names."""


def _fitting(parts: Iterable[str]) -> str:
    """Join parts while they fit; what comes after the first that does not is left out, and said."""
    kept: list[str] = []
    room = MOST_BYTES - _FOR_THE_NOTE
    waiting = list(parts)
    while waiting and len(waiting[0].encode("utf-8", "replace")) <= room:
        room -= len(waiting[0].encode("utf-8", "replace"))
        kept.append(waiting.pop(0))
    if waiting:
        kept.append(f"\n\nCut off at {MOST_BYTES // 1024} KiB: the run's folder has the rest.\n")
    return "".join(kept)


def _largest(summary: Summary) -> Iterator[str]:
    """Return every routine with figures, largest error first; those beyond 1 ulp stay open."""
    head = (
        " function | backend | format |  max ulp |  wrong, % |  wrong specials | at | got | want "
    )
    if summary.speed.case:
        head += "|  ns an element |  of the base "
    ranked = [r for r in summary.ranking if r.grade in {"four", "more"} or r.specials]
    rest = [r for r in summary.measured if r not in ranked]
    if ranked:
        yield "\n### Above 1 ulp, or with a wrong special value\n"
        yield from table(head, (_routine(r, summary) for r in ranked))
        yield _KEY
    if rest:
        rest.sort(key=lambda r: list(GRADES).index(r.grade or "more"), reverse=True)
        yield f"\n<details><summary>The other {len(rest)} routines</summary>\n"
        yield from table(head, (_routine(r, summary) for r in rest))
        yield ("" if ranked else _KEY) + "</details>\n"


_KEY = (
    "≤ exhaustive: a bound over every input; ≥ sampled: the largest error found, a lower bound. "
    "Maxima are rounded up. Wrong: nontrivial inputs whose result is not correctly rounded.\n\n"
)


def _routine(routine: Routine, summary: Summary) -> str:
    formula = "" if routine.formula == "native" else f" as {code(routine.formula)}"
    cells = [
        f"{code(routine.function)}{formula}",
        code(routine.backend),
        code(routine.format),
        f"{routine.sign} {routine.shown}" if routine.worst else NONE,
        percent(routine.wrong_percent),
        str(routine.specials),
        *_witness(routine.worst.witness if routine.worst else None),
    ]
    if summary.speed.case:
        time = summary.speed.of(routine.name)
        cells += [time.shown, time.shown_ratio] if time else [NONE] * 2
    return " | ".join(cells)


def _witness(witness: Record | None) -> list[str]:
    """Return the cells of an input, what came and what was due."""
    if witness is None:
        return [NONE] * 3
    texts = (witness[name] for name in ("input_hex", "got_hex", "want_hex"))
    return [code(text or "undecided") for text in texts]


def _missing(summary: Summary) -> Iterator[str]:
    if summary.missing:
        yield "\n### Not measured\n\n"
    for item in summary.missing:
        names = ", ".join(map(code, item.routines[:8]))
        more = f" and {len(item.routines) - 8} more" if len(item.routines) > 8 else ""
        yield f"- {code(item.status)}: {names}{more}: {code(item.reason, 1000)}\n"


def _commands(summary: Summary) -> Iterator[str]:
    """Return the commands that repeat the maxima, worst first, and the special defects."""
    rows = [routine.worst for routine in summary.ranking if routine.worst]
    found = list(dict.fromkeys(c for row in rows for c in _of(row)))
    if found:
        yield "\n<details><summary>Commands that repeat these maxima</summary>\n\n"
        # Whole: a clipped command would repeat something else.
        yield from (f"- {code(command, None)}\n" for command in found)
        yield "\n</details>\n"


def _of(row: Row) -> list[str]:
    witnesses = (row.witness, *(witness for _, _, witness in row.defects))
    return [witness["command"] for witness in witnesses if witness and witness["command"]]


def _environment(run: Run) -> Iterator[str]:
    yield "\n<details><summary>Environment</summary>\n\n"
    for name, backend in run.manifest["backends"].items():
        versions = backend["versions"] if isinstance(backend["versions"], dict) else {}
        said = ", ".join(code(f"{key} {value}") for key, value in versions.items())
        yield f"- {code(name)}: {said or code(backend['status'])}\n"
    for key, value in run.manifest["environment"].items():
        yield f"- {code(key)}: {code(value)}\n"
    yield f"\nRepeat: {code(run.manifest['command'], None)}\n\n</details>\n"
