"""JAX: operation by operator (`jax`), and whole formulas compiled by XLA (`jax-jit`)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from halfulp.backend import Request, Settings, Unavailable
from halfulp_backends._arrays import Array, ArrayLibrary, Difference, Operation, imported, words
from halfulp_backends._options import Option, read_options

if TYPE_CHECKING:
    from halfulp.formats import Format

_NUMPY = (
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
    *("erf", "erfc", "erfinv", "ndtr", "log_ndtr", "ndtri", "entr", "logit", "xlog1py"),
    *("gamma", "digamma", "i0", "i1", "i0e", "i1e"),
)
_ACTIVATIONS = ("sigmoid", "softplus", "silu", "mish")

_FUNCTIONS = {
    **{name: f"numpy.{name}" for name in _NUMPY},
    **{ours: f"numpy.{theirs}" for ours, theirs in _RENAMED.items()},
    "rsqrt": "lax.rsqrt",
    **{name: f"scipy.special.{name}" for name in _SPECIAL},
    "lgamma": "scipy.special.gammaln",
    **{f"polygamma{n}": f"scipy.special.polygamma({n}, x)" for n in (1, 2, 3)},
    "zeta": "scipy.special.zeta(x, 1)",
    **{name: f"nn.{name}" for name in _ACTIVATIONS},
    "gelu": "nn.gelu(approximate=False)",
    "gelu_tanh": "nn.gelu(approximate=True)",
}


def _gelu(approximate: bool) -> Difference:
    return lambda jax: lambda x: jax.nn.gelu(x, approximate=approximate)


def _polygamma(order: int) -> Difference:
    return lambda jax: lambda x: jax.scipy.special.polygamma(order, x)


_DIFFERENCES: Mapping[str, Difference] = MappingProxyType(
    {
        # One function with a keyword, two functions of the catalogue.
        "nn.gelu(approximate=False)": _gelu(approximate=False),
        "nn.gelu(approximate=True)": _gelu(approximate=True),
        # The order comes first; it is a Python number, so that the type is that of x.
        **{f"scipy.special.polygamma({n}, x)": _polygamma(n) for n in (1, 2, 3)},
        # Hurwitz's zeta, of which Riemann's is the case q = 1.
        "scipy.special.zeta(x, 1)": lambda jax: lambda x: jax.scipy.special.zeta(x, 1),
    }
)

_X64 = "x64 is on for float64 and off for the other formats."
_FUSED = (
    "Compiled by XLA as a whole, which fuses a * b + c and may keep intermediate results of "
    "16-bit formulas in float32 unless `excess_precision` is false."
)


@dataclass(frozen=True)
class JaxAdapter:
    """The adapters `jax` and `jax-jit`. JAX has no Bessel functions j0, j1, y0 and y1."""

    name: str
    note: str
    compiled: bool = False
    requires: tuple[str, ...] = ("jax",)
    formats: tuple[str, ...] = ("float16", "bfloat16", "float32", "float64")
    functions: Mapping[str, str] = field(default_factory=lambda: dict(_FUNCTIONS))

    def load(self, settings: Settings) -> JaxLibrary:
        """Import JAX for one platform."""
        defaults: dict[str, Option] = {"platform": "cpu"}
        if self.compiled:
            defaults["excess_precision"] = True
        options = read_options(self, settings, defaults)
        excess = bool(options.get("excess_precision", True))
        platform = str(options["platform"])
        jax = _imported(platform, excess_precision=excess)
        library = CompiledJaxLibrary if self.compiled else JaxLibrary
        return library(self, jax, platform, excess_precision=excess)


def _imported(platform: str, *, excess_precision: bool) -> Any:
    """Import JAX with XLA's flags, which are read once."""
    flags = [os.environ.get("XLA_FLAGS", "")]
    if os.environ.get("OMP_NUM_THREADS", "1") == "1":
        flags.append("--xla_cpu_multi_thread_eigen=false")
    if not excess_precision:
        flags.append("--xla_allow_excess_precision=false")
    os.environ["XLA_FLAGS"] = " ".join(filter(None, flags))
    jax = imported("jax", "JAX")
    imported("jax.scipy.special", "JAX")
    # Calls that return before they are done are spread over threads, by themselves.
    jax.config.update("jax_cpu_enable_async_dispatch", False)
    jax.config.update("jax_platforms", {"gpu": "cuda"}.get(platform, platform))
    return jax


