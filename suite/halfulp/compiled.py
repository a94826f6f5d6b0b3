"""Compiling loops with numba: one set of options, and a cache that works on a read-only install.

numba keeps compiled code beside the source by default, or in a folder of its own choice where that
fails. Here the folder is set: `$NUMBA_CACHE_DIR` if the user set it, else `$XDG_CACHE_HOME/halfulp`
or `~/.cache/halfulp`, else a private temporary folder, which lasts as long as the process.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

_Loop = TypeVar("_Loop", bound=Callable[..., Any])

OPTIONS: dict[str, Any] = {
    "nogil": True,
    # Fused multiply-add is allowed: bounds hold with and without. Reassociation would destroy the
    # rounding to integers, and ignoring nans would hide them.
    "fastmath": {"contract"},
    "error_model": "numpy",
    "cache": True,
}


@cache
def cache_folder() -> str:
    """Return a folder in which compiled code can be kept; made if it is missing."""
    asked = os.environ.get("NUMBA_CACHE_DIR")
    if asked:
        return asked
    base = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    folder = Path(base) / "halfulp" / "compiled"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return str(folder)
    except OSError:
        return tempfile.mkdtemp(prefix="halfulp-compiled-")


def compiled(loop: _Loop) -> _Loop:
    """Compile a function at its first call for each set of types, and keep the code."""
    import numba

    numba.config.CACHE_DIR = cache_folder()
    made: _Loop = numba.njit(**OPTIONS)(loop)
    return made
