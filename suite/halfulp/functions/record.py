"""What a function of the catalogue knows about itself.

A record is data: texts, tables and small exact rules on rationals. It computes no function value;
`halfulp.reference` does that, from the same record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

from halfulp.expressions import Expression

Exact: TypeAlias = Callable[..., Fraction | None]
"""x, ... -> the exact result if it is rational and known to be, else None."""


_LONGEST = 1_000
"""Largest numerator and denominator in a table of special inputs."""


def never_exact(*_: Fraction) -> Fraction | None:
    """Return None: no rational result is known."""
    return None


@dataclass(frozen=True)
class Point:
    """One argument as the rules of special inputs see it.

    Parameters
    ----------
    kind
        "nan", "inf" or "finite".
    negative
        The sign bit, also of zeros and infinities.
    value
        The exact value where finite, else 0.
    """

    kind: Literal["nan", "inf", "finite"]
    negative: bool = False
    value: Fraction = Fraction(0)

    @property
    def text(self) -> str:
        """The spelling that tables of special inputs use: nan, inf, -inf, 0, -0, or a rational.

        Rationals that no table holds, such as long ones, are spelled "".
        """
        if self.kind == "nan":
            return "nan"
        if self.kind == "inf":
            return "-inf" if self.negative else "inf"
        if not self.value:
            return "-0" if self.negative else "0"
        short = self.value.denominator <= _LONGEST and abs(self.value.numerator) <= _LONGEST
        return str(self.value) if short else ""

    @property
    def is_zero(self) -> bool:
        """Whether this is +0 or -0."""
        return self.kind == "finite" and not self.value

    @property
    def is_integer(self) -> bool:
        """Whether this is a finite integer."""
        return self.kind == "finite" and self.value.denominator == 1


@dataclass(frozen=True)
class Special:
    """What a function gives at a special input, and who says so.

    Parameters
    ----------
    result
        "nan", "inf", "-inf", "0", "-0", a rational such as "1" or "1/2", or an irrational constant
        expression such as "pi/2".
    source
        The clause of a standard, "limit", or whose convention it is.
    convention
        Whether libraries are known to differ, so that another result is no defect.
    """

    result: str
    source: str
    convention: bool = False

    @property
    def is_rational(self) -> bool:
        """Whether the result is a limit or a rational, and no constant expression."""
        return "pi" not in self.result


OVERFLOWS = None
"""The base of an asymptote where the result is beyond every format."""

Asymptote: TypeAlias = Callable[..., tuple[Fraction | None, int] | None]
"""x, ... -> (base, side) where R lies within 2^-4096 beyond base on that side (+1 above, -1
below), or (OVERFLOWS, sign) where |R| > 2^2048; None elsewhere. Asked only where an argument is
2^`FAR` or more."""

FAR = 5
"""Binary exponent of the smallest argument at which asymptotes are asked for."""

_PLACES = {"nan": "nan", "inf": "inf", "minus_inf": "-inf", "zero": "0", "minus_zero": "-0"}


def specials(source: str, **results: str) -> dict[str, Special]:
    """Return the table of special inputs that one source gives.

    Parameters
    ----------
    source
        The clause of a standard, or "limit".
    results
        Results at `nan`, `inf`, `minus_inf`, `zero` and `minus_zero`.
    """
    return {_PLACES[key]: Special(result, source) for key, result in results.items()}


SpecialRule: TypeAlias = Callable[..., Special | None]
"""Points, one an argument -> the special result there, or None."""


@dataclass(frozen=True)
class Interval:
    """An interval of the extended real line; bounds are texts of `halfulp.reals` or expressions.

    `open_low` and `open_high` tell that a bound is approached and never reached.
    """

    low: str
    high: str
    open_low: bool = False
    open_high: bool = False


REAL_LINE = Interval("-inf", "inf", open_low=True, open_high=True)
NEGATIVE_HALF = Interval("-inf", "0", open_low=True)
POSITIVE_HALF = Interval("0", "inf", open_high=True)
HALVES = (NEGATIVE_HALF, POSITIVE_HALF)
POSITIVE = Interval("0", "inf", open_low=True, open_high=True)
UNIT = Interval("-1", "1")
INSIDE_UNIT = Interval("-1", "1", open_low=True, open_high=True)


@dataclass(frozen=True, eq=False)
class Function:
    """A mathematical function: a record of the catalogue, or an expression made into one.

    Parameters
    ----------
    name
        The canonical name, or the canonical text of an expression.
    summary
        What it is, in one line.
    definition
        The defining expression over the reals, as text.
    reference
        The expression that the references evaluate, if it is not the function's own primitive: it
        equals the definition and does not cancel.
    arguments
        Names of the arguments in order.
    aliases
        Other names understood.
    domain
        Where a one-argument function is real; outside it the result is nan. A bound that is open
        is a pole, listed in `specials`.
    range
        Bounds of the result, used where no precision tells a saturated result from its limit.
    exact
        The exact rational results (NUMERICS: no enclosure decides them).
    exact_is_complete
        Whether a None of `exact` at an ordinary input proves that the result is no rational that
        matters: no float, midpoint or power of two.
    asymptote
        What the result is next to, far out, where no precision tells them apart.
    specials
        Special inputs of a one-argument function.
    special_rule
        The same as a rule: for more arguments, or for infinitely many inputs. Asked first.
    ordinary
        An interval an argument: finite inputs inside, none of them 0, 1 or -1, are special by no
        rule, so that the rule need not be asked.
    linear_order
        The order k of the first term in f(x) = f(0) + f'(0) x (1 + O(x^k)) or f(0) + O(x^k): below
        2^(-(p+4)/k) results are trivial. None where small inputs are not trivial.
    tangent
        On which side of x the result lies where f(x) = x + c x^(k+1) + ... with k the linear order
        and 0 < |c| < 1: away from zero, towards it, above or below. For small x this bounds the
        result without evaluation.
    pieces
        Intervals on which the function is monotone and whose ends may saturate, overflow or
        underflow; the thresholds themselves are solved for, never typed in.
    points
        Interesting inputs (zeros, extrema, poles, switches), as expressions of constants.
    parity
        "odd", "even" or None.
    joint
        How two arguments are drawn together: "power" keeps x**y within the format, "exponents"
        keeps them within a few binades of each other, "difference" their difference small.
    is_catalogue
        False for an expression made into a function.
    """

    name: str
    summary: str
    definition: str
    reference: Expression | None = None
    arguments: tuple[str, ...] = ("x",)
    aliases: tuple[str, ...] = ()
    domain: Interval = REAL_LINE
    range: Interval = REAL_LINE
    exact: Exact = never_exact
    exact_is_complete: bool = True
    asymptote: Asymptote | None = None
    specials: Mapping[str, Special] | None = None
    special_rule: SpecialRule | None = None
    ordinary: tuple[Interval, ...] = ()
    linear_order: int | None = None
    tangent: Literal["outward", "inward", "above", "below"] | None = None
    pieces: tuple[Interval, ...] = ()
    points: tuple[str, ...] = ()
    parity: Literal["odd", "even"] | None = None
    joint: Literal["power", "exponents", "difference"] | None = None
    is_catalogue: bool = True

    @property
    def arity(self) -> int:
        """The number of arguments."""
        return len(self.arguments)

    def special(self, *points: Point) -> Special | None:
        """Return what the record says of special inputs, or None at ordinary ones."""
        if self.special_rule is not None and (found := self.special_rule(*points)) is not None:
            return found
        return (self.specials or {}).get(points[0].text) if self.arity == 1 else None
