"""The sweep by blocks against the judgement of single references: the same tallies."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from halfulp import encodings, functions
from halfulp.encodings import Bits
from halfulp.formats import FORMATS, Format
from halfulp.judge.judging import Axis, judge
from halfulp.judge.segments import segments
from halfulp.judge.sweep import sweep
from halfulp.judge.tally import Extreme, Tally
from halfulp.reference import truth as references
from halfulp.reference.saturation import finite_keys
from halfulp.reference.truth import truth

COUNT = 2_400
PLACES = {
    "exp": ("0x1.8p+1", "-0x1.9ep+6", "0x1.62e0p+6", "0x1p-30", "-0x1p-140", "0x1p-20"),
    "expm1": ("0x1p-60", "-0x1p-25", "-0x1.1p+4", "0x1p-126"),
    "log": ("0x1.ff8p-1", "0x1p-149", "0x1.5p+100"),
    "tanh": ("0x1.2p+3", "0x1.4p+4", "0x1p-40"),
    "sin": ("0x1.92p+1", "0x1.5p+60", "-0x1.92p+6", "0x1p-30"),
    "cos": ("0x1.9p+0", "0x1.1p+127", "0x1p-14"),
    "tan": ("0x1.921p+0", "-0x1.7p+33", "0x1p+7"),
    "gamma": ("0x1.18p+5", "-0x1.9p+3", "0x1p-100", "-0x1p-128", "-0x1.9p+6", "-0x1.2p+20"),
    "lgamma": ("0x1.8p+1", "-0x1.9p+7", "-0x1.6p+16", "-0x1p+23", "-0x1.9p+3"),
    "digamma": ("-0x1p+23",),
    "sinpi": ("0x1p+23", "-0x1.8p+1"),
    "erf": ("0x1.ep+1", "0x1p-120"),
    "cbrt": ("0x1p+3", "-0x1p-149"),
    "sqrt": ("0x1p+2", "-0x1p-149"),
    "exp2": ("0x1.fffp-1", "-0x1.2cp+7"),
    "silu": ("-0x1.9p+6", "0x1p-20"),
}


@pytest.fixture(autouse=True)
def oracle_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave mpmath out, whose checks of `truth` take half a second each and change no figure."""
    monkeypatch.setattr(references, "ORACLE_SECONDS", 0.0)


def outputs_for(fmt: Format, right: Bits, seed: int) -> Bits:
    """Return results of every kind: right ones, near ones, and any bits at all."""
    rng = np.random.default_rng(seed)
    wrong = right.copy()
    kind = rng.integers(0, 40, right.shape)
    for change, offset in ((0, 1), (1, -1), (2, 3), (3, -2), (4, 700), (5, 5000)):
        chosen = kind == change
        wrong[chosen] = right[chosen] + np.array(offset).astype(right.dtype)
    wrong[kind == 6] = fmt.nan
    wrong[kind == 7] = fmt.infinity
    wrong[kind == 8] = fmt.sign_bit
    wrong[kind == 9] ^= right.dtype.type(fmt.sign_bit)
    wrong[kind == 10] = 0
    chosen = kind == 11
    wrong[chosen] = rng.integers(0, 1 << 63, chosen.sum(), dtype=np.uint64).astype(right.dtype)
    wrong[: len(wrong) // 3] = right[: len(wrong) // 3]
    return wrong


def both(name: str, fmt: Format, first: int, seed: int) -> tuple[Tally, Tally]:
    function = functions.get(name)
    axis = Axis(*finite_keys(fmt))
    inputs = encodings.from_keys(fmt, np.arange(first, first + COUNT))[np.newaxis]
    exact = truth(function, fmt, inputs)
    outputs = outputs_for(fmt, exact.rounded, seed)
    parts = segments(function, fmt, [(first, COUNT)], axis)
    return sweep(parts, outputs, axis), judge(exact, inputs, outputs, axis)


@pytest.mark.parametrize("form", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("name", PLACES)
def test_a_sweep_gives_the_tally_of_single_references(name: str, form: str) -> None:
    fmt = FORMATS[form]
    for seed, place in enumerate(PLACES[name]):
        real = float.fromhex(place)
        first = fmt.key_at_least(fmt.max_finite) if abs(real) > fmt.max_finite else None
        first = first or fmt.key_at_least(Fraction(real)) - COUNT // 2
        first = min(max(first, fmt.key_range[0]), fmt.key_range[1] - COUNT)
        swept, single = both(name, fmt, first, seed)
        assert_alike(swept, single)


def assert_alike(swept: Tally, single: Tally) -> None:
    counters = {k: v for k, v in swept.counters.items() if k not in ("enclosed", "sum")}
    assert counters == {k: v for k, v in single.counters.items() if k != "sum"}
    assert swept["sum"] == pytest.approx(single["sum"], rel=1e-6, abs=swept["count"])
    assert_bins_beside(swept.histogram, single.histogram)
    assert swept.profile.keys() == single.profile.keys()
    for number, content in swept.profile.items():
        other = single.profile[number]
        assert content._replace(largest=0, sum=0) == other._replace(largest=0, sum=0)
        assert content.largest == pytest.approx(other.largest, rel=1e-6, abs=2**40)
    assert swept.extremes.keys() == single.extremes.keys()
    for name, extreme in swept.extremes.items():
        assert_same_extreme(name, extreme, single.extremes[name])


def assert_bins_beside(swept: tuple[int, ...], single: tuple[int, ...]) -> None:
    """Entries follow the middle of an interval: at a border they may fall on either side."""
    ours, theirs = (np.cumsum((*h[189:127:-1], *h[:128], *h[190:])) for h in (swept, single))
    assert ours[-1] == theirs[-1]
    assert (ours[:-1] <= theirs[1:]).all()
    assert (theirs[:-1] <= ours[1:]).all()


def assert_same_extreme(name: str, swept: Extreme, single: Extreme) -> None:
    if swept == single:
        return
    # More inputs than can be ranked are next to the maximum: then it is bounded from both sides.
    assert name.startswith("max_"), name
    assert swept.lower <= single.value
    assert swept.value >= single.value
    assert swept.value - swept.lower <= (1 << 40) + (swept.value >> 40)
