"""What a run adds to a corpus, and how the exact results of a corpus are checked."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from halfulp import functions
from halfulp.exceptions import UsageError
from halfulp.expectations.corpus import Corpus, Entry, merged
from halfulp.formats import format_named
from halfulp.reference.values import FRACTION_BITS, Limit, Scaled
from halfulp.runs.schema import DEFECTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from halfulp.expectations.limits import Tables
    from halfulp.expectations.limits_measured import Record

CORRECT = Decimal("0.5")
"""Errors up to here are those of correct rounding: nothing to keep."""


def grown(corpus: Corpus, tables: Tables, source: str) -> Corpus:
    """Return a corpus with the worst inputs of a run.

    An input is added where a routine is wrong by more than at any input of the corpus that this run
    replayed, or gives a wrong special result of a kind that no such input shows.

    Parameters
    ----------
    corpus
        What is known.
    tables
        The run's tables.
    source
        Where the new inputs come from, in words.
    """
    known = {entry.key for entry in corpus.entries}
    new = [entry for entry in _worst(tables, source) if entry.key not in known]
    return merged([corpus, *(Corpus((entry,)) for entry in new)])


def _worst(tables: Tables, source: str) -> Iterator[Entry]:
    rows = {_place(row): row for row in tables["accuracy"] if row["status"] == "measured"}
    replayed: dict[str, list[Record]] = {}
    for row in rows.values():
        if row["sampler"] == "corpus":
            replayed.setdefault(row["routine"], []).append(row)
    for witness in tables["witnesses"]:
        found = rows.get(_place(witness))
        if found is None or found["sampler"] == "corpus":
            continue
        if _is_new(witness["quantity"], found, replayed.get(found["routine"], ())):
            yield _entry(witness, found, source)


def _is_new(quantity: str, row: Record, before: Sequence[Record]) -> bool:
    """Tell whether a row shows something that no replayed input of its routine shows."""
    if quantity == "max_ulp":
        return _error(row) > max([CORRECT, *map(_error, before)])
    return quantity in DEFECTS and not any(other[quantity] for other in before)


def _place(record: Record) -> tuple[str, str, str]:
    return record["routine"], record["region"], record["sampler"]


def _error(row: Record) -> Decimal:
    return Decimal(row["max_ulp_text"] or 0)


def _entry(witness: Record, row: Record, source: str) -> Entry:
    inputs = tuple(int(word, 16) for word in witness["input_bits"].split(", "))
    error = row["max_ulp_text"] if witness["quantity"] == "max_ulp" else ""
    low, high = exact_bounds(row["function"], row["format"], inputs)
    return Entry(
        *(row["function"], row["format"], inputs, low, high),
        *(error, row["routine"], f"{source}, {row['sampler']}"),
    )


def exact_bounds(function: str, form: str, inputs: Sequence[int]) -> tuple[str, str]:
    """Return bounds of the exact result at an input, as the cells of a corpus."""
    from halfulp.reference.enclosures import balls

    fmt = format_named(form)
    found = balls(functions.get(function), fmt).scaled(*inputs)
    if isinstance(found, Limit):
        return found.text, found.text
    if not isinstance(found, Scaled):
        return "undecided", "undecided"
    if abs(found.whole) == 1 << fmt.p and found.unit == fmt.emax - fmt.p + 1:
        return ("-overflow",) * 2 if found.whole < 0 else ("overflow",) * 2
    base, unit = found.whole << FRACTION_BITS, found.unit - FRACTION_BITS
    return _hexadecimal(base + found.low, unit), _hexadecimal(base + found.high, unit)


def _hexadecimal(significand: int, exponent: int) -> str:
    """Return m * 2^e as a hexadecimal float, exactly and in as few digits as it takes."""
    if not significand:
        return "0x0p+0"
    zeros = (significand & -significand).bit_length() - 1
    odd, power = significand >> zeros, exponent + zeros
    return f"{'-' * (odd < 0)}0x{abs(odd):x}p{power:+d}"


def check_results(corpus: Corpus, name: str) -> None:
    """Hold the exact results of a corpus against the reference.

    Raises
    ------
    UsageError
        If one of them is not between the bounds that stand in the file.
    """
    for entry in corpus.entries:
        low, high = exact_bounds(entry.function, entry.format, entry.inputs)
        if not _agree(entry, low, high):
            at = ", ".join(map(entry.fmt.hex, entry.inputs))
            raise UsageError(
                f"{name}: {entry.function}({at}) in {entry.format} is said to lie between "
                f"{entry.low} and {entry.high}, but lies between {low} and {high}. Correct the "
                "line, or take it out and let `halfulp check STUDY --update-corpus` find it again."
            )


def _agree(entry: Entry, low: str, high: str) -> bool:
    proved = Entry(*entry.key, low, high, "", "", "").bounds
    if "undecided" in (entry.low, low):
        return True
    if entry.bounds is None or proved is None:
        return entry.low == low
    return entry.bounds[0] <= proved[1] and proved[0] <= entry.bounds[1]
