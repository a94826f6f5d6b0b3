"""PyTorch: eager on the processor, CUDA and Metal, and compiled by TorchInductor.

One table of names serves all four adapters. Formulas are tensors' operators, one after the other;
compiled, they are what the compiler makes of them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import FunctionType, MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from halfulp.backend import DeviceTimer, Request, Settings, Unavailable
from halfulp_backends._arrays import Array, ArrayLibrary, Difference, Operation, imported, words
from halfulp_backends._inductor import configure
from halfulp_backends._options import read_options

if TYPE_CHECKING:
    from halfulp.formats import Format

_SAME = (
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "rsqrt", "pow", "hypot"),
    *("sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinc"),
    *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh"),
    *("erf", "erfc", "erfinv", "logit", "logaddexp", "sigmoid", "lgamma", "digamma", "i0"),
)
_SPECIAL = ("ndtr", "log_ndtr", "ndtri", "entr", "xlog1py", "i1", "i0e", "i1e")
_FUNCTIONAL = ("softplus", "silu", "gelu", "mish")

_FUNCTIONS = {
    **{name: name for name in _SAME},
    **{name: f"special.{name}" for name in _SPECIAL},
    **{name: f"nn.functional.{name}" for name in _FUNCTIONAL},
    "gelu_tanh": "nn.functional.gelu(approximate='tanh')",
    **{f"polygamma{n}": f"polygamma({n}, x)" for n in (1, 2, 3)},
    "zeta": "special.zeta(x, 1)",
    **{name: f"special.bessel_{name}" for name in ("j0", "j1", "y0", "y1")},
}


def _polygamma(order: int) -> Difference:
    return lambda torch: lambda x, out=None: torch.polygamma(order, x, out=out)


_DIFFERENCES: Mapping[str, Difference] = MappingProxyType(
    {
        # One function with a keyword, two functions of the catalogue.
        "nn.functional.gelu(approximate='tanh')": lambda torch: (
            lambda x: torch.nn.functional.gelu(x, approximate="tanh")
        ),
        # The order comes first, and is no tensor.
        **{f"polygamma({n}, x)": _polygamma(n) for n in (1, 2, 3)},
        # Hurwitz's zeta, of which Riemann's is the case q = 1.
        "special.zeta(x, 1)": lambda torch: (
            lambda x, out=None: torch.special.zeta(x, torch.ones_like(x[:1]), out=out)
        ),
    }
)

_PRECISION = (
    "Compiled by TorchInductor, which keeps intermediate results of 16-bit formulas in float32 "
    "unless `excess_precision` is false."
)


@dataclass(frozen=True)
class TorchAdapter:
    """The adapters `torch`, `torch-cuda` and `torch-mps`.

    torch.gamma, cbrt and exp10 do not exist.
    """

    name: str
    device: str
    note: str = ""
    requires: tuple[str, ...] = ("torch",)
    formats: tuple[str, ...] = ("float16", "bfloat16", "float32", "float64")
    functions: Mapping[str, str] = field(default_factory=lambda: dict(_FUNCTIONS))

    def load(self, settings: Settings) -> TorchLibrary:
        """Import PyTorch and look for the device."""
        if self.device == "cpu":
            from halfulp_backends._torch_calls import library_named

            options = read_options(self, settings, {"call": "out"})
            return library_named(str(options["call"]))(self, _imported(), "cpu")
        options = read_options(self, settings, {"device": self.device})
        return TorchLibrary(self, _imported(), str(options["device"]))


@dataclass(frozen=True)
class CompiledTorchAdapter(TorchAdapter):
    """The adapter `torch-compile`."""

    def load(self, settings: Settings) -> CompiledTorchLibrary:
        """Import PyTorch and configure its compiler."""
        options = read_options(self, settings, {"excess_precision": True})
        excess = bool(options["excess_precision"])
        configure(excess_precision=excess, threads=_threads())
        return CompiledTorchLibrary(self, _imported(), excess_precision=excess)


def _threads() -> int:
    """Return how many threads a subject may use, as its environment says."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    return int(told) if told.isdecimal() else 1


def _imported() -> Any:
    torch = imported("torch", "PyTorch")
    torch.set_num_threads(_threads())
    return torch


