"""From tallies to the rows of a run's tables (`halfulp.runs.schema`)."""

from __future__ import annotations

import math
import shlex
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal
from fractions import Fraction
from typing import Any

from halfulp.formats import Format
from halfulp.judge.judging import PROFILE_CAP
from halfulp.judge.tally import FLUSHING, MEAN_BITS, Bin, Extreme, Tally
from halfulp.reference.values import FRACTION_BITS, ONE
from halfulp.runs.schema import ACCURACY, CLASSES, DEFECTS
from halfulp.study.condition import condition
from halfulp.study.names import BackendSpec
from halfulp.study.plan import Row
from halfulp.study.shards import Group

Record = dict[str, Any]

LARGEST_FLOAT_ULP = ONE << 53
"""Errors beyond 2^53 ulp are given as text and log2 only."""

UNDECIDED = ("undecided_error", "undecided_rounding", "undecided_faithful")
"""A row is proved when none of these counters is above 0."""

_DIGITS = 20


@dataclass(frozen=True)
class RowContext:
    """What a row's records need beside its tally."""

    row: Row
    group: Group
    backend: BackendSpec
    note: str | None


def identity(row: Row) -> Record:
    """Return the columns that name a row."""
    routine = row.routine
    return {
        "routine": routine.identity,
        "function": routine.function,
        "formula": routine.formula,
        "backend": routine.backend,
        "format": routine.format,
        "region": row.region,
        "sampler": row.sampler,
    }


def unmeasured(context: RowContext, status: str, reason: str | None) -> Record:
    """Return the accuracy record of a row without figures."""
    return {**dict.fromkeys(column.name for column in ACCURACY), **_head(context, status, reason)}


def _head(context: RowContext, status: str, reason: str | None) -> Record:
    row = context.row
    return {
        **identity(row),
        "expression": row.expression,
        "bounds": row.bounds,
        "kind": context.group.sampler.kind,
        "status": status,
        "reason": reason,
        "note": context.note,
        "seed": context.group.seed,
    }


def measured(context: RowContext, tally: Tally) -> Record:
    """Return the accuracy record of a measured row."""
    nontrivial = tally["nontrivial"]
    counters = (
        "count", "judged", "nontrivial", "wrongly_rounded", "unfaithful",
        "undecided_error", "undecided_rounding", "undecided_faithful", *CLASSES,
    )  # fmt: skip
    steps = tally.extremes.get("max_steps")
    return {
        **unmeasured(context, "measured", None),
        "note": _note(context, tally),
        **{name: tally[name] for name in counters},
        **_maximum(tally.extremes.get("max_ulp")),
        "max_signed_ulp": _signed(tally.extremes.get("max_above"), 1),
        "min_signed_ulp": _signed(tally.extremes.get("max_below"), -1),
        "mean_ulp": tally["sum"] / nontrivial / 2**MEAN_BITS if nontrivial else None,
        "mean_capped": tally["capped"],
        "max_steps": None if steps is None else str(steps.value),
        "wrongly_rounded_percent": (
            100 * tally["wrongly_rounded_nontrivial"] / nontrivial if nontrivial else None
        ),
        "specials": sum(tally[name] for name in DEFECTS),
        "histogram": list(tally.histogram),
        "proved": not any(tally[name] for name in UNDECIDED),
        "places": context.group.sampler.places or None,
        "enclosed": tally["enclosed"] if context.group.is_swept else None,
    }


def _note(context: RowContext, tally: Tally) -> str | None:
    """Return the backend's note, and the second maximum of one that flushes subnormals."""
    extreme = tally.extremes.get(FLUSHING)
    if extreme is None:
        return context.note
    second = (
        "The backend flushes subnormals; against results that this allows the maximum is "
        f"{decimal_up(extreme.value)} ulp."
    )
    return f"{second} {context.note}" if context.note else second


def _maximum(extreme: Extreme | None) -> Record:
    """Return the columns of the maximum, each rounded outward."""
    names = ("max_ulp", "max_ulp_low", "max_ulp_text", "max_ulp_log2")
    if extreme is None:
        return dict.fromkeys(names)
    small = extreme.value <= LARGEST_FLOAT_ULP
    return {
        "max_ulp": rounded_up(Fraction(extreme.value, ONE)) if small else None,
        "max_ulp_low": -rounded_up(Fraction(-extreme.lower, ONE)) if small else None,
        "max_ulp_text": decimal_up(extreme.value),
        "max_ulp_log2": log2_of(extreme.value),
    }


def _signed(extreme: Extreme | None, sign: int) -> float | None:
    if extreme is None:
        return 0.0
    if extreme.value > LARGEST_FLOAT_ULP:
        return None
    return sign * rounded_up(Fraction(extreme.value, ONE))


