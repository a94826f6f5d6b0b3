"""CuPy: its ufuncs, cupyx.scipy.special, and formulas fused into one kernel."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType, SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

from halfulp.backend import DeviceTimer, Request, Settings, Unavailable
from halfulp_backends._arrays import Array, ArrayLibrary, Compute, Difference, imported, words
from halfulp_backends._cuda import kernel_source
from halfulp_backends._options import read_options

if TYPE_CHECKING:
    from halfulp.formats import Format

_UFUNCS = (
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "hypot"),
    *("sin", "cos", "tan", "sinc", "sinh", "cosh", "tanh", "logaddexp"),
)
_RENAMED = {
    "pow": "power",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "atan2": "arctan2",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
}
_SPECIAL = (
    *("exp10", "erf", "erfc", "erfinv", "ndtr", "log_ndtr", "ndtri", "entr", "logit", "xlog1py"),
    *("gamma", "digamma", "i0", "i1", "i0e", "i1e", "j0", "j1", "y0", "y1"),
)

_FUNCTIONS = {
    **{name: f"cupy.{name}" for name in _UFUNCS},
    **{ours: f"cupy.{theirs}" for ours, theirs in _RENAMED.items()},
    "rsqrt": "cupyx.rsqrt",
    **{name: f"cupyx.scipy.special.{name}" for name in _SPECIAL},
    "sigmoid": "cupyx.scipy.special.expit",
    "lgamma": "cupyx.scipy.special.gammaln",
    **{f"polygamma{n}": f"cupyx.scipy.special.polygamma({n}, x)" for n in (1, 2, 3)},
    "zeta": "cupyx.scipy.special.zeta(x, 1)",
}


def _polygamma(order: int) -> Difference:
    return lambda libraries: lambda x: libraries.cupyx.scipy.special.polygamma(order, x)


_DIFFERENCES: Mapping[str, Difference] = MappingProxyType(
    {
        # The order comes first.
        **{f"cupyx.scipy.special.polygamma({n}, x)": _polygamma(n) for n in (1, 2, 3)},
        # Hurwitz's zeta, of which Riemann's is the case q = 1.
        "cupyx.scipy.special.zeta(x, 1)": lambda libraries: (
            lambda x, out=None: libraries.cupyx.scipy.special.zeta(
                x, libraries.cupy.ones(1, x.dtype), out
            )
        ),
    }
)


@dataclass(frozen=True)
class CuPyAdapter:
    """The adapter `cupy`."""

    name: str = "cupy"
    requires: tuple[str, ...] = ("cupy",)
    formats: tuple[str, ...] = ("float16", "float32", "float64")
    functions: Mapping[str, str] = field(default_factory=lambda: dict(_FUNCTIONS))
    note: str = (
        "Formulas are one kernel with the functions of CUDA; a * b + c is fused only where "
        "`contract` says so."
    )

    def load(self, settings: Settings) -> CuPyLibrary:
        """Import CuPy and look for the device."""
        options = read_options(self, settings, {"device": 0, "contract": False})
        os.environ["CUPY_CACHE_IN_MEMORY"] = "1"  # a subject leaves nothing behind
        cupy = imported("cupy", "CuPy")
        number = int(options["device"])
        try:
            cupy.cuda.Device(number).use()
            cupy.empty(1)
        except RuntimeError as error:
            raise Unavailable(f"CuPy has no device {number}: {words(error)}") from error
        return CuPyLibrary(self, cupy, contract=bool(options["contract"]))


class CuPyLibrary(ArrayLibrary):
    """CuPy on a device, loaded."""

    title = "CuPy"
    operators: ClassVar[Mapping[str, str]] = MappingProxyType({})  # formulas are kernels
    differences = _DIFFERENCES

    def __init__(self, adapter: CuPyAdapter, cupy: Any, *, contract: bool) -> None:
        super().__init__(adapter, namespace(cupy))
        self._cupy = cupy
        self._np = imported("numpy", "NumPy")
        self._contract = contract
        self.refusals = (*self.refusals, cupy.cuda.compiler.CompileException)

    @property
    def versions(self) -> dict[str, str]:
        """CuPy, the CUDA that it calls, and the driver below."""
        runtime = self._cupy.cuda.runtime
        return {
            "cupy": str(self._cupy.__version__),
            "cuda": str(runtime.runtimeGetVersion()),
            "driver": str(runtime.driverGetVersion()),
        }

    @property
    def facts(self) -> dict[str, str]:
        """The device, and whether kernels of formulas are contracted."""
        device = self._cupy.cuda.runtime.getDeviceProperties(self._cupy.cuda.Device().id)
        return {
            "device": device["name"].decode(),
            "contraction": " ".join(self.adapter.formats) if self._contract else "",
        }

    def dtype(self, fmt: Format) -> Any:
        """Return NumPy's type of a format's numbers, which CuPy shares."""
        return self._np.dtype(fmt.name)

    def place(self, view: memoryview, fmt: Format) -> Array:
        """Return an array on the device."""
        return self._cupy.asarray(self._np.frombuffer(view, self.dtype(fmt)))

    def room(self, output: memoryview, fmt: Format) -> Array:
        """Return an array on the device."""
        return self._cupy.empty(len(output), self.dtype(fmt))

    def takes_out(self, name: str) -> bool:
        """All but polygamma, which is no ufunc."""
        return "polygamma" not in name

    def synchronise(self, result: Array) -> None:  # noqa: ARG002 - for all that was asked
        """Wait for the device."""
        self._cupy.cuda.Device().synchronize()

    def is_eager(self, request: Request) -> bool:
        """Tell that formulas are kernels."""
        return request.formula is None

    def device_timer(self) -> DeviceTimer:
        """Return a pair of events in the queue of the device."""
        return _Events(self._cupy.cuda)

    def fetch(self, result: Array, output: memoryview, fmt: Format) -> None:
        """Copy the result to the output."""
        result.get(out=self._np.frombuffer(output, self.dtype(fmt)))

    def formula(self, request: Request) -> Compute:
        """Return a request's formula as one kernel."""
        source = kernel_source(request)
        fmt = request.format.name
        kernel = self._cupy.ElementwiseKernel(
            ", ".join(f"{fmt} {name}" for name in request.arguments),
            f"{fmt} out",
            source.body,
            "halfulp_formula",
            preamble=source.preamble,
            options=() if self._contract else ("--fmad=false",),
        )

        def compute(arrays: Sequence[Array], room: Array) -> Array:
            return kernel(*arrays, room)

        return compute


class _Events:
    """The device's own clock; keeps `halfulp.backend.DeviceTimer`."""

    def __init__(self, cuda: Any) -> None:
        self._cuda = cuda
        self._begin, self._end = cuda.Event(), cuda.Event()

    def start(self) -> None:
        """Mark the beginning in the queue."""
        self._begin.record()

    def stop(self) -> int:
        """Mark the end, wait for it, and return the nanoseconds since the beginning."""
        self._end.record()
        self._end.synchronize()
        milliseconds: float = self._cuda.get_elapsed_time(self._begin, self._end)
        return round(milliseconds * 1e6)


def namespace(cupy: Any) -> SimpleNamespace:
    """Return the modules in which the names of the table are looked up."""
    imported("cupyx.scipy.special", "CuPy")
    return SimpleNamespace(cupy=cupy, cupyx=imported("cupyx", "CuPy"))


adapter = CuPyAdapter()
