"""Results in arrays, judged in this process."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from halfulp import functions
from halfulp.assertions.arrays import Encoded, encoded
from halfulp.encodings import Bits, Bool
from halfulp.exceptions import HalfulpError, UsageError
from halfulp.judge.errors import Errors, errors
from halfulp.judge.verdicts import classes
from halfulp.reference.truth import Kind, Truth, truth
from halfulp.reference.values import FRACTION_BITS, ONE
from halfulp.runs.schema import CLASSES, DEFECTS
from halfulp.subject.fpstate import DEFAULT, difference, floating_point_state

if TYPE_CHECKING:
    from halfulp.formats import Format
    from halfulp.functions import Function

_CHUNK = 1 << 16
"""Inputs that are judged at once: it bounds the memory."""


def judged(function: str, x: Any, y: Any) -> Judgement:
    """Return results with what is exact at their inputs; see `halfulp.ulp_error`."""
    if changes := difference(DEFAULT, floating_point_state()):
        raise HalfulpError(
            f"Something has changed {changes} in this process, so that nothing can be judged in "
            "it. Restore the state, or judge with isolated=True."
        )
    record = functions.get(function)
    results = encoded(y, "y")
    given = x if record.arity > 1 and isinstance(x, tuple | list) else (x,)
    if len(given) != record.arity:
        raise UsageError(
            f"{record.name} takes {record.arity} arguments: give x as a tuple of {record.arity} "
            "arrays."
        )
    columns = [encoded(column, "x", results.fmt) for column in given]
    for column in columns:
        _check_fit(column, results)
    inputs = np.ascontiguousarray(np.stack([column.bits.reshape(-1) for column in columns]))
    return Judgement(record, results.fmt, results.bits.shape, inputs, results.bits.reshape(-1))


def _check_fit(x: Encoded, y: Encoded) -> None:
    if x.fmt != y.fmt:
        raise UsageError(
            f"Expected inputs and results of one format, but x is {x.fmt.name} and y {y.fmt.name}. "
            "Convert the one that was not computed with."
        )
    if x.bits.shape != y.bits.shape:
        raise UsageError(
            f"Expected inputs and results of one shape, but x has {x.bits.shape} and y "
            f"{y.bits.shape}."
        )


@dataclass(frozen=True)
class _Part:
    """Some results, judged."""

    start: int
    truth: Truth
    errors: Errors
    classes: dict[str, Bool]


@dataclass(frozen=True)
class Judgement:
    """Results of a function at inputs.

    Parameters
    ----------
    function, fmt
        The function, and the format of inputs and results.
    shape
        The shape of the results.
    inputs
        Encodings of shape (arity, n).
    outputs
        Encodings of shape (n,).
    """

    function: Function
    fmt: Format
    shape: tuple[int, ...]
    inputs: Bits
    outputs: Bits

    @cached_property
    def parts(self) -> list[_Part]:
        """All results, judged."""
        return [self._part(start) for start in range(0, self.outputs.shape[0], _CHUNK)]

    def _part(self, start: int) -> _Part:
        exact = truth(self.function, self.fmt, self.inputs[:, start : start + _CHUNK])
        outputs = self.outputs[start : start + _CHUNK]
        return _Part(start, exact, errors(exact, outputs), classes(exact, outputs))

    def signed_errors(self) -> npt.NDArray[np.float64]:
        """Return signed errors in ulp, as `halfulp.ulp_error` describes them."""
        found = [_signed(part) for part in self.parts]
        flat = np.concatenate(found) if found else np.empty(0)
        return flat.reshape(self.shape)

    def complaint(self, max_ulp: float, special_mismatches: int) -> str:
        """Return what breaks the bounds, with the worst witness, or "" if nothing does."""
        over = self._over(max_ulp)
        wrong = self._wrong()
        undecided = [place for part in self.parts for place in _undecided(part)]
        if over:
            place, error = max(over, key=lambda item: (item[1], -item[0]))
            count = f"{len(over):,} of {self.outputs.size:,} results are"
            said = f"{_shown(error)} ulp, more than {max_ulp:g} ulp ({count})"
            return self._message(place, said)
        if len(wrong) > special_mismatches:
            place, name = wrong[0]
            said = f"{len(wrong):,} wrong special results, the first {CLASSES[name]}"
            return self._message(place, said)
        if undecided:
            count = f"{len(undecided):,} of {self.outputs.size:,}"
            said = f"the exact result is not decided at {count} inputs"
            return self._message(undecided[0], said)
        return ""

    def _over(self, max_ulp: float) -> list[tuple[int, Fraction]]:
        """Return places and errors beyond a bound, by the upper end of each error."""
        bound = Fraction(max_ulp)
        whole, fraction = divmod(int(bound * ONE), ONE)
        found = []
        for part in self.parts:
            largest = part.errors.largest
            beyond = (largest.whole > whole) | (
                (largest.whole == whole) & (largest.fraction > fraction)
            )
            for place in (part.errors.numeric & beyond & ~part.errors.far).nonzero()[0].tolist():
                units = (int(largest.whole[place]) << FRACTION_BITS) + int(largest.fraction[place])
                found.append((part.start + place, Fraction(units, ONE)))
            for place, bounds in part.errors.far_errors.items():
                error = Fraction(max(map(abs, bounds)), ONE)
                if error > bound:
                    found.append((part.start + place, error))
        return found

    def _wrong(self) -> list[tuple[int, str]]:
        """Return places of wrong special results, with their class."""
        found = [
            (part.start + int(place), name)
            for part in self.parts
            for name in DEFECTS
            for place in part.classes[name].nonzero()[0]
        ]
        return sorted(found)

    def _message(self, place: int, said: str) -> str:
        fmt = self.fmt
        inputs = [int(column[place]) for column in self.inputs]
        got = int(self.outputs[place])
        part = self.parts[place // _CHUNK]
        at = ", ".join(map(fmt.hex, inputs))
        want = self._want(part, place - part.start)
        index = np.unravel_index(place, self.shape) if self.shape else ()
        where = f"  place {', '.join(str(int(number)) for number in index)}" if self.shape else ""
        return "\n".join(
            [
                f"{self.function.name} in {fmt.name}: {said}",
                f"  at    {at}  (bits {', '.join(map(fmt.bits_text, inputs))}){where}",
                f"  got   {fmt.hex(got)}  (bits {fmt.bits_text(got)})",
                f"  want  {want}",
                f"  judge again: {self._command(inputs, got)}",
            ]
        )

    def _want(self, part: _Part, place: int) -> str:
        if part.truth.kind[place] == Kind.UNDECIDED:
            return "not decided"
        bits = int(part.truth.rounded[place])
        return f"{self.fmt.hex(bits)}  (bits {self.fmt.bits_text(bits)})"

    def _command(self, inputs: list[int], got: int) -> str:
        """Return a command that judges one result again."""
        fmt = self.fmt
        x = ", ".join(_scalar(fmt, bits) for bits in inputs)
        x = f"({x})" if len(inputs) > 1 else x
        library = "ml_dtypes" if fmt.name == "bfloat16" else "numpy"
        code = (
            f"import halfulp, numpy as np, {library}; "
            f"print(halfulp.ulp_error({self.function.name!r}, {x}, {_scalar(fmt, got)}))"
        )
        return f"python -c {shlex.quote(code.replace('numpy as np, numpy', 'numpy as np'))}"


def _scalar(fmt: Format, bits: int) -> str:
    """Return code that makes a scalar of NumPy with these bits."""
    dtype = "ml_dtypes.bfloat16" if fmt.name == "bfloat16" else f"np.{fmt.name}"
    return f"np.uint{fmt.width}({fmt.bits_text(bits)}).view({dtype})"


def _signed(part: _Part) -> npt.NDArray[np.float64]:
    low, high = part.errors.low, part.errors.high
    # Each sum is exact or off by far less than the float64 nearest to the error.
    doubled = (low.whole + high.whole) + (low.fraction + high.fraction) * 2.0**-FRACTION_BITS
    found = np.asarray(doubled / 2, dtype=np.float64)
    for place, bounds in part.errors.far_errors.items():
        found[place] = _nearest(Fraction(sum(bounds), 2 * ONE))
    wrong = np.zeros(found.shape, dtype=np.bool_)
    for name in ("nan_returned", "nan_missing", "finite_at_pole", "wrong_inf_sign"):
        wrong |= part.classes[name]
    found[~part.errors.numeric] = 0.0
    found[wrong | (part.truth.kind == Kind.UNDECIDED)] = np.nan
    return found


def _nearest(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _undecided(part: _Part) -> list[int]:
    """Return places whose error is not known as well as promised."""
    open_places = (part.truth.kind == Kind.UNDECIDED) | (part.errors.numeric & ~part.errors.proved)
    return [part.start + int(place) for place in open_places.nonzero()[0]]


def _shown(error: Fraction) -> str:
    from decimal import Decimal

    from halfulp.expectations.limits import shown
    from halfulp.study.results import decimal_up

    return shown(Decimal(decimal_up(int(error * ONE))))
