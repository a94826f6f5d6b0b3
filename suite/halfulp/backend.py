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


class Stage(Protocol):
    """A routine with its inputs and its output in place, in the library's own arrays.

    What an array program would time is `run`: making arrays of encodings, moving them to a device
    and back are steps of their own. `run` may be called any number of times.
    """

    def run(self) -> None:
        """Compute once; on a device it may return as soon as the work is under way."""
        ...

    def synchronise(self) -> None:
        """Wait until all that `run` began has ended."""
        ...

    def fetch(self) -> None:
        """Write the results of the last `run` into the view of the output."""
        ...


@runtime_checkable
class Staged(Protocol):
    """An `Evaluate` that can also be carried out in steps; optional.

    A call does what `run`, `synchronise` and `fetch` of its stage do, one after the other.
    """

    def __call__(self, inputs: Sequence[memoryview], output: memoryview) -> None:
        """Evaluate: encodings in, encodings out."""
        ...

    def stage(self, inputs: Sequence[memoryview], output: memoryview) -> Stage:
        """Put inputs and output in place; the views must stay as long as the stage is used."""
        ...


class DeviceTimer(Protocol):
    """A device's own clock, such as a pair of events in its queue."""

    def start(self) -> None:
        """Mark the beginning in the queue."""
        ...

    def stop(self) -> int:
        """Mark the end, wait for it, and return the nanoseconds on the device since `start`."""
        ...


@dataclass(frozen=True)
class Arrays:
    """What a routine is bound to before it is timed, once; the memory stays where it is.

    Parameters
    ----------
    inputs
        A view of encodings an argument. With a stride it is that many times as long as the output.
    output
        Where the results belong, or None for a routine that makes its output anew in each call.
    stride
        Distance of neighbouring inputs, in elements.
    latency
        Whether each element shall wait for the result before it.
    """

    inputs: tuple[memoryview, ...]
    output: memoryview | None
    stride: int = 1
    latency: bool = False


@dataclass(frozen=True)
class Call:
    """A routine bound to its arrays, as a user of the library would call it: what is timed.

    Parameters
    ----------
    run
        Make one call and return its result or None. Nothing else belongs into it: no conversion, no
        check, no waiting.
    shown
        The call in the library's words, such as "numpy.exp(x, out)".
    repeat
        Make so many calls, where that can be done with less between them than a Python loop needs.
    synchronise
        Wait until a device has finished what it was asked; None where calls return when done.
    device
        The device's clock; None without.
    """

    run: Callable[[], object]
    shown: str
    repeat: Callable[[int], None] | None = None
    synchronise: Callable[[], None] | None = None
    device: DeviceTimer | None = None


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

    Three members are optional.

    `facts`, a mapping of texts, says what else decides about the figures, such as the processor
    features that were chosen, the device or the command of a compiler; it is recorded in the run.
    Two of them name formats, separated by spaces, in which formulas may leave the format:
    `excess_precision` where intermediate results may be wider, and `contraction` where a * b + c
    may be one operation.

    `ramp(first, step, view)` fills a view with first, first + step, ... of its item type, faster
    than Python can.

    `bind(request, arrays)` takes a `Request` and `Arrays` and returns the `Call` that is timed, or
    raises `Unavailable` for arrays that the library cannot take. Without it the evaluation itself
    is timed, with whatever conversions it does.
    """

    @property
    def versions(self) -> Mapping[str, str]:
        """Names and versions of what is measured, recorded in the run."""
        ...

    def routine(self, request: Request) -> Evaluate:
        """Return the callable that evaluates a request, a `Staged` one where it can be.

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
