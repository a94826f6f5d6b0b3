"""`halfulp resume`: finish a run that was interrupted, killed or out of disk."""

from __future__ import annotations

import typer

from halfulp import api
from halfulp.cli import options
from halfulp.cli.errors import say
from halfulp.cli.progress import progress_for
from halfulp.cli.run import conclude, present, where
from halfulp.cli.state import Shared, emit

EXAMPLES = "Example: halfulp resume halfulp-runs/quick-20260102-030405"

_RUN = typer.Argument(help="The run's folder.", metavar="RUN")
_NO_REPORT = typer.Option(False, "--no-report", help="Write no report.html.")


def resume(
    context: typer.Context,
    run: str = _RUN,
    workers: int | None = options.WORKERS,
    no_report: bool = _NO_REPORT,
) -> None:
    """Finish a run that was interrupted; its tables are as if it had not been."""
    from halfulp.runs.store import read_manifest

    shared: Shared = context.obj
    folder, before = read_manifest(run)
    finished = api.resume(
        folder,
        workers=workers,
        report=not no_report,
        progress=progress_for(quiet=shared.quiet),
    )
    if before["status"] == "complete":
        say(f"the run in {folder} is complete; there was nothing to resume.")
        emit(where(finished, report=not no_report))
        return
    present(finished, quiet=shared.quiet, report=not no_report)
    backends = finished.manifest["backends"]
    conclude(finished, [label for label, known in backends.items() if known.get("required")])
