"""An adapter in a package of its own: functions of `decimal`, with 40 digits, rounded once."""

from __future__ import annotations

import decimal
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from halfulp.backend import Unavailable
from halfulp.exceptions import UsageError

if TYPE_CHECKING:
    from halfulp.backend import Evaluate, Request, Settings
    from halfulp.formats import Format

_FUNCTIONS: dict[str, Callable[[Context, Decimal], Decimal]] = {
    "exp": Context.exp,
    "log": Context.ln,
    "log10": Context.log10,
    "sqrt": Context.sqrt,
}


_EXACT = Context(prec=1200, Emin=-9999, Emax=9999)
"""Enough digits for every float64."""


@dataclass(frozen=True)
class DecimalAdapter:
    """The adapter `decimal`."""

    name: str = "decimal"
    requires: tuple[str, ...] = ()
    formats: tuple[str, ...] = ("float16", "bfloat16", "float32", "float64")
    functions: Mapping[str, str] = field(
        default_factory=lambda: {name: f"Decimal.{name}" for name in _FUNCTIONS}
    )
    note: str = "Computed with `digits` decimal digits, then rounded to the format."

    def load(self, settings: Settings) -> DecimalLibrary:
        """Return the library with its number of digits."""
        if unknown := sorted(settings.keys() - {"digits"}):
            raise UsageError(
                f"The adapter decimal has no setting {', '.join(unknown)}; it has digits."
            )
        return DecimalLibrary(self, int(settings.get("digits", 40)))


class DecimalLibrary:
    """Python's decimal module with a number of digits."""

    def __init__(self, adapter: DecimalAdapter, digits: int) -> None:
        self._adapter = adapter
        self._context = Context(prec=digits, Emin=-9999, Emax=9999, traps=[])
        self.versions = {
            "python": platform.python_version(),
            "libmpdec": str(decimal.__libmpdec_version__),
        }

    def routine(self, request: Request) -> Evaluate:
        """Return a loop over a function of decimals."""
        if request.formula is not None:
            raise Unavailable("decimal serves functions, no formulas.")
        if request.function not in self._adapter.functions:
            raise Unavailable(f"decimal has no routine for {request.function}.")
        if request.format.name not in self._adapter.formats:
            raise Unavailable(f"decimal does not serve {request.format.name}.")
        function, fmt, context = _FUNCTIONS[request.function], request.format, self._context

        def evaluate(inputs: Sequence[memoryview], output: memoryview) -> None:
            for place, bits in enumerate(inputs[0]):
                output[place] = _encoded(fmt, function(context, _decimal(fmt, bits)))

        return evaluate


def _decimal(fmt: Format, bits: int) -> Decimal:
    """Return the exact value of an encoding."""
    if not fmt.is_finite(bits):
        return Decimal(fmt.hex(bits))  # nan, inf or -inf
    value = fmt.value(bits)
    if not value:
        return Decimal("-0" if fmt.is_negative(bits) else "0")
    return _EXACT.divide(Decimal(value.numerator), Decimal(value.denominator))


def _encoded(fmt: Format, value: Decimal) -> int:
    if value.is_nan():
        return fmt.nan
    if value.is_infinite():
        return fmt.overflowed(value.is_signed())
    return fmt.round(Fraction(value), negative_zero=value.is_signed())


adapter = DecimalAdapter()
