"""What the labels of a study stand for: regions, formulas and configured backends."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halfulp import expressions, functions, inputs
from halfulp.backend import adapter_entry_points
from halfulp.exceptions import ExpressionError, UsageError
from halfulp.study.known import corpus_of
from halfulp.suggest import hint, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from halfulp.expectations.corpus import Corpus
    from halfulp.study.model import Backend, Study

NATIVE = "native"
"""The label of the backend's own routine."""

ALL = "all"
"""The label and the bounds of the whole input axis."""


@dataclass(frozen=True)
class BackendSpec:
    """A configured adapter under its label.

    Parameters
    ----------
    label, adapter, settings, required
        As in the study.
    python
        Path of another environment's interpreter, or "".
    time_limit_s, memory_limit_mb
        What its subject may use; a memory limit of 0 is the default one.
    folder
        Where relative paths among the settings start, or "" for the current folder.
    """

    label: str
    adapter: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    required: bool = False
    python: str = ""
    time_limit_s: float = 60
    memory_limit_mb: int = 0
    folder: str = ""


@dataclass(frozen=True)
class Names:
    """What labels stand for in a plan: regions, formulas and configured backends."""

    regions: Mapping[str, str] = field(default_factory=dict)
    formulas: Mapping[str, str] = field(default_factory=dict)
    backends: Mapping[str, BackendSpec] = field(default_factory=dict)
    corpus: Corpus | None = None


def names_of(study: Study) -> Names:
    """Return what the labels of a study stand for; all are checked, used or not."""
    regions: dict[str, str] = {}
    for label, written in study.region.items():
        ranges = (written,) if isinstance(written, str) else written
        with at_place(f'region "{label}"'):
            regions[label] = _bounds(", ".join(ranges))
    formulas: dict[str, str] = {}
    for label, text in study.formula.items():
        with at_place(f'formula "{label}"'):
            formulas[label] = expressions.to_text(functions.parse(text))
    backends: dict[str, BackendSpec] = {}
    for label, table in study.backend.items():
        with at_place(f'backend "{label}"'):
            _check_adapter(table.adapter, "adapter", adapter_entry_points())
        backends[label] = _configured(label, table, study.folder)
    return Names(regions, formulas, backends, corpus_of(study))


def formula_of(text: str, labels: Mapping[str, str]) -> tuple[str, str | None]:
    """Return a formula's label and expression; the label of a bare expression is its text."""
    if text == NATIVE:
        return NATIVE, None
    if text in labels:
        return text, labels[text]
    try:
        expression = expressions.to_text(functions.parse(text))
    except ExpressionError as error:
        guess = nearest(text, [NATIVE, *labels])
        if guess is None:
            raise
        raise UsageError(
            f"{text!r} is neither a label of a formula nor an expression; did you mean `{guess}`?"
        ) from error
    return expression, expression


def backend_of(label: str, names: Names) -> BackendSpec:
    """Return the configured backend with this label, or the adapter of that name as it is."""
    if label in names.backends:
        return names.backends[label]
    _check_adapter(label, "backend", [*names.backends, *adapter_entry_points()])
    return BackendSpec(label, label)


def _configured(label: str, table: Backend, folder: str) -> BackendSpec:
    """Return the backend of a table of the study."""
    return BackendSpec(
        label,
        table.adapter,
        table.settings,
        table.required,
        python=_interpreter(table.python, folder),
        time_limit_s=table.time_limit_s,
        memory_limit_mb=table.memory_limit_mb,
        folder=folder,
    )


def _interpreter(python: str, folder: str) -> str:
    """Return the path of an interpreter; a bare name is looked for on PATH.

    Links stay as they are: an environment's interpreter is a link, and knows its place by it.
    """
    if not python or "/" not in python:
        return shutil.which(python) or python if python else ""
    return os.path.normpath(Path(folder or Path.cwd()) / Path(python).expanduser())


def _check_adapter(name: str, noun: str, known: Iterable[str]) -> None:
    candidates = sorted(set(known))
    if name not in candidates:
        raise UsageError(f"Unknown {noun} {name!r}: {hint(name, candidates)}")


def region_of(text: str, labels: Mapping[str, str]) -> tuple[str, str]:
    """Return a region's label and bounds; the label of bare bounds is their text."""
    if text == ALL:
        return ALL, ALL
    if text in labels:
        return text, labels[text]
    if ":" not in text:
        raise UsageError(
            f"Unknown region {text!r}: {hint(text, [ALL, *labels])} "
            "Bounds such as 0.5:2 will do too."
        )
    bounds = _bounds(text)
    return bounds, bounds


def _bounds(text: str) -> str:
    """Return bounds without the spaces that do not matter, checked for their form."""
    ranges = [":".join(end.strip() for end in part.split(":")) for part in text.split(",")]
    bounds = ", ".join(ranges)
    inputs.parse_region(bounds, len(ranges))
    return bounds


@contextmanager
def at_place(where: str) -> Iterator[None]:
    """Put the place in front of the sentence of any usage error raised inside."""
    try:
        yield
    except UsageError as error:
        raise UsageError(f"{where}: {error}" if where else str(error)) from error
