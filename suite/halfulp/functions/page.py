"""The catalogue as a page of documentation, written from the records.

`python -m halfulp.functions.page FILE` writes it; a test fails where the committed page is stale.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from halfulp.functions import GROUPS
from halfulp.functions.description import (
    STANDARD,
    SpecialRow,
    exact_cases,
    interval,
    rule_in_words,
    special_rows,
)
from halfulp.functions.description import point as point_of
from halfulp.functions.record import Function

PREFACE = """\
# The catalogue

Every function that halfulp knows by name. An expression such as `log(1 + exp(x))` is a function
too. A function is the map over the reals: its definition is read without rounding.

- **Definition**: where it is a call of itself, the function is the one that the summary names, as
  the *NIST Digital Library of Mathematical Functions* defines it (chapters 4, 5, 7, 10 and 25).
- **Domain**: where the function is real. Outside it the result due is nan.
- **Exact**: inputs whose results are rational, and short enough to be numbers or midpoints of a
  format. No enclosure decides these; they are known.
- **Special inputs**, by source. C23 is ISO/IEC 9899:2024, Annex F; "limit" is the one-sided limit,
  with its sign. A star marks a *convention*: libraries are known to differ there, and another
  result is counted but is no defect.
"""

FOOTER = """\
<!-- Written by `make catalogue` from the records in suite/halfulp/functions: edit these. -->
"""


def page() -> str:
    """Return the whole page."""
    parts = [PREFACE]
    for title, records in GROUPS.items():
        parts.append(f"## {title}\n")
        parts.append(_table(["Function", "Definition", "Domain", "Exact"], map(_row, records)))
        parts.append(_table(["Function", "Special inputs"], map(_special_row, records)))
        parts += [_grid(record) for record in records if record.arity > 1]
    return "\n".join([*parts, FOOTER])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(_escaped, line))} |\n" for line in lines)


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|")


def _row(record: Function) -> tuple[str, ...]:
    call = f"`{record.name}({', '.join(record.arguments)})`"
    aliases = f" (also {', '.join(f'`{alias}`' for alias in record.aliases)})"
    what = f"{call}{aliases if record.aliases else ''}: {record.summary}"
    domain = interval(record.domain) if record.arity == 1 else "see below"
    return what, f"`{record.definition}`", domain, exact_cases(record)


def _special_row(record: Function) -> tuple[str, str]:
    rule = rule_in_words(record)
    parts = [f"{rule}."] if rule else []
    if record.arity == 1:
        rows = sorted(special_rows(record), key=_source)
        parts += [
            f"{source}: {', '.join(_arrow(row) for row in group)}."
            for source, group in groupby(rows, key=_source)
        ]
    return f"`{record.name}`", " ".join(parts)


def _source(row: SpecialRow) -> str:
    return row.special.source


def _arrow(row: SpecialRow) -> str:
    star = "\\*" if row.special.convention else ""
    return f"{', '.join(row.inputs)} → {row.special.result}{star}"


def _grid(record: Function) -> str:
    """Return the results of a function of two arguments at pairs of special inputs."""
    first, second = record.arguments
    texts = (*STANDARD, "1", "-1")
    rows = [[f"**{text}**", *(_result(record, text, other) for other in texts)] for text in texts]
    head = [f"`{record.name}`: {first} down, {second} across", *texts]
    return _table(head, rows)


def _result(record: Function, *texts: str) -> str:
    special = record.special(*map(point_of, texts))
    if special is None:
        return ""
    return f"{special.result}\\*" if special.convention else special.result


def main(arguments: Sequence[str]) -> None:
    """Write the page to the file named."""
    (target,) = arguments
    Path(target).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
