"""The plan: every row that a study asks for, with all names understood.

Planning reads tables only (functions, adapters' names); it imports no library that is measured and
evaluates nothing. So all that can be wrong with a study comes out before anything is run.
"""

from __future__ import annotations

import itertools
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halfulp import expressions, functions, inputs
from halfulp.backend import adapter_entry_points
from halfulp.exceptions import ExpressionError, UsageError
from halfulp.formats import format_named
from halfulp.routines import Routine, Selector, matches, parse_selectors, selector
from halfulp.study import claimed
from halfulp.study.known import CORPUS, corpus_of, listed_inputs, replayed_first
from halfulp.study.rules import rules_of
from halfulp.study.timed import timing_plan
from halfulp.suggest import hint, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from halfulp.expectations.claims_model import Claim
    from halfulp.expectations.corpus import Corpus
    from halfulp.expectations.limits import Rule
    from halfulp.functions import Function
    from halfulp.study.model import Backend, Exclude, Study
    from halfulp.timing.plan import TimingPlan

NATIVE = "native"
"""The label of the backend's own routine."""

ALL = "all"
"""The label and the bounds of the whole input axis."""

DEFAULT_SPREAD = {1: "spread:1000000", 2: "spread:500000"}
"""The spread by default, by the number of arguments: a reference of two takes twice the time."""

EXHAUSTIVE_WIDTH = 16
"""Formats up to this width are measured at every input where nothing else is asked for."""


@dataclass(frozen=True)
class BackendSpec:
    """A configured adapter under its label.

    Parameters
    ----------
    label, adapter, settings, required
        As in the study.
    python
        Path of another environment's interpreter, or "".
    time_limit_s, memory_limit_mb
        What its subject may use; a memory limit of 0 is the default one.
    folder
        Where relative paths among the settings start, or "" for the current folder.
    """

    label: str
    adapter: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    required: bool = False
    python: str = ""
    time_limit_s: float = 60
    memory_limit_mb: int = 0
    folder: str = ""


@dataclass(frozen=True)
class Row:
    """One row to measure: a routine on the inputs that a sampler takes from a region.

    Parameters
    ----------
    routine
        What is measured.
    expression
        The formula's expression; None for `native`.
    region
        Label of the region.
    bounds
        The region's bounds, one `low:high` an argument, joined by ", "; or `all`.
    sampler
        Canonical text of the sampler.
    listed
        Of the sampler `corpus` the inputs, as `halfulp.inputs.samplers.Sampler` has them.
    """

    routine: Routine
    expression: str | None
    region: str
    bounds: str
    sampler: str
    listed: str = ""


@dataclass(frozen=True)
class Plan:
    """What is to be carried out: unique rows in the order of the study, and their backends.

    `only` and `folder` are what the study was planned with, so that a run can be planned again.
    """

    name: str
    title: str
    seed: int
    text: str
    rows: tuple[Row, ...]
    backends: dict[str, BackendSpec]
    only: tuple[str, ...] = ()
    folder: str = ""
    claims: tuple[Claim, ...] = ()
    rules: tuple[Rule, ...] = ()
    timing: TimingPlan | None = None


@dataclass(frozen=True)
class Product:
    """Lists whose product makes rows, before any name in them is understood.

    This is what a case of a study and the options of `measure` have in common.
    """

    functions: Sequence[str]
    backends: Sequence[str]
    formats: Sequence[str]
    formulas: Sequence[str] = (NATIVE,)
    regions: Sequence[str] = (ALL,)
    inputs: Sequence[str] = ()
    exclude: Sequence[Exclude] = ()
    where: str = ""


@dataclass(frozen=True)
class Names:
    """What labels stand for in a plan: regions, formulas and configured backends."""

    regions: Mapping[str, str] = field(default_factory=dict)
    formulas: Mapping[str, str] = field(default_factory=dict)
    backends: Mapping[str, BackendSpec] = field(default_factory=dict)
    corpus: Corpus | None = None


def make_plan(study: Study, only: Sequence[str] = (), *, seed: int | None = None) -> Plan:
    """Expand a study into rows.

    Parameters
    ----------
    study
        A study read from a file.
    only
        Selectors `KEY=GLOB`; see `halfulp.routines.matches`.
    seed
        A seed to take instead of the study's.

    Raises
    ------
    UsageError
        If a name, an expression, a region or a sampler is not understood, if an exclusion excludes
        nothing, or if no row is left.
    """
    selectors = parse_selectors(only)
    with _at(f"Study {study.name}"):
        names = names_of(study)
        rows = list(
            itertools.chain.from_iterable(expand(product, names) for product in _products(study))
        )
        rows = replayed_first(rows)
        if not rows:
            raise UsageError("everything is excluded, so there is nothing to measure.")
        chosen = [row for row in rows if matches(row.routine, row.region, selectors)]
        if not chosen:
            raise UsageError(f"no row matches --only {' --only '.join(only)}; {_offer(rows)}.")
        claims = _claims(study, names, rows)
        rules = rules_of(study)
    plan = plan_of(
        chosen,
        names,
        name=study.name,
        title=study.title,
        seed=study.seed if seed is None else seed,
        text=study.text,
    )
    timing = None
    if study.timing is not None:
        with _at(f"Study {study.name}: timing"):
            options = study.timing.options
            timing = timing_plan(options, plan.rows, names.regions, plan.seed, rows)
    backends = {label: _backend(label, names) for label in claimed.labels(claims, selectors)}
    return replace(
        plan,
        only=tuple(only),
        folder=study.folder,
        claims=claims,
        rules=rules,
        timing=timing,
        backends=plan.backends | backends,
    )


