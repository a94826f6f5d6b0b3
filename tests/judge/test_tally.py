"""Tallies: any cutting and any order of merging give the same bits; every part by brute force."""

from __future__ import annotations

import json
import random
from collections import Counter
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halfulp import encodings
from halfulp.formats import FORMATS, Format
from halfulp.judge.judging import Axis, exact_sum, judge
from halfulp.judge.tally import Tally, from_json, merged, to_json
from halfulp.judge.verdicts import classes
from halfulp.reference.values import ONE, Enclosure, Exact, Limit, Scaler
from halfulp.runs.schema import CLASSES, DEFECTS, HISTOGRAM_LINEAR, HISTOGRAM_TAIL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from halfulp.reference.truth import Truth

MEAN_UNIT = Fraction(1, 1 << 20)


def merged_in_a_random_tree(tallies: Sequence[Tally], chance: random.Random) -> Tally:
    """Merge groups of tallies in random order until one is left."""
    left = list(tallies)
    while len(left) > 1:
        chance.shuffle(left)
        size = chance.randint(2, min(4, len(left)))
        left = [merged(left[:size]), *left[size:]]
    return left[0]


def text(tally: Tally) -> str:
    return json.dumps(to_json(tally), allow_nan=False)


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32), fmt=st.sampled_from(list(FORMATS.values())))
def test_random_trees_of_random_shards_give_the_same_bits(
    seed: int, fmt: Format, planted: Callable[..., Any]
) -> None:
    chance = random.Random(seed)
    made = planted(fmt, seed, 60)
    whole = made.tally(range(60))
    for _ in range(3):
        places = list(range(60))
        chance.shuffle(places)
        cuts = sorted({0, 60, *(chance.randrange(60) for _ in range(chance.randrange(8)))})
        shards = [made.tally(places[low:high]) for low, high in pairwise(cuts)]
        shards += [Tally()] * chance.randrange(3)
        found = merged_in_a_random_tree(shards, chance)
        assert found == whole
        assert text(merged([found])) == text(whole)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32), fmt=st.sampled_from(list(FORMATS.values())))
def test_json_keeps_every_bit(seed: int, fmt: Format, planted: Callable[..., Any]) -> None:
    tally = planted(fmt, seed, 40).tally(range(40))
    assert from_json(json.loads(text(tally))) == tally
    assert text(from_json(json.loads(text(tally)))) == text(tally)


def test_of_equal_errors_the_smallest_input_is_the_witness(truth_of: Callable[..., Truth]) -> None:
    fmt = FORMATS["float16"]
    truth = truth_of(fmt, [Scaler(fmt).exact(Exact(Fraction(1)))] * 4)
    inputs = np.array([[0x3C00, 0xBC00, 0x8000, 0x7C00]], dtype=np.uint16)
    outputs = np.full(4, 0x3C01, dtype=np.uint16)
    tally = judge(truth, inputs, outputs, axis_of(fmt))
    for quantity in ("max_ulp", "max_above", "max_steps"):
        assert tally.extremes[quantity].witness.inputs == (0xBC00,)
    assert tally.extremes["max_ulp"].signed == (ONE, ONE)


def test_equal_upper_bounds_merge_alike_whatever_their_lower_bounds(
    truth_of: Callable[..., Truth],
) -> None:
    fmt = FORMATS["float16"]
    # Both errors are at most 1/4 ulp; one of them is known better.
    wide = Enclosure((4096 + 3) << 50, ((4096 + 4) << 50), -62)
    narrow = Enclosure(((4096 + 4) << 50) - 1, ((4096 + 4) << 50), -62)
    truth = truth_of(fmt, [Scaler(fmt).enclosure(each) for each in (wide, narrow)])
    inputs, outputs = np.array([[1, 2]], dtype=np.uint16), np.full(2, 0x3C00, dtype=np.uint16)
    together = judge(truth, inputs, outputs, axis_of(fmt))
    apart = [
        judge(truth_of(fmt, [Scaler(fmt).enclosure(each)]), inputs[:, place : place + 1],
              outputs[place : place + 1], axis_of(fmt))
        for place, each in enumerate((wide, narrow))
    ]  # fmt: skip
    values = [each.extremes["max_ulp"] for each in apart]
    assert values[0].value == values[1].value
    assert values[0].lower < values[1].lower
    assert merged(apart) == merged([together]) == merged(apart[::-1])


def test_two_answers_at_one_input_merge_alike_in_either_order(
    truth_of: Callable[..., Truth],
) -> None:
    fmt = FORMATS["float32"]
    truth = truth_of(fmt, [Scaler(fmt).exact(Exact(Fraction(3, 2)))] * 2)
    inputs = np.array([[7, 7]], dtype=np.uint32)
    outputs = np.array([0x3FC00001, 0x3FBFFFFF], dtype=np.uint32)
    together = [
        merged([judge(truth, inputs, order, axis_of(fmt))]) for order in (outputs, outputs[::-1])
    ]
    one = truth_of(fmt, [Scaler(fmt).exact(Exact(Fraction(3, 2)))])
    apart = [judge(one, inputs[:, :1], output[None], axis_of(fmt)) for output in outputs]
    values = {tally.extremes["max_ulp"].value for tally in apart}
    assert len(values) == 1
    assert together[0] == together[1] == merged(apart) == merged(apart[::-1])


