"""The pytest plugin: the calls of `halfulp` as a fixture, a marker for their defaults, a report.

It is active in every run of pytest in whose environment halfulp is installed, so it imports nothing
but pytest and the standard library until a test asks for the fixture.

    def test_expm1(halfulp):
        halfulp.assert_ulp(our_expm1, "expm1", max_ulp=1)
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from halfulp.assertions import Reference
    from halfulp.measurement import Measurement

_PROPERTY = "halfulp"
_MARKER_KEYS = ("max_ulp", "format", "seed", "region", "inputs", "special_mismatches", "isolated")


@dataclass
class HalfulpFixture:
    """What a test gets as `halfulp`: calls whose figures the report of the session has.

    Parameters
    ----------
    request
        The test's own.
    defaults
        What the marker `halfulp` says, for calls that do not say it themselves.
    """

    request: pytest.FixtureRequest
    defaults: dict[str, Any] = field(default_factory=dict)

    def assert_ulp(
        self, fn: Callable[..., Any] | str, function: str, **options: Any
    ) -> Measurement | None:
        """Assert that a callable computes a function; see `halfulp.assert_ulp`."""
        from halfulp.assertions import InaccurateError, assert_ulp
        from halfulp.exceptions import UsageError

        __tracebackhide__ = True
        asked = {**self.defaults, **options}
        if "max_ulp" not in asked:
            raise UsageError("Expected max_ulp, here or in a marker such as halfulp(max_ulp=1).")
        try:
            measurement = assert_ulp(fn, function, **asked)
        except InaccurateError as error:
            self._keep(error.measurement, asked["max_ulp"])
            raise
        if measurement is not None:
            self._keep(measurement, asked["max_ulp"])
        return measurement

    def assert_array_ulp(self, y: Any, function: str, x: Any, **options: Any) -> None:
        """Assert that results are close to a function; see `halfulp.assert_array_ulp`."""
        from halfulp.assertions import assert_array_ulp

        __tracebackhide__ = True
        asked: dict[str, Any] = {
            name: self.defaults[name]
            for name in ("max_ulp", "special_mismatches")
            if name in self.defaults
        }
        assert_array_ulp(y, function, x, **(asked | options))

    def ulp_error(self, function: str, x: Any, y: Any) -> npt.NDArray[np.float64]:
        """Return the signed errors of results in ulp; see `halfulp.ulp_error`."""
        from halfulp.assertions import ulp_error

        return ulp_error(function, x, y)

    def reference(self, function: str, *x: Any) -> Reference:
        """Return the exact value of a function; see `halfulp.reference`."""
        from halfulp.assertions import reference

        return reference(function, *x)

    def benchmark(
        self, fn: Callable[..., Any], function: str, *, size: int = 100_000, **options: Any
    ) -> None:
        """Assert that a callable computes a function, then time it by pytest-benchmark's fixture.

        Parameters
        ----------
        fn, function, options
            As in `assert_ulp`.
        size
            Elements of one call, spread over the region.
        """
        import numpy as np

        from halfulp.assertions.inputs import spread_inputs
        from halfulp.exceptions import MissingError

        __tracebackhide__ = True
        if not self.request.config.pluginmanager.hasplugin("benchmark"):
            raise MissingError("Timing in pytest needs the package pytest-benchmark. Install it.")
        self.assert_ulp(fn, function, **options)
        asked = {**self.defaults, **options}
        names = ("format", "region", "seed")
        chosen = {name: asked[name] for name in names if name in asked}
        arguments = spread_inputs(function, size, **chosen)
        timer = self.request.getfixturevalue("benchmark")
        timer.extra_info["halfulp"] = f"{function}, {size} elements"
        with np.errstate(all="ignore"):  # infinities are results, not accidents
            timer(fn, *arguments)

    def _keep(self, measurement: Measurement, max_ulp: float) -> None:
        """Leave the figures with the test, from where they travel to the process that reports."""
        for figures in measurement.figures:
            witness = figures.witness
            line = {
                "routine": figures.routine,
                "region": figures.region,
                "sampler": figures.sampler,
                "kind": figures.kind,
                "count": figures.count,
                "max_ulp": figures.max_ulp_text,
                "allowed_ulp": max_ulp,
                "specials": figures.specials,
                "witness": witness.input if witness else None,
            }
            self.request.node.user_properties.append((_PROPERTY, json.dumps(line)))


@pytest.fixture
def halfulp(request: pytest.FixtureRequest) -> HalfulpFixture:
    """Return the calls of halfulp: assert_ulp, assert_array_ulp, ulp_error, reference, benchmark.

    The marker `halfulp(max_ulp=..., format=..., ...)` gives their defaults.
    """
    defaults: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers("halfulp"))):  # the closest one last
        unknown = sorted(set(marker.kwargs) - set(_MARKER_KEYS))
        if marker.args or unknown:
            given = ", ".join([*map(repr, marker.args), *unknown])
            message = f"The marker halfulp takes {', '.join(_MARKER_KEYS)} by name, not {given}."
            raise pytest.UsageError(message)
        defaults |= marker.kwargs
    return HalfulpFixture(request, defaults)


# -- hooks -----------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--halfulp-report`."""
    group = parser.getgroup("halfulp", "accuracy of math functions")
    group.addoption(
        "--halfulp-report",
        metavar="FILE",
        default=None,
        help="Write the figures of all halfulp fixtures into a file, a line of JSON each.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, and begin the report in the process that writes it."""
    config.addinivalue_line(
        "markers", "halfulp(max_ulp=..., format=..., ...): defaults of the fixture halfulp's calls"
    )
    target = config.getoption("--halfulp-report")
    if target and not hasattr(config, "workerinput"):  # xdist's workers send theirs to it
        config.pluginmanager.register(_Report(Path(target)), "halfulp-report")


@dataclass
class _Report:
    """The figures of a session."""

    target: Path
    lines: list[dict[str, Any]] = field(default_factory=list)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take over what a test left."""
        if report.when == "call":
            for name, text in report.user_properties:
                if name == _PROPERTY:
                    line = {"test": report.nodeid, "outcome": report.outcome}
                    self.lines.append(line | json.loads(str(text)))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write the file and say where it is."""
        self.lines.sort(key=lambda line: (line["test"], line["routine"], line["sampler"]))
        text = "".join(f"{json.dumps(line)}\n" for line in self.lines)
        try:
            self.target.parent.mkdir(parents=True, exist_ok=True)
            self.target.write_text(text, encoding="utf-8")
        except OSError as error:
            message = f"--halfulp-report: cannot write {self.target}: {error.strerror}."
            raise pytest.UsageError(message) from error
        terminalreporter.write_sep("-", f"halfulp: {len(self.lines)} figures in {self.target}")
