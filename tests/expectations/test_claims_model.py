"""Claims in a study: what is accepted, what is refused and how, and what a run makes of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from halfulp.exceptions import UsageError
from halfulp.runs.store import load_run
from halfulp.study.json_schema import study_json_schema
from halfulp.study.model import Study
from halfulp.study.plan import make_plan
from halfulp.study.runner import execute

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from halfulp.study.plan import Plan

STUDY = """
schema = 1
[formula]
naive = "exp(x) - 1"
[[case]]
functions = ["expm1"]
formulas = ["native", "naive"]
backends = ["numpy"]
formats = ["float32"]
inputs = ["grid:9"]
"""
HEAD = '[[claim]]\nsource = "a page"\nsays = "so"\n'
CODE = 'backend = "numpy"\ncode = "1.0"\n'
ONE = 'prints = "1"\n'


def plan(claim: str, only: Sequence[str] = ()) -> Plan:
    return make_plan(Study.from_text(f"{STUDY}{HEAD}{claim}", "mine"), only)


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ("", "expected something to settle: one of prints, gives"),
        (ONE, "prints needs code or an expression that gives it, or exact values"),
        (f'{ONE}code = "1"', "expected the label of one backend"),
        (f'{ONE}{CODE}expression = "x"\nat = [1]', "code or an expression, but got both"),
        (f'prints = "none"\n{CODE}', "prints has no number in it: 'none'"),
        (f'prints = "[1, ..., 3]"\n{CODE}', "`...` stands for some that are missing"),
        (f"{ONE}{CODE}exact = {{ values = [1, 2] }}", "prints has 1 number, but exact has 2"),
        (
            f"{ONE}{CODE}compare = {{ e = {{ values = [1, 2] }} }}",
            'prints has 1 number, but compare "e" has 2',
        ),
        (f"{ONE}exact = {{}}", 'key "exact": expected exactly one of function (with at), values'),
        (f'{ONE}exact = {{ values = [1], function = "exp" }}', "but got function and values"),
        (f"{ONE}exact = {{ values = [true] }}", "expected a list of constant expressions"),
        (f'{ONE}exact = {{ function = "exp", at = "1" }}', "expected a list of points"),
        (f'{ONE}exact = {{ function = "exp", at = {{ low = 1 }} }}', "but got a table"),
        (f'{ONE}exact = {{ function = "expp", at = [1] }}', "Did you mean exp"),
        (f'{ONE}exact = {{ function = "exp", at = ["inf"] }}', "a finite number such as 0.5"),
        (f'{ONE}exact = {{ iterate = "x + 1", times = 99 }}', "from 1 to 12, but got 99"),
        (f'{ONE}backend = "nunpy"\ncode = "1"', "did you mean `numpy`?"),
        (f'{ONE}backend = "numpy"\nexpression = "exp(x)"', "expression and at go together"),
        (f'{ONE}backend = "numpy"\nexpression = "exp(x)"\nat = [1]', "in which the expression"),
        (
            f'{ONE}backend = "numpy"\nformat = "float32"\nexpression = "exp(x)"\nat = [[1, 2]]',
            "expected points for the arguments x of exp(x)",
        ),
        ('max_ulp = "x"', 'key "max_ulp": expected a number, 0 or more, but got "x"'),
        ('max_ulp = 1\ngives = "real"', "expected one content, but got gives, max_ulp"),
        (f"max_ulp = 1\n{CODE}", "takes no code"),
        ("max_ulp = 1\nexact = { values = [1] }", "exact and compare are for a claim with prints"),
        ('max_ulp = 1\nbackend = "torch"', "no row of the study is what the claim is about"),
        (f'gives = "odd"\n{CODE}', 'one of "finite", "infinite", "nan", "real" and "complex"'),
        ('overflows_above = "high"', "overflows_above is a number as text"),
        ("same_bits_as = {}", "expected a function, formula, backend or format"),
        ('same_bits_as = { backend = "math" }', "no case has that other routine"),
        ('same_bits_as = { back = "math" }', "did you mean `backend`?"),
        ('gains_most_over = { formula = "naive" }', "expected the region in which"),
        (
            f'allclose = {{ first = "x", second = "y", at = [1] }}\n{CODE}',
            "expected an expression of x, but got 'y'",
        ),
        (f"{CODE}prnts = 1", 'key "prnts" is not understood by this version of halfulp; did you'),
    ],
)
def test_what_is_wrong_with_a_claim_is_one_sentence(claim: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        plan(claim)
    said = str(caught.value)
    assert said.startswith("Study mine: claim 1"), said
    assert words in said
    assert "\n" not in said


def test_the_schema_for_editors_knows_claims() -> None:
    definitions = study_json_schema()["$defs"]
    assert {"Claim", "Exact", "Other", "Allclose"} <= definitions.keys()
    assert definitions["Claim"]["required"] == ["source", "says"]


def claims_of(
    claim: str, only: Sequence[str] = (), *, progress: Any = None
) -> list[dict[str, Any]]:
    return list(execute(plan(claim, only), workers=1, progress=progress).tables["claims"])


ON_MATH = f'{ONE}backend = "math"\ncode = "1.0"\n'


def test_a_backend_can_be_named_by_a_claim_alone() -> None:
    results = execute(plan(ON_MATH), workers=1)
    (record,) = results.tables["claims"]
    assert record["verdict"] == "holds"
    assert "math" in results.manifest["backends"]


def test_a_backend_that_only_leaves_out_is_not_started() -> None:
    (record,) = claims_of(ON_MATH, ["backend=numpy"])
    assert record["verdict"] == "not measured"
    assert "left out of this run by --only" in record["reason"]
    (record,) = claims_of(ON_MATH, ["format=float32"])
    assert record["verdict"] == "holds"


def test_rows_that_only_leaves_out_settle_nothing() -> None:
    about_naive = 'formula = "naive"\nmax_ulp = 1e12\n'
    (record,) = claims_of(about_naive, ["formula=native"])
    assert record["verdict"] == "not measured"
    assert claims_of(about_naive)[0]["verdict"] == "holds"


class Interrupting:
    """Presses Ctrl-C when the first inputs are done."""

    def start(self, total_inputs: int, rows: int) -> None: ...
    def expect(self, seconds: float) -> None: ...
    def message(self, text: str) -> None: ...
    def finish(self) -> None: ...

    def advance(self, inputs: int) -> None:
        raise KeyboardInterrupt


def test_an_interrupted_run_settles_nothing() -> None:
    (record,) = claims_of(ON_MATH, progress=Interrupting())
    assert record["verdict"] == "not measured"
    assert "interrupted" in record["reason"]


def test_the_command_line_counts_claims_and_the_json_has_them(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from halfulp.cli import main

    study = tmp_path / "mine.toml"
    study.write_text(f"{STUDY}{HEAD}{ON_MATH}{HEAD}{ON_MATH.replace('1.0', '2.0')}")
    assert main(["run", str(study), "--out", str(tmp_path / "run"), "--no-report"]) == 0
    assert "2 claims: 1 hold, 1 false" in capfd.readouterr().err
    assert main(["report", str(tmp_path / "run"), "--as", "json", "--out", "-"]) == 0
    document = json.loads(capfd.readouterr().out)
    records = load_run(tmp_path / "run").records("claims")
    assert document["claims"] == records
    assert [record["verdict"] for record in records] == ["holds", "false"]
    assert records[1]["finding"] == "The code gives 2 where 1 is printed."
