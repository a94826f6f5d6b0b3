"""The study of the article: what it finds with PyTorch, and that it goes on without.

The shipped study is carried out with fewer inputs and without its timing, so that the test is
short; nothing else differs.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import pytest

from halfulp.study.model import Study
from halfulp.study.named import shipped_studies
from halfulp.study.plan import make_plan
from halfulp.study.runner import Results, execute

if TYPE_CHECKING:
    from pathlib import Path

E = math.e


def short() -> str:
    text = shipped_studies()["expm1-article"].read_text()
    text, changed = re.subn(r'"spread:\d+"', '"spread:600"', text)
    assert changed > 3
    begin = text.index("[timing]")
    untimed = text[:begin] + text[text.index("[[claim]]", begin) :]
    return untimed.replace('inputs = ["exhaustive"]', 'inputs = ["grid:60"]')


def results() -> Results:
    return execute(make_plan(Study.from_text(short(), "expm1-article")), workers=1)


def claims(found: Results) -> dict[int, dict[str, Any]]:
    return {record["number"]: record for record in found.tables["claims"]}


def numbers(text: str) -> list[float]:
    return [float(word) for word in re.findall(r"-?\d+\.?\d*(?:e[+-]?\d+)?", text)]


@pytest.fixture(scope="module")
def with_torch() -> Results:
    pytest.importorskip("torch")
    return results()


def test_most_statements_are_false_and_these_are_not(with_torch: Results) -> None:
    found = claims(with_torch)
    verdicts = {number: record["verdict"] for number, record in found.items()}
    true = {6: "can overflow", 14: "is stable", 17: "out only says"}
    for number, words in true.items():
        assert words in found[number]["says"]
        assert verdicts.pop(number) == "holds", found[number]
    assert "faster" in found[16]["claimed"]
    assert verdicts.pop(16) == "not measured", "nothing was timed"
    assert set(verdicts.values()) == {"false"}, verdicts


@pytest.mark.parametrize(
    ("number", "column", "values", "digits"),
    [
        (1, "exact", [E - 1, E**2 - 1, E**3 - 1], 7),
        (1, "computed", [E - 1, E**2 - 1, E**3 - 1], 5),
        (2, "computed", [E - 1, E**2 - 1, E**3 - 1], 5),
        (3, "computed", [E - 1, E**2 - 1, E**3 - 1], 5),
        (4, "computed", [E - 1, E**2 - 1, E**3 - 1], 5),
        (5, "computed", [E - 1, E**2 - 1, E**3 - 1], 7),
        (7, "computed", [E**-3 - 1, E**-2 - 1, E**-1 - 1], 6),
        (8, "computed", [1 / E, 1, E], 6),
        (8, "exact", [1 / (1 + E), 0.5, E / (1 + E)], 7),
        (9, "exact", [E**k / (E + E**2 + E**3) for k in (1, 2, 3)] * 2, 7),
        # The exponential of [[1, 2], [3, 4]] as SciPy's documentation of expm has it, and others.
        (11, "exact", [51.968956198, 74.736564567, 112.104846850, 164.073803049], 7),
        (11, "computed", [E - 1, E**2 - 1, E**3 - 1, E**4 - 1], 4),
    ],
)
def test_what_is_true_stands_beside(
    with_torch: Results, number: int, column: str, values: list[float], digits: int
) -> None:
    shown = numbers(claims(with_torch)[number][column])
    assert shown == pytest.approx(values, abs=10.0**-digits, rel=10.0**-digits)


def test_euler_is_what_ten_steps_give_and_the_solution_is_infinite(with_torch: Results) -> None:
    x = 0.0
    for _ in range(10):
        x += 0.1 * math.exp(x)
    found = claims(with_torch)
    assert numbers(found[12]["exact"]) == pytest.approx([x], abs=1e-8)
    assert numbers(found[12]["computed"]) == pytest.approx([x], abs=1e-5)
    assert found[13]["exact"] == "inf"


def test_a_reader_is_told_where_the_wrong_numbers_come_from(with_torch: Results) -> None:
    found = claims(with_torch)
    expected = {
        1: "the wrong numbers are those of exp(x)",
        8: "what the code gives is exp(x)",
        9: "which is not the softmax",
        11: "what is printed is exp(x), element by element",
        12: "what is printed is e, the solution of x' = x",
    }
    for number, words in expected.items():
        assert words in found[number]["finding"]
    assert all(record["finding"].endswith(".") for record in found.values())
    assert all(record["finding"].count(".") >= 1 for record in found.values())


def test_the_figure_shows_the_cancellation_for_small_x_and_none_for_large(
    with_torch: Results,
) -> None:
    def worst(formula: str, low: float, high: float, region: str = "all") -> float:
        bins = [
            row["max_ulp"]
            for row in with_torch.profile
            if row["routine"] == f"expm1/{formula}/torch/float64"
            and row["region"] == region
            and low <= row["low"] <= row["high"] <= high
        ]
        assert bins
        return float(max(bins))

    assert worst("naive", 2.0**-1000, 2.0**-60) > 2.0**50, "the result is 0, all digits are lost"
    for exponent in (-36, -28, -20, -12):  # a digit more is lost in each binade
        ends = 2.0 ** (exponent - 1), 2.0 ** (exponent + 1)
        assert abs(math.log2(worst("naive", *ends, region="tiny")) + exponent) < 3
    assert worst("naive", 8, 80, region="large") < 1.5, "nothing cancels"
    assert worst("native", 2.0**-1000, 2.0**1000) < 1


def test_all_ways_to_call_torch_are_measured(with_torch: Results) -> None:
    status = {
        (row["backend"], row["format"]): row["status"]
        for row in with_torch.accuracy
        if row["function"] == "expm1" and row["backend"].startswith("torch")
    }
    backends = {"torch", "torch-fresh", "torch-loop", "torch-numpy"}
    assert {backend for backend, _ in status} == backends
    assert set(status.values()) == {"measured"}
    assert len(status) == 4 * len(backends) - 1, "NumPy has no bfloat16"


@pytest.fixture
def without_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Results:
    """Return the results where PyTorch does not import: a broken one comes first on the path."""
    broken = tmp_path / "torch"
    broken.mkdir()
    (broken / "__init__.py").write_text('raise ImportError("libtorch.so: not here")\n')
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return results()


def test_without_torch_the_rest_is_measured_and_settled(without_torch: Results) -> None:
    assert without_torch.status == "complete"
    for row in without_torch.accuracy:
        expected = "unavailable" if row["backend"].startswith("torch") else "measured"
        assert row["status"] == expected, row["routine"]
    found = claims(without_torch)
    settled = {number: record["verdict"] for number, record in found.items()}
    assert settled.pop(5) == "false", "NumPy's expm1 is there"
    assert settled.pop(13) == "false", "the solution needs no library"
    assert settled.pop(16) == "not measured"
    assert set(settled.values()) == {"unavailable"}
    for number in settled:
        assert "libtorch.so: not here" in found[number]["reason"]
    assert numbers(found[1]["exact"]) == pytest.approx([E - 1, E**2 - 1, E**3 - 1], abs=1e-7)
