"""Forms of report, found by the entry point group `halfulp.reports`.

A form turns a run into text or bytes and knows nothing of files; `write_report` owns the file. A
third party adds a form by an entry point:

    [project.entry-points."halfulp.reports"]
    slides = "our_package.slides:form"

A form may also have `render_comparison` (see `ComparisonForm`), or be one of plots (`PlotForm`).
"""

from __future__ import annotations

import re
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Protocol, cast

from halfulp.exceptions import MissingError, UsageError
from halfulp.runs.store import Run, replace_file

if TYPE_CHECKING:
    from pathlib import Path

    from halfulp.expectations.comparison import Comparison

GROUP = "halfulp.reports"


class Form(Protocol):
    """One form of report; `suffix` begins with a dot and names the file `report<suffix>`."""

    @property
    def suffix(self) -> str: ...  # noqa: D102 - said above

    def render(self, run: Run) -> str | bytes: ...  # noqa: D102 - said above


class ComparisonForm(Form, Protocol):
    """A form that can also set two runs side by side."""

    def render_comparison(  # noqa: D102 - said above
        self, comparison: Comparison
    ) -> str | bytes: ...


class PlotForm(Form, Protocol):
    """A form that holds one plot of a run; `plots` names those there are."""

    def plots(self, run: Run) -> list[str]: ...  # noqa: D102 - said above

    def render_plot(  # noqa: D102 - said above
        self, run: Run, name: str | None
    ) -> bytes: ...


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
    _replace(path, content)
    return path


def comparison_form(name: str) -> ComparisonForm:
    """Import and return a form that can set two runs side by side.

    Raises
    ------
    UsageError
        If no form has this name, or it cannot.
    MissingError
        If the form cannot be imported.
    """
    return cast("ComparisonForm", _form_with("render_comparison", name, "compare two runs"))


def plot_form(name: str) -> PlotForm:
    """Import and return a form that holds one plot; raises as `comparison_form` does."""
    return cast("PlotForm", _form_with("render_plot", name, "hold a plot"))


def _form_with(method: str, name: str, ability: str) -> Form:
    form = form_named(name)
    if not hasattr(form, method):
        able = [each for each in form_names() if hasattr(_loaded(each), method)]
        raise UsageError(
            f"The form {name!r} cannot {ability}. Forms that can: {', '.join(able) or 'none'}."
        )
    return form


def _loaded(name: str) -> Form | None:
    """Return a form, or None if it cannot be loaded: another one's fault is not the user's."""
    try:
        return form_named(name)
    except MissingError:
        return None


def write_comparison(comparison: Comparison, name: str, target: Path) -> Path:
    """Write two runs side by side in a form and return the file's path.

    Raises
    ------
    HalfulpError
        If the form is unknown or cannot do this, or the file cannot be written.
    """
    _replace(target, comparison_form(name).render_comparison(comparison))
    return target


def write_plot(run: Run, name: str, plot: str | None, target: Path | None = None) -> Path:
    """Write one plot of a run and return the file's path, by default in the run.

    Raises
    ------
    HalfulpError
        If the form or the plot is unknown, or the file cannot be written.
    """
    form = plot_form(name)
    plot = next(iter(form.plots(run)), None) if plot is None else plot
    content = form.render_plot(run, plot)
    stem = re.sub(r"[^\w.-]+", "-", plot or "plot").strip("-.")[:80]
    path = target or run.path / f"{stem}{form.suffix}"
    _replace(path, content)
    return path


def _replace(path: Path, content: str | bytes) -> None:
    # A lone surrogate can come in by run.json and must not stop a report.
    replace_file(path, content.encode("utf-8", "replace") if isinstance(content, str) else content)


def _installed() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}
