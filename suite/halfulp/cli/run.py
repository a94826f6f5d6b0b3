"""`halfulp run`: carry out a study, write the run and its report."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import TYPE_CHECKING, Any

import typer

from halfulp import api
from halfulp.cli import options
from halfulp.cli.errors import INTERRUPTED, say
from halfulp.cli.progress import progress_for
from halfulp.cli.state import Shared, emit, table
from halfulp.exceptions import MissingError
from halfulp.expectations.claims import tally
from halfulp.routines import SELECTOR_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from halfulp.runs.store import Run
    from halfulp.study.plan import Plan

EXAMPLES = "Example: halfulp run quick --only backend=numpy --only 'function=exp*'"
_WORST = 10

_STUDY = typer.Argument(help="A .toml file, or the name of a shipped study.", metavar="STUDY")
_ONLY = typer.Option(
    [],
    "--only",
    metavar="KEY=GLOB",
    help=f"Keep the rows that match; KEY is {', '.join(SELECTOR_KEYS)}. May be repeated.",
)
_OUT = typer.Option(
    None, "--out", metavar="DIR", help="The run's folder; by default a new one in halfulp-runs/."
)
_DRY = typer.Option(False, "--dry-run", help="Print the rows that would be measured, and stop.")
_NO_REPORT = typer.Option(False, "--no-report", help="Write no report.html.")


def run(
    context: typer.Context,
    study: str = _STUDY,
    only: list[str] = _ONLY,
    out: str | None = _OUT,
    workers: int | None = options.WORKERS,
    seed: int | None = options.SEED,
    dry_run: bool = _DRY,
    no_report: bool = _NO_REPORT,
) -> None:
    """Carry out a study and print where its report is."""
    shared: Shared = context.obj
    plan = api.plan_study(study, only=only, seed=seed)
    if dry_run:
        _print_rows(plan)
        return
    finished = api.carry_out(
        plan,
        out=out,
        workers=workers,
        report=not no_report,
        progress=progress_for(quiet=shared.quiet),
        command=_command(study, only, seed),
    )
    present(finished, quiet=shared.quiet, report=not no_report)
    conclude(finished, [spec.label for spec in plan.backends.values() if spec.required])


def present(finished: Run, *, quiet: bool, report: bool) -> None:
    """Show the worst of a run on stderr, and print where it is."""
    if not quiet:
        typer.echo(summary(finished.rows), err=True)
        if ratios := finished.records("timing_ratios"):
            counts = Counter(row["verdict"] for row in ratios)
            said = ", ".join(f"{number} {verdict}" for verdict, number in counts.items())
            typer.echo(f"{len(ratios)} ratios of times: {said}", err=True)
        if claims := finished.records("claims"):
            typer.echo(tally(claims), err=True)
    emit(where(finished, report=report))


def where(finished: Run, *, report: bool) -> str:
    """Return the path that is printed for a run."""
    return str(finished.path / "report.html" if report else finished.path)


def conclude(finished: Run, required: Iterable[str]) -> None:
    """End with the exit code that tells what the run came to."""
    rows = finished.rows
    if finished.manifest["status"] == "interrupted":
        saved = sum(row["status"] == "measured" for row in rows)
        path = shlex.quote(str(finished.path))
        say(
            f"interrupted; {saved} of {len(rows)} rows are saved in {finished.path}. "
            f"What was finished of the others is kept: `halfulp resume {path}` goes on with it."
        )
        raise typer.Exit(INTERRUPTED)
    _require(required, finished)


def _command(study: str, only: list[str], seed: int | None) -> str:
    """Return the command that repeats the run; the folder and the workers change no figure."""
    words = ["halfulp", "run", study, *(word for text in only for word in ("--only", text))]
    return shlex.join([*words, *(("--seed", str(seed)) if seed is not None else ())])


def _print_rows(plan: Plan) -> None:
    cells = [("routine", "region", "inputs")]
    cells += [(row.routine.identity, row.region, row.sampler) for row in plan.rows]
    emit(table(cells))
    if plan.timing is not None:
        say(
            f"timing: {plan.timing.rows:,} cases, one at a time; about "
            f"{plan.timing.estimate_s:,.0f} s, more where single calls are long."
        )
    count = len(plan.rows)
    say(f"{count} row{'s' if count > 1 else ''}; nothing was run.")


def _require(required: Iterable[str], finished: Run) -> None:
    """Raise MissingError if a required backend is missing, or nothing was measured."""
    rows = finished.rows
    if not any(row["status"] == "measured" for row in rows):
        raise MissingError(
            f"Nothing was measured ({_statuses(rows)}): {rows[0]['routine']} is "
            f"{rows[0]['status']}: {rows[0]['reason']} The report in {finished.path} has the rest."
        )
    for label in required:
        own = [row for row in rows if row["backend"] == label]
        if all(row["status"] == "unavailable" for row in own):
            raise MissingError(f"The required backend {label} is missing: {own[0]['reason']}")


def summary(rows: list[dict[str, Any]]) -> str:
    """Return the worst rows as a short table, and what became of the others."""
    measured = [row for row in rows if row["status"] == "measured"]
    worst = sorted(measured, key=_badness, reverse=True)[:_WORST]
    cells = [("max ulp", "kind", "specials", "routine", "region", "inputs")]
    for row in worst:
        shown = options.shown_ulp(row["max_ulp_text"])
        named = (row["routine"], row["region"], row["sampler"])
        cells.append((shown, row["kind"], str(row["specials"]), *named))
    title = f"The {len(worst)} largest errors" if len(worst) < len(measured) else "Errors"
    lines = [f"{title} ({_statuses(rows)}):", table(cells)] if worst else [_statuses(rows)]
    return "\n".join(lines)


def _badness(row: dict[str, Any]) -> float:
    exponent = row["max_ulp_log2"]
    return -float("inf") if exponent is None else float(exponent)


def _statuses(rows: list[dict[str, Any]]) -> str:
    counts = Counter(row["status"] for row in rows)
    return ", ".join(f"{number} {status}" for status, number in counts.items())