def plan_of(
    rows: Iterable[Row],
    names: Names,
    *,
    name: str,
    seed: int,
    title: str = "",
    text: str = "",
) -> Plan:
    """Return the plan of some rows, each taken once, with the backends that they need."""
    unique = tuple(dict.fromkeys(rows))
    labels = dict.fromkeys(row.routine.backend for row in unique)
    backends = {label: _backend(label, names) for label in labels}
    return Plan(name, title, seed, text, unique, backends)


def expand(product: Product, names: Names) -> list[Row]:
    """Return the rows of a product of lists, less what it excludes.

    Raises
    ------
    UsageError
        If something in it is not understood, or an exclusion excludes nothing.
    """
    with _at(product.where):
        parts = _Understood(product, names)
        exclusions = [_selectors_of(exclude) for exclude in product.exclude]
        used: set[int] = set()
        rows: list[Row] = []
        for draft in parts.drafts():
            hits = [
                number
                for number, selectors in enumerate(exclusions)
                if matches(draft.routine, draft.region, selectors)
            ]
            used.update(hits)
            if not hits:
                rows.extend(parts.rows(draft))
        unused = sorted(set(range(len(exclusions))) - used)
        if unused:
            raise UsageError(f"exclude {unused[0] + 1} matches no row of this case; {_BY_GLOBS}")
    return rows


_BY_GLOBS = "its globs must fit a function, formula, backend, format and region of the case."


@dataclass(frozen=True)
class _Draft:
    """One combination of a product whose parts fit by themselves, not yet with each other."""

    function: Function
    routine: Routine
    expression: str | None
    region: str


class _Understood:
    """The lists of a product with every name in them understood."""

    def __init__(self, product: Product, names: Names) -> None:
        def key(name: str) -> str:
            return f'key "{name}"' if product.where else ""  # options speak for themselves

        with _at(key("functions")):
            self.functions = [functions.get(text) for text in product.functions]
        with _at(key("formulas")):
            self.formulas = [_formula(text, names.formulas) for text in product.formulas]
        with _at(key("backends")):
            self.backends = [_backend(label, names).label for label in product.backends]
        with _at(key("formats")):
            self.formats = [format_named(text).name for text in product.formats]
        with _at(key("regions")):
            self.regions = dict(_region(text, names.regions) for text in product.regions)
        with _at(key("inputs")):
            self.samplers = tuple(inputs.parse_sampler(text).text for text in product.inputs)
        self.corpus = names.corpus

    def drafts(self) -> Iterator[_Draft]:
        """Yield every combination, functions outermost."""
        lists = (self.functions, self.formulas, self.backends, self.formats, self.regions)
        for function, (label, expression), backend, form, region in itertools.product(*lists):
            routine = Routine(function.name, label, backend, form)
            yield _Draft(function, routine, expression, region)

    def rows(self, draft: _Draft) -> Iterator[Row]:
        """Yield the rows of a combination, one a sampler, when its parts fit each other."""
        function, bounds = draft.function, self.regions[draft.region]
        _check_arguments(function, draft)
        with _at(f"region {draft.region} for {function.name}"):
            inputs.parse_region(bounds, len(function.arguments))
        defaults = default_inputs(function, draft.routine.format)
        if self.corpus is not None:
            defaults = (CORPUS, *defaults)
        for sampler in self.samplers or defaults:
            listed = ""
            if sampler == CORPUS:
                listed = listed_inputs(self.corpus, function, draft.routine.format, bounds)
            if listed or sampler != CORPUS:  # nothing is known yet of a new function
                yield Row(draft.routine, draft.expression, draft.region, bounds, sampler, listed)


def default_inputs(function: Function, form: str) -> tuple[str, ...]:
    """Return the samplers that are used where none is asked for."""
    if format_named(form).width <= EXHAUSTIVE_WIDTH and len(function.arguments) == 1:
        return ("exhaustive",)
    hard = ("hard",) if inputs.has_hard_inputs(function.name, format_named(form)) else ()
    return ("edges", *hard, DEFAULT_SPREAD[len(function.arguments)])


def _check_arguments(function: Function, draft: _Draft) -> None:
    if draft.expression is None:
        return
    used = expressions.arguments(functions.parse(draft.expression))
    if used != function.arguments:
        raise UsageError(
            f"the formula {draft.routine.formula} has the arguments {', '.join(used) or 'none'}, "
            f"but {function.name} has {', '.join(function.arguments)}; exclude the pair, or put "
            "them in different cases."
        )


