"""The corpus: known worst inputs in a CSV file of the user's, replayed first in later runs.

A line is an input: function, format, encodings of the arguments, bounds between which the exact
result lies, and where the input comes from. A corpus is data: whoever wrote it, reading it executes
nothing, and `halfulp.expectations.corpus_growth` holds its results against the reference.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from io import StringIO
from typing import TYPE_CHECKING

from halfulp import functions
from halfulp.exceptions import UsageError
from halfulp.formats import Format, format_named
from halfulp.reals import parse_extended

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = ("function", "format", "input", "low", "high", "error_ulp", "routine", "source")
"""The header of the file."""

SPECIAL = ("nan", "inf", "-inf", "overflow", "-overflow", "undecided")
"""What stands in both `low` and `high` where the exact result is no real number, or is beyond the
overflow threshold, or is not decided."""

_MAX_CELL = 10_000
_ERROR = re.compile(r"\d+(\.\d+)?|")


@dataclass(frozen=True)
class Entry:
    """One known input.

    Parameters
    ----------
    function, format
        Catalogue name or canonical expression, and name of the format.
    inputs
        An encoding an argument.
    low, high
        Bounds of the exact result as hexadecimal floats, exact and of any precision, or one of
        `SPECIAL` twice.
    error_ulp
        The error that was seen, as a decimal; "" where a special result was wrong.
    routine
        Identity of the routine that was seen to be wrong.
    source
        Where it comes from, in words.
    """

    function: str
    format: str
    inputs: tuple[int, ...]
    low: str
    high: str
    error_ulp: str
    routine: str
    source: str

    @property
    def fmt(self) -> Format:
        """The format."""
        return format_named(self.format)

    @property
    def key(self) -> tuple[str, str, tuple[int, ...]]:
        """What makes it the same input as another."""
        return self.function, self.format, self.inputs

    @property
    def order(self) -> tuple[str, str, tuple[int, ...]]:
        """Its place in a file: along the input axis."""
        return self.function, self.format, tuple(map(self.fmt.key, self.inputs))

    @property
    def bounds(self) -> tuple[Fraction, Fraction] | None:
        """The bounds of the exact result as rationals, or None where it is no real number."""
        if self.low in SPECIAL:
            return None
        return _rational(self.low), _rational(self.high)

    def cells(self) -> tuple[str, ...]:
        """Return its line."""
        bits = " ".join(map(self.fmt.bits_text, self.inputs))
        return (
            *(self.function, self.format, bits, self.low, self.high),
            *(self.error_ulp, self.routine, self.source),
        )


@dataclass(frozen=True)
class Corpus:
    """Known inputs, each once, in the order of a file."""

    entries: tuple[Entry, ...] = ()

    def of(self, function: str, fmt: Format) -> list[Entry]:
        """Return the inputs of a function in a format."""
        return [
            entry
            for entry in self.entries
            if (entry.function, entry.format) == (function, fmt.name)
        ]

    def text(self) -> str:
        """Return the file."""
        written = StringIO()
        writer = csv.writer(written, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(entry.cells() for entry in self.entries)
        return written.getvalue()


def _rational(text: str) -> Fraction:
    value = parse_extended(text)
    if isinstance(value, str):
        raise UsageError(f"expected a finite number, but got {text!r}.")
    return value


# -- merging ---------------------------------------------------------------------------------------


def merged(corpora: Iterable[Corpus]) -> Corpus:
    """Return the inputs of several corpora in order, whatever the order of the corpora.

    Of the same input twice, the one with the larger error stays, with the tighter bounds.

    Raises
    ------
    UsageError
        If two of them contradict each other about an exact result.
    """
    found: dict[tuple[str, str, tuple[int, ...]], Entry] = {}
    for entry in (entry for corpus in corpora for entry in corpus.entries):
        same = found.get(entry.key)
        found[entry.key] = entry if same is None else _merged(same, entry)
    return Corpus(tuple(sorted(found.values(), key=lambda entry: entry.order)))


def _merged(first: Entry, second: Entry) -> Entry:
    low, high = _intersection(first, second)
    worse = max(first, second, key=_weight)
    return Entry(*worse.key, low, high, worse.error_ulp, worse.routine, worse.source)


def _weight(entry: Entry) -> tuple[Fraction, str, str]:
    return Fraction(entry.error_ulp or 0), entry.routine, entry.source


def _intersection(first: Entry, second: Entry) -> tuple[str, str]:
    """Return the bounds in both of two entries of one input."""
    one, other = first.bounds, second.bounds
    if one is None or other is None:
        if first.low != second.low and "undecided" not in (first.low, second.low):
            raise _contradiction(first, second)
        known = second if first.low == "undecided" else first
        return known.low, known.high
    low = max((one[0], first.low), (other[0], second.low))
    high = min((one[1], first.high), (other[1], second.high))
    if low[0] > high[0]:
        raise _contradiction(first, second)
    return low[1], high[1]


def _contradiction(first: Entry, second: Entry) -> UsageError:
    at = ", ".join(map(first.fmt.hex, first.inputs))
    return UsageError(
        f"Two corpora contradict each other about {first.function}({at}) in {first.format}: "
        f"{first.source or 'one'} has {first.low} to {first.high}, {second.source or 'the other'} "
        f"{second.low} to {second.high}. Take the wrong line out."
    )


# -- reading ---------------------------------------------------------------------------------------


def read_corpus(path: Path) -> Corpus:
    """Return the corpus in a file.

    Raises
    ------
    UsageError
        If it cannot be read, or a line is not understood; the sentence names the line.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise UsageError(
            f"There is no corpus {path}: `halfulp check STUDY --update-corpus` begins one."
        ) from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not a corpus: it is not text in UTF-8.") from None
    except OSError as error:
        raise UsageError(f"The corpus {path} cannot be read: {error.strerror}.") from None
    return parse_corpus(text, str(path))


