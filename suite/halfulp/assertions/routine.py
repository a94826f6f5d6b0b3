"""A callable measured and held against bounds."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from halfulp import functions, inputs
from halfulp.exceptions import HalfulpError, UsageError
from halfulp.expectations.limits import Rule, held
from halfulp.expectations.limits_model import Limit
from halfulp.expectations.verdict import Verdict
from halfulp.formats import format_named
from halfulp.measurement import Figures, Measurement
from halfulp.study.names import BackendSpec, Names
from halfulp.study.plan import Product, expand, plan_of
from halfulp.study.runner import execute

if TYPE_CHECKING:
    from halfulp.expectations.verdict import Finding
    from halfulp.study.plan import Plan

SPREAD = "spread:10000"
"""The spread by default: a test shall take a second."""

_PLACE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


@dataclass(frozen=True)
class Bounds:
    """What is allowed."""

    max_ulp: float
    max_steps: int | None = None
    special_mismatches: int = 0

    def rule(self) -> Rule:
        """Return the bounds as a limit on everything."""
        limit = Limit(
            max_ulp=self.max_ulp,
            max_steps=self.max_steps,
            special_mismatches=self.special_mismatches,
        )
        return Rule(limit, "assert_ulp", 1)


@dataclass(frozen=True)
class Routine:
    """What is measured; the fields are the parameters of `halfulp.assert_ulp`."""

    fn: Callable[..., Any] | str
    function: str
    format: str
    region: str = "all"
    seed: int = 0
    isolated: bool = False

    @property
    def label(self) -> str:
        """What it is called in figures."""
        name = self.fn if isinstance(self.fn, str) else getattr(self.fn, "__name__", "")
        return name.strip("<>").replace("/", "-") or type(self.fn).__name__

    @property
    def place(self) -> str | None:
        """Return it as "module:function", or None if nobody could import it by that."""
        if isinstance(self.fn, str):
            if not _PLACE.fullmatch(self.fn):
                raise UsageError(f"Expected a callable or 'module:function', but got {self.fn!r}.")
            return self.fn
        module = getattr(self.fn, "__module__", None)
        name = getattr(self.fn, "__qualname__", "")
        place = f"{module}:{name}"
        return place if module != "__main__" and _PLACE.fullmatch(place) else None

    def spec(self) -> BackendSpec:
        """Return the backend that evaluates it."""
        if not self.isolated and not isinstance(self.fn, str):
            return BackendSpec(self.label, "callable")
        if self.place is None:
            raise UsageError(
                f"{self.label} cannot be evaluated in another process: it is no function at the "
                "top of a module. Move it there, or leave out isolated=True."
            )
        name = functions.get(self.function).name
        settings = {"functions": {name: self.place}, "path": [path for path in sys.path if path]}
        return BackendSpec(self.label, "python", settings, folder=os.getcwd())  # noqa: PTH109 - text

    def plan(self, samplers: Sequence[str]) -> Plan:
        """Return its rows."""
        spec = self.spec()
        names = Names(backends={spec.label: spec})
        product = Product(
            (self.function,),
            (spec.label,),
            (self.format,),
            regions=(self.region,),
            inputs=samplers or self._samplers(),
        )
        return plan_of(expand(product, names), names, name="assert_ulp", seed=self.seed)

    def _samplers(self) -> tuple[str, ...]:
        function, fmt = functions.get(self.function), format_named(self.format)
        if fmt.width <= 16 and len(function.arguments) == 1:
            return ("exhaustive",)
        hard = ("hard",) if inputs.has_hard_inputs(function.name, fmt) else ()
        return ("edges", *hard, SPREAD)


def measured(routine: Routine, samplers: Sequence[str], bounds: Bounds) -> tuple[Measurement, str]:
    """Return what was measured, and what breaks the bounds, or "" if nothing does.

    Raises
    ------
    HalfulpError
        If nothing could be measured: the routine is no routine of this format, say.
    """
    plan = routine.plan(samplers)
    spec = plan.backends[plan.rows[0].routine.backend]
    here = {spec.label: routine.fn} if callable(routine.fn) and spec.adapter == "callable" else {}
    results = execute(plan, callables=here)
    tables = {name: list(records) for name, records in results.tables.items()}
    tables["limits"] = held([bounds.rule()], tables)
    figures = Figures.from_tables(results.accuracy, results.witnesses)
    measurement = Measurement(figures[0].routine, figures[0].region, tuple(figures))
    if results.status != "complete":
        raise KeyboardInterrupt
    if measurement.status == "unavailable":
        raise HalfulpError(f"Nothing was measured: {measurement.reason}")
    failing = Verdict(tables, results.manifest).failing(require=True)
    return measurement, _message(routine, bounds, failing[0]) if failing else ""


def _message(routine: Routine, bounds: Bounds, finding: Finding) -> str:
    lines = [f"{finding.subject}: {finding.verdict}", f"  {finding.reason}"]
    if finding.witness is not None:
        want = "not decided" if finding.want is None else finding.want
        lines += [f"  at    {finding.witness}", f"  got   {finding.got}", f"  want  {want}"]
        lines.append(f"  repeat: {_command(routine, bounds, finding.witness)}")
    return "\n".join(lines)


def _command(routine: Routine, bounds: Bounds, witness: str) -> str:
    """Return the command, or the line of Python, that repeats one evaluation."""
    listed = witness.replace(", ", ",") + (";" if "," in witness else "")
    place = routine.place
    words = [repr(routine.function), f"max_ulp={bounds.max_ulp:g}", f"format={routine.format!r}"]
    words.append(f"inputs={f'listed:{listed}'!r}")
    if place is None:
        return f"halfulp.assert_ulp({routine.label}, {', '.join(words)})"
    code = f"import halfulp; halfulp.assert_ulp({place!r}, {', '.join(words)})"
    return f"python -c {shlex.quote(code)}"
