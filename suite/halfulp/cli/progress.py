"""Progress on stderr: a bar with the time left on a terminal, plain lines elsewhere, or nothing."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from halfulp.study.runner import Progress

_SECONDS_BETWEEN_LINES = 10.0


class Silence:
    """Shows nothing."""

    def start(self, total_inputs: int, rows: int) -> None:
        """Begin."""

    def advance(self, inputs: int) -> None:
        """Count inputs that are done."""

    def message(self, text: str) -> None:
        """Say something that the user should know now."""

    def finish(self) -> None:
        """End."""


class Lines:
    """Prints a line every ten seconds, for logs."""

    def __init__(self) -> None:
        self._total = self._done = 0
        self._started = self._said = time.monotonic()

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
            self.message(f"{self._done:,} of {self._total:,} inputs{self._left(now)}")

    def _left(self, now: float) -> str:
        if not self._done:
            return ""
        left = (now - self._started) * (self._total - self._done) / self._done
        return f", about {duration(max(left, 0.0))} left"

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

    def start(self, total_inputs: int, rows: int) -> None:
        """Begin."""
        from rich import progress as columns
        from rich.console import Console

        self._rich = columns.Progress(
            columns.TextColumn(f"{_count(rows, 'row')}"),
            columns.BarColumn(),
            columns.TaskProgressColumn(),
            columns.TextColumn("time left"),
            columns.TimeRemainingColumn(),
            console=Console(stderr=True),  # rich honours NO_COLOR by itself
            transient=True,
        )
        self._task = self._rich.add_task("", total=total_inputs)
        self._rich.start()

    def advance(self, inputs: int) -> None:
        """Count inputs that are done."""
        if self._rich is not None and self._task is not None:
            self._rich.advance(self._task, inputs)

    def message(self, text: str) -> None:
        """Say something that the user should know now, above the bar."""
        if self._rich is not None:
            self._rich.console.print(f"halfulp: {text}", markup=False, highlight=False)

    def finish(self) -> None:
        """End; a second call does nothing."""
        if self._rich is not None:
            self._rich.stop()
            self._rich = None


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
