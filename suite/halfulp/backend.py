"""The contract between the suite and an adapter, and how adapters are found.

An *adapter* is an object that a package names under the entry point group `halfulp.adapters`. Its
module must import without its library: tables are data, so that `halfulp list` shows them at once.
The library is loaded by `Adapter.load`, in the subject's process only.

Data cross the contract as unsigned encodings in memoryviews, so that neither side converts a value
by accident; the format is metadata.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol, TypeAlias, runtime_checkable

from halfulp.exceptions import UsageError
from halfulp.expressions import Expression
from halfulp.formats import Format

ENTRY_POINT_GROUP = "halfulp.adapters"

Settings: TypeAlias = Mapping[str, Any]
"""A backend's own keys from the study file, as TOML gives them."""

Evaluate: TypeAlias = Callable[[Sequence[memoryview], memoryview], None]
"""Evaluate a routine: one view of encodings an argument, and the view to fill with results.

Views are one-dimensional, equally long, and have the item type of the format's width ("B", "H",
"I" or "Q"). Inputs must not be written to; every element of the output must be.
"""


class Unavailable(Exception):  # noqa: N818 - a result of its own, not an error
    """A library, device, function or format that a backend does not have; the message says why."""


@dataclass(frozen=True)
class Request:
    """What a subject is asked to make ready: a formula for a function in a format.

    Parameters
    ----------
    function
        Catalogue name, or the text of an expression.
    formula
        The tree to evaluate operator by operator in the format, or None for the backend's own
        routine (`native`).
    format
        The format of inputs, intermediate results and output.
    arguments
        Names of the arguments in order, such as ("x",) or ("x", "y").
    """

    function: str
    formula: Expression | None
    format: Format
    arguments: tuple[str, ...]


@runtime_checkable
class Library(Protocol):
    """A loaded library, ready to make routines; lives in the subject's process.

    Two members are optional. `facts`, a mapping of texts, says what else decides about the figures,
    such as the processor features that were chosen, the device or the command of a compiler; it is
    recorded in the run. `ramp(first, step, view)` fills a view with first, first + step, ... of its
    item type, faster than Python can.
    """

    @property
    def versions(self) -> Mapping[str, str]:
        """Names and versions of what is measured, recorded in the run."""
        ...

    def routine(self, request: Request) -> Evaluate:
        """Return the callable that evaluates a request.

        Raises
        ------
        Unavailable
            If the library has no such function or format; in the library's own words where it
            has any.
        """
        ...


@runtime_checkable
class Adapter(Protocol):
    """What an adapter package provides; importing it must not import the library."""

    @property
    def name(self) -> str:
        """The name used in `adapter = "..."` and as the label of the unconfigured backend."""
        ...

    @property
    def requires(self) -> tuple[str, ...]:
        """Import names of the packages needed, to tell without importing whether they are there."""
        ...

    @property
    def formats(self) -> tuple[str, ...]:
        """Names of the formats that the adapter can serve."""
        ...

    @property
    def functions(self) -> Mapping[str, str]:
        """Catalogue name -> the routine's name in the library, for `native`."""
        ...

    @property
    def note(self) -> str:
        """One sentence about how results come about where it is not obvious, or ""."""
        ...

    def load(self, settings: Settings) -> Library:
        """Import the library and configure it.

        Raises
        ------
        Unavailable
            If the library or its device is missing.
        UsageError
            If a setting is not understood.
        """
        ...


def adapter_entry_points() -> dict[str, EntryPoint]:
    """Return the installed adapters by name, without importing any."""
    return {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP)}


def adapter_place(name: str) -> str:
    """Return where an installed adapter is, as `module:attribute`, without importing it.

    Raises
    ------
    UsageError
        If no installed package provides it.
    """
    found = adapter_entry_points()
    if name not in found:
        raise UsageError(
            f"Unknown backend {name!r}. Installed adapters: {', '.join(sorted(found)) or 'none'}. "
            "`halfulp list backends` shows them; a study can configure others."
        )
    return found[name].value


def adapter_at(place: str) -> Adapter:
    """Import and return the adapter at `module:attribute` (not its library)."""
    adapter = EntryPoint("adapter", place, ENTRY_POINT_GROUP).load()
    assert isinstance(adapter, Adapter), f"{place} does not keep the adapter contract"
    return adapter


def adapter_named(name: str) -> Adapter:
    """Import and return an adapter (not its library).

    Raises
    ------
    UsageError
        If no installed package provides it.
    """
    return adapter_at(adapter_place(name))
