"""Arb against mpmath: every record in every format, at its edges, corners and spread inputs.

Two libraries with different algorithms, asked through the same record; what both take from the
record (special inputs, exact results) is held against other sources in tests/functions.
"""

from __future__ import annotations

import random
from itertools import product
from typing import TYPE_CHECKING

import pytest

from halfulp.formats import FORMATS
from halfulp.functions import CATALOGUE
from halfulp.inputs import parse_region, parse_sampler
from halfulp.inputs.sources import source
from halfulp.reference.enclosures import balls
from halfulp.reference.oracle import oracle
from halfulp.reference.referee import WIDEST, agree
from halfulp.reference.values import OPEN, Limit, Scaled, Undecided

if TYPE_CHECKING:
    from halfulp.formats import Format
    from halfulp.functions import Function

Inputs = list[tuple[int, ...]]

SEED = 20

FEW = 12
"""Inputs of each kind in the normal run."""

MANY = 2_000
"""Spread inputs in the slow run, which takes all edges."""

SLOW_IN_MPMATH = {
    ("digamma", "float64"): (3, 300),  # 0.6 s far below 0
    ("ndtri", "float64"): (6, 600),  # 0.2 s next to 0
    ("y0", "float64"): (1, 100),  # 1.5 s from 1e300
    ("y1", "float64"): (1, 100),  # 4 s from 1e300
}
"""The records of which mpmath takes a large part of a second an input: how many edges and how many
spread inputs are compared, in the normal run and in the slow one, chosen at random."""

UNDECIDED: dict[tuple[str, str], str] = {}
"""(source, record) -> why a result may be left undecided. Nothing is."""

every_format = pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS)


def taken(record: Function, fmt: Format, sampler: str) -> Inputs:
    """All inputs of a sampler over all encodings."""
    region = parse_region("all", record.arity)
    made = source(parse_sampler(sampler), record, fmt, region, SEED)
    return [tuple(bits) for bits in made.take(0, len(made)).T.tolist()]


def corners(record: Function, fmt: Format) -> Inputs:
    """nan, both infinities and zeros, the ends of the format, and one, in every combination."""
    one = (-fmt.emin + 1) << (fmt.p - 1)
    magnitudes = (0, 1, (1 << (fmt.p - 1)) - 1, one, fmt.max_magnitude, fmt.infinity)
    places = [bits | sign for bits in magnitudes for sign in (0, fmt.sign_bit)]
    return list(product([*places, fmt.nan], repeat=record.arity))


def some(inputs: Inputs, count: int, salt: str) -> Inputs:
    return random.Random(salt).sample(inputs, min(count, len(inputs)))


def complaint(record: Function, fmt: Format, bits: tuple[int, ...]) -> str | None:
    """How the two sources contradict each other at an input, or what they leave open."""
    arb, mpmath = (make(record, fmt).scaled(*bits) for make in (balls, oracle))
    where = f"{record.name}({', '.join(map(fmt.hex, bits))}) in {fmt.name}"
    if not agree(arb, mpmath):
        return f"{where}: Arb gives {arb}, mpmath {mpmath}"
    for name, result in (("Arb", arb), ("mpmath", mpmath)):
        if not is_decided(result) and (name, record.name) not in UNDECIDED:
            return f"{where}: {name} leaves {result}"
    return None


def is_decided(result: Scaled | Limit | Undecided) -> bool:
    """Whether rounding, neighbours and binade are known, and the error to 2^-52 ulp."""
    if isinstance(result, Scaled):
        return not result.flags & OPEN and result.high - result.low <= WIDEST
    return isinstance(result, Limit)


def assert_agree(record: Function, fmt: Format, inputs: Inputs) -> None:
    found = [text for bits in inputs if (text := complaint(record, fmt, bits)) is not None]
    shown = "\n".join(found[:5])
    assert not found, f"{len(found)} of {len(inputs)} inputs:\n{shown}"


@every_format
def test_both_sources_agree_on_a_sample(function_name: str, fmt: Format) -> None:
    record = CATALOGUE[function_name]
    few, _ = SLOW_IN_MPMATH.get((record.name, fmt.name), (FEW, 0))
    salt = f"{SEED} {record.name} {fmt.name}"
    edges, spread = taken(record, fmt, "edges"), taken(record, fmt, "spread:100")
    chosen = some(edges, few, salt) + some(spread, few, salt)
    assert_agree(record, fmt, [*some(corners(record, fmt), few, salt), *chosen])


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@every_format
def test_both_sources_agree_everywhere(function_name: str, fmt: Format) -> None:
    record = CATALOGUE[function_name]
    edges, spread = taken(record, fmt, "edges"), taken(record, fmt, f"spread:{MANY}")
    inputs = [*corners(record, fmt), *edges, *spread]
    _, most = SLOW_IN_MPMATH.get((record.name, fmt.name), (FEW, len(inputs)))
    salt = f"{SEED} {record.name} {fmt.name}"
    assert_agree(record, fmt, inputs if most >= len(inputs) else some(inputs, most, salt))


@every_format
def test_a_contradiction_would_be_found(fmt: Format) -> None:
    one, two = fmt.round(1), fmt.round(2)
    arb, mpmath = balls(CATALOGUE["exp"], fmt).scaled(one), oracle(CATALOGUE["exp"], fmt)
    assert agree(arb, mpmath.scaled(one))
    assert not agree(arb, mpmath.scaled(two))
    assert not agree(Limit("nan"), mpmath.scaled(one))
    assert not is_decided(Undecided("because"))
    assert isinstance(arb, Scaled)
    assert not agree(arb, arb._replace(whole=arb.whole + 1))
