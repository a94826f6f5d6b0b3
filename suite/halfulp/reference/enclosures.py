"""Enclosures: Arb's balls through python-flint, proved and several times faster than the oracle.

Precision is raised until a ball is narrow enough. `flint.ctx` is global to the process, so all work
with it happens in the main thread of a process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

from flint import acb, arb, ctx

from halfulp.expressions import Apply, Expression, Name, Number
from halfulp.formats import Format
from halfulp.functions import CATALOGUE
from halfulp.functions.record import Function
from halfulp.reference.referee import MAX_PRECISION, Referee
from halfulp.reference.values import Dyadic, Enclosure, Exact, Result, Undecided

Ball = Any  # python-flint ships no types

_SPARE = 80
"""Bits of the first attempt above the format's precision."""

_TRUSTED = 64
"""Bits above the format's precision in which a ball must be accurate, unless more are wanted."""


@cache
def _power_of_two(exponent: int) -> Ball:
    """Return 2^exponent exactly; products with it are exact and ten times faster to make."""
    return arb((1, exponent))


class Balls(Referee):
    """The exact results of one function in one format, by Arb."""

    asks_exact_first = False

    def __init__(self, function: Function, fmt: Format) -> None:
        super().__init__(function, fmt)
        self._primitive = PRIMITIVES.get(function.name) if function.reference is None else None

    def enclose(self, arguments: Sequence[Dyadic], extra: int) -> Result:
        """Enclose the result, with precision raised until it is nonzero and narrow."""
        tangent = self._beside_tangent(*arguments[0], extra)
        if tangent is not None:
            return tangent
        precision = self.fmt.p + _SPARE + extra
        wanted = self.fmt.p + _TRUSTED + extra
        # Far below the format only the sign is wanted.
        least = self.fmt.emin - self.fmt.p - 80
        while precision <= 2 * MAX_PRECISION:
            ctx.prec = precision
            ball = self._evaluate([arb(m) * _power_of_two(e) for m, e in arguments])
            found = _from_ball(ball, wanted, least)
            if found is not None:
                return found
            precision *= 2
        return Undecided(f"Arb did not decide the result within {precision // 2} bits")

    def _beside_tangent(self, significand: int, exponent: int, extra: int) -> Enclosure | None:
        """Return the enclosure beside x of a small x, if the record knows on which side.

        |f(x) - x| < |x|^(k+1), k the linear order, is below the radius if |x|^k < 2^-bits. The
        oracle does not take this short cut, and so checks it.
        """
        record = self.function
        bits = self.fmt.p + _TRUSTED + extra
        if record.tangent is None or record.linear_order is None:
            return None
        if (significand.bit_length() + exponent) * record.linear_order > -bits:
            return None
        positive = significand > 0
        above = {
            "above": True,
            "below": False,
            "outward": positive,
            "inward": not positive,
        }[record.tangent]
        middle, width = significand << bits, abs(significand)
        low, high = (middle, middle + width) if above else (middle - width, middle)
        return Enclosure(low, high, exponent - bits, open_ends=True)

    def enclose_constant(self, text: str) -> Enclosure:
        """Enclose an irrational constant expression."""
        from halfulp.functions import parse

        ctx.prec = 2 * self.fmt.p + 64
        found = _from_ball(evaluate_tree(parse(text), {}), self.fmt.p + _TRUSTED, 0)
        assert isinstance(found, Enclosure), text
        return found._replace(open_ends=True)

    def _evaluate(self, arguments: list[Ball]) -> Ball:
        if self._primitive is not None:
            return self._primitive(*arguments)
        assert self.function.reference is not None, f"no way to enclose {self.function.name}"
        named = dict(zip(self.function.arguments, arguments, strict=True))
        return evaluate_tree(self.function.reference, named)