def parse_corpus(text: str, name: str) -> Corpus:
    """Return the corpus in a text; `name` is what messages call it.

    Raises
    ------
    UsageError
        If a line is not understood.
    """
    found: dict[tuple[str, str, tuple[int, ...]], int] = {}
    entries = []
    for line, cells in _lines(text, name):
        try:
            entry = _entry(cells)
        except UsageError as error:
            raise UsageError(f"{name}, line {line}: {error}") from None
        if entry.key in found:
            raise UsageError(
                f"{name}, line {line}: the same input stands in line {found[entry.key]}. Remove "
                f"one of them, or let `halfulp corpus {name} --out {name}` merge them."
            )
        found[entry.key] = line
        entries.append(entry)
    return Corpus(tuple(entries))


def _lines(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the cells of each line after the header; blank lines are skipped."""
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        if tuple(header) != COLUMNS:
            raise UsageError(
                f"{name} is not a corpus: expected the header {','.join(COLUMNS)}, but line 1 is "
                f"{','.join(header)[:80]!r}."
            )
        for cells in reader:
            if cells:
                yield reader.line_num, cells
    except csv.Error as error:
        raise UsageError(f"{name}, line {reader.line_num}: this is not CSV: {error}.") from None


def _entry(cells: list[str]) -> Entry:
    if len(cells) != len(COLUMNS):
        raise UsageError(
            f"expected {len(COLUMNS)} cells ({', '.join(COLUMNS)}), but got {len(cells)}."
        )
    if any(len(cell) > _MAX_CELL for cell in cells):
        raise UsageError(f"a cell has more than {_MAX_CELL:,} characters.")
    name, form, bits, low, high, error_ulp, routine, source = cells
    function, fmt = functions.get(name), format_named(form)
    inputs = _encodings(bits, fmt, len(function.arguments))
    if low in SPECIAL or high in SPECIAL:
        if low != high:
            raise UsageError(f"expected {low} or {high} in both of low and high.")
    elif _rational(low) > _rational(high):
        raise UsageError(f"low is {low}, which is above high, {high}.")
    if not _ERROR.fullmatch(error_ulp):
        raise UsageError(f"expected a number of ulp, or nothing, but got {error_ulp[:60]!r}.")
    return Entry(function.name, fmt.name, inputs, low, high, error_ulp, routine, source)


def _encodings(text: str, fmt: Format, arity: int) -> tuple[int, ...]:
    digits = fmt.width // 4
    words = text.split()
    well_formed = all(re.fullmatch(rf"0x[0-9a-fA-F]{{1,{digits}}}", word) for word in words)
    if len(words) != arity or not well_formed:
        example = " ".join([fmt.bits_text(fmt.round(Fraction(1)))] * arity)
        raise UsageError(
            f"expected {arity} encoding{'s' * (arity > 1)} of {fmt.name} such as {example}, "
            f"but got {text[:60]!r}."
        )
    return tuple(int(word, 16) for word in words)
