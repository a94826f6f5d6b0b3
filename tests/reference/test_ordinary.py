"""Where a record says that no rule of special inputs applies, none does."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from halfulp.formats import FORMATS
from halfulp.functions import CATALOGUE
from halfulp.inputs import parse_region, parse_sampler
from halfulp.inputs.sources import source
from halfulp.reference.domains import contains
from halfulp.reference.enclosures import balls
from halfulp.reference.truth import Kind, truth
from halfulp.reference.values import Scaled

WITH_A_BOX = [record.name for record in CATALOGUE.values() if record.ordinary]


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("name", WITH_A_BOX)
@pytest.mark.parametrize("sampler", ["edges", "spread:2000"])
def test_no_special_rule_applies_inside_the_box(name: str, fmt: object, sampler: str) -> None:
    from halfulp.formats import Format

    assert isinstance(fmt, Format)
    record = CATALOGUE[name]
    inputs = source(parse_sampler(sampler), record, fmt, parse_region("all", 2), 3)
    seen = 0
    for bits in inputs.take(0, len(inputs)).T.tolist():
        points = [balls(record, fmt).point(encoding) for encoding in bits]
        if all(
            point.kind == "finite"
            and point.value not in {Fraction(0), Fraction(1), Fraction(-1)}
            and contains(interval, point.value)
            for point, interval in zip(points, record.ordinary, strict=True)
        ):
            seen += 1
            assert record.special(*points) is None
    assert seen > 20


@pytest.mark.parametrize("name", WITH_A_BOX)
def test_the_short_way_gives_the_same_results(name: str) -> None:
    record, fmt = CATALOGUE[name], FORMATS["float32"]
    made = source(parse_sampler("edges"), record, fmt, parse_region("all", 2), 3)
    inputs = made.take(0, len(made))
    found = truth(record, fmt, inputs)
    for place in np.flatnonzero(found.kind == Kind.NUMBER).tolist():
        scaled = balls(record, fmt).scaled(*inputs[:, place].tolist())
        assert isinstance(scaled, Scaled)
        assert scaled.rounded == found.rounded[place]
        assert (scaled.whole, scaled.low) == (found.whole[place], found.low[place])
