"""Measure how accurate implementations of mathematical functions are, in ULP.

>>> import halfulp
>>> halfulp.measure("expm1", backend="numpy", format="float32")  # doctest: +SKIP
>>> halfulp.run("quick")  # doctest: +SKIP

Everything is imported when it is first used, so that `import halfulp` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from halfulp._version import __version__

if TYPE_CHECKING:
    from halfulp.api import load_run, measure, resume, run, time
    from halfulp.assertions import (
        Reference,
        assert_array_ulp,
        assert_ulp,
        reference,
        ulp_error,
    )
    from halfulp.exceptions import (
        ExpressionError,
        HalfulpError,
        MissingError,
        RunError,
        UsageError,
    )
    from halfulp.measurement import Figures, Measurement, Witness

__all__ = [
    "ExpressionError",
    "Figures",
    "HalfulpError",
    "Measurement",
    "MissingError",
    "Reference",
    "RunError",
    "UsageError",
    "Witness",
    "__version__",
    "assert_array_ulp",
    "assert_ulp",
    "load_run",
    "measure",
    "reference",
    "resume",
    "run",
    "time",
    "ulp_error",
]

_HOMES = {
    "halfulp.api": ("load_run", "measure", "resume", "run", "time"),
    "halfulp.assertions": (
        "Reference",
        "assert_array_ulp",
        "assert_ulp",
        "reference",
        "ulp_error",
    ),
    "halfulp.exceptions": (
        "ExpressionError",
        "HalfulpError",
        "MissingError",
        "RunError",
        "UsageError",
    ),
    "halfulp.measurement": ("Figures", "Measurement", "Witness"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names, imported or not."""
    return sorted({*globals(), *__all__})
