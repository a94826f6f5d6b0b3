"""The Python interface, with a runner that answers at once."""

from __future__ import annotations

import dataclasses

import pytest

import halfulp as package
from halfulp.exceptions import UsageError
from halfulp.measurement import Figures


def test_every_public_name_is_there() -> None:
    for name in package.__all__:
        assert getattr(package, name) is not None
        assert name in dir(package)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = package.nothing


def test_run_by_name(runner, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    run = package.run("quick", only=["backend=numpy", "function=exp"], seed=3, report=False)
    assert {row["backend"] for row in run.rows} == {"numpy"}
    assert run.manifest["study"]["seed"] == 3
    assert package.load_run(run.path).manifest == run.manifest


def test_run_a_study_from_text(runner, tmp_path) -> None:
    from halfulp.study.model import Study

    text = (
        'schema = 1\n[[case]]\nfunctions = ["exp"]\nbackends = ["numpy"]\nformats = ["float16"]\n'
    )
    run = package.run(Study.from_text(text, "here"), out=tmp_path / "new" / "run", report=False)
    assert run.path == tmp_path / "new" / "run"
    assert run.manifest["study"]["text"] == text


def test_measure_returns_the_worst_first(runner) -> None:
    measured = package.measure("exp", inputs=["edges", "spread:1000"], region="0:1")
    assert measured.routine == "exp/native/numpy/float32"
    assert (measured.region, measured.status, measured.reason) == ("0:1", "measured", None)
    assert measured.max_ulp == 0.5000000000000543
    assert measured.kind == "sampled"
    assert measured.witness is not None
    assert measured.witness.input == "0x1p+0"
    assert [figures.sampler for figures in measured.figures] == ["edges", "spread:1000"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        measured.region = "all"


def test_measure_shows_itself_and_escapes(runner) -> None:
    runner.unavailable = {"numpy": "<script>"}
    page = package.measure("exp", inputs="edges")._repr_html_()
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    runner.unavailable = {}
    page = package.measure("exp", inputs="edges")._repr_html_()
    assert "0.5000000000000543" in page


def test_measure_a_callable(runner) -> None:
    def ours(x):
        return x

    measured = package.measure("exp", backend=ours, inputs="edges")
    assert measured.routine == "exp/native/ours/float32"
    assert runner.keywords["callables"] == {"ours": ours}
    anonymous = package.measure("exp", backend=lambda x: x, inputs="edges")
    assert anonymous.routine == "exp/native/lambda/float32"


def test_unavailable_is_a_result(runner) -> None:
    runner.unavailable = {"numpy": "NumPy has no erf."}
    measured = package.measure("erf")
    assert (measured.status, measured.reason) == ("unavailable", "NumPy has no erf.")
    assert measured.max_ulp is None


@pytest.mark.parametrize(
    "wrong",
    [{"function": "expp"}, {"function": "exp", "seed": -1}, {"function": "exp", "workers": 0}],
)
def test_measure_refuses(runner, wrong) -> None:
    with pytest.raises(UsageError):
        package.measure(**wrong)


def test_the_worst_is_measured_and_largest() -> None:
    blank = dict.fromkeys(Figures.__dataclass_fields__)
    figures = tuple(
        Figures(**{**blank, "status": status, "max_ulp_log2": exponent, "sampler": str(number)})
        for number, (status, exponent) in enumerate(
            [("crashed", None), ("measured", None), ("measured", -1.0), ("measured", 2000.0)]
        )
    )
    worst = package.Measurement("r", "all", figures).worst
    assert worst.sampler == "3"
    assert package.Measurement("r", "all", figures[:2]).worst.sampler == "1"
