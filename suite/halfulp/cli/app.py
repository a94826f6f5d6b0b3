"""The typer application: the verbs, and the options that come before them."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from halfulp._version import __version__
from halfulp.cli import (
    check,
    compare,
    corpus,
    doctor,
    init,
    list_,
    measure,
    report,
    resume,
    run,
    schema,
    time,
)
from halfulp.cli.errors import InterruptionError
from halfulp.cli.state import Shared, emit


class _Verbs(TyperGroup):
    """The verbs; Ctrl-C in one of them is explained like every other end."""

    def invoke(self, ctx: Any) -> Any:  # the context is a class that typer does not publish
        """Run the verb."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            told = ["interrupted.", *getattr(stop, "__notes__", ())]
            raise InterruptionError(" ".join(told)) from None


app = typer.Typer(
    cls=_Verbs,
    rich_markup_mode=None,  # plain help: rich would double the time that --help takes
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Measure how accurate implementations of mathematical functions are, in ULP.",
    epilog=(
        "Exit codes: 0 carried out; 1 a check found something broken; 2 usage or study error; "
        "3 something required is missing, or nothing was measured; 4 halfulp itself failed; "
        "130 interrupted."
    ),
)


def _print_version(wanted: bool) -> None:
    if wanted:
        emit(f"halfulp {__version__}")
        raise typer.Exit


_VERSION = typer.Option(
    False, "--version", help="Print the version.", callback=_print_version, is_eager=True
)
_QUIET = typer.Option(False, "--quiet", "-q", help="No progress on stderr; after the verb too.")
_DEBUG = typer.Option(False, "--debug", help="Show tracebacks; after the verb too.")


@app.callback(invoke_without_command=True)
def halfulp(
    context: typer.Context,
    version: bool = _VERSION,  # noqa: ARG001 - its callback has printed it
    quiet: bool = _QUIET,
    debug: bool = _DEBUG,
) -> None:
    """Keep the global options for the verb."""
    context.obj = Shared(quiet=quiet, debug=debug)
    if context.invoked_subcommand is None:
        emit(context.get_help())


app.command("run", epilog=run.EXAMPLES)(run.run)
app.command("resume", epilog=resume.EXAMPLES)(resume.resume)
app.command("measure", epilog=measure.EXAMPLES)(measure.measure)
app.command("time", epilog=time.EXAMPLES)(time.time)
app.command("check", epilog=check.EXAMPLES)(check.check)
app.command("corpus", epilog=corpus.EXAMPLES)(corpus.corpus)
app.command("list")(list_.list_things)
app.command("doctor", epilog=doctor.EXAMPLES)(doctor.doctor)
app.command("report", epilog=report.EXAMPLES)(report.report)
app.command("compare", epilog=compare.EXAMPLES)(compare.compare)
app.command("init")(init.init)
app.command("schema")(schema.schema)
