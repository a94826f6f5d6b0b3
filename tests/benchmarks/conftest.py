"""Shows after the benchmarks what they recorded beside their times."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    session = getattr(terminalreporter.config, "_benchmarksession", None)
    measured = [each for each in session.benchmarks if each.extra_info] if session else []
    if measured:
        terminalreporter.section("the least times, and what else could be done with the same data")
    for each in measured:
        facts = "  ".join(f"{key} {value:,}" for key, value in sorted(each.extra_info.items()))
        terminalreporter.write_line(f"{each.name:<28}{facts}")
