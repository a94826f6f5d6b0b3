"""`halfulp compare` and plots by name, from outside, on real runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import halfulp
from halfulp.cli import main

STUDY = """
schema = 1
[[case]]
functions = ["exp"]
backends = ["math"]
formats = ["float32"]
inputs = ["{inputs}"]
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two runs of a study with different inputs."""
    folder = tmp_path_factory.mktemp("runs")
    found = []
    for inputs in ("spread:200", "spread:300"):
        study = folder / f"{inputs[7:]}.toml"
        study.write_text(STUDY.format(inputs=inputs), encoding="utf-8")
        found.append(halfulp.run(study, out=folder / inputs[7:], workers=1, report=False).path)
    return found[0], found[1]


def test_a_run_and_itself_are_the_same(
    runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    assert main(["compare", str(runs[0]), str(runs[0]), "--out", str(page)]) == 0
    said = capsys.readouterr()
    assert said.out == f"{page}\n"
    assert said.err == "Accuracy: 1 same.\n"
    assert "No row is worse." in page.read_text(encoding="utf-8")


def test_the_page_lies_in_the_second_run(
    runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", str(runs[0]), str(runs[1]), "--quiet"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out == f"{runs[1] / 'compare.html'}\n"
    assert (runs[1] / "compare.html").exists()


def test_json_of_a_report_is_as_good_as_the_run(
    runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    saved = tmp_path / "base.json"
    assert main(["report", str(runs[0]), "--as", "json", "--out", str(saved)]) == 0
    capsys.readouterr()
    assert main(["compare", str(saved), str(runs[1]), "--as", "json", "--out", "-"]) == 0
    document = json.loads(capsys.readouterr().out)
    verdicts = [(change["sampler"], change["verdict"]) for change in document["changes"]]
    assert verdicts == [("spread:300", "new"), ("spread:200", "gone")]
    assert document["differences"] == []


@pytest.mark.parametrize("form", ["md", "txt"])
def test_other_forms_go_to_stdout(
    runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str], form: str
) -> None:
    assert main(["compare", *map(str, runs), "--as", form, "--out", "-"]) == 0
    assert "1 new, 1 gone" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no-such-run", "{run}"], "no-such-run"),
        (["{run}", "no-such-run"], "no-such-run"),
        (
            ["{run}", "{run}", "--as", "csv"],
            "The form 'csv' cannot compare two runs. Forms that can:",
        ),
        (["{run}", "{run}", "--as", "slides"], "Unknown form of report 'slides'"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(
    runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    typed = [word.replace("{run}", str(runs[0])) for word in arguments]
    assert main(["compare", *typed]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_plot_is_written_by_its_name(
    runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["report", str(runs[0]), "--as", "svg", "--plot", "error/exp"]) == 0
    path = Path(capsys.readouterr().out.strip())
    assert path == runs[0] / "error-exp.svg"
    assert path.read_bytes().startswith(b"<?xml")
    picture = tmp_path / "picture.png"
    assert main(["report", str(runs[0]), "--as", "png", "--out", str(picture)]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--as", "png", "--plot", "nothing"], "no plot 'nothing': expected one of error/exp."),
        (["--plot", "error/exp"], "The form 'html' cannot hold a plot. Forms that can: png, svg."),
    ],
)
def test_a_plot_that_cannot_be_had_is_one_sentence(
    runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert main(["report", str(runs[0]), *arguments]) == 2
    assert said in capsys.readouterr().err
