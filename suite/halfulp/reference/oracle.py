"""The oracle: mpmath as the arbiter of every result, under rules that make its answers safe.

"Raise the precision until two answers agree" is not enough: log(1 + exp(-700)) is exactly 0 at 106,
212 and 424 bits. So agreement counts only at a precision that covers the exponents of input and
result, a zero counts only if it is known to be exact, domains and special inputs are decided before
mpmath is asked (it goes complex, raises at poles, and has no signed zero), and precision and
exponents are capped. No value passes through a Python float or a decimal string.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

import mpmath

from halfulp.expressions import Apply, Expression, Name, Number
from halfulp.formats import Format
from halfulp.functions import CATALOGUE
from halfulp.functions.record import Function
from halfulp.reference import extended
from halfulp.reference.domains import bounds, in_domain
from halfulp.reference.referee import MAX_PRECISION, Referee
from halfulp.reference.values import Dyadic, Enclosure, Limit, Result, Undecided

MAX_ARGUMENT_EXPONENT = 4 * MAX_PRECISION
"""Binary exponent of a transcendental function's argument beyond which it is left undecided.

Reducing exp(2^k) takes k bits: without a cap exp(exp(exp(20))) would not end."""

_SLACK = 10
"""Bits by which a computed value is trusted less than its working precision."""

_CERTAIN = 32
"""Bits in which two precisions must agree on a quantity for its sign to be certain."""

_GUESS = 64
"""Room for the exponent of a result in the first attempt."""

Context = Any  # mpmath ships no types
Number_ = Any


class _OutOfDomainError(Exception):
    """A part of an expression is not real here, if the signs of these quantities are right."""

    def __init__(self, *quantities: Number_) -> None:
        super().__init__()
        self.quantities = quantities


class _PoleError(Exception):
    """A part of an expression reached a pole, which rounding alone may have brought it to."""


class _CappedError(Exception):
    """A part of an expression is too large to evaluate."""


def _power_of(base: int) -> Callable[..., Number_]:
    """Return base^x; the argument of exp carries as many extra bits as x has before its point."""

    def power(ctx: Context, x: Number_) -> Number_:
        with ctx.extraprec(20 + max(ctx.mag(x), 0)):
            return ctx.exp(x * ctx.log(base))

    return power


def _log_of(base: int) -> Callable[..., Number_]:
    def logarithm(ctx: Context, x: Number_) -> Number_:
        with ctx.extraprec(20):
            return ctx.log(x) / ctx.log(base)

    return logarithm


def _cbrt(ctx: Context, x: Number_) -> Number_:
    """Return the real cube root; mpmath's principal root of a negative number is complex."""
    return -ctx.cbrt(-x) if x < 0 else ctx.cbrt(x)


def _pow(ctx: Context, x: Number_, y: Number_) -> Number_:
    """Return x^y with as many extra bits as the exponent y log x has before its point."""
    if x < 0 and y != ctx.floor(y):
        raise _OutOfDomainError(x, y - ctx.nint(y))
    with ctx.extraprec(40):
        size = max(ctx.mag(y) + ctx.mag(ctx.log(abs(x))), 0) if abs(x) != 1 else 0
        if size > MAX_ARGUMENT_EXPONENT:
            raise _CappedError
        with ctx.extraprec(size):
            power = ctx.exp(y * ctx.log(abs(x)))
    return -power if x < 0 and int(y) & 1 else power


def _own(name: str) -> Callable[..., Number_]:
    """Return mpmath's own function of this name."""
    return lambda ctx, *arguments: getattr(ctx, name)(*arguments)


def _with(name: str, order: int) -> Callable[..., Number_]:
    """Return mpmath's function of this name with its first argument fixed."""
    return lambda ctx, x: getattr(ctx, name)(order, x)


def _lgamma(ctx: Context, x: Number_) -> Number_:
    """Return log|gamma(x)|: the real part of loggamma, which is complex below 0."""
    return ctx.re(ctx.loggamma(x))


def _polygamma(n: int) -> Callable[..., Number_]:
    """Return mpmath's psi(n, x); below -8, where it takes seconds, by reflection (DLMF 5.15.6)."""
    sign = -1 if n % 2 else 1

    def psi(ctx: Context, x: Number_) -> Number_:
        if x > -8:
            return ctx.psi(n, x)
        with ctx.extraprec(60 + (n + 1) * max(ctx.mag(x), 0)):
            c = ctx.cospi(x) / ctx.sinpi(x)
            slope = (-(1 + c**2), 2 * c * (1 + c**2), -2 * (1 + c**2) * (1 + 3 * c**2))[n - 1]
            return sign * ctx.psi(n, 1 - x) - ctx.pi ** (n + 1) * slope

    return psi


