"""The settings of the adapter `c`, checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, cast

from halfulp.backend import Settings
from halfulp.exceptions import UsageError

Contract = Literal["off", "on", "fast"]

DEFAULT_PATTERN = "{name}{suffix}"
"""How the symbols of a shared library are called where nothing else is said: exp and expf."""


@dataclass(frozen=True)
class CSettings:
    """A backend's own keys, all optional.

    Parameters
    ----------
    compiler
        The command, such as "clang" or "ccache gcc"; by default $CC, cc, gcc or clang.
    flags
        Flags for every compilation, `source` included.
    link
        What follows the sources on the command line, such as ["-lfoo"].
    contract
        `-ffp-contract`: whether a * b + c may become one fused operation.
    vector
        Call the vector variants of glibc's libmvec, not the scalar functions.
    source
        A C file with routines; relative paths start at the study's folder.
    library
        A shared library with routines: a path, or a name that the dynamic linker finds.
    symbol
        A pattern of the symbols in `source` or `library`, with {name} (C's name, such as tgamma),
        {function} (the catalogue's) and {suffix} (f for float32).
    symbols
        Symbols by function and format; they go before the pattern.
    """

    compiler: str = ""
    flags: tuple[str, ...] = ("-O2",)
    link: tuple[str, ...] = ()
    contract: Contract = "off"
    vector: bool = False
    source: str = ""
    library: str = ""
    symbol: str = ""
    symbols: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def pattern(self) -> str:
        """The pattern of symbols that are not named one by one, or ""."""
        return self.symbol or (DEFAULT_PATTERN if self.library else "")


def read_settings(settings: Settings) -> CSettings:
    """Return the settings of a backend.

    Raises
    ------
    UsageError
        If a key is unknown, or its value is not understood.
    """
    known = [item.name for item in fields(CSettings)]
    unknown = sorted(settings.keys() - set(known))
    if unknown:
        raise UsageError(
            f"The adapter c has no setting {', '.join(unknown)}; it has {', '.join(known)}."
        )
    read = CSettings(**{key: _READERS[key](key, value) for key, value in settings.items()})
    _refuse_contradictions(read)
    return read


def _refuse_contradictions(read: CSettings) -> None:
    if read.source and read.library:
        raise UsageError("The adapter c takes `source` or `library`, not both.")
    if read.vector and (read.source or read.library):
        raise UsageError("`vector` is for glibc's libmvec, not for a `source` or a `library`.")
    if (read.symbol or read.symbols) and not (read.source or read.library):
        raise UsageError("`symbol` and `symbols` name what is in a `source` or a `library`.")
    if read.source and not (read.symbol or read.symbols):
        raise UsageError(
            "A `source` needs the names of its routines, such as "
            'symbols = { expm1 = { float32 = "our_expm1f" } } or symbol = "our_{name}{suffix}".'
        )


def _text(key: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _expected(key, "a text", value)
    return value


def _texts(key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise _expected(key, 'a list of texts, such as ["-O3"]', value)
    return tuple(value)


def _truth(key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _expected(key, "true or false", value)
    return value


def _contract(key: str, value: object) -> Contract:
    if value == "off" or value == "on" or value == "fast":
        return value
    raise _expected(key, '"off", "on" or "fast"', value)


def _pattern(key: str, value: object) -> str:
    text = _text(key, value)
    try:
        first, second = (
            text.format(name=name, function=name, suffix="") for name in ("exp", "sin")
        )
    except (KeyError, IndexError, ValueError):
        first = second = ""
    if first == second:
        raise _expected(key, 'a pattern such as "Sleef_{name}{suffix}_u10"', value)
    return text


def _tables(key: str, value: object) -> Mapping[str, Mapping[str, str]]:
    if not isinstance(value, Mapping) or not all(
        isinstance(table, Mapping) and all(isinstance(name, str) for name in table.values())
        for table in value.values()
    ):
        raise _expected(key, 'a table such as { expm1 = { float32 = "our_expm1f" } }', value)
    return cast("Mapping[str, Mapping[str, str]]", value)


def _expected(key: str, what: str, value: object) -> UsageError:
    return UsageError(f"The setting `{key}` of the adapter c: expected {what}, but got {value!r}.")


_READERS: dict[str, Callable[[str, object], Any]] = {
    "compiler": _text,
    "flags": _texts,
    "link": _texts,
    "contract": _contract,
    "vector": _truth,
    "source": _text,
    "library": _text,
    "symbol": _pattern,
    "symbols": _tables,
}
