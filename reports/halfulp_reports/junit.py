"""The verdict as JUnit XML, which every CI system reads: a case a limit, a claim, a failed row.

What is broken is a failure; a routine that crashed, timed out or raised is an error; what was not
measured is skipped, which is no pass.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from halfulp_reports.checks import Check, checks_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from halfulp.runs.store import Run

_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAGS = {"failed": "failure", "error": "error", "skipped": "skipped"}


@dataclass(frozen=True)
class JUnitForm:
    """The JUnit form of report."""

    suffix: str = ".xml"

    def render(self, run: Run) -> bytes:
        """Return a suite for what each rule, the claims and the rows came to."""
        suites: dict[str, list[Check]] = {}
        for check in checks_of(run):
            suites.setdefault(check.group, []).append(check)
        root = ET.Element("testsuites", _counts(run_name(run), checks_of(run)))
        for name, checks in suites.items():
            suite = ET.SubElement(root, "testsuite", _counts(name, checks))
            suite.set("timestamp", _clean(str(run.manifest["started"])[:19]))
            for check in checks:
                suite.append(_case(check))
        ET.indent(root)
        content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
        return content + b"\n"


form = JUnitForm()
"""What the entry point `halfulp.reports` names."""


def run_name(run: Run) -> str:
    """Return what the run is called."""
    study = run.manifest["study"]
    return f"halfulp {study['name']}"


def _counts(name: str, checks: Iterable[Check]) -> dict[str, str]:
    outcomes = [check.outcome for check in checks]
    return {
        "name": _clean(name),
        "tests": str(len(outcomes)),
        "failures": str(outcomes.count("failed")),
        "errors": str(outcomes.count("error")),
        "skipped": str(outcomes.count("skipped")),
    }


def _case(check: Check) -> ET.Element:
    names = {"classname": _clean(check.subject), "name": _clean(check.name)}
    case = ET.Element("testcase", names)
    if check.outcome in _TAGS:
        message = {"message": _clean(check.message), "type": _clean(check.verdict)}
        inner = ET.SubElement(case, _TAGS[check.outcome], message)
        inner.text = _clean("\n".join(check.details))
    return case


def _clean(text: str) -> str:
    """Return text without the characters that XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)
