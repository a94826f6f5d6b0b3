"""The nearest valid name, for sentences about a name that is not one."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate most like a name, or None if none is like it."""
    by_lower = {candidate.lower(): candidate for candidate in candidates}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1)
    return by_lower[found[0]] if found else None


def hint(name: str, candidates: Iterable[str]) -> str:
    """Return a clause to append to a sentence: the nearest name, or all of them."""
    known = list(candidates)
    guess = nearest(name, known)
    if guess is not None:
        return f"did you mean `{guess}`?"
    return f"expected one of {', '.join(known)}." if known else "there is none to choose from."
