"""What is measured: routines, and the selectors that pick some of them.

A *routine* is function / formula / backend / format; that string is its identity in rows, limits,
corpora and reports. A *selector* is a glob on one of these four or on the region: one vocabulary
for `--only`, for `exclude` in a study, and for limits and claims.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from halfulp.exceptions import UsageError
from halfulp.formats import FORMATS
from halfulp.suggest import hint

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SELECTOR_KEYS = ("function", "formula", "backend", "format", "region")
"""What a selector may look at."""


@dataclass(frozen=True, order=True)
class Routine:
    """One implementation of a function in one format: what has an error.

    Parameters
    ----------
    function
        Catalogue name, or the canonical text of an expression.
    formula
        Label of the formula, or `native`.
    backend
        Label of the backend.
    format
        Name of the format.
    """

    function: str
    formula: str
    backend: str
    format: str

    @property
    def identity(self) -> str:
        """The routine's name everywhere: function/formula/backend/format."""
        return f"{self.function}/{self.formula}/{self.backend}/{self.format}"


@dataclass(frozen=True)
class Selector:
    """A glob on one part of a routine, or on the region."""

    key: str
    glob: str

    def accepts(self, parts: Mapping[str, str]) -> bool:
        """Tell whether the glob fits the part it looks at; case matters, spaces do not.

        Expressions are parts too, and are written with and without spaces.
        """
        part, glob = parts[self.key].replace(" ", ""), self.glob.replace(" ", "")
        return glob == part or fnmatchcase(part, glob)


def selector(key: str, glob: str) -> Selector:
    """Return a selector; a format may be spelled in any way that halfulp understands.

    Raises
    ------
    UsageError
        If the key is not one of `SELECTOR_KEYS`.
    """
    if key not in SELECTOR_KEYS:
        raise UsageError(f"A selector cannot look at {key!r}: {hint(key, SELECTOR_KEYS)}")
    if key == "format":
        spelled = (record.name for record in FORMATS.values() if glob in record.aliases)
        glob = next(spelled, glob)
    return Selector(key, glob)


def parse_selector(text: str) -> Selector:
    """Read KEY=GLOB, as `--only` takes it.

    Raises
    ------
    UsageError
        If the text is not of that shape, or the key is unknown.
    """
    key, separator, glob = (part.strip() for part in text.partition("="))
    if not separator or not glob:
        raise UsageError(
            f"Expected a selector such as backend=numpy* or format=float32, but got {text!r}; "
            f"the keys are {', '.join(SELECTOR_KEYS)}."
        )
    return selector(key, glob)


def matches(routine: Routine, region: str, selectors: Iterable[Selector]) -> bool:
    """Tell whether selectors choose a routine in a region.

    Selectors of one key are alternatives; those of different keys must all be met.
    """
    parts = {
        "function": routine.function,
        "formula": routine.formula,
        "backend": routine.backend,
        "format": routine.format,
        "region": region,
    }
    verdicts: dict[str, bool] = {}
    for item in selectors:
        verdicts[item.key] = verdicts.get(item.key, False) or item.accepts(parts)
    return all(verdicts.values())


def parse_selectors(texts: Sequence[str]) -> tuple[Selector, ...]:
    """Read several KEY=GLOB; see `parse_selector`."""
    return tuple(parse_selector(text) for text in texts)