class TorchLibrary(ArrayLibrary):
    """PyTorch on a device, loaded."""

    title = "PyTorch"
    shown = "torch.{}"
    operators: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"+": "add", "-": "sub", "*": "mul", "/": "div", "**": "pow", "negate": "neg"}
    )
    differences = _DIFFERENCES
    # The last elements of a tensor, fewer than a vector holds, take scalar code that rounds
    # differently for sigmoid, sinh, exp2, rsqrt and i0e: 64 holds the longest vector.
    together = 64

    def __init__(self, adapter: TorchAdapter, torch: Any, device: str) -> None:
        super().__init__(adapter, torch)
        self._on_host = device == "cpu"
        try:
            self._device = torch.device(device)
            torch.empty(1, device=self._device)
        except (RuntimeError, AssertionError) as error:
            raise Unavailable(f"PyTorch has no device {device}: {words(error)}") from error

    @property
    def versions(self) -> dict[str, str]:
        """PyTorch, and what it computes with on a device."""
        known = {"torch": str(self.module.__version__)}
        if self._device.type == "cuda":
            known["cuda"] = str(self.module.version.cuda or self.module.version.hip)
        return known

    @property
    def facts(self) -> dict[str, str]:
        """The device, or the instructions that were chosen and the number of threads."""
        torch = self.module
        if self._device.type == "cuda":
            return {"device": str(torch.cuda.get_device_name(self._device))}
        if not self._on_host:
            return {"device": str(self._device)}
        return {
            "cpu_capability": str(torch.backends.cpu.get_cpu_capability()),
            "torch_threads": str(torch.get_num_threads()),
        }

    def dtype(self, fmt: Format) -> Any:
        """Return torch's type of a format's numbers."""
        return getattr(self.module, fmt.name)

    def place(self, view: memoryview, fmt: Format) -> Array:
        """Return a tensor over the view's own memory, moved to the device if there is one."""
        writable = memoryview(bytearray(view)) if view.readonly else view
        return self.module.frombuffer(writable, dtype=self.dtype(fmt)).to(self._device)

    def room(self, output: memoryview, fmt: Format) -> Array:
        """Return the output itself as a tensor, or a tensor on the device."""
        torch = self.module
        if self._on_host:
            return torch.frombuffer(output, dtype=self.dtype(fmt))
        return torch.empty(len(output), dtype=self.dtype(fmt), device=self._device)

    def takes_out(self, name: str) -> bool:
        """All of torch and torch.special has `out=`, nothing of torch.nn.functional."""
        return not name.startswith("nn.functional.")

    def synchronise(self, result: Array) -> None:  # noqa: ARG002 - for all that was asked
        """Wait for the device."""
        if self._device.type == "cuda":
            self.module.cuda.synchronize(self._device)
        elif self._device.type == "mps":
            self.module.mps.synchronize()

    def fetch(self, result: Array, output: memoryview, fmt: Format) -> None:
        """Copy the result to the output, unless it was written there."""
        torch = self.module
        there = torch.frombuffer(output, dtype=self.dtype(fmt))
        if result.data_ptr() != there.data_ptr():
            there.copy_(result)

    def device_timer(self) -> DeviceTimer | None:
        """Return a pair of events in the queue of a CUDA device."""
        return _Events(self.module) if self._device.type == "cuda" else None


class _Events:
    """A CUDA device's own clock; keeps `halfulp.backend.DeviceTimer`."""

    def __init__(self, torch: Any) -> None:
        self._begin, self._end = (torch.cuda.Event(enable_timing=True) for _ in range(2))

    def start(self) -> None:
        """Mark the beginning in the queue."""
        self._begin.record()

    def stop(self) -> int:
        """Mark the end, wait for it, and return the nanoseconds since the beginning."""
        self._end.record()
        self._end.synchronize()
        milliseconds: float = self._begin.elapsed_time(self._end)
        return round(milliseconds * 1e6)


class CompiledTorchLibrary(TorchLibrary):
    """PyTorch with every routine compiled, loaded."""

    title = "torch.compile"

    def __init__(self, adapter: TorchAdapter, torch: Any, *, excess_precision: bool) -> None:
        super().__init__(adapter, torch, "cpu")
        self._excess_precision = excess_precision

    @property
    def facts(self) -> dict[str, str]:
        """What plain PyTorch says, and where formulas leave their format."""
        excess = "float16 bfloat16" if self._excess_precision else ""
        return {**super().facts, "excess_precision": excess, "dynamic_shapes": "True"}

    def takes_out(self, name: str) -> bool:  # noqa: ARG002 - none: compiled code makes its output
        """Tell that compiled code makes its own output."""
        return False

    def is_eager(self, request: Request) -> bool:  # noqa: ARG002 - everything is compiled
        """Tell that nothing is."""
        return False

    def finished(self, operation: Operation) -> Operation:
        """Return the operation compiled as one graph, for any number of elements."""

        def graph(*arrays: Array) -> Array:
            return operation(*arrays)

        # Dynamo allows a code object a few compilations, and closures made here share theirs.
        own = FunctionType(
            graph.__code__.replace(), graph.__globals__, graph.__name__, None, graph.__closure__
        )
        compiled: Operation = self.module.compile(own, dynamic=True, fullgraph=True)
        return compiled


adapter = TorchAdapter("torch", "cpu")
compiled = CompiledTorchAdapter("torch-compile", "cpu", _PRECISION)
cuda = TorchAdapter("torch-cuda", "cuda")
mps = TorchAdapter("torch-mps", "mps")
