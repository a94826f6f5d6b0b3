"""Labels of a run as plain text: what a terminal, a spreadsheet or Markdown could act on is shown.

A run is data, whoever wrote it.
"""

from __future__ import annotations

import unicodedata

_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def visible(text: object, limit: int | None = None) -> str:
    """Return a text on one line, clipped; what cannot be seen is spelled as an escape."""
    spelled = "".join(map(_spelled, str(text)))
    return spelled if limit is None or len(spelled) <= limit else spelled[: limit - 1] + "…"


def _spelled(character: str) -> str:
    """Return a character, or its escape if it is a control, a mark of direction or unassigned."""
    if unicodedata.category(character) not in _UNSEEN:
        return character
    return character.encode("unicode_escape").decode()


def clip(text: object, limit: int = 60) -> str:
    """Shorten a label that would burst its place, and leave it as it is otherwise."""
    whole = str(text)
    return whole if len(whole) <= limit else whole[: limit - 1] + "…"
