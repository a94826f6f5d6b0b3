"""Labels and tables in Markdown: nothing in a label is a link, a mention or markup."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from halfulp_reports.plain import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PLAIN = re.compile(r"[^`|\\]+")
_PROSE = re.compile(r"\w[\w ,.'’()-]*")  # noqa: RUF001 - an apostrophe
_MOST = 120


def code(text: object, limit: int | None = _MOST) -> str:
    """Return a label as a code span, clipped."""
    label = visible(text, limit)
    if _PLAIN.fullmatch(label) and label.strip() == label:
        return f"`{label}`"
    return f"<code>{''.join(map(_reference, label))}</code>"


def title(text: str) -> str:
    """Return a title as it is if nothing in it is markup, or else as a code span."""
    return (
        text if len(text) <= _MOST and _PROSE.fullmatch(text) and "__" not in text else code(text)
    )


def _reference(character: str) -> str:
    plain = character.isalnum() or ord(character) > 127
    return character if plain else f"&#{ord(character)};"


def table(head: str, rows: Iterable[str]) -> Iterator[str]:
    """Yield the lines of a table; a column whose head begins with two spaces is of numbers."""
    columns = head.split("|")
    yield f"\n|{head}|\n|" + "|".join(" ---: " if c.startswith("  ") else " --- " for c in columns)
    yield "|\n"
    yield from (f"| {row} |\n" for row in rows)
    yield "\n"
