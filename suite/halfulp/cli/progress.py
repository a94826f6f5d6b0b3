"""Progress on stderr: a bar with the time left on a terminal, plain lines elsewhere, or nothing."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import Task, TaskID, TextColumn
    from rich.text import Text

    from halfulp.study.runner import Progress

_SECONDS_BETWEEN_LINES = 10.0


class Silence:
    """Shows nothing."""

    def start(self, total_inputs: int, rows: int) -> None:
        """Begin."""

    def advance(self, inputs: int) -> None:
        """Count inputs that are done."""

    def expect(self, seconds: float) -> None:
        """Take an estimate of the time left."""

    def message(self, text: str) -> None:
        """Say something that the user should know now."""

    def finish(self) -> None:
        """End."""


class Countdown:
    """The time left by the last estimate, less what has passed since it was made."""

    def __init__(self) -> None:
        self._left: float | None = None
        self._told = 0.0

    def expect(self, seconds: float) -> None:
        """Take an estimate."""
        self._left, self._told = seconds, time.monotonic()

    def seconds(self) -> float | None:
        """Return the time left, or None before the first estimate."""
        if self._left is None:
            return None
        return max(self._left - (time.monotonic() - self._told), 0.0)


class Lines:
    """Prints a line every ten seconds, for logs."""

    def __init__(self) -> None:
        self._total = self._done = 0
        self._started = self._said = time.monotonic()
        self._left = Countdown()

    def start(self, total_inputs: int, rows: int) -> None:
        """Begin."""
        self._total = total_inputs
        self._started = self._said = time.monotonic()
        self.message(f"{_count(rows, 'row')}, {_count(total_inputs, 'input')} to evaluate")

    def advance(self, inputs: int) -> None:
        """Count inputs that are done."""
        self._done += inputs
        now = time.monotonic()
        if now - self._said >= _SECONDS_BETWEEN_LINES:
            self._said = now
            self.message(f"{self._done:,} of {self._total:,} inputs{self._time_left()}")

    def expect(self, seconds: float) -> None:
        """Take an estimate of the time left."""
        self._left.expect(seconds)

    def _time_left(self) -> str:
        left = self._left.seconds()
        return "" if left is None else f", about {duration(left)} left"

    def message(self, text: str) -> None:
        """Say something that the user should know now."""
        print(f"halfulp: {text}", file=sys.stderr, flush=True)  # noqa: T201 - stderr is for this

    def finish(self) -> None:
        """End."""
        took = duration(time.monotonic() - self._started)
        self.message(f"{_count(self._done, 'input')} evaluated in {took}")


class Bar:
    """Draws a bar with the time left, and takes it away at the end."""

    def __init__(self) -> None:
        self._rich: RichProgress | None = None
        self._task: TaskID | None = None
        self._started = 0.0
        self._left = Countdown()

    def start(self, total_inputs: int, rows: int) -> None:
        """Begin."""
        from rich import progress as columns
        from rich.console import Console

        self._started = time.monotonic()
        self._rich = columns.Progress(
            columns.TextColumn(f"{_count(rows, 'row')}"),
            columns.BarColumn(),
            columns.TaskProgressColumn(),
            _left_column(self._left),
            console=Console(stderr=True),  # rich honours NO_COLOR by itself
            transient=True,
        )
        self._task = self._rich.add_task("", total=total_inputs)
        self._rich.start()

    def advance(self, inputs: int) -> None:
        """Count inputs that are done, which fills the bar as long as nothing better is known."""
        if self._rich is not None and self._task is not None and self._left.seconds() is None:
            self._rich.advance(self._task, inputs)

    def expect(self, seconds: float) -> None:
        """Take an estimate of the time left: from now on the bar is filled by time."""
        self._left.expect(seconds)
        if self._rich is not None and self._task is not None:
            spent = time.monotonic() - self._started
            self._rich.update(self._task, completed=spent, total=spent + seconds)

    def message(self, text: str) -> None:
        """Say something that the user should know now, above the bar."""
        if self._rich is not None:
            self._rich.console.print(f"halfulp: {text}", markup=False, highlight=False)

    def finish(self) -> None:
        """End; a second call does nothing."""
        if self._rich is not None:
            self._rich.stop()
            self._rich = None


def _left_column(left: Countdown) -> TextColumn:
    """Return the column of a bar that shows the time left."""
    from rich.progress import TextColumn
    from rich.text import Text

    class Left(TextColumn):
        def render(self, task: Task) -> Text:  # noqa: ARG002 - the time is of the whole run
            seconds = left.seconds()
            return Text("" if seconds is None else f"about {duration(seconds)} left")

    return Left("")


def progress_for(*, quiet: bool) -> Progress:
    """Return what fits the place that stderr goes to."""
    if quiet:
        return Silence()
    return Bar() if sys.stderr.isatty() else Lines()


def duration(seconds: float) -> str:
    """Return a length of time as a person says it."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
