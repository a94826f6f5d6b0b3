"""mpmath: every operation rounded correctly, once, to the format; what nobody can better.

It is the oracle that halfulp asks as the arbiter of maxima. What it returns is judged like any
other backend's, against enclosures that another library proves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from halfulp.expressions import ARITHMETIC
from halfulp.functions import CATALOGUE
from halfulp_backends._arrays import imported
from halfulp_backends._formulas import compiled, refuse_settings, refuse_unless_served

if TYPE_CHECKING:
    from halfulp.backend import Evaluate, Request, Settings
    from halfulp.formats import Format

Operation = Callable[..., int]
"""Encodings -> the encoding of the correctly rounded result."""


@dataclass(frozen=True)
class MpmathAdapter:
    """The adapter `mpmath`."""

    name: str = "mpmath"
    requires: tuple[str, ...] = ("mpmath",)
    formats: tuple[str, ...] = ("float16", "bfloat16", "float32", "float64")
    functions: Mapping[str, str] = field(
        default_factory=lambda: {name: f"{name}, rounded" for name in CATALOGUE}
    )
    note: str = (
        "Each operation is rounded correctly, once, to the format; special results are the "
        "catalogue's. What mpmath does not decide comes out as nan."
    )

    def load(self, settings: Settings) -> MpmathLibrary:
        """Import mpmath."""
        refuse_settings(self, settings)
        imported("mpmath", "mpmath")
        return MpmathLibrary(self)


class MpmathLibrary:
    """mpmath, loaded."""

    def __init__(self, adapter: MpmathAdapter) -> None:
        import mpmath

        self._adapter = adapter
        self.versions = {"mpmath": str(mpmath.__version__)}
        self.facts = {"integers": str(mpmath.libmp.BACKEND)}

    def routine(self, request: Request) -> Evaluate:
        """Return a loop over a function, or over a formula of functions."""
        refuse_unless_served(self._adapter, "mpmath", request)
        from halfulp.reference.arithmetic import rounded

        fmt = request.format
        if request.formula is None:
            return _loop(_function(request.function, fmt))
        operations: dict[str, Operation] = {
            **{name: _function(name, fmt) for name in CATALOGUE},
            **{symbol: partial(rounded, fmt, symbol) for symbol in ARITHMETIC},
            "**": _function("pow", fmt),
        }
        formula = compiled(request, "mpmath", fmt.round, operations)
        return _loop(lambda *encodings: formula(encodings))


def _loop(operation: Operation) -> Evaluate:
    def evaluate(inputs: Sequence[memoryview], output: memoryview) -> None:
        for place, encodings in enumerate(zip(*inputs, strict=True)):
            output[place] = operation(*encodings)

    return evaluate


def _function(name: str, fmt: Format) -> Operation:
    """Return a function of the catalogue on encodings."""
    from halfulp.reference.arithmetic import infinite
    from halfulp.reference.oracle import oracle
    from halfulp.reference.values import Limit, Undecided

    referee = oracle(CATALOGUE[name], fmt)

    def rounded(*encodings: int) -> int:
        result = referee.scaled(*encodings)
        if isinstance(result, Undecided) or result == Limit("nan"):
            return fmt.nan
        if isinstance(result, Limit):
            return infinite(fmt, negative=result.text == "-inf")
        return result.rounded

    return rounded


adapter = MpmathAdapter()
