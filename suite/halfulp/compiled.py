"""Compiling loops with numba: one set of options, and a cache that works on a read-only install.

numba keeps compiled code beside the source by default, and knows only by one file's time whether
it is still right. Here the folder is set: under `$NUMBA_CACHE_DIR` if the user set it, else under
`$XDG_CACHE_HOME/halfulp` or `~/.cache/halfulp`, else a private temporary folder, which goes with
the process. In it each state of the loops' sources has a folder of its own.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
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


def compiled(loop: _Loop) -> _Loop:
    """Compile a function at its first call for each set of types, and keep the code."""
    import numba

    numba.config.CACHE_DIR = cache_folder()  # type: ignore[attr-defined] # made at import
    made: _Loop = numba.njit(**OPTIONS)(loop)
    return made


def is_compiled() -> bool:
    """Tell whether code has been kept for this state of the sources."""
    return any((_base() / _state_of_sources()).rglob("*.nbc"))


@cache
def cache_folder() -> str:
    """Return a folder in which compiled code can be kept; made if it is missing."""
    folder = _base() / _state_of_sources()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return str(folder)
    except OSError:
        private = tempfile.mkdtemp(prefix="halfulp-compiled-")
        atexit.register(shutil.rmtree, private, ignore_errors=True)
        return private


def _base() -> Path:
    asked = os.environ.get("NUMBA_CACHE_DIR")
    if asked:
        return Path(asked)
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 # no error where there is no home
    return Path(home) / "halfulp" / "compiled"


def _state_of_sources() -> str:
    """Return a digest of the judge's modules: a loop is inlined into others, of other files."""
    digest = hashlib.sha256()
    for source in sorted((Path(__file__).parent / "judge").glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]
