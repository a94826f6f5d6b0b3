"""A record in words and rows, for people: what `halfulp list functions` and the docs show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import product
from typing import Any, NamedTuple

from halfulp.functions.record import Exact, Function, Interval, Point, Special, never_exact

STANDARD = ("nan", "inf", "-inf", "0", "-0")
"""Special inputs that every function is asked for."""

EXACT_CASES = {
    "square_root": "squares of rationals",
    "reciprocal_square_root": "squares of rationals",
    "cube_root": "cubes of rationals",
    "hypotenuse": "sums x^2 + y^2 that are squares of rationals",
    "rational_power": "rational powers, such as pow(16, 0.75) = 8",
    "binary_power": "integers",
    "decimal_power": "integers from 0 on",
    "binary_logarithm": "powers of two",
    "decimal_logarithm": "powers of ten from 1 on",
    "factorial": "integers from 1 on",
    "sine_of_half_turns": "multiples of 1/2",
    "cosine_of_half_turns": "multiples of 1/2",
    "zeta_exact": "zeta(0) = -1/2 and the zeros at negative even integers",
}
"""Name of a rule of `Function.exact` -> at which inputs it gives a result."""


class SpecialRow(NamedTuple):
    """The result at one special input, and its source."""

    inputs: tuple[str, ...]
    special: Special


def point(text: str) -> Point:
    """Return the point that a text such as "-inf", "-0" or "1/2" spells."""
    negative = text.startswith("-")
    if text.endswith(("nan", "inf")):
        return Point("nan" if text.endswith("nan") else "inf", negative)
    return Point("finite", negative, Fraction(text))


def special_rows(record: Function) -> list[SpecialRow]:
    """Return what a record says at the standard special inputs and at those of its table."""
    texts = dict.fromkeys((*STANDARD, *(record.specials or {})))
    inputs = product(texts, repeat=record.arity)
    found = ((words, record.special(*map(point, words))) for words in inputs)
    return [SpecialRow(words, special) for words, special in found if special is not None]


def rule_in_words(record: Function) -> str:
    """Return what the record's rule for infinitely many special inputs gives, or ""."""
    lines = (getattr(record.special_rule, "__doc__", None) or "").splitlines()
    return lines[0].removeprefix("Return ").removesuffix(".") if lines else ""


def exact_cases(record: Function) -> str:
    """Return in words at which inputs the result is known to be rational."""
    rule: Exact = record.exact
    table: Any = getattr(rule, "__self__", None)  # of a bound `dict.get`: see `only_at`
    if isinstance(table, Mapping):
        return ", ".join(f"{record.name}({x}) = {value}" for x, value in table.items())
    return "none" if rule is never_exact else EXACT_CASES[_name(rule)]


def _name(rule: Callable[..., object]) -> str:
    return getattr(rule, "__name__", "")


def interval(bounds: Interval) -> str:
    """Return an interval in mathematical notation, such as (0, inf)."""
    left, right = "(" if bounds.open_low else "[", ")" if bounds.open_high else "]"
    # An infinity that an argument may have is no number all the same.
    left = "(" if bounds.low == "-inf" else left
    right = ")" if bounds.high == "inf" else right
    return f"{left}{bounds.low}, {bounds.high}{right}"
