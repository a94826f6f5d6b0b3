"""Special inputs of every function in every format, against sources that no record was made from.

C's own library follows Annex F; for the functions that C does not have, the rows are typed from
the standard or from the documentation named beside them; and Arb tells one-sided limits.
"""

from __future__ import annotations

import ctypes
import platform
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Any

import flint
import pytest

from halfulp.formats import FORMATS
from halfulp.functions import CATALOGUE
from halfulp.reals import encode
from halfulp.reference.domains import in_domain
from halfulp.reference.enclosures import balls
from halfulp.reference.values import Limit, Scaled

if TYPE_CHECKING:
    from collections.abc import Callable

    from halfulp.formats import Format

NAN, INF = float("nan"), float("inf")

LIBM = {
    **{
        name: name
        for name in (
            "exp", "exp2", "exp10", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "pow",
            "hypot", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh",
            "asinh", "acosh", "atanh", "erf", "erfc", "lgamma", "j0", "j1", "y0", "y1",
        )
    },
    "gamma": "tgamma",
}  # fmt: skip
"""Catalogue name -> name in C, of the functions that glibc 2.36 has."""

PLACES = ("nan", "inf", "0", "1", "2", "3", "0.5", "1.5")
MORE = ("10.5", "101", "170.5", "171", "1e4")
"""Inputs taken with both signs, beside the ends and the neighbours of 1 of each format; more for
one argument."""

OF_C = {("j1", "-inf"): "C gives -0, as j1 is odd; it oscillates to 0 from both sides"}
"""Where C gives something else at a place of `CONVENTIONS`."""

