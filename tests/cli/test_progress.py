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


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the time that progress sees, in a list of one."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_lines_say_how_long_is_left(clock, capsys) -> None:
    lines = progress.Lines()
    lines.start(4000, 2)
    clock[0] = 11.0
    lines.advance(400)
    lines.expect(65)
    clock[0] = 20.0
    lines.advance(100)
    clock[0] = 26.0
    lines.advance(500)
    clock[0] = 40.0
    lines.finish()
    assert capsys.readouterr().err.splitlines() == [
        "halfulp: 2 rows, 4,000 inputs to evaluate",
        "halfulp: 400 of 4,000 inputs",
        "halfulp: 1,000 of 4,000 inputs, about 50 s left",
        "halfulp: 1,000 inputs evaluated in 40 s",
    ]


def test_the_time_left_runs_down_between_estimates_and_not_below_0(clock) -> None:
    left = progress.Countdown()
    assert left.seconds() is None
    left.expect(10)
    clock[0] = 4.0
    assert left.seconds() == 6
    clock[0] = 40.0
    assert left.seconds() == 0


def test_the_bar_is_filled_by_time_as_soon_as_it_is_known(clock, capsys) -> None:
    bar = progress.Bar()
    bar.start(1_000, 1)
    bar.advance(100)
    (task,) = bar._rich.tasks
    assert (task.completed, task.total) == (100, 1_000)
    clock[0] = 30.0
    bar.expect(90)
    bar.advance(800)
    assert (task.completed, task.total) == (30, 120)
    shown = bar._rich.columns[-1].render(task)
    assert shown.plain == "about 90 s left"
    bar.finish()
    capsys.readouterr()


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
