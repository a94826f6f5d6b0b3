"""Forms are found by entry point, and one function owns the file."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING, Any

import pytest

from halfulp.exceptions import MissingError, UsageError
from halfulp.runs import forms
from halfulp.runs.forms import form_named, form_names, write_report
from halfulp.runs.store import Run

if TYPE_CHECKING:
    from pathlib import Path


class Third:
    """A form of a third party."""

    suffix = ".bin"

    def render(self, run: Run) -> bytes:
        return run.manifest["study"]["title"].encode()


class Failing:
    suffix = ".txt"

    def render(self, run: Run) -> str:
        raise ValueError("no report")


third, failing = Third(), Failing()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path, {"study": {"title": "T"}}, {})


def install(monkeypatch: pytest.MonkeyPatch, **objects: Any) -> None:
    class Point(EntryPoint):
        def load(self) -> Any:
            found = objects[self.name]
            if isinstance(found, Exception):
                raise found
            return found

    points = {name: Point(name, f"somewhere:{name}", forms.GROUP) for name in objects}
    monkeypatch.setattr(forms, "_installed", lambda: points)


@pytest.mark.parametrize("name", ["csv", "html", "json", "md", "txt"])
def test_our_own_forms_are_installed(name: str) -> None:
    assert name in form_names()
    assert form_named(name).suffix == f".{name}"


def test_a_third_party_form_is_written_beside_the_run(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(monkeypatch, third=third)
    assert write_report(run, "third") == tmp_path / "report.bin"
    assert (tmp_path / "report.bin").read_bytes() == b"T"
    assert write_report(run, "third", tmp_path / "other").read_bytes() == b"T"


def test_a_form_that_fails_leaves_the_old_report(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(monkeypatch, failing=failing)
    (tmp_path / "report.txt").write_text("old")
    with pytest.raises(ValueError, match="no report"):
        write_report(run, "failing")
    assert (tmp_path / "report.txt").read_text() == "old"


def test_an_unknown_form_and_one_that_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, slides=ImportError("no module named slides"))
    with pytest.raises(UsageError, match=r"'pdf'. Forms: slides"):
        form_named("pdf")
    with pytest.raises(MissingError, match="no module named slides"):
        form_named("slides")
