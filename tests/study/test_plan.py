"""The expansion of a study into rows, and every name that can be wrong in it."""

from __future__ import annotations

import pytest

from halfulp.exceptions import UsageError
from halfulp.study.model import Study, load_study
from halfulp.study.names import BackendSpec
from halfulp.study.plan import Plan, Row, make_plan


def study(case: str = "", head: str = "", **lists: str) -> Study:
    keys = {
        "functions": '["exp"]',
        "backends": '["numpy"]',
        "formats": '["float32"]',
        "inputs": '["edges"]',
        **lists,
    }
    body = "\n".join(f"{key} = {value}" for key, value in keys.items())
    return Study.from_text(f"schema = 1\n{head}\n[[case]]\n{body}\n{case}", "mine")


def plan(case: str = "", head: str = "", only: tuple[str, ...] = (), **lists: str) -> Plan:
    return make_plan(study(case, head, **lists), only)


def sentence(*args: str, only: tuple[str, ...] = (), **lists: str) -> str:
    with pytest.raises(UsageError) as caught:
        plan(*args, only=only, **lists)
    assert str(caught.value).startswith("Study mine: ")
    return str(caught.value).removeprefix("Study mine: ")


def identities(made: Plan) -> list[str]:
    return [row.routine.identity for row in made.rows]


def test_one_row_in_full() -> None:
    head = '[region]\ntiny = "0x1p-40 : 0x1p-10"\n[formula]\nnaive = "exp(x)-1"'
    made = plan(
        head=head,
        functions='["expm1"]',
        formulas='["naive"]',
        regions='["tiny"]',
        inputs='["spread:1e3"]',
    )
    (row,) = made.rows
    assert row == Row(
        row.routine, "exp(x) - 1", "tiny", bounds="0x1p-40:0x1p-10", sampler="spread:1000"
    )
    assert row.routine.identity == "expm1/naive/numpy/float32"
    assert made.backends == {"numpy": BackendSpec("numpy", "numpy")}
    assert (made.name, made.seed) == ("mine", 0)


def test_product_in_the_order_of_the_lists() -> None:
    made = plan(functions='["log", "exp"]', formats='["float64", "float32"]')
    assert identities(made) == [
        "log/native/numpy/float64",
        "log/native/numpy/float32",
        "exp/native/numpy/float64",
        "exp/native/numpy/float32",
    ]


def test_rows_are_unique_whatever_the_spelling() -> None:
    made = plan(
        functions='["log", "ln", "log(x)"]',
        formats='["float32", "binary32"]',
        inputs='["spread:1000", "spread:1e3"]',
        regions='["1:2", "1 : 2"]',
    )
    assert len(made.rows) == 1


def test_an_expression_is_a_function_and_a_formula() -> None:
    made = plan(functions='["log(1+exp(x))"]', formulas='["log1p(exp(x))"]')
    assert identities(made) == ["log(1 + exp(x))/log1p(exp(x))/numpy/float32"]
    assert made.rows[0].expression == "log1p(exp(x))"


def test_default_inputs_by_width_and_arity() -> None:
    made = make_plan(
        Study.from_text(
            'schema = 1\n[[case]]\nfunctions = ["exp", "pow"]\nbackends = ["numpy"]\n'
            'formats = ["float16", "float32"]'
        )
    )
    samplers: dict[str, list[str]] = {}
    for row in made.rows:
        key = f"{row.routine.function} {row.routine.format}"
        samplers.setdefault(key, []).append(row.sampler)
    sampled, of_two = ["edges", "spread:1000000"], ["edges", "spread:500000"]
    assert samplers == {
        "exp float16": ["exhaustive"],
        "exp float32": sampled,
        "pow float16": of_two,
        "pow float32": of_two,
    }


def test_regions_of_two_arguments() -> None:
    head = '[region]\nplane = ["0.5:2", "-1 : 1"]'
    made = plan(head=head, functions='["pow"]', regions='["plane", "1:2,3:4", "all"]')
    assert [(row.region, row.bounds) for row in made.rows] == [
        ("plane", "0.5:2, -1:1"),
        ("1:2, 3:4", "1:2, 3:4"),
        ("all", "all"),
    ]


def test_configured_backends() -> None:
    head = '[backend.fast]\nadapter = "numpy"\nrequired = true\nthreads = 2'
    made = plan(head=head, backends='["fast", "math"]')
    assert made.backends == {
        "fast": BackendSpec("fast", "numpy", {"threads": 2}, required=True),
        "math": BackendSpec("math", "math"),
    }


