"""Properties of results: real or complex, finite, where they overflow, bit for bit the same."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from halfulp import encodings, functions, inputs
from halfulp.backend import Request
from halfulp.encodings import bits_type
from halfulp.expectations.claims_bench import decoded
from halfulp.expectations.claims_exact import known
from halfulp.expectations.claims_examples import computed
from halfulp.expectations.claims_rows import in_words, pairs, place, selected
from halfulp.expectations.claims_text import PrintedText, listed, shortest
from halfulp.expectations.claims_verdicts import (
    FALSE,
    HOLDS,
    NOT_MEASURED,
    TO_THE_DIGITS,
    NotSettled,
    Settled,
    sentence,
)
from halfulp.formats import format_named
from halfulp.inputs.sources import source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from halfulp.encodings import Bits
    from halfulp.expectations.claims_bench import Bench, Outcome
    from halfulp.expectations.claims_exact import Real
    from halfulp.expectations.claims_model import Claim
    from halfulp.expectations.claims_rows import Record
    from halfulp.formats import Format

MOST_COMPARED = 1 << 17
"""Inputs of a row at which bits are compared."""


def settle_gives(claim: Claim, bench: Bench) -> Settled:
    """Return what becomes of a claim about what kind of numbers a result has."""
    outcome = computed(claim, bench)
    numbers = [item for item in outcome.items if not isinstance(item, bool)]
    if len(numbers) < len(outcome.items):
        raise NotSettled(NOT_MEASURED, "the code gives truth values, and no numbers")
    holds = {
        "complex": outcome.is_complex,
        "real": not outcome.is_complex,
        "finite": all(not item.special for item in numbers),
        "infinite": all(item.special.endswith("inf") for item in numbers),
        "nan": all(item.special == "nan" for item in numbers),
    }[claim.gives or ""]
    values = listed(numbers, outcome.format)
    shown = f"{values}{', complex' if outcome.is_complex else ''}"
    what = "the result is" if len(numbers) == 1 else "the results are"
    described = _described(outcome, numbers)
    finding = sentence([f"{what} {described}: {values}"])
    return Settled(HOLDS if holds else FALSE, f"{claim.gives} results", finding, shown)


def _described(outcome: Outcome, numbers: Iterable[Real]) -> str:
    words = ["complex" if outcome.is_complex else "real"]
    kinds = {item.special.lstrip("-") or "finite" for item in numbers}
    order = {"finite": "finite", "inf": "infinite", "nan": "nan"}
    words.append(" or ".join(word for kind, word in order.items() if kind in kinds))
    return " and ".join(words)


# -- overflow ----------------------------------------------------------------------------------


def settle_overflow(claim: Claim, bench: Bench, rows: Sequence[Record]) -> Settled:
    """Return what becomes of a claim about the largest input with a finite result."""
    assert claim.overflows_above is not None, "the point is what the claim is made of"
    text = PrintedText(claim.overflows_above)
    printed = text.numbers[0]
    claimed = f"finite up to {claim.overflows_above}, infinite above"
    unique = {row["routine"]: row for row in selected(claim, rows)}
    verdicts, shown, last = [], [], ""
    for name, row in unique.items():
        fmt = format_named(row["format"])
        got = _largest_finite(fmt, _on_bench(bench, row))
        last = "" if got is None else shortest(known(got), fmt)
        shown.append(f"{last or 'nowhere'} ({name})")
        agrees = got is not None and printed.agrees(known(got))
        verdicts.append(
            FALSE if not agrees or got is None
            else HOLDS if printed.is_all_of(known(got), fmt) else TO_THE_DIGITS
        )  # fmt: skip
    verdict = next(v for v in (FALSE, TO_THE_DIGITS, HOLDS) if v in verdicts)
    exact = "; ".join(dict.fromkeys(_exact_end(row) for row in unique.values()))
    finding = sentence([f"the largest input with a finite result is {'; '.join(shown)}"])
    return Settled(verdict, claimed, finding, "; ".join(shown), exact)


def _largest_finite(fmt: Format, is_finite: Callable[[Fraction], bool]) -> Fraction | None:
    """Return the last number from 1 on with a finite result, by bisection; None if there is none.

    It is taken for granted that results stay infinite from there on.
    """
    low, high = fmt.round(Fraction(1)), fmt.max_magnitude
    if not is_finite(fmt.value(low)) or is_finite(fmt.value(high)):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if is_finite(fmt.value(middle)) else (low, middle)
    return fmt.value(low)


def _on_bench(bench: Bench, row: Record) -> Callable[[Fraction], bool]:
    request = request_of_row(row)

    def is_finite(value: Fraction) -> bool:
        at = np.array([[request.format.round(value)]], dtype=bits_type(request.format))
        bits = int(bench.evaluate(row["backend"], request, at)[0])
        return not decoded(request.format, bits).special

    return is_finite


def _exact_end(row: Record) -> str:
    """Return the largest number of a format whose exact result does not overflow."""
    from halfulp.reference.enclosures import balls
    from halfulp.reference.values import Scaled

    fmt = format_named(row["format"])
    referee = balls(functions.get(row["function"]), fmt)

    def is_finite(value: Fraction) -> bool:
        scaled = referee.scaled(fmt.round(value))
        return isinstance(scaled, Scaled) and fmt.is_finite(scaled.rounded)

    end = _largest_finite(fmt, is_finite)
    return f"{fmt.name} {'nowhere' if end is None else shortest(known(end), fmt)}"


# -- bits --------------------------------------------------------------------------------------


def settle_same_bits(claim: Claim, bench: Bench, rows: Sequence[Record]) -> Settled:
    """Return what becomes of the claim that routines give the same results, bit for bit.

    Both are evaluated again on the inputs of their rows. Any nan is the same as any other.
    """
    other = claim.same_bits_as
    assert other is not None, "the other routine is what the claim is made of"
    compared, differing, first = 0, 0, ""
    for mine, theirs in pairs(selected(claim, rows), other, rows):
        taken = _inputs_of(mine)
        if not taken.size:
            continue
        outputs = [
            bench.evaluate(row["backend"], request_of_row(row), taken) for row in (mine, theirs)
        ]
        fmt = format_named(mine["format"])
        differ = np.flatnonzero(_differ(fmt, *outputs))
        compared, differing = compared + taken.shape[1], differing + len(differ)
        if len(differ) and not first:
            at = int(differ[0])
            x = ", ".join(fmt.hex(int(bits)) for bits in taken[:, at])
            got = " and ".join(fmt.hex(int(bits[at])) for bits in outputs)
            first = f"at {x}, {place(mine)}, they are {got}"
    if not compared:
        raise NotSettled(NOT_MEASURED, "the rows have no inputs")
    claimed = f"the same bits as {in_words(other)}"
    shown = f"{differing:,} of {compared:,} results differ"
    said = [shown, first] if first else [f"all of {compared:,} results are the same"]
    return Settled(FALSE if differing else HOLDS, claimed, sentence(said), shown)


def _differ(fmt: Format, first: Bits, second: Bits) -> encodings.Bool:
    both_nan = encodings.is_nan(fmt, first) & encodings.is_nan(fmt, second)
    found: encodings.Bool = (first != second) & ~both_nan
    return found


def _inputs_of(row: Record) -> Bits:
    """Return the first inputs of a row, shape (arity, n)."""
    function, fmt = functions.get(row["function"]), format_named(row["format"])
    region = inputs.parse_region(row["bounds"], function.arity)
    taken = source(inputs.parse_sampler(row["sampler"]), function, fmt, region, row["seed"])
    return np.ascontiguousarray(taken.take(0, min(len(taken), MOST_COMPARED)))


def request_of_row(row: Record) -> Request:
    """Return what a subject is asked to make ready for a row."""
    expression = row["expression"]
    return Request(
        row["function"],
        None if expression is None else functions.parse(expression),
        format_named(row["format"]),
        functions.get(row["function"]).arguments,
    )
