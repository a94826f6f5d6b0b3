"""The oracle: mpmath as the arbiter of every result, under rules that make its answers safe.

"Raise the precision until two answers agree" is not enough: log(1 + exp(-700)) is exactly 0 at 106,
212 and 424 bits. So agreement counts only at a precision that covers the exponents of input and
result, a zero counts only if it is known to be exact, domains and special inputs are decided before
mpmath is asked (it goes complex, raises at poles, and has no signed zero), and precision and
exponents are capped. No value passes through a Python float or a decimal string.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import mpmath

from halfulp.expressions import Apply, Expression, Name, Number
from halfulp.formats import Format
from halfulp.functions import CATALOGUE
from halfulp.functions.record import REAL_LINE, Function, Point
from halfulp.reference import extended
from halfulp.reference.domains import in_domain
from halfulp.reference.values import (
    OPEN,
    Enclosure,
    Exact,
    Limit,
    Result,
    Scaled,
    Scaler,
    Undecided,
)

MAX_PRECISION = 8_192
"""Bits beyond which a result is left undecided."""

MAX_ARGUMENT_EXPONENT = 4 * MAX_PRECISION
"""Binary exponent of a transcendental function's argument beyond which it is left undecided.

Reducing exp(2^k) takes k bits: without a cap exp(exp(exp(20))) would not end."""

_SLACK = 10
"""Bits by which a computed value is trusted less than its working precision."""

_GUESS = 64
"""Room for the exponent of a result in the first attempt."""

Context = Any  # mpmath ships no types
Number_ = Any


class _OutOfDomainError(Exception):
    """A part of an expression is not real here."""


class _CappedError(Exception):
    """A part of an expression is too large to evaluate."""


def _exp2(ctx: Context, x: Number_) -> Number_:
    """Return 2^x; the argument of exp carries as many extra bits as x has before its point."""
    with ctx.extraprec(20 + max(ctx.mag(x), 0)):
        return ctx.exp(x * ctx.ln2)


def _log2(ctx: Context, x: Number_) -> Number_:
    with ctx.extraprec(20):
        return ctx.log(x) / ctx.ln2


def _log10(ctx: Context, x: Number_) -> Number_:
    with ctx.extraprec(20):
        return ctx.log(x) / ctx.ln10


def _cbrt(ctx: Context, x: Number_) -> Number_:
    """Return the real cube root; mpmath's principal root of a negative number is complex."""
    return -ctx.cbrt(-x) if x < 0 else ctx.cbrt(x)


def _pow(ctx: Context, x: Number_, y: Number_) -> Number_:
    """Return x^y with as many extra bits as the exponent y log x has before its point."""
    if x < 0 and y != ctx.floor(y):
        raise _OutOfDomainError
    with ctx.extraprec(40):
        size = max(ctx.mag(y) + ctx.mag(ctx.log(abs(x))), 0) if abs(x) != 1 else 0
        if size > MAX_ARGUMENT_EXPONENT:
            raise _CappedError
        with ctx.extraprec(size):
            power = ctx.exp(y * ctx.log(abs(x)))
    return -power if x < 0 and int(y) & 1 else power


PRIMITIVES: dict[str, Callable[..., Number_]] = {
    "exp": lambda ctx, x: ctx.exp(x),
    "exp2": _exp2,
    "expm1": lambda ctx, x: ctx.expm1(x),
    "log": lambda ctx, x: ctx.log(x),
    "log2": _log2,
    "log10": _log10,
    "log1p": lambda ctx, x: ctx.log1p(x),
    "sqrt": lambda ctx, x: ctx.sqrt(x),
    "cbrt": _cbrt,
    "sin": lambda ctx, x: ctx.sin(x),
    "cos": lambda ctx, x: ctx.cos(x),
    "tanh": lambda ctx, x: ctx.tanh(x),
    "erf": lambda ctx, x: ctx.erf(x),
    "pow": _pow,
}
"""Catalogue functions that mpmath evaluates itself; the others have a reference expression."""