def test_only_backends_that_are_used_are_in_the_plan() -> None:
    head = '[backend.spare]\nadapter = "numpy"'
    assert list(plan(head=head).backends) == ["numpy"]
    both = plan(backends='["numpy", "math"]', only=("backend=m*",))
    assert list(both.backends) == ["math"]


def test_exclusions_take_out_exactly_their_rows() -> None:
    made = plan(
        'exclude = [{ backend = "m*", format = "double", reason = "slow" }]',
        backends='["numpy", "math"]',
        formats='["float32", "float64"]',
    )
    assert identities(made) == [
        "exp/native/numpy/float32",
        "exp/native/numpy/float64",
        "exp/native/math/float32",
    ]


def test_an_exclusion_can_part_what_does_not_fit() -> None:
    made = plan(
        'exclude = [{ function = "pow", formula = "naive", reason = "one argument" }]',
        '[formula]\nnaive = "exp(x)"',
        functions='["exp", "pow"]',
        formulas='["native", "naive"]',
    )
    assert len(made.rows) == 3


def test_seed_can_be_taken_from_elsewhere() -> None:
    assert make_plan(study(), seed=7).seed == 7


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"functions": '["expm2"]'}, 'case 1: key "functions": Unknown function'),
        ({"functions": '["exp(x"]'}, 'case 1: key "functions": Expected an expression'),
        ({"formats": '["float31"]'}, 'case 1: key "formats": Unknown format'),
        (
            {"backends": '["nunpy"]'},
            "case 1: key \"backends\": Unknown backend 'nunpy': did you mean `numpy`?",
        ),
        ({"inputs": '["spraed:10"]'}, 'case 1: key "inputs": '),
        ({"inputs": '["spread:0"]'}, 'case 1: key "inputs": '),
        ({"regions": '["2:1"]'}, 'case 1: key "regions": '),
        ({"regions": '["1:2:3"]'}, 'case 1: key "regions": '),
        (
            {"head": '[region]\ntiny = "1:2"', "regions": '["tnyi"]'},
            "case 1: key \"regions\": Unknown region 'tnyi': did you mean `tiny`? Bounds such as",
        ),
        ({"regions": '["1:2, 3:4"]'}, "case 1: region 1:2, 3:4 for exp: "),
        ({"head": '[region]\nback = "2 : 1"'}, 'region "back": '),
        ({"head": '[formula]\nf = "frob(x)"'}, 'formula "f": Unknown function'),
        (
            {"head": '[backend.b]\nadapter = "nunpy"'},
            "backend \"b\": Unknown adapter 'nunpy': did you mean `numpy`?",
        ),
        (
            {"head": '[formula]\nby-tanh = "tanh(x)"', "formulas": '["by-tahn"]'},
            (
                "case 1: key \"formulas\": 'by-tahn' is neither a label of a formula nor an "
                "expression; did you mean `by-tanh`?"
            ),
        ),
        (
            {"functions": '["pow"]', "formulas": '["exp(x)"]'},
            "case 1: the formula exp(x) has the arguments x, but pow has x, y;",
        ),
        (
            {"case": 'exclude = [{ backend = "torch", reason = "r" }]'},
            "case 1: exclude 1 matches no row of this case;",
        ),
        (
            {"case": 'exclude = [{ reason = "all of it" }]'},
            "everything is excluded, so there is nothing to measure.",
        ),
    ],
)
def test_what_is_not_understood(changes: dict[str, str], expected: str) -> None:
    assert sentence(**changes).startswith(expected)


def test_selectors_that_leave_nothing_show_what_there_is() -> None:
    text = sentence(only=("backend=torch", "format=float32"))
    assert text == (
        "no row matches --only backend=torch --only format=float32; the study has "
        "function exp; formula native; backend numpy; format float32; region all."
    )


def test_quick_asks_for_what_it_says() -> None:
    made = make_plan(load_study("quick"))
    functions = {row.routine.function for row in made.rows}
    assert len(functions) == 15
    for function in functions:
        own = {
            (row.routine.backend, row.routine.format)
            for row in made.rows
            if row.routine.function == function
        }
        formats = ("float16", "float32", "float64")
        assert own == {(backend, form) for backend in ("numpy", "math") for form in formats}
