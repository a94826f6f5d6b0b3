"""The adapter `python`: functions of a project, named in a study, in a process of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import halfulp
from halfulp.backend import Request, Unavailable, adapter_named
from halfulp.exceptions import UsageError
from halfulp.formats import format_named
from halfulp.functions import parse

if TYPE_CHECKING:
    from pathlib import Path

KERNELS = """
import math
import numpy as np

def tanh(x):
    return np.tanh(x)

class Group:
    @staticmethod
    def exp(x):
        return math.exp(x) if x < 709.78 else math.inf  # takes no arrays

def hypot(x, y):
    return np.hypot(x, y)

def float64(x):
    return np.sin(x.astype(np.float64))

NUMBER = 3
"""

STUDY = """
schema = 1
[backend.ours]
adapter = "python"
path = ["."]
[backend.ours.functions]
tanh = "kernels_of_ours:tanh"
exp = "kernels_of_ours:Group.exp"
hypot = "kernels_of_ours:hypot"
sin = "kernels_of_ours:float64"
cos = "kernels_of_ours:nothing"
log = "kernels_of_ours:NUMBER"
[[case]]
functions = ["tanh", "exp", "hypot", "sin", "cos", "log", "tan"]
backends = ["ours"]
formats = ["float32", "float64"]
inputs = ["spread:40"]
"""


@pytest.fixture
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "kernels_of_ours.py").write_text(KERNELS)
    (tmp_path / "study.toml").write_text(STUDY)
    run = halfulp.run(tmp_path / "study.toml", out=tmp_path / "run", report=False, workers=1)
    facts = run.manifest["backends"]["ours"]["facts"]
    assert "exp = kernels_of_ours:Group.exp" in facts["calls"]
    return {(row["function"], row["format"]): row for row in run.rows}


def test_functions_of_a_project_are_measured(rows) -> None:
    for function in ("tanh", "exp", "hypot"):
        for form in ("float32", "float64"):
            row = rows[function, form]
            assert row["status"] == "measured", row["reason"]
            assert row["max_ulp"] < 4
            assert row["specials"] == 0
    assert rows["sin", "float64"]["status"] == "measured"


def test_what_is_wrong_is_told_in_the_row(rows) -> None:
    said = {key: (row["status"], row["reason"]) for key, row in rows.items()}
    assert said["sin", "float32"][0] == "failed"
    assert "expected to return an array of float32" in said["sin", "float32"][1]
    assert said["cos", "float32"][0] == "unavailable"
    assert "kernels_of_ours:nothing cannot be imported: AttributeError" in said["cos", "float32"][1]
    assert said["log", "float32"][1] == "kernels_of_ours:NUMBER is no function, but a int."
    assert "The backend names no Python function for tan" in said["tan", "float32"][1]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"modules": []}, "has no setting modules"),
        ({"functions": "exp"}, "needs a table of functions"),
        ({"functions": {"exp": "kernels.exp"}}, "needs a table of functions"),
        ({"functions": {}, "path": "."}, "expected folders"),
    ],
)
def test_settings_that_are_not_understood(settings, said) -> None:
    with pytest.raises(UsageError, match=said):
        adapter_named("python").load(settings)


def test_it_evaluates_no_formulas() -> None:
    library = adapter_named("python").load({"functions": {"exp": "math:exp"}})
    request = Request("exp", parse("x + 1"), format_named("float64"), ("x",))
    with pytest.raises(Unavailable, match="a formula needs a backend"):
        library.routine(request)
