"""Limits and claims in Markdown and in plain text: what is not kept first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halfulp_reports.markup import code, table
from halfulp_reports.plain import visible
from halfulp_reports.promises import tone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halfulp_reports.promises import Promises
    from halfulp_reports.rows import Record


def promised(promises: Promises) -> Iterator[str]:
    """Yield the limits and claims that are not kept or not settled, as Markdown."""
    limits = _standing_out(promises.by_weight)
    if limits:
        yield "\n### Limits that are not kept\n"
        yield from table(
            " verdict | routine | quantity |  limit |  measured | why ", map(_limit, limits)
        )
    claims = _standing_out(promises.claims)
    if claims:
        yield "\n### Claims that do not hold\n"
        yield from table(" verdict | claim | source | finding ", map(_claim, claims))


def promised_lines(promises: Promises) -> list[str]:
    """Return the same for plain text, a sentence each."""
    limits = [
        f"{item['verdict']}: {visible(item['routine'], 100)}, {item['quantity']}: "
        f"{visible(item['reason'] or '', 200)}"
        for item in _standing_out(promises.by_weight)
    ]
    claims = [
        f"{item['verdict']}: {visible(item['says'] or '', 100)} "
        f"({visible(item['source'] or '', 60)}). "
        f"{visible(item['finding'] or item['reason'] or '', 200)}"
        for item in _standing_out(promises.claims)
    ]
    return limits + claims


def _standing_out(records: object) -> list[Record]:
    assert isinstance(records, (list, tuple))
    return [record for record in records if tone(str(record["verdict"])) != "good"]


def _limit(item: Record) -> str:
    cells = (
        code(item["verdict"]), code(item["routine"]), code(item["quantity"]),
        code(f"{item['bound']:g}" if item["bound"] is not None else "none"),
        code(item["measured_text"] or "none", 24), code(item["reason"] or "", 300),
    )  # fmt: skip
    return " | ".join(cells)


def _claim(item: Record) -> str:
    said = item["finding"] or item["reason"] or ""
    cells = (item["verdict"], item["says"] or "", item["source"] or "", said)
    return " | ".join(code(cell, 300) for cell in cells)
