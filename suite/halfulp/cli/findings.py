"""The verdict of a check as text: what is broken first, each with its witness and its command."""

from __future__ import annotations

import textwrap
from collections import Counter
from typing import TYPE_CHECKING

from halfulp.expectations.claims import tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from halfulp.expectations.verdict import Finding, Verdict

MOST = 20
"""Findings of a grade that are printed; reports have all."""

_INDENT = "    "


def as_text(verdict: Verdict, *, require: bool, strict: bool) -> str:
    """Return the findings, then one line with the counts."""
    lines = []
    for grade in ("broken", "missing", *(["loose"] if strict else [])):
        found = [finding for finding in verdict.findings if finding.grade == grade]
        lines += [_block(finding) for finding in found[:MOST]]
        if len(found) > MOST:
            lines.append(f"... and {len(found) - MOST} more that are {_WORDS[grade]}")
    failing = verdict.failing(require=require, strict=strict)
    return "\n".join([*lines, _summary(verdict, failing)])


_WORDS = {"broken": "broken", "missing": "not measured", "loose": "loose"}


def _block(finding: Finding) -> str:
    rule = f" ({finding.rule})" if finding.rule else ""
    lines = [f"{finding.verdict}: {finding.subject}", f"{_INDENT}{finding.reason}{rule}"]
    if finding.witness is not None:
        want = finding.want if finding.want is not None else "undecided"
        lines.append(f"{_INDENT}at {finding.witness}: got {finding.got}, want {want}")
    if finding.command is not None:
        lines.append(f"{_INDENT}repeat: {finding.command}")
    if finding.note or finding.issue:
        lines.append(f"{_INDENT}{' '.join(filter(None, (finding.note, finding.issue)))}")
    return "\n".join(lines)


def _summary(verdict: Verdict, failing: Sequence[Finding]) -> str:
    parts = [f"{number} {name}" for name, number in verdict.counts.items()]
    total = sum(verdict.counts.values())
    limits = f"{total} limit{'' if total == 1 else 's'}: {', '.join(parts) or 'none'}"
    claims = verdict.tables.get("claims", ())
    told = "; ".join([limits, *([tally(claims)] if claims else [])])
    if not failing and not verdict.absent:
        return f"passed. {told}"
    grades = Counter(_WORDS[finding.grade] for finding in failing)
    why = ", ".join(f"{number} {name}" for name, number in grades.items())
    return textwrap.shorten(f"FAILED{': ' if why else ''}{why}. {told}", 1000)
