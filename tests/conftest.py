"""What the tests of functions and references share: an arbiter that uses neither of them.

It evaluates expression trees over Arb balls (python-flint) with code of its own, so that nothing it
says depends on mpmath, on the suite's enclosures or on the rules of a record.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import flint
import pytest
from flint import acb, arb, fmpq

from halfulp import expressions
from halfulp.functions import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from halfulp.expressions import Expression, Number
    from halfulp.formats import Format
    from halfulp.reference.values import Scaled

collect_ignore = ["example_project"]
"""A project of its own, whose tests `tests/pytest_plugin` runs as its authors would."""

Ball = Any  # python-flint ships no types
Bounds = tuple[Fraction, Fraction]

FARTHEST = 20_000
"""Binary exponent, either sign, beyond which reals are all the same to every format."""

ONE_ULP = 1 << 60


def _power(base: Ball, exponent: Ball) -> Ball:
    if not (exponent.is_exact() and exponent.is_integer()):
        return (exponent * base.log()).exp()
    whole = int(exponent.unique_fmpz())
    if abs(whole) <= 64:
        return base**whole
    size = (exponent * abs(base).log()).exp()
    return -size if base < 0 and whole & 1 else size


def _cube_root(x: Ball) -> Ball:
    return -(-x).root(3) if x < 0 else x.root(3)


def _ndtr(x: Ball) -> Ball:
    return (-x / arb(2).sqrt()).erfc() / 2


def _softplus(x: Ball) -> Ball:
    """Return log(1 + e^x), by symmetry from below 0."""
    return x.exp().log1p() if x < 0 else x + (-x).exp().log1p()


def _log_gamma(x: Ball) -> Ball:
    return abs(x.gamma()).log()


def _polygamma(n: int) -> Callable[[Ball], Ball]:
    """Return the series (-1)^(n+1) n! sum 1/(x + k)^(n+1) as a Hurwitz zeta function."""
    return lambda x: (-1) ** (n + 1) * arb.fac_ui(n) * acb(n + 1).zeta(acb(x)).real


def _gelu_tanh(x: Ball) -> Ball:
    inner = (2 / arb.pi()).sqrt() * (x + arb(fmpq(44715, 10**6)) * x**3)
    return x / 2 * (1 + inner.tanh())


class Arbiter:
    """Values of catalogue functions and expressions as balls, and as rational bounds."""

    FUNCTIONS: ClassVar[dict[str, Callable[..., Ball]]] = {
        "exp": arb.exp,
        "exp2": lambda x: (x * arb.const_log2()).exp(),
        "exp10": lambda x: (x * arb.const_log10()).exp(),
        "expm1": arb.expm1,
        "log": arb.log,
        "log2": lambda x: x.log() / arb.const_log2(),
        "log10": lambda x: x.log() / arb.const_log10(),
        "log1p": arb.log1p,
        "sqrt": arb.sqrt,
        "rsqrt": lambda x: 1 / x.sqrt(),
        "cbrt": _cube_root,
        "pow": _power,
        "hypot": lambda x, y: abs(acb(x, y)),
        "sin": arb.sin,
        "cos": arb.cos,
        "tan": arb.tan,
        "asin": arb.asin,
        "acos": arb.acos,
        "atan": arb.atan,
        "atan2": lambda y, x: acb(x, y).arg(),
        "sinpi": arb.sin_pi,
        "cospi": arb.cos_pi,
        "sinc": lambda x: x.sin_pi() / (arb.pi() * x),
        "sinh": arb.sinh,
        "cosh": arb.cosh,
        "tanh": arb.tanh,
        "asinh": arb.asinh,
        "acosh": arb.acosh,
        "atanh": arb.atanh,
        "erf": arb.erf,
        "erfc": arb.erfc,
        "erfinv": arb.erfinv,
        "ndtr": _ndtr,
        "log_ndtr": lambda x: _ndtr(x).log(),
        "ndtri": lambda x: arb(2).sqrt() * (2 * x - 1).erfinv(),
        "entr": lambda x: -x * x.log(),
        "logit": lambda x: x.log() - (1 - x).log(),
        "logaddexp": lambda x, y: x + _softplus(y - x),
        "xlog1py": lambda x, y: x * y.log1p(),
        "sigmoid": lambda x: 1 / (1 + (-x).exp()),
        "softplus": _softplus,
        "silu": lambda x: x / (1 + (-x).exp()),
        "gelu": lambda x: x * _ndtr(x),
        "gelu_tanh": _gelu_tanh,
        "mish": lambda x: x * _softplus(x).tanh(),
        "gamma": arb.gamma,
        "lgamma": _log_gamma,
        "digamma": arb.digamma,
        "polygamma1": _polygamma(1),
        "polygamma2": _polygamma(2),
        "polygamma3": _polygamma(3),
        "zeta": arb.zeta,
        "i0": lambda x: x.bessel_i(0),
        "i1": lambda x: x.bessel_i(1),
        "i0e": lambda x: (-abs(x)).exp() * x.bessel_i(0),
        "i1e": lambda x: (-abs(x)).exp() * x.bessel_i(1),
        "j0": lambda x: x.bessel_j(0),
        "j1": lambda x: x.bessel_j(1),
        "y0": lambda x: x.bessel_y(0),
        "y1": lambda x: x.bessel_y(1),
    }
    """The test's own table: a record of the catalogue that is missing here fails a test by name."""

    def tree(self, tree: Expression, values: Mapping[str, Fraction]) -> Ball:
        """Return the ball of an expression at rational arguments, at the current precision."""
        named = {name: self.exact(value) for name, value in values.items()}
        named["pi"] = arb.pi()
        return expressions.fold(tree, self._number, named.__getitem__, self._apply)

    def function(self, name: str, values: Sequence[Fraction]) -> Ball:
        """Return the ball of a catalogue function at rational arguments."""
        return self.FUNCTIONS[name](*map(self.exact, values))

    @staticmethod
    def exact(value: Fraction) -> Ball:
        """Return a dyadic rational as a ball of radius 0."""
        denominator = value.denominator
        assert denominator & (denominator - 1) == 0
        return arb((value.numerator, 1 - denominator.bit_length()))

    @staticmethod
    def _number(number: Number) -> Ball:
        return arb(fmpq(number.value.numerator, number.value.denominator))

    def _apply(self, operation: str, values: tuple[Ball, ...]) -> Ball:
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
        return self.FUNCTIONS[operation](*values)

    def bounds(
        self, name: str, values: Sequence[Fraction], bits: int, most: int = 8_192
    ) -> Bounds | None:
        """Return bounds of a catalogue function, accurate to so many bits.

        Exponents beyond `FARTHEST` are cut to it. None where `most` bits of precision do not do.
        """
        return self._narrow(lambda: self.function(name, values), bits, most)

    def tree_bounds(
        self, tree: Expression, values: Mapping[str, Fraction], bits: int, most: int = 8_192
    ) -> Bounds | None:
        """Return the same of an expression."""
        return self._narrow(lambda: self.tree(tree, values), bits, most)

    def _narrow(self, make: Callable[[], Ball], bits: int, most: int) -> Bounds | None:
        precision = bits + 32
        while precision <= most:
            with flint.ctx.workprec(precision):
                ball = make()
                if ball.is_finite() and ball.rel_accuracy_bits() >= bits:
                    return self.rational(ball, bits)
            precision *= 2
        return None

    @staticmethod
    def rational(ball: Ball, bits: int) -> Bounds:
        """Return the bounds of a ball that excludes 0, widened to little more than `bits` bits."""
        middle, exponent = map(int, ball.mid().man_exp())
        radius, radius_exponent = map(int, ball.rad().man_exp())
        top = middle.bit_length() + exponent
        if abs(top) > FARTHEST:
            far = Fraction(2) ** (FARTHEST if top > 0 else -FARTHEST)
            return (far, far) if middle > 0 else (-far, -far)
        if radius and radius.bit_length() + radius_exponent < top - bits - 64:
            radius, radius_exponent = 1, top - bits - 64
        unit = min(exponent, radius_exponent) if radius else exponent
        middle, radius = middle << (exponent - unit), radius << max(radius_exponent - unit, 0)
        scale = Fraction(2) ** unit
        return (middle - radius) * scale, (middle + radius) * scale


