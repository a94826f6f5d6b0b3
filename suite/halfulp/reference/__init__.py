"""The exact results that everything is measured against: enclosures by Arb, and mpmath as arbiter.

The package can be called, too: `halfulp.reference("expm1", 0.5)` is the call that users know, and
importing any part of the package would put the package in the place of a function of that name.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

    from halfulp.assertions import Reference


class _Callable(ModuleType):
    """A module that is also a function."""

    def __call__(self, function: str, *x: float | str | Fraction) -> Reference:
        """Return the exact value of a function; see `halfulp.assertions.reference`."""
        found: Reference = import_module("halfulp.assertions").reference(function, *x)
        return found


sys.modules[__name__].__class__ = _Callable
