"""The report as plain text, at most 100 columns wide: for a terminal, a log or a mail."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from halfulp_reports.comparison_text import lines, sentences
from halfulp_reports.findings import findings
from halfulp_reports.numbers import NONE, percent, short
from halfulp_reports.plain import visible
from halfulp_reports.promised_text import promised_lines
from halfulp_reports.routines import Routine
from halfulp_reports.summary import Summary, summarise

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from halfulp.expectations.comparison import Comparison
    from halfulp.runs.store import Run

WIDTH = 100
_WIDEST = (34, 16, 10, 11, 11, 9, 9)
"""Widths that columns may have: routine, backend, format, maximum, wrong, mean, special."""

_WIDEST_TIMED = (23, 14, 8, 11, 8, 7, 8, 7)
"""The same with a last column, nanoseconds an element."""


@dataclass(frozen=True)
class TextForm:
    """The plain text form of report."""

    suffix: str = ".txt"

    def render(self, run: Run) -> str:
        """Return the findings, the routines by function, and what was not measured."""
        summary = summarise(run)
        study = run.manifest["study"]
        title = visible(study["title"] or study["name"] or "Untitled study")
        return "\n".join(
            [
                *_wrapped(title),
                "",
                *(line for sentence in findings(summary) for line in _wrapped(sentence)),
                "",
                *(
                    line
                    for said in promised_lines(summary.promises)
                    for line in _wrapped(said, "  ")
                ),
                *_routines(summary),
                *_missing(summary),
                "",
                *_end(run),
                "",
            ]
        )

    def render_comparison(self, comparison: Comparison) -> str:
        """Return what became of the rows, worst first; those that stayed are counted."""
        said = [*sentences(comparison, visible), "", *lines(comparison, visible)]
        return "\n".join([line for text in said for line in _wrapped(text) or [""]] + [""])


form = TextForm()
"""What the entry point `halfulp.reports` names."""


def _routines(summary: Summary) -> list[str]:
    """Return a table of the routines with figures, and below each where it errs most."""
    widest = _WIDEST_TIMED if summary.speed.case else _WIDEST
    head = ("function", "backend", "format", "max ulp", "wrong, %", "mean", "specials", "ns")
    cells = [_cells(routine, summary) for routine in summary.measured]
    widths = [
        min(most, max(cell_len(row[n]) for row in (head, *cells))) for n, most in enumerate(widest)
    ]
    table = [_line(head[: len(widths)], widths), "-" * (sum(widths) + 2 * len(widths) - 2)]
    for routine, row in zip(summary.measured, cells, strict=True):
        table.append(_line(row[: len(widths)], widths))
        witness = routine.worst.witness if routine.worst else None
        if witness and witness["got_hex"] != witness["want_hex"]:
            at = f"at {witness['input_hex']}: got {witness['got_hex']}, want {witness['want_hex']}"
            table += _wrapped(visible(at), "    ")
    return [*table, "", *_wrapped(_KEY)]


_KEY = (
    "<= exhaustive: a bound over every input. >= sampled: the largest error found, a lower bound. "
    "Maxima are rounded up. Means and shares are over nontrivial inputs. "
    "Specials: wrong special values, such as a nan where a number was due."
)


def _cells(routine: Routine, summary: Summary) -> tuple[str, ...]:
    formula = "" if routine.formula == "native" else f" as {visible(routine.formula)}"
    time = summary.speed.of(routine.name)
    sign = {"≤": "<=", "≥": ">="}[routine.sign]
    return (
        visible(routine.function) + formula,
        visible(routine.backend),
        visible(routine.format),
        f"{sign} {routine.shown}" if routine.worst else NONE,
        percent(routine.wrong_percent),
        short(routine.mean_ulp),
        str(routine.specials),
        time.shown if time else NONE,
    )


def _line(cells: Sequence[str], widths: Iterable[int]) -> str:
    """Return cells at their widths in columns of the terminal; what is too long is clipped."""
    return "  ".join(
        set_cell_size(
            cell if cell_len(cell) <= width else set_cell_size(cell, width - 1) + "…", width
        )
        for cell, width in zip(cells, widths, strict=True)
    ).rstrip()


def _missing(summary: Summary) -> list[str]:
    lines = []
    for item in summary.missing:
        names = ", ".join(visible(name, 60) for name in item.routines[:6])
        more = f" and {len(item.routines) - 6} more" if len(item.routines) > 6 else ""
        text = f"{item.status}: {names}{more}: {visible(item.reason, 300)}"
        lines += _wrapped(text, "  ")
    return ["", "Not measured:", *lines] if lines else []


def _end(run: Run) -> list[str]:
    about = ", ".join(
        f"{visible(name, 40)} ({visible(' '.join(map(str, _pairs(backend['versions']))), 60)})"
        for name, backend in run.manifest["backends"].items()
    )
    command = visible(run.manifest["command"], 400)
    return [*_wrapped(f"Backends: {about}."), *_wrapped(f"Repeat: {command}", "  ")]


def _pairs(versions: object) -> list[str]:
    items = versions.items() if isinstance(versions, dict) else ()
    return [f"{name} {version}" for name, version in items]


def _wrapped(text: str, indent: str = "") -> list[str]:
    """Return lines of at most 100 columns, wide characters counted as two."""
    lines = []
    for line in textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    ):
        rest = line
        while cell_len(rest) > WIDTH:
            kept = set_cell_size(rest, WIDTH).rstrip()
            lines.append(kept)
            rest = indent + rest[len(kept) :].lstrip()
        lines.append(rest)
    return lines
