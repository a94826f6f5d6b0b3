"""Consecutive inputs, made where they are used.

Encodings at consecutive keys are consecutive integers: ascending from +0, descending below -0. So a
judge that wants a whole range evaluated says where it starts and how long it is; copying inputs
between processes would cost more than many routines do. Runs in the subject.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

from halfulp.formats import Format

Ramp: TypeAlias = Callable[[int, int, memoryview], None]
"""Fill a view with first, first + step, ..."""

PIECE = 1 << 16
"""Inputs that are made and evaluated at a time, so that they stay in the processor's cache."""


class Run(NamedTuple):
    """Consecutive keys whose encodings go up or down: first + step * i, `length` of them."""

    first: int
    step: int
    offset: int
    length: int


def runs(fmt: Format, key: int, count: int) -> Iterator[Run]:
    """Yield the keys from `key` on, in pieces of one direction."""
    offset = 0
    while offset < count:
        at = key + offset
        length = min(count - offset, PIECE, -at if at < 0 else PIECE)
        yield Run(fmt.from_key(at), -1 if at < 0 else 1, offset, length)
        offset += length


def ramp_of(library: object) -> Ramp:
    """Return the fastest way to fill a view that there is beside this library."""
    own: Ramp | None = getattr(library, "ramp", None)
    if own is not None:
        return own
    # A library that brought NumPy along lends it; it is not loaded for this.
    return _NumPyRamp(sys.modules["numpy"]) if "numpy" in sys.modules else _plain


def _plain(first: int, step: int, view: memoryview) -> None:
    for place in range(len(view)):
        view[place] = first + step * place


class _NumPyRamp:
    """One addition to integers that were counted once."""

    def __init__(self, np: Any) -> None:
        self._np = np
        self._counted: dict[tuple[str, int], Any] = {}

    def __call__(self, first: int, step: int, view: memoryview) -> None:
        np = self._np
        out = np.frombuffer(view, f"u{view.itemsize}")
        key = view.format, step
        if key not in self._counted:
            up = np.arange(PIECE, dtype=out.dtype)
            self._counted[key] = up if step > 0 else 0 - up
        np.add(self._counted[key][: len(view)], out.dtype.type(first), out=out)
