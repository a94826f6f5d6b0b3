"""The plan: every row that a study asks for, with all names understood.

Planning reads tables only (functions, adapters' names); it imports no library that is measured and
evaluates nothing. So all that can be wrong with a study comes out before anything is run.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from halfulp import expressions, functions, inputs
from halfulp.exceptions import UsageError
from halfulp.formats import format_named
from halfulp.routines import Routine, Selector, matches, parse_selectors, selector
from halfulp.study import claimed
from halfulp.study.known import CORPUS, listed_inputs, replayed_first
from halfulp.study.names import (
    ALL,
    NATIVE,
    BackendSpec,
    Names,
    at_place,
    backend_of,
    formula_of,
    names_of,
    region_of,
)
from halfulp.study.rules import rules_of
from halfulp.study.timed import timing_plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from halfulp.expectations.claims_model import Claim
    from halfulp.expectations.limits import Rule
    from halfulp.functions import Function
    from halfulp.study.model import Exclude, Study
    from halfulp.timing.plan import TimingPlan

DEFAULT_SPREAD = {1: "spread:1000000", 2: "spread:500000"}
"""The spread by default, by the number of arguments: a reference of two takes twice the time."""

EXHAUSTIVE_WIDTH = 16
"""Formats up to this width are measured at every input where nothing else is asked for."""


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
    with at_place(f"Study {study.name}"):
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
        with at_place(f"Study {study.name}: timing"):
            options = study.timing.options
            timing = timing_plan(options, plan.rows, names.regions, plan.seed, rows)
    backends = {label: backend_of(label, names) for label in claimed.labels(claims, selectors)}
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
    backends = {label: backend_of(label, names) for label in labels}
    return Plan(name, title, seed, text, unique, backends)


def expand(product: Product, names: Names) -> list[Row]:
    """Return the rows of a product of lists, less what it excludes.

    Raises
    ------
    UsageError
        If something in it is not understood, or an exclusion excludes nothing.
    """
    with at_place(product.where):
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

        with at_place(key("functions")):
            self.functions = [functions.get(text) for text in product.functions]
        with at_place(key("formulas")):
            self.formulas = [formula_of(text, names.formulas) for text in product.formulas]
        with at_place(key("backends")):
            self.backends = [backend_of(label, names).label for label in product.backends]
        with at_place(key("formats")):
            self.formats = [format_named(text).name for text in product.formats]
        with at_place(key("regions")):
            self.regions = dict(region_of(text, names.regions) for text in product.regions)
        with at_place(key("inputs")):
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
        with at_place(f"region {draft.region} for {function.name}"):
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
        with at_place(f"claim {number}"):
            claimed.check_claim(claim, rows)
            for label in claimed.labels([claim]):
                backend_of(label, names)
    return study.claim


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
