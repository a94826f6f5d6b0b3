"""Times as text: a block a function, format, region and way of calling, a table a size."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from halfulp.cli.state import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from halfulp.timing.stage import Timings

Record = dict[str, Any]

_AXES = ("function", "format", "region", "allocation", "stride", "threads", "mode")
_CASE = ("routine", "region", "size", "allocation", "stride", "threads", "mode")
_DIGITS = 4


def as_text(found: Timings) -> str:
    """Return tables of ns an element with intervals, ratios and what limits each routine."""
    tables = found.tables
    ratios = {_key(row, _CASE): row for row in tables["timing_ratios"]}
    blocks = []
    for axes, rows in _grouped(tables["timing"], _AXES).items():
        blocks.append(_title(rows[0]))
        for size, alike in _grouped(rows, ("size",)).items():
            blocks.append(f"\n  {_elements(size[0])}, {_place(alike[0]['fits'])}")
            blocks.append(_table(alike, ratios))
        fits = [row for row in tables["timing_fits"] if _key(row, _AXES) == axes]
        blocks += _lines(fits)
        blocks.append("")
    return "\n".join([*blocks, *_warnings(tables["timing"]), _footer(found.facts)])


def _grouped(rows: Iterable[Record], names: Sequence[str]) -> dict[tuple[Any, ...], list[Record]]:
    groups: dict[tuple[Any, ...], list[Record]] = {}
    for row in rows:
        groups.setdefault(_key(row, names), []).append(row)
    return groups


def _key(row: Record, names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


def _title(row: Record) -> str:
    parts = [f"{row['function']} in {row['format']}, {row['region']} inputs"]
    parts.append("output given" if row["allocation"] == "out" else "output made by each call")
    if row["stride"] != 1:
        parts.append(f"every {row['stride']}th element")
    if row["threads"] != 1:
        parts.append(f"{row['threads']} threads")
    if row["mode"] == "latency":
        parts.append("latency: each element waits for the last")
    return ", ".join(parts)


def _elements(size: int) -> str:
    return f"{size:,} element{'' if size == 1 else 's'}"


def _place(fits: str | None) -> str:
    return "in memory" if fits == "memory" else f"within {fits}"


def _table(rows: Sequence[Record], ratios: dict[tuple[Any, ...], Record]) -> str:
    """Return the routines of one size, a line each."""
    cells = [("ns/element", "95 % interval", "ratio", "interval", "verdict", "bound", "routine")]
    for row in rows:
        name = f"{row['backend']} {row['formula']}"
        if row["status"] != "measured":
            cells.append(("-", "-", "-", "-", row["status"], "-", f"{name}: {row['reason']}"))
            continue
        times = (_short(row["element_ns"]), _times(row), *_ratio(ratios.get(_key(row, _CASE))))
        mark = " *" if row["warnings"] else ""
        cells.append((*times, row["bound"] or "-", f"{name}{mark}"))
    return "\n".join(f"  {line}" for line in table(cells).splitlines())


def _times(row: Record) -> str:
    if row["median_low_ns"] is None:
        return "-"
    low, high = (row[name] / row["size"] for name in ("median_low_ns", "median_high_ns"))
    return f"{_short(low)} .. {_short(high)}"


def _ratio(row: Record | None) -> tuple[str, str, str]:
    if row is None:
        return "1", "-", "base"
    if row["ratio"] is None or row["ratio_low"] is None:
        return _short(row["ratio"]), "-", row["verdict"]
    interval = f"{_short(row['ratio_low'])} .. {_short(row['ratio_high'])}"
    return _short(row["ratio"]), interval, row["verdict"]


def _short(value: float | None) -> str:
    """Return a number in four digits, never with an exponent where it is longer for it."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 10**_DIGITS else f"{value:.{_DIGITS}g}"


def _lines(fits: Sequence[Record]) -> list[str]:
    """Return what was fitted: the cost of a call and of an element."""
    good = [fit for fit in fits if fit["call_ns"] is not None]
    if not good:
        return []
    said = [
        (
            f"    {fit['backend']} {fit['formula']}",
            f"{_short(fit['call_ns'])} ns a call + {_short(fit['element_ns'])} ns an element",
            f"sizes {fit['sizes'][0]:,} to {fit['sizes'][-1]:,}",
        )
        for fit in good
    ]
    return ["\n  t = a + b n", table(said)]


def _warnings(rows: Sequence[Record]) -> list[str]:
    """Return each kind of warning once, with the number of cases that it is about."""
    said = [row["warnings"] for row in rows if row["warnings"]]
    kinds = Counter(text.partition(":")[0] for text in said)
    first = {text.partition(":")[0]: text for text in reversed(said)}
    return [
        f"* {count} of {len(rows)} cases, such as: {first[kind]}" for kind, count in kinds.items()
    ]


def _footer(facts: dict[str, Any]) -> str:
    share = 100 * facts["confidence"]
    return (
        f"{facts['comparisons']} ratios, each with an interval of {share:.6g} % (Bonferroni), so "
        f"that all hold with 95 %; margin {100 * facts['margin']:g} %. "
        f"{facts['sampled_s']:.1f} s of samples in {facts['wall_s']:.1f} s."
    )
