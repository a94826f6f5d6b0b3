"""The known inputs of a study: what of its corpus each row replays."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from halfulp.exceptions import UsageError
from halfulp.expectations.corpus import read_corpus
from halfulp.formats import format_named

if TYPE_CHECKING:
    from collections.abc import Iterable

    from halfulp.expectations.corpus import Corpus
    from halfulp.functions import Function
    from halfulp.study.model import Study
    from halfulp.study.plan import Row

CORPUS = "corpus"
"""The sampler that replays them."""


def corpus_of(study: Study) -> Corpus | None:
    """Return the corpus of a study, or None if it names none.

    Raises
    ------
    UsageError
        If it cannot be read, or a line is not understood.
    """
    return read_corpus(Path(study.folder) / study.corpus) if study.corpus else None


def listed_inputs(corpus: Corpus | None, function: Function, form: str, bounds: str) -> str:
    """Return the inputs of a corpus within a region, as the sampler `corpus` takes them, or "".

    Raises
    ------
    UsageError
        If there is no corpus.
    """
    from halfulp.inputs import parse_region
    from halfulp.inputs.values import region_keys

    if corpus is None:
        raise UsageError(
            'the inputs "corpus" need a study that names their file, as in corpus = "corpus.csv"'
        )
    fmt, arity = format_named(form), len(function.arguments)
    region = parse_region(bounds, arity)
    boxes = [region_keys(fmt, region, place) for place in range(arity)]
    inside = [
        entry.inputs
        for entry in corpus.of(function.name, fmt)
        if all(
            low <= fmt.key(bits) <= high
            for bits, (low, high) in zip(entry.inputs, boxes, strict=True)
        )
    ]
    return ";".join(" ".join(map(fmt.bits_text, bits)) for bits in inside)


def replayed_first(rows: Iterable[Row]) -> list[Row]:
    """Return rows with those in front that replay known inputs: what broke once breaks first."""
    return sorted(rows, key=lambda row: row.sampler != CORPUS)


def digest(rows: Iterable[Row]) -> str | None:
    """Return what tells the known inputs of one plan from those of another; None without any."""
    listed = sorted(
        (row.routine.function, row.routine.format, row.bounds, row.listed)
        for row in rows
        if row.sampler == CORPUS
    )
    return hashlib.sha256(repr(listed).encode()).hexdigest() if listed else None
