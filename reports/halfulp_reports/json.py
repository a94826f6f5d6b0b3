"""The report as one small sorted JSON file, to commit and to compare with.

Each line between the brackets is what `measure --json` prints for that row; its schema is
`$defs/measurement` of `halfulp schema run`. Nothing in it depends on when the run took place.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from halfulp.exceptions import RunError
from halfulp.measurement import Figures
from halfulp.runs.speed import speed

if TYPE_CHECKING:
    from halfulp.expectations.comparison import Change, Comparison, SpeedChange
    from halfulp.runs.store import Run

_ABOUT = ("halfulp", "command", "status", "environment", "backends")


@dataclass(frozen=True)
class JsonForm:
    """The JSON form of report."""

    suffix: str = ".json"

    def render(self, run: Run) -> str:
        """Return limits, claims, times, and the rows in order of their identity, a line each."""
        study = {name: run.manifest["study"][name] for name in ("name", "title", "seed")}
        about = {"schema": run.manifest["schema"], "study": study}
        about |= {name: run.manifest[name] for name in _ABOUT}
        about["corpus"] = run.manifest.get("corpus")
        # The lists are the last members, so that each item keeps a line of its own.
        head = json.dumps(about, allow_nan=False, indent=1).removesuffix("\n}")
        promised = {
            name: [json.dumps(record, allow_nan=False) for record in run.records(name)]
            for name in ("limits", "claims")
        }
        lists = {**promised, "speed": _speed(run), "measurements": _rows(run)}
        listed = (f' "{name}": [\n' + ",\n".join(items) + "\n]" for name, items in lists.items())
        return head + ",\n" + ",\n".join(listed) + "}\n"

    def render_comparison(self, comparison: Comparison) -> str:
        """Return what became of every row and time, worst first, a line each."""
        about = {
            "before": comparison.base.name, "now": comparison.head.name,
            "differences": [asdict(item) for item in comparison.differences],
            "rows": comparison.counts, "times": comparison.speed_counts,
        }  # fmt: skip
        head = json.dumps(about, allow_nan=False, indent=1).removesuffix("\n}")
        lists = {
            "changes": [json.dumps(_changed(item), allow_nan=False) for item in comparison.changes],
            "speed_changes": [
                json.dumps(_paced(item), allow_nan=False) for item in comparison.speeds
            ],
        }
        listed = (f' "{name}": [\n' + ",\n".join(items) + "\n]" for name, items in lists.items())
        return head + ",\n" + ",\n".join(listed) + "}\n"


form = JsonForm()
"""What the entry point `halfulp.reports` names."""


def _speed(run: Run) -> list[str]:
    """Return the timed cases as JSON in order."""
    found = speed(run.records("timing"), run.records("timing_ratios"))
    return [json.dumps(record, allow_nan=False) for record in found]


def _rows(run: Run) -> list[str]:
    """Return the rows as JSON in order.

    Raises
    ------
    RunError
        If a figure is none: the run was damaged or made by hand.
    """
    try:
        found = Figures.from_tables(run.rows, run.records("witnesses"))
        found.sort(key=lambda row: (row.routine, row.region, row.sampler))
        return [json.dumps(row.as_dict(), allow_nan=False) for row in found]
    except ValueError as error:
        raise RunError(
            f"The run is damaged: expected numbers in its tables, got {error}."
        ) from error


def _changed(change: Change) -> dict[str, Any]:
    """Return a row of a comparison; figures as decimal text, for they may have any size."""
    routine, region, sampler = change.key
    figures = {
        figure.name: {
            "before": [f"{end:f}" for end in figure.before],
            "now": [f"{end:f}" for end in figure.now],
            "direction": figure.direction,
        }
        for figure in change.figures
    }
    witness = change.now.witness if change.now else None
    return {
        "routine": routine, "region": region, "sampler": sampler, "verdict": change.verdict,
        "reason": change.reason, "figures": figures,
        "witness": witness.model_dump() if witness else None,
    }  # fmt: skip


def _paced(change: SpeedChange) -> dict[str, Any]:
    timed = change.now or change.before
    key = timed.key if timed else ()
    return {
        "routine": change.routine, "case": list(key[1:]), "verdict": change.verdict,
        "reason": change.reason, "ratio": change.ratio,
    }  # fmt: skip
