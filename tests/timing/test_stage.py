"""The whole of timing on real libraries: what comes out, and what a crash costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from halfulp.cli import main
from halfulp.routines import Routine
from halfulp.runs.schema import TABLES
from halfulp.runs.store import Run, load_run
from halfulp.subject.timed import TimedSubject
from halfulp.timing.plan import Entry, Options, Series, TimingPlan
from halfulp.timing.stage import Timings, timings

QUICK = Options(sizes=(1, 1_000, 20_000), rounds=10, sample_ms=1)


def series(
    *entries: tuple[str, str], function: str = "exp", region: str = "normal", **axes: Any
) -> Series:
    made = [
        Entry(
            Routine(function, formula, backend, "float64"), None if formula == "native" else formula
        )
        for backend, formula in entries
    ]
    return Series(function, "float64", region, region, tuple(made), **axes)


def timed(
    *each: Series, options: Options = QUICK, settings: dict[str, dict[str, Any]] | None = None
) -> Timings:
    def make(label: str, threads: int) -> TimedSubject:
        adapter = label.partition("@")[0]
        known = (settings or {}).get(label, {})
        return TimedSubject(adapter, known, threads=threads, time_limit_s=1)

    return timings(TimingPlan(each, options), make)


@pytest.fixture(scope="module")
def two_libraries() -> Timings:
    return timed(
        series(("numpy", "native"), ("numpy", "1 / exp(-x)"), ("c", "native"), ("math", "native")),
        series(("numpy", "native"), ("c", "native"), function="tanh", region="tiny"),
    )


def test_every_case_has_a_row_with_the_columns_of_the_schema(two_libraries: Timings) -> None:
    assert len(two_libraries.tables["timing"]) == 3 * (4 + 2)
    for name, rows in two_libraries.tables.items():
        columns = {column.name for column in TABLES[name]}
        assert rows, name
        assert all(row.keys() == columns for row in rows), name


def test_figures_hang_together(two_libraries: Timings) -> None:
    for row in two_libraries.tables["timing"]:
        assert row["status"] == "measured"
        assert row["p05_ns"] <= row["median_ns"] <= row["p95_ns"]
        assert row["median_low_ns"] <= row["median_ns"] <= row["median_high_ns"]
        assert row["element_ns"] == pytest.approx(row["median_ns"] / row["size"])
        assert len(row["raw_ns"]) == len(row["rounds"]) == row["samples"] == 10
        assert row["gb_per_s"] == pytest.approx(16 * row["size"] / row["median_ns"])
        assert 0 <= row["taken_percent"] < 100
        assert row["call"]


def test_accuracy_is_that_at_the_timed_inputs(two_libraries: Timings) -> None:
    for row in two_libraries.tables["timing"]:
        expected = 1 if row["size"] == 1 and row["checked"] == 1 else 1_024
        assert row["checked"] == expected
        assert 0 < row["max_ulp"] < (2 if row["formula"] == "native" else 3)


def test_each_case_but_the_base_has_a_ratio(two_libraries: Timings) -> None:
    ratios = two_libraries.tables["timing_ratios"]
    assert len(ratios) == 3 * (3 + 1) == two_libraries.facts["comparisons"]
    assert {row["base"].split("/")[-2] for row in ratios} == {"numpy"}
    for row in ratios:
        assert row["ratio_low"] <= row["ratio"] <= row["ratio_high"]
        assert row["pairs"] == 10
        assert row["confidence"] == pytest.approx(1 - 0.05 / 12)


def test_what_is_known_of_these_libraries_is_found(two_libraries: Timings) -> None:
    ratios = {(row["routine"], row["size"]): row for row in two_libraries.tables["timing_ratios"]}
    assert ratios["exp/native/math/float64", 20_000]["verdict"] == "slower"
    assert ratios["exp/1 / exp(-x)/numpy/float64", 20_000]["verdict"] == "slower"
    assert ratios["exp/native/c/float64", 1]["verdict"] == "faster"


def test_the_cost_of_a_call_is_told_from_that_of_an_element(two_libraries: Timings) -> None:
    fits = {row["routine"]: row for row in two_libraries.tables["timing_fits"]}
    numpy, c = fits["exp/native/numpy/float64"], fits["exp/native/c/float64"]
    assert 50 < numpy["call_ns"] < 10_000
    assert c["call_ns"] is None or c["call_ns"] < numpy["call_ns"] / 3
    smallest = next(
        row
        for row in two_libraries.tables["timing"]
        if (row["routine"], row["size"]) == ("exp/native/numpy/float64", 1)
    )
    assert smallest["bound"] == "dispatch"


def test_stages_come_before_measuring(two_libraries: Timings) -> None:
    stages = [
        (row["backend"], row["routine"], row["stage"])
        for row in two_libraries.tables["timing_stages"]
    ]
    assert len(stages) == len(set(stages))
    assert stages[0] == ("numpy", None, "import")
    of_exp = [stage for _, routine, stage in stages if routine == "exp/native/c/float64"]
    assert of_exp == ["prepare", "first call", "warm-up"]


def test_a_base_that_is_not_there_is_no_comparison() -> None:
    found = timed(
        series(("numpy", "native"), ("math", "sinpi(x)")),
        options=Options(sizes=(100,), rounds=10, sample_ms=1, base="math"),
    )
    (ratio,) = found.tables["timing_ratios"]
    assert ratio["verdict"] == "not comparable"
    assert ratio["reason"].startswith("exp/sinpi(x)/math/float64 is unavailable")
    assert ratio["ratio"] is None


def test_inputs_at_which_one_routine_has_no_results_are_not_timed() -> None:
    found = timed(series(("numpy", "native"), ("numpy", "exp(x/2)**2 + 0*log(x + 60)")))
    rows = found.tables["timing"]
    assert {row["status"] for row in rows} == {"measured"}
    found = timed(series(("numpy", "native"), ("math", "native"), ("numpy", "exp(x) + 0*log(x)")))
    spoiled = [row for row in found.tables["timing"] if "log" in row["formula"]]
    assert {row["status"] for row in spoiled} == {"not measured"}
    assert "are valid for the others" in spoiled[0]["reason"]


def test_a_region_that_a_function_has_not_costs_its_rows_only() -> None:
    found = timed(
        series(("numpy", "native"), function="sin", region="subnormal-results"),
        series(("numpy", "native"), function="sin"),
    )
    by_region = {row["region"]: row["status"] for row in found.tables["timing"]}
    assert by_region == {"subnormal-results": "unavailable", "normal": "measured"}


@pytest.mark.parametrize(
    ("fault", "status", "reason"),
    [
        ("segfault", "crashed", "killed by SIGSEGV"),
        ("hang", "timed out", "no result within the limit"),
        ("give_up", "failed", "ArithmeticError: the routine gave up"),
    ],
)
def test_who_fails_in_the_middle_loses_its_own_rows_alone(
    fault: str, status: str, reason: str, mistimed_adapter: str
) -> None:
    # The fault strikes in the rounds: counting the calls of a sample takes fewer turns.
    label = f"{mistimed_adapter}@bad"
    found = timed(
        series(("numpy", "native"), (label, "native"), ("c", "native")),
        series(("numpy", "native"), (label, "native"), function="sin"),
        options=Options(sizes=(1, 100), rounds=10, sample_ms=1),
        settings={label: {"fault": fault, "after": 11}},
    )
    rows = {(row["function"], row["backend"], row["size"]): row for row in found.tables["timing"]}
    bad = rows["exp", label, 1]
    assert bad["status"] == status
    assert reason in bad["reason"]
    assert bad["median_ns"] is None
    good = [row for key, row in rows.items() if key[:2] != ("exp", label)]
    assert {row["status"] for row in good} == {"measured"}
    assert {row["samples"] for row in good} == {10}
    verdicts = {
        (row["function"], row["backend"]): row["verdict"]
        for row in found.tables["timing_ratios"]
        if row["size"] == 1
    }
    assert verdicts["exp", label] == "not comparable"
    assert verdicts["exp", "c"] == "faster"


def test_another_routine_of_a_crashed_process_goes_on(mistimed_adapter: str) -> None:
    # sin shares its process with exp, which ends it in the same rounds again and again.
    label = f"{mistimed_adapter}@bad"
    entries = (
        Entry(Routine("exp", "native", label, "float64")),
        Entry(Routine("sin", "native", label, "float64")),
        Entry(Routine("exp", "native", "numpy", "float64")),
    )
    mixed = Series("exp", "float64", "normal", "normal", entries)
    found = timed(
        mixed,
        options=Options(sizes=(1,), rounds=10, sample_ms=1),
        settings={label: {"fault": "segfault", "after": 11}},
    )
    rows = {row["routine"]: row for row in found.tables["timing"]}
    assert rows[f"exp/native/{label}/float64"]["status"] == "crashed"
    assert rows[f"sin/native/{label}/float64"]["samples"] == 10
    assert rows["exp/native/numpy/float64"]["samples"] == 10


def test_a_device_has_a_time_of_its_own(mistimed_adapter: str) -> None:
    label = f"{mistimed_adapter}@device"
    found = timed(
        series((label, "native"), ("numpy", "native"), function="cos"),
        options=Options(sizes=(1,), rounds=10, sample_ms=3),
    )
    device, host = found.tables["timing"]
    assert device["median_ns"] > 3e6
    assert device["host_ns"] < 1e6  # the call returned long before the work was done
    assert device["device_ns"] * device["calls"] == pytest.approx(2.5e6)
    assert host["host_ns"] is None
    assert host["device_ns"] is None


# -- in a study ------------------------------------------------------------------------------------

STUDY = """
schema = 1
[formula]
naive = "exp(x) - 1"
[region]
large = "8 : 80"
[[case]]
functions = ["expm1"]
formulas = ["native", "naive"]
backends = ["numpy", "c"]
formats = ["float32"]
inputs = ["spread:300"]
[timing]
base = "c"
sizes = [1, 5_000]
regions = ["large", "tiny"]
rounds = 10
sample_ms = 1
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("timed")
    study = folder / "study.toml"
    study.write_text(STUDY)
    assert main(["run", str(study), "--out", str(folder / "run"), "--no-report", "-q"]) == 0
    return load_run(folder / "run")


