"""Studies that come with halfulp, found by name in a wheel and in a checkout alike.

A wheel carries them in the package, in `halfulp/study/shipped`. A checkout, and so an editable
install, has them in the top-level folder `configs`, which a wheel's build copies from.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
_IN_WHEEL = _PACKAGE / "shipped"
_IN_CHECKOUT = _PACKAGE.parents[2] / "configs"


def shipped_studies() -> dict[str, Path]:
    """Return the files of the shipped studies by name, in alphabetical order."""
    folder = _IN_WHEEL if _IN_WHEEL.is_dir() else _IN_CHECKOUT
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}
