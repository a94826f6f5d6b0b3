"""A run from an empty folder to its tables: begun, interrupted, resumed, complete."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from halfulp.exceptions import RunError, UsageError
from halfulp.runs.forms import write_report
from halfulp.runs.store import (
    MANIFEST,
    Run,
    create_run_folder,
    load_run,
    read_manifest,
    replace_file,
    write_manifest,
    write_run,
)
from halfulp.study.journal import JOURNAL, Journal
from halfulp.study.manifest import manifest, now
from halfulp.study.model import Study
from halfulp.study.plan import make_plan

if TYPE_CHECKING:
    from halfulp.study.plan import Plan
    from halfulp.study.runner import Progress

_IGNORED = ".gitignore"


def begin(
    plan: Plan,
    runs: Path,
    *,
    out: Path | None = None,
    workers: int | None = None,
    report: bool = True,
    progress: Progress | None = None,
    command: str | None = None,
) -> Run:
    """Carry out a plan in a new folder and return the run; `halfulp.api` has the parameters.

    The folder holds a run that can be resumed from the first finished shard on.
    """
    folder = _new_folder(plan.name, runs, out)
    told = {"started": now(), **({"command": command} if command else {})}
    try:
        with Journal(folder) as journal:
            write_manifest(folder, manifest(plan, "running", told["started"]) | told)
            _finish(plan, journal, told, workers, progress)
    except BaseException:
        _remove_unused(folder, made=out is None)
        raise
    return _reported(folder, report=report)


def go_on(
    path: str | Path,
    *,
    workers: int | None = None,
    report: bool = True,
    progress: Progress | None = None,
) -> Run:
    """Finish a run that was not, and return it; `halfulp.api.resume` has the parameters."""
    folder, known = read_manifest(path)
    if known["status"] == "complete":
        return _reported(folder, report=report and not any(folder.glob("report.*")))
    with Journal(folder) as journal:
        _, known = read_manifest(folder)  # another process may have finished it meanwhile
        if known["status"] == "complete":
            journal.remove()
        else:
            told = {key: known[key] for key in ("started", "command")}
            _finish(plan_of_run(known), journal, told, workers, progress)
    return _reported(folder, report=report)


def plan_of_run(known: Mapping[str, object]) -> Plan:
    """Return the plan of a run by its manifest.

    Raises
    ------
    RunError
        If the manifest does not hold all that the plan was made of.
    """
    study = known["study"]
    assert isinstance(study, dict)
    if not study["text"] or not study.keys() >= {"only", "folder"}:
        raise RunError(
            "This run cannot be resumed: it does not hold the study that it was made from. "
            f"Begin again with `{known['command']}`."
        )
    again = Study.from_text(study["text"], study["name"], study["folder"])
    return make_plan(again, study["only"], seed=study["seed"])


def resume_command(folder: Path) -> str:
    """Return the command that goes on with a run, as a sentence has it."""
    return f"`halfulp resume {shlex.quote(str(folder))}`"


def _finish(
    plan: Plan,
    journal: Journal,
    told: Mapping[str, str],
    workers: int | None,
    progress: Progress | None,
) -> None:
    """Carry out what a journal has not, and write the run; `told` goes into its manifest."""
    from halfulp.study.runner import execute

    folder = journal.path.parent
    try:
        results = execute(plan, workers=workers, progress=progress, journal=journal)
        write_run(folder, results.manifest | dict(told), results.tables)
    except BaseException as error:
        if journal.holds_results and not isinstance(error, UsageError | RunError):
            error.add_note(f"What was finished is saved: {resume_command(folder)} goes on with it.")
        raise
    if results.status == "complete":
        journal.remove()


def _reported(folder: Path, *, report: bool) -> Run:
    """Return a run that was written, with its report."""
    finished = load_run(folder)
    if report:
        write_report(finished, "html")
    return finished


def _new_folder(study_name: str, runs: Path, out: Path | None) -> Path:
    """Make the run's folder, and refuse one that already holds something else.

    Raises
    ------
    RunError
        If it cannot be made or written to, or is not empty.
    """
    if out is None:
        return create_run_folder(runs, study_name, datetime.now(UTC).astimezone())
    try:
        out.mkdir(parents=True, exist_ok=True)
        names = {entry.name for entry in out.iterdir()} - {_IGNORED}
    except OSError as error:
        raise RunError(
            f"Cannot write {out}: {error.strerror}. Name a folder that you may write to with --out."
        ) from error
    if names:
        hint = f" If it was interrupted, {resume_command(out)} goes on with it."
        raise RunError(
            f"Expected an empty or new folder for the run, but {out} is not empty."
            f"{hint if MANIFEST in names else ''}"
        )
    replace_file(out / _IGNORED, b"*\n")
    return out


def _remove_unused(folder: Path, *, made: bool) -> None:
    """Empty the folder of a run that failed before anything was measured, and remove it if made."""
    names = {entry.name for entry in folder.iterdir()}
    journal = folder / JOURNAL
    if names - {_IGNORED, MANIFEST, JOURNAL} or (
        JOURNAL in names and journal.read_bytes().count(b"\n") > 1
    ):
        return
    for name in names & {MANIFEST, JOURNAL}:
        (folder / name).unlink()
    if made:
        (folder / _IGNORED).unlink(missing_ok=True)
        folder.rmdir()
