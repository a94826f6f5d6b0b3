"""C: the system's math library, formulas compiled, a user's source, or any shared library.

Nothing needs to be installed but a C compiler. Each routine is a loop that is compiled with the
backend's own compiler and flags, and called on the arrays where they lie.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from halfulp.backend import Arrays, Call, Evaluate, Request, Settings, Unavailable
from halfulp.expressions import calls, to_text
from halfulp_backends._c.build import Compiler, find_compiler
from halfulp_backends._c.generate import Calls, loop, ramps
from halfulp_backends._c.names import C_NAMES, C_TYPES, CType
from halfulp_backends._c.settings import CSettings, read_settings
from halfulp_backends._c.shared import address, evaluation, load_alone, ramp
from halfulp_backends._c.timed import timed_call, timed_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

_CONTRACT = "-ffp-contract="
_VECTOR_FLAGS = ("-fopenmp-simd",)
_NOTHING = "int halfulp_nothing;\n"
_VECTOR_SYMBOL = b"_ZGV"
"""How the names of vector variants begin (x86-64's and AArch64's vector function ABIs)."""


@dataclass(frozen=True)
class CAdapter:
    """The adapter `c`."""

    name: str = "c"
    requires: tuple[str, ...] = ()
    formats: tuple[str, ...] = tuple(C_TYPES)
    functions: Mapping[str, str] = field(default_factory=lambda: dict(C_NAMES))
    note: str = (
        "Compiled with the backend's own compiler and flags; a * b + c is fused only where "
        "`contract` or a flag says so."
    )

    def load(self, settings: Settings) -> CLibrary:
        """Find the compiler, build the user's source or load the shared library."""
        read = read_settings(settings)
        compiler = find_compiler(read.compiler)
        flags = (_CONTRACT + read.contract, *read.flags)
        # Start-up code that flags bring along, such as GCC's with -ffast-math, which switches
        # subnormals off, must have run before the floating-point state is probed.
        load_alone(str(compiler.build(_NOTHING, "flags", flags, read.link)))
        return CLibrary(read, compiler, flags, _own_library(read, compiler, flags))


def _own_library(
    settings: CSettings, compiler: Compiler, flags: tuple[str, ...]
) -> ctypes.CDLL | None:
    """Return the library that a backend names or that is built from its source, or None."""
    if settings.source:
        built = compiler.build_file(Path(settings.source), flags, settings.link)
        return load_alone(str(built))
    return load_alone(settings.library) if settings.library else None


