"""`halfulp time`: time one function here and now, without a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from halfulp import api
from halfulp.cli import options
from halfulp.cli.errors import say
from halfulp.cli.progress import progress_for
from halfulp.cli.state import Shared, emit
from halfulp.exceptions import MissingError, UsageError
from halfulp.timing.plan import SIZES, Options

if TYPE_CHECKING:
    from halfulp.timing.stage import Timings

EXAMPLES = (
    "Examples: halfulp time expm1 --backend numpy --backend c; "
    "halfulp time expm1 --formula native --formula 'exp(x) - 1' --size 10000 --json. "
    "Regions are bounds, or normal, tiny, huge, subnormal-inputs, subnormal-results and mixed. "
    "The first routine is the base of all ratios, unless --base names another backend."
)

_FUNCTION = typer.Argument(help="A catalogue name, or an expression.", metavar="FUNCTION")
_FORMULA = typer.Option(
    ["native"], "--formula", metavar="EXPR", help="native, or an expression. May be repeated."
)
_BACKEND = typer.Option(["numpy"], "--backend", metavar="B", help="May be repeated.")
_FORMAT = typer.Option(["float32"], "--format", metavar="F", help="May be repeated.")
_REGION = typer.Option(
    ["normal"], "--region", metavar="R", help="LO:HI, or a name; see below. May be repeated."
)
_SIZE = typer.Option(
    list(SIZES), "--size", metavar="N", help="Elements of a call. May be repeated."
)
_ALLOCATION = typer.Option(
    ["out"], "--allocation", metavar="A", help="out, or fresh for new outputs. May be repeated."
)
_STRIDE = typer.Option(
    [1], "--stride", metavar="N", help="Distance of neighbouring inputs. May be repeated."
)
_THREADS = typer.Option([1], "--threads", metavar="N", help="May be repeated.")
_MODE = typer.Option(
    ["throughput"], "--mode", metavar="M", help="throughput, or latency for C. May be repeated."
)
_STUDY = typer.Option(
    "", "--study", metavar="STUDY", help="Its backends, formulas and regions may be used by label."
)
_BASE = typer.Option("", "--base", metavar="B", help="The backend that ratios are taken against.")
_MARGIN = typer.Option(0.03, "--margin", help="Ratios within this of 1 are equivalent.")
_ROUNDS = typer.Option(30, "--rounds", metavar="N", help="Samples of each routine.")
_SAMPLE = typer.Option(10.0, "--sample-ms", metavar="MS", help="How long a sample lasts at least.")
_CALL = typer.Option(
    1.0, "--call-limit", metavar="S", help="Calls that take more seconds are not timed."
)
_JSON = typer.Option(False, "--json", help="Print one JSON object a routine and size, a line.")


def time(
    context: typer.Context,
    function: str = _FUNCTION,
    formula: list[str] = _FORMULA,
    backend: list[str] = _BACKEND,
    format: list[str] = _FORMAT,  # noqa: A002 - the option's name
    region: list[str] = _REGION,
    size: list[int] = _SIZE,
    allocation: list[str] = _ALLOCATION,
    stride: list[int] = _STRIDE,
    threads: list[int] = _THREADS,
    mode: list[str] = _MODE,
    study: str = _STUDY,
    base: str = _BASE,
    margin: float = _MARGIN,
    rounds: int = _ROUNDS,
    sample_ms: float = _SAMPLE,
    call_limit: float = _CALL,
    seed: int | None = options.SEED,
    as_json: bool = _JSON,
) -> None:
    """Time routines of a function against each other."""
    shared: Shared = context.obj
    axes = checked(
        sizes=size,
        regions=region,
        allocations=allocation,
        strides=stride,
        threads=threads,
        modes=mode,
        base=base,
        margin=margin,
        rounds=rounds,
        sample_ms=sample_ms,
        call_limit_s=call_limit,
    )
    found = api.time(
        function,
        formulas=formula,
        backends=backend,
        formats=format,
        options=axes,
        study=study,
        seed=seed or 0,
        progress=progress_for(quiet=shared.quiet),
    )
    _print(found, as_json=as_json)
    if not shared.quiet:
        for doubt in found.facts["warnings"]:
            say(doubt)
    _conclude(found)


def checked(**values: object) -> Options:
    """Return options of timing as a study's `[timing]` table checks them.

    Raises
    ------
    UsageError
        If one is out of range; one sentence each.
    """
    from pydantic import ValidationError

    from halfulp.timing.model import Timing

    try:
        return Timing.model_validate(values).options
    except ValidationError as error:
        names = dict.fromkeys(str(problem["loc"][0]) for problem in error.errors())
        sentences = [
            f"Expected for {name} {Timing.model_fields[name].description}, but got "
            f"{values[name]!r}."
            for name in names
        ]
        raise UsageError(" ".join(sentences)) from None


def _print(found: Timings, *, as_json: bool) -> None:
    from halfulp.cli.timing_text import as_text
    from halfulp.timing.records import as_json as one_line

    if not as_json:
        emit(as_text(found))
        return
    key = ("routine", "region", "size", "allocation", "stride", "threads", "mode")
    ratios = {tuple(row[name] for name in key): row for row in found.tables["timing_ratios"]}
    for row in found.tables["timing"]:
        emit(one_line(row, ratios.get(tuple(row[name] for name in key))))


def _conclude(found: Timings) -> None:
    """End with MissingError if nothing was timed."""
    rows = found.tables["timing"]
    if not any(row["status"] == "measured" for row in rows):
        first = rows[0]
        raise MissingError(
            f"Nothing was timed: {first['routine']} is {first['status']}: {first['reason']}."
        )