class Oracle:
    """The exact results of one function, for one format.

    Parameters
    ----------
    function
        A record of the catalogue or a function made from an expression.
    fmt
        The format, whose precision and exponents decide how many bits are needed.
    """

    def __init__(self, function: Function, fmt: Format) -> None:
        self.function = function
        self.fmt = fmt
        self.scaler = Scaler(fmt)
        self._context: Context = mpmath.MPContext()
        self._everywhere = function.domain == REAL_LINE
        self._unit_bounds = (function.range.low == "-1", function.range.high == "1")
        self._primitive = PRIMITIVES.get(function.name) if function.reference is None else None

    # -- one input ---------------------------------------------------------------------------

    def point(self, bits: int) -> Point:
        """Return an encoding as the rules of special inputs see it."""
        fmt = self.fmt
        if fmt.is_nan(bits):
            return extended.NAN
        if fmt.is_inf(bits):
            return extended.infinite(negative=fmt.is_negative(bits))
        return extended.finite(fmt.value(bits), negative_zero=fmt.is_negative(bits))

    def result(self, *bits: int) -> Result:
        """Return the exact result at an input, as narrow as the first safe precision gives it.

        Parameters
        ----------
        bits
            One encoding an argument.
        """
        points = [self.point(encoding) for encoding in bits]
        known = self._known(points)
        if known is not None:
            return known
        return self._enclosure([point.value for point in points], 0)

    def scaled(self, *bits: int) -> Scaled | Limit | Undecided:
        """Return the exact result in units of its ulp, with precision raised until it is decided."""
        points = [self.point(encoding) for encoding in bits]
        known = self._known(points)
        if isinstance(known, Exact):
            return self.scaler.exact(known)
        if known is not None:
            assert not isinstance(known, Enclosure)
            return known
        return self._decided([point.value for point in points])

    def _known(self, points: list[Point]) -> Result | None:
        """Return what is known without evaluation: special inputs, domains, exact results."""
        function = self.function
        if not function.is_catalogue:
            return self._known_expression(points)
        special = function.special(*points)
        if special is not None:
            return extended.to_result(extended.from_text(special.result))
        values = [point.value for point in points]
        assert all(point.kind == "finite" for point in points), function.name
        if not (self._everywhere or in_domain(function, *values)):
            return Limit("nan")
        exact = function.exact(*values)
        return None if exact is None else Exact(exact)

    def _known_expression(self, points: list[Point]) -> Result | None:
        assert self.function.reference is not None
        named = dict(zip(self.function.arguments, points, strict=True))
        value = extended.evaluate(self.function.reference, named)
        if value is not None:
            result = extended.to_result(value)
            # Which sign an exact zero of an expression has is a matter of its formula.
            return Exact(Fraction(0)) if value.is_zero else result
        if any(point.kind != "finite" for point in points):
            return Undecided("the expression has no exact limit at this special input")
        return None

    def _decided(self, values: list[Fraction]) -> Scaled | Limit | Undecided:
        """Raise the precision until rounding, neighbours and binade are decided, or the cap."""
        extra = 0
        while True:
            result = self._enclosure(values, extra)
            if not isinstance(result, Enclosure):
                assert not isinstance(result, Exact)
                return result
            scaled = self.scaler.enclosure(result)
            if not scaled.flags & OPEN or extra > MAX_PRECISION // 2:
                return scaled
            extra = 2 * extra + 4 * self.fmt.p

    # -- evaluation --------------------------------------------------------------------------

    def _enclosure(self, values: list[Fraction], extra: int) -> Result:
        """Enclose the result at ordinary arguments, with `extra` bits above the safe precision."""
        wanted = 2 * self.fmt.p + 40 + extra
        needed = wanted + 24 + sum(_exponent_size(value) for value in values)
        try:
            precision, first = self._nonzero(values, needed)
            if first is None:
                return Undecided(f"no nonzero value was found within {precision} bits")
            return self._agreed(values, precision, first, wanted)
        except _OutOfDomainError:
            return Limit("nan")
        except _CappedError:
            return Undecided("an intermediate result is beyond the cap on exponents")

    def _nonzero(self, values: list[Fraction], needed: int) -> tuple[int, Number_ | None]:
        """Return a nonzero value at a precision that covers its own exponent as well."""
        precision = needed + _GUESS
        while True:
            value = self._evaluate(values, precision)
            if value:
                size = min(abs(self._context.mag(value)), self._widest_exponent)
                if precision >= needed + size:
                    return precision, value
                precision = needed + size
            elif precision > MAX_PRECISION:
                return precision, None
            else:
                precision *= 2

    @property
    def _widest_exponent(self) -> int:
        """Results beyond overflow or underflow need no relative accuracy."""
        return self.fmt.emax + self.fmt.p + 8

    def _agreed(self, values: list[Fraction], precision: int, first: Number_, wanted: int) -> Result:
        """Return the enclosure around a second, finer value, as wide as the two differ.

        A first value that lost bits to cancellation agrees in fewer bits than its precision; it
        serves if these are as many as wanted.
        """
        while precision <= 4 * MAX_PRECISION:
            finer = precision + precision // 2
            second = self._evaluate(values, finer)
            agreed = self._agreed_bits(first, second, precision)
            if agreed >= wanted:
                return self._clipped(self._around(second, agreed))
            precision, first = finer, second
        return Undecided(f"two precisions did not agree within {precision} bits")

    def _agreed_bits(self, first: Number_, second: Number_, precision: int) -> int:
        """Return in how many bits two values agree, at most the precision of the first."""
        if not first or not second:
            return 0
        difference = first - second
        if not difference:
            return precision
        return min(precision, int(self._context.mag(second) - self._context.mag(difference)))

    def _around(self, value: Number_, precision: int) -> Enclosure:
        """Return the enclosure of relative radius 2^-(precision - slack) around a value.

        `precision` is in how many bits a coarser value agreed.
        """
        sign, significand, exponent, bits = value._mpf_  # noqa: SLF001 - mpmath's documented tuple
        unit = exponent + bits - precision + _SLACK
        shift = exponent - unit
        middle = int(significand << shift if shift >= 0 else significand >> -shift)
        low, high = (-middle - 2, -middle + 1) if sign else (middle - 1, middle + 2)
        return Enclosure(low, high, int(unit), self.function.exact_is_complete)

    def _clipped(self, enclosure: Enclosure) -> Enclosure:
        """Cut an enclosure at the bounds ±1 of the function's range.

        tanh(1e300) is 1 to any precision, but below 1: no precision tells, the range does. (A
        bound of 0 needs no cut: a nonzero value has its sign.)
        """
        low, high = enclosure.low, enclosure.high
        top = max(abs(low), abs(high)).bit_length() + enclosure.exponent
        if self._unit_bounds == (False, False) or top not in {0, 1}:
            return enclosure
        one = 1 << -enclosure.exponent
        return enclosure._replace(
            low=max(low, -one) if self._unit_bounds[0] else low,
            high=min(high, one) if self._unit_bounds[1] else high,
        )

    def _evaluate(self, values: list[Fraction], precision: int) -> Number_:
        """Return a value computed with a working precision in bits."""
        ctx = self._context
        ctx.prec = precision
        arguments = [_from_fraction(ctx, value) for value in values]
        if self._primitive is not None:
            return self._primitive(ctx, *arguments)
        assert self.function.reference is not None, f"no way to evaluate {self.function.name}"
        named = dict(zip(self.function.arguments, arguments, strict=True))
        return _evaluate_tree(ctx, self.function.reference, named)


