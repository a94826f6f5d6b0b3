"""Taylor series of functions and expressions over Arb's balls, through python-flint.

A series in u around a ball encloses the series at every point of it: around a point it gives
proved coefficients of a model, around the ball of a whole block its coefficient n + 1 bounds the
remainder. Where Arb has no series it is composed, differentiated, or built from a differential
equation.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from flint import arb, arb_series, ctx

from halfulp.expressions import Apply, Expression, Name, Number
from halfulp.functions import CATALOGUE
from halfulp.functions.record import Function

Series = Any  # python-flint ships no types
Ball = Any


class NoSeries(Exception):  # noqa: N818 # it is an answer, not an error: enclosures serve instead
    """Raised where a function has no series here."""


def variable(middle: Ball, scale: Ball, length: int) -> Series:
    """Return the series middle + scale * u, known to `length` coefficients."""
    ctx.cap = length
    return arb_series([middle, scale], prec=length)


def coefficient(series: Series, order: int) -> Ball:
    """Return one coefficient.

    Beyond its known length python-flint gives an exact 0 without a word; here that is an error.
    """
    assert series.prec > order, f"coefficient {order} of a series known to {series.prec}"
    return series[order]


def series_of(function: Function) -> Callable[[Series], Series]:
    """Return what maps the series of the argument to that of a one-argument function.

    Raises
    ------
    NoSeries
        If a part of it has none.
    """
    if function.reference is None:
        return _primitive(function.name)
    tree, argument = function.reference, function.arguments[0]
    _check(tree)
    return lambda x: _evaluate(tree, argument, x)


def _check(tree: Expression) -> None:
    """Raise NoSeries now rather than in every block."""
    if isinstance(tree, Apply):
        for operand in tree.operands:
            _check(operand)
        if tree.operation in CATALOGUE:
            series_of(CATALOGUE[tree.operation])


def _evaluate(tree: Expression, argument: str, x: Series) -> Series:
    match tree:
        case Number(value=value):
            return arb_series([arb(value.numerator) / value.denominator], prec=ctx.cap)
        case Name(name=name):
            if name == argument:
                return x
            return arb_series([arb.pi()], prec=ctx.cap)
        case Apply(operation, operands):
            return _apply(operation, [_evaluate(part, argument, x) for part in operands])
    raise TypeError(tree)


def _apply(operation: str, values: list[Series]) -> Series:
    match operation:
        case "+":
            return values[0] + values[1]
        case "-":
            return values[0] - values[1]
        case "*":
            return values[0] * values[1]
        case "/":
            return values[0] / values[1]
        case "negate":
            return -values[0]
        case "**":
            return _power(*values)
    return series_of(CATALOGUE[operation])(values[0])


def _power(base: Series, exponent: Series) -> Series:
    """Return a power; a constant whole exponent leaves the base any sign."""
    constant = coefficient(exponent, 0)
    is_constant = all(coefficient(exponent, order) == 0 for order in range(1, exponent.prec))
    whole = constant.unique_fmpz() if is_constant and constant.is_exact() else None
    if whole is not None and constant == whole and abs(int(whole)) <= 64:
        power = arb_series([1], prec=ctx.cap)
        for _ in range(abs(int(whole))):
            power = power * base
        return power if whole >= 0 else 1 / power
    return (exponent * base.log()).exp()


# -- functions that Arb has no series of, or not everywhere ------------------------------------


def _first(x: Series) -> Ball:
    return coefficient(x, 0)


def _is_negative(x: Series) -> bool:
    """Tell the sign of the argument.

    Raises
    ------
    NoSeries
        If it may be either.
    """
    middle = _first(x)
    if middle > 0:
        return False
    if middle < 0:
        return True
    raise NoSeries("a block over 0")


def _odd(positive: Callable[[Series], Series]) -> Callable[[Series], Series]:
    return lambda x: -positive(-x) if _is_negative(x) else positive(x)


def _even(positive: Callable[[Series], Series]) -> Callable[[Series], Series]:
    return lambda x: positive(-x) if _is_negative(x) else positive(x)


def _exponential(base: int) -> Callable[[Series], Series]:
    return lambda x: (x * arb(base).log()).exp()


def _logarithm(base: int) -> Callable[[Series], Series]:
    return lambda x: x.log() / arb(base).log()


def _sinh(x: Series) -> Series:
    power = x.exp()
    return (power - 1 / power) / 2


def _cosh(x: Series) -> Series:
    power = x.exp()
    return (power + 1 / power) / 2


def _tanh(x: Series) -> Series:
    """Return tanh of a positive argument: only the decaying exponential, so nothing overflows."""
    decay = (-2 * x).exp()
    return (1 - decay) / (1 + decay)


def _softplus(x: Series) -> Series:
    if _is_negative(x):
        return (1 + x.exp()).log()
    return x + (1 + (-x).exp()).log()


def _lgamma(x: Series) -> Series:
    """Return log|gamma(x)|, by reflection below 0."""
    if not _is_negative(x):
        return x.lgamma()
    sine = x.sin_pi()
    if coefficient(sine, 0) < 0:
        sine = -sine
    return arb.pi().log() - sine.log() - (1 - x).lgamma()


def _derivative_of_lgamma(times: int) -> Callable[[Series], Series]:
    """Return a derivative of lgamma; that of a series in scale * u is divided by the scale."""

    def evaluate(x: Series) -> Series:
        length = ctx.cap
        scale = coefficient(x, 1)
        longer = variable(_first(x), scale, length + times)
        try:
            found = _lgamma(longer)
            for _ in range(times):
                found = found.derivative() / scale
        finally:
            ctx.cap = length
        return arb_series([coefficient(found, k) for k in range(length)], prec=length)

    return _composed(evaluate)


def _composed(plain: Callable[[Series], Series]) -> Callable[[Series], Series]:
    """Return a function that is known for middle + scale * u for any inner series as well."""

    def evaluate(x: Series) -> Series:
        length = x.prec
        if all(coefficient(x, order) == 0 for order in range(2, length)):
            return plain(x)
        outer = plain(variable(_first(x), arb(1), length))
        inner = x - _first(x)
        found = arb_series([coefficient(outer, length - 1)], prec=length)
        for order in range(length - 2, -1, -1):
            found = found * inner + coefficient(outer, order)
        return found

    return evaluate


def _inverse_of_erf_like(
    value: Callable[[Ball], Ball], slope: Callable[[], Ball]
) -> Callable[[Series], Series]:
    """Return z(x) with z' = slope * exp(z^2): the inverses of erf and erfc."""

    def evaluate(x: Series) -> Series:
        length = ctx.cap
        scale = coefficient(x, 1)
        known = [value(_first(x))]
        for order in range(1, length):
            z = arb_series(known, prec=order)
            power = coefficient((z * z).exp(), order - 1)
            known.append(slope() * scale * power / order)
        return arb_series(known, prec=length)

    return _composed(evaluate)