TYPED: dict[str, tuple[str, str]] = {
    "rsqrt": ("C23 F.10.4.9", "nan nan, inf 0, -inf nan, 0 inf, -0 -inf, -1 nan, 4 0.5, 1 1"),
    "sinpi": (
        "C23 F.10.1.13",
        (
            "nan nan, inf nan, -inf nan, 0 0, -0 -0, 1 0, -1 -0, 2 0, -2 -0, 64 0, -64 -0, "
            "0.5 1, -0.5 -1, 1.5 -1"
        ),
    ),
    "cospi": (
        "C23 F.10.1.12",
        "nan nan, inf nan, -inf nan, 0 1, -0 1, 1 -1, -1 -1, 2 1, 0.5 0, -0.5 0, 1.5 0, -1.5 0",
    ),
    "sinc": ("limit; numpy.sinc at 0", "nan nan, inf 0, -inf 0, 0 1, -0 1, 1 0, -2 0"),
    "erfinv": (
        "scipy.special.erfinv; odd",
        "nan nan, inf nan, -inf nan, 0 0, -0 -0, 1 inf, -1 -inf, 2 nan, -1.5 nan",
    ),
    "ndtr": ("scipy.special.ndtr", "nan nan, inf 1, -inf 0, 0 0.5, -0 0.5, 40 1, -1e4 0"),
    "log_ndtr": ("scipy.special.log_ndtr", "nan nan, inf -0, -inf -inf, 1e4 -0"),
    "ndtri": (
        "scipy.special.ndtri",
        "nan nan, inf nan, -inf nan, 0 -inf, -0 -inf, 1 inf, 0.5 0, -1 nan, 2 nan",
    ),
    "entr": (
        "scipy.special.entr",
        "nan nan, inf -inf, -inf -inf, 0 0, -0 0, 1 0, -1 -inf, -0.5 -inf",
    ),
    "logit": (
        "scipy.special.logit",
        "nan nan, inf nan, -inf nan, 0 -inf, -0 -inf, 1 inf, 0.5 0, -1 nan, 2 nan",
    ),
    "sigmoid": ("scipy.special.expit", "nan nan, inf 1, -inf 0, 0 0.5, -0 0.5, 1e4 1, -1e4 0"),
    "softplus": ("numpy.logaddexp(0, x)", "nan nan, inf inf, -inf 0, 1e4 1e4, -1e4 0"),
    "silu": ("limit of x sigmoid(x)", "nan nan, inf inf, -inf -0, 0 0, -0 -0, -1e4 -0, 1e4 1e4"),
    "gelu": ("limit of x ndtr(x)", "nan nan, inf inf, -inf -0, 0 0, -0 -0, -1e4 -0, 1e4 1e4"),
    "gelu_tanh": ("limit of its parts", "nan nan, inf inf, -inf -0, 0 0, -0 -0, -1e4 -0, 1e4 1e4"),
    "mish": ("limit of its parts", "nan nan, inf inf, -inf -0, 0 0, -0 -0, -1e4 -0, 1e4 1e4"),
    "digamma": (
        "DLMF 5.2: simple poles of residue -1; scipy.special.psi",
        "nan nan, inf inf, -inf nan, 0 -inf, -0 inf, -1 nan, -2 nan",
    ),
    "polygamma1": (
        "DLMF 5.15.1",
        "nan nan, inf 0, -inf nan, 0 inf, -0 inf, -1 inf, -2 inf",
    ),
    "polygamma2": (
        "DLMF 5.15.1",
        "nan nan, inf -0, -inf nan, 0 -inf, -0 inf, -1 nan, -2 nan",
    ),
    "polygamma3": (
        "DLMF 5.15.1",
        "nan nan, inf 0, -inf nan, 0 inf, -0 inf, -1 inf, -2 inf",
    ),
    "zeta": (
        "DLMF 25.2.1, 25.6.1, 25.6.3, 25.6.4; scipy.special.zeta",
        "nan nan, inf 1, -inf nan, 0 -0.5, -0 -0.5, 1 inf, -2 0, -4 0, -64 0",
    ),
    "i0": ("DLMF 10.30", "nan nan, inf inf, -inf inf, 0 1, -0 1, 1e4 inf, -1e4 inf"),
    "i1": ("DLMF 10.30", "nan nan, inf inf, -inf -inf, 0 0, -0 -0, 1e4 inf, -1e4 -inf"),
    "i0e": ("DLMF 10.30; scipy.special.i0e", "nan nan, inf 0, -inf 0, 0 1, -0 1"),
    "i1e": ("DLMF 10.30; scipy.special.i1e", "nan nan, inf 0, -inf -0, 0 0, -0 -0"),
    "logaddexp": (
        "limit; numpy.logaddexp",
        (
            "nan 0 nan, 0 nan nan, inf nan nan, inf -inf inf, -inf inf inf, inf inf inf, "
            "-inf -inf -inf, -inf 1 1, 1 -inf 1, -inf 0 0, -0 -inf 0, inf 1 inf, 1e4 -1e4 1e4"
        ),
    ),
    "xlog1py": (
        "scipy.special.xlog1py",
        (
            "nan 0 nan, 0 nan nan, 1 nan nan, 0 0 0, -0 0 0, 0 -1 0, 0 inf 0, 1 -1 -inf, "
            "-1 -1 inf, 1 -2 nan, inf -1 -inf, 1 inf inf, -1 inf -inf, inf 1 inf, inf -0.5 -inf, "
            "inf 0 nan, 1 0 0, 1 -inf nan"
        ),
    ),
}
"""Catalogue name -> source and rows "argument ... result"; they hold in every format that has the
arguments. bfloat16 rounds 1e4."""

CONVENTIONS = {
    "j0": "inf -inf", "j1": "inf -inf", "y0": "inf -inf", "y1": "inf -inf",
    "sinc": "inf -inf 1 -1 -2",
    "digamma": "0 -0 -1 -2", "polygamma1": "-inf -1 -2", "polygamma2": "-inf 0 -0 -1 -2",
    "polygamma3": "-inf -1 -2",
    "zeta": "1 -2 -4",
    "ndtri": "0.5", "logit": "0.5", "entr": "0 -0 1",
}  # fmt: skip
"""Where libraries are known to differ, in words: zeros approached from both sides or by
oscillation have no sign of their own; poles with two different one-sided limits give nan here, and
the side of a signed zero counts; other libraries give the limit from the right, or an infinity;
beyond infinitely many poles nan is due here, and SciPy's polygamma gives an infinity."""

