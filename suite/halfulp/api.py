"""The Python interface: what `import halfulp` offers, and what the command line stands on.

Modules that take time to import are imported inside the functions that need them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from halfulp.exceptions import UsageError
from halfulp.measurement import Figures, Measurement

if TYPE_CHECKING:
    from halfulp.runs.store import Run
    from halfulp.study.model import Study
    from halfulp.study.plan import Plan
    from halfulp.study.runner import Progress
    from halfulp.timing.noise import Noise
    from halfulp.timing.plan import Options
    from halfulp.timing.stage import Timings

RUNS = Path("halfulp-runs")
"""The folder in which runs are kept where nothing else is asked for."""

CALLABLE_ADAPTER = "callable"
"""The adapter's name in the plan of a Python callable, which needs no adapter."""

Callables: TypeAlias = Mapping[str, Callable[..., Any]]


def load_run(path: str | Path) -> Run:
    """Read a run from its folder.

    Raises
    ------
    RunError
        If there is no run, it is damaged, or a newer halfulp wrote it.
    """
    from halfulp.runs import store

    return store.load_run(path)


def run(
    study: str | Path | Study,
    *,
    only: Sequence[str] = (),
    out: str | Path | None = None,
    workers: int | None = None,
    seed: int | None = None,
    report: bool = True,
) -> Run:
    """Carry out a study, write the run to disk, and return it.

    Parameters
    ----------
    study
        Path of a `.toml` file, name of a shipped study such as "quick", or a `Study`.
    only
        Selectors such as "backend=numpy*"; those of one key are alternatives.
    out
        The run's folder; by default a new one in `halfulp-runs`.
    workers
        Number of processes; by default as many as there are cores.
    seed
        A seed to take instead of the study's.
    report
        Whether to write `report.html` into the run's folder.

    Raises
    ------
    UsageError
        If the study or a selector cannot be understood.
    RunError
        If the run cannot be written.
    """
    plan = plan_study(study, only=only, seed=seed)
    return carry_out(plan, out=out, workers=workers, report=report)


def plan_study(
    study: str | Path | Study, *, only: Sequence[str] = (), seed: int | None = None
) -> Plan:
    """Return the rows that a study asks for; see `run` for the parameters."""
    from halfulp.study.model import load_study
    from halfulp.study.plan import make_plan

    _check_seed(seed)
    read = load_study(study) if isinstance(study, str | Path) else study
    return make_plan(read, only, seed=seed)


def carry_out(
    plan: Plan,
    *,
    out: str | Path | None = None,
    workers: int | None = None,
    report: bool = True,
    progress: Progress | None = None,
    command: str | None = None,
) -> Run:
    """Carry out a plan and write the run, which can be resumed if it is interrupted.

    `command` is what the manifest names as the way to repeat the run.
    """
    from halfulp.study.conduct import begin

    _check_workers(workers)
    return begin(
        plan,
        RUNS,
        out=None if out is None else Path(out),
        workers=workers,
        report=report,
        progress=progress,
        command=command,
    )


def resume(
    path: str | Path,
    *,
    workers: int | None = None,
    report: bool = True,
    progress: Progress | None = None,
) -> Run:
    """Finish a run that was interrupted, killed or out of disk, and return it.

    What was finished is not done again, and the tables are those of a run that was never
    interrupted. A run that is complete is returned as it is.

    Parameters
    ----------
    path
        The run's folder.
    workers
        Number of processes; by default as many as there are cores.
    report
        Whether to write `report.html` into the run's folder.
    progress
        Who is told how far it has come.

    Raises
    ------
    RunError
        If there is no run, another process is carrying it out, or what its figures depend on has
        changed.
    """
    from halfulp.study.conduct import go_on

    _check_workers(workers)
    return go_on(path, workers=workers, report=report, progress=progress)


def measure(
    function: str,
    *,
    formula: str | None = None,
    backend: str | Callable[..., Any] = "numpy",
    format: str = "float32",  # noqa: A002 - the word that the command line and studies use
    region: str = "all",
    inputs: str | Sequence[str] = (),
    seed: int = 0,
    workers: int | None = None,
) -> Measurement:
    """Measure one routine and return its figures, one for each way of taking inputs.

    Parameters
    ----------
    function
        Catalogue name such as "expm1", or an expression such as "log(1 + exp(x))".
    formula
        How it is computed, as an expression; by default by the backend's own routine.
    backend
        Label of a backend, or a callable that takes arrays and returns an array.
    format
        Name of a format.
    region
        `low:high`, two of them joined by a comma for two arguments, or "all".
    inputs
        Samplers such as "edges" or "spread:100000"; by default every input of a 16-bit format,
        else the edges and a spread of a million.
    seed
        Seed of the samplers.
    workers
        Number of processes; by default as many as there are cores.

    Returns
    -------
    Measurement
        Its `status` says whether there are figures, and `reason` why not.

    Raises
    ------
    UsageError
        If a name, an expression, a region or a sampler is not understood.
    """
    callables = {} if isinstance(backend, str) else {_label_of(backend): backend}
    label = backend if isinstance(backend, str) else next(iter(callables))
    samplers = (inputs,) if isinstance(inputs, str) else tuple(inputs)
    plan = plan_measurement(
        function,
        formula=formula,
        backends=(label,),
        formats=(format,),
        regions=(region,),
        inputs=samplers,
        seed=seed,
        callables=callables,
    )
    figures = measured(plan, workers=workers, callables=callables)
    return Measurement(figures[0].routine, figures[0].region, tuple(figures))


