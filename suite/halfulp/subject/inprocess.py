"""A Python callable measured in the judge's own process, behind the interface of a subject.

For callables given through the API, which cannot be sent elsewhere. They get
copies, their output is copied at once, and the judge's floating-point state is probed around each
call: what cannot be prevented here is at least noticed.
"""

from __future__ import annotations

import importlib
import platform
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from halfulp.backend import Request, Unavailable
from halfulp.encodings import Bits, bits_type
from halfulp.formats import FORMATS, Format
from halfulp.subject.fpstate import DEFAULT, FloatingPointState, difference, floating_point_state
from halfulp.subject.protocol import SubjectError, check_inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

Array: TypeAlias = npt.NDArray[Any]

_NUMPY_FORMATS = ("float16", "float32", "float64")


class InProcess:
    """A callable as a subject; a context manager.

    Parameters
    ----------
    function
        Takes one NumPy array an argument, in the format's dtype, and returns a new array of the
        same shape and dtype. A callable that refuses arrays (`math.exp`, or one that branches on
        its argument) is called once an element with Python floats; a Python float that it returns
        is rounded once to the format.
    name
        What to call it in messages; by default its own qualified name.
    """

    def __init__(self, function: Callable[..., Any], *, name: str | None = None) -> None:
        self.function = function
        self.name = name or str(getattr(function, "__qualname__", repr(function)))
        self.versions: dict[str, str] = {}
        self.floating_point_state: FloatingPointState = DEFAULT
        self._prepared = 0
        self._routines: dict[int, tuple[Request, np.dtype[Any], bool]] = {}

    def start(self) -> None:
        """Record versions and the judge's floating-point state."""
        self.versions = {"python": platform.python_version(), "numpy": np.__version__}
        self.floating_point_state = floating_point_state()

    def prepare(self, request: Request) -> int:
        """Make the callable ready for a format and return the number that `evaluate` takes.

        Raises
        ------
        Unavailable
            If a formula is asked for, or the format has no NumPy dtype here.
        """
        if request.formula is not None:
            raise Unavailable(
                f"{self.name} is a Python callable: it can be measured as it is (native), "
                "a formula needs a backend whose operators evaluate it."
            )
        dtype = numpy_dtype(request.format)
        self._prepared += 1
        self._routines[self._prepared] = (request, dtype, self._takes_arrays(request, dtype))
        return self._prepared

    def evaluate(self, routine: int, inputs: Bits) -> Bits:
        """Evaluate the callable on encodings of shape (arity, n), C-contiguous.

        Returns
        -------
        Bits
            Encodings of shape (n,), a read-only copy.

        Raises
        ------
        SubjectError
            "failed": the callable raised, returned another shape or dtype, or changed the judge's
            floating-point state, which is then left as it is, for nothing computed in this process
            is to be trusted any more.
        ValueError
            If the inputs have another shape or type.
        """
        if routine not in self._routines:
            raise RuntimeError("Prepare the routine first; a closed subject knows none.")
        request, dtype, takes_arrays = self._routines[routine]
        check_inputs(request, inputs)
        call = self._call_arrays if takes_arrays else self._call_scalars
        before = floating_point_state()
        try:
            with np.errstate(all="ignore"):
                output = call(request.format, [row.copy().view(dtype) for row in inputs])
        finally:
            self._check_state(before)
        output.flags.writeable = False
        return output

    def close(self) -> None:
        """Forget what was prepared."""
        self._routines.clear()

    def __enter__(self) -> Self:
        """Start the subject."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the subject."""
        self.close()

    def _takes_arrays(self, request: Request, dtype: np.dtype[Any]) -> bool:
        """Tell whether the callable takes arrays, by calling it on two ones.

        Two, because NumPy turns an array of a single element into a scalar where one is asked for.
        """
        before = floating_point_state()
        try:
            with np.errstate(all="ignore"):
                self.function(*(np.ones(2, dtype) for _ in request.arguments))
        except (TypeError, ValueError):  # ValueError: `if x > 0` on an array
            return False
        except Exception:  # to be reported by `evaluate`, with its input
            return True
        finally:
            self._check_state(before)
        return True

    def _check_state(self, before: FloatingPointState) -> None:
        self.floating_point_state = floating_point_state()
        if changes := difference(before, self.floating_point_state):
            raise SubjectError(
                "failed",
                f"{self.name} changed {changes} in the judge's own process; measure it through "
                "a backend, which has a process of its own",
            )

    def _call_arrays(self, fmt: Format, arguments: Sequence[Array]) -> Bits:
        try:
            result = self.function(*arguments)
        except Exception as error:
            raise self._raised(error, "") from error
        expected = arguments[0]
        if not isinstance(result, np.ndarray) or (
            (result.shape, result.dtype) != (expected.shape, expected.dtype)
        ):
            raise SubjectError(
                "failed",
                f"{self.name} was expected to return an array of {expected.dtype} of shape "
                f"{expected.shape}, but returned {_described(result)}",
            )
        return np.array(result, order="C").view(bits_type(fmt))

    def _call_scalars(self, fmt: Format, arguments: Sequence[Array]) -> Bits:
        columns = [column.astype(np.float64).tolist() for column in arguments]
        values = (self._call_scalar(fmt, point) for point in zip(*columns, strict=True))
        return np.fromiter(values, bits_type(fmt), len(columns[0]))

    def _call_scalar(self, fmt: Format, point: tuple[float, ...]) -> int:
        try:
            result = self.function(*point)
        except Exception as error:
            raise self._raised(error, f" at {', '.join(map(float.hex, point))}") from error
        if not isinstance(result, float):
            raise SubjectError(
                "failed",
                f"{self.name} was expected to return a float, but returned {_described(result)}",
            )
        return _rounded(fmt, result)

    def _raised(self, error: Exception, place: str) -> SubjectError:
        return SubjectError("failed", f"{self.name} raised {type(error).__name__}{place}: {error}")


def numpy_dtype(fmt: Format) -> np.dtype[Any]:
    """Return the NumPy dtype of a format.

    Raises
    ------
    Unavailable
        If there is none here.
    """
    if fmt.name in _NUMPY_FORMATS:
        return np.dtype(fmt.name)
    try:
        scalar_type: type = getattr(importlib.import_module("ml_dtypes"), fmt.name)
    except (ImportError, AttributeError):
        raise Unavailable(f"NumPy has no {fmt.name}; the package ml_dtypes would add it.") from None
    return np.dtype(scalar_type)


def _rounded(fmt: Format, value: float) -> int:
    """Return the encoding nearest to a Python float, rounded once."""
    bits = int(np.float64(value).view(np.uint64))
    double = FORMATS["float64"]
    if fmt == double:
        return bits
    negative = double.is_negative(bits)
    if double.is_nan(bits):
        return fmt.nan
    if double.is_inf(bits):
        return fmt.overflowed(negative)
    return fmt.round(Fraction(value), negative_zero=negative)


def _described(result: object) -> str:
    if isinstance(result, np.ndarray):
        return f"an array of {result.dtype} of shape {result.shape}"
    return f"a {type(result).__name__}"
