"""Printed text: the numbers in it, how many digits each claims, and whether another agrees.

A printed number stands for every real number that rounds to it: 6.389 for all within half a unit of
its last digit. Text is written back with other numbers in the places of its own, so that what is
claimed, computed and exact can be read side by side.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from halfulp.expectations.claims_exact import Real, known
from halfulp.formats import FORMATS, Format

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Item: TypeAlias = bool | Real
"""One printed or computed thing: a truth value or a number."""

_NUMBER = re.compile(
    r"[+-]?(?<![\w.])(?:"
    r"(?P<digits>\d+(?:\.(?P<point>\d*))?|\.(?P<bare>\d+))(?:[eE](?P<e>[+-]?\d{1,5}))?"
    r"|inf|nan|True|False)(?=j?(?!\w))"
)
_KEYWORDS = re.compile(r",\s*[A-Za-z_]\w*\s*=\s*(?:'[^']*'|\"[^\"]*\"|<[^>]*>|[\w.]+)")
"""What libraries print beside their numbers, such as dtype=torch.float64."""

_WIDEST = 32
"""Characters that a number may take before it is written with an exponent."""


@dataclass(frozen=True)
class Printed:
    """One number or truth value in a text.

    Parameters
    ----------
    item
        What it says.
    unit
        Decimal exponent of its last digit.
    exponent
        Whether it is written with an exponent.
    """

    item: Item
    unit: int = 0
    exponent: bool = False

    def agrees(self, other: Item) -> bool | None:
        """Tell whether another rounds to what is printed; None where that is not decided."""
        if isinstance(self.item, bool) or isinstance(other, bool):
            return self.item is other
        if other.special == "undecided":
            return None
        if self.item.special or other.special:
            return self.item.special == other.special
        half = Fraction(10) ** self.unit / 2
        low, high = self.item.low - half, self.item.low + half
        if low <= other.low and other.high <= high:
            return True
        return False if other.high < low or high < other.low else None

    def is_all_of(self, other: Item, fmt: Format) -> bool:
        """Tell whether what is printed, read in a format, is the other, with no digit left out."""
        if isinstance(self.item, bool) or isinstance(other, bool):
            return self.item is other
        if self.item.special or other.special:
            return self.item.special == other.special
        if self.item.low == other.low == other.high:
            return True
        rounded = fmt.round(self.item.low)
        return fmt.is_finite(rounded) and fmt.value(rounded) == other.low == other.high

    def write(self, other: Item) -> str:
        """Return another to as many digits as this has."""
        if isinstance(other, bool):
            return str(other)
        if other.special:
            return other.special
        digits = round(other.middle / Fraction(10) ** self.unit)
        if not digits and other.middle:  # all of it lies beyond the last digit
            return shortest(other)
        decimal = Decimal(digits).scaleb(self.unit, Context(prec=10_000))
        plain = f"{decimal:f}"
        if len(plain) <= _WIDEST and not self.exponent:
            return plain
        return f"{decimal:e}" if self.exponent and len(plain) <= _WIDEST else f"{decimal:.9e}"


@dataclass(frozen=True)
class PrintedText:
    """A text with numbers in it."""

    text: str

    @cached_property
    def _matches(self) -> list[re.Match[str]]:
        masked = _KEYWORDS.sub(lambda match: " " * len(match[0]), self.text)
        return list(_NUMBER.finditer(masked))

    @cached_property
    def numbers(self) -> list[Printed]:
        """The numbers in order."""
        return [_read(match) for match in self._matches]

    @property
    def is_whole(self) -> bool:
        """Whether no `...` stands for numbers that are not printed."""
        return "..." not in self.text and "…" not in self.text

    @property
    def shape(self) -> str | None:
        """The brackets with an n for each number, or None where there are no brackets."""
        if "[" not in self.text:
            return None
        marks = {match.start(): "n" for match in self._matches}
        marks |= {place: mark for place, mark in enumerate(self.text) if mark in "[]"}
        return "".join(marks[place] for place in sorted(marks))

    def write(self, items: Sequence[Item]) -> str:
        """Return the text with other numbers in the places of its own."""
        if len(items) != len(self.numbers):
            return listed(items)
        parts, end = [], 0
        for match, printed, item in zip(self._matches, self.numbers, items, strict=True):
            parts += [self.text[end : match.start()], printed.write(item)]
            end = match.end()
        return "".join([*parts, self.text[end:]])


def _read(match: re.Match[str]) -> Printed:
    text = match[0]
    if text in {"True", "False"}:
        return Printed(text == "True")
    if match["digits"] is None:
        return Printed(Real(special="nan" if "nan" in text else "-inf" if "-" in text else "inf"))
    exponent = int(match["e"] or 0)
    decimals = len(match["point"] or match["bare"] or "")
    return Printed(known(Fraction(text)), exponent - decimals, match["e"] is not None)


def listed(items: Sequence[Item], fmt: Format = FORMATS["float64"]) -> str:
    """Return numbers that are printed nowhere: each as short as tells it apart in a format."""
    written = [shortest(item, fmt) for item in items]
    return written[0] if len(written) == 1 else f"[{', '.join(written)}]"


def shortest(item: Item, fmt: Format = FORMATS["float64"]) -> str:
    """Return the shortest decimal that rounds to a number in a format."""
    if isinstance(item, bool):
        return str(item)
    if item.special:
        return item.special
    target = fmt.round(item.middle)
    for digits in range(1, 18):
        text = f"{float(item.middle) if abs(item.middle) < 2**1023 else 0:.{digits}g}"
        if fmt.round(Fraction(text)) == target:
            return text
    return f"{Decimal(item.middle.numerator) / Decimal(item.middle.denominator):.17g}"


# -- comparing ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Comparison:
    """How the numbers of a text compare with others: the places that agree, differ, are open."""

    agree: tuple[int, ...]
    differ: tuple[int, ...]
    open: tuple[int, ...]

    @property
    def verdict(self) -> bool | None:
        """Whether all agree; None where none differs and some are not decided."""
        return False if self.differ else None if self.open else True


def compare(printed: Sequence[Printed], items: Sequence[Item]) -> Comparison:
    """Compare numbers one by one; both sequences are equally long."""
    return sorted_out([mine.agrees(other) for mine, other in zip(printed, items, strict=True)])


def sorted_out(verdicts: Sequence[bool | None]) -> Comparison:
    """Return the places of each verdict."""

    def places(wanted: Callable[[bool | None], bool]) -> tuple[int, ...]:
        return tuple(place for place, verdict in enumerate(verdicts) if wanted(verdict))

    return Comparison(
        places(lambda v: v is True), places(lambda v: v is False), places(lambda v: v is None)
    )
