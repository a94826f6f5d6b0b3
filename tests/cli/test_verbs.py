"""What each verb prints and writes, with a runner that answers at once."""

from __future__ import annotations

import json

import pytest

from halfulp.runs.store import load_run
from halfulp.study.json_schema import run_json_schema

STUDY = """
schema = 1
title = "Mine"
seed = 5
[backend.numpy]
adapter = "numpy"
required = true
[[case]]
functions = ["exp", "log"]
backends = ["numpy", "math"]
formats = ["float32"]
inputs = ["edges"]
"""


@pytest.fixture
def study(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(STUDY)
    return path


# -- measure ---------------------------------------------------------------------------------


def test_measure_as_json(halfulp, runner) -> None:
    outcome = halfulp("measure", "exp", "--inputs", "edges", "--inputs", "spread:1e3", "--json")
    assert outcome.code == 0
    lines = [json.loads(line) for line in outcome.out.splitlines()]
    assert [line["sampler"] for line in lines] == ["edges", "spread:1000"]
    schema = run_json_schema()["$defs"]
    for line in lines:
        assert list(line) == schema["measurement"]["required"]
        assert list(line["witness"]) == schema["witness"]["required"]
    first = lines[0]
    assert first["routine"] == "exp/native/numpy/float32"
    assert first["max_ulp_interval"] == [0.5, 0.5000000000000543]
    assert (first["undecided"], first["specials"], first["max_steps"]) == (3, 1, 1)
    assert first["witness"]["want"] == "0x1.000002p+1"
    assert first["witness"]["want_bits"] == "0x40000001"


def test_measure_as_text(halfulp, runner) -> None:
    outcome = halfulp("measure", "exp", "--region", "-1:1", "--quiet")
    assert (outcome.code, outcome.err) == (0, "")
    assert "exp/native/numpy/float32" in outcome.out
    assert "0.500001 ulp, sampled (a lower bound: other inputs may be worse)" in outcome.out
    assert "over -1:1, seed 0: 1,000 inputs" in outcome.out
    assert "0x1.000002p+1  (2.0000002, bits 0x40000001)" in outcome.out
    assert "1 nan returned" in outcome.out
    assert "halfulp measure exp --inputs listed:0x1p+0" in outcome.out


def test_measure_options_reach_the_plan(halfulp, runner) -> None:
    words = "--backend numpy --backend math --format float64 --seed 9 --workers 1 --inputs edges"
    outcome = halfulp("measure", "pow", *words.split(), "--region", "0.5:2, -1:1")
    assert outcome.code == 0
    (plan,) = runner.plans
    assert plan.seed == 9
    assert runner.keywords["workers"] == 1
    assert [(row.routine.identity, row.bounds) for row in plan.rows] == [
        ("pow/native/numpy/float64", "0.5:2, -1:1"),
        ("pow/native/math/float64", "0.5:2, -1:1"),
    ]


def test_measure_a_function_that_begins_with_a_minus(halfulp, runner) -> None:
    assert halfulp("measure", "--json", "--", "-exp(x)").code == 0
    assert runner.plans[0].rows[0].routine.function == "-exp(x)"


def test_measure_default_inputs(halfulp, runner) -> None:
    halfulp("measure", "exp")
    halfulp("measure", "exp", "--format", "float16")
    taken = [[row.sampler for row in plan.rows] for plan in runner.plans]
    assert taken == [["edges", "spread:1000000"], ["exhaustive"]]


def test_nothing_measured_is_3_and_says_why(halfulp, runner) -> None:
    runner.unavailable = {"numpy": "NumPy has no erf."}
    outcome = halfulp("measure", "erf", "--quiet", "--json")
    assert outcome.code == 3
    assert "erf/native/numpy/float32 is unavailable: NumPy has no erf." in outcome.err
    assert json.loads(outcome.out.splitlines()[0])["status"] == "unavailable"


def test_some_measured_is_0(halfulp, runner) -> None:
    runner.unavailable = {"numpy": "NumPy has no erf."}
    outcome = halfulp("measure", "erf", "--backend", "numpy", "--backend", "math", "--quiet")
    assert (outcome.code, outcome.err) == (0, "")
    assert "unavailable" in outcome.out


def test_interrupted_measure_shows_what_was_finished(halfulp, runner) -> None:
    runner.interrupted = True
    outcome = halfulp("measure", "exp", "--json")
    assert outcome.code == 130
    statuses = [json.loads(line)["status"] for line in outcome.out.splitlines()]
    assert statuses == ["measured", "not measured"]


# -- run -------------------------------------------------------------------------------------


def test_run_writes_a_run_and_prints_where(halfulp, runner, study, tmp_path) -> None:
    outcome = halfulp("run", str(study), "--no-report", "--quiet")
    assert (outcome.code, outcome.err) == (0, "")
    run = load_run(outcome.out.strip())
    assert run.path.parent.name == "halfulp-runs"
    assert run.path.name.startswith("mine-")
    assert len(run.rows) == 4
    assert runner.plans[0].text == STUDY
    assert runner.plans[0].seed == 5


def test_run_into_a_named_folder_only_once(halfulp, runner, study, tmp_path) -> None:
    command = ("run", str(study), "--no-report", "--out", "here")
    assert halfulp(*command).out == "here\n"
    again = halfulp(*command)
    assert again.code == 2
    assert "Expected an empty or new folder for the run, but here is not empty." in again.err


def test_run_selects_and_takes_a_seed(halfulp, runner, study) -> None:
    words = "--only backend=math --only function=exp --seed 8 --no-report"
    assert halfulp("run", str(study), *words.split()).code == 0
    (plan,) = runner.plans
    assert [row.routine.identity for row in plan.rows] == ["exp/native/math/float32"]
    assert plan.seed == 8


def test_dry_run_runs_nothing(halfulp, runner, study, tmp_path) -> None:
    outcome = halfulp("run", str(study), "--dry-run")
    assert outcome.code == 0
    assert runner.plans == []
    assert outcome.out.splitlines()[1].split() == ["exp/native/numpy/float32", "all", "edges"]
    assert outcome.err == "halfulp: 4 rows; nothing was run.\n"
    assert list(tmp_path.iterdir()) == [study]


def test_summary_shows_the_worst(halfulp, runner, study) -> None:
    outcome = halfulp("run", str(study), "--no-report")
    assert "Errors (4 measured):" in outcome.err
    assert "0.500001" in outcome.err


def test_required_backend_missing_is_3(halfulp, runner, study) -> None:
    runner.unavailable = {"numpy": "numpy is not installed."}
    outcome = halfulp("run", str(study), "--no-report")
    assert outcome.code == 3
    assert "The required backend numpy is missing: numpy is not installed." in outcome.err


def test_other_backend_missing_is_0(halfulp, runner, study) -> None:
    runner.unavailable = {"math": "gone."}
    assert halfulp("run", str(study), "--no-report").code == 0


def test_nothing_measured_in_a_run_is_3(halfulp, runner, study) -> None:
    runner.unavailable = {"math": "gone.", "numpy": "gone too."}
    outcome = halfulp("run", str(study), "--no-report")
    assert outcome.code == 3
    assert "Nothing was measured (4 unavailable)" in outcome.err
    assert load_run(outcome.out.strip()).rows


def test_interrupted_run_is_130_and_saved(halfulp, runner, study) -> None:
    runner.interrupted = True
    outcome = halfulp("run", str(study), "--no-report")
    assert outcome.code == 130
    assert "interrupted; 1 of 4 rows are saved in halfulp-runs/mine-" in outcome.err
    assert load_run(outcome.out.strip()).manifest["status"] == "interrupted"


# -- the others ------------------------------------------------------------------------------


def test_list_backends_says_what_is_missing(halfulp, monkeypatch) -> None:
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "numpy" else found(name)
    )
    out = halfulp("list", "backends").out
    assert "unavailable: the package numpy is not installed" in out
    assert "math" in out


