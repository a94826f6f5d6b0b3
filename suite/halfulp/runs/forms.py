"""Forms of report, found by the entry point group `halfulp.reports`.

A form turns a run into text or bytes and knows nothing of files; `write_report` owns the file. A
third party adds a form by an entry point:

    [project.entry-points."halfulp.reports"]
    slides = "our_package.slides:form"
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Protocol

from halfulp.exceptions import MissingError, UsageError
from halfulp.runs.store import Run, replace_file

if TYPE_CHECKING:
    from pathlib import Path

GROUP = "halfulp.reports"


class Form(Protocol):
    """One form of report; `suffix` begins with a dot and names the file `report<suffix>`."""

    @property
    def suffix(self) -> str: ...  # noqa: D102 - said above

    def render(self, run: Run) -> str | bytes: ...  # noqa: D102 - said above


def form_names() -> list[str]:
    """Return the names of the forms installed, without importing any."""
    return sorted(_installed())


def form_named(name: str) -> Form:
    """Import and return a form.

    Raises
    ------
    UsageError
        If no form has this name.
    MissingError
        If the form cannot be imported.
    """
    installed = _installed()
    if name not in installed:
        known = ", ".join(sorted(installed)) or "none is installed"
        raise UsageError(f"Unknown form of report {name!r}. Forms: {known}.")
    try:
        form: Form = installed[name].load()
    except (ImportError, AttributeError) as error:
        raise MissingError(
            f"The form of report {name!r} ({installed[name].value}) cannot be loaded: {error}. "
            "Install what it needs, or choose another form."
        ) from error
    return form


def write_report(run: Run, name: str, target: Path | None = None) -> Path:
    """Write a run in a form and return the file's path, by default `report<suffix>` in the run.

    Raises
    ------
    HalfulpError
        If the form is unknown or the file cannot be written.
    """
    form = form_named(name)
    content = form.render(run)
    path = target or run.path / f"report{form.suffix}"
    # A lone surrogate can come in by run.json and must not stop a report.
    replace_file(path, content.encode("utf-8", "replace") if isinstance(content, str) else content)
    return path


def _installed() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}