def axis_of(fmt: Format, bins: int = 512) -> Axis:
    return Axis(-1 - fmt.max_magnitude, fmt.max_magnitude, bins)


# -- every part by brute force -----------------------------------------------------------------


class Slow:
    """What a tally must hold, an input at a time, in rationals."""

    def __init__(self, made: Any, slow: Any) -> None:
        self.made, self.slow = made, slow
        self.errors: dict[int, Fraction] = {}
        for place, real in enumerate(made.reals):
            output = int(made.outputs[place])
            if isinstance(real, Fraction) and slow.decode(output) != "nan":
                self.errors[place] = slow.error(output, real)

    def key(self, place: int) -> tuple[int, ...]:
        return tuple(self.made.fmt.key(int(bits)) for bits in self.made.inputs[:, place])

    def first(self, places: Sequence[int]) -> int:
        return min(places, key=self.key)

    @cached_property
    def terms(self) -> dict[int, int]:
        cap = 1 << 60
        return {
            place: min((abs(error) / MEAN_UNIT).__floor__(), cap)
            for place, error in self.errors.items()
        }

    @cached_property
    def steps(self) -> dict[int, int]:
        made = self.made
        return {
            place: self.slow.steps(int(made.outputs[place]), made.reals[place])
            for place in self.errors
        }


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32), fmt=st.sampled_from(list(FORMATS.values())))
def test_counters_and_extremes_by_brute_force(
    seed: int, fmt: Format, planted: Callable[..., Any], definitions: Callable[..., Any]
) -> None:
    made = planted(fmt, seed, 40)
    slow = Slow(made, definitions(fmt))
    tally = made.tally(range(40))
    nontrivial = [place for place in slow.errors if place not in made.trivial]
    terms, steps = slow.terms, slow.steps
    assert tally["count"] == 40
    assert tally["judged"] == len(slow.errors)
    assert tally["nontrivial"] == len(nontrivial)
    assert tally["capped"] == sum(abs(slow.errors[place]) >= 1 << 40 for place in nontrivial)
    assert tally["sum"] == sum(terms[place] for place in nontrivial)
    assert tally["wrongly_rounded"] == sum(map(bool, steps.values()))
    assert tally["wrongly_rounded_nontrivial"] == sum(bool(steps[place]) for place in nontrivial)
    unfaithful = [
        place
        for place in slow.errors
        if not slow.slow.faithful(int(made.outputs[place]), made.reals[place])
    ]
    assert tally["unfaithful"] == len(unfaithful)
    if unfaithful:
        assert tally.extremes["unfaithful"].witness.keys == slow.key(slow.first(unfaithful))
    check_largest(tally, slow)


def check_largest(tally: Tally, slow: Slow) -> None:
    """Hold the largest errors and steps, and where they are, against all of them."""
    errors, steps = slow.errors, slow.steps
    sides = {
        "max_ulp": {place: abs(error) for place, error in errors.items()},
        "max_above": {place: error for place, error in errors.items() if error > 0},
        "max_below": {place: -error for place, error in errors.items() if error < 0},
    }
    for quantity, values in sides.items():
        extreme = tally.extremes.get(quantity)
        assert (extreme is None) is (not values)
        if extreme is not None:  # equal errors, the smallest input
            most = max(values.values())
            first = slow.first([place for place in values if values[place] == most])
            assert Fraction(extreme.lower, ONE) <= most <= Fraction(extreme.value, ONE)
            assert extreme.witness.keys == slow.key(first)
    if steps:
        most = max(steps.values())
        assert tally.extremes["max_steps"].value == most
        first = slow.first([place for place in steps if steps[place] == most])
        assert tally.extremes["max_steps"].witness.keys == slow.key(first)


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32), fmt=st.sampled_from(list(FORMATS.values())))
def test_the_histogram_is_over_signed_errors(
    seed: int, fmt: Format, planted: Callable[..., Any], definitions: Callable[..., Any]
) -> None:
    made = planted(fmt, seed, 40)
    errors = Slow(made, definitions(fmt)).errors.values()
    expected = Counter(place_in_histogram(error) for error in errors)
    found = made.tally(range(40)).histogram
    assert len(found) == HISTOGRAM_LINEAR + 2 * HISTOGRAM_TAIL
    assert {place: count for place, count in enumerate(found) if count} == dict(expected)