# -- names -----------------------------------------------------------------------------------


def names_of(study: Study) -> Names:
    """Return what the labels of a study stand for; all are checked, used or not."""
    regions: dict[str, str] = {}
    for label, written in study.region.items():
        ranges = (written,) if isinstance(written, str) else written
        with _at(f'region "{label}"'):
            regions[label] = _bounds(", ".join(ranges))
    formulas: dict[str, str] = {}
    for label, text in study.formula.items():
        with _at(f'formula "{label}"'):
            formulas[label] = expressions.to_text(functions.parse(text))
    backends: dict[str, BackendSpec] = {}
    for label, table in study.backend.items():
        with _at(f'backend "{label}"'):
            _check_adapter(table.adapter, "adapter", adapter_entry_points())
        backends[label] = _configured(label, table, study.folder)
    return Names(regions, formulas, backends, corpus_of(study))


def _products(study: Study) -> Iterator[Product]:
    for number, case in enumerate(study.case, start=1):
        yield Product(
            case.functions,
            case.backends,
            case.formats,
            case.formulas,
            case.regions,
            case.inputs,
            case.exclude,
            where=f"case {number}",
        )


def _claims(study: Study, names: Names, rows: Sequence[Row]) -> tuple[Claim, ...]:
    """Return the claims of a study, each checked."""
    for number, claim in enumerate(study.claim, start=1):
        with _at(f"claim {number}"):
            claimed.check_claim(claim, rows)
            for label in claimed.labels([claim]):
                _backend(label, names)
    return study.claim


def _formula(text: str, labels: Mapping[str, str]) -> tuple[str, str | None]:
    """Return a formula's label and expression; the label of a bare expression is its text."""
    if text == NATIVE:
        return NATIVE, None
    if text in labels:
        return text, labels[text]
    try:
        expression = expressions.to_text(functions.parse(text))
    except ExpressionError as error:
        guess = nearest(text, [NATIVE, *labels])
        if guess is None:
            raise
        raise UsageError(
            f"{text!r} is neither a label of a formula nor an expression; did you mean `{guess}`?"
        ) from error
    return expression, expression


def _backend(label: str, names: Names) -> BackendSpec:
    """Return the configured backend with this label, or the adapter of that name as it is."""
    if label in names.backends:
        return names.backends[label]
    _check_adapter(label, "backend", [*names.backends, *adapter_entry_points()])
    return BackendSpec(label, label)


def _configured(label: str, table: Backend, folder: str) -> BackendSpec:
    """Return the backend of a table of the study."""
    return BackendSpec(
        label,
        table.adapter,
        table.settings,
        table.required,
        python=_interpreter(table.python, folder),
        time_limit_s=table.time_limit_s,
        memory_limit_mb=table.memory_limit_mb,
        folder=folder,
    )


def _interpreter(python: str, folder: str) -> str:
    """Return the path of an interpreter; a bare name is looked for on PATH.

    Links stay as they are: an environment's interpreter is a link, and knows its place by it.
    """
    if not python or "/" not in python:
        return shutil.which(python) or python if python else ""
    return os.path.normpath(Path(folder or Path.cwd()) / Path(python).expanduser())


def _check_adapter(name: str, noun: str, known: Iterable[str]) -> None:
    candidates = sorted(set(known))
    if name not in candidates:
        raise UsageError(f"Unknown {noun} {name!r}: {hint(name, candidates)}")


def _region(text: str, labels: Mapping[str, str]) -> tuple[str, str]:
    """Return a region's label and bounds; the label of bare bounds is their text."""
    if text == ALL:
        return ALL, ALL
    if text in labels:
        return text, labels[text]
    if ":" not in text:
        raise UsageError(
            f"Unknown region {text!r}: {hint(text, [ALL, *labels])} "
            "Bounds such as 0.5:2 will do too."
        )
    bounds = _bounds(text)
    return bounds, bounds


def _bounds(text: str) -> str:
    """Return bounds without the spaces that do not matter, checked for their form."""
    ranges = [":".join(end.strip() for end in part.split(":")) for part in text.split(",")]
    bounds = ", ".join(ranges)
    inputs.parse_region(bounds, len(ranges))
    return bounds


def _selectors_of(exclude: Exclude) -> tuple[Selector, ...]:
    globs = exclude.model_dump(exclude={"reason"})
    return tuple(selector(key, glob) for key, glob in globs.items())


def _offer(rows: Iterable[Row]) -> str:
    """Return what a study has, to choose from."""
    parts: dict[str, dict[str, None]] = {}
    for row in rows:
        for key in ("function", "formula", "backend", "format"):
            parts.setdefault(key, {})[getattr(row.routine, key)] = None
        parts.setdefault("region", {})[row.region] = None
    return "the study has " + "; ".join(f"{key} {', '.join(names)}" for key, names in parts.items())


@contextmanager
def _at(where: str) -> Iterator[None]:
    """Put the place in front of the sentence of any usage error raised inside."""
    try:
        yield
    except UsageError as error:
        raise UsageError(f"{where}: {error}" if where else str(error)) from error
