"""Arrays of any library as encodings: NumPy, PyTorch, CuPy, JAX, and what speaks DLPack.

A library is recognised by the module of its arrays' type, and is never imported here: whoever has
an array of it has imported it. Bits are taken as they are: no value passes through another format.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from halfulp.encodings import Bits, bits_type
from halfulp.exceptions import UsageError
from halfulp.formats import FORMATS, Format, format_named

if TYPE_CHECKING:
    from collections.abc import Callable

_PLAIN = (bool, int, float, list, tuple)


@dataclass(frozen=True)
class Encoded:
    """Encodings of any shape, and their format."""

    fmt: Format
    bits: Bits


def encoded(value: object, name: str, fmt: Format | None = None) -> Encoded:
    """Return an array, a scalar or a list of numbers as encodings.

    Parameters
    ----------
    value
        What the user gave.
    name
        What messages call it.
    fmt
        The format of plain Python numbers and of integers; by default float64.

    Raises
    ------
    UsageError
        If it is no array of a format that halfulp knows, or a number is not in the format.
    """
    if isinstance(value, Encoded):
        return value
    if isinstance(value, _PLAIN):
        return _plain(value, name, fmt or FORMATS["float64"])
    library = type(value).__module__.partition(".")[0]
    array = _READERS.get(library, _by_protocol)(value, name)
    if isinstance(array, Encoded):
        return array
    if array.dtype.kind in "biu":
        return _exactly(array, name, fmt or FORMATS["float64"])
    return _bits_of(array, name)


def is_array(value: object) -> bool:
    """Tell whether something is an array, of whatever library."""
    protocols = ("__array__", "__dlpack__", "__array_interface__")
    return any(hasattr(type(value), protocol) for protocol in protocols)


def _plain(value: object, name: str, fmt: Format) -> Encoded:
    try:
        array = np.asarray(value)
    except ValueError:
        raise UsageError(f"{name} is a list whose parts differ in length.") from None
    narrow = array.dtype.name in FORMATS and array.dtype != np.float64  # a list of NumPy's scalars
    return _bits_of(array, name) if narrow else _exactly(array, name, fmt)


def _bits_of(array: npt.NDArray[Any], name: str) -> Encoded:
    """Return the bits of a NumPy array of floats, ml_dtypes' among them."""
    spelled = array.dtype.name
    if spelled not in FORMATS:
        raise _unknown(name, spelled)
    fmt = format_named(spelled)
    plain = np.array(array.astype(array.dtype.newbyteorder("="), copy=False), order="C")
    return Encoded(fmt, plain.view(bits_type(fmt)))


def _exactly(array: npt.NDArray[Any], name: str, fmt: Format) -> Encoded:
    """Return Python numbers or integers in a format, if each is a number of it."""
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise _unknown(name, str(array.dtype))
    found = np.empty(array.shape, dtype=bits_type(fmt))
    for place, number in np.ndenumerate(array):
        found[place] = _encoding(number.item(), name, fmt)
    return Encoded(fmt, found)


def _encoding(number: float, name: str, fmt: Format) -> int:
    if number != number:  # a nan
        return fmt.nan
    if number in (float("inf"), float("-inf")):
        return fmt.infinity | (fmt.sign_bit if number < 0 else 0)
    value = Fraction(number)
    negative = value < 0 or (not value and str(number).startswith("-"))
    bits = fmt.round(value, negative_zero=negative)
    if not fmt.is_finite(bits) or fmt.value(bits) != value:
        raise UsageError(
            f"{name} has {number!r}, which is no number of {fmt.name}. Give an array of "
            f"{fmt.name}, so that it is clear at which input the function is meant."
        )
    return bits


# -- libraries -------------------------------------------------------------------------------------


def _torch(value: Any, name: str) -> npt.NDArray[Any] | Encoded:
    torch = sys.modules["torch"]
    if value.layout != torch.strided:
        raise UsageError(f"{name} is a tensor of layout {value.layout}; give a dense one.")
    tensor = value.detach().resolve_conj().resolve_neg().cpu().contiguous()
    if tensor.dtype == torch.bfloat16:  # NumPy has none
        return Encoded(FORMATS["bfloat16"], tensor.view(torch.int16).numpy().view(np.uint16))
    try:
        array: npt.NDArray[Any] = tensor.numpy()
    except TypeError:
        raise _unknown(name, str(tensor.dtype)) from None
    return array


def _cupy(value: Any, name: str) -> npt.NDArray[Any]:  # noqa: ARG001 - the readers' signature
    array: npt.NDArray[Any] = value.get()
    return array


def _numpy(value: Any, name: str) -> npt.NDArray[Any]:  # noqa: ARG001 - as above; jax, ml_dtypes too
    return np.asarray(value)


def _by_protocol(value: Any, name: str) -> npt.NDArray[Any]:
    try:
        if hasattr(value, "__dlpack__"):
            return np.from_dlpack(value)
        if is_array(value):
            return np.asarray(value)
    except (BufferError, RuntimeError, TypeError, ValueError) as error:
        raise UsageError(f"{name} cannot be read as an array: {error}") from error
    raise UsageError(
        f"Expected an array of floats for {name}, but got {type(value).__module__}."
        f"{type(value).__qualname__}."
    )


_READERS: dict[str, Callable[[Any, str], npt.NDArray[Any] | Encoded]] = {
    "cupy": _cupy,
    "jax": _numpy,
    "jaxlib": _numpy,
    "ml_dtypes": _numpy,
    "numpy": _numpy,
    "torch": _torch,
}


def _unknown(name: str, dtype: str) -> UsageError:
    return UsageError(f"{name} has the type {dtype}; halfulp knows {', '.join(FORMATS)}.")
