"""What each output is: correctly rounded, faithful, of the right class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from halfulp import encodings
from halfulp.encodings import Bits, Bool
from halfulp.judge.errors import scaled_outputs
from halfulp.reference.truth import Kind, Truth, is_exact
from halfulp.reference.values import Flag
from halfulp.runs.schema import DEFECTS


def steps(truth: Truth, outputs: Bits) -> npt.NDArray[np.uint64]:
    """Return distances in encodings to the correctly rounded results; ±0 are one number.

    They mean something where both are numbers and the rounding is decided.
    """
    bias = np.uint64(1 << 63)
    got = encodings.ordinals(truth.fmt, outputs).astype(np.uint64) + bias
    want = encodings.ordinals(truth.fmt, truth.rounded).astype(np.uint64) + bias
    return np.where(got >= want, got - want, want - got)


def faithful(truth: Truth, outputs: Bits) -> Bool:
    """Return where no number of the format lies strictly between output and R, nor equals R.

    In units of ulp(R) the numbers beside R are the integers beside it. Beyond the overflow
    threshold they are the largest finite number and infinity.
    """
    significand, exponent = encodings.significands(truth.fmt, outputs)
    shift = np.minimum(exponent - truth.unit, 1 + 60 - truth.fmt.p)
    scaled, inexact = scaled_outputs(significand, shift)
    integral = (scaled.fraction == 0) & ~inexact
    exact = is_exact(truth)
    lower = scaled.whole == truth.whole
    upper = (scaled.whole == truth.whole + 1) & ~exact
    top = 1 << truth.fmt.p
    largest = ((truth.whole == top) & (scaled.whole == top - 1)) | (
        (truth.whole == -top) & (scaled.whole == 1 - top)
    )
    found: Bool = integral & (lower | upper | (exact & largest))
    return found


@dataclass(frozen=True)
class _Signs:
    """Signs and zeros of exact results and outputs."""

    got_negative: Bool
    want_negative: Bool
    got_zero: Bool
    got_inf: Bool
    got_nan: Bool
    real_zero: Bool


def _signs(truth: Truth, outputs: Bits) -> _Signs:
    fmt = truth.fmt
    return _Signs(
        got_negative=encodings.negative(fmt, outputs),
        want_negative=encodings.negative(fmt, truth.rounded),
        got_zero=encodings.magnitudes(fmt, outputs) == 0,
        got_inf=encodings.is_inf(fmt, outputs),
        got_nan=encodings.is_nan(fmt, outputs),
        real_zero=is_exact(truth) & (truth.whole == 0),
    )


def classes(truth: Truth, outputs: Bits) -> dict[str, Bool]:
    """Return where outputs fall into each class of special results (`halfulp.runs.schema`)."""
    number = truth.kind == Kind.NUMBER
    want_nan = truth.kind == Kind.NAN
    want_inf = (truth.kind == Kind.PLUS_INF) | (truth.kind == Kind.MINUS_INF)
    overflow = number & encodings.is_inf(truth.fmt, truth.rounded)
    signs = _signs(truth, outputs)
    differ = (signs.got_negative != signs.want_negative) & ~signs.got_nan
    wrong_inf_sign = (want_inf | overflow) & signs.got_inf & differ
    any_zero = (truth.flags & int(Flag.ANY_ZERO_SIGN)) != 0
    found = {
        "nan_expected": want_nan,
        "inf_expected": want_inf,
        "nan_returned": (number | want_inf) & signs.got_nan,
        "nan_missing": want_nan & ~signs.got_nan,
        "finite_at_pole": want_inf & ~signs.got_nan & ~signs.got_inf,
        "wrong_inf_sign": wrong_inf_sign,
        "wrong_sign": number & differ & ~signs.got_zero & ~signs.real_zero & ~wrong_inf_sign,
        "wrong_zero_sign": number & differ & signs.got_zero & ~any_zero,
        "nonzero_at_zero": number & signs.real_zero & ~signs.got_zero & ~signs.got_nan,
    }
    return _excused(truth, found)


def _excused(truth: Truth, found: dict[str, Bool]) -> dict[str, Bool]:
    """Return the classes with defects at inputs of a convention counted as that instead."""
    by_convention = (truth.flags & int(Flag.CONVENTION)) != 0
    other = np.zeros(by_convention.shape, dtype=np.bool_)
    for name in DEFECTS:
        other |= found[name]
    kept = {
        name: mask & ~by_convention if name in DEFECTS else mask for name, mask in found.items()
    }
    return {**kept, "convention": other & by_convention}
