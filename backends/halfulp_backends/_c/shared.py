"""Shared objects: loading them so that they keep to themselves, and calling their loops."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from halfulp.backend import Evaluate, Unavailable

_ALONE = os.RTLD_NOW | os.RTLD_LOCAL | getattr(os, "RTLD_DEEPBIND", 0)
"""A library finds its own symbols before those of glibc, which this process has loaded already.

Otherwise a libm clone's tanh would call glibc's expm1, and figures would be of a mixture.
"""


def load_alone(name: str) -> ctypes.CDLL:
    """Load a shared library so that its internal calls stay inside it.

    Parameters
    ----------
    name
        A path if it has a slash, else a name that the dynamic linker looks for.

    Raises
    ------
    Unavailable
        If it cannot be loaded; in the dynamic linker's words.
    """
    path = str(Path(name).absolute()) if "/" in name else name
    try:
        return ctypes.CDLL(path, mode=_ALONE)
    except OSError as error:
        raise Unavailable(f"The library {name} cannot be loaded: {error}") from None


def address(library: ctypes.CDLL, symbol: str) -> int | None:
    """Return where a function of a library is, or None if it has none of this name."""
    try:
        function = getattr(library, symbol)
    except AttributeError:
        return None
    return ctypes.cast(function, ctypes.c_void_p).value


def evaluation(built: Path, arity: int, symbols: Sequence[int]) -> Evaluate:
    """Return the evaluation of a built loop over views, without copies.

    Parameters
    ----------
    built
        A shared object with `halfulp_loop`.
    arity
        How many arguments it takes.
    symbols
        Addresses of the functions that it calls through pointers.
    """
    loop = load_alone(str(built)).halfulp_loop
    loop.restype = None
    loop.argtypes = [ctypes.c_size_t, ctypes.c_void_p, *[ctypes.c_void_p] * (arity + 1)]
    table = (ctypes.c_void_p * max(len(symbols), 1))(*symbols)

    def evaluate(inputs: Sequence[memoryview], output: memoryview) -> None:
        if len(output):
            places = (_address(view) for view in (*inputs, output))
            loop(len(output), ctypes.addressof(table), *places)

    return evaluate


def ramp(built: Path, view: memoryview) -> Callable[[int, int, memoryview], None]:
    """Return what fills views like this one with consecutive integers, from a built object."""
    function = getattr(load_alone(str(built)), f"halfulp_ramp_{view.itemsize}")
    function.restype = None
    number = {1: ctypes.c_uint8, 2: ctypes.c_uint16, 4: ctypes.c_uint32, 8: ctypes.c_uint64}
    integer = number[view.itemsize]
    function.argtypes = [ctypes.c_size_t, integer, integer, ctypes.c_void_p]

    def fill(first: int, step: int, view: memoryview) -> None:
        if len(view):
            function(len(view), first, step, _address(view))

    return fill


def _address(view: memoryview) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(view))