def plan_measurement(
    function: str,
    *,
    formula: str | None = None,
    backends: Sequence[str] = ("numpy",),
    formats: Sequence[str] = ("float32",),
    regions: Sequence[str] = ("all",),
    inputs: Sequence[str] = (),
    seed: int = 0,
    callables: Iterable[str] = (),
) -> Plan:
    """Return the rows of a measurement; see `measure` for the parameters."""
    from halfulp.study.names import NATIVE, BackendSpec, Names
    from halfulp.study.plan import Product, expand, plan_of

    _check_seed(seed)
    names = Names(backends={label: BackendSpec(label, CALLABLE_ADAPTER) for label in callables})
    product = Product(
        functions=(function,),
        backends=backends,
        formats=formats,
        formulas=(formula or NATIVE,),
        regions=regions,
        inputs=inputs,
    )
    return plan_of(expand(product, names), names, name="measure", seed=seed)


def measured(
    plan: Plan,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
    callables: Callables | None = None,
) -> list[Figures]:
    """Carry out a plan without writing anything, and return its figures in the plan's order."""
    from halfulp.study.runner import execute

    _check_workers(workers)
    results = execute(plan, workers=workers, progress=progress, callables=callables or {})
    return Figures.from_tables(results.accuracy, results.witnesses)


def time(
    function: str,
    *,
    formulas: Sequence[str] = ("native",),
    backends: Sequence[str] = ("numpy",),
    formats: Sequence[str] = ("float32",),
    options: Options | None = None,
    study: str | Path | Study = "",
    seed: int = 0,
    progress: Progress | None = None,
) -> Timings:
    """Time routines of a function against each other, on inputs that are valid for all of them.

    Parameters
    ----------
    function
        Catalogue name such as "expm1", or an expression.
    formulas
        How it is computed: "native" for the backend's own routine, or expressions.
    backends, formats
        Labels of backends, and names of formats.
    options
        Sizes, regions and other axes, rounds and margin (`halfulp.timing.plan.Options`).
    study
        A study whose labels of backends, formulas and regions may be used; "" for none.
    seed
        Of the inputs and of the order in which routines take turns.
    progress
        Who is told of failures.

    Returns
    -------
    Timings
        Records of the tables `timing`, `timing_fits`, `timing_ratios` and `timing_stages`, and
        facts about the machine.

    Raises
    ------
    UsageError
        If a name, an expression, a region or an option is not understood.
    """
    plan = plan_timing(
        function,
        formulas=formulas,
        backends=backends,
        formats=formats,
        options=options,
        study=study,
        seed=seed,
    )
    return timed(plan, progress=progress)


def plan_timing(
    function: str,
    *,
    formulas: Sequence[str] = ("native",),
    backends: Sequence[str] = ("numpy",),
    formats: Sequence[str] = ("float32",),
    options: Options | None = None,
    study: str | Path | Study = "",
    seed: int = 0,
) -> Plan:
    """Return what is timed; see `time` for the parameters."""
    from dataclasses import replace

    from halfulp.study.model import load_study
    from halfulp.study.names import Names, names_of
    from halfulp.study.plan import Product, expand, plan_of
    from halfulp.study.timed import timing_plan
    from halfulp.timing.plan import Options as Axes

    _check_seed(seed)
    read = load_study(study) if isinstance(study, str | Path) and study else study
    names = Names() if isinstance(read, str | Path) else names_of(read)
    product = Product((function,), backends, formats, formulas, inputs=("edges",))
    plan = plan_of(expand(product, names), names, name="time", seed=seed)
    return replace(plan, timing=timing_plan(options or Axes(), plan.rows, names.regions, seed))


def timed(plan: Plan, *, progress: Progress | None = None) -> Timings:
    """Carry out the timing of a plan alone; nothing is judged but the results that are timed."""
    from halfulp.study.timed import time_plan

    return time_plan(plan, progress)


def noise(repetitions: int = 1, advance: Callable[[int, int], None] = lambda *_: None) -> Noise:
    """Time routines against themselves: which differences of speed this machine can tell.

    Parameters
    ----------
    repetitions
        How often; each takes about half a minute.
    advance
        Is told how many comparisons are done, of how many.

    Raises
    ------
    UsageError
        If fewer than one repetition is asked for.
    HalfulpError
        If a routine cannot be timed.
    """
    from halfulp.study.names import BackendSpec
    from halfulp.study.timed import subject_of
    from halfulp.timing.noise import noise as measured_noise

    if repetitions < 1:
        raise UsageError(f"Expected at least 1 repetition, but got {repetitions}.")
    return measured_noise(
        lambda label, threads: subject_of(BackendSpec(label, label), threads),
        repetitions=repetitions,
        advance=advance,
    )


def _label_of(function: Callable[..., Any]) -> str:
    """Return a label for a callable: its name, without what a label may not have."""
    name = getattr(function, "__name__", type(function).__name__)
    return name.strip("<>").replace("/", "-") or "callable"


def _check_workers(workers: int | None) -> None:
    if workers is not None and workers < 1:
        raise UsageError(f"Expected at least 1 worker, but got {workers}.")


def _check_seed(seed: int | None) -> None:
    if seed is not None and not 0 <= seed < 2**63:
        raise UsageError(f"Expected a seed from 0 to 2^63 - 1, but got {seed}.")
