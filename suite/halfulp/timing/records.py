"""From rounds to the records of the tables of timing (`halfulp.runs.schema`)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from halfulp.formats import format_named
from halfulp.judge.judging import PROFILE_CAP
from halfulp.reference.values import ONE
from halfulp.runs.schema import TIMING
from halfulp.timing import doubts
from halfulp.timing.statistics import (
    Interval,
    Line,
    Verdict,
    corrected,
    line,
    median,
    paired,
    percentile,
    verdict,
)

if TYPE_CHECKING:
    from halfulp.judge.tally import Tally
    from halfulp.subject.timed import Sample, Setting
    from halfulp.timing.machine import Machine
    from halfulp.timing.plan import Entry, Series
    from halfulp.timing.rounds import Course

Record = dict[str, Any]

DISPATCH = 0.5
"""A routine is bound by dispatch where more than this part of its time is the cost of a call."""

MEMORY = 0.5
"""It is bound by memory where it moves data at more than this part of a copy's speed."""

_RETURNED = 0.9

FITS = 0.25
"""A line whose largest relative residual is beyond this does not fit."""


@dataclass(frozen=True)
class Accuracy:
    """How many results were judged, and the largest error of these as a column has it."""

    checked: int
    max_ulp: float | None

    @classmethod
    def of(cls, tally: Tally) -> Accuracy:
        """Return what a tally says, rounded up."""
        extreme = tally.extremes.get("max_ulp")
        if extreme is None or extreme.value > PROFILE_CAP:
            return cls(tally["judged"], None)
        exact = Fraction(extreme.value, ONE)
        nearest = float(exact)
        up = nearest if nearest >= exact else math.nextafter(nearest, math.inf)
        return cls(tally["judged"], up)


def identity(series: Series, entry: Entry, setting: Setting) -> Record:
    """Return the columns that name a timed case."""
    routine = entry.routine
    return {
        "routine": routine.identity,
        "function": routine.function,
        "formula": routine.formula,
        "backend": routine.backend,
        "format": routine.format,
        "region": series.region,
        "size": setting.size,
        "allocation": setting.allocation,
        "stride": setting.stride,
        "threads": setting.threads,
        "mode": setting.mode,
    }


def untimed(series: Series, entry: Entry, setting: Setting, status: str, reason: str) -> Record:
    """Return the record of a case without figures."""
    columns = dict.fromkeys(column.name for column in TIMING)
    return {**columns, **identity(series, entry, setting), "status": status, "reason": reason}


def timed(
    series: Series,
    entry: Entry,
    setting: Setting,
    course: Course,
    accuracy: Accuracy,
    target_ns: float,
) -> Record:
    """Return the record of a case that has samples; `fits`, `bound` and the copy come later."""
    samples = [course.samples[number] for number in sorted(course.samples)]
    times = list(course.call_ns.values())
    middle = median(times)
    on_device = samples[0].device_ns is not None
    found = doubts.of_samples(
        samples, target_ns, threads=setting.threads, device=on_device or _waits(samples)
    )
    return {
        **untimed(series, entry, setting, "measured", ""),
        "reason": None,
        "call": course.shown or None,
        "checked": accuracy.checked,
        "max_ulp": accuracy.max_ulp,
        "calls": course.calls,
        "taken_percent": _taken(samples),
        "samples": len(samples),
        "median_ns": middle.middle,
        "median_low_ns": middle.low,
        "median_high_ns": middle.high,
        "p05_ns": percentile(times, 5),
        "p95_ns": percentile(times, 95),
        "element_ns": middle.middle / setting.size,
        "host_ns": _median_of("host_ns", samples) if on_device or _waits(samples) else None,
        "device_ns": _median_of("device_ns", samples) if on_device else None,
        "warnings": " ".join(found) or None,
        "rounds": sorted(course.samples),
        "raw_ns": [course.call_ns[number] for number in sorted(course.samples)],
    }


def _taken(samples: Sequence[Sample]) -> float:
    """Return the part of the time that was taken from the routine, and does not count."""
    own, whole = sum(sample.own_ns for sample in samples), sum(sample.ns for sample in samples)
    return 100 * (1 - own / whole)


def _waits(samples: Sequence[Sample]) -> bool:
    """Tell whether work goes on after calls have returned, as it does on a device."""
    return median([sample.host_ns / sample.ns for sample in samples]).middle < _RETURNED


def _median_of(what: str, samples: Sequence[Sample]) -> float:
    return median([getattr(sample, what) / sample.calls for sample in samples]).middle


