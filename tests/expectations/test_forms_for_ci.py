"""What CI systems read: JUnit XML, GitHub's summary and annotations, figures over commits."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace

import pytest
from junitparser import JUnitXml

import halfulp
from halfulp.runs.forms import form_named
from halfulp.runs.schema import CLAIMS, LIMIT_VERDICTS
from halfulp.runs.store import with_records

HOSTILE = "a|b`<script>\x00\x1b]</testcase>&\n::error::x,y:z%0A😀" + "x" * 10_000

OUTCOMES = {
    "broken": "failure",
    "passes unexpectedly": "failure",
    "undecided": "failure",
    "not measured": "skipped",
}


@pytest.fixture(scope="module")
def broken(checked):
    """Return a run whose limits have every verdict, one after the other, and two claims."""
    run = halfulp.load_run(checked.folder / "good")
    limits = run.records("limits")
    for number, record in enumerate(limits):
        record["verdict"] = LIMIT_VERDICTS[number % len(LIMIT_VERDICTS)]
        record["reason"] = HOSTILE if number % 2 else "a reason"
    claim = dict.fromkeys((column.name for column in CLAIMS), None)
    claim |= {"number": 1, "source": "a manual", "says": HOSTILE, "kind": "bound", "claimed": "x"}
    claims = [claim | {"verdict": "false", "finding": "no"}, claim | {"verdict": "holds"}]
    return with_records(with_records(run, "limits", limits), "claims", claims)


def many(run, count: int):
    """Return a run with a great many broken limits."""
    record = run.records("limits")[0] | {"verdict": "broken", "reason": "too much " * 20}
    return with_records(run, "limits", [record | {"quantity": f"q{n}"} for n in range(count)])


def test_junit_has_the_same_counts(broken, tmp_path) -> None:
    file = tmp_path / "junit.xml"
    file.write_bytes(form_named("junit").render(broken))
    read = JUnitXml.fromfile(str(file))
    verdicts = [record["verdict"] for record in broken.records("limits")]
    outcomes = Counter(OUTCOMES.get(verdict, "passed") for verdict in verdicts)
    assert read.tests == len(verdicts) + 2
    assert read.failures == outcomes["failure"] + 1
    assert read.skipped == outcomes["skipped"]
    assert read.errors == 0
    found = Counter(
        type(result).__name__ for suite in read for case in suite for result in case.result
    )
    assert found == {"Failure": read.failures, "Skipped": read.skipped}
    assert all(suite.tests == len(list(suite)) for suite in read)


def test_junit_counts_a_crash_as_an_error(broken, tmp_path) -> None:
    rows = broken.rows
    rows[0] |= {"status": "crashed", "reason": "killed by SIGSEGV"}
    alone = with_records(with_records(broken, "accuracy", rows), "limits", [])
    file = tmp_path / "junit.xml"
    file.write_bytes(form_named("junit").render(alone))
    read = JUnitXml.fromfile(str(file))
    assert (read.tests, read.errors, read.failures) == (3, 1, 1)
    (error,) = (case for suite in read for case in suite if case.is_error)
    assert error.result[0].message == "killed by SIGSEGV"


def test_a_witness_and_its_command_are_in_the_failure(project) -> None:
    project.inject("if (x == 1.0f) return 2.0f;")
    project.check("accuracy.toml", "--only", "backend=ours", "--report", "junit=junit.xml")
    text = project.read("junit.xml")
    assert "at 0x1p+0: got 0x1p+1, want 0x1.b7e152p+0" in text


def test_the_summary_says_what_is_broken_and_what_was_not_measured(broken) -> None:
    text = form_named("github").render(broken)
    outcomes = Counter(
        OUTCOMES.get(record["verdict"], "passed") for record in broken.records("limits")
    )
    assert text.startswith("## ❌ halfulp: ")
    assert f"{outcomes['failure'] + 1} failed" in text
    assert f"{outcomes['skipped']} not measured" in text
    assert "<script>" not in text
    assert "\x00" not in text


def test_the_summary_keeps_within_what_github_takes(broken) -> None:
    text = form_named("github").render(many(broken, 20_000))
    assert len(text.encode()) <= 1024 * 1024
    assert text.endswith("Cut off at 1000 KiB: the run's report has the rest.\n")


def test_annotations_are_ten_lines_at_most(broken) -> None:
    render = form_named("github-annotations").render
    every = render(broken).splitlines()
    assert (
        len(every)
        == sum(
            record["verdict"] in ("broken", "passes unexpectedly", "undecided")
            for record in broken.records("limits")
        )
        + 1
    )
    lines = render(many(broken, 25)).splitlines()
    assert len(lines) == 10
    assert (
        lines[-1]
        == "::error title=halfulp::17 more are broken: the summary of this step names them."
    )
    assert all(re.fullmatch(r"::error title=[^\r\n:,]*(%[0-9A-F]{2}[^\r\n:,]*)*::[^\r\n]*", line)
               for line in every + lines)  # fmt: skip


def test_a_run_in_which_nothing_was_checked_is_no_success(broken) -> None:
    nothing = with_records(with_records(broken, "limits", []), "claims", [])
    text = form_named("github").render(nothing)
    assert "✅" not in text
    assert "nothing was checked" in text


def test_figures_over_commits(checked) -> None:
    run = halfulp.load_run(checked.folder / "good")
    entries = json.loads(form_named("action-benchmark").render(run))
    assert [entry["name"] for entry in entries] == sorted(entry["name"] for entry in entries)
    assert {entry["unit"] for entry in entries} == {"ulp"}
    values = {entry["name"]: entry["value"] for entry in entries}
    for row in run.rows:
        name = f"{row['routine']}, region {row['region']}, {row['sampler']}: max error"
        assert values[name] == float(row["max_ulp_text"])
    assert all(set(entry) >= {"name", "unit", "value"} for entry in entries)


def test_an_error_that_no_float_holds_is_left_out(checked) -> None:
    run = halfulp.load_run(checked.folder / "good")
    rows = run.rows
    rows[0] |= {"max_ulp": None, "max_ulp_low": None, "max_ulp_text": "9" * 400}
    entries = json.loads(form_named("action-benchmark").render(with_records(run, "accuracy", rows)))
    assert len(entries) == len(rows) - 1


def test_the_summary_is_appended_to_what_a_step_wrote_before(
    checked, tmp_path, monkeypatch
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    checked.check("good", "--report", f"github={summary}")
    assert summary.read_text().startswith("before\n## ✅ halfulp: ")


def test_forms_hold_whatever_a_run_says(broken) -> None:
    strange = replace(
        broken, manifest=broken.manifest | {"study": {"name": HOSTILE + "\ud800", "title": ""}}
    )
    for name in ("junit", "github", "github-annotations", "action-benchmark"):
        assert form_named(name).render(strange) is not None
