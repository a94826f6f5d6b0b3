"""Checks of evaluations: encodings arrive as they are, results are there, and there again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from halfulp.backend import Request
from halfulp.expressions import Name
from halfulp.formats import power_of_two
from halfulp.functions import CATALOGUE
from halfulp.reference.oracle import oracle
from halfulp.reference.values import Limit, Undecided
from halfulp.testing.bench import Bench, ConformanceError
from halfulp.testing.samples import every_kind, mild

if TYPE_CHECKING:
    from halfulp.encodings import Bits
    from halfulp.formats import Format

_COUNTS = (1, 2, 3, 17, 63, 65, 1000)
_MANY, _SKIPPED = 1_111, 5
_POINTS = tuple(Fraction(n, 16) for n in (5, 12, 24, 40))
"""Where functions are compared with the catalogue: far from zeros and poles of almost all."""


def moves_encodings(bench: Bench) -> None:
    """Check that the formula `x` returns every encoding bit for bit; a nan may be another nan."""
    for fmt in bench.formats:
        request = Request("x", Name("x"), fmt, ("x",))
        if bench.prepared(request) is None:
            continue
        inputs = every_kind(fmt)
        outputs = bench.evaluated(request, inputs)
        same = (outputs == inputs) | (_is_nan(fmt, inputs) & _is_nan(fmt, outputs))
        if not same.all():
            place = int(np.argmin(same))
            raise ConformanceError(
                f"{bench.name} changes {_count(~same)} of {inputs.size:,} encodings of {fmt.name} "
                f"on their way: {fmt.bits_text(int(inputs[place]))} ({fmt.hex(int(inputs[place]))})"
                f" became {fmt.bits_text(int(outputs[place]))}"
            )


def fills_outputs(bench: Bench) -> None:
    """Check that outputs of any length are filled, and that no result depends on its place.

    An input that a report names must give the same result when it is tried alone.
    """
    for request in _natives(bench, bench.few):
        inputs = mild(request.format, _MANY, len(request.arguments))
        whole = bench.evaluated(request, *inputs)
        for count in _COUNTS:
            # Not the last ones: what is forgotten there would be forgotten in both.
            some = slice(_SKIPPED, _SKIPPED + count)
            part = bench.evaluated(request, *inputs[:, some])
            if not _same(request.format, part, whole[some]):
                raise ConformanceError(
                    f"{bench.name}: {request.function} in {request.format.name} gives other "
                    f"results for {count} of {_MANY} inputs when they are evaluated alone"
                )


def is_deterministic(bench: Bench) -> None:
    """Check that the same inputs give the same bits later, and after other inputs."""
    for request in _natives(bench, bench.few):
        inputs = mild(request.format, _MANY, len(request.arguments))
        first = bench.evaluated(request, *inputs)
        bench.evaluated(request, *inputs[:, ::-1])
        if not _same(request.format, first, bench.evaluated(request, *inputs)):
            raise ConformanceError(
                f"{bench.name}: {request.function} in {request.format.name} gives other bits when "
                "it is asked again"
            )


def _natives(bench: Bench, names: Sequence[str]) -> Iterator[Request]:
    """Yield the requests of routines that are available."""
    for name in names:
        for fmt in bench.formats:
            request = bench.native(name, fmt)
            if bench.prepared(request) is not None:
                yield request


def means_the_catalogue(bench: Bench) -> None:
    """Check at a few inputs that half of each result's bits are those of the catalogue's function.

    This finds wrong names and arguments out of order, not inaccuracy; nan is passed over, for some
    libraries serve a part of the domain only.
    """
    for request in _natives(bench, bench.served):
        _check_meaning(bench, request)


def _check_meaning(bench: Bench, request: Request) -> None:
    fmt, arity = request.format, len(request.arguments)
    points = [_POINTS[place : place + arity] for place in range(len(_POINTS) - arity + 1)]
    encodings = [[fmt.round(value) for value in point] for point in points]
    outputs = bench.evaluated(request, *np.array(encodings).T).tolist()
    if all(map(fmt.is_nan, outputs)):
        raise ConformanceError(f"{bench.name}: {request.function} in {fmt.name} gives only nan")
    for point, got in zip(encodings, outputs, strict=True):
        want = oracle(CATALOGUE[request.function], fmt).scaled(*point)
        if isinstance(want, Limit | Undecided) or fmt.is_nan(got):
            continue
        if not _is_near(fmt, got, want.rounded):
            at = ", ".join(map(fmt.hex, point))
            raise ConformanceError(
                f"{bench.name}: {request.function}({at}) in {fmt.name} is about "
                f"{fmt.hex(want.rounded)}, but the routine gives {fmt.hex(got)}"
            )


def _is_near(fmt: Format, got: int, want: int) -> bool:
    """Tell whether half of the bits of a result are right."""
    if not (fmt.is_finite(got) and fmt.is_finite(want)):
        return got == want
    expected = fmt.value(want)
    return abs(fmt.value(got) - expected) <= abs(expected) * power_of_two(-(fmt.p // 2))


def _is_nan(fmt: Format, bits: Bits) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    return (bits & (fmt.sign_bit - 1)) > fmt.infinity


def _same(fmt: Format, first: Bits, second: Bits) -> bool:
    """Tell whether results are the same bits; a nan is as good as another."""
    return bool(((first == second) | (_is_nan(fmt, first) & _is_nan(fmt, second))).all())


def _count(flags: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> str:
    return f"{int(flags.sum()):,}"