def test_list_studies(halfulp) -> None:
    assert "quick" in halfulp("list", "studies").out


def test_init_writes_a_study_that_can_be_planned(halfulp, tmp_path) -> None:
    assert halfulp("init").out == "study.toml\n"
    planned = halfulp("run", "study.toml", "--dry-run")
    assert planned.code == 0
    (tmp_path / "study.toml").write_text("mine")
    again = halfulp("init")
    assert again.code == 2
    assert "exists already, and is left as it is" in again.err
    assert (tmp_path / "study.toml").read_text() == "mine"


@pytest.mark.parametrize("what", ["study", "run"])
def test_schema_is_json(halfulp, what: str) -> None:
    assert json.loads(halfulp("schema", what).out)["title"] == f"halfulp {what}"


class _Form:
    suffix = ".txt"

    def render(self, run) -> str:
        return f"{len(run.rows)} rows"


@pytest.fixture
def form(monkeypatch):
    from halfulp.runs import forms

    monkeypatch.setattr(forms, "form_named", lambda _: _Form())


def test_report(halfulp, runner, study, form, tmp_path) -> None:
    folder = halfulp("run", str(study), "--no-report", "--out", "here").out.strip()
    assert halfulp("report", folder, "--as", "txt").out == "here/report.txt\n"
    assert (tmp_path / "here/report.txt").read_text() == "4 rows"
    assert halfulp("report", folder, "--as", "txt", "--out", "r.txt").out == "r.txt\n"
    assert halfulp("report", folder, "--as", "txt", "--out", "-").out == "4 rows"


def test_run_writes_the_report(halfulp, runner, study, form) -> None:
    outcome = halfulp("run", str(study), "--out", "here")
    assert outcome.code == 0
