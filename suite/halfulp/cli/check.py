"""`halfulp check`: hold a run against limits, claims and a baseline; the exit code tells."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from halfulp import api
from halfulp.cli import options
from halfulp.cli.errors import INTERRUPTED, say
from halfulp.cli.findings import as_text
from halfulp.cli.progress import progress_for
from halfulp.cli.state import Shared, emit
from halfulp.exceptions import UsageError
from halfulp.routines import SELECTOR_KEYS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from halfulp.expectations.baseline_model import Baseline
    from halfulp.expectations.limits import Rule
    from halfulp.runs.store import Run

EXAMPLES = (
    "Examples: halfulp check ci; halfulp check mine.toml --require --report junit=junit.xml; "
    "halfulp check halfulp-runs/mine-20260102-030405 --limits limits.toml --baseline base.json"
)

_TARGET = typer.Argument(
    help="A study, which is carried out, or a run's folder.", metavar="STUDY|RUN"
)
_LIMITS = typer.Option(
    None, "--limits", metavar="FILE", help="Limits to hold it against instead of the study's."
)
_BASELINE = typer.Option(
    None, "--baseline", metavar="RUN|JSON", help="An earlier run that it must not be worse than."
)
_SLOWDOWN = typer.Option(
    None,
    "--max-slowdown",
    metavar="R",
    help="The ratio to the baseline's times from which on a routine is slower. [default: 1.05]",
)
_REQUIRE = typer.Option(False, "--require", help="Fail where something was not measured.")
_STRICT = typer.Option(False, "--strict", help="Fail where a limit is looser than needed.")
_UPDATE = typer.Option(False, "--update-limits", help="Tighten the limits in their files.")
_LOOSEN = typer.Option(
    False, "--allow-loosen", help="With --update-limits: raise limits that are broken, too."
)
_CORPUS = typer.Option(
    False, "--update-corpus", help="Add the worst inputs to the corpus that the study names."
)
_REPORT = typer.Option(
    [], "--report", metavar="FORM=FILE", help="Write a report, such as junit=junit.xml. Repeatable."
)
_ONLY = typer.Option(
    [],
    "--only",
    metavar="KEY=GLOB",
    help=f"Of a study: keep the rows that match; KEY is {', '.join(SELECTOR_KEYS)}.",
)
_OUT = typer.Option(None, "--out", metavar="DIR", help="Of a study: the run's folder.")


def check(
    context: typer.Context,
    target: str = _TARGET,
    limits: str | None = _LIMITS,
    baseline: str | None = _BASELINE,
    max_slowdown: float | None = _SLOWDOWN,
    require: bool = _REQUIRE,
    strict: bool = _STRICT,
    update_limits: bool = _UPDATE,
    allow_loosen: bool = _LOOSEN,
    update_corpus: bool = _CORPUS,
    report: list[str] = _REPORT,
    only: list[str] = _ONLY,
    out: str | None = _OUT,
    workers: int | None = options.WORKERS,
    seed: int | None = options.SEED,
) -> None:
    """Check a study or a run: exit code 0 if everything is kept, 1 if something is broken."""
    shared: Shared = context.obj
    wanted = [_form(text) for text in report]  # what is wrong with the options comes out first
    _refuse_contradictions(update_limits, allow_loosen, only)
    against = _Against(limits, baseline, max_slowdown)
    if _is_run(target):
        _refuse_for_runs(
            **{"--only": only, "--out": out, "--seed": seed, "--update-corpus": update_corpus}
        )
        checked = against.run(target)
    else:
        study = _Studied(target, only, seed, quiet=shared.quiet)
        checked = study.carry_out(against, out, workers, grow=update_corpus)
    if update_limits:
        checked = against.update(checked, loosen=allow_loosen)
    for name, target_file in wanted:
        _write(checked, name, target_file)
    _conclude(checked, require=require, strict=strict)


class _Against:
    """What a run is held against, read before anything is carried out."""

    def __init__(
        self, limits: str | None, baseline: str | None, max_slowdown: float | None
    ) -> None:
        from halfulp.expectations.baseline import MAX_SLOWDOWN
        from halfulp.expectations.baseline_model import read_baseline
        from halfulp.study.rules import read_limits

        if max_slowdown is not None and not max_slowdown >= 1:
            raise UsageError(
                f"Expected a ratio of 1 or more, but got --max-slowdown {max_slowdown}."
            )
        self.rules: Sequence[Rule] | None = None if limits is None else read_limits(Path(limits))
        self.baseline: Baseline | None = None if baseline is None else read_baseline(Path(baseline))
        self.max_slowdown = max_slowdown or MAX_SLOWDOWN

    def run(self, path: str) -> Run:
        """Return a run on disk with its limits held; the disk stays as it is."""
        from halfulp.study.checks import refuse_nothing

        loaded = api.load_run(path)
        own = loaded.records("limits") or loaded.records("claims")
        refuse_nothing(anything=bool(self.rules or self.baseline or own), what="the run")
        return self.hold(loaded)

    def hold(self, run: Run) -> Run:
        """Return a run with its limits held."""
        from halfulp.study.checks import held_against

        return held_against(run, self.rules, self.baseline, max_slowdown=self.max_slowdown)

    def update(self, run: Run, *, loosen: bool) -> Run:
        """Fit the limits to a run in their files, and return the run held against them as read."""
        from halfulp.expectations.limits_edit import apply, changes
        from halfulp.study.checks import tables_of
        from halfulp.study.rules import read_again

        if self.rules is None:
            raise UsageError("With a run, --update-limits needs the file: --limits FILE.")
        made = changes(self.rules, tables_of(run), loosen=loosen)
        for path in apply(made):
            say(f"wrote {path}")
        for change in made:
            say(f"  {change}")
        if not made:
            say("no limit can be tightened")
        self.rules = read_again(self.rules)
        return self.hold(run)


class _Studied:
    """A study that is carried out to be checked."""

    def __init__(self, name: str, only: list[str], seed: int | None, *, quiet: bool) -> None:
        from halfulp.study.model import load_study

        self.name = name
        self.study = load_study(name)
        self.only = only
        self.seed = seed
        self.quiet = quiet

    def carry_out(
        self, against: _Against, out: str | None, workers: int | None, *, grow: bool
    ) -> Run:
        """Carry out the study and return its run, which has the limits on disk, too."""
        from halfulp.runs.forms import write_report
        from halfulp.study import checks

        if grow:
            checks.begin_corpus(self.study)
        checks.check_corpus(self.study)
        plan = api.plan_study(self.study, only=self.only, seed=self.seed)
        plan = checks.with_rules(plan, against.rules)
        anything = bool(plan.rules or plan.claims or against.baseline)
        checks.refuse_nothing(anything=anything, what=f"the study {self.study.name}")
        progress = progress_for(quiet=self.quiet)
        run = api.carry_out(
            plan, out=out, workers=workers, report=False, progress=progress, command=self._command()
        )
        against.rules = plan.rules
        held = against.hold(run)
        checks.keep(held)
        write_report(held, "html")
        say(f"the report is {held.path / 'report.html'}")
        if grow and run.manifest["status"] == "complete":
            path, number = checks.grow_corpus(self.study, run)
            say(f"{number} input{'' if number == 1 else 's'} added to {path}")
        return held

    def _command(self) -> str:
        """Return the command that repeats the run."""
        words = ["halfulp", "run", self.name]
        words += [word for text in self.only for word in ("--only", text)]
        return shlex.join([*words, *(("--seed", str(self.seed)) if self.seed is not None else ())])


def _is_run(target: str) -> bool:
    """Tell whether a target is a run; a .toml file is a study, anything else a shipped name."""
    path = Path(target)
    return path.suffix != ".toml" and (path.is_dir() or path.name == "run.json" or "/" in target)


def _refuse_contradictions(update: bool, loosen: bool, only: list[str]) -> None:
    if loosen and not update:
        raise UsageError("--allow-loosen goes with --update-limits.")
    if update and only:
        raise UsageError(
            "--update-limits needs the whole study: with --only, limits would be fitted to a part."
        )


def _refuse_for_runs(**given: object) -> None:
    used = [name for name, value in given.items() if value not in (None, False, [])]
    if used:
        raise UsageError(f"{used[0]} is for a study that is carried out; this is a run.")


# -- what comes out --------------------------------------------------------------------------------


def _form(text: str) -> tuple[str, str]:
    """Return (form, file) of FORM=FILE; the form must be there."""
    from halfulp.runs.forms import form_named

    name, equals, file = text.partition("=")
    if not equals or not file:
        raise UsageError(f"Expected FORM=FILE, such as junit=junit.xml, but got --report {text!r}.")
    form_named(name)
    return name, file


def _write(run: Run, name: str, file: str) -> None:
    from halfulp.runs.forms import write_report

    if file == "-":
        emit(_rendered(run, name).decode().rstrip("\n"))
    elif file == os.environ.get("GITHUB_STEP_SUMMARY"):  # a step's commands add to one file
        with Path(file).open("ab") as summary:
            summary.write(_rendered(run, name))
    else:
        write_report(run, name, Path(file))
        say(f"wrote {file}")


def _rendered(run: Run, name: str) -> bytes:
    from halfulp.runs.forms import form_named

    content = form_named(name).render(run)
    return content if isinstance(content, bytes) else content.encode("utf-8", "replace")


def _conclude(run: Run, *, require: bool, strict: bool) -> None:
    """Print the verdict, and end with its exit code."""
    from halfulp.study.checks import verdict_of

    verdict = verdict_of(run)
    emit(as_text(verdict, require=require, strict=strict))
    for sentence in verdict.absent:
        say(f"{sentence}.")
    interrupted = run.manifest["status"] == "interrupted"
    code = verdict.exit_code(require=require, strict=strict)
    if code:
        raise typer.Exit(INTERRUPTED if interrupted else code)