def place_in_histogram(error: Fraction) -> int:
    if -2 <= error < 2:
        return ((error + 2) * HISTOGRAM_LINEAR / 4).__floor__()
    binade = abs(error).__floor__().bit_length() - 1
    side = HISTOGRAM_TAIL if error > 0 else 0
    return HISTOGRAM_LINEAR + side + min(binade, HISTOGRAM_TAIL) - 1


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 2**32),
    fmt=st.sampled_from(list(FORMATS.values())),
    bins=st.sampled_from([1, 7, 64, 512]),
)
def test_the_profile_is_over_equal_parts_of_the_axis(
    seed: int,
    fmt: Format,
    bins: int,
    planted: Callable[..., Any],
    definitions: Callable[..., Any],
) -> None:
    made = planted(fmt, seed, 40)
    slow = Slow(made, definitions(fmt))
    axis = axis_of(fmt, bins)
    tally = judge(made.truth(range(40)), made.inputs, made.outputs, axis)
    ends = [axis.bounds(number) for number in range(bins)]
    members: dict[int, list[int]] = {}
    for place in range(40):
        key = slow.key(place)[0]
        for number in [number for number, (low, high) in enumerate(ends) if low <= key <= high]:
            members.setdefault(number, []).append(place)
    assert set(tally.profile) <= set(members)
    specials = special_places(made)
    for number, places in members.items():
        check_bin(tally, number, [place for place in places if place in slow.errors], slow)
        found = sum(place in specials for place in places)
        assert (tally.profile[number].specials if number in tally.profile else 0) == found


def special_places(made: Any) -> set[int]:
    found = classes(made.truth(range(len(made.reals))), made.outputs)
    return {int(place) for name in DEFECTS for place in found[name].nonzero()[0]}


def check_bin(tally: Tally, number: int, judged: list[int], slow: Slow) -> None:
    if not judged:
        assert number not in tally.profile or tally.profile[number].inputs == 0
        return
    found, terms, steps = tally.profile[number], slow.terms, slow.steps
    assert found.inputs == len(judged)
    assert found.nontrivial == sum(place not in slow.made.trivial for place in judged)
    assert found.sum == sum(terms[place] for place in judged)
    assert found.wrongly_rounded == sum(bool(steps[place]) for place in judged)
    largest = max(abs(slow.errors[place]) for place in judged)
    assert abs(Fraction(found.largest, ONE) - min(largest, 1 << 53)) < Fraction(2, ONE)


def test_bins_cover_the_axis_once_in_every_format() -> None:
    for fmt in FORMATS.values():
        axis = axis_of(fmt)
        bounds = [axis.bounds(number) for number in range(axis.bins)]
        ends = [(low, high) for low, high in bounds if low <= high]  # the last may be empty
        assert len(ends) >= 500
        assert ends[0][0] == axis.low
        assert ends[-1][1] == axis.high
        assert all(left[1] + 1 == right[0] for left, right in pairwise(ends))
        keys = np.array([key for pair in ends for key in pair], dtype=np.int64)
        assert axis.numbers(keys).tolist() == [n for n in range(len(ends)) for _ in "ab"]
        outside = np.array([axis.low - 1, axis.high + 1], dtype=np.int64)
        assert axis.numbers(outside).tolist() == [-1, -1]


def test_classes_have_the_smallest_input_as_witness(truth_of: Callable[..., Truth]) -> None:
    fmt = FORMATS["bfloat16"]
    truth = truth_of(fmt, [Limit("inf"), Limit("nan"), Limit("nan"), Limit("inf")])
    inputs = np.array([[5, 6, 4, 3]], dtype=np.uint16)
    outputs = np.array([fmt.nan, fmt.nan, 0, fmt.infinity], dtype=np.uint16)
    tally = judge(truth, inputs, outputs, axis_of(fmt))
    seen = {name: (tally[name], tally.extremes[name].witness.inputs[0]) for name in CLASSES
            if tally[name]}  # fmt: skip
    assert seen == {
        "nan_expected": (2, 4),
        "inf_expected": (2, 3),
        "nan_returned": (1, 5),
        "nan_missing": (1, 4),
    }
    assert tally["judged"] == 0
    assert "max_ulp" not in tally.extremes


@pytest.mark.parametrize("value", [0, 1, (1 << 30) - 1, 1 << 30, (1 << 60), (1 << 62) - 1])
def test_sums_never_overflow(value: int) -> None:
    terms = np.full(100_000, value, dtype=np.int64)
    assert exact_sum(terms) == 100_000 * value


def test_the_mean_of_many_giant_errors_is_exact(truth_of: Callable[..., Truth]) -> None:
    fmt = FORMATS["float64"]
    count = 3_000
    truth = truth_of(fmt, [Scaler(fmt).exact(Exact(Fraction(1)))] * count)
    inputs = np.zeros((1, count), dtype=np.uint64)
    outputs = np.full(count, fmt.max_magnitude, dtype=encodings.bits_type(fmt))
    tally = judge(truth, inputs, outputs, axis_of(fmt))
    assert tally["sum"] == count << 60
    assert tally["capped"] == count
    assert tally.profile[256].sum == count << 60
    assert tally.profile[256].largest == 1 << 113
