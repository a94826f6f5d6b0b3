"""The report as CSV: a line a row of the run, with the witness of its maximum.

A spreadsheet evaluates a cell that begins with one of = + - @: a text that does, and is no number,
is preceded by an apostrophe, which a spreadsheet takes as the mark of text.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any

from halfulp.runs.schema import ACCURACY, WITNESSES
from halfulp_reports.summary import summarise

if TYPE_CHECKING:
    from halfulp.runs.store import Run

_FIGURES = tuple(column.name for column in ACCURACY if column.type != "ints")
_OF_WITNESS = tuple(
    column.name for column in WITNESSES if column.name not in {*_FIGURES, "quantity"}
)
_ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - these count too
_NUMBERS = re.compile(
    r"[+-]?(0x[0-9a-f]+(\.[0-9a-f]*)?(p[+-]?\d+)?|\d+(\.\d*)?(e[+-]?\d+)?|inf|nan)", re.IGNORECASE
)


@dataclass(frozen=True)
class CsvForm:
    """The CSV form of report."""

    suffix: str = ".csv"

    def render(self, run: Run) -> str:
        """Return a header and a line for each row, in the order of the study."""
        text = StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow((*_FIGURES, *_OF_WITNESS))
        for routine in summarise(run).routines:
            for row in routine.rows:
                witness = row.witness or {}
                values = [row[name] for name in _FIGURES]
                writer.writerow(map(_cell, [*values, *map(witness.get, _OF_WITNESS)]))
        return text.getvalue()


form = CsvForm()
"""What the entry point `halfulp.reports` names."""


def _cell(value: Any) -> Any:
    """Return a value as it is written; a text that a spreadsheet would evaluate is marked."""
    if not isinstance(value, str) or not value.startswith(_ACTIVE):
        return value
    parts = value.split(", ")  # a witness of two arguments has two numbers
    return value if all(map(_NUMBERS.fullmatch, parts)) else f"'{value}"