def rounded_up(value: Fraction) -> float:
    """Return the smallest float64 that is not below a rational."""
    nearest = float(value)
    return nearest if Fraction(nearest) >= value else math.nextafter(nearest, math.inf)


def decimal_up(units: int) -> str:
    """Return units of 2^-60 ulp as a decimal with 20 digits, rounded up, without an exponent."""
    exact = Context(prec=2_000 + units.bit_length()).divide(Decimal(units), Decimal(ONE))
    rounded = Context(prec=_DIGITS, rounding=ROUND_CEILING, Emax=10**6).plus(exact)
    text = f"{rounded:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def log2_of(units: int) -> float | None:
    """Return log2 of units of 2^-60 ulp of any size, or None for 0."""
    if not units:
        return None
    excess = max(units.bit_length() - 64, 0)
    return math.log2(units >> excess) + excess - FRACTION_BITS


# -- witnesses ---------------------------------------------------------------------------------


def witnesses(context: RowContext, tally: Tally) -> list[Record]:
    """Return a record for each quantity that has a witness."""
    quantities = ("max_ulp", FLUSHING, "max_steps", "unfaithful", "undecided", *CLASSES)
    return [
        _witness(context, quantity, tally.extremes[quantity])
        for quantity in quantities
        if quantity in tally.extremes
    ]


def _witness(context: RowContext, quantity: str, extreme: Extreme) -> Record:
    fmt, witness = context.group.fmt, extreme.witness
    return {
        **identity(context.row),
        "quantity": quantity,
        "input_bits": ", ".join(fmt.bits_text(bits) for bits in witness.inputs),
        "input_hex": ", ".join(fmt.hex(bits) for bits in witness.inputs),
        "input": ", ".join(shortest_decimal(fmt, bits) for bits in witness.inputs),
        **_number("got", fmt, witness.got),
        **_number("want", fmt, witness.want),
        "error_ulp": _middle(extreme),
        "command": command(context, witness.inputs),
    }


def _number(name: str, fmt: Format, bits: int | None) -> Record:
    if bits is None:
        return {f"{name}_bits": None, f"{name}_hex": None, name: None}
    return {
        f"{name}_bits": fmt.bits_text(bits),
        f"{name}_hex": fmt.hex(bits),
        name: shortest_decimal(fmt, bits),
    }


def _middle(extreme: Extreme) -> float | None:
    if extreme.signed is None or max(map(abs, extreme.signed)) > LARGEST_FLOAT_ULP:
        return None
    return float(Fraction(sum(extreme.signed), 2 * ONE))


def shortest_decimal(fmt: Format, bits: int) -> str:
    """Return the shortest decimal that rounds to an encoding in its own format."""
    if not fmt.is_finite(bits):
        return fmt.hex(bits)
    value = fmt.value(bits)
    if not value:
        return "-0.0" if fmt.is_negative(bits) else "0.0"
    for digits in range(1, 18):
        text = f"{float(value):.{digits}g}"  # exact: no format has more bits than a float
        if fmt.round(Fraction(text)) == bits:
            return text
    raise AssertionError(f"17 digits tell all {fmt.name} apart")


def command(context: RowContext, inputs: tuple[int, ...]) -> str | None:
    """Return the command that repeats one evaluation; None for configured backends."""
    row, backend, fmt = context.row, context.backend, context.group.fmt
    if backend.label != backend.adapter or backend.settings or backend.python:
        return None
    separator = ";" if len(inputs) > 1 else ""
    listed = ",".join(fmt.hex(bits) for bits in inputs) + separator
    function = row.routine.function
    words = ["--formula", row.expression] if row.expression is not None else []
    words += ["--backend", backend.label, "--format", fmt.name, "--inputs", f"listed:{listed}"]
    # An argument that begins with a minus would be taken for an option.
    words = [*words, "--", function] if function.startswith("-") else [function, *words]
    return shlex.join(["halfulp", "measure", *words])


# -- profile -----------------------------------------------------------------------------------


def profile(context: RowContext, tally: Tally) -> list[Record]:
    """Return a record for each bin that has inputs."""
    return [_bin(context, number, content) for number, content in tally.profile.items()]


def _bin(context: RowContext, number: int, content: Bin) -> Record:
    fmt = context.group.fmt
    low, high = context.group.axis.bounds(number)
    return {
        **identity(context.row),
        "bin": number,
        "low": float(fmt.value(fmt.from_key(low))),
        "high": float(fmt.value(fmt.from_key(high))),
        "count": content.inputs,
        "nontrivial": content.nontrivial,
        "max_ulp": float(Fraction(min(content.largest, PROFILE_CAP), ONE)),
        "mean_ulp": content.sum / content.inputs / 2**MEAN_BITS if content.inputs else None,
        "wrongly_rounded": content.wrongly_rounded,
        "specials": content.specials,
        "condition": condition(context.group.function, fmt, low, high),
    }