def _ndtri(x: Series) -> Series:
    return -arb(2).sqrt() * _erfcinv(2 * x)


def _erf_slope() -> Ball:
    return arb.pi().sqrt() / 2


_erfinv = _inverse_of_erf_like(arb.erfinv, _erf_slope)
_erfcinv = _inverse_of_erf_like(arb.erfcinv, lambda: -_erf_slope())


def _bessel(value: Callable[[Ball, int], Ball], nu: int, sign: int) -> Callable[[Series], Series]:
    """Return the solution of x^2 f'' + x f' + (sign x^2 - nu^2) f = 0 with these values.

    With x = c + s u the coefficients obey a recurrence of five terms (DLMF 10.2.1, 10.25.1).
    f' comes from f at the neighbouring orders (DLMF 10.6.2, 10.29.2).

    Over a radius of 1 or more no polynomial of low degree is close, and wide balls take seconds.
    """

    def evaluate(x: Series) -> Series:
        length = ctx.cap
        c, s = _first(x), coefficient(x, 1)
        if not c.rad() < 1:
            raise NoSeries("a block too wide for a Bessel function")
        f = value(c, nu)
        slope = -sign * value(c, 1) if nu == 0 else value(c, 0) - f / c
        found = [f, slope * s]
        squared = (sign * c * c - nu * nu, 2 * sign * c * s, sign * s * s)
        for k in range(length - 2):
            rest = s * c * (k + 1) * (2 * k + 1) * found[k + 1]
            rest += (s * s * k * k + s * s * squared[0]) * found[k]
            if k >= 1:
                rest += s * s * squared[1] * found[k - 1]
            if k >= 2:
                rest += s * s * squared[2] * found[k - 2]
            found.append(-rest / (c * c * (k + 2) * (k + 1)))
        return arb_series(found[:length], prec=length)

    return _composed(evaluate)