def _from_ball(ball: Ball, wanted: int, least: int) -> Result | None:
    """Return a ball as an enclosure if it is narrow enough, or tiny and of one sign.

    Parameters
    ----------
    wanted
        Bits of relative accuracy.
    least
        Exponent below which a result needs none.
    """
    middle, exponent = ball.mid().man_exp() if ball.is_finite() else (0, 0)
    radius, radius_exponent = ball.rad().man_exp() if ball.is_finite() else (0, 0)
    middle, exponent, radius_exponent = int(middle), int(exponent), int(radius_exponent)
    if not middle:
        return None
    if not radius:
        return (
            Exact(Fraction(middle) * Fraction(2) ** exponent) if abs(exponent) < 1 << 20 else None
        )
    radius = int(radius)
    top = middle.bit_length() + exponent
    accuracy = top - radius.bit_length() - radius_exponent
    if accuracy < wanted and not (accuracy > 1 and top < least):
        return None
    finest = top - 2 * MAX_PRECISION
    if radius.bit_length() + radius_exponent < finest:
        radius, radius_exponent = 1, finest  # a wider ball with shorter numbers
    unit = min(exponent, radius_exponent)
    middle <<= exponent - unit
    radius <<= radius_exponent - unit
    return Enclosure(middle - radius, middle + radius, unit)


def evaluate_tree(tree: Expression, arguments: dict[str, Ball]) -> Ball:
    """Evaluate an expression over balls; what is not real comes out as nan."""
    match tree:
        case Number(value=value):
            return arb(value.numerator) / value.denominator
        case Name(name=name):
            return arb.pi() if name == "pi" else arguments[name]
        case Apply(operation, operands):
            values = [evaluate_tree(operand, arguments) for operand in operands]
            return _apply(operation, values)
    raise TypeError(tree)


def _apply(operation: str, values: list[Ball]) -> Ball:
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
            return _pow(*values)
    function = CATALOGUE[operation]
    if function.reference is None:
        return PRIMITIVES[operation](*values)
    return evaluate_tree(function.reference, dict(zip(function.arguments, values, strict=True)))


# -- primitives --------------------------------------------------------------------------------


def _cbrt(x: Ball) -> Ball:
    """Return the real cube root; Arb's roots are of positive numbers."""
    return -(-x).root(3) if x < 0 else x.root(3)


def _pow(x: Ball, y: Ball) -> Ball:
    """Return x^y; a negative x needs an exact integer y."""
    if x < 0 and y.is_integer():
        power = (y * (-x).log()).exp()
        return -power if int(y.unique_fmpz()) & 1 else power
    return (y * x.log()).exp()


def _log_of(base: int) -> Callable[[Ball], Ball]:
    return lambda x: x.log() / arb(base).log()


def _power_of(base: int) -> Callable[[Ball], Ball]:
    return lambda x: (x * arb(base).log()).exp()


def _lgamma(x: Ball) -> Ball:
    """Return log|gamma(x)|, by reflection below 0, where Arb's own is nan."""
    if x > 0:
        return x.lgamma()
    return (arb.pi() / abs(x.sin_pi())).log() - (1 - x).lgamma()


def _polygamma(n: int) -> Callable[[Ball], Ball]:
    """Return the n-th derivative of digamma: (-1)^(n+1) n! zeta(n + 1, x) for x > 0.

    Below 0 by reflection, (-1)^n psi_n(1 - x) - pi^(n+1) cot^(n)(pi x) (DLMF 5.15.6), because
    Arb's Hurwitz zeta is slow there and far out does not come to a result.
    """
    factor = arb.fac_ui(n) * (1 if n % 2 else -1)

    def positive(x: Ball) -> Ball:
        return factor * acb(n + 1).zeta(acb(x)).real

    def everywhere(x: Ball) -> Ball:
        if x > 0:
            return positive(x)
        reflected = positive(1 - x) * (-1 if n % 2 else 1)
        return reflected - arb.pi() ** (n + 1) * _cotangent_derivative(n, x.cot_pi())

    return everywhere


