"""Hundreds of thousands of points of models against balls at twice the precision, and mpmath.

A million inputs for the functions that everybody uses in float32, a hundred thousand elsewhere, and
every input of 16-bit formats. How much of the bounds is used is in a table of docs/error-bound.md.
"""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from halfulp import functions
from halfulp.formats import FORMATS
from halfulp.functions import CATALOGUE
from halfulp.reference.block import Kind
from halfulp.reference.blocks import DEGREE, SHORT_DEGREE
from halfulp.reference.oracle import oracle
from halfulp.reference.saturation import active
from halfulp.reference.values import Scaled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halfulp.formats import Format
    from halfulp.reference.block import Block

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_600)]

PAGE = Path(__file__).parents[2] / "docs" / "error-bound.md"
COMMON = ("exp", "exp2", "expm1", "log", "log1p", "log2", "tanh", "sigmoid", "atan", "erf", "sin",
          "cos", "tan", "lgamma", "gamma")  # fmt: skip
ONE_ARGUMENT = sorted(name for name, record in CATALOGUE.items() if record.arity == 1)
NEAR = {
    **dict.fromkeys(("j0", "j1", "y0", "y1"), 10),
    **dict.fromkeys(("cospi", "sinpi", "sinc"), 10),
    **dict.fromkeys(("i0e", "i1e"), 6),
    **dict.fromkeys(("digamma", "polygamma1", "polygamma2", "polygamma3"), 6),
}
"""Binary exponents beyond which a plan takes minutes, or leaves nearly everything open."""

RUNS = 24
"""Runs that would do if every input in them had a model."""
MODELS = (Kind.MODEL, Kind.OSCILLATION, Kind.REFLECTION)


def wanted(name: str, fmt: Format) -> int:
    return 1_000_000 if name in COMMON and fmt.name == "float32" else 100_000


def runs_of(name: str, fmt: Format) -> Iterator[tuple[int, int, int]]:
    """Yield first key, length and degree of runs all over the active region, or all of it."""
    function = functions.get(name)
    ranges = active(function, fmt)
    exponent = 10 if name in ("sin", "cos", "tan") and fmt.width == 64 else NEAR.get(name)
    if exponent is not None:
        far = fmt.round(Fraction(2**exponent))
        ranges = tuple(
            (max(low, -1 - far), min(high, far)) for low, high in ranges if low < far > -1 - high
        )
    sizes = np.array([last - first + 1 for first, last in ranges], dtype=float)
    if fmt.width == 16:
        yield from ((first, last - first + 1, DEGREE) for first, last in ranges)
        return
    random = np.random.default_rng(hash_of(name))
    for number in range(8 * RUNS):
        first, last = ranges[random.choice(len(ranges), p=sizes / sizes.sum())]
        length, degree = (1 << 20 if fmt.width == 32 else 1 << 14), DEGREE
        if fmt.width == 64 and number % 2:
            length, degree = 1_024, SHORT_DEGREE
        length = min(length, last - first + 1)
        yield int(random.integers(first, last - length + 1, endpoint=True)), length, degree


def hash_of(text: str) -> int:
    """Return a number that is the same in every process."""
    return int.from_bytes(text.encode(), "little") % (1 << 60)


def points(checked: Any, blocks: list[Block], count: int) -> Iterator[Any]:
    """Yield about so many points of blocks, more of the longer ones."""
    modelled = [block for block in blocks if block.kind in MODELS]
    if checked.fmt.width == 16:
        for block in modelled:
            yield from checked.points(block, [(block.first, block.count)])
        return
    total = sum(block.count for block in modelled)
    for seed, block in enumerate(modelled):
        share = max(32, count * block.count // total)
        yield from islice(checked.chosen(block, share, seed), 2 * share)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", ONE_ARGUMENT)
def test_points_all_over_are_within_their_bounds(models: Any, name: str, form: str) -> None:
    checked = models(name, FORMATS[form])
    seen, used = 0, 0.0
    count = wanted(name, checked.fmt)
    for first, length, degree in runs_of(name, checked.fmt):
        if seen >= count and checked.fmt.width > 16:
            break
        blocks = checked.blocks(first, length, degree)
        for point in points(checked, blocks, count // RUNS):
            held = checked.held(point)
            assert held.is_kept, held
            seen, used = seen + 1, max(used, held.used)
    print(f"| {name} | {form} | {seen:,} | {used:.2g} |")  # noqa: T201 - for the page, with -s
    if name in COMMON and form in ("float32", "float64"):
        assert seen >= count
        assert said(name, form) == pytest.approx(used, rel=0.5)


def said(name: str, form: str) -> float:
    """Return the part of the bound that is used, as the page says."""
    column = {"float32": 1, "float64": 2}[form]
    (row,) = re.findall(rf"^\| {name} \|.*$", PAGE.read_text(), re.MULTILINE)
    return float(row.split("|")[1 + column])


@pytest.mark.parametrize("form", ["float32", "float64"])
@pytest.mark.parametrize("name", ONE_ARGUMENT)
def test_mpmath_says_the_same(models: Any, contradiction: Any, name: str, form: str) -> None:
    checked = models(name, FORMATS[form])
    fmt, arbiter = checked.fmt, oracle(checked.function, FORMATS[form])
    count, seen = (10_000 if name in COMMON else 1_000), 0
    for first, length, degree in runs_of(name, fmt):
        if seen >= count:
            break
        blocks = checked.blocks(first, length, degree)
        for point in islice(points(checked, blocks, count // RUNS), count // RUNS):
            scaled = arbiter.scaled(fmt.from_key(point.key))
            if isinstance(scaled, Scaled):
                assert contradiction(fmt, scaled, checked.bounds(point)) is None, point
                seen += 1
    assert seen >= count or name not in COMMON
