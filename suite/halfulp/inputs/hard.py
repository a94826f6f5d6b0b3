"""`hard`: inputs whose exact results lie closest to a midpoint or to a number of the format.

The lists are data, `hard_to_round/FUNCTION_binaryN.csv`; each names its source in its first line.
"""

from __future__ import annotations

import csv
from importlib.resources import files
from importlib.resources.abc import Traversable

from halfulp.formats import Format


def _list_of(function: str, fmt: Format) -> Traversable:
    """Return where the list of a function and format is, if there is one."""
    ieee = next((name for name in fmt.aliases if name.startswith("binary")), fmt.name)
    return files("halfulp.inputs").joinpath("hard_to_round", f"{function}_{ieee}.csv")


def has_hard_inputs(function: str, fmt: Format) -> bool:
    """Tell whether a list of hard-to-round inputs is shipped."""
    return _list_of(function, fmt).is_file()


def hard_inputs(function: str, fmt: Format) -> list[tuple[str, ...]]:
    """Return the listed inputs as texts, an argument each; empty where there is no list."""
    found = _list_of(function, fmt)
    if not found.is_file():
        return []
    lines = [line for line in found.read_text().splitlines() if not line.startswith("#")]
    rows = csv.DictReader(lines)
    names = [name for name in rows.fieldnames or () if name.startswith("input")]
    return [tuple(row[name] for name in names) for row in rows]