def _cotangent_derivative(n: int, c: Ball) -> Ball:
    """Return the n-th derivative of cot, n from 1 to 3, where cot has the value c."""
    square = c * c
    return {
        1: lambda: -(1 + square),
        2: lambda: 2 * c * (1 + square),
        3: lambda: -2 * (1 + square) * (1 + 3 * square),
    }[n]()


def _softplus(x: Ball) -> Ball:
    return x + (-x).exp().log1p() if x > 0 else x.exp().log1p()


def _logaddexp(x: Ball, y: Ball) -> Ball:
    high, low = (x, y) if x > y else (y, x)
    return high + (low - high).exp().log1p()


def _log_ndtr(x: Ball) -> Ball:
    """Return log(erfc(z)/2), z = -x/sqrt(2), by the form that does not cancel.

    Far out, erfc(z) = exp(-z^2) U(1/2, 1/2, z^2) / sqrt(pi) (DLMF 7.11.5).
    """
    root = arb(2).sqrt()
    if x > 0:
        return (-(x / root).erfc() / 2).log1p()
    if x > -10:
        return ((-x / root).erfc() / 2).log()
    square = x * x / 2
    tail = arb.hypgeom_u(square, arb(0.5), arb(0.5))
    return tail.log() - square - (2 * arb.pi().sqrt()).log()


def _ndtri(x: Ball) -> Ball:
    return -arb(2).sqrt() * (2 * x).erfcinv()


def _scaled_i0(x: Ball) -> Ball:
    return abs(x).bessel_i(0, scaled=True)


def _scaled_i1(x: Ball) -> Ball:
    scaled = abs(x).bessel_i(1, scaled=True)
    return -scaled if x < 0 else scaled


PRIMITIVES: dict[str, Callable[..., Ball]] = {
    "exp": arb.exp,
    "exp2": _power_of(2),
    "exp10": _power_of(10),
    "expm1": arb.expm1,
    "log": arb.log,
    "log2": _log_of(2),
    "log10": _log_of(10),
    "log1p": arb.log1p,
    "sqrt": arb.sqrt,
    "rsqrt": arb.rsqrt,
    "cbrt": _cbrt,
    "pow": _pow,
    "hypot": lambda x, y: (x * x + y * y).sqrt(),
    "sin": arb.sin,
    "cos": arb.cos,
    "tan": arb.tan,
    "asin": arb.asin,
    "acos": arb.acos,
    "atan": arb.atan,
    "atan2": arb.atan2,
    "sinpi": arb.sin_pi,
    "cospi": arb.cos_pi,
    "sinc": arb.sinc_pi,
    "sinh": arb.sinh,
    "cosh": arb.cosh,
    "tanh": arb.tanh,
    "asinh": arb.asinh,
    "acosh": arb.acosh,
    "atanh": arb.atanh,
    "erf": arb.erf,
    "erfc": arb.erfc,
    "erfinv": arb.erfinv,
    "ndtri": _ndtri,
    "log_ndtr": _log_ndtr,
    "softplus": _softplus,
    "logaddexp": _logaddexp,
    "gamma": arb.gamma,
    "lgamma": _lgamma,
    "digamma": arb.digamma,
    "polygamma1": _polygamma(1),
    "polygamma2": _polygamma(2),
    "polygamma3": _polygamma(3),
    "zeta": arb.zeta,
    "i0": lambda x: x.bessel_i(0),
    "i1": lambda x: x.bessel_i(1),
    "i0e": _scaled_i0,
    "i1e": _scaled_i1,
    "j0": lambda x: x.bessel_j(0),
    "j1": lambda x: x.bessel_j(1),
    "y0": lambda x: x.bessel_y(0),
    "y1": lambda x: x.bessel_y(1),
}
"""Catalogue functions that Arb evaluates itself; the others have a reference expression."""


@cache
def balls(function: Function, fmt: Format) -> Balls:
    """Return the enclosures of a function and format; each process has its own."""
    return Balls(function, fmt)
