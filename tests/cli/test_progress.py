"""Progress: a bar on a terminal, lines elsewhere, nothing when asked for nothing."""

from __future__ import annotations

import sys

import pytest

from halfulp.cli import progress
from halfulp.cli.options import shown_ulp


def test_what_is_chosen(monkeypatch) -> None:
    assert isinstance(progress.progress_for(quiet=True), progress.Silence)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert isinstance(progress.progress_for(quiet=False), progress.Bar)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
    assert isinstance(progress.progress_for(quiet=False), progress.Lines)


def test_lines_say_how_long_is_left(monkeypatch, capsys) -> None:
    clock = iter([0.0, 0.0, 4.0, 20.0, 40.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    lines = progress.Lines()
    lines.start(4000, 2)
    lines.advance(500)
    lines.advance(500)
    lines.finish()
    assert capsys.readouterr().err.splitlines() == [
        "halfulp: 2 rows, 4,000 inputs to evaluate",
        "halfulp: 1,000 of 4,000 inputs, about 60 s left",
        "halfulp: 1,000 inputs evaluated in 40 s",
    ]


def test_bar_leaves_nothing_but_messages(capsys) -> None:
    bar = progress.Bar()
    bar.start(100, 1)
    bar.advance(50)
    bar.message("numpy/float32 crashed [1]")
    bar.finish()
    bar.finish()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "halfulp: numpy/float32 crashed [1]" in captured.err


@pytest.mark.parametrize(
    ("seconds", "text"), [(3.2, "3 s"), (99, "99 s"), (100, "2 min"), (9000, "2 h 30 min")]
)
def test_duration(seconds: float, text: str) -> None:
    assert progress.duration(seconds) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (None, "none"),
        ("0", "0"),
        ("0.5", "0.5"),
        ("0.5000000000000543", "0.500001"),
        ("123456789.5", "123457000"),
        ("8388608.25", "8388610"),
        ("1e400", "1.00e+400"),
        ("1.001e300", "1.01e+300"),
    ],
)
def test_maxima_are_shown_rounded_up(text: str | None, shown: str) -> None:
    assert shown_ulp(text) == shown
