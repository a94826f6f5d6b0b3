"""What tests call: errors of arrays, assertions about them, and exact results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from halfulp.exceptions import HalfulpError, UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from halfulp.measurement import Measurement


def ulp_error(function: str, x: Any, y: Any) -> npt.NDArray[np.float64]:
    """Return the signed errors of results in ulp.

    Parameters
    ----------
    function
        Catalogue name or expression.
    x
        The inputs: an array of NumPy, PyTorch, CuPy, JAX or whatever speaks DLPack, a number or a
        list; a tuple of two for two arguments.
    y
        The results, of the same shape and format.

    Returns
    -------
    ndarray
        (y - f(x)) / ulp(f(x)) in float64, of the shape of `y`. 0 where a special result is as it
        should be, and for a zero of either sign; nan where a special result is not as it should
        be, or the exact result is not decided.

    Raises
    ------
    UsageError
        If the function is unknown, or the arrays do not fit each other.
    """
    from halfulp.assertions.judgement import judged

    return judged(function, x, y).signed_errors()


def assert_array_ulp(
    y: Any, function: str, x: Any, *, max_ulp: float, special_mismatches: int = 0
) -> None:
    """Assert that results are close to a function of inputs.

    Parameters
    ----------
    y, function, x
        As in `ulp_error`.
    max_ulp
        The largest error that is allowed, in ulp.
    special_mismatches
        How many special results (nan, infinities, signs of zeros) may be wrong.

    Raises
    ------
    AssertionError
        With the largest error, its place and input, what came, what was due, and a command that
        judges this one result again; also if an exact result is not decided.
    UsageError
        As `ulp_error`.
    """
    from halfulp.assertions.judgement import judged

    __tracebackhide__ = True
    complaint = judged(function, x, y).complaint(_bound(max_ulp), special_mismatches)
    if complaint:
        raise AssertionError(complaint)


def assert_ulp(
    fn: Callable[..., Any] | str,
    function: str,
    *,
    max_ulp: float,
    format: str = "float32",  # noqa: A002 - the word that the command line and studies use
    inputs: Any = (),
    region: str = "all",
    seed: int = 0,
    special_mismatches: int = 0,
    max_steps: int | None = None,
    isolated: bool = False,
) -> Measurement | None:
    """Assert that a callable computes a function, and return what was measured.

    Parameters
    ----------
    fn
        Takes arrays of NumPy and returns one; or "module:function".
    function
        Catalogue name or expression.
    max_ulp, max_steps, special_mismatches
        What is allowed: error in ulp, distance to the correctly rounded result, wrong special
        results.
    format, region, seed
        As in `halfulp.measure`.
    inputs
        Samplers such as "edges" or "spread:100000"; or an array of inputs of any library (a tuple
        of two for two arguments), with which `fn` is then called. By default every input of a
        16-bit format, else the edges, the list of hard inputs, and a spread of 10,000.
    isolated
        Evaluate in a process of its own. Then a crash or a changed floating-point state harms
        nobody; `fn` must be importable, and is given as "module:function" or is such a function.

    Returns
    -------
    Measurement or None
        None for an array of inputs.

    Raises
    ------
    AssertionError
        If something is not kept, with the witness in hexadecimal and the command that repeats it.
    UsageError
        If an argument is not understood.
    """
    from halfulp.assertions.arrays import is_array

    __tracebackhide__ = True
    if is_array(inputs) or (isinstance(inputs, tuple) and any(map(is_array, inputs))):
        if isolated or isinstance(fn, str):
            raise UsageError("An array of inputs is for a function in this process.")
        arguments = inputs if isinstance(inputs, tuple) else (inputs,)
        bounds = {"max_ulp": max_ulp, "special_mismatches": special_mismatches}
        assert_array_ulp(fn(*arguments), function, inputs, **bounds)  # type: ignore[arg-type] # an int it is
        return None
    from halfulp.assertions.routine import Bounds, Routine, measured

    bounds_asked = Bounds(_bound(max_ulp), max_steps, special_mismatches)
    routine = Routine(fn, function, format, region, seed, isolated)
    measurement, complaint = measured(routine, _samplers(inputs), bounds_asked)
    if complaint:
        raise InaccurateError(complaint, measurement)
    return measurement


class InaccurateError(AssertionError):
    """A routine that breaks its bounds, with what was measured."""

    def __init__(self, message: str, measurement: Measurement) -> None:
        super().__init__(message)
        self.measurement = measurement


def _samplers(inputs: object) -> tuple[str, ...]:
    if isinstance(inputs, str):
        return (inputs,)
    if isinstance(inputs, Sequence) and all(isinstance(item, str) for item in inputs):
        return tuple(inputs)
    if isinstance(inputs, Sequence):  # plain numbers
        return (f"listed:{','.join(_hexadecimal(number) for number in inputs)}",)
    raise UsageError(f"Expected samplers or an array for inputs, but got {inputs!r}.")


def _hexadecimal(number: object) -> str:
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise UsageError(f"Expected numbers or samplers for inputs, but got {number!r}.")
    return float(number).hex()


def _bound(max_ulp: object) -> float:
    if isinstance(max_ulp, bool) or not isinstance(max_ulp, int | float) or not max_ulp >= 0:
        raise UsageError(f"Expected a number of ulp, 0 or more, for max_ulp, but got {max_ulp!r}.")
    return float(max_ulp)


# -- exact results ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reference:
    """The exact value of a function at a point: between proved bounds, or special.

    Parameters
    ----------
    function
        The function.
    lo, hi
        The bounds as exact fractions; None where the value is special.
    special
        "nan", "inf", "-inf", or "" for a real number.
    negative_zero
        Whether the value is a zero whose sign is due to be minus.
    """

    function: str
    lo: Fraction | None
    hi: Fraction | None
    special: str = ""
    negative_zero: bool = False

    def bits(self, format: str) -> int:  # noqa: A002 - as elsewhere
        """Return the encoding of the correctly rounded value.

        Raises
        ------
        HalfulpError
            If the bounds leave open what it is.
        """
        from halfulp.formats import format_named

        fmt = format_named(format)
        if self.special == "nan":
            return fmt.nan
        if self.special:
            return fmt.infinity | (fmt.sign_bit if self.special == "-inf" else 0)
        assert self.lo is not None
        assert self.hi is not None
        if self.lo == self.hi:
            return fmt.round(self.lo, negative_zero=self.negative_zero)
        found = fmt.round_enclosure(self.lo, self.hi)
        if found is None:
            raise HalfulpError(f"What {self.function} rounds to in {fmt.name} is not decided.")
        return found

    def rounded(self, format: str) -> float:  # noqa: A002 - as elsewhere
        """Return the correctly rounded value, which a Python float holds exactly."""
        from halfulp.formats import format_named

        fmt, bits = format_named(format), self.bits(format)
        if fmt.is_finite(bits):
            value = float(fmt.value(bits))
            return -0.0 if not value and fmt.is_negative(bits) else value
        return float(fmt.hex(bits))

    def __str__(self) -> str:
        """Return the value in 17 digits, or what it is instead."""
        if self.special:
            return self.special
        assert self.lo is not None
        return f"{_digits(self.lo)}" if self.lo else "-0" if self.negative_zero else "0"


def reference(function: str, *x: float | int | str | Fraction) -> Reference:
    """Return the exact value of a function.

    Parameters
    ----------
    function
        Catalogue name or expression.
    x
        A number an argument, taken exactly: 0.1 is the float, "0.1" is one tenth, "0x1p-3" and
        scalars of NumPy are understood.

    Raises
    ------
    UsageError
        If the function is unknown or an argument is no number.
    HalfulpError
        If no precision that is tried encloses the value.
    """
    from halfulp.assertions.exact import exact_value

    return Reference(function, *exact_value(function, x))


def _digits(value: Fraction) -> str:
    from decimal import Context, Decimal

    context = Context(prec=17, Emax=10**6, Emin=-(10**6))
    return str(context.divide(Decimal(value.numerator), Decimal(value.denominator)))