class JaxLibrary(ArrayLibrary):
    """JAX on a platform, loaded."""

    title = "JAX"
    shown = "jax.{}"
    has_strides = False
    # XLA compiles loops for each number of elements, and what is left beside its vectors takes
    # scalar code: exp of three float32 numbers differs from exp of a thousand.
    together = 64
    operators: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "+": "numpy.add",
            "-": "numpy.subtract",
            "*": "numpy.multiply",
            "/": "numpy.divide",
            "**": "numpy.power",
            "negate": "numpy.negative",
        }
    )
    differences = _DIFFERENCES

    def __init__(
        self, adapter: JaxAdapter, jax: Any, platform: str, *, excess_precision: bool
    ) -> None:
        super().__init__(adapter, jax)
        self._np = imported("numpy", "NumPy")
        self._ml_dtypes = imported("ml_dtypes", "ml_dtypes")
        self._excess_precision = excess_precision
        try:
            self._device = jax.devices()[0]
        except RuntimeError as error:
            raise Unavailable(f"JAX has no platform {platform}: {words(error)}") from error

    @property
    def versions(self) -> dict[str, str]:
        """JAX, and XLA with it."""
        jaxlib = imported("jaxlib", "JAX")
        return {"jax": str(self.module.__version__), "jaxlib": str(jaxlib.__version__)}

    @property
    def facts(self) -> dict[str, str]:
        """The device, and the flags that XLA got."""
        return {
            "device": f"{self._device.platform}: {self._device.device_kind}",
            "xla_flags": os.environ["XLA_FLAGS"],
        }

    def dtype(self, fmt: Format) -> Any:
        """Return NumPy's type of a format's numbers, which JAX shares."""
        if fmt.name == "bfloat16":
            return self._np.dtype(self._ml_dtypes.bfloat16)
        return self._np.dtype(fmt.name)

    def within(self, fmt: Format) -> AbstractContextManager[Any]:
        """Have x64 on for float64 alone: it changes the types of other things as well."""
        context: AbstractContextManager[Any] = self.module.enable_x64(fmt.name == "float64")
        return context

    def place(self, view: memoryview, fmt: Format) -> Array:
        """Return an array on the device, with a copy of the numbers."""
        numbers = self._np.frombuffer(view, self.dtype(fmt))
        return self.module.numpy.array(numbers, copy=True)

    def synchronise(self, result: Array) -> None:
        """Wait for the device."""
        result.block_until_ready()

    def fetch(self, result: Array, output: memoryview, fmt: Format) -> None:
        """Copy the result to the output."""
        there = self._np.frombuffer(output, self.dtype(fmt))
        self._np.copyto(there, self._np.asarray(result), casting="no")


class CompiledJaxLibrary(JaxLibrary):
    """JAX with every routine compiled as a whole, loaded."""

    title = "jax.jit"

    @property
    def facts(self) -> dict[str, str]:
        """What plain JAX says, and where XLA may leave the format; the processor decides."""
        excess = "float16 bfloat16" if self._excess_precision else ""
        contraction = " ".join(self.adapter.formats)
        return {**super().facts, "excess_precision": excess, "contraction": contraction}

    def is_eager(self, request: Request) -> bool:  # noqa: ARG002 - everything is compiled
        """Tell that nothing is."""
        return False

    def finished(self, operation: Operation) -> Operation:
        """Return the operation compiled; each number of elements is compiled for itself."""
        compiled: Operation = self.module.jit(operation)
        return compiled


adapter = JaxAdapter("jax", _X64)
compiled = JaxAdapter("jax-jit", f"{_FUSED} {_X64}", compiled=True)
