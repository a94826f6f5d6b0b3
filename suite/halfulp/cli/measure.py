"""`halfulp measure`: measure one function here and now, without a study."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

import typer

from halfulp import api
from halfulp.backend import adapter_named
from halfulp.cli import options
from halfulp.cli.errors import INTERRUPTED, say
from halfulp.cli.progress import progress_for
from halfulp.cli.state import Shared, emit
from halfulp.exceptions import MissingError
from halfulp.formats import format_named
from halfulp.measurement import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from halfulp.measurement import Figures

EXAMPLES = (
    "Examples: halfulp measure expm1 --region 1:80; "
    "halfulp measure expm1 --formula 'exp(x) - 1' --inputs edges --json. "
    "A function that begins with a minus goes last, after `--`."
)

_FUNCTION = typer.Argument(help="A catalogue name, or an expression.", metavar="FUNCTION")
_FORMULA = typer.Option(
    None, "--formula", metavar="EXPR", help="Evaluate this instead of the backend's own routine."
)
_BACKEND = typer.Option(["numpy"], "--backend", metavar="B", help="May be repeated.")
_FORMAT = typer.Option(["float32"], "--format", metavar="F", help="May be repeated.")
_REGION = typer.Option(
    ["all"], "--region", metavar="LO:HI", help="Two arguments: '0.5:2, -1:1'. May be repeated."
)
_INPUTS = typer.Option(
    [],
    "--inputs",
    metavar="SAMPLER",
    help="Such as exhaustive, edges, spread:100000. May be repeated.",
    show_default="exhaustive for 16-bit formats, else edges, hard and spread:1e6",
)
_JSON = typer.Option(False, "--json", help="Print one JSON object a routine and sampler, a line.")


def measure(
    context: typer.Context,
    function: str = _FUNCTION,
    formula: str | None = _FORMULA,
    backend: list[str] = _BACKEND,
    format: list[str] = _FORMAT,  # noqa: A002 - the option's name
    region: list[str] = _REGION,
    inputs: list[str] = _INPUTS,
    seed: int | None = options.SEED,
    workers: int | None = options.WORKERS,
    as_json: bool = _JSON,
) -> None:
    """Measure a function and print its figures."""
    shared: Shared = context.obj
    plan = api.plan_measurement(
        function,
        formula=formula,
        backends=backend,
        formats=format,
        regions=region,
        inputs=inputs,
        seed=seed or 0,
    )
    for label in plan.backends:
        _check_formats(label, format)
    figures = api.measured(plan, workers=workers, progress=progress_for(quiet=shared.quiet))
    for item in figures:
        emit(json.dumps(item.as_dict(), allow_nan=False) if as_json else as_text(item) + "\n")
    _conclude(figures)


def _check_formats(label: str, formats: Iterable[str]) -> None:
    """Raise MissingError if a format that was asked for is not among the backend's."""
    adapter = adapter_named(label)
    for name in (format_named(spelling).name for spelling in formats):
        if name not in adapter.formats:
            raise MissingError(
                f"The backend {label} has no {name}; it has {', '.join(adapter.formats)}."
            )


def _conclude(figures: list[Figures]) -> None:
    """End with an exit code that tells if the user stopped it, or if nothing was measured."""
    if any(item.status == "not measured" for item in figures):
        say("interrupted; rows without figures were not finished.")
        raise typer.Exit(INTERRUPTED)
    if not any(item.is_measured for item in figures):
        first = figures[0]
        raise MissingError(
            f"Nothing was measured: {first.routine} is {first.status}: {first.reason}"
        )


def as_text(item: Figures) -> str:
    """Return figures as a block of aligned lines."""
    lines = [f"{item.routine}", _line("inputs", _inputs(item))]
    if not item.is_measured:
        return "\n".join([*lines, _line(item.status, item.reason or "")])
    lines.append(_line("max error", f"{options.shown_ulp(item.max_ulp_text)} ulp, {_kind(item)}"))
    if witness := item.witness:
        lines += [
            _line("  at", f"{witness.input}  ({witness.input_decimal}, bits {witness.input_bits})"),
            _line("  got", f"{witness.got}  ({witness.got_decimal}, bits {witness.got_bits})"),
            _line("  want", f"{witness.want}  ({witness.want_decimal}, bits {witness.want_bits})"),
        ]
    if item.mean_ulp is not None:
        lines.append(_line("mean error", f"{item.mean_ulp:.4g} ulp over nontrivial inputs"))
    lines += [
        _line("rounding", _rounding(item)),
        _line("specials", _specials(item)),
    ]
    if item.undecided:
        lines.append(_line("undecided", f"{item.undecided:,} judgements"))
    if item.note:
        lines.append(_line("note", item.note))
    if item.witness and item.witness.command:
        lines.append(_line("repeat", item.witness.command))
    return "\n".join(lines)


def _line(name: str, value: str) -> str:
    return textwrap.indent(f"{name:<13}{value}", "  ")


def _inputs(item: Figures) -> str:
    where = "the whole axis" if item.bounds == "all" else item.bounds
    if item.count is None:
        return f"{item.sampler} over {where}"
    return (
        f"{item.sampler} over {where}, seed {item.seed}: {item.count:,} inputs, "
        f"{item.judged:,} judged, {item.nontrivial:,} nontrivial"
    )


def _kind(item: Figures) -> str:
    return f"{item.kind} ({KINDS.get(item.kind or '', 'a lower bound')})"


def _rounding(item: Figures) -> str:
    percent = item.wrongly_rounded_percent
    share = "" if percent is None else f" ({percent:.3g} % of nontrivial inputs)"
    return (
        f"{item.wrongly_rounded:,} wrongly rounded{share}, at most {item.max_steps} "
        f"step{'' if item.max_steps == 1 else 's'} off; "
        f"{item.unfaithful:,} unfaithful"
    )


def _specials(item: Figures) -> str:
    found = [
        f"{number:,} {name.replace('_', ' ')}"
        for name, number in item.classes.items()
        if number and not name.endswith("_expected")
    ]
    return ", ".join(found) or "no defect"
