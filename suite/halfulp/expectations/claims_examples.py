"""Examples: what a document prints, against what its code gives and what is exact.

A printed number claims its digits and no more. A claim holds if the code gives what is printed and,
where it is said what should come out, that is what is printed too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from halfulp import functions
from halfulp.backend import Request
from halfulp.exceptions import UsageError
from halfulp.expectations.claims_exact import points, real, trees
from halfulp.expectations.claims_text import (
    Comparison,
    PrintedText,
    compare,
    listed,
    sorted_out,
)
from halfulp.expectations.claims_verdicts import (
    FALSE,
    HOLDS,
    NOT_MEASURED,
    TO_THE_DIGITS,
    NotSettled,
    Settled,
    counted,
    sentence,
    unsettled,
)
from halfulp.expressions import arguments
from halfulp.formats import FORMATS, Format, format_named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from halfulp.expectations.claims_bench import Bench, Outcome
    from halfulp.expectations.claims_exact import Real
    from halfulp.expectations.claims_model import Claim
    from halfulp.expectations.claims_text import Item, Printed


def check_example(claim: Claim) -> None:
    """Raise UsageError if an example cannot be settled as it is written."""
    assert claim.prints is not None, "an example prints something"
    text = PrintedText(claim.prints)
    if not text.numbers:
        raise UsageError(f"prints has no number in it: {claim.prints[:60]!r}.")
    if not text.is_whole:
        raise UsageError("prints must have every number; `...` stands for some that are missing.")
    tables = {"exact": claim.exact, **{f'compare "{name}"': t for name, t in claim.compare.items()}}
    for name, table in tables.items():
        if table is not None and (count := len(trees(table, claim.at))) != len(text.numbers):
            raise UsageError(
                f"prints has {counted(len(text.numbers), 'number')}, but {name} has {count}; "
                "give one for each."
            )
    if claim.expression:
        request_of(claim)


def request_of(claim: Claim) -> Request:
    """Return what a subject is asked to evaluate for an expression.

    Raises
    ------
    UsageError
        If the expression or the format is not understood, or points do not fit.
    """
    tree = functions.parse(claim.expression)
    names = arguments(tree)
    wrong = [point for point in points(claim.at) if len(point) != len(names)]
    if not names or wrong:
        raise UsageError(
            f"expected points for the arguments {', '.join(names) or '(none)'} of "
            f"{claim.expression}, with a number for each."
        )
    return Request(claim.expression, tree, format_named(claim.format), names)


def computed(claim: Claim, bench: Bench) -> Outcome:
    """Return what the code or the expression of a claim gives.

    Raises
    ------
    NotSettled
        If it gives nothing.
    """
    if claim.code:
        return bench.run(claim.backend, claim.code)
    return bench.values(claim.backend, request_of(claim), points(claim.at))


def settle_example(claim: Claim, bench: Bench) -> Settled:
    """Return what becomes of an example."""
    assert claim.prints is not None, "an example prints something"
    text = PrintedText(claim.prints)
    exact = [real(tree) for tree in trees(claim.exact, claim.at)] if claim.exact else None
    shown = text.write(exact) if exact else None
    if not (claim.code or claim.expression):
        return _Example(text, None, exact, _others(claim)).settled(shown)
    try:
        outcome = computed(claim, bench)
    except NotSettled as error:
        return unsettled(error.verdict, claim.prints, error.reason, shown)
    if len(outcome.items) != len(text.numbers) or _other_shape(text, outcome):
        given = (
            listed(outcome.items) if len(outcome.items) <= _FEW else f"{len(outcome.items)} numbers"
        )
        said = f"the code gives {given}, which is not of the shape that is printed"
        return Settled(FALSE, claim.prints, sentence([said]), listed(outcome.items), shown)
    return _Example(text, outcome, exact, _others(claim)).settled(shown)


_FEW = 6


def _other_shape(text: PrintedText, outcome: Outcome) -> bool:
    return text.shape is not None and outcome.shape not in {None, text.shape}


def _others(claim: Claim) -> dict[str, list[Real]]:
    return {
        name: [real(tree) for tree in trees(table, claim.at)]
        for name, table in claim.compare.items()
    }


@dataclass(frozen=True)
class _Example:
    """What is printed, computed and exact, number by number."""

    text: PrintedText
    outcome: Outcome | None
    exact: Sequence[Real] | None
    others: Mapping[str, Sequence[Real]] = field(default_factory=dict)

    @property
    def format(self) -> Format:
        return self.outcome.format if self.outcome else FORMATS["float64"]

    @property
    def given(self) -> Comparison | None:
        """How what is printed compares with what was computed."""
        return compare(self.text.numbers, self.outcome.items) if self.outcome else None

    @property
    def right(self) -> Comparison | None:
        """How what is printed compares with what is exact.

        Where all digits of a format are printed, the last may be those of the nearest number of the
        format and not of the exact result: that is right as well.
        """
        if self.exact is None:
            return None
        verdicts = []
        for place, (printed, exact) in enumerate(zip(self.text.numbers, self.exact, strict=True)):
            verdict = printed.agrees(exact)
            if verdict is False and self.outcome:
                item = self.outcome.items[place]
                if printed.agrees(item) and is_rounded(item, exact, self.format):
                    verdict = True
            verdicts.append(verdict)
        return sorted_out(verdicts)

    def settled(self, exact: str | None) -> Settled:
        """Return the verdict and its sentence."""
        shown = self.text.write(self.outcome.items) if self.outcome else None
        comparisons = [found for found in (self.given, self.right) if found is not None]
        claimed = self.text.text
        if any(found.differ for found in comparisons):
            return Settled(FALSE, claimed, self._finding(), shown, exact)
        if any(found.open for found in comparisons):
            reason = "to the digits printed, the exact value is not decided"
            return unsettled(NOT_MEASURED, claimed, reason, exact)
        verdict = HOLDS if self._in_full() else TO_THE_DIGITS
        return Settled(verdict, claimed, self._finding(), shown, exact)

    def _in_full(self) -> bool:
        items: Sequence[Item] = self.outcome.items if self.outcome else self.exact or ()
        return all(
            printed.is_all_of(item, self.format)
            for printed, item in zip(self.text.numbers, items, strict=True)
        )

    # -- in words ------------------------------------------------------------------------------

    def _finding(self) -> str:
        clauses = [self._about_exact(), self._about_computed(), *self._about_others()]
        return sentence([said for said in clauses if said])

    def _about_exact(self) -> str:
        found, count = self.right, len(self.text.numbers)
        if found is None or self.exact is None:
            return ""
        if not found.differ:
            return f"what is printed is right{self._digits(self.exact)}"
        first = found.differ[0]
        printed = self.text.numbers[first]
        pair = f"{printed.write(printed.item)} should be {_value(printed, self.exact[first])}"
        if count == 1:
            return f"the printed {pair}"
        wrong = "all" if len(found.differ) == count else str(len(found.differ))
        of = "" if wrong == "all" else " of the"
        verb = "is" if wrong == "1" else "are"
        return f"{wrong}{of} {count} printed numbers {verb} wrong ({pair})"

    def _digits(self, items: Sequence[Item]) -> str:
        pairs = zip(self.text.numbers, items, strict=True)
        return "" if all(p.is_all_of(i, self.format) for p, i in pairs) else " to its digits"

    def _about_computed(self) -> str:
        found = self.given
        if found is None or self.outcome is None:
            return ""
        if not found.differ:
            return "the code gives what is printed"
        if self.exact is not None and self._all_near(self.exact):
            return f"what the code gives is right in {self.format.name}"
        first = found.differ[0]
        printed = self.text.numbers[first]
        given = printed.write(self.outcome.items[first])
        return f"the code gives {given} where {printed.write(printed.item)} is printed"

    def _about_others(self) -> list[str]:
        """Say which of the values to compare with is printed, and which is computed."""
        clauses = []
        wrong = set(self.right.differ) if self.right else set()
        for name, values in self.others.items():
            same = set(compare(self.text.numbers, values).agree)
            if len(same) == len(values):
                clauses.append(f"what is printed is {name}")
            elif wrong and wrong <= same:
                clauses.append(f"the wrong numbers are those of {name}")
            if self.given and self.given.differ and self._all_near(values):
                clauses.append(f"what the code gives is {name}")
        return clauses

    def _all_near(self, values: Sequence[Real]) -> bool:
        """Tell whether all that was computed is near other values, as near as can be printed."""
        assert self.outcome is not None, "something was computed"
        triples = zip(self.text.numbers, self.outcome.items, values, strict=True)
        return all(
            _near(item, value, self.format, printed.unit) for printed, item, value in triples
        )


def is_rounded(item: Item, exact: Real, fmt: Format) -> bool:
    """Tell whether a computed number is the correctly rounded result in a format."""
    if isinstance(item, bool) or exact.special:
        return False
    wanted = fmt.round_enclosure(exact.low, exact.high)
    if wanted is None or item.special:
        return wanted is not None and fmt.hex(wanted) == getattr(item, "special", "")
    return fmt.is_finite(wanted) and fmt.value(wanted) == item.low == item.high


def _value(printed: Printed, exact: Real) -> str:
    words = {"inf": "infinite", "-inf": "minus infinity", "nan": "no real number"}
    return words.get(exact.special) or printed.write(exact)


_NEAR_ULPS = 8
"""Distance at which a computed number is taken for another, if the printed digits are finer."""


def _near(item: Item, value: Real, fmt: Format, unit: int) -> bool:
    if isinstance(item, bool) or item.special or value.special:
        return not isinstance(item, bool) and item.special == value.special != "undecided"
    room = max(Fraction(10) ** unit, _NEAR_ULPS * fmt.ulp(value.middle))
    return abs(item.middle - value.middle) <= room