every_format = pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS)


def result_at(name: str, fmt: Format, *texts: str) -> int:
    """The encoding of the correctly rounded result at inputs given as texts."""
    return rounded(name, fmt, *(encode(fmt, text) for text in texts))


def rounded(name: str, fmt: Format, *bits: int) -> int:
    result = balls(CATALOGUE[name], fmt).scaled(*bits)
    if isinstance(result, Limit):
        return encode(fmt, result.text)
    assert isinstance(result, Scaled), result
    return result.rounded


def exists(fmt: Format, text: str) -> bool:
    """Whether a number of a row is a number of the format, not rounded to an infinity."""
    return text.endswith(("nan", "inf")) or abs(Fraction(text)) <= fmt.max_finite


def test_every_function_has_a_source_of_its_own() -> None:
    assert set(CATALOGUE) == set(LIBM) | set(TYPED)
    assert not set(LIBM) & set(TYPED)


# -- C's library -------------------------------------------------------------------------------


def c_function(name: str) -> Callable[..., float]:
    function = getattr(ctypes.CDLL("libm.so.6"), LIBM[name])
    function.restype = ctypes.c_double
    function.argtypes = [ctypes.c_double] * CATALOGUE[name].arity
    return function  # type: ignore[no-any-return] # ctypes has no types for it


def as_double(fmt: Format, bits: int) -> float:
    if fmt.is_nan(bits):
        return NAN
    if fmt.is_inf(bits):
        return -INF if fmt.is_negative(bits) else INF
    return -0.0 if bits == fmt.sign_bit else float(fmt.value(bits))


def from_double(fmt: Format, value: float) -> int:
    """Round a result of C to the format; it is exact, or the comparison allows for it."""
    if value != value or abs(value) == INF:
        return encode(fmt, str(value))
    return fmt.round(Fraction(value), negative_zero=str(value).startswith("-"))


def described(fmt: Format, bits: int) -> str:
    """The class of a result: nan, a signed infinity or zero, or a number."""
    if fmt.is_nan(bits):
        return "nan"
    return "number" if fmt.is_finite(bits) and fmt.magnitude(bits) else fmt.hex(bits)


def places(fmt: Format, arity: int) -> list[int]:
    one, odd = fmt.round(Fraction(1)), fmt.round(Fraction(2**fmt.p - 1))
    ends = (1, 1 << (fmt.p - 1), one - 1, one + 1, odd, odd + 1, fmt.max_magnitude)
    texts = PLACES if arity > 1 else (*PLACES, *MORE)
    found = [*ends, *(encode(fmt, text) for text in texts)]
    return [bits | sign for bits in found for sign in (0, fmt.sign_bit)]


def is_near(fmt: Format, got: int, want: int) -> bool:
    """Whether C's result is of the same class and within 20 steps, or beside it by rounding."""
    steps = 0 if fmt.is_nan(got) or fmt.is_nan(want) else abs(fmt.ordinal(got) - fmt.ordinal(want))
    return steps == 1 or (steps <= 20 and described(fmt, got) == described(fmt, want))


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="glibc documents that it follows Annex F"
)
@every_format
@pytest.mark.parametrize("name", sorted(LIBM))
def test_results_at_special_inputs_are_those_of_annex_f(name: str, fmt: Format) -> None:
    function, arity = c_function(name), CATALOGUE[name].arity
    for bits in product(places(fmt, arity), repeat=arity):
        got = from_double(fmt, function(*(as_double(fmt, each) for each in bits)))
        want = rounded(name, fmt, *bits)
        if not is_near(fmt, got, want):
            shown = " ".join(map(fmt.hex, bits))
            assert (name, shown) in OF_C, f"{name} {shown}: {fmt.hex(got)} in C, {fmt.hex(want)}"