def _ndtri(ctx: Context, x: Number_) -> Number_:
    """Return the quantile; 1 - 2x needs as many bits more as a small x has zeros."""
    with ctx.extraprec(20 + 2 * abs(ctx.mag(x))):
        return -ctx.sqrt(2) * ctx.erfinv(1 - 2 * x)


def _log_ndtr(ctx: Context, x: Number_) -> Number_:
    root = ctx.sqrt(2)
    if x > 0:
        return ctx.log1p(-ctx.erfc(x / root) / 2)
    return ctx.log(ctx.erfc(-x / root) / 2)


def _softplus(ctx: Context, x: Number_) -> Number_:
    return x + ctx.log1p(ctx.exp(-x)) if x > 0 else ctx.log1p(ctx.exp(x))


def _logaddexp(ctx: Context, x: Number_, y: Number_) -> Number_:
    high, low = max(x, y), min(x, y)
    return high + ctx.log1p(ctx.exp(low - high))


PRIMITIVES: dict[str, Callable[..., Number_]] = {
    **{
        name: _own(name)
        for name in (
            "exp", "expm1", "log", "log1p", "sqrt", "hypot",
            "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinpi", "cospi",
            "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
            "erf", "erfc", "erfinv", "gamma", "digamma", "zeta",
        )
    },
    "exp2": _power_of(2),
    "exp10": _power_of(10),
    "log2": _log_of(2),
    "log10": _log_of(10),
    "rsqrt": lambda ctx, x: 1 / ctx.sqrt(x),
    "cbrt": _cbrt,
    "pow": _pow,
    "sinc": _own("sincpi"),
    "ndtri": _ndtri,
    "log_ndtr": _log_ndtr,
    "softplus": _softplus,
    "logaddexp": _logaddexp,
    "lgamma": _lgamma,
    "polygamma1": _polygamma(1),
    "polygamma2": _polygamma(2),
    "polygamma3": _polygamma(3),
    "i0": _with("besseli", 0),
    "i1": _with("besseli", 1),
    "i0e": lambda ctx, x: ctx.exp(-abs(x)) * ctx.besseli(0, x),
    "i1e": lambda ctx, x: ctx.exp(-abs(x)) * ctx.besseli(1, x),
    "j0": _with("besselj", 0),
    "j1": _with("besselj", 1),
    "y0": _with("bessely", 0),
    "y1": _with("bessely", 1),
}  # fmt: skip
"""Catalogue functions that mpmath evaluates itself; the others have a reference expression."""


