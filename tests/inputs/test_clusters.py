"""`clusters:PxN`: runs of neighbours around places, any part of them by number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halfulp import encodings, functions
from halfulp.exceptions import UsageError
from halfulp.formats import FORMATS
from halfulp.inputs import parse_region, parse_sampler
from halfulp.inputs.clusters import Clusters
from halfulp.inputs.sources import source
from halfulp.inputs.values import region_keys


def made(
    text: str, form: str, function: str = "exp", region: str = "all", seed: int = 0
) -> Clusters:
    record = functions.get(function)
    found = source(
        parse_sampler(text), record, FORMATS[form], parse_region(region, record.arity), seed
    )
    assert isinstance(found, Clusters)
    return found


def keys(inputs: Clusters, start: int, count: int) -> list[int]:
    found: list[int] = encodings.keys(inputs.fmt, inputs.take(start, count)[0]).tolist()
    return found


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("region", ["all", "-3 : 5", "1 : 2"])
def test_clusters_are_neighbours_around_the_places_of_spread(form: str, region: str) -> None:
    places, size = 23, 17
    inputs = made(f"clusters:{places}x{size}", form, region=region)
    fmt = inputs.fmt
    low, high = region_keys(fmt, parse_region(region, 1), 0)
    assert len(inputs) == places * size
    found = np.array(keys(inputs, 0, len(inputs))).reshape(places, size)
    assert (np.diff(found, axis=1) == 1).all()
    assert found.min() >= low
    assert found.max() <= high
    assert len(inputs.places) == places
    spread = encodings.keys(fmt, inputs.places.take(0, places)[0])
    assert (found[:, 0] <= spread).all()
    assert (found[:, -1] >= spread).all()


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(1, 30), st.data())
def test_any_part_can_be_taken_by_number(places: int, size: int, data: st.DataObject) -> None:
    inputs = made(f"clusters:{places}x{size}", "float32", seed=3)
    start = data.draw(st.integers(0, len(inputs) - 1))
    count = data.draw(st.integers(1, len(inputs) - start))
    whole = keys(inputs, 0, len(inputs))
    assert keys(inputs, start, count) == whole[start : start + count]
    runs = inputs.runs(start, count)
    assert [key for first, n in runs for key in range(first, first + n)] == whole[start:][:count]
    assert all(1 <= n <= size for _, n in runs)


def test_the_seed_moves_the_places() -> None:
    first, second = (made("clusters:50x8", "float64", seed=seed) for seed in (1, 2))
    assert keys(first, 0, 400) == keys(made("clusters:50x8", "float64", seed=1), 0, 400)
    assert keys(first, 0, 400) != keys(second, 0, 400)


def test_a_region_of_one_cluster_is_taken_whole() -> None:
    inputs = made("clusters:3x1025", "float16", region="1 : 2")
    low, high = region_keys(inputs.fmt, parse_region("1 : 2", 1), 0)
    assert keys(inputs, 0, len(inputs)) == 3 * list(range(low, high + 1))


@pytest.mark.parametrize(
    ("text", "canonical"),
    [("clusters:1e2x2^4", "clusters:100x16"), ("clusters:7X1024", "clusters:7x1024")],
)
def test_counts_are_read_as_elsewhere(text: str, canonical: str) -> None:
    sampler = parse_sampler(text)
    assert (sampler.text, sampler.kind) == (canonical, "sampled")


@pytest.mark.parametrize("text", ["clusters:0x8", "clusters:8x0", "clusters:2^30x2^30"])
def test_counts_out_of_range_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="clusters:PxN with P places of N inputs"):
        parse_sampler(text)


@pytest.mark.parametrize("text", ["clusters", "clusters:8", "clusters:8x", "clusters:8x4x2"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="Unknown way to take inputs"):
        parse_sampler(text)


def test_a_region_smaller_than_a_cluster_is_refused() -> None:
    with pytest.raises(UsageError, match="at least the 2000 inputs of a cluster, but it has 1025"):
        made("clusters:3x2000", "float16", region="1 : 2")


def test_two_arguments_are_refused() -> None:
    with pytest.raises(UsageError, match="functions of one argument; take spread:N"):
        made("clusters:3x20", "float32", function="pow")