# -- rows typed from their sources -------------------------------------------------------------


@every_format
@pytest.mark.parametrize("name", TYPED)
def test_rows_of_standards_and_documentations(name: str, fmt: Format) -> None:
    source, rows = TYPED[name]
    for row in rows.split(","):
        *inputs, text = row.split()
        if all(exists(fmt, word) for word in inputs):
            got = fmt.hex(result_at(name, fmt, *inputs))
            assert got == fmt.hex(encode(fmt, text)), f"{name}({', '.join(inputs)}) by {source}"


@pytest.mark.parametrize(
    ("name", "inputs", "text"),
    [
        ("pow", "nan 0", "1"),
        ("pow", "nan -0", "1"),
        ("pow", "1 nan", "1"),
        ("pow", "-1 -inf", "1"),
        ("pow", "-0 -3", "-inf"),
        ("pow", "-0 -2", "inf"),
        ("pow", "-0 3", "-0"),
        ("pow", "-inf -3", "-0"),
        ("pow", "-inf 0.5", "inf"),
        ("pow", "-8 0.5", "nan"),
        ("hypot", "nan inf", "inf"),
        ("hypot", "-inf nan", "inf"),
        ("hypot", "-0 -0", "0"),
        ("atan2", "0 0", "0"),
        ("atan2", "-0 1", "-0"),
        ("atan2", "-1 inf", "-0"),
        ("log", "-0", "-inf"),
        ("log1p", "-1", "-inf"),
        ("log1p", "-0", "-0"),
        ("expm1", "-inf", "-1"),
        ("sqrt", "-0", "-0"),
        ("cbrt", "-inf", "-inf"),
        ("erf", "-inf", "-1"),
        ("exp", "-inf", "0"),
        ("gamma", "-0", "-inf"),
        ("gamma", "-1", "nan"),
        ("gamma", "-inf", "nan"),
        ("lgamma", "-1", "inf"),
        ("lgamma", "-inf", "inf"),
        ("acos", "1", "0"),
        ("acosh", "1", "0"),
        ("atanh", "-1", "-inf"),
        ("y0", "-0", "-inf"),
    ],
)
@every_format
def test_rows_of_annex_f(name: str, inputs: str, text: str, fmt: Format) -> None:
    assert fmt.hex(result_at(name, fmt, *inputs.split())) == fmt.hex(encode(fmt, text))


@every_format
def test_angles_of_atan2_at_zeros_and_infinities(fmt: Format, arbiter: Any) -> None:
    """C23 F.10.1.4: multiples of pi/4."""
    rows = [("0 -0", 4), ("0 -1", 4), ("1 0", 2), ("1 -0", 2), ("inf 1", 2), ("inf inf", 1),
            ("inf -inf", 3), ("1 -inf", 4)]  # fmt: skip
    for inputs, quarters in rows:
        with flint.ctx.workprec(200):
            bounds = arbiter.rational(flint.arb.pi() * quarters / 4, 100)
        y, x = (encode(fmt, word) for word in inputs.split())
        for sign in (0, fmt.sign_bit):
            assert rounded("atan2", fmt, y | sign, x) == fmt.round_enclosure(*bounds) | sign


# -- conventions -------------------------------------------------------------------------------


@every_format
def test_conventions_are_those_listed(function_name: str, fmt: Format) -> None:
    record = CATALOGUE[function_name]
    if record.arity > 1:
        return
    listed = CONVENTIONS.get(record.name, "").split()
    referee = balls(record, fmt)
    for word in {"nan", "inf", "-inf", "0", "-0", "1", "-1", "-2", "0.5", *listed}:
        row = record.special(referee.point(encode(fmt, word)))
        assert (row is not None and row.convention) == (word in listed), (word, row)


# -- one-sided limits, by Arb ------------------------------------------------------------------

