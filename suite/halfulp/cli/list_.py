"""`halfulp list`: the functions, backends and studies there are."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import typer

from halfulp.cli import function_list
from halfulp.cli.state import emit, table
from halfulp.exceptions import UsageError
from halfulp.suggest import hint

if TYPE_CHECKING:
    from collections.abc import Callable

    from halfulp.backend import Adapter


_THING = typer.Argument(help="functions, backends or studies.", metavar="WHAT")
_NAME = typer.Argument(None, help="A function or expression: shows its record.", metavar="NAME")
_JSON = typer.Option(False, "--json", help="Print functions as JSON.")


def list_things(thing: str = _THING, name: str | None = _NAME, as_json: bool = _JSON) -> None:
    """List functions, backends or studies; with a name, show one function."""
    if thing == "functions":
        emit(function_list.shown(name, as_json=as_json))
        return
    if thing not in _LISTS:
        raise UsageError(f"There is no list of {thing!r}: {hint(thing, ('functions', *_LISTS))}")
    if name is not None or as_json:
        given = "--json" if name is None else repr(name)
        raise UsageError(f"`halfulp list {thing}` takes no {given}: only functions do.")
    emit(_LISTS[thing]())


def _backends() -> str:
    from halfulp.backend import adapter_entry_points, adapter_named

    rows, notes = [("backend", "functions", "formats", "state")], []
    for name, point in sorted(adapter_entry_points().items()):
        try:
            adapter = adapter_named(name)
        except Exception as error:  # a broken plug-in must not hide the others
            rows.append((name, "", "", f"broken: {point.value} cannot be loaded: {error}"))
            continue
        formats = ", ".join(adapter.formats)
        rows.append((name, str(len(adapter.functions)), formats, _state(adapter)))
        notes += [f"{name}: {adapter.note}"] if adapter.note else []
    return "\n".join([table(rows), *(f"\n{note}" for note in notes)])


def _state(adapter: Adapter) -> str:
    """Return whether an adapter's library is installed and in which version, or what is missing."""
    from importlib.util import find_spec

    missing = [package for package in adapter.requires if find_spec(package) is None]
    if missing:
        return f"unavailable: the package {', '.join(missing)} is not installed"
    versions = ", ".join(_version(package) for package in adapter.requires)
    return f"available ({versions})" if versions else "available"


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:  # the distribution may have another name than the package
        return package


def _studies() -> str:
    from halfulp.study.named import shipped_studies

    rows = [("study", "title")]
    for name, path in shipped_studies().items():
        title = tomllib.loads(path.read_text(encoding="utf-8")).get("title", "")
        rows.append((name, str(title)))
    return table(rows)


_LISTS: dict[str, Callable[[], str]] = {"backends": _backends, "studies": _studies}
