"""What the verbs share: global options, and writing to stdout."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True)
class Shared:
    """Options of halfulp itself, which every verb may ask for."""

    quiet: bool = False
    debug: bool = False


def emit(text: str) -> None:
    """Write a line of data to stdout, at once, so that a broken pipe is noticed here."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def table(rows: Iterable[Sequence[str]]) -> str:
    """Return rows of text with their columns aligned; the last column is left as it is."""
    lines = [tuple(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)][:-1]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in lines
    )
