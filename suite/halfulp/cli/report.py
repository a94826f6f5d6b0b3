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
_PLOT = typer.Option(
    None,
    "--plot",
    metavar="NAME",
    help="With png or svg: the plot, such as error/exp; a name that is none lists them.",
)
EXAMPLES = (
    "Examples: halfulp report RUN --as md --out -; halfulp report RUN --as png --plot error/exp"
)


def report(
    run: str = _RUN, form: str = _AS, plot: str | None = _PLOT, out: str | None = _OUT
) -> None:
    """Write the report of a run, or one plot of it, and print its path."""
    from halfulp.runs.forms import form_named, plot_form, write_plot, write_report
    from halfulp.runs.store import load_run

    writer = form_named(form) if plot is None else plot_form(form)
    loaded = load_run(run)
    target = None if out in (None, "-") else Path(str(out))
    if out == "-":
        content = (
            writer.render(loaded) if plot is None else plot_form(form).render_plot(loaded, plot)
        )
        sys.stdout.buffer.write(
            content if isinstance(content, bytes) else content.encode("utf-8", "replace")
        )
        sys.stdout.flush()
    elif hasattr(writer, "render_plot"):
        emit(str(write_plot(loaded, form, plot, target)))
    else:
        emit(str(write_report(loaded, form, target)))
