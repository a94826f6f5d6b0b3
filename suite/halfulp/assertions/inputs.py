"""Inputs of a function as arrays, to call a routine with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from halfulp import functions
from halfulp.exceptions import UsageError
from halfulp.formats import format_named
from halfulp.inputs import parse_region, parse_sampler
from halfulp.inputs.sources import source
from halfulp.subject.inprocess import numpy_dtype

if TYPE_CHECKING:
    import numpy.typing as npt


def spread_inputs(
    function: str,
    size: int,
    *,
    format: str = "float32",  # noqa: A002 - the word that studies use
    region: str = "all",
    seed: int = 0,
) -> list[npt.NDArray[Any]]:
    """Return an array an argument, with inputs as the sampler `spread` takes them."""
    if size < 1:
        raise UsageError(f"Expected a size of 1 or more, but got {size}.")
    record, fmt = functions.get(function), format_named(format)
    sampler = parse_sampler(f"spread:{size}")
    bounds = parse_region(region, record.arity)
    bits = source(sampler, record, fmt, bounds, seed).take(0, size)
    return [column.copy().view(numpy_dtype(fmt)) for column in bits]
