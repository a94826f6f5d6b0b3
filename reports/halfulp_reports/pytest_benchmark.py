"""The timing of a run as pytest-benchmark saves it, for `pytest-benchmark compare` and its like.

A case is a benchmark, its rounds are the rounds. Seconds, as that format has them.
"""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from halfulp.exceptions import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from halfulp.runs.store import Run

Record = dict[str, Any]

FORMAT_VERSION = "5.1.0"
"""The version of pytest-benchmark whose files these are like."""

_AXES = ("size", "allocation", "stride", "threads", "mode")
_INFO = (
    *("routine", "region", *_AXES, "call", "fits", "element_ns", "median_low_ns", "median_high_ns"),
    *("gb_per_s", "copy_gb_per_s", "bound", "checked", "max_ulp", "warnings"),
)
_REACH = 1.5
"""Quartile distances beyond the quartiles within which samples are no outliers."""


@dataclass(frozen=True)
class PytestBenchmarkForm:
    """The form of report that pytest-benchmark reads."""

    suffix: str = ".benchmark.json"

    def render(self, run: Run) -> str:
        """Return the timed cases of a run.

        Raises
        ------
        UsageError
            If nothing was timed.
        """
        rows = [row for row in run.records("timing") if row["status"] == "measured"]
        if not rows:
            raise UsageError(
                f"Nothing was timed in {run.path}, so there is nothing for pytest-benchmark: a "
                "study times where it has a [timing] table."
            )
        document = {
            "machine_info": _machine(run),
            "commit_info": {
                "id": None, "time": None, "author_time": None, "dirty": False,
                "project": run.manifest["study"]["name"], "branch": None,
            },
            "benchmarks": [_benchmark(row) for row in rows],
            "datetime": run.manifest["finished"],
            "version": FORMAT_VERSION,
        }  # fmt: skip
        return json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


form = PytestBenchmarkForm()
"""What the entry point `halfulp.reports` names."""


def _machine(run: Run) -> Record:
    """Return the machine; comparisons warn where `cpu` or the Python differ."""
    known = run.manifest["environment"]
    implementation, _, version = known.get("python", "").partition(" ")
    system, _, release = known.get("system", "").partition(" ")
    return {
        "node": None,
        "processor": known.get("processor"),
        "machine": known.get("machine"),
        "python_implementation": implementation,
        "python_version": version,
        "system": system,
        "release": release,
        "cpu": {"brand_raw": known.get("processor"), "count": known.get("cores")},
        "halfulp": run.manifest["halfulp"],
    }


def _benchmark(row: Record) -> Record:
    name = f"{row['routine']}[{row['region']}-{'-'.join(str(row[axis]) for axis in _AXES)}]"
    group = f"{row['function']} {row['format']} {row['region']} {row['size']}"
    return {
        "group": group,
        "name": name,
        "fullname": name,
        "params": {axis: row[axis] for axis in ("region", *_AXES)},
        "param": name.partition("[")[2].rstrip("]"),
        "extra_info": {key: row[key] for key in _INFO},
        "options": {
            "disable_gc": True,
            "timer": "perf_counter_ns",
            "min_rounds": row["samples"],
            "warmup": True,
        },
        "stats": _stats([ns / 1e9 for ns in row["raw_ns"]], row["calls"]),
    }


def _stats(data: Sequence[float], calls: int) -> Record:
    """Return the statistics that the format has; quartiles as pytest-benchmark takes them."""
    first, third = _quartiles(data)
    mean = statistics.fmean(data)
    spread = statistics.stdev(data) if len(data) > 1 else 0.0
    low, high = first - _REACH * (third - first), third + _REACH * (third - first)
    far = sum(abs(value - mean) > spread for value in data)
    outside = sum(value < low or value > high for value in data)
    return {
        "min": min(data),
        "max": max(data),
        "mean": mean,
        "stddev": spread,
        "rounds": len(data),
        "median": statistics.median(data),
        "iqr": third - first,
        "q1": first,
        "q3": third,
        "iqr_outliers": outside,
        "stddev_outliers": far,
        "outliers": f"{far};{outside}",
        "ld15iqr": min(value for value in data if value >= low),
        "hd15iqr": max(value for value in data if value <= high),
        "ops": 1 / mean,
        "total": sum(data),
        "data": list(data),
        "iterations": calls,
    }


def _quartiles(data: Sequence[float]) -> tuple[float, float]:
    """Return the medians of the lower and of the upper half."""
    if len(data) == 1:
        return data[0], data[0]
    ordered, half = sorted(data), len(data) // 2
    return statistics.median(ordered[:half]), statistics.median(ordered[-half:])