def with_memory(record: Record, arity: int, machine: Machine, copy: float | None) -> Record:
    """Return a record with what its arrays mean to the memory."""
    width = format_named(record["format"]).width // 8
    size, stride = record["size"], record["stride"]
    held = width * size * (arity * stride + 1)
    moved = width * size * (arity + 1)
    speed = moved / record["median_ns"] if record["status"] == "measured" else None
    return {
        **record,
        "fits": machine.fits(held),
        "gb_per_s": speed,
        "copy_gb_per_s": None if speed is None else copy,
    }


def held_bytes(series: Series, size: int, arity: int) -> int:
    """Return the bytes of input and output of one call."""
    return format_named(series.format).width // 8 * size * (arity * series.stride + 1)


def with_bounds(records: Sequence[Record]) -> tuple[list[Record], Record | None]:
    """Return the records of one routine over its sizes with what limits it, and its fitted line.

    Parameters
    ----------
    records
        Of one routine, alike but for the size.
    """
    measured = [record for record in records if record["status"] == "measured"]
    inside = [record for record in measured if record["fits"] in {"L1", "L2"}]
    used = inside if len(inside) > 1 else measured
    fitted = line([r["size"] for r in used], [r["median_ns"] for r in used])
    bounded = [{**record, "bound": _bound(record, fitted)} for record in records]
    return bounded, _fit(measured[0], used, fitted) if measured and fitted else None


def _fit(record: Record, used: Sequence[Record], fitted: Line) -> Record:
    names = ("routine", "function", "formula", "backend", "format", "region")
    axes = ("allocation", "stride", "threads", "mode")
    good = fitted.largest_residual <= FITS
    return {
        **{name: record[name] for name in (*names, *axes)},
        "call_ns": fitted.call if good else None,
        "element_ns": fitted.element if good else None,
        "sizes": [each["size"] for each in used],
        "largest_residual": fitted.largest_residual,
    }


def _bound(record: Record, fitted: Line | None) -> str | None:
    """Return what limits a routine at a size, or None where that is not known."""
    if record["status"] != "measured" or fitted is None or record["mode"] == "latency":
        return None
    good = fitted.largest_residual <= FITS
    if good and fitted.call > DISPATCH * record["median_ns"]:
        return "dispatch"
    copy = record["copy_gb_per_s"]
    if copy and record["gb_per_s"] > MEMORY * copy:
        return "memory"
    return "compute"


def ratio(
    record: Record, base: Record | None, wanted: str, margin: float, comparisons: int
) -> Record:
    """Return the comparison of a case with that of the base.

    Parameters
    ----------
    record, base
        Records of the table `timing`; None where there is no base.
    wanted
        What to call the base where there is none.
    margin
        Ratios within a factor of 1 + margin are equivalent.
    comparisons
        How many ratios the table has.
    """
    confidence = corrected(comparisons)
    why, found = _incomparable(record, base), None
    if why is None and base is not None:
        found = paired(_by_round(record), _by_round(base), confidence)
        if found is None:
            why = "no round has both"
    names = ("routine", "function", "formula", "backend", "format", "region", "size")
    axes = ("allocation", "stride", "threads", "mode")
    interval, pairs = found or (None, 0)
    said: Verdict = "not comparable" if interval is None else verdict(interval, margin)
    if why is None and interval is not None and interval.low is None:
        why = (
            f"{pairs} paired rounds are too few for an interval of {100 * confidence:.6g} %, which "
            f"a table of {comparisons} ratios needs; raise `rounds`"
        )
    return {
        **{name: record[name] for name in (*names, *axes)},
        "base": wanted if base is None else base["routine"],
        **_interval(interval),
        "pairs": pairs,
        "confidence": confidence,
        "verdict": said,
        "reason": why,
    }


def _interval(interval: Interval | None) -> Record:
    middle, low, high = interval or (None, None, None)
    return {"ratio": middle, "ratio_low": low, "ratio_high": high}


def _incomparable(record: Record, base: Record | None) -> str | None:
    if base is None:
        return "the base was not timed here"
    for each in (record, base):
        if each["status"] != "measured":
            return f"{each['routine']} is {each['status']}: {each['reason']}"
    return None


def _by_round(record: Mapping[str, Any]) -> dict[int, float]:
    return dict(zip(record["rounds"], record["raw_ns"], strict=True))


def as_json(record: Record, ratios: Mapping[str, Any] | None) -> str:
    """Return a timed case and its ratio as one line of JSON, without the raw samples."""
    shown = {name: value for name, value in record.items() if name not in {"raw_ns", "rounds"}}
    if ratios is not None:
        shown |= {
            name: ratios[name]
            for name in ("base", "ratio", "ratio_low", "ratio_high", "confidence", "verdict")
        }
    return json.dumps(shown, allow_nan=False)
