"""`halfulp report`: write a run in a form."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from halfulp.cli.state import emit

_RUN = typer.Argument(help="The run's folder.", metavar="RUN")
_AS = typer.Option("html", "--as", metavar="FORM", help="The form of the report.")
_OUT = typer.Option(
    None, "--out", metavar="FILE", help="Where to write it; - is stdout. [default: in the folder]"
)


def report(run: str = _RUN, form: str = _AS, out: str | None = _OUT) -> None:
    """Write the report of a run and print its path."""
    from halfulp.runs.forms import form_named, write_report
    from halfulp.runs.store import load_run

    writer = form_named(form)
    loaded = load_run(run)
    if out == "-":
        content = writer.render(loaded)
        sys.stdout.buffer.write(content if isinstance(content, bytes) else content.encode())
        sys.stdout.flush()
        return
    emit(str(write_report(loaded, form, None if out is None else Path(out))))