class CLibrary:
    """A compiler with its flags, and the library whose functions are called."""

    def __init__(
        self,
        settings: CSettings,
        compiler: Compiler,
        flags: tuple[str, ...],
        own: ctypes.CDLL | None,
    ) -> None:
        self._settings = settings
        self._compiler = compiler
        self._flags = flags
        self._own = own
        self._ramps: dict[int, Callable[[int, int, memoryview], None]] = {}

    @property
    def versions(self) -> dict[str, str]:
        """The compiler, and the library that is called."""
        known = {"compiler": self._compiler.version, "libc": _libc()}
        if self._settings.library:
            known["library"] = _described(self._settings.library)
        return known

    @property
    def facts(self) -> dict[str, str]:
        """The command as it is, contraction included, and how functions are called."""
        words = [*self._compiler.command, *self._flags, *self._settings.link]
        called = self._settings.source or self._settings.library
        return {
            "command": " ".join(words),
            "contract": [flag for flag in self._flags if flag.startswith(_CONTRACT)][-1],
            "calls": f"the functions of {called}" if called else self._called(),
        }

    def _called(self) -> str:
        return "the vector functions of libmvec" if self._settings.vector else "libm"

    def routine(self, request: Request) -> Evaluate:
        """Build the loop of a request.

        Raises
        ------
        Unavailable
            If a function or a type is missing; in the words of compiler and linker where they
            are asked.
        """
        ctype, bound = _ctype(request), self._bound(request)
        built = self._built(request, loop(request, ctype, self._calls(request, ctype, bound)))
        return evaluation(built, len(request.arguments), list(bound.values()))

    def bind(self, request: Request, arrays: Arrays) -> Call:
        """Build the loop that is timed, on its arrays.

        Raises
        ------
        Unavailable
            As `routine` does.
        """
        ctype, bound = _ctype(request), self._bound(request)
        calls = self._calls(request, ctype, bound)
        built = self._built(request, timed_loop(request, ctype, calls, arrays))
        tree = request.formula
        native = f"{calls.names.get(request.function, request.function)}(x)"
        shown = native if tree is None else to_text(tree)
        return timed_call(built, arrays, list(bound.values()), shown)

    def _built(self, request: Request, source: str) -> Path:
        """Return the shared object of a request's source."""
        extra = _VECTOR_FLAGS if self._settings.vector else ()
        flags = (*_ctype(request).flags, *extra, *self._flags)
        built = self._compiler.build(source, _file_name(request), flags, self._settings.link)
        if self._settings.vector and _functions(request):
            _refuse_scalar(built, self._compiler)
        return built

    def ramp(self, first: int, step: int, view: memoryview) -> None:
        """Fill a view with first, first + step, ..."""
        fill = self._ramps.get(view.itemsize)
        if fill is None:
            built = self._compiler.build(ramps(), "ramps", ("-O3",), ())
            fill = self._ramps[view.itemsize] = ramp(built, view)
        fill(first, step, view)

    def _bound(self, request: Request) -> dict[str, int]:
        """Return the addresses of the functions that are taken from the backend's own library."""
        if self._own is None:
            return {}
        found = {}
        for function in _functions(request):
            symbol = self._symbol(function, request)
            if symbol:
                place = address(self._own, symbol)
                if place is None:
                    named = self._settings.source or self._settings.library
                    raise Unavailable(f"{named} has no symbol {symbol}.")
                found[function] = place
        return found

    def _symbol(self, function: str, request: Request) -> str:
        """Return the symbol of a function in the backend's own library, or "" for libm's."""
        fmt = request.format.name
        named = self._settings.symbols.get(function, {}).get(fmt, "")
        suffix = C_TYPES[fmt].suffix
        if named or not self._settings.pattern or suffix is None:
            return named
        name = C_NAMES.get(function, function)
        return self._settings.pattern.format(name=name, function=function, suffix=suffix)

    def _calls(self, request: Request, ctype: CType, bound: Collection[str]) -> Calls:
        """Return how each function of a request is called.

        Raises
        ------
        Unavailable
            If neither the backend's own library nor <math.h> has one.
        """
        names = {}
        native = request.formula is None
        for function in (name for name in _functions(request) if name not in bound):
            if native and self._own is not None:
                raise Unavailable(
                    f"The backend names no symbol for {function} in {request.format.name}: "
                    "`symbols` or `symbol` would."
                )
            if ctype.suffix is None:
                raise Unavailable(f"C has no {function} for {ctype.name}.{_offer(native)}")
            if function not in C_NAMES:
                asking = "" if native else f", which {to_text(request.formula)} calls"  # type: ignore[arg-type] # not native, so there is one
                raise Unavailable(f"C has no routine for {function}{asking}.{_offer(native)}")
            names[function] = C_NAMES[function] + ctype.suffix
        return Calls(names, tuple(bound), self._settings.vector)


def _ctype(request: Request) -> CType:
    """Return the type of a request's format; Unavailable if C has none."""
    ctype = C_TYPES.get(request.format.name)
    if ctype is None:
        raise Unavailable(f"C has no {request.format.name}; it has {', '.join(C_TYPES)}.")
    return ctype


def _functions(request: Request) -> list[str]:
    """Return the catalogue functions that are called, sorted; `**` is pow."""
    if request.formula is None:
        return [request.function]
    raised = {"pow"} if "**" in to_text(request.formula) else set()
    return sorted(calls(request.formula) | raised)


def _offer(native: bool) -> str:
    return " A formula can be measured instead." if native else ""


def _file_name(request: Request) -> str:
    """Return what the compiler shall call a request's source."""
    kind = "formula" if request.formula else request.function
    plain = "".join(letter if letter.isalnum() else "_" for letter in kind)
    return f"{plain[:40]}_{request.format.name}"


def _refuse_scalar(built: Path, compiler: Compiler) -> None:
    """Raise Unavailable if a compiler took the scalar function although a vector one was wanted."""
    if _VECTOR_SYMBOL not in built.read_bytes():
        raise Unavailable(
            f"{compiler.command[-1]} calls no vector function here: it needs GCC, glibc's libmvec "
            "and at least -O2."
        )


def _libc() -> str:
    """Return the C library's own name and version, such as "glibc 2.36"."""
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or "unknown"
    except (ValueError, OSError):  # another C library does not know the question
        return " ".join(filter(None, platform.libc_ver())) or "unknown"


def _described(library: str) -> str:
    """Return a library's file name and the beginning of its hash, or its name as given."""
    path = Path(library) if "/" in library else _loaded(library)
    if path is None:
        return library
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"{path.resolve().name} (sha256 {digest[:12]})"


def _loaded(name: str) -> Path | None:
    """Return the file that the dynamic linker took for a library's name."""
    try:
        lines = Path("/proc/self/maps").read_text().splitlines()
    except OSError:
        return None
    paths = (Path(line[line.index("/") :]) for line in lines if "/" in line)
    return next((path for path in paths if path.name.startswith(name)), None)


adapter = CAdapter()