class Oracle(Referee):
    """The exact results of one function in one format, by mpmath."""

    def __init__(self, function: Function, fmt: Format) -> None:
        super().__init__(function, fmt)
        self._context: Context = mpmath.MPContext()
        self._primitive = PRIMITIVES.get(function.name) if function.reference is None else None

    def enclose(self, arguments: Sequence[Dyadic], extra: int) -> Result:
        """Enclose the result with the safe precision of NUMERICS, and `extra` bits more."""
        wanted = 2 * self.fmt.p + 40 + extra
        needed = wanted + 24 + sum(abs(m.bit_length() + e) for m, e in arguments)
        values = [self._context.make_mpf(mpmath.libmp.from_man_exp(m, e)) for m, e in arguments]
        try:
            precision, first = self._nonzero(values, needed)
            if first is None:
                return Undecided(f"no finite nonzero value was found within {precision} bits")
            return self._agreed(values, precision, first, wanted)
        except _OutOfDomainError as error:
            return self._outside(values, error)
        except _CappedError:
            return Undecided("an intermediate result is beyond the cap on exponents")
        except (mpmath.libmp.NoConvergence, OverflowError, ZeroDivisionError) as error:
            return Undecided(f"mpmath gave up: {error or type(error).__name__}")

    def enclose_constant(self, text: str) -> Enclosure:
        """Enclose an irrational constant expression."""
        bits = 2 * self.fmt.p + 64
        return _around(_constant(text, 2 * bits), bits)._replace(open_ends=True)

    def _outside(self, values: list[Number_], first: _OutOfDomainError) -> Result:
        """Return nan if a finer evaluation leaves the domain in the same way, not by its noise."""
        precision = self._context.prec
        try:
            self._evaluate(values, precision + precision // 2)
        except _OutOfDomainError as second:
            pairs = zip(first.quantities, second.quantities, strict=False)
            if all(a == b or self._agreed_bits(a, b, precision) >= _CERTAIN for a, b in pairs):
                return Limit("nan")
        except _CappedError:
            pass
        return Undecided("whether every part of the expression is real here is not decided")

    # -- evaluation --------------------------------------------------------------------------

    def _nonzero(self, values: list[Number_], needed: int) -> tuple[int, Number_ | None]:
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

    def _agreed(self, values: list[Number_], precision: int, first: Number_, wanted: int) -> Result:
        """Return the enclosure around a second, finer value, as wide as the two differ.

        A first value that lost bits to cancellation agrees in fewer bits than its precision; it
        serves if these are as many as wanted.
        """
        while precision <= 4 * MAX_PRECISION:
            finer = precision + precision // 2
            second = self._evaluate(values, finer)
            agreed = self._agreed_bits(first, second, precision)
            if agreed >= wanted:
                return _around(second, agreed)
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

    def _evaluate(self, arguments: list[Number_], precision: int) -> Number_:
        """Return a value computed with a working precision in bits, 0 where it met a pole."""
        ctx = self._context
        ctx.prec = precision
        if self._primitive is not None:
            return self._primitive(ctx, *arguments)
        assert self.function.reference is not None, f"no way to evaluate {self.function.name}"
        named = dict(zip(self.function.arguments, arguments, strict=True))
        try:
            return _evaluate_tree(ctx, self.function.reference, named)
        except _PoleError:
            return ctx.zero


def _around(value: Number_, precision: int) -> Enclosure:
    """Return the enclosure of relative radius 2^-(precision - slack) around a value.

    `precision` is in how many bits a coarser value agreed.
    """
    sign, significand, exponent, bits = value._mpf_
    unit = exponent + bits - precision + _SLACK
    shift = exponent - unit
    middle = int(significand << shift if shift >= 0 else significand >> -shift)
    low, high = (-middle - 2, -middle + 1) if sign else (middle - 1, middle + 2)
    return Enclosure(low, high, int(unit))


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
                raise _PoleError
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
    if special is not None and special.result != "nan":
        return _from_special(ctx, special.result)
    if special is not None or not in_domain(function, *(point.value for point in points)):
        raise _OutOfDomainError(*_margins(ctx, function, values))
    if function.reference is None:
        return PRIMITIVES[name](ctx, *values)
    return _evaluate_tree(
        ctx, function.reference, dict(zip(function.arguments, values, strict=True))
    )


def _margins(ctx: Context, function: Function, values: list[Number_]) -> list[Number_]:
    """Return the distances whose signs put values outside a domain."""
    if len(values) > 1:  # a power: the base from 0, the exponent from an integer
        return [values[0], values[1] - ctx.nint(values[1])]
    finite = [bound for bound in bounds(function.domain) if isinstance(bound, Fraction)]
    return [values[0] - ctx.mpf(bound.numerator) / bound.denominator for bound in finite]


def _from_special(ctx: Context, text: str) -> Number_:
    """Return what a part gives at a special value that it reached by rounding, if it is finite."""
    if text.endswith("inf"):
        raise _PoleError
    value = Fraction(text)
    return ctx.mpf(value.numerator) / value.denominator


def _to_fraction(value: Number_) -> Fraction:
    sign, significand, exponent, _ = value._mpf_
    significand, exponent = int(-significand if sign else significand), int(exponent)
    if exponent >= 0:
        return Fraction(significand << exponent)
    return Fraction(significand, 1 << -exponent)


@cache
def oracle(function: Function, fmt: Format) -> Oracle:
    """Return the oracle of a function and format; each process has its own."""
    return Oracle(function, fmt)


def solve(constant: str | Expression, precision: int = 256) -> Fraction:
    """Return a constant expression such as 22*pi/2, computed with `precision` bits.

    For interesting points and bounds, which are places to look and not references.

    Raises
    ------
    ValueError
        If a part of it is not real, a pole, or beyond the cap on exponents.
    """
    try:
        return _to_fraction(_constant(constant, precision))
    except (_OutOfDomainError, _PoleError, _CappedError) as error:
        raise ValueError(f"no value of {constant}") from error


def _constant(constant: str | Expression, precision: int) -> Number_:
    from halfulp.functions import parse

    ctx = mpmath.MPContext()
    ctx.prec = precision
    return _evaluate_tree(ctx, parse(constant) if isinstance(constant, str) else constant, {})