def _bessel_j(x: Ball, nu: int) -> Ball:
    return x.bessel_j(nu)


def _bessel_y(x: Ball, nu: int) -> Ball:
    return x.bessel_y(nu)


def _bessel_i(x: Ball, nu: int) -> Ball:
    return x.bessel_i(nu)


def _scaled_bessel_i(nu: int) -> Callable[[Series], Series]:
    """Return exp(-|x|) I_nu(x)."""

    def evaluate(x: Series) -> Series:
        decay = x.exp() if _is_negative(x) else (-x).exp()
        return decay * PRIMITIVES[f"i{nu}"](x)

    return evaluate


def _log_ndtr(x: Series) -> Series:
    root = arb(2).sqrt()
    if not _is_negative(x):
        return (1 - (x / root).erfc() / 2).log()
    return ((-x / root).erfc() / 2).log()


def _sinc(x: Series) -> Series:
    return x.sin_pi() / (x * arb.pi())


PRIMITIVES: dict[str, Callable[[Series], Series]] = {
    "exp": arb_series.exp,
    "exp2": _exponential(2),
    "exp10": _exponential(10),
    "expm1": lambda x: x.exp() - 1,
    "log": arb_series.log,
    "log2": _logarithm(2),
    "log10": _logarithm(10),
    "log1p": lambda x: (1 + x).log(),
    "sqrt": arb_series.sqrt,
    "rsqrt": arb_series.rsqrt,
    "cbrt": _odd(lambda x: (x.log() / 3).exp()),
    "sin": arb_series.sin,
    "cos": arb_series.cos,
    "tan": arb_series.tan,
    "asin": arb_series.asin,
    "acos": arb_series.acos,
    "atan": arb_series.atan,
    "sinpi": arb_series.sin_pi,
    "cospi": arb_series.cos_pi,
    "sinc": _sinc,
    "sinh": _sinh,
    "cosh": _cosh,
    "tanh": _odd(_tanh),
    "asinh": _odd(lambda x: (x + (x * x + 1).sqrt()).log()),
    "acosh": lambda x: (x + (x - 1).sqrt() * (x + 1).sqrt()).log(),
    "atanh": lambda x: ((1 + x).log() - (1 - x).log()) / 2,
    "erf": arb_series.erf,
    "erfc": arb_series.erfc,
    "erfinv": _erfinv,
    "ndtri": _ndtri,
    "log_ndtr": _log_ndtr,
    "softplus": _softplus,
    "gamma": arb_series.gamma,
    "lgamma": _lgamma,
    "digamma": _derivative_of_lgamma(1),
    "polygamma1": _derivative_of_lgamma(2),
    "polygamma2": _derivative_of_lgamma(3),
    "polygamma3": _derivative_of_lgamma(4),
    "zeta": lambda x: x.zeta(),
    "i0": _bessel(_bessel_i, 0, -1),
    "i1": _bessel(_bessel_i, 1, -1),
    "i0e": _scaled_bessel_i(0),
    "i1e": _scaled_bessel_i(1),
    "j0": _bessel(_bessel_j, 0, 1),
    "j1": _bessel(_bessel_j, 1, 1),
    "y0": _bessel(_bessel_y, 0, 1),
    "y1": _bessel(_bessel_y, 1, 1),
}
"""Series of the catalogue's primitives; functions with a reference expression need none."""


@cache
def _primitive(name: str) -> Callable[[Series], Series]:
    if name not in PRIMITIVES:
        raise NoSeries(name)
    return PRIMITIVES[name]