@pytest.fixture(scope="session")
def arbiter() -> Arbiter:
    """Return the arbiter."""
    return Arbiter()


def _scaled_bounds(scaled: Scaled) -> Bounds:
    unit = Fraction(2) ** scaled.unit / ONE_ULP
    base = scaled.whole * ONE_ULP
    return (base + scaled.low) * unit, (base + scaled.high) * unit


def _contradiction(fmt: Format, scaled: Scaled, real: Bounds) -> str | None:
    """Return how a scaled result contradicts proved bounds of the real, or None."""
    threshold = 2**fmt.emax * (2 - Fraction(1, 2**fmt.p))
    low, high = _scaled_bounds(scaled)
    if min(map(abs, real)) >= threshold:
        sign = 1 if real[0] > 0 else -1
        if low != sign * Fraction(2) ** (fmt.emax + 1) or low != high:
            return "an overflow does not count as 2^(emax+1)"
    elif low > real[1] or high < real[0]:
        return "the intervals do not meet"
    elif (unit := fmt.ulp_exponent(real[0])) == fmt.ulp_exponent(real[1]) != scaled.unit:
        return f"the unit is not {unit}"
    rounded = fmt.round_enclosure(*real)
    if rounded is not None and rounded != scaled.rounded:
        return f"the correctly rounded result is {fmt.hex(rounded)}"
    return None


@pytest.fixture(scope="session")
def contradiction() -> Callable[[Format, Scaled, Bounds], str | None]:
    """Return a function that says how a scaled result contradicts bounds of the real."""
    return _contradiction


@pytest.fixture(scope="session", params=sorted(CATALOGUE))
def function_name(request: pytest.FixtureRequest) -> str:
    """Return the name of each record of the catalogue in turn."""
    return str(request.param)


FAULTS = Path(__file__).parent / "subject" / "faults"


@pytest.fixture
def bad_adapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Install the adapter of tests/subject/faults for subjects to find, and return its name.

    Its setting `fault` names what goes wrong; without one it returns its input.
    """
    installed = tmp_path / "installed"
    record = installed / "halfulp_faults-1.dist-info"
    record.mkdir(parents=True)
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: halfulp-faults\nVersion: 1\n")
    (record / "entry_points.txt").write_text(
        "[halfulp.adapters]\nfaulty = halfulp_faults:adapter\n"
    )
    (installed / "halfulp_faults.py").symlink_to(FAULTS / "halfulp_faults.py")
    # Seen by subjects, which inherit the environment, and by the entry points of this process.
    monkeypatch.setenv("PYTHONPATH", str(installed))
    monkeypatch.syspath_prepend(installed)
    return "faulty"