def _exponent_size(value: Fraction) -> int:
    return abs(value.numerator.bit_length() - value.denominator.bit_length())


def _from_fraction(ctx: Context, value: Fraction) -> Number_:
    """Return an argument exactly: inputs are dyadic, and mpf numbers have no fixed length."""
    denominator = value.denominator
    assert denominator & (denominator - 1) == 0, "arguments are numbers of a binary format"
    return ctx.make_mpf(mpmath.libmp.from_man_exp(value.numerator, 1 - denominator.bit_length()))


def _evaluate_tree(ctx: Context, tree: Expression, arguments: dict[str, Number_]) -> Number_:
    """Evaluate an expression at the context's precision; constants are rounded to it once."""
    match tree:
        case Number(value=value):
            return ctx.mpf(value.numerator) / value.denominator
        case Name(name=name):
            return +ctx.pi if name == "pi" else arguments[name]
        case Apply(operation, operands):
            values = [_evaluate_tree(ctx, operand, arguments) for operand in operands]
            return _apply(ctx, operation, values)
    raise TypeError(tree)


def _apply(ctx: Context, operation: str, values: list[Number_]) -> Number_:
    match operation:
        case "+":
            return values[0] + values[1]
        case "-":
            return values[0] - values[1]
        case "*":
            return values[0] * values[1]
        case "/":
            if not values[1]:
                raise _CappedError
            return values[0] / values[1]
        case "negate":
            return -values[0]
        case "**":
            return _call(ctx, "pow", values)
    return _call(ctx, operation, values)


def _call(ctx: Context, name: str, values: list[Number_]) -> Number_:
    function = CATALOGUE[name]
    if any(value and abs(ctx.mag(value)) > MAX_ARGUMENT_EXPONENT for value in values):
        raise _CappedError
    points = [extended.finite(_to_fraction(value)) for value in values]
    special = function.special(*points)
    if special is not None:
        return _from_special(ctx, special.result)
    if not in_domain(function, *(point.value for point in points)):
        raise _OutOfDomainError
    if function.reference is None:
        return PRIMITIVES[name](ctx, *values)
    return _evaluate_tree(ctx, function.reference, dict(zip(function.arguments, values, strict=True)))


def _from_special(ctx: Context, text: str) -> Number_:
    """Return what a part gives at a special value that it reached by rounding, if it is finite."""
    if text == "nan":
        raise _OutOfDomainError
    if text.endswith("inf"):
        raise _CappedError
    value = Fraction(text)
    return ctx.mpf(value.numerator) / value.denominator


def _to_fraction(value: Number_) -> Fraction:
    sign, significand, exponent, _ = value._mpf_  # noqa: SLF001 - mpmath's documented tuple
    significand, exponent = int(-significand if sign else significand), int(exponent)
    if exponent >= 0:
        return Fraction(significand << exponent)
    return Fraction(significand, 1 << -exponent)


@cache
def oracle(function: Function, fmt: Format) -> Oracle:
    """Return the oracle of a function and format; each process has its own."""
    return Oracle(function, fmt)


def solve(text: str, precision: int = 256) -> Fraction:
    """Return a constant expression such as 22*pi/2, computed with `precision` bits.

    For interesting points and bounds, which are places to look and not references.
    """
    from halfulp.functions import parse

    ctx = mpmath.MPContext()
    ctx.prec = precision
    return _to_fraction(_evaluate_tree(ctx, parse(text), {}))
