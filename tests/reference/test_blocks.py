"""Models of runs against balls at twice the precision, and mutants of the proof that must be caught."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from halfulp import functions
from halfulp.formats import FORMATS
from halfulp.reference import blocks as planning
from halfulp.reference.blocks import Block, Kind, Modeller, Planner

if TYPE_CHECKING:
    from collections.abc import Callable

    from halfulp.formats import Format

FORMS = tuple(FORMATS)
RUNS = {
    "exp": ("0x1p-30", "-0x1.9p+3", "0x1.62ep+6"),
    "log": ("0x1.fp-1", "0x1.5p+10"),
    "erfc": ("0x1.8p+1",),
    "tan": ("0x1.9p+0", "-0x1.7p+9"),
    "lgamma": ("0x1.8p+1", "-0x1.9p+9"),
    "sin": ("0x1.8p+1", "0x1.5p+13"),
    "cos": ("-0x1.921p+13",),
    "exp(x) * 2 - x": ("-0x1p+1", "0x1.61p+6"),
}
"""Places, each with a run around it, in the range of every format."""

CASES = [(name, place) for name, places in RUNS.items() for place in places]


def run_at(fmt: Format, place: str, count: int) -> tuple[int, int]:
    """Return the run of so many keys around a place."""
    key = fmt.key_at_least(Fraction(float.fromhex(place)))
    return min(max(key - count // 2, -fmt.max_magnitude), fmt.max_magnitude - count), count


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("name", "place"), CASES)
def test_every_point_of_a_model_is_within_its_bound(
    models: Any, problems: Any, made: list[Any], name: str, place: str, form: str
) -> None:
    checked = models(name, FORMATS[form])
    first, count = run_at(checked.fmt, place, 1 << 10 if checked.fmt.width == 16 else 1 << 16)
    blocks = checked.blocks(first, count)
    assert [(b.first, b.last + 1) for b in blocks] == list(
        zip([b.first for b in blocks], [b.first for b in blocks[1:]] + [first + count], strict=True)
    )
    assert sum(block.kind != Kind.OPEN for block in blocks) > 0
    assert not checked.violations(blocks, 32)
    assert not problems(made)
    assert made or any(b.kind in (Kind.OSCILLATION, Kind.REFLECTION, Kind.EXACT) for b in blocks)
