"""What `halfulp check` does: a run held against limits and a baseline, a corpus that grows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from halfulp.exceptions import UsageError
from halfulp.expectations.baseline import MAX_SLOWDOWN, compared
from halfulp.expectations.baseline_model import baseline_of
from halfulp.expectations.corpus import Corpus, read_corpus
from halfulp.expectations.corpus_growth import check_results, grown
from halfulp.expectations.limits import held
from halfulp.expectations.verdict import Verdict
from halfulp.runs.schema import TABLES
from halfulp.runs.store import replace_file, with_records, write_run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from halfulp.expectations.baseline_model import Baseline
    from halfulp.expectations.limits import Rule
    from halfulp.runs.store import Run
    from halfulp.study.model import Study
    from halfulp.study.plan import Plan


def held_against(
    run: Run,
    rules: Sequence[Rule] | None = None,
    baseline: Baseline | None = None,
    *,
    max_slowdown: float = MAX_SLOWDOWN,
) -> Run:
    """Return a run with the table `limits` that rules and a baseline make; the disk stays as it is.

    Parameters
    ----------
    run
        A run that was carried out.
    rules
        Limits to hold it against; by default those of its own study, as it recorded them.
    baseline
        An earlier run.
    max_slowdown
        The ratio of times to the baseline's up to which a routine is not slower.
    """
    records = run.records("limits") if rules is None else held(rules, tables_of(run))
    if baseline is not None:
        head = baseline_of(run)
        seen = run.records("witnesses")
        records = records + compared(baseline, head, seen, max_slowdown=max_slowdown)
    return with_records(run, "limits", records)


def tables_of(run: Run) -> dict[str, list[dict[str, object]]]:
    """Return the tables that limits, a corpus and a verdict are made from."""
    names = ("accuracy", "witnesses", "timing_ratios", "claims", "limits")
    return {name: run.records(name) for name in names}


def verdict_of(run: Run) -> Verdict:
    """Return the verdict on a run, by its tables as they are."""
    return Verdict(tables_of(run), run.manifest)


def keep(run: Run) -> None:
    """Write a run's tables over those on disk, each whole or not at all."""
    write_run(run.path, run.manifest, {name: run.records(name) for name in TABLES})


# -- before a run ----------------------------------------------------------------------------------


def with_rules(plan: Plan, rules: Sequence[Rule] | None) -> Plan:
    """Return a plan that is held against other rules than its study's, if there are others."""
    return plan if rules is None else replace(plan, rules=tuple(rules))


def refuse_nothing(*, anything: bool, what: str) -> None:
    """Raise UsageError if there is nothing that a check could find broken."""
    if not anything:
        raise UsageError(
            f"There is nothing to check: {what} has no [[limit]] and no [[claim]]. Add one, or "
            "give --limits FILE or --baseline RUN."
        )


# -- the corpus ------------------------------------------------------------------------------------


def corpus_file(study: Study) -> Path | None:
    """Return where the corpus of a study is, if it names one."""
    return Path(study.folder) / study.corpus if study.corpus else None


def begin_corpus(study: Study) -> None:
    """Begin the corpus that a study names, if there is none yet.

    Raises
    ------
    UsageError
        If the study names none.
    """
    path = corpus_file(study)
    if path is None:
        raise UsageError(
            f"The study {study.name} names no corpus; add a line such as "
            'corpus = "corpus.csv" above its first [table].'
        )
    if not path.exists():
        replace_file(path, Corpus().text().encode())


def check_corpus(study: Study) -> None:
    """Hold the exact results in the corpus of a study against the reference.

    Raises
    ------
    UsageError
        If one of them is wrong.
    """
    path = corpus_file(study)
    if path is not None:
        check_results(read_corpus(path), str(path))


def grow_corpus(study: Study, run: Run) -> tuple[Path, int]:
    """Add the worst inputs of a run to the corpus of its study; return the file and how many."""
    path = corpus_file(study)
    assert path is not None, "begin_corpus comes first"
    before = read_corpus(path)
    manifest = run.manifest
    day = manifest["started"][:10]
    source = f"halfulp {manifest['halfulp']}, study {study.name}, {day}"
    after = grown(before, tables_of(run), source)
    if after != before:
        replace_file(path, after.text().encode())
    return path, len(after.entries) - len(before.entries)