def test_a_study_times_after_it_has_judged(run: Run) -> None:
    rows = run.records("timing")
    assert len(rows) == 2 * 2 * 4
    assert {row["status"] for row in rows} == {"measured"}
    assert {row["region"] for row in rows} == {"large", "tiny"}
    ratios = run.records("timing_ratios")
    assert {row["base"] for row in ratios} == {"expm1/native/c/float32"}
    facts = run.manifest["timing"]
    assert facts["correction"] == "Bonferroni"
    assert facts["sampled_s"] < facts["wall_s"]
    assert len(run.rows) == 4


def test_a_run_can_be_reported_with_its_times(run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(run.path), "--as", "html"]) == 0
    page = Path(capfd.readouterr().out.strip()).read_text()
    assert "ns" in page


def test_a_dry_run_says_what_would_be_timed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    study = tmp_path / "study.toml"
    study.write_text(STUDY)
    assert main(["run", str(study), "--dry-run"]) == 0
    assert "timing: 16 cases, one at a time; about 0 s" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('base = "nmupy"', "The base 'nmupy' is no backend that is timed"),
        ('regions = ["larg"]', "Unknown region 'larg': did you mean `large`?"),
        (
            "rounds = 2",
            'key "timing", key "rounds": expected a whole number of samples of each, from 6',
        ),
        ("sizes = []", 'key "timing", key "sizes": expected a list of numbers of elements'),
        ("margins = 1", 'key "margins" is not understood'),
        ('allocations = ["new"]', 'key "allocations"'),
    ],
)
def test_a_mistake_in_the_table_is_a_sentence(
    line: str, said: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    key = line.partition(" ")[0]
    lines = [old for old in STUDY.splitlines() if not old.startswith(f"{key} =")]
    study = tmp_path / "study.toml"
    study.write_text("\n".join([*lines, line]))
    assert main(["run", str(study), "--dry-run"]) == 2
    assert said in capfd.readouterr().err
