"""`halfulp check` as users call it: what is broken fails for the right reason, the rest passes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import halfulp

STUDY = "accuracy.toml"
OURS = (STUDY, "--only", "backend=ours")


def test_a_good_kernel_passes(checked) -> None:
    done = checked.check_in_a_shell("good", "--require")
    assert done.returncode == 0
    assert done.stdout.startswith("passed. 10 limits: ")
    run = halfulp.load_run(checked.folder / "good")
    assert {row["verdict"] for row in run.records("limits")} <= {"kept", "loose"}


def test_two_ulp_at_one_input_of_the_corpus(project) -> None:
    project.inject("if (x == 0x1.80dd4ep-3f) return 0x1.a767a6p-3f;")  # 2 steps above the right one
    done = project.check(*OURS)
    assert done.returncode == 1
    assert "broken: expm1/native/ours/float32, region all, corpus: max_ulp" in done.stdout
    assert "at 0x1.80dd4ep-3: got 0x1.a767a6p-3, want 0x1.a767" in done.stdout
    assert "at most 0.51 is allowed (limits.toml, limit 1)" in done.stdout
    assert "FAILED: 1 broken" in done.stdout


def test_a_zero_of_the_wrong_sign(project) -> None:
    project.inject("if (x == 0.0f) return 0.0f;")
    done = project.check_in_a_shell(*OURS)
    assert done.returncode == 1
    assert "broken: expm1/native/ours/float32, region all, edges: special_mismatches" in done.stdout
    assert "at -0x0p+0: got 0x0p+0, want -0x0p+0" in done.stdout


def test_a_missing_kernel_is_no_pass(project) -> None:
    project.write("kernels.c", project.read("kernels.c").replace("ours_expm1f", "ours_other"))
    done = project.check(*OURS)
    assert done.returncode == 3
    assert (
        "the required backend ours is missing: kernels.c has no symbol ours_expm1f" in done.stderr
    )
    assert "not measured: expm1/native/ours/float32" in done.stdout


def test_a_backend_that_is_not_required_fails_under_require_only(project) -> None:
    project.write(STUDY, project.read(STUDY).replace("example_kernels:", "no_such_module:"))
    lenient, required = project.check(STUDY), project.check(STUDY, "--require")
    assert (lenient.returncode, required.returncode) == (0, 3)
    assert "ModuleNotFoundError: No module named 'no_such_module'" in lenient.stdout
    assert "FAILED: 4 not measured" in required.stdout


def test_a_crash_is_broken_although_nothing_is_wrong_with_the_figures(project) -> None:
    project.inject("if (x == 1.0f) { volatile int *nowhere = 0; *nowhere = 1; }")
    project.write("limits.toml", '[[limit]]\nfunction = "softplus"\nmax_ulp = 1\n')
    done = project.check(*OURS)
    assert done.returncode == 1
    assert (
        "crashed: expm1/native/ours/float32, region all, edges\n    killed by SIGSEGV"
        in done.stdout
    )


def test_a_false_claim_is_broken_and_an_open_one_is_missing(project) -> None:
    claim = '[[claim]]\nsource = "a manual"\nsays = "{0}"\nfunction = "expm1"\n{1}\n'
    study = project.read(STUDY).replace('limit_files = ["limits.toml"]\n', "")
    project.write("claims.toml", study + claim.format("exact", "max_ulp = 0.25"))
    false = project.check("claims.toml", "--only", "backend=ours")
    assert false.returncode == 1
    assert "false: claim 1 (a manual): exact" in false.stdout
    faster = claim.format("faster", 'backend = "ours"\nfaster_than = { backend = "numpy" }')
    project.write("claims.toml", study + faster)
    lenient = project.check("claims.toml", "--only", "backend=ours")
    required = project.check("claims.toml", "--only", "backend=ours", "--require")
    assert (lenient.returncode, required.returncode) == (0, 3)
    assert "not measured: claim 1 (a manual): faster" in lenient.stdout


# -- expected failures, loose limits ---------------------------------------------------------------

FAILING = """
[[limit]]
max_ulp = 0.51
[[limit]]
backend = "ours"
expect = "fail"
reason = "a known defect"
issue = "https://example.org/7"
"""


def test_an_expected_failure_fails_when_it_starts_to_pass(project) -> None:
    project.write("limits.toml", FAILING)
    passing = project.check(*OURS)
    assert passing.returncode == 1
    assert "passes unexpectedly: expm1/native/ours/float32" in passing.stdout
    assert "a known defect https://example.org/7" in passing.stdout
    project.inject("if (x == 1.0f) return 2.0f;")
    failing = project.check(*OURS)
    assert failing.returncode == 0
    assert "1 fails as expected" in failing.stdout


def test_a_loose_limit_fails_under_strict(checked, tmp_path) -> None:
    limits = tmp_path / "loose.toml"
    limits.write_text("[[limit]]\nmax_ulp = 3\n")
    lenient = checked.check("good", "--limits", str(limits))
    strict = checked.check("good", "--limits", str(limits), "--strict")
    assert (lenient.returncode, strict.returncode) == (0, 1)
    assert "1 loose" in lenient.stdout
    assert "0.5 would be enough for all that the rule bounds" in strict.stdout


def test_limits_are_tightened_and_comments_survive(checked, tmp_path) -> None:
    limits = tmp_path / "limits.toml"
    text = "# ours\r\n[[limit]]\r\nmax_ulp = 3.0   # much too much\r\nmax_steps = 0 # right\r\n"
    limits.write_bytes(text.encode())
    done = checked.check("good", "--limits", str(limits), "--update-limits")
    assert done.returncode == 0, done.stdout
    assert "limits.toml, limit 1 (everything): max_ulp 3 -> 0.5" in done.stderr
    assert limits.read_bytes().decode() == text.replace("3.0 ", "0.5 ")


def test_limits_are_loosened_only_if_that_is_allowed(checked, tmp_path) -> None:
    limits = tmp_path / "limits.toml"
    limits.write_text("[[limit]]\nmax_ulp = 0.25\n")
    kept = checked.check("good", "--limits", str(limits), "--update-limits")
    assert kept.returncode == 1
    assert limits.read_text() == "[[limit]]\nmax_ulp = 0.25\n"
    raised = checked.check("good", "--limits", str(limits), "--update-limits", "--allow-loosen")
    assert raised.returncode == 0
    assert limits.read_text() == "[[limit]]\nmax_ulp = 0.5\n"


def test_a_limit_in_the_study_itself_is_tightened_there(project) -> None:
    study = 'schema = 1\n# the only case\n[[case]]\nfunctions = ["sqrt"]\nbackends = ["numpy"]\n'
    study += 'formats = ["float16"]\ninputs = ["spread:500"]\n[[limit]]\nmax_ulp = 2 # enough\n'
    project.write("root.toml", study)
    done = project.check("root.toml", "--update-limits")
    assert done.returncode == 0, done.stderr
    assert project.read("root.toml") == study.replace("max_ulp = 2 ", "max_ulp = 0.5 ")


# -- baselines -------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def baseline(checked) -> str:
    path = checked.folder / "baseline.json"
    done = checked.halfulp("report", "good", "--as", "json", "--out", str(path))
    assert done.returncode == 0
    return str(path)


def test_a_run_is_no_worse_than_itself(checked, baseline) -> None:
    by_file = checked.check("good", "--baseline", baseline, "--require")
    by_run = checked.check("good", "--baseline", "good", "--require")
    assert (by_file.returncode, by_run.returncode) == (0, 0), by_file.stdout
    assert by_file.stdout == by_run.stdout


def test_worse_than_the_baseline(project, baseline) -> None:
    project.inject("if (x > 2.0f && x < 2.1f) return nextafterf((float)expm1(x), 99.0f);")
    project.write("limits.toml", "[[limit]]\nmax_ulp = 9\n")
    done = project.check(*OURS, "--baseline", baseline)
    assert done.returncode == 1
    assert "in the baseline 0.49901" in done.stdout
    assert f"(baseline {baseline})" in done.stdout
    assert "wrongly_rounded_percent" in done.stdout


def test_a_case_that_one_side_lacks_is_told_and_fails_under_require(project, baseline) -> None:
    project.write(STUDY, project.read(STUDY).replace('"edges"', '"grid:50"'))
    lenient = project.check(*OURS, "--baseline", baseline)
    assert lenient.returncode == 0
    assert "the baseline has this case, the run has not" in lenient.stdout
    assert "the baseline has no such case" in lenient.stdout
    assert project.check(*OURS, "--baseline", baseline, "--require").returncode == 3


def test_other_inputs_are_not_compared(project, baseline) -> None:
    done = project.check(*OURS, "--baseline", baseline, "--seed", "5")
    assert done.returncode == 0
    assert "other inputs: seed 5, in the baseline 0" in done.stdout


TIMED = """
schema = 1
[backend.ours]
adapter = "c"
source = "kernels.c"
symbols = { expm1 = { float32 = "ours_expm1f" } }
[backend.same]
adapter = "c"
source = "same.c"
symbols = { expm1 = { float32 = "ours_expm1f" } }
[[case]]
functions = ["expm1"]
backends = ["ours", "same"]
formats = ["float32"]
inputs = ["spread:200"]
[timing]
base = "same"
sizes = [10000]
[[limit]]
backend = "ours"
max_slowdown = 1.05
"""


@pytest.mark.slow
def test_ten_percent_slower(project) -> None:
    project.write("timed.toml", TIMED)
    shutil.copy(project.folder / "kernels.c", project.folder / "same.c")
    before = project.check("timed.toml", "--out", "before")
    assert before.returncode == 0, before.stdout
    # one more term of the polynomial for each ten, and then some
    project.write("kernels.c", project.read("kernels.c").replace("int n = 13", "int n = 16"))
    after = project.check("timed.toml", "--out", "after", "--baseline", "before")
    assert after.returncode == 1, after.stdout
    assert "broken: expm1/native/ours/float32, region normal, n=10000: max_slowdown" in after.stdout
    assert "times the base's time; at most 1.05 is allowed (study timed, limit 1)" in after.stdout
    assert "times the baseline's time, against expm1/native/same/float32" in after.stdout


# -- what cannot be checked ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[limit]]\nmax_ulp = 1\n\n[[limit]]\nmax_ulps = 1\n", 'line 4: limit 2, key "max_ulps"'),
        (
            "[[limit]]\nmax_ulp = -1\n",
            "expected a number of ulp, 0 or more, such as 1.0, but got -1",
        ),
        ("[[limit]]\nmax_ulp =\n", "is not TOML"),
        ("", "holds no [[limit]] table"),
        ('[[limit]]\nexpect = "fail"\n', 'expect = "fail" needs a reason'),
    ],
)
def test_malformed_limits(checked, tmp_path, text, said) -> None:
    limits = tmp_path / "limits.toml"
    limits.write_text(text)
    done = checked.check("good", "--limits", str(limits), "--update-limits")
    assert done.returncode == 2
    assert said in done.stderr
    assert limits.read_text() == text


def test_malformed_limits_of_a_study_come_out_before_it_is_run(project) -> None:
    project.write("limits.toml", "[[limit]]\nmax_steps = 0.5\n")
    done = project.check(STUDY)
    assert done.returncode == 2
    assert "limits.toml, line 1: limit 1" in done.stderr
    assert project.runs() == []


def damaged(text: str) -> str:
    document = json.loads(text)
    document["measurements"][2]["count"] = "many"
    return json.dumps(document)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace('"schema": ', '"schema": 99'), "Update halfulp to read it."),
        (lambda text: text[:-9], "is damaged: expected JSON"),
        (damaged, "is damaged at measurements.3.count"),
        (lambda text: "[]", "is no baseline"),
    ],
)
def test_a_baseline_that_cannot_be_read(checked, baseline, tmp_path, change, said) -> None:
    other = tmp_path / "other.json"
    other.write_text(change(Path(baseline).read_text()))
    done = checked.check("good", "--baseline", str(other))
    assert done.returncode == 2
    assert said in done.stderr


def test_a_truncated_run_and_one_that_is_still_being_written(checked, tmp_path) -> None:
    truncated, running = tmp_path / "truncated", tmp_path / "running"
    for folder in (truncated, running):
        shutil.copytree(checked.folder / "good", folder)
    content = (truncated / "accuracy.parquet").read_bytes()
    (truncated / "accuracy.parquet").write_bytes(content[: len(content) // 2])
    manifest = json.loads((running / "run.json").read_text())
    (running / "run.json").write_text(json.dumps(manifest | {"status": "running"}))
    first, second = checked.check(str(truncated)), checked.check(str(running))
    assert (first.returncode, second.returncode) == (2, 2)
    assert "accuracy.parquet is damaged" in first.stderr
    assert "still" in second.stderr or "running" in second.stderr
    assert checked.check("good", "--baseline", str(truncated)).returncode == 2


def test_an_interrupted_run_is_no_pass(checked, tmp_path) -> None:
    folder = tmp_path / "interrupted"
    shutil.copytree(checked.folder / "good", folder)
    manifest = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(manifest | {"status": "interrupted"}))
    done = checked.check(str(folder))
    assert done.returncode in {3, 130}
    assert "`halfulp resume` goes on with it" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["good", "--only", "backend=numpy"], "--only is for a study that is carried out"),
        (["good", "--update-limits"], "needs the file: --limits FILE"),
        (["good", "--allow-loosen"], "goes with --update-limits"),
        (["good", "--report", "junit"], "Expected FORM=FILE"),
        (["good", "--report", "no-such=x"], "Unknown form of report 'no-such'"),
        (["good", "--limits", "nowhere.toml"], "Expected a file of limits at nowhere.toml"),
        (["good", "--baseline", "nowhere.json"], "There is no baseline nowhere.json"),
        (["good", "--max-slowdown", "0.5"], "Expected a ratio of 1 or more"),
        (["quick"], "There is nothing to check: the study quick has no [[limit]]"),
        (["quick", "--update-corpus"], "The study quick names no corpus"),
        ([STUDY, "--update-limits", "--only", "backend=ours"], "needs the whole study"),
        (["no/such/run"], "Expected a run's folder"),
    ],
)
def test_options_that_do_not_fit(checked, arguments, said) -> None:
    before = sorted(checked.folder.rglob("*"))
    done = checked.check(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert sorted(checked.folder.rglob("*")) == before
