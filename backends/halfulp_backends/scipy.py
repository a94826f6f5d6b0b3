"""SciPy: the functions of scipy.special; what they lack of a formula comes from NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import MappingProxyType, SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

from halfulp.backend import Settings
from halfulp_backends import numpy as numpy_backend
from halfulp_backends._arrays import Array, ArrayLibrary, Difference, imported
from halfulp_backends._formulas import refuse_settings

if TYPE_CHECKING:
    from halfulp.formats import Format

_SPECIAL = (
    *("exp2", "exp10", "expm1", "log1p", "cbrt", "sinc", "softplus"),
    *("erf", "erfc", "erfinv", "ndtr", "log_ndtr", "ndtri", "entr", "logit", "xlog1py"),
    *("gamma", "digamma", "zeta", "i0", "i1", "i0e", "i1e", "j0", "j1", "y0", "y1"),
)

_FUNCTIONS = {
    **{name: f"scipy.special.{name}" for name in _SPECIAL},
    "sigmoid": "scipy.special.expit",
    "lgamma": "scipy.special.gammaln",
    **{f"polygamma{n}": f"scipy.special.polygamma({n}, x)" for n in (1, 2, 3)},
}


def _polygamma(order: int) -> Difference:
    return lambda libraries: lambda x: libraries.scipy.special.polygamma(order, x)


@dataclass(frozen=True)
class SciPyAdapter:
    """The adapter `scipy`."""

    name: str = "scipy"
    requires: tuple[str, ...] = ("scipy", "numpy")
    formats: tuple[str, ...] = ("float32", "float64")
    functions: Mapping[str, str] = field(default_factory=lambda: dict(_FUNCTIONS))
    note: str = "In formulas, operators and what scipy.special lacks are NumPy's."

    def load(self, settings: Settings) -> SciPyLibrary:
        """Import SciPy and NumPy."""
        refuse_settings(self, settings)
        imported("scipy.special", "SciPy")
        return SciPyLibrary(self, imported("scipy", "SciPy"), imported("numpy", "NumPy"))


class SciPyLibrary(ArrayLibrary):
    """SciPy and NumPy, loaded."""

    title = "SciPy"
    operators: ClassVar[Mapping[str, str]] = MappingProxyType(
        {symbol: f"numpy.{name}" for symbol, name in numpy_backend.OPERATORS.items()}
    )
    borrowed: ClassVar[Mapping[str, str]] = MappingProxyType(
        {ours: f"numpy.{theirs}" for ours, theirs in numpy_backend.adapter.functions.items()}
    )
    # The order comes first.
    differences: ClassVar[Mapping[str, Difference]] = MappingProxyType(
        {f"scipy.special.polygamma({n}, x)": _polygamma(n) for n in (1, 2, 3)}
    )

    def __init__(self, adapter: SciPyAdapter, scipy: Any, numpy: Any) -> None:
        super().__init__(adapter, SimpleNamespace(scipy=scipy, numpy=numpy))
        self._np = numpy

    @property
    def versions(self) -> dict[str, str]:
        """SciPy, and NumPy, whose loops call it."""
        return {
            "scipy": str(self.module.scipy.__version__),
            "numpy": str(self._np.__version__),
        }

    def dtype(self, fmt: Format) -> Any:
        """Return NumPy's type of a format's numbers."""
        return self._np.dtype(fmt.name)

    def within(self, fmt: Format) -> AbstractContextManager[Any]:  # noqa: ARG002 - the same in all
        """Take nan and infinity for results, not for accidents."""
        context: AbstractContextManager[Any] = self._np.errstate(all="ignore")
        return context

    def place(self, view: memoryview, fmt: Format) -> Array:
        """Return an array over the view's own memory."""
        return self._np.frombuffer(view, self.dtype(fmt))

    def room(self, output: memoryview, fmt: Format) -> Array:
        """Return the output itself as an array."""
        return self._np.frombuffer(output, self.dtype(fmt))

    def takes_out(self, name: str) -> bool:
        """All but two have `out=`; those are no ufuncs, nor made of one."""
        return name != "scipy.special.sinc" and name not in self.differences

    def fetch(self, result: Array, output: memoryview, fmt: Format) -> None:
        """Copy the result to the output, unless it was written there."""
        there = self._np.frombuffer(output, self.dtype(fmt))
        if not self._np.shares_memory(result, there):
            self._np.copyto(there, result, casting="no")


adapter = SciPyAdapter()
