"""Figures for github-action-benchmark, which draws them over the commits: smaller is better.

The tool is told `customSmallerIsBetter`. A figure that no float holds is left out.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halfulp.runs.store import Run


@dataclass(frozen=True)
class ActionBenchmarkForm:
    """The form of github-action-benchmark."""

    suffix: str = ".json"

    def render(self, run: Run) -> str:
        """Return the largest errors, then the times an element, sorted by name."""
        found = [*_errors(run), *_times(run)]
        found.sort(key=lambda entry: str(entry["name"]))
        lines = ",\n".join(json.dumps(entry, allow_nan=False) for entry in found)
        return f"[\n{lines}\n]\n"


form = ActionBenchmarkForm()
"""What the entry point `halfulp.reports` names."""


def _errors(run: Run) -> Iterator[dict[str, Any]]:
    for row in run.rows:
        value = _finite(row["max_ulp_text"])
        if row["status"] == "measured" and value is not None:
            extra = f"{row['kind']}, {row['count']} inputs, {row['specials']} wrong specials"
            yield {
                "name": f"{row['routine']}, region {row['region']}, {row['sampler']}: max error",
                "unit": "ulp",
                "value": value,
                "extra": extra,
            }


def _times(run: Run) -> Iterator[dict[str, Any]]:
    for row in run.records("timing"):
        value = _finite(row["element_ns"])
        if row["status"] == "measured" and value is not None:
            half = (row["median_high_ns"] - row["median_low_ns"]) / 2 / row["size"]
            settings = f"n={row['size']}, {row['allocation']}, stride {row['stride']}"
            mode = f"{row['threads']} threads, {row['mode']}"
            yield {
                "name": f"{row['routine']}, region {row['region']}, {settings}, {mode}: time",
                "unit": "ns/element",
                "value": value,
                "range": f"± {half:.3g}",
            }


def _finite(value: str | float | None) -> float | None:
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None
