"""Python functions of the user's own, named as "module:function" and called on NumPy arrays."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halfulp.backend import Evaluate, Request, Settings, Unavailable
from halfulp.exceptions import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

_KEYS = ("functions", "path")


@dataclass(frozen=True)
class PythonAdapter:
    """The adapter `python`: it has what its settings name, and nothing without."""

    name: str = "python"
    requires: tuple[str, ...] = ("numpy",)
    formats: tuple[str, ...] = ("float16", "bfloat16", "float32", "float64")
    functions: Mapping[str, str] = field(default_factory=dict)
    note: str = (
        "A function that takes no arrays is called once an element with Python floats, and what "
        "it returns is rounded once to the format."
    )

    def load(self, settings: Settings) -> PythonLibrary:
        """Read the settings; modules are imported when a function of theirs is asked for."""
        unknown = sorted(settings.keys() - set(_KEYS))
        if unknown:
            raise UsageError(
                f"The adapter python has no setting {', '.join(unknown)}; it has "
                f"{', '.join(_KEYS)}."
            )
        return PythonLibrary(_places(settings), _path(settings))


class PythonLibrary:
    """Functions by name, and the folders in which their modules are looked for."""

    def __init__(self, places: Mapping[str, str], path: Sequence[str]) -> None:
        # Last: what the interpreter finds by itself must not be replaced by a file of the user's.
        sys.path += [folder for folder in path if folder not in sys.path]
        self._places = places

    @property
    def versions(self) -> dict[str, str]:
        """Python and NumPy."""
        import numpy as np

        return {"python": platform.python_version(), "numpy": np.__version__}

    @property
    def facts(self) -> dict[str, str]:
        """What is called."""
        return {"calls": ", ".join(f"{name} = {place}" for name, place in self._places.items())}

    def routine(self, request: Request) -> Evaluate:
        """Return the evaluation of a function of the user's.

        Raises
        ------
        Unavailable
            If none is named for it, or it cannot be imported; in Python's words.
        """
        from halfulp.subject.inprocess import InProcess
        from halfulp.subject.protocol import SubjectError

        if request.function not in self._places:
            raise Unavailable(
                f"The backend names no Python function for {request.function}: "
                f'functions = {{ "{request.function}" = "module:function" }} would.'
            )
        place = self._places[request.function]
        called = InProcess(_imported(place), name=place)
        number = called.prepare(request)

        def evaluate(inputs: Sequence[memoryview], output: memoryview) -> None:
            import numpy as np

            unsigned = f"u{output.itemsize}"
            bits = np.stack([np.frombuffer(view, unsigned) for view in inputs])
            try:
                np.frombuffer(output, unsigned)[:] = called.evaluate(number, bits)
            except SubjectError as error:
                raise RuntimeError(error.reason) from error

        return evaluate


def _imported(place: str) -> Callable[..., Any]:
    module, _, name = place.partition(":")
    try:
        found: Any = reduce(getattr, name.split("."), import_module(module))
    except Exception as error:  # whatever the user's module raises when it is imported
        raise Unavailable(
            f"{place} cannot be imported: {type(error).__name__}: {error}. Folders beside the "
            'study are looked in with path = ["."].'
        ) from error
    if not callable(found):
        raise Unavailable(f"{place} is no function, but a {type(found).__name__}.")
    return found  # type: ignore[no-any-return] # callable, as was just asked


def _places(settings: Settings) -> dict[str, str]:
    table = settings.get("functions", {})
    if not isinstance(table, Mapping) or not all(
        isinstance(place, str) and place.count(":") == 1 for place in table.values()
    ):
        raise UsageError(
            "The adapter python needs a table of functions, such as functions = { expm1 = "
            f'"kernels:expm1" }}, but got {table!r}.'
        )
    return dict(table)


def _path(settings: Settings) -> list[str]:
    """Return folders as absolute paths; relative ones start at the study's folder."""
    path = settings.get("path", [])
    if not isinstance(path, list | tuple) or not all(isinstance(item, str) for item in path):
        raise UsageError(
            f'The setting `path` of the adapter python: expected folders, such as ["."], but got '
            f"{path!r}."
        )
    return [str(Path(folder).absolute()) for folder in path]


adapter = PythonAdapter()