NEAR_AND_NEARER = {
    "0": (Fraction(1, 2**8), Fraction(1, 2**32)),
    "-0": (Fraction(-1, 2**8), Fraction(-1, 2**32)),
    "inf": (Fraction(8), Fraction(32)),
    "-inf": (Fraction(-8), Fraction(-32)),
}
"""Special input -> two arguments on the way to it."""

OSCILLATE = {"sinc", "j0", "j1", "y0", "y1"}

UNLIKE_LIMITS = {
    ("entr", "-inf"): "-inf below 0 is SciPy's definition, no value",
    ("entr", "-0"): "the same",
    ("lgamma", "-inf"): "C23 F.10.5.3 says inf, though poles and zeros lie on the way",
}


def approaches(text: str, near: Any, nearer: Any) -> bool:
    """Whether balls at two arguments tell that the limit is the result of a special input."""
    if text.endswith("inf"):
        sign = -1 if text.startswith("-") else 1
        return bool(sign * nearer > sign * near) and bool(sign * nearer > 0.5)
    if text in {"0", "-0"}:
        sign = -1 if text == "-0" else 1
        return bool(sign * nearer > 0) and bool(abs(nearer) < abs(near))
    value = flint.arb.pi() / 2 if "pi" in text else flint.arb(flint.fmpq(*_terms(text)))
    limit = -value if text.startswith("-pi") else value
    return bool(abs(nearer - limit) < abs(near - limit)) and bool(abs(near - limit) < 0.3)


def _terms(text: str) -> tuple[int, int]:
    value = Fraction(text) if "pi" not in text else Fraction(0)
    return value.numerator, value.denominator


@pytest.mark.parametrize("place", NEAR_AND_NEARER)
def test_special_results_are_one_sided_limits(function_name: str, place: str, arbiter: Any) -> None:
    record = CATALOGUE[function_name]
    if record.arity > 1 or (record.name in OSCILLATE and "inf" in place):
        return
    fmt = FORMATS["float64"]
    row = record.special(balls(record, fmt).point(encode(fmt, place)))
    near, nearer = NEAR_AND_NEARER[place]
    if row is None or row.result == "nan" or not in_domain(record, nearer):
        return
    if (record.name, place) in UNLIKE_LIMITS:
        return
    with flint.ctx.workprec(6_000):
        first, second = (arbiter.function(record.name, [value]) for value in (near, nearer))
        assert approaches(row.result, first, second), f"{record.name}({place}) = {row.result}"


# -- signs of underflowed results --------------------------------------------------------------


@every_format
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("exp", "0"), ("exp2", "0"), ("exp10", "0"), ("expm1", "-1"), ("sigmoid", "0"),
        ("tanh", "-1"), ("erf", "-1"), ("erfc", "2"), ("softplus", "0"), ("silu", "-0"),
        ("gelu", "-0"), ("gelu_tanh", "-0"), ("mish", "-0"), ("ndtr", "0"), ("log_ndtr", "-inf"),
        ("sinh", "-inf"), ("cosh", "inf"), ("i0", "inf"), ("i1", "-inf"),
    ],
)  # fmt: skip
def test_results_at_the_negative_end_have_the_sign_of_the_real(
    name: str, text: str, fmt: Format
) -> None:
    got = rounded(name, fmt, fmt.sign_bit | fmt.max_magnitude)
    assert fmt.hex(got) == fmt.hex(encode(fmt, text))


@every_format
def test_gamma_underflows_with_the_sign_of_its_interval(fmt: Format) -> None:
    """gamma is negative between -1 and 0, positive between -2 and -1, and so on (DLMF 5.5.3)."""
    for whole in (201, 202, 203):
        place = encode(fmt, f"-{whole}.5")
        if fmt.value(place) == Fraction(-whole) - Fraction(1, 2) and fmt.name != "float16":
            wanted = 0 if whole % 2 else fmt.sign_bit
            assert rounded("gamma", fmt, place) in {wanted, wanted | 1}
